//! Which texts make one apply unit: what one `kubectl apply` receives. References resolve inside.

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

/// What one `kubectl apply` receives: the sources that it sees. Whose workloads are resolved in it
/// is said file by file, in [`Units::placements`], so that a unit can see more than it stamps.
#[derive(Default)]
pub struct Unit {
    /// What people call it: of a leaf kustomization its folder, of what a controller applies the object that
    /// says so, of a declared unit its name, else nothing.
    pub name: String,
    /// Whether kustomize builds it, so that what it holds may be changed on the way.
    pub built: bool,
    /// The files whose sources it sees, in their order.
    pub sees: Vec<Member>,
    /// The objects that are not applied as they are written, and why not.
    pub changed: BTreeMap<ObjectId, Divergence>,
    /// The sources of which single keys are not applied as they are written, and why not.
    pub changed_keys: BTreeMap<ObjectId, BTreeMap<SmolStr, Divergence>>,
    /// Why the unit may apply objects that are not here.
    pub open: Option<Divergence>,
    /// The stamps file that its kustomization names, as it stands. Nothing, if the run makes it anew.
    pub stamps: Option<StampsFile>,
    /// The sources into whose values a controller puts what is not known here.
    pub substitutions: BTreeMap<ObjectId, Vec<UnknownSubstitution>>,
    /// Of a leaf kustomization, a number for all that it and those which it includes say, where the run is
    /// compared with another one.
    pub recipe: Option<u64>,
    /// The object by which a controller applies it: what it does, and its document.
    pub applied_by: Option<(Indirect, Place)>,
}

/// A variable in a value of a source that a controller puts in when it applies the source, and of which
/// nothing is known here.
#[derive(Clone)]
pub struct UnknownSubstitution {
    /// The key of the value; nothing, if it is not known.
    pub key: Option<String>,
    /// The name of the variable.
    pub variable: String,
    /// The object that says so, `Kustomization flux-system/apps`.
    pub by: String,
    /// Where the variable stands.
    pub place: Place,
    /// Where the object says so.
    pub said: Place,
    /// Why the value of the variable is not known.
    pub why: UnknownVariable,
}

/// The [stamps file](crate::patches) of an overlay, as it stands.
pub struct StampsFile {
    /// Its path, as people would write it from here.
    pub name: String,
    /// The kustomization file that names it.
    pub named_by: FileId,
    /// Where it is named.
    pub at: Span,
    /// The workloads that it stamps.
    pub entries: Vec<StampPatch>,
}

/// What a unit sees of a file.
pub struct Member {
    /// The file.
    pub file: FileId,
    /// This object, which a generator made of it; all objects of its text if none is named.
    pub object: Option<ObjectId>,
    /// The namespace into which the unit puts all objects, whatever they say.
    pub namespace: Option<String>,
}

impl Member {
    fn whole(file: FileId) -> Self {
        Self { file, object: None, namespace: None }
    }
}

/// In which units the workloads of a file are resolved.
pub enum Placement {
    /// In these units, which must need the same stamps. In none, if the file is only read.
    In(Vec<Membership>),
    /// In no unit: the file is a patch of a kustomization, so what looks like an object is none.
    Patch,
    /// The units are not known, for this reason, so the workloads are left alone.
    Unknown(Divergence),
}

/// The place of a file in a unit.
pub struct Membership {
    /// The unit.
    pub unit: UnitId,
    /// The namespace into which the unit puts all objects, whatever they say.
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
    /// One entry a file.
    pub placements: Vec<Placement>,
    /// The files with the name of a stamps file that no kustomization names.
    pub unwired: Vec<FileId>,
}

impl Units {
    /// The unit with this number.
    pub fn get(&self, id: UnitId) -> &Unit {
        &self.all[id.0 as usize]
    }

    /// One more unit.
    pub fn push(&mut self, unit: Unit) -> UnitId {
        self.all.push(unit);
        UnitId(crate::text::offset(self.all.len() - 1))
    }

    /// Where the workloads of a file are resolved.
    pub fn placement(&self, file: FileId) -> &Placement {
        &self.placements[file.index()]
    }

    /// The units in which the workloads of a file are resolved, where that is known.
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

    /// Whether nothing in a file is changed on its way into the units that apply it.
    pub fn applies_as_written(&self, manifests: &Manifests, file: FileId) -> bool {
        let is_unchanged = |membership: &Membership| {
            let Unit { changed, changed_keys, .. } = self.get(membership.unit);
            let mut objects = manifests[file].objects.iter();
            !objects.any(|at| changed.contains_key(&at) || changed_keys.contains_key(&at))
        };
        self.memberships(file).is_some_and(|memberships| memberships.iter().all(is_unchanged))
    }

    /// Whether the file's objects take part in any way: they are stamped, or seen by others.
    pub fn takes_part(&self, file: FileId) -> bool {
        self.memberships(file).is_some_and(|memberships| !memberships.is_empty())
    }
}

impl Unit {
    /// The files that it sees as they stand; what generators make of them is left out.
    fn files(&self) -> impl Iterator<Item = &Member> {
        self.sees.iter().filter(|member| member.object.is_none())
    }

    /// The objects that it sees, each with the namespace into which the unit puts it.
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

/// Groups the inputs: into the units that the configuration declares, and what is left by the rule of
/// the command line. Streams and named files are together one unit, as `kubectl apply -f a -f b` takes
/// them; of walked files `rule` decides. Files in `elsewhere` are left out: their homes are said by
/// others.
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

/// Makes a declared unit of the files that its globs take. What nobody named is only seen.
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
