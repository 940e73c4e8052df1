//! Decides which texts form one apply unit, which is the set of manifests that one `kubectl apply`
//! receives. References resolve inside a unit.

pub mod kustomize;

use crate::config::options::UnitRule;
use crate::config::policy::DeclaredUnit;
use crate::extract::{Manifests, ObjectId};
use crate::finding::divergence::{Divergence, UnknownVariable};
use crate::k8s::indirect::Indirect;
use crate::patches::StampPatch;
use crate::text::input::Found;
use crate::text::{FileId, Place, Span};
use globset::GlobSet;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// The number of an apply unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitId(pub u32);

/// The manifests that one `kubectl apply` receives, with their sources. [`Units::placements`] says
/// for each file in which units its workloads are resolved, so a unit can have more files than it
/// stamps.
#[derive(Default)]
pub struct Unit {
    /// Its name in messages: the folder of a leaf kustomization, the object of a controller, or the
    /// name of a declared unit; empty for any other unit.
    pub name: String,
    /// Whether kustomize builds it, so that its objects may be changed.
    pub built: bool,
    /// The files whose sources it has, in order.
    pub sees: Vec<Member>,
    /// The objects that are not applied as they are written, with the reason.
    pub changed: BTreeMap<ObjectId, Divergence>,
    /// The sources with single keys that are not applied as they are written, with the reason.
    pub changed_keys: BTreeMap<ObjectId, BTreeMap<SmolStr, Divergence>>,
    /// The reason why the unit may apply objects that are not in the input.
    pub open: Option<Divergence>,
    /// The present stamps file that its kustomization names. `None` if the run writes it again.
    pub stamps: Option<StampsFile>,
    /// The sources in whose values a controller replaces variables without a known value.
    pub substitutions: BTreeMap<ObjectId, Vec<UnknownSubstitution>>,
    /// A digest of the leaf kustomization and of everything that it includes; it is computed only if the
    /// run is compared with another run.
    pub recipe: Option<u64>,
    /// The object by which a controller applies it: its effect, and its document.
    pub applied_by: Option<(Indirect, Place)>,
    /// The file of the object of a controller after which the unit is named.
    pub named_in: Option<FileId>,
}

/// A variable in a value of a source that a controller replaces when it applies the source, and
/// whose value is not known here.
#[derive(Clone)]
pub struct UnknownSubstitution {
    /// The key of the value; `None` if it is not known.
    pub key: Option<String>,
    /// The name of the variable.
    pub variable: String,
    /// The object that replaces it, `Kustomization flux-system/apps`.
    pub by: String,
    /// The place of the variable.
    pub place: Place,
    /// The place in the object.
    pub said: Place,
    /// The reason why the value of the variable is not known.
    pub why: UnknownVariable,
}

/// The present [stamps file](crate::patches) of an overlay.
pub struct StampsFile {
    /// Its path, relative to the current folder.
    pub name: String,
    /// The kustomization file that names it.
    pub named_by: FileId,
    /// Where it is named.
    pub at: Span,
    /// The workloads that it stamps.
    pub entries: Vec<StampPatch>,
}

/// The part of a file that belongs to a unit.
pub struct Member {
    /// The file.
    pub file: FileId,
    /// The object that a generator made from it; `None` for all objects of its text.
    pub object: Option<ObjectId>,
    /// The namespace that the unit sets on all objects.
    pub namespace: Option<String>,
}

impl Member {
    fn whole(file: FileId) -> Self {
        Self { file, object: None, namespace: None }
    }
}

/// The units in which the workloads of a file are resolved.
pub enum Placement {
    /// In these units, which must need the same stamps. Empty if the file is only read.
    In(Vec<Membership>),
    /// In no unit: the file is a patch of a kustomization, so its apparent objects are not objects.
    Patch,
    /// The units are not known, for this reason, so the workloads are not changed.
    Unknown(Divergence),
}

/// The place of a file in a unit.
pub struct Membership {
    /// The unit.
    pub unit: UnitId,
    /// The namespace that the unit sets on all objects.
    pub namespace: Option<String>,
}

impl Membership {
    fn plain(unit: UnitId) -> Self {
        Self { unit, namespace: None }
    }
}

/// The units of a run.
#[derive(Default)]
pub struct Units {
    /// The units.
    pub all: Vec<Unit>,
    /// One entry for each file.
    pub placements: Vec<Placement>,
    /// The files with the name of a stamps file that no kustomization names.
    pub unwired: Vec<FileId>,
}

impl Units {
    /// The unit with this number.
    pub fn get(&self, id: UnitId) -> &Unit {
        &self.all[id.0 as usize]
    }

    /// Adds a unit.
    pub fn push(&mut self, unit: Unit) -> UnitId {
        self.all.push(unit);
        UnitId(crate::text::offset(self.all.len() - 1))
    }

    /// The units in which the workloads of a file are resolved.
    pub fn placement(&self, file: FileId) -> &Placement {
        &self.placements[file.index()]
    }

