//! What a pod spec reads: its references, found by one walk along the tree of sites.

use super::Reader;
use crate::finding::Code;
use crate::k8s::kinds::WorkloadKind;
use crate::k8s::sites::{CONTAINER_LISTS, Reads, Site, SiteTree};
use crate::rules::UserSite;
use crate::span::Span;
use crate::yaml::insert::Refusal;
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Kind, NodeId};

/// A workload, a site, a target and the keys that are read.
pub struct Reference {
    /// Where in the pod spec.
    pub site: &'static Site,
    /// The name as it is written there.
    pub name: String,
    /// Where the name is written.
    pub name_span: Span,
    /// Whether the source, or its key, may be missing.
    pub optional: bool,
    /// Which keys are read.
    pub keys: Keys,
}

/// Which keys of its source a reference reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// None, by its site or because nothing mounts the volume.
    None,
    /// All that can be environment variables.
    Env,
    /// This one, as an environment variable.
    One(String),
    /// These, as files.
    Listed(Vec<String>),
    /// All, as files.
    All,
    /// As files those whose name is related to one of these cleaned `subPath`s.
    Under(Vec<Vec<String>>),
}

impl Reference {
    /// Whether it reads keys by its site.
    pub fn reads(&self) -> bool {
        self.keys != Keys::None
    }
}

/// How the mounts of a volume limit what is read of it.
enum Mounted {
    /// No container mounts it.
    Never,
    /// At least one mount shows all of it.
    Whole,
    /// Only parts of it are mounted.
    Parts(Vec<Vec<String>>),
}

/// What one mount shows of its volume.
pub(super) enum Part {
    /// All of it.
    Whole,
    /// What lies at or below this cleaned path, or above it.
    Below(Vec<String>),
    /// What an expression or a strange path says: nobody knows, and it is never refreshed.
    Unknown,
}

pub(super) struct Walk<'a, 'r> {
    pub(super) reader: &'a Reader<'r>,
    pub(super) row: &'static WorkloadKind,
    pub(super) references: Vec<Reference>,
    pub(super) refusal: Option<(Code, Refusal)>,
    /// Of each mount: the volume, and what it shows of it.
    pub(super) mounts: Option<Vec<(String, Part)>>,
    /// The names of the pod's volumes.
    pub(super) volumes: Vec<String>,
    /// The volumes whose files the program rereads by itself.
    pub(super) live: &'a [(String, NodeId)],
    pub(super) pod_spec: NodeId,
}

impl Walk<'_, '_> {
    pub(super) fn refuse(
        &mut self,
        code: Code,
        at: NodeId,
        message: String,
        related: Option<NodeId>,
    ) {
        if self.refusal.is_none() {
            let document = self.reader.document;
            let refusal = Refusal {
                at: document.node(at).span,
                message,
                related: related.map(|n| document.node(n).span),
            };
            self.refusal = Some((code, refusal));
        }
    }

    /// A field on the way to what pods read; twice the same key is refused.
    pub(super) fn field(&mut self, mapping: NodeId, name: &str) -> Option<NodeId> {
        let field = self
            .reader
            .document
            .field(self.reader.text, mapping, name)?;
        if let Some(first) = field.duplicate {
            self.refuse(
                Code::DuplicateKey,
                field.key,
                format!("the key `{name}` stands twice in one mapping"),
                Some(first),
            );
        }
        Some(self.reader.document.target(field.value))
    }

    /// The string in a field; null and absent are nothing, anything else is refused.
    fn string(&mut self, mapping: NodeId, name: &str) -> Option<(String, NodeId)> {
        let value = self.field(mapping, name)?;
        match resolve::value(self.reader.document, self.reader.text, value) {
            Ok(Value::Str(string)) => Some((string.into_owned(), value)),
            Ok(Value::Null) => None,
            other => {
                let what = other.map_or_else(|e| e.0, |v| v.type_name());
                self.refuse(
                    Code::InvalidObject,
                    value,
                    format!("`{name}` is {what}, not a string"),
                    None,
                );
                None
            }
        }
    }

