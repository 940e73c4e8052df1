//! Recognises sources that are named after their content, so that their name rolls the pods.

use super::Reader;
use crate::k8s::id::ObjectId;
use crate::k8s::providers::{Provider, Target};
use crate::suffix;
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Kind, NodeId, Style};

/// Whether the name ends in `-` and the hash that kustomize gives this very content.
pub(super) fn is_content_named(
    reader: &Reader<'_>,
    node: NodeId,
    row: &Provider,
    id: &ObjectId,
) -> bool {
    if !row.group.is_empty() || !suffix::looks_suffixed(&id.name) {
        return false;
    }
    let second = match row.provides {
        Target::ConfigMap => "binaryData",
        Target::Secret => "stringData",
    };
    let secret_type = match reader.document.value(reader.text, node, "type") {
        None => String::new(),
        Some(value) => match resolve::value(reader.document, reader.text, value) {
            Ok(Value::Str(text)) => text.into_owned(),
            _ => return false,
        },
    };
    let data = match reader.document.field(reader.text, node, "data") {
        None => suffix::Data::Text("".into()),
        Some(field) if reader.document.node(field.value).kind == Kind::Scalar => {
            let node = reader.document.node(field.value);
            // kustomize takes the text of what stands in the place of a mapping.
            match crate::yaml::scalar::decode(reader.text, node) {
                Ok(text) if field.duplicate.is_none() && !node.has_props => {
                    suffix::Data::Text(text)
                }
                _ => return false,
            }
        }
        Some(_) => match hashed(reader, node, "data") {
            Some(Some(entries)) => suffix::Data::Entries(entries),
            _ => return false,
        },
    };
    let Some(second) = hashed(reader, node, second) else {
        return false;
    };
    let content = suffix::Content {
        data,
        second,
        secret_type,
    };
    id.name
        .ends_with(&suffix::kustomize(row.provides, &content))
}

/// A field as kustomize hashes it. The outer `None`: kustomize reads something here otherwise than
/// `kubectl` does, so nothing is proven.
fn hashed<'a>(
    reader: &Reader<'a>,
    node: NodeId,
    field: &str,
) -> Option<Option<suffix::Entries<'a>>> {
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
    let mut entries: suffix::Entries<'a> = Vec::new();
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
        if document.node(value).has_props
            || (plain && text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-'))
        {
            return None;
        }
        entries.push((key.into_owned(), Some(text)));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    if entries.windows(2).any(|w| w[0].0 == w[1].0) {
        return None;
    }
    Some(Some(entries))
}
