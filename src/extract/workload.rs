//! What a pod template reads, and where its stamp goes.

use super::Reader;
use crate::finding::{Code, Finding};
use crate::k8s::kinds::{Rolls, WorkloadKind};
use crate::k8s::sites::{CONTAINER_LISTS, Reads, SITE_TREE, Site, SiteTree};
use crate::span::Span;
use crate::yaml::insert::{self, Refusal, Slot};
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Kind, NodeId};

/// A pod template and what it reads.
pub struct Workload {
    /// The row of its kind.
    pub kind: &'static WorkloadKind,
    /// In the order of the text.
    pub references: Vec<Reference>,
    /// The place of the stamp; of kinds that are not stamped, nothing.
    pub slot: Option<Result<Slot, Refusal>>,
    /// Why the references cannot be trusted; the workload is then left alone.
    pub refusal: Option<(Code, Refusal)>,
    /// Why a stamp rolls its pods only later: completes "its pods are replaced only ...".
    pub later: Option<&'static str>,
}

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

/// Reads a workload.
pub(super) fn read(
    reader: &Reader<'_>,
    node: NodeId,
    ancestors: &[NodeId],
    row: &'static WorkloadKind,
) -> Workload {
    let mut walk = Walk {
        reader,
        row,
        references: Vec::new(),
        refusal: None,
        mounts: None,
        pod_spec: node,
    };
    let mut template = Some(node);
    for field in row.template {
        template = template.and_then(|at| walk.field(at, field));
    }
    let pod_spec = template.and_then(|at| walk.field(at, "spec"));
    if let Some(pod_spec) = pod_spec {
        walk.pod_spec = pod_spec;
        walk.visit(pod_spec, &SITE_TREE, None);
    }
    let Walk {
        references,
        refusal,
        ..
    } = walk;
    let slot = (row.rolls == Rolls::Yes && pod_spec.is_some()).then(|| {
        let parents: Vec<&str> = row
            .template
            .iter()
            .copied()
            .chain(["metadata", "annotations"])
            .collect();
        insert::find(
            reader.document,
            reader.text,
            ancestors,
            node,
            &parents,
            &reader.options.annotation,
        )
    });
    Workload {
        kind: row,
        references,
        slot,
        refusal,
        later: later(reader, node, row),
    }
}

/// Settings under which the controller waits before it replaces pods.
fn later(reader: &Reader<'_>, node: NodeId, row: &WorkloadKind) -> Option<&'static str> {
    let document = reader.document;
    let spec = document.value(reader.text, node, "spec")?;
    let at = |mapping, name: &str| document.value(reader.text, mapping, name);
    let paused = at(spec, "paused").and_then(|v| resolve::value(document, reader.text, v).ok());
    if paused == Some(Value::Bool(true)) {
        return Some("when the paused rollout is resumed");
    }
    if matches!(row.kind, "StatefulSet" | "DaemonSet")
        && let Some(kind) = at(spec, "updateStrategy").and_then(|s| at(s, "type"))
        && resolve::value(document, reader.text, kind) == Ok(Value::Str("OnDelete".into()))
    {
        return Some("when somebody deletes them: its update strategy is OnDelete");
    }
    None
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

struct Walk<'a, 'r> {
    reader: &'a Reader<'r>,
    row: &'static WorkloadKind,
    references: Vec<Reference>,
    refusal: Option<(Code, Refusal)>,
    /// Of each mount: the volume, and its cleaned `subPath` unless it shows the whole volume.
    mounts: Option<Vec<(String, Option<Vec<String>>)>>,
    pod_spec: NodeId,
}

impl Walk<'_, '_> {
    fn refuse(&mut self, code: Code, at: NodeId, message: String, related: Option<NodeId>) {
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
    fn field(&mut self, mapping: NodeId, name: &str) -> Option<NodeId> {
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

    fn visit(&mut self, node: NodeId, tree: &SiteTree, volume: Option<NodeId>) {
        let document = self.reader.document;
        let node = document.target(node);
        match document.node(node).kind {
            Kind::Sequence => {
                if let Some(items) = &tree.items {
                    for item in document.children(node) {
                        let item = document.target(item);
                        let volume = if items.is_volume { Some(item) } else { volume };
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
        let mounted = if self.row.built_in {
            self.mounted(volume)
        } else {
            Mounted::Whole
        };
        let listed = self.listed(node);
        match (mounted, listed) {
            (Mounted::Never, _) => Keys::None,
            (Mounted::Whole, None) => Keys::All,
            (Mounted::Whole, Some(items)) => {
                Keys::Listed(items.into_iter().map(|(key, _)| key).collect())
            }
            (Mounted::Parts(parts), None) => Keys::Under(parts),
            (Mounted::Parts(parts), Some(items)) => Keys::Listed(
                items
                    .into_iter()
                    .filter(|(_, path)| parts.iter().any(|part| related(part, path)))
                    .map(|(key, _)| key)
                    .collect(),
            ),
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
                None => return Mounted::Whole,
                Some(part) => parts.push(part.clone()),
            }
        }
        if any {
            Mounted::Parts(parts)
        } else {
            Mounted::Never
        }
    }

    fn all_mounts(&mut self) -> Vec<(String, Option<Vec<String>>)> {
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
                    let whole = by_expression
                        || part
                            .as_ref()
                            .is_none_or(|p| p.first().is_none_or(|first| first.starts_with("..")));
                    mounts.push((name, part.filter(|_| !whole)));
                }
            }
        }
        mounts
    }
}

/// A path in a volume without empty and `.` elements.
fn clean(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|element| !element.is_empty() && *element != ".")
        .map(str::to_owned)
        .collect()
}

/// Whether two cleaned paths are equal, or one lies below the other.
fn related(a: &[String], b: &[String]) -> bool {
    a.iter().zip(b).all(|(x, y)| x == y)
}

/// A finding for a refusal, about the object `id` in `file`.
pub(crate) fn refused(
    code: Code,
    refusal: &Refusal,
    id: &str,
    file: crate::span::FileId,
) -> Finding {
    let place = |span| crate::span::Place { file, span };
    let mut finding = Finding::new(code, format!("{id}: {}", refusal.message))
        .about(id)
        .quoting(place(refusal.at))
        .refusing();
    if let Some(related) = refusal.related {
        let label = if refusal.message.contains("twice") {
            "the first one"
        } else {
            "the other end"
        };
        finding = finding.related(place(related), label);
    }
    finding
}
