//! What a ConfigMap or a Secret provides: its keys, each with the digest of its value.

use super::Reader;
use crate::digest::ValueDigest;
use crate::finding::{Code, Finding};
use crate::k8s::id::ObjectId;
use crate::k8s::providers::{Encoding, Provider, Target};
use crate::span::Span;
use crate::suffix;
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Kind, NodeId, Style};

/// The content of a source. Two sources are equal if pods cannot tell them apart.
pub struct Source {
    /// What references to it say.
    pub target: Target,
    /// Sorted by key; a key can stand once for `data` and once for `binaryData`.
    pub entries: Vec<Entry>,
    /// Whether its name ends in the hash of its own content.
    pub content_named: bool,
}

/// One key.
#[derive(PartialEq, Eq)]
pub struct Entry {
    /// The key as it reaches the cluster.
    pub key: String,
    /// The digest of the bytes that a pod gets; of a flawed value, of nothing.
    pub digest: ValueDigest,
    /// Whether it can be an environment variable.
    pub env: bool,
    /// What the API server will refuse.
    pub flaw: Option<Flaw>,
    /// Where the key is written.
    pub at: At,
}

/// A span that does not count when entries are compared.
#[derive(Clone, Copy)]
pub struct At(pub Span);

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for At {}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is not a string; the text says what it is.
    NotAString(&'static str),
}

impl Source {
    /// Whether a pod could tell the two apart.
    pub fn same_content(&self, other: &Self) -> bool {
        self.target == other.target && self.entries == other.entries
    }

    /// The entries of a key.
    pub fn get(&self, key: &str) -> &[Entry] {
        let start = self.entries.partition_point(|e| e.key.as_str() < key);
        let len = self.entries[start..].partition_point(|e| e.key == key);
        &self.entries[start..start + len]
    }
}

/// Reads a source.
pub(super) fn read(reader: &mut Reader<'_>, node: NodeId, row: &Provider, id: &ObjectId) -> Source {
    let encrypted = reader.document.value(reader.text, node, "sops").is_some();
    let mut entries: Vec<Entry> = Vec::new();
    for content in row.contents {
        let Some(mapping) = reader.document.value(reader.text, node, content.field) else {
            continue;
        };
        let found = match reader.document.node(mapping).kind {
            Kind::Mapping => pairs(reader, mapping, row, id),
            Kind::Scalar
                if resolve::value(reader.document, reader.text, mapping) == Ok(Value::Null) =>
            {
                continue;
            }
            _ => {
                let message = format!("`{}` of {id} is not a mapping", content.field);
                let finding = Finding::new(Code::InvalidObject, message).about(id.to_string());
                let finding = reader.locate(finding, mapping, row.kind).refusing();
                reader.facts.findings.push(finding);
                continue;
            }
        };
        for (key, key_node, value) in found {
            let at = At(reader.document.node(key_node).span);
            let read = resolve::value(reader.document, reader.text, value);
            let (bytes, flaw) = match read {
                Ok(Value::Null) => {
                    null_value(reader, &key, key_node, row, id);
                    continue;
                }
                Ok(Value::Str(text)) => match content.encoding {
                    Encoding::Text => (text.into_owned().into_bytes(), None),
                    Encoding::Base64 if encrypted && text.starts_with("ENC[") => {
                        (text.into_owned().into_bytes(), None)
                    }
                    Encoding::Base64 => match resolve::decode_base64(text.as_bytes()) {
                        Some(bytes) => (bytes, None),
                        None => {
                            bad_base64(reader, &key, key_node, content.field, row, id);
                            (text.into_owned().into_bytes(), None)
                        }
                    },
                },
                Ok(other) => (Vec::new(), Some(Flaw::NotAString(other.type_name()))),
                Err(error) => (Vec::new(), Some(Flaw::NotAString(error.0))),
            };
            if content.overrides {
                entries.retain(|e| e.key != key);
            }
            entries.push(Entry {
                digest: ValueDigest::of(row.provides, &bytes, reader.options.hash_key.as_ref()),
                key,
                env: content.env,
                flaw,
                at,
            });
        }
    }
    entries.sort_by(|a, b| (&a.key, !a.env).cmp(&(&b.key, !b.env)));
    Source {
        target: row.provides,
        content_named: is_content_named(reader, node, row, id),
        entries,
    }
}

