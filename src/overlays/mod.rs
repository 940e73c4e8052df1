//! Compares the builds of overlays with the stamps in their files: in the shared files, and in the
//! [stamps file](crate::patches) of each overlay.

mod envsubst;
mod origin;
mod record;
mod applied;
mod together;

pub use applied::{BuildOutput, affixes, kustomization, substituted};
pub use origin::{explained_places, origin, written};
pub use record::{decode, encode};
pub use together::together;

use crate::extract::Template;
use crate::finding::{Code, Finding, Severity};
use crate::outcome::Outcome;
use crate::patches::{Stamp, StampPatch};
use crate::plan::{Decision, Planned, State};
use crate::scope::Placement;
use crate::text::Place;
use crate::yaml::path::Step;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// The stamps and findings of the build of one overlay. It holds digests and no values, so it can
/// be cached between runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The workloads that must have stamps, in the order of the build.
    pub needs: Vec<Need>,
    /// The findings about the build.
    pub told: Vec<Told>,
}

/// A workload that must have stamps, under the name that the build gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The workload and its stamps.
    pub patch: StampPatch,
    /// Whether the build has all of these stamps.
    pub is_right: bool,
}

/// A finding about a build. Its text is not kept, so it has no place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Told {
    /// Its code.
    pub code: Code,
    /// Its severity.
    pub severity: Severity,
    /// Its object, such as `Deployment web`.
    pub object: Option<String>,
    /// The sentence.
    pub message: String,
    /// The help.
    pub help: Option<String>,
}

/// A workload as a build names it: group, kind, name, namespace.
pub type BuiltName = (SmolStr, SmolStr, SmolStr, Option<SmolStr>);

fn key(patch: &StampPatch) -> BuiltName {
    (patch.group.clone(), patch.kind.clone(), patch.name.clone(), patch.namespace.clone())
}

/// The help for a wrong stamp in the build of an overlay.
const WRITE: &str = "run `rollstamp write --build` with the same builder and paths";

/// Summarizes the outcome of one build.
pub fn summary(outcome: &Outcome) -> Summary {
    let mut needs: Vec<Need> = Vec::new();
    let mut of_object = BTreeMap::new();
    for planned in &outcome.plan.workloads {
        let Decision::Stamp { value, state } = &planned.decision else { continue };
        let number = *of_object.entry(planned.object).or_insert_with(|| {
            needs.push(Need { patch: unstamped(outcome, planned), is_right: true });
            needs.len() - 1
        });
        let need = &mut needs[number];
        need.is_right &= *state == State::Current;
        need.patch.stamps.push(stamp(&outcome.manifests[planned.template], value));
    }
    let told = outcome.findings.iter().map(|finding| Told {
        code: finding.code,
        severity: finding.severity,
        object: finding.object.clone(),
        message: finding.message.clone(),
        help: finding.help.clone(),
    });
    Summary { needs, told: told.collect() }
}

fn unstamped(outcome: &Outcome, planned: &Planned) -> StampPatch {
    let id = &outcome.manifests[planned.object].id;
    StampPatch {
        group: id.group.clone(),
        kind: id.kind.clone(),
        name: id.name.clone(),
        namespace: id.namespace.clone(),
        version: id.version.clone(),
        stamps: Vec::new(),
    }
}

fn stamp(template: &Template, value: &str) -> Stamp {
    Stamp { way: template.annotations(), missing: template.missing, value: value.to_owned() }
}

/// The stamps that the shared files hold or get in this run, by the folder of each overlay that
/// applies them unchanged.
pub fn in_place(outcome: &Outcome) -> BTreeMap<String, BTreeMap<BuiltName, Vec<Stamp>>> {
    let mut all: BTreeMap<String, BTreeMap<BuiltName, Vec<Stamp>>> = BTreeMap::new();
    for planned in &outcome.plan.workloads {
        let Decision::Stamp { value, .. } = &planned.decision else { continue };
        let object = &outcome.manifests[planned.object];
        let Placement::In(memberships) = &outcome.units.placements[object.place.file.index()]
        else {
            continue;
        };
        for membership in memberships {
            let unit = outcome.units.get(membership.unit);
            if !unit.built {
                continue;
            }
            let mut patch = unstamped(outcome, planned);
            if let Some(namespace) = &membership.namespace {
                patch.namespace = Some(namespace.as_str().into());
            }
            let of_overlay = all.entry(unit.name.clone()).or_default();
            let stamps = of_overlay.entry(key(&patch)).or_default();
            stamps.push(stamp(&outcome.manifests[planned.template], value));
        }
    }
    all
}

