//! What a source provides: its keys, each with the digest of its value.

use super::By;
use super::Reader;
use super::carried;
use super::hash_suffix::is_content_named;
use super::ids::ObjectId;
use super::own_suffix::{self, Naming};
use crate::compat::reloader::Tags;
use crate::config::policy::Encrypted;
use crate::digest::ValueDigest;
use crate::finding::{Code, Finding};
use crate::k8s::id::Identity;
use crate::k8s::providers::{Encoding, Provider, Target};
use crate::text::{Span, offset};
use crate::yaml::canonical;
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Kind, NodeId};
use smol_str::{SmolStr, format_smolstr};
use std::borrow::Cow;

/// Something that references can name, and its content.
pub struct Source {
    /// The object that provides it.
    pub object: ObjectId,
    /// What references to it say.
    pub target: Target,
    /// The name that they say.
    pub name: SmolStr,
    /// The namespace in which it is, if one is written.
    pub namespace: Option<SmolStr>,
    /// Sorted by key; a key can stand once for `data` and once for `binaryData`.
    pub entries: Vec<Entry>,
    /// Whether its name ends in the hash of its own content.
    pub content_named: bool,
    /// Whether keys cannot be told apart, so that whoever reads one reads all.
    pub whole: bool,
    /// Whether somebody in the cluster fills it: it is known by name only.
    pub filled_in_cluster: bool,
    /// Whether a control annotation or a rule says that nobody rolls because of it.
    pub ignored: Option<By>,
    /// A field of content that cannot be read as keys and values.
    pub malformed: Option<Malformed>,
    /// What a name after its content takes; nothing where none is wanted.
    pub naming: Option<Box<Naming>>,
    /// What its annotations say to Reloader, where that is followed.
    pub tags: Tags,
    /// The rows of the configuration that collect it by its labels: a bit for each.
    pub collected: u64,
}

/// A field of content that is no mapping.
pub struct Malformed {
    /// The field, with dots between names.
    pub field: String,
    /// Where it is.
    pub at: Span,
}

/// One key.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key as it reaches the cluster.
    pub key: SmolStr,
    /// The digest of the bytes that a pod gets; of a flawed value, of nothing.
    pub digest: ValueDigest,
    /// How many bytes a pod gets.
    pub size: u32,
    /// Whether it can be an environment variable.
    pub env: bool,
    /// What the API server will refuse.
    pub flaw: Option<Box<Flaw>>,
    /// Whether a control annotation or a rule says that nobody rolls because of it.
    pub ignored: Option<By>,
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
    /// It has no text; the words say why.
    Unreadable(&'static str),
}

