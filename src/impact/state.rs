//! One of the two states: an outcome, viewed as the objects that an apply receives.

use super::objects::ListDocument;
use super::sources::base_name;
use super::{At, Name, Side};
use crate::config::options::UnitRule;
use crate::edit::FileChange;
use crate::extract::{Manifests, Object, ObjectId, Source, SourceId};
use crate::outcome::Outcome;
use crate::plan::{Planned, Reason};
use crate::scope::UnitId;
use crate::text::input::Found;
use crate::text::{FileId, Span, offset};
use std::collections::{BTreeMap, BTreeSet};

/// One of the two states.
pub struct ComparedState<'a> {
    pub(super) side: Side,
    pub(super) outcome: &'a Outcome,
    namespace: Option<&'a str>,
    unit: UnitRule,
    roots: &'a NamedRoots,
    /// The edits of each file that changes.
    changes: BTreeMap<FileId, &'a FileChange>,
    /// The documents with objects in lists.
    lists: BTreeMap<(FileId, Span), ListDocument>,
}

/// The named paths of a state, each with the name of the same place in both states.
#[derive(Default)]
pub struct NamedRoots(Vec<(String, String)>);

impl NamedRoots {
    /// The paths of a single state, in the form with which the names of files below them begin.
    pub fn of_one(names: Vec<String>) -> Self {
        Self::of_both(Vec::new(), names).1
    }

    /// The paths of two states. If each state has one path, they are the same place, whatever their names
    /// are. Otherwise, two paths with the same name are the same place, and the others are paired by their
    /// positions.
    pub fn of_both(before: Vec<String>, after: Vec<String>) -> (Self, Self) {
        let is_one = before.len() < 2 && after.len() < 2;
        let places = |name: &String| if is_one { String::new() } else { name.clone() };
        let new: Vec<String> = after.iter().map(places).collect();
        let old = before.iter().enumerate().map(|(position, name)| match after.get(position) {
            Some(_) if is_one => String::new(),
            Some(other) if !after.contains(name) && !before.contains(other) => other.clone(),
            _ => places(name),
        });
        let old: Vec<String> = old.collect();
        (Self(before.into_iter().zip(old).collect()), Self(after.into_iter().zip(new).collect()))
    }

    /// The name of a file or folder relative to the named paths; it is the same in both states.
    pub fn below(&self, whole: &str) -> String {
        // A walk from `.` names folders `./a`, a revision of git names them `a`.
        let plain = match whole {
            "." => "",
            other => other.strip_prefix("./").unwrap_or(other),
        };
        let below = |root: &str| {
            let rest = plain.strip_prefix(root)?;
            (root.is_empty() || rest.is_empty() || rest.starts_with('/')).then_some(rest)
        };
        let found = self.0.iter().filter(|(root, _)| below(root).is_some());
        let Some((root, place)) = found.max_by_key(|(root, _)| root.len()) else {
            return plain.to_owned();
        };
        let rest = below(root).unwrap_or(plain).trim_matches('/');
        let parts = [place.as_str(), rest].into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("/")
    }
}

/// A set of objects that are applied together. Two objects are applied together if they have one of these
/// sets in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Together {
    /// The objects that this apply unit sees.
    Seen(UnitId),
    /// The objects in this folder or file that no apply unit sees.
    Below(String),
}

/// The apply units that see each file.
pub(super) struct Sights(BTreeMap<FileId, Vec<UnitId>>);

impl Sights {
    /// The sets to which the objects of a file belong.
    pub(super) fn of(&self, state: &ComparedState<'_>, file: FileId) -> Vec<Together> {
        match self.0.get(&file) {
            Some(units) => units.iter().map(|unit| Together::Seen(*unit)).collect(),
            None => vec![Together::Below(state.unit(file))],
        }
    }
}

/// A workload of a state.
pub(super) struct SideWorkload<'a> {
    pub(super) at: ObjectId,
    pub(super) object: &'a Object,
    /// The decisions about its pod templates.
    pub(super) planned: Vec<&'a Planned>,
}

/// A source of a state.
#[derive(Clone, Copy)]
pub(super) struct ProvidedSource<'a> {
    pub(super) at: SourceId,
    pub(super) object: &'a Object,
    pub(super) source: &'a Source,
}

impl<'a> ComparedState<'a> {
    /// A state. `namespace` is the namespace of objects without one; `roots` are the named paths.
    pub fn new(
        side: Side,
        outcome: &'a Outcome,
        namespace: Option<&'a str>,
        unit: UnitRule,
        roots: &'a NamedRoots,
    ) -> Self {
        let changes = outcome.changes.iter().map(|change| (change.file, change)).collect();
        let in_lists = outcome.manifests.objects().filter(|(_, object)| !object.route.is_empty());
        let lists = in_lists.map(|(_, object)| (object.place.file, object.document));
        let lists = lists.map(|document| (document, ListDocument::default())).collect();
        Self { side, outcome, namespace, unit, roots, changes, lists }
    }