    pub(super) fn visit(&mut self, node: NodeId, tree: &SiteTree, volume: Option<NodeId>) {
        let document = self.reader.document;
        let node = document.target(node);
        match document.node(node).kind {
            Kind::Sequence => {
                if let Some(items) = &tree.items {
                    for item in document.children(node) {
                        let item = document.target(item);
                        let volume = if items.is_volume {
                            self.note_volume(item);
                            Some(item)
                        } else {
                            volume
                        };
                        self.visit(item, items, volume);
                    }
                }
            }
            Kind::Mapping => {
                if let Some(site) = tree.site {
                    self.reference(node, site, volume);
                }
                if document.node(node).has_merge {
                    for (name, inner) in &tree.fields {
                        if let Some(value) = self.field(node, name) {
                            self.visit(value, inner, volume);
                        }
                    }
                    return;
                }
                let mut seen: Vec<(usize, NodeId)> = Vec::new();
                for (key, value) in document.pairs(node) {
                    let position = tree
                        .fields
                        .iter()
                        .position(|(name, _)| document.is_key(self.reader.text, key, name));
                    let Some(position) = position else { continue };
                    let (name, inner) = &tree.fields[position];
                    if let Some((_, first)) = seen.iter().find(|(p, _)| *p == position) {
                        let first = *first;
                        self.refuse(
                            Code::DuplicateKey,
                            key,
                            format!("the key `{name}` stands twice in one mapping"),
                            Some(first),
                        );
                    }
                    seen.push((position, key));
                    self.visit(value, inner, volume);
                }
            }
            Kind::Scalar | Kind::Alias => {}
        }
    }

    fn note_volume(&mut self, volume: NodeId) {
        if let Some((name, _)) = self.string(volume, "name") {
            self.volumes.push(name);
        }
    }

    /// The references at a place that the configuration names.
    pub(super) fn user_site(&mut self, object: NodeId, user: &UserSite) {
        let document = self.reader.document;
        let mut found = vec![object];
        for step in user.site.path.split('/').filter(|step| !step.is_empty()) {
            let name = step.trim_end_matches("[]");
            let next: Vec<NodeId> = found
                .iter()
                .filter_map(|&at| self.field(at, name))
                .collect();
            found = if step.ends_with("[]") {
                next.iter().flat_map(|&list| document.items(list)).collect()
            } else {
                next
            };
        }
        let name = user.site.name.trim_end_matches("[]");
        for holder in found {
            let Some(value) = self.field(holder, name) else {
                continue;
            };
            let keys = match &user.key {
                None => Keys::All,
                Some(key) => Keys::Listed(
                    self.string(holder, key)
                        .into_iter()
                        .map(|(key, _)| key)
                        .collect(),
                ),
            };
            let named: Vec<NodeId> = match document.node(value).kind {
                Kind::Sequence => document.items(value).collect(),
                _ => vec![value],
            };
            for node in named {
                if let Ok(Value::Str(text)) = resolve::value(document, self.reader.text, node)
                    && !text.is_empty()
                {
                    self.references.push(Reference {
                        site: user.site,
                        name: text.into_owned(),
                        name_span: document.node(node).span,
                        optional: false,
                        keys: keys.clone(),
                    });
                }
            }
        }
    }

    fn reference(&mut self, node: NodeId, site: &'static Site, volume: Option<NodeId>) {
        let Some((name, name_node)) = self.string(node, site.name) else {
            return;
        };
        if name.is_empty() {
            return;
        }
        let document = self.reader.document;
        let optional = self.field(node, "optional").is_some_and(|value| {
            resolve::value(document, self.reader.text, value) == Ok(Value::Bool(true))
        });
        let keys = match site.reads {
            Reads::Nothing => Keys::None,
            Reads::Env => Keys::Env,
            Reads::Key => match self.string(node, "key") {
                Some((key, _)) => Keys::One(key),
                None => Keys::One(String::new()),
            },
            Reads::Files => self.files(node, volume),
        };
        self.references.push(Reference {
            site,
            name,
            name_span: document.node(name_node).span,
            optional,
            keys,
        });
    }

