//! Finds the references of a pod spec, in one pass along the tree of sites.

use super::ids::TemplateId;
use super::site_label::{self, Grounds, ListPosition, Mount, SiteLabel};
use crate::config::policy::UserSite;
use crate::finding::Code;
use crate::k8s::TableRow;
use crate::k8s::releases::ReleasedReference;
use crate::k8s::sites::{CONTAINER_LISTS, Reads, SITE_TREE, Site, SiteTree};
use crate::text::Span;
use crate::yaml::insert::{Refusal, Related};
use crate::yaml::path::{FieldPath, PathStep, Step};
use crate::yaml::resolve::Value;
use crate::yaml::{Cursor, Kind};
use smol_str::SmolStr;

/// A reference: a pod template, a site, a target and the keys that are read.
pub struct Reference {
    /// The pod template that has it.
    pub template: TemplateId,
    /// The site of the pod spec that names the source.
    pub site: TableRow<Site>,
    /// The name of the source, as it is written.
    pub name: SmolStr,
    /// Where the name is written.
    pub name_span: Span,
    /// Whether the source, or its key, may be missing.
    pub optional: bool,
    /// Which keys are read.
    pub keys: Keys,
    /// The reason why the reference reads these keys.
    pub why: Grounds,
    /// The description of the place in messages.
    pub spot: SiteLabel,
}

/// A text in values from which a template of the chart builds a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// The place of the text.
    pub at: Span,
    /// Whether the chart expects a list of names there, and the values hold one text instead.
    pub is_text: bool,
}

/// A place with the name of a source that the configuration declares, for one object.
pub(super) struct UserPlace<'r> {
    site: &'r TableRow<Site>,
    key: Option<&'r str>,
    /// Fields beside the name with the texts that they must have.
    when: &'r [(SmolStr, SmolStr)],
    /// The items and fields for which the first `[]` and `*` of the path stand.
    bound: &'r [Step],
    /// Whether the path leads through the values of a chart.
    of_values: bool,
}

impl<'r> UserPlace<'r> {
    /// A place that a row of `references` declares for every workload of some kinds.
    pub(super) fn of(user: &'r UserSite) -> Self {
        let key = user.key.as_deref();
        Self { site: &user.site, key, when: &[], bound: &[], of_values: false }
    }

    /// A place that belongs to the pods whose annotations are at the end of `route`, a route that `head`
    /// selects. As far as the two paths are equal, `[]` and `*` stand for the same items in both.
    pub(super) fn of_released(
        row: &'r ReleasedReference,
        head: &FieldPath,
        route: &'r [Step],
    ) -> Self {
        let both = row.site.path.steps().iter().zip(head.steps());
        let same = both.take_while(|(one, other)| one == other).count();
        Self {
            site: &row.site,
            key: row.key.as_deref(),
            when: &row.when,
            bound: &route[..same.min(route.len())],
            of_values: true,
        }
    }
}

/// Which keys of its source a reference reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keys {
    /// No key, because of the site or because no container mounts the volume.
    None,
    /// All keys that can be environment variables.
    Env,
    /// This key, as an environment variable.
    One(SmolStr),
    /// These keys, as files.
    Listed(Box<[SmolStr]>),
    /// All keys, as files.
    All,
    /// As files, the keys whose file lies at, above or below one of these cleaned `subPath`s.
    Under(Box<[Vec<String>]>),
}

impl Reference {
    /// Whether its site reads keys.
    pub fn reads(&self) -> bool {
        self.keys != Keys::None
    }
}

/// How the mounts of a volume limit the keys that are read.
enum Mounted {
    /// No container mounts it.
    Never,
    /// At least one mount shows all of it.
    Whole,
    /// Only parts of it are mounted.
    Parts(Vec<Vec<String>>),
}

/// One mount of a volume in some container.
struct VolumeMount {
    volume: SmolStr,
    part: MountedPart,
    label: Mount,
}

/// The part of a volume that one mount shows.
enum MountedPart {
    /// The whole volume.
    Whole,
    /// The files at, below or above this cleaned path.
    Below(Vec<String>),
    /// The mount uses an expression or an unusual path, so the part is unknown. Such a mount is
    /// never refreshed.
    Unknown,
}

