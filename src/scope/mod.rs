//! Which texts make one apply unit: what one `kubectl apply` receives. References resolve inside.

pub mod kustomize;

use crate::config::options::UnitRule;
use crate::config::policy::Declared;
use crate::finding::divergence::Divergence;
use crate::text::input::{Found, Input};
use globset::GlobSet;
use std::collections::{BTreeMap, BTreeSet};

/// The number of an apply unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitId(pub u32);

/// What one `kubectl apply` receives: the sources that it sees. Whose workloads are resolved in it
/// is said file by file, in [`Units::homes`], so that a unit can see more than it stamps.
#[derive(Default)]
pub struct Unit {
    /// What people call it: of a leaf kustomization its folder, of a declared unit its name, else
    /// nothing.
    pub name: String,
    /// Whether kustomize builds it, so that what it holds may be changed on the way.
    pub built: bool,
    /// The files whose sources it sees, in their order.
    pub sees: Vec<Member>,
    /// The objects that are not applied as they are written, by file and position, and why not.
    pub changed: BTreeMap<(usize, usize), Divergence>,
    /// Why the unit may apply objects that are not here.
    pub open: Option<Divergence>,
}

/// What a unit sees of a file.
pub struct Member {
    /// The file.
    pub file: usize,
    /// This object of it; all of them if none is named.
    pub object: Option<usize>,
    /// The namespace into which the unit puts all objects, whatever they say.
    pub namespace: Option<String>,
}

impl Member {
    fn whole(file: usize) -> Self {
        Self { file, object: None, namespace: None }
    }
}

/// In which units the workloads of a file are resolved.
pub enum Home {
    /// In these, which must agree. In none, if the file is only read.
    In(Vec<Seat>),
    /// This is not known, so they are left alone.
    Unknown(Divergence),
}

/// The place of a file in a unit.
pub struct Seat {
    /// The unit.
    pub unit: UnitId,
    /// The namespace into which the unit puts all objects, whatever they say.
    pub namespace: Option<String>,
}

impl Seat {
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
    pub homes: Vec<Home>,
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

    /// Whether nothing in a file is changed on its way into the units that apply it.
    pub fn applies_as_written(&self, file: usize) -> bool {
        let is_unchanged = |seat: &Seat| {
            let changed = &self.get(seat.unit).changed;
            changed.range((file, 0)..(file + 1, 0)).next().is_none()
        };
        match &self.homes[file] {
            Home::In(seats) => seats.iter().all(is_unchanged),
            Home::Unknown(_) => false,
        }
    }

    /// Whether the file's objects take part in any way: they are stamped, or seen by others.
    pub fn takes_part(&self, file: usize) -> bool {
        matches!(&self.homes[file], Home::In(seats) if !seats.is_empty())
    }
}

/// Groups the inputs: into the units that the configuration declares, and what is left by the rule of
/// the command line. Streams and named files are together one unit, as `kubectl apply -f a -f b` takes
/// them; of walked files `rule` decides. Files in `elsewhere` are left out: their homes are said by
/// others.
pub fn assign(
    inputs: &[Input],
    rule: UnitRule,
    declared: &[Declared],
    elsewhere: &BTreeSet<usize>,
) -> Units {
    let mut units = Units::default();
    let mut homes: Vec<Vec<Seat>> = inputs.iter().map(|_| Vec::new()).collect();
    for row in declared {
        take(row, inputs, elsewhere, &mut units, &mut homes);
    }
    let mut numbers: BTreeMap<String, UnitId> = BTreeMap::new();
    for (file, input) in inputs.iter().enumerate() {
        let name = match (input.found, rule) {
            (Found::Context, _) => None,
            _ if elsewhere.contains(&file) || !homes[file].is_empty() => None,
            (Found::Stream | Found::Named, _) => Some(String::new()),
            (Found::Walked(root), UnitRule::Tree) => Some(format!("tree {root}")),
            (Found::Walked(_), UnitRule::Dir) => Some(format!("dir {}", input.folder)),
            (Found::Walked(_), UnitRule::File) => Some(format!("file {}", input.file.name)),
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
        homes[file].push(Seat::plain(unit));
    }
    units.homes = homes.into_iter().map(Home::In).collect();
    units
}

/// Makes a declared unit of the files that its globs take. What nobody named is only seen.
fn take(
    row: &Declared,
    inputs: &[Input],
    elsewhere: &BTreeSet<usize>,
    units: &mut Units,
    homes: &mut [Vec<Seat>],
) {
    let below = |file: usize| {
        let path = inputs[file].below.as_deref();
        path.filter(|_| !elsewhere.contains(&file))
    };
    let of = |globs: &GlobSet| -> Vec<usize> {
        let files = 0..inputs.len();
        files.filter(|&file| below(file).is_some_and(|path| globs.is_match(path))).collect()
    };
    let own = of(&row.files);
    if own.is_empty() {
        return;
    }
    let mut seen: BTreeSet<usize> = own.iter().copied().collect();
    seen.extend(of(&row.also));
    let unit = units.push(Unit {
        name: row.name.clone(),
        sees: seen.into_iter().map(Member::whole).collect(),
        ..Unit::default()
    });
    for file in own {
        if inputs[file].found != Found::Context {
            homes[file].push(Seat::plain(unit));
        }
    }
}
