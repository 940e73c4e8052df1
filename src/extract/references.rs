//! What a pod spec reads: its references, found by one walk along the tree of sites.

use super::Reader;
use super::ids::TemplateId;
use super::site_label::{self, Mount, Spot, Why, Within};
use crate::config::policy::UserSite;
use crate::finding::Code;
use crate::k8s::kinds::WorkloadKind;
use crate::k8s::sites::{CONTAINER_LISTS, Reads, Site, SiteTree};
use crate::text::Span;
use crate::yaml::insert::Refusal;
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Kind, NodeId};
use smol_str::SmolStr;

/// A workload, a site, a target and the keys that are read.
pub struct Reference {
    /// The pod template that has it.
    pub template: TemplateId,
    /// Where in the pod spec.
    pub site: &'static Site,
    /// The name as it is written there.
    pub name: SmolStr,
    /// Where the name is written.
    pub name_span: Span,
    /// Whether the source, or its key, may be missing.
    pub optional: bool,
    /// Which keys are read.
    pub keys: Keys,
    /// Why these.
    pub why: Why,
    /// What people call the place.
    pub spot: Spot,
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
    /// Of each mount: the volume, what it shows of it, and what people call it.
    pub(super) mounts: Option<Vec<(String, Part, Mount)>>,
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
        let field = self.reader.document.field(self.reader.text, mapping, name)?;
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

    pub(super) fn visit(&mut self, node: NodeId, tree: &SiteTree, within: Within) {
        let document = self.reader.document;
        let node = document.target(node);
        match document.node(node).kind {
            Kind::Sequence => {
                if let Some(items) = &tree.items {
                    for item in document.children(node) {
                        let item = document.target(item);
                        if items.is_volume {
                            self.note_volume(item);
                        }
                        self.visit(item, items, within.item(item));
                    }
                }
            }
            Kind::Mapping => {
                if let Some(site) = tree.site {
                    self.reference(node, site, within);
                }
                if document.node(node).has_merge {
                    for (name, inner) in &tree.fields {
                        if let Some(value) = self.field(node, name) {
                            self.visit(value, inner, within.field(name));
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
                    self.visit(value, inner, within.field(name));
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
            let next: Vec<NodeId> = found.iter().filter_map(|&at| self.field(at, name)).collect();
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
                Some(key) => {
                    Keys::Listed(self.string(holder, key).into_iter().map(|(key, _)| key).collect())
                }
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
                        template: TemplateId::at(0),
                        site: user.site,
                        name: text.into(),
                        name_span: document.node(node).span,
                        optional: false,
                        keys: keys.clone(),
                        why: if user.key.is_some() { Why::Named } else { Why::All },
                        spot: Spot::default(),
                    });
                }
            }
        }
    }

    fn reference(&mut self, node: NodeId, site: &'static Site, within: Within) {
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
        let mut mounts = Vec::new();
        let (keys, why) = match site.reads {
            Reads::Nothing => (Keys::None, Why::Site),
            Reads::Env => (Keys::Env, Why::All),
            Reads::Key => {
                let key = self.string(node, "key").map(|(key, _)| key);
                (Keys::One(key.unwrap_or_default()), Why::Named)
            }
            Reads::Files => self.files(node, within.volume(site), &mut mounts),
        };
        self.references.push(Reference {
            template: TemplateId::at(0),
            site,
            name: name.into(),
            name_span: document.node(name_node).span,
            optional,
            keys,
            why,
            spot: within.spot(self.reader, site, mounts),
        });
    }

    /// The keys of a volume source that become files which some container sees.
    fn files(
        &mut self,
        node: NodeId,
        volume: Option<NodeId>,
        mounts: &mut Vec<Mount>,
    ) -> (Keys, Why) {
        let (mounted, why) = self.mounted(volume, mounts);
        let listed = self.listed(node);
        match (mounted, listed) {
            (Mounted::Never, _) => (Keys::None, why),
            (Mounted::Whole, None) => (Keys::All, why),
            (Mounted::Whole, Some(items)) => {
                let keys = items.into_iter().map(|(key, _)| key).collect();
                (Keys::Listed(keys), Why::Items)
            }
            (Mounted::Parts(parts), None) => (Keys::Under(parts), why),
            (Mounted::Parts(parts), Some(items)) => {
                let seen = |path: &[String]| parts.iter().any(|part| related(part, path));
                let keys: Vec<String> =
                    items.into_iter().filter(|(_, path)| seen(path)).map(|(key, _)| key).collect();
                // Items and mounts that never meet show no file, whatever the source holds.
                if keys.is_empty() {
                    (Keys::None, Why::NothingShown)
                } else {
                    (Keys::Listed(keys), Why::ItemsInSubPaths)
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
            let path = self.string(item, "path").map_or_else(|| key.clone(), |(path, _)| path);
            listed.push((key, clean(&path)));
        }
        Some(listed)
    }

    /// How containers mount a volume, and why that narrows what they see, or does not.
    fn mounted(&mut self, volume: Option<NodeId>, mounts: &mut Vec<Mount>) -> (Mounted, Why) {
        let Some((name, _)) = volume.and_then(|volume| self.string(volume, "name")) else {
            return (Mounted::Whole, Why::All);
        };
        if self.mounts.is_none() {
            self.mounts = Some(self.all_mounts());
        }
        let live = self.live.iter().any(|(volume, _)| *volume == name);
        let mut parts = Vec::new();
        let mut whole = false;
        for (_, part, mount) in
            self.mounts.iter().flatten().filter(|(volume, _, _)| *volume == name)
        {
            mounts.push(mount.clone());
            match part {
                Part::Whole if live => {}
                Part::Whole | Part::Unknown => whole = true,
                Part::Below(part) => parts.push(part.clone()),
            }
        }
        let any = !mounts.is_empty();
        if whole {
            (Mounted::Whole, Why::All)
        } else if !self.row.built_in && !live {
            (Mounted::Whole, Why::Operator)
        } else if !parts.is_empty() && live {
            (Mounted::Parts(parts), Why::LiveSubPaths)
        } else if any && live {
            (Mounted::Never, Why::Live)
        } else if any {
            (Mounted::Parts(parts), Why::SubPaths)
        } else {
            (Mounted::Never, Why::NotMounted)
        }
    }

    fn all_mounts(&mut self) -> Vec<(String, Part, Mount)> {
        let document = self.reader.document;
        let mut mounts = Vec::new();
        for field in CONTAINER_LISTS {
            let Some(containers) = self.field(self.pod_spec, field) else {
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
                    let by_expression =
                        self.string(mount, "subPathExpr").is_some_and(|(e, _)| !e.is_empty());
                    let part = self.string(mount, "subPath").map(|(path, _)| clean(&path));
                    let part = match part {
                        _ if by_expression => Part::Unknown,
                        None => Part::Whole,
                        Some(part) if part.is_empty() => Part::Whole,
                        Some(part) if part[0].starts_with("..") => Part::Unknown,
                        Some(part) => Part::Below(part),
                    };
                    let mount = site_label::mount(self.reader, field, container, mount);
                    mounts.push((name, part, mount));
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