/// The pass over a pod spec along the tree of sites.
pub(super) struct SiteWalk<'a, 'l> {
    /// The references found so far, in the order of the pass.
    pub(super) references: Vec<Reference>,
    /// The first reason why the references cannot be trusted.
    pub(super) refusal: Option<(Code, Refusal)>,
    /// The names of the pod's volumes.
    pub(super) volumes: Vec<SmolStr>,
    /// The texts from which only the chart can build the names.
    pub(super) unknown: Vec<UnknownName>,
    /// Whether a controller of Kubernetes itself runs the pods, so that no operator adds mounts.
    built_in: bool,
    /// The volumes whose files the program reads again when they change.
    live: &'l [SmolStr],
    pod_spec: Option<Cursor<'a>>,
    /// All mounts of the pod, read for the first volume.
    mounts: Option<Vec<VolumeMount>>,
}

impl<'a, 'l> SiteWalk<'a, 'l> {
    pub(super) fn new(built_in: bool, live: &'l [SmolStr]) -> Self {
        Self {
            references: Vec::new(),
            refusal: None,
            volumes: Vec::new(),
            unknown: Vec::new(),
            built_in,
            live,
            pod_spec: None,
            mounts: None,
        }
    }

    /// Finds the references of a pod spec.
    pub(super) fn pod_spec(&mut self, pod_spec: Cursor<'a>) {
        self.pod_spec = Some(pod_spec);
        self.visit(pod_spec, &SITE_TREE, ListPosition::default());
    }

    fn refuse(&mut self, code: Code, refusal: Refusal) {
        self.refusal.get_or_insert((code, refusal));
    }

    /// Refuses a key that occurs twice on the path to the keys that pods read.
    pub(super) fn refuse_duplicate(&mut self, name: &str, last: Cursor<'_>, first: Cursor<'_>) {
        let refusal = Refusal {
            at: last.span(),
            message: format!("the key `{name}` occurs twice in one mapping"),
            related: Some(Related::FirstKey(first.span())),
        };
        self.refuse(Code::DuplicateKey, refusal);
    }

