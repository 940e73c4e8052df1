//! Files below a kustomization: follows what each leaf builds from them, without building it.
//!
//! Kustomizations build the applied manifests from such a file: the same base serves several
//! overlays, and each may change it. So this stage follows every leaf (a kustomization that no
//! other one includes) through its resources, bases and components, in the order of kustomize. It
//! makes the leaf an apply unit: its files, its generated sources, the namespace that it sets on
//! them, and its changes. The plan stamps a workload only if all its leaves agree. Tables say which
//! fields are harmless; a field that is not in a table may change anything.

mod harmless;
mod fields;
mod material;
mod accumulator;
mod generator;
mod found;
mod graph;
mod recipe;
mod patch;
mod kustomization;
mod divergence;
mod applier;
mod argo;
mod variables;
mod substitution;

pub use applier::{
    Applier, Directory, FLUX_GROUP, Substitute, VariableSource, appliers, artifact_folders,
    repositories, variable_sources,
};
pub use argo::{ARGO_GROUP, Globs, InRepository, applications};
pub use found::{Applied, Generated, IncludedText, Kustomization, Kustomizations};
pub use kustomization::{NamedFiles, names};
pub use material::{Child, Material, PatchFile};
pub use substitution::{ApplierChange, applier_change};
pub use variables::{VariableValue, Variables, is_switched_off};

use crate::config::options::{Goal, Options};
use crate::extract::Manifests;
use crate::finding::divergence::{Cause, Divergence};
use crate::patches;
use crate::scope::{Member, Membership, Placement, Unit, Units};
use crate::text::FileId;
use crate::text::input::IS_ON_A_MACHINE;
use crate::text::input::Input;
use std::collections::{BTreeMap, BTreeSet};

/// The units of a run: one for each leaf kustomization, and, for all other files, those that
/// `assign` makes; and the output of generators. `looks` has an entry for each
/// [included](Kustomizations::included) file.
pub fn units(
    manifests: &Manifests,
    found: &Kustomizations,
    looks: &BTreeMap<FileId, IncludedText>,
    options: &Options,
    assign: impl FnOnce(&BTreeSet<FileId>) -> Units,
) -> (Units, Generated) {
    // `strip` removes a stamp in any place, so it needs no kustomizations. The page program has none, and is
    // smaller without the code for them.
    if options.goal == Goal::Strip || !IS_ON_A_MACHINE {
        return (assign(&BTreeSet::new()), Generated::default());
    }
    let graph = graph::Inclusions::new(manifests, found, looks, options);
    let patches = graph.patch_inputs();
    let wired = graph.wired();
    let (mut leaves, generated) = graph.leaves();
    if options.compares {
        let mut recipes = recipe::Recipes::of(found);
        leaves.iter_mut().for_each(|(k, unit)| unit.recipe = Some(recipes.get(*k)));
    }
    let leaves: Vec<Unit> = leaves.into_iter().map(|(_, unit)| unit).collect();
    let mut placements: BTreeMap<FileId, Vec<Membership>> = BTreeMap::new();
    let is_below = |file: &FileId| manifests[*file].input.kustomization.is_some();
    let mut raw: BTreeSet<FileId> = manifests.files().filter(is_below).collect();
    raw.extend(leaves.iter().flat_map(|unit| unit.files().map(|member| member.file)));
    raw.extend(&patches);
    let mut units = assign(&raw);
    for leaf in leaves {
        let unit = units.push(leaf);
        for Member { file, namespace, .. } in units.get(unit).files() {
            // Another file is read for its sources only.
            if manifests[*file].input.is_looked_at() {
                let membership = Membership { unit, namespace: namespace.clone() };
                placements.entry(*file).or_default().push(membership);
            }
        }
    }
    units.unwired = unwired(manifests, &wired, found);
    for &file in &raw {
        let input = &manifests[file].input;
        units.placements[file.index()] = match placements.remove(&file) {
            Some(memberships) => Placement::In(memberships),
            // A patch looks like an object, but is not one.
            None if patches.contains(&file) => Placement::Patch,
            None if !input.is_looked_at() => Placement::In(Vec::new()),
            None => Placement::Unknown(unlisted(input)),
        };
    }
    (units, generated)
}

/// The files with the name of a stamps file that no kustomization names. `wired` are the folders
/// whose kustomization names the stamps file in it.
fn unwired(manifests: &Manifests, wired: &BTreeSet<&str>, found: &Kustomizations) -> Vec<FileId> {
    let is_unwired = |file: &FileId| {
        let input = &manifests[*file].input;
        let Some(name) = input.name.strip_suffix(patches::FILE_NAME) else { return false };
        if !(input.is_looked_at() && (name.is_empty() || name.ends_with('/'))) {
            return false;
        }
        let folder = name.strip_suffix('/').unwrap_or(".");
        let above = input.kustomization.as_deref().map(|path| {
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            if above.is_empty() { "." } else { above }
        });
        // A kustomization that includes no file of this run was not read.
        let is_read = found.0.iter().any(|k| k.folder == folder);
        !wired.contains(folder) && (is_read || above != Some(folder))
    };
    match found.0.is_empty() {
        true => Vec::new(),
        false => manifests.files().filter(is_unwired).collect(),
    }
}

fn unlisted(input: &Input) -> Divergence {
    let below = input.kustomization.as_deref().unwrap_or("a kustomization");
    Divergence::of(Cause::NotIncluded(below.to_owned()))
}
