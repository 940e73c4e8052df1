//! The suffix that kustomize gives a source for its content, and sources that already carry it, so that
//! their name rolls the pods.

use super::Reader;
use crate::digest::name_hash;
use crate::k8s::id::Identity;
use crate::k8s::providers::{Provider, Target};
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Kind, NodeId, Style};

/// Whether the name ends in `-` and the hash that kustomize gives this very content.
pub(super) fn is_content_named(
    reader: &Reader<'_>,
    node: NodeId,
    row: &Provider,
    id: &Identity,
) -> bool {
    row.group.is_empty()
        && name_hash::looks_suffixed(&id.name)
        && kustomize_suffix(reader, node, row, Reading::Frozen)
            .is_some_and(|suffix| id.name.ends_with(&suffix))
}

/// How closely scalars are read as kustomize does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As the first version of the digest did, which is frozen: plain points in time prove nothing.
    Frozen,
    /// As kustomize does; what it damages proves nothing.
    Exact,
}

/// The suffix of kustomize; nothing where it may read something otherwise than `kubectl`.
pub(super) fn kustomize_suffix(
    reader: &Reader<'_>,
    node: NodeId,
    row: &Provider,
    reading: Reading,
) -> Option<String> {
    let second = match row.provides {
        Target::ConfigMap => "binaryData",
        Target::Secret => "stringData",
    };
    let secret_type = match reader.document.value(reader.text, node, "type") {
        None => String::new(),
        Some(value) => match resolve::value(reader.document, reader.text, value) {
            Ok(Value::Str(text)) => text.into_owned(),
            _ => return None,
        },
    };
    let data = match reader.document.field(reader.text, node, "data") {
        None => name_hash::Data::Text("".into()),
        Some(field) if reader.document.node(field.value).kind == Kind::Scalar => {
            let node = reader.document.node(field.value);
            // kustomize takes the text of what stands in the place of a mapping.
            match crate::yaml::scalar::decode(reader.text, node) {
                Ok(text) if field.duplicate.is_none() && !node.has_props => {
                    name_hash::Data::Text(text)
                }
                _ => return None,
            }
        }
        Some(_) => match hashed(reader, node, "data", reading) {
            Some(Some(entries)) => name_hash::Data::Entries(entries),
            _ => return None,
        },
    };
    let second = hashed(reader, node, second, reading)?;
    let content = name_hash::Content { data, second, secret_type };
    Some(name_hash::kustomize(row.provides, &content))
}

/// A field as kustomize hashes it. The outer `None`: kustomize reads something here otherwise than
/// `kubectl` does, so nothing is proven.
fn hashed<'a>(
    reader: &Reader<'a>,
    node: NodeId,
    field: &str,
    reading: Reading,
) -> Option<Option<name_hash::Entries<'a>>> {
    let document = reader.document;
    let Some(field) = document.field(reader.text, node, field) else {
        return Some(None);
    };
    if document.node(field.value).kind == Kind::Scalar && !document.node(field.value).has_props {
        return Some(None);
    }
    if field.duplicate.is_some()
        || document.node(field.value).kind != Kind::Mapping
        || document.node(field.value).has_merge
    {
        return None;
    }
    let mut entries: name_hash::Entries<'a> = Vec::new();
    for (key, value) in document.pairs(field.value) {
        let plain = document.node(value).style == Style::Plain;
        let Ok(Value::Str(key)) = resolve::value(document, reader.text, key) else {
            return None;
        };
        let text = match resolve::value(document, reader.text, value) {
            Ok(Value::Str(text)) => text,
            Ok(Value::Null) if !document.node(value).has_props => {
                entries.push((key.into_owned(), None));
                continue;
            }
            _ => return None,
        };
        // kustomize turns a plain date into a time stamp.
        let is_dated =
            plain && text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-');
        if document.node(value).has_props || (is_dated && reading == Reading::Frozen) {
            return None;
        }
        if reading == Reading::Exact
            && document.node(value).style == Style::Folded
            && is_damaged(&text)
        {
            return None;
        }
        let text = match is_dated.then(|| name_hash::go_time(&text)).flatten() {
            Some(time) => time.into(),
            None => text,
        };
        entries.push((key.into_owned(), Some(text)));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    if entries.windows(2).any(|w| w[0].0 == w[1].0) {
        return None;
    }
    Some(Some(entries))
}

/// Whether kustomize reads a folded text otherwise after it has written it once: its emitter adds a line
/// before lines that begin with a blank, and at an end that is kept.
fn is_damaged(text: &str) -> bool {
    text.starts_with('\n')
        || text.ends_with("\n\n")
        || text.contains("\n ")
        || text.contains("\n\t")
}