impl Flaw {
    /// Completes "the value of `key` is ...".
    pub fn describe(&self) -> String {
        match self {
            Self::NotAString(what) => format!("{what}, not a string"),
            Self::Unreadable(why) => format!("unreadable: {why}"),
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAString(_) => "put the value in quotes",
            Self::Unreadable(_) => "write the value in a form that `kubectl` reads",
        }
    }
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

/// Reads what an object provides: one source for most kinds, several where a name path has items.
pub(super) fn read(
    reader: &mut Reader<'_>,
    node: NodeId,
    ancestors: &[NodeId],
    row: &'static Provider,
    id: &Identity,
) -> Vec<Source> {
    let namespace = row.namespaces.iter().find_map(|path| {
        let at = reader.at(node, path)?;
        string(reader, at).filter(|n| !n.is_empty())
    });
    let control = Control::read(reader, node);
    let is_skipped = reader.options.rules.encrypted == Encrypted::Skip && reader.is_sops(node);
    let ignored = reader.ignored(control.ignored, node, id).or(is_skipped.then_some(By::Rule));
    let tags = carried::of_source(reader, node, row.provides, namespace.as_deref());
    let collected = carried::collected(reader, node, row.provides);
    if row.contents.is_empty() || filled_by_type(reader, node, row) {
        return names(reader, node, row)
            .into_iter()
            .map(|name| Source {
                object: ObjectId::at(0),
                target: row.provides,
                name,
                namespace: namespace.clone(),
                entries: Vec::new(),
                content_named: false,
                whole: false,
                filled_in_cluster: true,
                ignored,
                malformed: None,
                naming: None,
                tags,
                collected,
            })
            .collect();
    }
    let Some(name) = names(reader, node, row).into_iter().next() else {
        return Vec::new();
    };
    let whole = row.whole_if.iter().any(|path| {
        let at = reader.at(node, path);
        at.is_some_and(|at| !is_null(reader, at))
    });
    let mut malformed = None;
    let mut entries = entries(reader, node, row, id, whole, &mut malformed);
    control.apply(reader, &mut entries, row, id);
    ignore_keys_by_rule(reader, node, &mut entries, id);
    let source = Source {
        object: ObjectId::at(0),
        target: row.provides,
        content_named: is_content_named(reader, node, row, id),
        name,
        namespace,
        entries,
        whole,
        filled_in_cluster: false,
        ignored,
        malformed,
        naming: own_suffix::read(reader, node, ancestors, row, id).map(Box::new),
        tags,
        collected,
    };
    super::api_limits::check(reader, node, row, id, &source);
    vec![source]
}

fn string(reader: &Reader<'_>, node: NodeId) -> Option<SmolStr> {
    match resolve::value(reader.document, reader.text, node) {
        Ok(Value::Str(text)) => Some(text.into()),
        _ => None,
    }
}

fn is_null(reader: &Reader<'_>, node: NodeId) -> bool {
    resolve::value(reader.document, reader.text, node) == Ok(Value::Null)
}

/// The names of what the object provides: those of the first path that leads to any.
fn names(reader: &Reader<'_>, node: NodeId, row: &Provider) -> Vec<SmolStr> {
    for path in row.names {
        let mut found: Vec<SmolStr> = match path.split_once("[]/") {
            None => reader.at(node, path).and_then(|at| string(reader, at)).into_iter().collect(),
            Some((list, rest)) => {
                let items = reader.at(node, list);
                let items = items.into_iter().flat_map(|list| reader.document.items(list));
                items.filter_map(|item| string(reader, reader.at(item, rest)?)).collect()
            }
        };
        found.retain(|name| !name.is_empty());
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

fn filled_by_type(reader: &Reader<'_>, node: NodeId, row: &Provider) -> bool {
    if row.filled_if_type.is_empty() {
        return false;
    }
    let found = reader.at(node, "type").and_then(|at| string(reader, at));
    found.is_some_and(|found| row.filled_if_type.contains(&found.as_str()))
}

fn entries(
    reader: &mut Reader<'_>,
    node: NodeId,
    row: &Provider,
    id: &Identity,
    whole: bool,
    malformed: &mut Option<Malformed>,
) -> Vec<Entry> {
    let encrypted = reader.is_sops(node);
    let mut entries: Vec<Entry> = Vec::new();
    for content in row.contents {
        let Some(field) = reader.at(node, content.path) else {
            continue;
        };
        let prefix = if whole { content.prefix } else { "" };
        if content.encoding == Encoding::Tree {
            if let Some(text) = canonical::json(reader.document, reader.text, field) {
                entries.push(Entry {
                    digest: ValueDigest::of(
                        row.provides,
                        text.as_bytes(),
                        reader.options.hash_key.as_ref(),
                    ),
                    key: content.path.replace('/', ".").into(),
                    env: true,
                    size: offset(text.len()),
                    flaw: None,
                    ignored: None,
                    at: At(reader.document.node(field).span),
                });
            }
            continue;
        }
        let found = match reader.document.node(field).kind {
            Kind::Mapping => pairs(reader, field, row, id),
            Kind::Scalar if is_null(reader, field) => continue,
            // A SealedSecret of old holds one text for all keys.
            Kind::Scalar if whole && string(reader, field).is_some() => {
                vec![(SmolStr::default(), field, field)]
            }
            _ => {
                malformed.get_or_insert(Malformed {
                    field: content.path.replace('/', "."),
                    at: reader.document.node(field).span,
                });
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
                    Encoding::Text | Encoding::Tree => (as_bytes(text), None),
                    Encoding::Base64 if encrypted && text.starts_with("ENC[") => {
                        (as_bytes(text), None)
                    }
                    Encoding::Base64 => match resolve::decode_base64(text.as_bytes()) {
                        Some(bytes) => (Cow::Owned(bytes), None),
                        None => {
                            bad_base64(reader, &key, key_node, content.path, row, id);
                            (as_bytes(text), None)
                        }
                    },
                },
                Ok(other) => (Cow::Borrowed(&[][..]), Some(Flaw::NotAString(other.type_name()))),
                Err(error) if matches!(error.0, "a mapping" | "a list") => {
                    (Cow::Borrowed(&[][..]), Some(Flaw::NotAString(error.0)))
                }
                Err(error) => (Cow::Borrowed(&[][..]), Some(Flaw::Unreadable(error.0))),
            };
            if content.overrides {
                // A flaw stays: the API server refuses the object all the same.
                entries.retain(|e| e.key != key || e.flaw.is_some());
            }
            entries.push(Entry {
                digest: ValueDigest::of(row.provides, &bytes, reader.options.hash_key.as_ref()),
                key: if prefix.is_empty() { key } else { format_smolstr!("{prefix}{key}") },
                size: offset(bytes.len()),
                env: content.env,
                flaw: flaw.map(Box::new),
                ignored: None,
                at,
            });
        }
    }
    entries.sort_by(|a, b| (&a.key, !a.env).cmp(&(&b.key, !b.env)));
    entries
}

fn as_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn ignore_keys_by_rule(reader: &Reader<'_>, node: NodeId, entries: &mut [Entry], id: &Identity) {
    let rules = &reader.options.rules.ignore;
    if rules.is_empty() {
        return;
    }
    let labels = reader.labels(node);
    let subject = reader.subject(id, &labels);
    for entry in entries {
        let is_ignored = rules.iter().any(|rule| rule.ignores_key(&subject, &entry.key));
        entry.ignored = entry.ignored.or(is_ignored.then_some(By::Rule));
    }
}

/// The control annotations of a source.
struct Control {
    ignored: bool,
    ignore_keys: Option<(String, NodeId)>,
}

impl Control {
    fn read(reader: &Reader<'_>, node: NodeId) -> Self {
        let annotation = |name| reader.annotation(reader.at(node, "metadata")?, name);
        Self {
            ignored: annotation(super::IGNORE).is_some_and(|(value, _)| value == "true"),
            ignore_keys: annotation(super::IGNORE_KEYS),
        }
    }

    fn apply(&self, reader: &mut Reader<'_>, entries: &mut [Entry], row: &Provider, id: &Identity) {
        let Some((keys, at)) = &self.ignore_keys else {
            return;
        };
        for key in super::names_in(keys) {
            let mut any = false;
            for entry in entries.iter_mut().filter(|e| e.key == key) {
                entry.ignored = Some(By::Annotation);
                any = true;
            }
            if !any {
                let message =
                    format!("{id} has no key `{key}` that `{}` could ignore", super::IGNORE_KEYS);
                let finding = Finding::new(Code::UnknownName, message).about(id.to_string());
                let finding = reader.locate(finding, *at, row.kind);
                reader.facts.findings.push(finding);
            }
        }
    }
}

/// The entries of a mapping as the cluster gets them: merges applied, the last of equal keys.
fn pairs(
    reader: &mut Reader<'_>,
    mapping: NodeId,
    row: &Provider,
    id: &Identity,
) -> Vec<(SmolStr, NodeId, NodeId)> {
    let mut found: Vec<(SmolStr, NodeId, NodeId, bool)> = Vec::new();
    let mut wrong: Option<(NodeId, &'static str)> = None;
    collect(reader, mapping, false, 0, &mut found, &mut wrong);
    if let Some((key, what)) = wrong {
        let finding = Finding::new(
            Code::InvalidObject,
            format!("{id} has {what} where a key must be a string"),
        );
        let finding = reader.locate(finding.about(id.to_string()), key, row.kind).refusing();
        reader.facts.findings.push(finding);
    }
    // A stable sort keeps the order of equal keys: the last one counts.
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let mut unique: Vec<(SmolStr, NodeId, NodeId)> = Vec::with_capacity(found.len());
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
    unique
}

/// Collects the pairs of a mapping in the order in which go-yaml v2 sets them.
fn collect(
    reader: &Reader<'_>,
    mapping: NodeId,
    merged: bool,
    depth: usize,
    found: &mut Vec<(SmolStr, NodeId, NodeId, bool)>,
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
            Ok(name) => found.push((name.into(), key, value, merged)),
            Err(error) => *wrong = Some((key, error.0)),
        }
    }
}

fn null_value(reader: &mut Reader<'_>, key: &str, node: NodeId, row: &Provider, id: &Identity) {
    let finding = Finding::new(Code::NullValue, format!("the value of `{key}` of {id} is null"))
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
    id: &Identity,
) {
    let help = match row.provides {
        Target::Secret => "encode the value, or move it to `stringData`",
        Target::ConfigMap => "encode the value, or move it to `data`",
    };
    let message = format!("`{field}` of {id} holds no base64 under `{key}`");
    let finding = Finding::new(Code::InvalidBase64, message).about(id.to_string()).help(help);
    let finding = reader.locate(finding, node, row.kind);
    reader.facts.findings.push(finding);
}