/// The patches that the stamps file of an overlay must hold: one for each workload that does not
/// get the right stamps from the shared files. `in_place` are the stamps of these files; `entries`
/// are the present entries of the stamps file, whose effect is already in the build. With `all`,
/// every workload has a patch.
pub fn patches(
    summary: &Summary,
    in_place: Option<&BTreeMap<BuiltName, Vec<Stamp>>>,
    entries: &[&StampPatch],
    all: bool,
) -> Vec<StampPatch> {
    let is_listed = |patch: &StampPatch| {
        entries.iter().any(|entry| {
            entry.group == patch.group && entry.kind == patch.kind && entry.name == patch.name
        })
    };
    let is_wanted = |need: &&Need| {
        let shared = in_place.and_then(|stamps| stamps.get(&key(&need.patch)));
        let is_shared = shared.is_some_and(|stamps| same_values(stamps, &need.patch.stamps));
        // The stamp may be in a file that is not part of this run: the build has it, and no patch
        // sets it.
        let is_elsewhere = shared.is_none() && need.is_right && !is_listed(&need.patch);
        all || !(is_shared || is_elsewhere)
    };
    summary.needs.iter().filter(is_wanted).map(|need| need.patch.clone()).collect()
}

/// Whether two lists hold the same values for the same pod templates.
fn same_values(one: &[Stamp], other: &[Stamp]) -> bool {
    let pairs = |stamps: &[Stamp]| -> BTreeSet<(Vec<Step>, String)> {
        stamps.iter().map(|stamp| (stamp.way.clone(), stamp.value.clone())).collect()
    };
    pairs(one) == pairs(other)
}

/// The findings about the builds of several overlays: one finding for each problem, with the
/// overlays that have it. `builds` are the folder, the kustomization file and the summary of each
/// overlay; `origin` returns the place of an object of an overlay in the source files, if it is
/// known. Without it, and if overlays take the object from different places, the place of a finding
/// is the kustomization of the first overlay.
pub fn findings<'a>(
    builds: impl IntoIterator<Item = (&'a str, &'a str, &'a Summary)>,
    origin: impl Fn(&str, &str) -> Option<Place>,
) -> Vec<Finding> {
    let mut same: BTreeMap<&Told, Vec<(&str, &str)>> = BTreeMap::new();
    for (folder, file, summary) in builds {
        for told in &summary.told {
            let overlays = same.entry(told).or_default();
            if overlays.last() != Some(&(folder, file)) {
                overlays.push((folder, file));
            }
        }
    }
    let finding = |(told, overlays): (&Told, Vec<(&str, &str)>)| {
        let folders: Vec<&str> = overlays.iter().map(|(folder, _)| *folder).collect();
        let message = format!("{} (built from {})", told.message, folders.join(", "));
        let mut finding = Finding::new(told.code, message);
        let mut places = folders.iter().map(|folder| origin(folder, told.object.as_deref()?));
        let first = places.next().flatten();
        finding = match first.filter(|_| places.all(|place| place == first)) {
            Some(place) => finding.at(place),
            None => finding.in_file(overlays[0].1),
        };
        finding.severity = told.severity;
        finding.object.clone_from(&told.object);
        finding.help = match told.code {
            Code::MissingStamp | Code::StaleStamp | Code::LeftOverStamp => Some(WRITE.to_owned()),
            _ => told.help.clone(),
        };
        finding
    };
    same.into_iter().map(finding).collect()
}