/// The entries of a mapping as the cluster gets them: merges applied, the last of equal keys.
fn pairs(
    reader: &mut Reader<'_>,
    mapping: NodeId,
    row: &Provider,
    id: &ObjectId,
) -> Vec<(String, NodeId, NodeId)> {
    let (document, text) = (reader.document, reader.text);
    let mut found: Vec<(String, NodeId, NodeId, bool)> = Vec::new();
    let mut wrong: Option<(NodeId, &'static str)> = None;
    collect(reader, mapping, false, 0, &mut found, &mut wrong);
    if let Some((key, what)) = wrong {
        let finding = Finding::new(
            Code::InvalidObject,
            format!("{id} has {what} where a key must be a string"),
        );
        let finding = reader
            .locate(finding.about(id.to_string()), key, row.kind)
            .refusing();
        reader.facts.findings.push(finding);
    }
    // A stable sort keeps the order of equal keys: the last one counts.
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut unique: Vec<(String, NodeId, NodeId)> = Vec::with_capacity(found.len());
    let mut last_merged = false;
    for (key, key_node, value, merged) in found {
        if let Some(last) = unique.last_mut()
            && last.0 == key
        {
            if !merged && !last_merged {
                let message = format!("the key `{key}` of {id} stands twice; the last one counts");
                let finding = Finding::new(Code::DuplicateKey, message)
                    .about(id.to_string())
                    .related(reader.place(last.1), "the first one");
                let mut finding = reader.locate(finding, key_node, row.kind);
                finding.severity = crate::finding::Severity::Warning;
                reader.facts.findings.push(finding);
            }
            *last = (key, key_node, value);
        } else {
            unique.push((key, key_node, value));
        }
        last_merged = merged;
    }
    let _ = (document, text);
    unique
}

/// Collects the pairs of a mapping in the order in which go-yaml v2 sets them.
fn collect(
    reader: &Reader<'_>,
    mapping: NodeId,
    merged: bool,
    depth: usize,
    found: &mut Vec<(String, NodeId, NodeId, bool)>,
    wrong: &mut Option<(NodeId, &'static str)>,
) {
    let document = reader.document;
    let mapping = document.target(mapping);
    for (key, value) in document.pairs(mapping) {
        if document.node(mapping).has_merge && document.is_merge_key(reader.text, key) {
            let target = document.target(value);
            if depth >= crate::yaml::MAX_DEPTH {
                *wrong = Some((key, "merge keys nested too deep"));
            } else if document.node(target).kind == Kind::Sequence {
                // Earlier mappings win, so they are set last.
                let items: Vec<NodeId> = document.items(target).collect();
                for item in items.into_iter().rev() {
                    collect(reader, item, true, depth + 1, found, wrong);
                }
            } else {
                collect(reader, target, true, depth + 1, found, wrong);
            }
            continue;
        }
        match resolve::key(document, reader.text, key) {
            Ok(name) => found.push((name.into_owned(), key, value, merged)),
            Err(error) => *wrong = Some((key, error.0)),
        }
    }
}

fn null_value(reader: &mut Reader<'_>, key: &str, node: NodeId, row: &Provider, id: &ObjectId) {
    let finding = Finding::new(
        Code::NullValue,
        format!("the value of `{key}` of {id} is null"),
    )
    .about(id.to_string())
    .help("write \"\" for an empty value, or remove the key");
    let finding = reader.locate(finding, node, row.kind);
    reader.facts.findings.push(finding);
}

fn bad_base64(
    reader: &mut Reader<'_>,
    key: &str,
    node: NodeId,
    field: &str,
    row: &Provider,
    id: &ObjectId,
) {
    let help = match row.provides {
        Target::Secret => "encode the value, or move it to `stringData`",
        Target::ConfigMap => "encode the value, or move it to `data`",
    };
    let message = format!("`{field}` of {id} holds no base64 under `{key}`");
    let finding = Finding::new(Code::InvalidBase64, message)
        .about(id.to_string())
        .help(help);
    let finding = reader.locate(finding, node, row.kind);
    reader.facts.findings.push(finding);
}

/// Whether the name ends in `-` and the hash that kustomize gives this very content.
fn is_content_named(reader: &Reader<'_>, node: NodeId, row: &Provider, id: &ObjectId) -> bool {
    if !suffix::looks_suffixed(&id.name) {
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
    let (Some(data), Some(second)) = (hashed(reader, node, "data"), hashed(reader, node, second))
    else {
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
    if field.duplicate.is_some()
        || document.node(field.value).kind != Kind::Mapping
        || document.node(field.value).has_merge
    {
        return None;
    }
    let mut entries: suffix::Entries<'a> = Vec::new();
    for (key, value) in document.pairs(field.value) {
        let plain = document.node(value).style == Style::Plain;
        let (Ok(Value::Str(key)), Ok(Value::Str(text))) = (
            resolve::value(document, reader.text, key),
            resolve::value(document, reader.text, value),
        ) else {
            return None;
        };
        // kustomize turns a plain date into a time stamp.
        if document.node(value).has_props
            || (plain && text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-'))
        {
            return None;
        }
        entries.push((key.into_owned(), text));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    if entries.windows(2).any(|w| w[0].0 == w[1].0) {
        return None;
    }
    Some(Some(entries))
}
