//! One of the two states: an outcome, viewed as the objects that an apply receives.

use super::{At, Name, Side};
use crate::config::options::UnitRule;
use crate::edit::FileChange;
use crate::extract::{Manifests, Object, ObjectId, Source, SourceId};
use crate::outcome::Outcome;
use crate::plan::Planned;
use crate::text::FileId;
use crate::text::input::Found;
use std::collections::BTreeMap;

/// One of the two states.
pub struct ComparedState<'a> {
    pub(super) side: Side,
    pub(super) outcome: &'a Outcome,
    namespace: Option<&'a str>,
    unit: UnitRule,
    roots: &'a [String],
    /// The edits of each file that changes.
    changes: BTreeMap<FileId, &'a FileChange>,
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
    /// A state. `namespace` is the namespace of objects without one; `roots` are the named paths, with
    /// which the names of the files begin.
    pub fn new(
        side: Side,
        outcome: &'a Outcome,
        namespace: Option<&'a str>,
        unit: UnitRule,
        roots: &'a [String],
    ) -> Self {
        let changes = outcome.changes.iter().map(|change| (change.file, change)).collect();
        Self { side, outcome, namespace, unit, roots, changes }
    }

    /// The edits that rollstamp would make in a file.
    pub(super) fn change(&self, file: FileId) -> Option<&'a FileChange> {
        self.changes.get(&file).copied()
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

    /// The sources, in the order of the input.
    pub(super) fn sources(&self) -> Vec<ProvidedSource<'a>> {
        let manifests = self.manifests();
        let named = manifests.sources().map(|(at, source)| ProvidedSource {
            at,
            object: manifests.owner(at),
            source,
        });
        named.filter(|p| manifests[p.object.place.file].input.is_named()).collect()
    }

    /// A source of this state.
    pub(super) fn source(&self, at: SourceId) -> &'a Source {
        &self.manifests()[at]
    }

    /// The apply unit of a file: the folder or the file, relative to the named path.
    pub(super) fn unit(&self, file: FileId) -> String {
        let input = &self.manifests()[file].input;
        let whole = match (self.unit, input.found) {
            (_, Found::Stream | Found::Named) => return String::new(),
            (UnitRule::File, _) => &input.name,
            (UnitRule::Dir | UnitRule::Tree, _) => &input.folder,
        };
        let root = match input.found {
            Found::Walked(argument) => self.roots.get(argument).map_or("", String::as_str),
            _ => "",
        };
        // Reading `.` gives folders the names `./a`, a revision of git gives them the names `a`.
        let plain = match whole.as_str() {
            "." => "",
            other => other.strip_prefix("./").unwrap_or(other),
        };
        plain.strip_prefix(root).unwrap_or(plain).trim_matches('/').to_owned()
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
