//! What the API server will say about a ConfigMap or a Secret: its keys and its size.

use super::Reader;
use super::source::{Entry, Source};
use crate::finding::value;
use crate::finding::{Code, Finding, Severity};
use crate::k8s::id::Identity;
use crate::k8s::limits::{MAX_ANNOTATIONS, MAX_CONTENT, key_flaw};
use crate::k8s::providers::Provider;
use crate::text::{Place, Span};
use crate::yaml::NodeId;
use crate::yaml::resolve::{self, Value};
use std::borrow::Cow;

/// Adds a hint for everything that an apply would run into.
pub(super) fn check(
    reader: &mut Reader<'_>,
    node: NodeId,
    row: &Provider,
    id: &Identity,
    source: &Source,
) {
    // SealedSecret etc.: the limits hold for the Secret that a controller makes, which is not here.
    if !row.group.is_empty() {
        return;
    }
    fields_twice(reader, node, row, id);
    keys(reader, row, id, source);
    size(reader, node, row, id, source);
    let immutable = reader
        .document
        .value(reader.text, node, "immutable")
        .filter(|&at| resolve::value(reader.document, reader.text, at) == Ok(Value::Bool(true)));
    if let Some(at) = immutable
        && !source.content_named
    {
        let at = reader.document.node(at).span;
        let message = format!("{id} is immutable: an apply that changes its content is refused");
        let help = "give each content a name of its own, as kustomize's generators do";
        hint(reader, row, id, Code::ImmutableSource, message, at, help);
    }
}

fn hint(
    reader: &mut Reader<'_>,
    row: &Provider,
    id: &Identity,
    code: Code,
    message: String,
    span: Span,
    help: &str,
) {
    let place = Place { file: reader.file, span };
    let finding = Finding::new(code, message).about(id.to_string()).help(help);
    let finding = match row.kind {
        "Secret" => finding.at(place),
        _ => finding.quoting(place),
    };
    reader.facts.hints.push(finding);
}

/// A field of the object itself that stands twice: `kubectl` takes the last without a word.
fn fields_twice(reader: &mut Reader<'_>, node: NodeId, row: &Provider, id: &Identity) {
    let document = reader.document;
    let mut seen: Vec<(Cow<'_, str>, NodeId)> = Vec::new();
    for (key, _) in document.pairs(node) {
        let Ok(name) = resolve::key(document, reader.text, key) else {
            continue;
        };
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == name) {
            let message = format!("the field `{name}` of {id} stands twice; the last one counts");
            let finding = Finding::new(Code::DuplicateKey, message)
                .about(id.to_string())
                .related(reader.place(*first), "the first one")
                .help("remove one of the two");
            let mut finding = reader.locate(finding, key, row.kind);
            finding.severity = Severity::Warning;
            reader.facts.hints.push(finding);
        }
        seen.push((name, key));
    }
}

fn keys(reader: &mut Reader<'_>, row: &Provider, id: &Identity, source: &Source) {
    for entry in &source.entries {
        // What somebody fills in before the apply is not the key that the API server sees.
        if entry.key.contains('$') {
            continue;
        }
        if let Some(flaw) = key_flaw(&entry.key) {
            let (key, flaw) = (entry.key.escape_debug(), value::key_flaw(flaw));
            let message = format!("the key `{key}` of {id} is {flaw}");
            let help = "the API server refuses it: use letters, digits, `-`, `_` and `.`";
            hint(reader, row, id, Code::InvalidKey, message, entry.at.0, help);
        }
    }
    for pair in source.entries.windows(2) {
        if let [one, two] = pair
            && one.key == two.key
            && one.env != two.env
        {
            let message =
                format!("the key `{}` of {id} stands in `data` and in `binaryData`", one.key);
            let help = "the API server refuses it: keep one of the two";
            hint(reader, row, id, Code::ClashingKey, message, two.at.0, help);
        }
    }
}

fn size(reader: &mut Reader<'_>, node: NodeId, row: &Provider, id: &Identity, source: &Source) {
    let bytes: usize = source.entries.iter().map(|entry: &Entry| entry.size as usize).sum();
    // In base64 three bytes are four; no object with less than this can be too large.
    if bytes <= MAX_ANNOTATIONS / 2 || reader.is_sops(node) {
        return;
    }
    let at = reader.at(node, "metadata/name").unwrap_or(node);
    let at = reader.document.node(at).span;
    if bytes > MAX_CONTENT {
        let message =
            format!("the values of {id} have {bytes} bytes; the API server takes {MAX_CONTENT}");
        let help = "split it, or put the content into an image or a volume";
        hint(reader, row, id, Code::TooLarge, message, at, help);
        return;
    }
    let written = written(reader, node, row);
    if written > MAX_ANNOTATIONS {
        let message = format!(
            "{id} takes more than {written} bytes as JSON, which client-side apply copies into an annotation; the API server takes {MAX_ANNOTATIONS}"
        );
        let help = "use `kubectl apply --server-side`, or split it";
        hint(reader, row, id, Code::TooLargeToApply, message, at, help);
    }
}

/// The least that keys and values take in JSON: other bytes of the object come on top.
fn written(reader: &Reader<'_>, node: NodeId, row: &Provider) -> usize {
    let mut total = 0;
    for content in row.contents {
        let Some(field) = reader.at(node, content.path) else {
            continue;
        };
        for (key, value) in reader.document.pairs(field) {
            for part in [key, reader.document.target(value)] {
                if let Ok(Value::Str(text)) = resolve::value(reader.document, reader.text, part) {
                    let is_escaped = |b: &u8| matches!(b, b'\n' | b'\t' | b'\r' | b'"' | b'\\');
                    total += text.len() + 2;
                    total += text.as_bytes().iter().filter(|&b| is_escaped(b)).count();
                }
            }
            total += 2;
        }
    }
    total
}
