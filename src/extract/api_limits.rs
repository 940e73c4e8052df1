//! Checks a ConfigMap or a Secret against the rules of the API server for keys and sizes.

use super::source::{Entry, Provided, Source};
use super::{Reader, is_sops};
use crate::finding::value;
use crate::finding::{Code, Severity};
use crate::k8s::limits::{MAX_ANNOTATIONS, MAX_CONTENT, key_flaw};
use crate::text::Span;
use crate::yaml::Cursor;
use std::borrow::Cow;

/// Adds a hint for each problem of an apply.
pub(super) fn check(reader: &mut Reader<'_>, object: Provided<'_, '_>, source: &Source) {
    // SealedSecret and similar kinds: the limits apply to the Secret that a controller creates,
    // which is not in the input.
    if !object.row.group.is_empty() {
        return;
    }
    fields_twice(reader, object);
    keys(reader, object, source);
    size(reader, object, source);
    let immutable = object.node.get("immutable").filter(|at| at.is_true());
    if let Some(at) = immutable
        && !source.content_named
    {
        let id = object.id;
        let message = format!("{id} is immutable: an apply that changes its content is refused");
        let help = "give each content a name of its own, as kustomize's generators do";
        hint(reader, object, at.span(), Code::ImmutableSource, message, help);
    }
}

fn hint(
    reader: &mut Reader<'_>,
    object: Provided<'_, '_>,
    span: Span,
    code: Code,
    message: String,
    help: &str,
) {
    let finding = object.finding(reader, code, span, message);
    reader.facts.hints.push(finding.help(help));
}

/// Reports a field of the object itself that occurs twice: `kubectl` uses the last one without a
/// message.
fn fields_twice(reader: &mut Reader<'_>, object: Provided<'_, '_>) {
    let id = object.id;
    let mut seen: Vec<(Cow<'_, str>, Cursor<'_>)> = Vec::new();
    for (key, _) in object.node.pairs() {
        let Ok(name) = key.key() else {
            continue;
        };
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == name) {
            let message = format!("the field `{name}` of {id} occurs twice; the last one counts");
            let finding = object.finding(reader, Code::DuplicateKey, key.span(), message);
            let finding = finding.related(reader.place(*first), "the first one");
            let mut finding = finding.help("remove one of the two");
            finding.severity = Severity::Warning;
            reader.facts.hints.push(finding);
        }
        seen.push((name, key));
    }
}

fn keys(reader: &mut Reader<'_>, object: Provided<'_, '_>, source: &Source) {
    let id = object.id;
    for entry in &source.entries {
        // A key with a placeholder is not the key that the API server gets.
        if entry.key.contains('$') {
            continue;
        }
        if let Some(flaw) = key_flaw(&entry.key) {
            let (key, flaw) = (entry.key.escape_debug(), value::key_flaw(flaw));
            let message = format!("the key `{key}` of {id} is {flaw}");
            let help = "the API server refuses it: use letters, digits, `-`, `_` and `.`";
            hint(reader, object, entry.at, Code::InvalidKey, message, help);
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
            hint(reader, object, two.at, Code::ClashingKey, message, help);
        }
    }
}

fn size(reader: &mut Reader<'_>, object: Provided<'_, '_>, source: &Source) {
    let id = object.id;
    let bytes: usize = source.entries.iter().map(|entry: &Entry| entry.size as usize).sum();
    // In base64, three bytes become four, so a smaller object cannot be too large.
    if bytes <= MAX_ANNOTATIONS / 2 || is_sops(object.node) {
        return;
    }
    let at = object.node.at(["metadata", "name"]).unwrap_or(object.node).span();
    if bytes > MAX_CONTENT {
        let message =
            format!("the values of {id} have {bytes} bytes; the API server takes {MAX_CONTENT}");
        let help = "split it, or put the content into an image or a volume";
        hint(reader, object, at, Code::TooLarge, message, help);
        return;
    }
    let written = written(object);
    if written > MAX_ANNOTATIONS {
        let message = format!(
            "{id} takes more than {written} bytes as JSON, which client-side apply copies into an annotation; the API server takes {MAX_ANNOTATIONS}"
        );
        let help = "use `kubectl apply --server-side`, or split it";
        hint(reader, object, at, Code::TooLargeToApply, message, help);
    }
}

/// The minimum size of keys and values in JSON, in bytes, without the other parts of the object.
fn written(object: Provided<'_, '_>) -> usize {
    let is_escaped = |b: &u8| matches!(b, b'\n' | b'\t' | b'\r' | b'"' | b'\\');
    let fields = object.row.contents.iter().filter_map(|content| content.path.end(object.node));
    let pairs = fields.flat_map(Cursor::pairs);
    pairs
        .map(|(key, value)| {
            let texts = [key, value].into_iter().filter_map(Cursor::str);
            let lengths = texts.map(|text| {
                text.len() + 2 + text.as_bytes().iter().filter(|b| is_escaped(b)).count()
            });
            lengths.sum::<usize>() + 2
        })
        .sum()
}
