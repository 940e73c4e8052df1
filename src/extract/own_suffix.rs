//! What a name after its content takes: the suffix, the name without one, and where that is marked.

use super::hash_suffix::{Reading, kustomize_suffix};
use super::{BASE_NAME, MODE, NEEDS_HASH_SUFFIX, Reader};
use crate::config::options::{Mode, SuffixHash};
use crate::digest::name_hash::{self, Stored, is_suffixed};
use crate::finding::naming::NoSuffix;
use crate::finding::{Code, Finding};
use crate::k8s::id::Identity;
use crate::k8s::kinds::WorkloadKind;
use crate::k8s::providers::{Provider, Target};
use crate::k8s::recreated::{RECREATED, Says};
use crate::text::Span;
use crate::yaml::insert::{self, Refusal, Slot};
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Edit, Kind, NodeId, Style};
use base64::Engine as _;

/// What a name after its content takes.
pub struct Naming {
    /// What the marker says is the name without a suffix; nothing without a marker.
    pub base: Option<String>,
    /// What the object asks for itself.
    pub mode: Option<Mode>,
    /// The suffix of its content, or why it has none.
    pub suffix: Result<String, NoSuffix>,
    /// Whether the name ends in that suffix already, and somebody else wrote it.
    pub is_suffixed: bool,
    /// The place of the marker: ours, and in a kustomize build that of kustomize.
    pub marker: Result<Slot, Refusal>,
    /// The field `immutable`.
    pub frozen: Frozen,
}

/// The field `immutable` of a source. Ours stands before all other fields, where nobody else writes it.
pub enum Frozen {
    /// It is not there; the edit adds it.
    Absent(Edit),
    /// It is ours; the edit takes it out.
    Ours(Edit),
    /// It is somebody else's, or has no place.
    Theirs,
}

/// Whether the references of an object can follow a source that gets another name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Follows {
    /// What the object asks for itself.
    pub mode: Option<Mode>,
    /// Whether the apply makes it anew, so that nothing in it is immutable.
    pub recreated: bool,
}

impl Follows {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        node: NodeId,
        workload: Option<&'static WorkloadKind>,
    ) -> Self {
        let metadata = reader.document.value(reader.text, node, "metadata");
        let (Some(_), Some(metadata)) = (workload, metadata) else {
            return Self::default();
        };
        let is = |row: &&crate::k8s::recreated::Recreated| {
            let found = reader.annotation(metadata, row.annotation);
            found.is_some_and(|(value, _)| match row.says {
                Says::Anything => true,
                Says::Contains(part) => value.contains(part),
            })
        };
        let generated = reader.string(metadata, "generateName").is_some();
        let recreated = generated || RECREATED.iter().any(|row| is(&row));
        Self { mode: mode(reader, metadata, None), recreated }
    }
}

/// What an object asks for itself; a word that is no mode is an error.
fn mode(reader: &mut Reader<'_>, metadata: NodeId, row: Option<&Provider>) -> Option<Mode> {
    let (word, at) = reader.annotation(metadata, MODE)?;
    let found = Mode::named(&word);
    if found.is_none() {
        let message = format!("`{MODE}` is neither `annotation` nor `suffix`");
        let kind = row.map_or("", |row| row.kind);
        let finding = reader.locate(Finding::new(Code::UnknownName, message), at, kind);
        reader.facts.findings.push(finding);
    }
    found
}

/// Reads what a name after its content takes, where one is wanted or there already.
pub(super) fn read(
    reader: &mut Reader<'_>,
    node: NodeId,
    ancestors: &[NodeId],
    row: &Provider,
    id: &Identity,
) -> Option<Naming> {
    if !row.group.is_empty() {
        return None;
    }
    let metadata = reader.document.value(reader.text, node, "metadata")?;
    let base = reader.annotation(metadata, BASE_NAME).map(|(base, _)| base);
    let mode = mode(reader, metadata, Some(row));
    let wanted = mode.unwrap_or(reader.options.mode) == Mode::Suffix;
    if !wanted && base.is_none() {
        return None;
    }
    let plain = match &base {
        Some(base) if is_suffixed(&id.name, base) => base.as_str(),
        _ => id.name.as_str(),
    };
    let suffix = suffix_of(reader, node, row, plain);
    let is_suffixed = base.is_none() && name_hash::looks_suffixed(&id.name) && {
        let (plain, letters) = id.name.split_at(id.name.len() - 11);
        let again = suffix_of(reader, node, row, plain);
        again.is_ok_and(|suffix| letters.ends_with(&suffix))
    };
    let is_inside = super::build_notes::read(reader, metadata, &id.kind).is_some_and(|o| o.inside);
    let marker = insert::find(
        reader.document,
        reader.text,
        ancestors,
        node,
        &["metadata", "annotations"],
        if is_inside { NEEDS_HASH_SUFFIX } else { BASE_NAME },
    );
    Some(Naming { base, mode, suffix, is_suffixed, marker, frozen: frozen(reader, node) })
}