    /// The units in which the workloads of a file are resolved, if they are known.
    pub fn memberships(&self, file: FileId) -> Option<&[Membership]> {
        match self.placement(file) {
            Placement::In(memberships) => Some(memberships),
            Placement::Patch | Placement::Unknown(_) => None,
        }
    }

    /// Whether the file is a patch of a kustomization, and holds no objects.
    pub fn is_patch(&self, file: FileId) -> bool {
        matches!(self.placement(file), Placement::Patch)
    }

    /// Whether all units that apply a file leave it unchanged.
    pub fn applies_as_written(&self, manifests: &Manifests, file: FileId) -> bool {
        let is_unchanged = |membership: &Membership| {
            let Unit { changed, changed_keys, .. } = self.get(membership.unit);
            let mut objects = manifests[file].objects.iter();
            !objects.any(|at| changed.contains_key(&at) || changed_keys.contains_key(&at))
        };
        self.memberships(file).is_some_and(|memberships| memberships.iter().all(is_unchanged))
    }

    /// Whether the objects of the file are used at all: they are stamped, or other units use them.
    pub fn takes_part(&self, file: FileId) -> bool {
        self.memberships(file).is_some_and(|memberships| !memberships.is_empty())
    }
}

impl Unit {
    /// The files that it has, without the output of generators.
    fn files(&self) -> impl Iterator<Item = &Member> {
        self.sees.iter().filter(|member| member.object.is_none())
    }

    /// The objects that it has, each with the namespace that the unit sets.
    pub fn objects<'a>(
        &'a self,
        manifests: &'a Manifests,
    ) -> impl Iterator<Item = (ObjectId, Option<&'a str>)> {
        self.sees.iter().flat_map(|member| {
            let of_file = member.object.is_none().then(|| manifests[member.file].objects.iter());
            let objects = member.object.into_iter().chain(of_file.into_iter().flatten());
            objects.map(|object| (object, member.namespace.as_deref()))
        })
    }
}

/// Groups the inputs into units: first into the units that the configuration declares, and the
/// remaining files by the rule of the command line. Streams and named files form one unit, as in
/// `kubectl apply -f a -f b`; for files below a named folder, `rule` decides. Files in `elsewhere`
/// are left out: their units are decided elsewhere.
pub fn assign(
    manifests: &Manifests,
    rule: UnitRule,
    declared: &[DeclaredUnit],
    elsewhere: &BTreeSet<FileId>,
) -> Units {
    let mut units = Units::default();
    let mut placements: Vec<Vec<Membership>> = manifests.files().map(|_| Vec::new()).collect();
    for row in declared {
        take(row, manifests, elsewhere, &mut units, &mut placements);
    }
    let mut numbers: BTreeMap<String, UnitId> = BTreeMap::new();
    for file in manifests.files() {
        let input = &manifests[file].input;
        let name = match (input.found, rule) {
            (Found::Context | Found::Built, _) => None,
            _ if elsewhere.contains(&file) || !placements[file.index()].is_empty() => None,
            (Found::Stream | Found::Named, _) => Some(String::new()),
            (Found::Walked(root), UnitRule::Tree) => Some(format!("tree {root}")),
            (Found::Walked(_), UnitRule::Dir) => Some(format!("dir {}", input.folder)),
            (Found::Walked(_), UnitRule::File) => Some(format!("file {}", input.name)),
        };
        let Some(name) = name else { continue };
        let unit = match numbers.get(&name) {
            Some(&unit) => unit,
            None => {
                let unit = units.push(Unit::default());
                numbers.insert(name, unit);
                unit
            }
        };
        units.all[unit.0 as usize].sees.push(Member::whole(file));
        placements[file.index()].push(Membership::plain(unit));
    }
    units.placements = placements.into_iter().map(Placement::In).collect();
    units
}

/// Makes a declared unit from the files that its globs match. Files that were not named are only
/// read.
fn take(
    row: &DeclaredUnit,
    manifests: &Manifests,
    elsewhere: &BTreeSet<FileId>,
    units: &mut Units,
    placements: &mut [Vec<Membership>],
) {
    let below = |file: FileId| {
        let path = manifests[file].input.below.as_deref();
        path.filter(|_| !elsewhere.contains(&file))
    };
    let of = |globs: &GlobSet| -> Vec<FileId> {
        let files = manifests.files();
        files.filter(|&file| below(file).is_some_and(|path| globs.is_match(path))).collect()
    };
    let own = of(&row.files);
    if own.is_empty() {
        return;
    }
    let mut seen: BTreeSet<FileId> = own.iter().copied().collect();
    seen.extend(of(&row.also));
    let unit = units.push(Unit {
        name: row.name.clone(),
        sees: seen.into_iter().map(Member::whole).collect(),
        ..Unit::default()
    });
    for file in own {
        if manifests[file].input.is_named() {
            placements[file.index()].push(Membership::plain(unit));
        }
    }
}