    /// The edits that rollstamp would make in a file.
    pub(super) fn change(&self, file: FileId) -> Option<&'a FileChange> {
        self.changes.get(&file).copied()
    }

    /// The document of an object, if it holds several objects.
    pub(super) fn list(&self, object: &Object) -> Option<&ListDocument> {
        self.lists.get(&(object.place.file, object.document))
    }

    /// Whether a pod template has a stamp, or a source has a name that rollstamp wrote.
    pub(super) fn has_stamps(&self) -> bool {
        let manifests = self.manifests();
        let mut names = manifests.sources().filter_map(|(_, source)| source.naming.as_ref());
        manifests.templates().any(|(_, template)| template.stamp_seen)
            || names.any(|naming| naming.base.is_some())
    }

    /// The facts of all texts of this state.
    pub(super) fn manifests(&self) -> &'a Manifests {
        &self.outcome.manifests
    }

    /// The text of a file. The texts of a state stay in memory.
    pub(super) fn text(&self, file: FileId) -> &'a str {
        self.outcome.texts.get(file).unwrap_or_default()
    }

    /// The workloads, in the order of the input.
    pub(super) fn subjects(&self) -> Vec<SideWorkload<'a>> {
        let mut found: Vec<SideWorkload<'a>> = Vec::new();
        let mut known: BTreeMap<ObjectId, usize> = BTreeMap::new();
        for planned in &self.outcome.plan.workloads {
            let at = planned.object;
            let position = *known.entry(at).or_insert_with(|| {
                found.push(SideWorkload { at, object: &self.manifests()[at], planned: Vec::new() });
                found.len() - 1
            });
            found[position].planned.push(planned);
        }
        found
    }

    /// The sources, in the order of the input. A source in a file that the command line does not name counts
    /// only if a workload reads it.
    pub(super) fn sources(&self) -> Vec<ProvidedSource<'a>> {
        let manifests = self.manifests();
        let reasons = self.outcome.plan.workloads.iter().flat_map(|planned| &planned.reasons);
        let read: BTreeSet<SourceId> = reasons.filter_map(Reason::source).collect();
        let provided = manifests.sources().map(|(at, source)| ProvidedSource {
            at,
            object: manifests.owner(at),
            source,
        });
        let counts = |p: &ProvidedSource<'_>| {
            manifests[p.object.place.file].input.is_looked_at() || read.contains(&p.at)
        };
        provided.filter(counts).collect()
    }

    /// Whether a source has the kind and name that `is_meant` looks for; a name may have the suffix of its
    /// content, or not.
    pub fn has_source(&self, is_meant: impl Fn(&str, &str) -> bool) -> bool {
        self.manifests().sources().any(|(at, source)| {
            let kind = &self.manifests().owner(at).id.kind;
            is_meant(kind, &source.name) || is_meant(kind, base_name(&source.name))
        })
    }

    /// Whether a generator of a kustomization makes a source.
    pub(super) fn is_generated(&self, at: SourceId) -> bool {
        let manifests = self.manifests();
        let written = manifests[manifests.owner(at).place.file].objects.range();
        !written.contains(&manifests[at].object.index())
    }

    /// The hashes of the overlays that build a file, sorted; each hash covers everything that the overlay
    /// includes.
    pub(super) fn recipes(&self, file: FileId) -> Vec<u64> {
        let memberships = self.outcome.units.memberships(file).unwrap_or_default().iter();
        let units = memberships.map(|membership| self.outcome.units.get(membership.unit));
        let mut recipes: Vec<u64> = units.filter_map(|unit| unit.recipe).collect();
        recipes.sort_unstable();
        recipes
    }

    /// A source of this state.
    pub(super) fn source(&self, at: SourceId) -> &'a Source {
        &self.manifests()[at]
    }

    /// The apply units that see each file.
    pub(super) fn sights(&self) -> Sights {
        let mut seen: BTreeMap<FileId, Vec<UnitId>> = BTreeMap::new();
        for (number, unit) in self.outcome.units.all.iter().enumerate() {
            for member in unit.sees.iter().filter(|member| member.object.is_none()) {
                seen.entry(member.file).or_default().push(UnitId(offset(number)));
            }
        }
        Sights(seen)
    }

    /// The apply unit of a file: the folder or the file, relative to the named path.
    pub(super) fn unit(&self, file: FileId) -> String {
        let input = &self.manifests()[file].input;
        let whole = match (self.unit, input.found) {
            (_, Found::Stream | Found::Named) => return String::new(),
            (UnitRule::File, _) => &input.name,
            (UnitRule::Dir | UnitRule::Tree, _) => &input.folder,
        };
        self.roots.below(whole)
    }

    /// The namespace of an object; without one, the default namespace.
    pub(super) fn namespace(&self, own: Option<&str>) -> Option<String> {
        own.or(self.namespace).map(str::to_owned)
    }

    /// The name of an object in messages.
    pub(super) fn name(&self, object: &Object) -> Name {
        Name {
            kind: object.id.kind.to_string(),
            namespace: self.namespace(object.id.namespace.as_deref()),
            name: object.id.name.to_string(),
        }
    }

    /// A place of this state.
    pub(super) fn at(&self, place: crate::text::Place) -> At {
        At { side: self.side, place }
    }
}