fn frozen(reader: &Reader<'_>, node: NodeId) -> Frozen {
    const FIELD: &str = "immutable";
    let (document, text) = (reader.document, reader.text);
    let mut pairs = document.pairs(node);
    let Some((first, value)) = pairs.next() else {
        return Frozen::Theirs;
    };
    let span = |node| document.node(node).span;
    let (start, end) = (span(first).start as usize, span(value).end as usize);
    if document.field(text, node, FIELD).is_some() {
        let Some((next, _)) = pairs.next() else {
            return Frozen::Theirs;
        };
        let is_true = resolve::value(document, text, value) == Ok(Value::Bool(true));
        let next = span(next).start as usize;
        let alone = text[end..next].trim().trim_start_matches(',').is_empty();
        return match document.is_key(text, first, FIELD) && is_true && alone {
            true => Frozen::Ours(Edit { span: Span::new(start, next), replacement: String::new() }),
            false => Frozen::Theirs,
        };
    }
    let quote = if document.json { "\"" } else { "" };
    let gap = match document.node(node).style {
        Style::Flow => match &text[span(node).start as usize + 1..start] {
            "" => ", ".to_owned(),
            gap => format!(",{gap}"),
        },
        _ => {
            let line = crate::text::line_range(text, start);
            let newline = if text[line.end..].starts_with("\r\n") { "\r\n" } else { "\n" };
            format!("{newline}{}", " ".repeat(start - line.start))
        }
    };
    Frozen::Absent(Edit {
        span: Span::new(start, start),
        replacement: format!("{quote}{FIELD}{quote}: true{gap}"),
    })
}

/// The suffix of an object whose name without one is `name`.
fn suffix_of(
    reader: &Reader<'_>,
    node: NodeId,
    row: &Provider,
    name: &str,
) -> Result<String, NoSuffix> {
    if ends_without_newline(reader, node) {
        return Err(NoSuffix::OpenBlock);
    }
    match reader.options.naming.hash {
        SuffixHash::Kustomize => {
            kustomize_suffix(reader, node, row, Reading::Exact).ok_or(NoSuffix::ReadDifferently)
        }
        SuffixHash::Kubectl => stored(reader, node, row, name)
            .map(|stored| name_hash::kubectl(row.provides, &stored))
            .ok_or(NoSuffix::NotStorable),
    }
}

/// A block scalar at the very end of a text that does not end its line: kubectl adds a line end.
fn ends_without_newline(reader: &Reader<'_>, node: NodeId) -> bool {
    if reader.text.ends_with('\n') {
        return false;
    }
    let nodes = &reader.document.tape.nodes;
    let end = reader.document.node(node).jump as usize;
    let last = nodes[..end].last();
    last.is_some_and(|last| {
        matches!(last.style, Style::Literal | Style::Folded)
            && last.span.end as usize == reader.text.len()
    })
}

/// The object as `kubectl` hands it to the API server, `stringData` merged as that one does.
fn stored(reader: &Reader<'_>, node: NodeId, row: &Provider, name: &str) -> Option<Stored> {
    let is_secret = row.provides == Target::Secret;
    let secret_type = match reader.document.value(reader.text, node, "type") {
        Some(at) if is_secret => text(reader, at)?,
        _ => String::new(),
    };
    let immutable = match reader.document.value(reader.text, node, "immutable") {
        None => None,
        Some(at) => match resolve::value(reader.document, reader.text, at) {
            Ok(Value::Bool(value)) => Some(value),
            Ok(Value::Null) => None,
            _ => return None,
        },
    };
    let mut data = entries(reader, node, "data")?;
    let mut binary = Vec::new();
    if is_secret {
        normal(&mut data)?;
        for (key, value) in entries(reader, node, "stringData")? {
            data.retain(|(known, _)| *known != key);
            let value = base64::engine::general_purpose::STANDARD.encode(value);
            data.push((key, value));
        }
    } else {
        binary = entries(reader, node, "binaryData")?;
        normal(&mut binary)?;
    }
    data.sort();
    binary.sort();
    Some(Stored { name: name.to_owned(), data, binary, secret_type, immutable })
}

/// Base64 on one line, as it comes back from the cluster.
fn normal(entries: &mut [(String, String)]) -> Option<()> {
    for (_, value) in entries {
        let bytes = resolve::decode_base64(value.as_bytes())?;
        *value = base64::engine::general_purpose::STANDARD.encode(bytes);
    }
    Some(())
}

fn text(reader: &Reader<'_>, node: NodeId) -> Option<String> {
    match resolve::value(reader.document, reader.text, node) {
        Ok(Value::Str(text)) => Some(text.into_owned()),
        Ok(Value::Null) => Some(String::new()),
        _ => None,
    }
}

/// The entries of a field; a null value is none.
fn entries(reader: &Reader<'_>, node: NodeId, field: &str) -> Option<Vec<(String, String)>> {
    let document = reader.document;
    let Some(field) = document.field(reader.text, node, field) else {
        return Some(Vec::new());
    };
    let mapping = document.target(field.value);
    if resolve::value(document, reader.text, mapping) == Ok(Value::Null) {
        return Some(Vec::new());
    }
    let at = document.node(mapping);
    if at.kind != Kind::Mapping || at.has_merge || field.duplicate.is_some() {
        return None;
    }
    let mut entries: Vec<(String, String)> = Vec::new();
    for (key, value) in document.pairs(mapping) {
        let key = resolve::key(document, reader.text, key).ok()?.into_owned();
        if entries.iter().any(|(known, _)| *known == key) {
            return None;
        }
        match resolve::value(document, reader.text, value) {
            Ok(Value::Str(value)) => entries.push((key, value.into_owned())),
            Ok(Value::Null) => {}
            _ => return None,
        }
    }
    Some(entries)
}