    /// The keys of a volume source that become files which some container sees.
    fn files(&mut self, node: NodeId, volume: Option<NodeId>) -> Keys {
        let mounted = self.mounted(volume);
        let listed = self.listed(node);
        match (mounted, listed) {
            (Mounted::Never, _) => Keys::None,
            (Mounted::Whole, None) => Keys::All,
            (Mounted::Whole, Some(items)) => {
                Keys::Listed(items.into_iter().map(|(key, _)| key).collect())
            }
            (Mounted::Parts(parts), None) => Keys::Under(parts),
            (Mounted::Parts(parts), Some(items)) => {
                let seen = |path: &[String]| parts.iter().any(|part| related(part, path));
                let keys: Vec<String> = items
                    .into_iter()
                    .filter(|(_, path)| seen(path))
                    .map(|(key, _)| key)
                    .collect();
                // Items and mounts that never meet show no file, whatever the source holds.
                if keys.is_empty() {
                    Keys::None
                } else {
                    Keys::Listed(keys)
                }
            }
        }
    }

    /// The `items` of a volume source as keys and cleaned paths; absent, null and empty are none.
    fn listed(&mut self, node: NodeId) -> Option<Vec<(String, Vec<String>)>> {
        let items = self.field(node, "items")?;
        let document = self.reader.document;
        let nodes: Vec<NodeId> = document.items(items).collect();
        if nodes.is_empty() {
            return None;
        }
        let mut listed = Vec::new();
        for item in nodes {
            let Some((key, _)) = self.string(item, "key") else {
                continue;
            };
            let path = self
                .string(item, "path")
                .map_or_else(|| key.clone(), |(path, _)| path);
            listed.push((key, clean(&path)));
        }
        Some(listed)
    }

    fn mounted(&mut self, volume: Option<NodeId>) -> Mounted {
        let Some((name, _)) = volume.and_then(|volume| self.string(volume, "name")) else {
            return Mounted::Whole;
        };
        if self.mounts.is_none() {
            self.mounts = Some(self.all_mounts());
        }
        let live = self.live.iter().any(|(volume, _)| *volume == name);
        if !self.row.built_in && !live {
            return Mounted::Whole;
        }
        let mut parts = Vec::new();
        let mut any = false;
        for (_, part) in self
            .mounts
            .iter()
            .flatten()
            .filter(|(volume, _)| *volume == name)
        {
            any = true;
            match part {
                Part::Whole if live => {}
                Part::Whole | Part::Unknown => return Mounted::Whole,
                Part::Below(part) => parts.push(part.clone()),
            }
        }
        if any && !(live && parts.is_empty()) {
            Mounted::Parts(parts)
        } else {
            Mounted::Never
        }
    }

    fn all_mounts(&mut self) -> Vec<(String, Part)> {
        let document = self.reader.document;
        let mut mounts = Vec::new();
        for list in CONTAINER_LISTS {
            let Some(containers) = self.field(self.pod_spec, list) else {
                continue;
            };
            for container in document.items(containers).collect::<Vec<_>>() {
                let Some(list) = self.field(container, "volumeMounts") else {
                    continue;
                };
                for mount in document.items(list).collect::<Vec<_>>() {
                    let Some((name, _)) = self.string(mount, "name") else {
                        continue;
                    };
                    let by_expression = self
                        .string(mount, "subPathExpr")
                        .is_some_and(|(e, _)| !e.is_empty());
                    let part = self.string(mount, "subPath").map(|(path, _)| clean(&path));
                    let part = match part {
                        _ if by_expression => Part::Unknown,
                        None => Part::Whole,
                        Some(part) if part.is_empty() => Part::Whole,
                        Some(part) if part[0].starts_with("..") => Part::Unknown,
                        Some(part) => Part::Below(part),
                    };
                    mounts.push((name, part));
                }
            }
        }
        mounts
    }
}

/// A path in a volume without empty and `.` elements.
pub(super) fn clean(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|element| !element.is_empty() && *element != ".")
        .map(str::to_owned)
        .collect()
}

/// Whether two cleaned paths are equal, or one lies below the other.
fn related(a: &[String], b: &[String]) -> bool {
    a.iter().zip(b).all(|(x, y)| x == y)
}