    /// A field on the path to the keys that pods read, its alias followed; a key that occurs twice
    /// is refused.
    pub(super) fn field(&mut self, mapping: Cursor<'a>, name: &str) -> Option<Cursor<'a>> {
        let field = mapping.field(name)?;
        if let Some(first) = field.duplicate {
            self.refuse_duplicate(name, field.key, first);
        }
        Some(field.value.target())
    }

    /// The string in a field; `None` for null and absent; any other value is refused.
    fn string(&mut self, mapping: Cursor<'a>, name: &str) -> Option<(SmolStr, Cursor<'a>)> {
        let at = self.field(mapping, name)?;
        let what = match at.value() {
            Ok(Value::Str(string)) => return Some((string.into(), at)),
            Ok(Value::Null) => return None,
            Ok(other) => other.type_name(),
            Err(error) => error.0,
        };
        let message = format!("`{name}` is {what}, not a string");
        self.refuse(Code::InvalidObject, Refusal { at: at.span(), message, related: None });
        None
    }

    fn visit(&mut self, node: Cursor<'a>, tree: &'static SiteTree, within: ListPosition<'a>) {
        let node = node.target();
        match node.kind() {
            Kind::Sequence => {
                if let Some(items) = &tree.items {
                    for item in node.items() {
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
                if node.node().has_merge {
                    for (name, inner) in &tree.fields {
                        if let Some(value) = self.field(node, name) {
                            self.visit(value, inner, within.field(name));
                        }
                    }
                    return;
                }
                let mut seen: Vec<(usize, Cursor<'a>)> = Vec::new();
                for (key, value) in node.pairs() {
                    let position = tree.fields.iter().position(|(name, _)| key.is_key(name));
                    let Some(position) = position else { continue };
                    let (name, inner) = &tree.fields[position];
                    if let Some((_, first)) = seen.iter().find(|(p, _)| *p == position) {
                        self.refuse_duplicate(name, key, *first);
                    }
                    seen.push((position, key));
                    self.visit(value, inner, within.field(name));
                }
            }
            Kind::Scalar | Kind::Alias => {}
        }
    }

    fn note_volume(&mut self, volume: Cursor<'a>) {
        if let Some((name, _)) = self.string(volume, "name") {
            self.volumes.push(name);
        }
    }

    /// Adds the references at a place that the configuration declares.
    pub(super) fn user_site(&mut self, object: Cursor<'a>, place: &UserPlace<'_>) {
        let mut holders = vec![object];
        for (depth, step) in place.site.path.steps().iter().enumerate() {
            let at = holders.into_iter();
            holders = match (step, place.bound.get(depth)) {
                (PathStep::EachItem | PathStep::AnyField, Some(Step::Item(number))) => {
                    at.filter_map(|at| at.items().nth(*number)).collect()
                }
                (PathStep::EachItem | PathStep::AnyField, Some(Step::Field(name)))
                | (PathStep::Field(name), _) => at.filter_map(|at| self.field(at, name)).collect(),
                (PathStep::EachItem | PathStep::AnyField, None) if place.of_values => {
                    at.flat_map(|at| self.each(at, step)).collect()
                }
                (PathStep::EachItem, None) => at.flat_map(Cursor::items).collect(),
                (PathStep::AnyField, None) => {
                    at.flat_map(Cursor::pairs).map(|(_, value)| value.target()).collect()
                }
                (PathStep::AnyWay, _) => Vec::new(),
            };
        }
        for holder in holders {
            let says = |field: &str, text: &str| holder.string(field).as_deref() == Some(text);
            if !place.when.iter().all(|(field, text)| says(field, text)) {
                continue;
            }
            let value = match place.site.name.is_empty() {
                true => Some(holder),
                false => self.field(holder, &place.site.name),
            };
            let Some(value) = value else {
                continue;
            };
            let keys = match place.key {
                None => Keys::All,
                Some(key) => match self.string(holder, key) {
                    // The chart has a default of its own.
                    None if place.of_values => Keys::All,
                    key => Keys::Listed(key.into_iter().map(|(key, _)| key).collect()),
                },
            };
            let named: Vec<Cursor<'_>> =
                if value.is_sequence() { value.items().collect() } else { vec![value] };
            for node in named {
                if place.of_values && !self.is_name(node) {
                    continue;
                }
                if let Some(name) = node.str().filter(|name| !name.is_empty()) {
                    let optional =
                        place.of_values && holder.get("optional").is_some_and(Cursor::is_true);
                    self.references.push(Reference {
                        template: TemplateId::at(0),
                        site: place.site.clone(),
                        name: name.into(),
                        name_span: node.span(),
                        optional,
                        keys: keys.clone(),
                        why: match keys {
                            Keys::All => Grounds::All,
                            _ => Grounds::Named,
                        },
                        spot: SiteLabel::default(),
                    });
                }
            }
        }
    }

    /// The items of a list, or the values of a mapping, because charts accept both. The meaning of a text
    /// in this place is unknown.
    fn each(&mut self, node: Cursor<'a>, step: &PathStep) -> Vec<Cursor<'a>> {
        if node.is_mapping() {
            let mut all = Vec::new();
            for (key, value) in node.pairs() {
                match key.is_merge_key() {
                    true => {
                        let merged = value.target();
                        let lists = merged.is_sequence().then(|| merged.items().collect());
                        for one in lists.unwrap_or_else(|| vec![merged]) {
                            all.extend(self.each(one, &PathStep::AnyField));
                        }
                    }
                    false => all.push(value.target()),
                }
            }
            return all;
        }
        if *step == PathStep::EachItem && node.str().is_some_and(|text| !text.trim().is_empty()) {
            self.unknown.push(UnknownName { at: node.span(), is_text: true });
        }
        node.items().collect()
    }

    /// Whether a value is a name. The result of a template of the chart is not guessed.
    fn is_name(&mut self, node: Cursor<'a>) -> bool {
        let what = match node.value() {
            Ok(Value::Str(text)) if text.contains("{{") => {
                self.unknown.push(UnknownName { at: node.span(), is_text: false });
                return false;
            }
            Ok(Value::Str(_)) => return true,
            Ok(Value::Null | Value::Bool(false)) => return false,
            Ok(other) => other.type_name(),
            Err(error) => error.0,
        };
        let message = format!("{what} stands where a name is expected");
        self.refuse(Code::InvalidObject, Refusal { at: node.span(), message, related: None });
        false
    }

    fn reference(&mut self, node: Cursor<'a>, site: &'static Site, within: ListPosition<'a>) {
        let Some((name, name_node)) = self.string(node, &site.name) else {
            return;
        };
        if name.is_empty() {
            return;
        }
        let optional = self.field(node, "optional").is_some_and(Cursor::is_true);
        let mut mounts = Vec::new();
        let (keys, why) = match site.reads {
            Reads::Nothing => (Keys::None, Grounds::Site),
            Reads::Env => (Keys::Env, Grounds::All),
            Reads::Key => {
                let key = self.string(node, "key").map(|(key, _)| key);
                (Keys::One(key.unwrap_or_default()), Grounds::Named)
            }
            Reads::Files => self.files(node, within.volume(site), &mut mounts),
        };
        self.references.push(Reference {
            template: TemplateId::at(0),
            site: TableRow::BuiltIn(site),
            name,
            name_span: name_node.span(),
            optional,
            keys,
            why,
            spot: within.spot(site, mounts),
        });
    }

    /// The keys of a volume source that become files which at least one container sees.
    fn files(
        &mut self,
        node: Cursor<'a>,
        volume: Option<Cursor<'a>>,
        mounts: &mut Vec<Mount>,
    ) -> (Keys, Grounds) {
        let (mounted, why) = self.mounted(volume, mounts);
        let listed = self.listed(node);
        match (mounted, listed) {
            (Mounted::Never, _) => (Keys::None, why),
            (Mounted::Whole, None) => (Keys::All, why),
            (Mounted::Whole, Some(items)) => {
                let keys = items.into_iter().map(|(key, _)| key.into()).collect();
                (Keys::Listed(keys), Grounds::Items)
            }
            (Mounted::Parts(parts), None) => (Keys::Under(parts.into()), why),
            (Mounted::Parts(parts), Some(items)) => {
                let seen = |path: &[String]| parts.iter().any(|part| related(part, path));
                let keys: Box<[SmolStr]> = items
                    .into_iter()
                    .filter(|(_, path)| seen(path))
                    .map(|(key, _)| key.into())
                    .collect();
                // If no item is at a mounted path, no file is visible, whatever the source holds.
                if keys.is_empty() {
                    (Keys::None, Grounds::NothingShown)
                } else {
                    (Keys::Listed(keys), Grounds::ItemsInSubPaths)
                }
            }
        }
    }

    /// The `items` of a volume source as keys and cleaned paths; `None` if `items` is absent, null
    /// or empty.
    fn listed(&mut self, node: Cursor<'a>) -> Option<Vec<(String, Vec<String>)>> {
        let mut items = self.field(node, "items")?.items().peekable();
        items.peek()?;
        let mut listed = Vec::new();
        for item in items {
            let Some((key, _)) = self.string(item, "key") else {
                continue;
            };
            let path = self.string(item, "path").map_or_else(|| key.clone(), |(path, _)| path);
            listed.push((key.into(), clean(&path)));
        }
        Some(listed)
    }

    /// How containers mount a volume, and why the mounts limit the visible files or do not.
    fn mounted(
        &mut self,
        volume: Option<Cursor<'a>>,
        mounts: &mut Vec<Mount>,
    ) -> (Mounted, Grounds) {
        let Some((name, _)) = volume.and_then(|volume| self.string(volume, "name")) else {
            return (Mounted::Whole, Grounds::All);
        };
        if self.mounts.is_none() {
            self.mounts = Some(self.all_mounts());
        }
        let live = self.live.contains(&name);
        let mut parts = Vec::new();
        let mut whole = false;
        for mount in self.mounts.iter().flatten().filter(|mount| mount.volume == name) {
            mounts.push(mount.label.clone());
            match &mount.part {
                MountedPart::Whole if live => {}
                MountedPart::Whole | MountedPart::Unknown => whole = true,
                MountedPart::Below(part) => parts.push(part.clone()),
            }
        }
        let any = !mounts.is_empty();
        if whole {
            (Mounted::Whole, Grounds::All)
        } else if !self.built_in && !live {
            (Mounted::Whole, Grounds::Operator)
        } else if !parts.is_empty() && live {
            (Mounted::Parts(parts), Grounds::LiveSubPaths)
        } else if any && live {
            (Mounted::Never, Grounds::Live)
        } else if any {
            (Mounted::Parts(parts), Grounds::SubPaths)
        } else {
            (Mounted::Never, Grounds::NotMounted)
        }
    }

    fn all_mounts(&mut self) -> Vec<VolumeMount> {
        let mut mounts = Vec::new();
        for list in CONTAINER_LISTS {
            let containers = self.pod_spec.and_then(|pod_spec| self.field(pod_spec, list));
            for container in containers.into_iter().flat_map(Cursor::items) {
                let volume_mounts = self.field(container, "volumeMounts");
                for mount in volume_mounts.into_iter().flat_map(Cursor::items) {
                    let Some((volume, _)) = self.string(mount, "name") else {
                        continue;
                    };
                    let part = self.part(mount);
                    let label = site_label::mount(list, container, mount);
                    mounts.push(VolumeMount { volume, part, label });
                }
            }
        }
        mounts
    }

    /// The part of the volume that one mount shows.
    fn part(&mut self, mount: Cursor<'a>) -> MountedPart {
        let by_expression = self.string(mount, "subPathExpr").is_some_and(|(e, _)| !e.is_empty());
        let part = self.string(mount, "subPath").map(|(path, _)| clean(&path));
        match part {
            _ if by_expression => MountedPart::Unknown,
            None => MountedPart::Whole,
            Some(part) if part.is_empty() => MountedPart::Whole,
            Some(part) if part[0].starts_with("..") => MountedPart::Unknown,
            Some(part) => MountedPart::Below(part),
        }
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
