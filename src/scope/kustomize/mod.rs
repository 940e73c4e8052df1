//! Files below a kustomization: follows what each leaf builds from them, without building it.
//!
//! Kustomizations build the applied manifests from such a file: the same base serves several
//! overlays, and each may change it. So this stage follows every leaf (a kustomization that no
//! other one includes) through its resources, bases and components, in the order of kustomize. It
//! makes the leaf an apply unit: its files, its generated sources, the namespace that it sets on
//! them, and its changes. The plan stamps a workload only if all its leaves agree. Tables say which
//! fields are harmless; a field that is not in a table may change anything.

mod harmless;
mod accumulator;
mod generator;
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
pub use kustomization::{NamedFiles, names};
pub use substitution::{ApplierChange, applier_change};
pub use variables::{VariableValue, Variables, is_switched_off};

use crate::config::options::{Goal, Options};
use crate::extract::{FollowsRenames, Ids, Manifests, Object, ObjectId, Source};
use crate::finding::divergence::{Cause, Divergence, Oddity};
use crate::k8s::id::Identity;
use crate::k8s::kustomize_names::POD_KINDS;
use crate::k8s::providers::Target;
use crate::patches;
use crate::scope::{Member, Membership, Placement, Unit, Units};
use crate::text::input::IS_ON_A_MACHINE;
use crate::text::input::Input;
use crate::text::{FileId, Place, Span};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// The kustomizations that include the files of a run, as they were found.
#[derive(Default)]
pub struct Kustomizations(pub Vec<Kustomization>);

/// A kustomization as it was found.
pub struct Kustomization {
    /// Its file.
    pub input: FileId,
    /// Its text.
    pub text: String,
    /// The folder that `kustomize build` takes.
    pub folder: String,
    /// Its resources, bases and components, by their names in the text.
    pub children: BTreeMap<String, Child>,
    /// The existing files with its patches, by their names in the text.
    pub patches: BTreeMap<String, PatchFile>,
    /// The files inside its folder that its generators read, by their names in the text.
    pub material: BTreeMap<String, Material>,
    /// The object of a controller that it stands for, if it is not a kustomization file.
    pub applied: Option<Applied>,
}

/// A folder that a controller builds and applies.
#[derive(Clone)]
pub struct Applied {
    /// The object that applies the folder.
    pub by: Applier,
    /// The variables that are replaced after the build.
    pub variables: Variables,
}

/// An included file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// Another kustomization, by its position.
    Kustomization(usize),
    /// This file.
    File(FileId),
    /// A resource that is not here: it is remote or missing.
    Absent,
}

/// A file with patches.
pub struct PatchFile {
    /// Its text.
    pub text: String,
    /// The file, if it is one of the inputs; it then holds no objects.
    pub input: Option<FileId>,
}

/// The bytes of a file that a generator reads. They may be those of a Secret: no Debug, no Display.
pub struct Material(pub Vec<u8>);

/// The output of generators: objects with their sources. They follow all objects of the texts.
#[derive(Default)]
pub struct Generated(pub Vec<(Object, Source)>);

/// Properties of the text of an included file that matter to kustomize.
pub struct IncludedText {
    /// The documents that kustomize reads otherwise than `kubectl`, and why.
    odd: Vec<(Span, Oddity)>,
    /// Whether it has internal annotations of kustomize.
    internal: bool,
    /// The places where a controller may replace a variable.
    marks: Vec<variables::VariableMark>,
}

impl IncludedText {
    /// Reads these properties from a text.
    pub fn at(text: &str, has_objects: bool) -> Self {
        Self {
            odd: if has_objects { divergence::differently(text) } else { Vec::new() },
            internal: text.contains("internal.config.kubernetes.io"),
            marks: if has_objects { variables::marks(text) } else { Vec::new() },
        }
    }
}

impl Kustomizations {
    /// The files that they include; their texts are [checked](IncludedText).
    pub fn included(&self) -> BTreeSet<FileId> {
        included(&self.0)
    }

    /// The parts of their texts that may hold values of generated Secrets.
    pub fn secrets(&self) -> impl Iterator<Item = (FileId, Span)> {
        self.0.iter().filter_map(|k| Some((k.input, kustomization::secrets(&k.text)?)))
    }
}

fn included(found: &[Kustomization]) -> BTreeSet<FileId> {
    let children = found.iter().flat_map(|k| k.children.values());
    let file = |child: &Child| match child {
        Child::File(file) => Some(*file),
        _ => None,
    };
    children.filter_map(file).collect()
}

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

/// An object for a generated source, with its place in the kustomization.
fn made(source: Source, file: FileId, at: Span) -> (Object, Source) {
    let object = Object {
        id: Identity {
            group: SmolStr::default(),
            version: "v1".into(),
            kind: source.target.name().into(),
            namespace: source.namespace.clone(),
            name: source.name.clone(),
        },
        place: Place { file, span: at },
        name_span: at,
        document: at,
        route: crate::yaml::path::Route::default(),
        hook: false,
        upgraded: true,
        rendered: None,
        origin: None,
        from_file: None,
        delegate: None,
        sources: Ids::default(),
        templates: Ids::default(),
        follows: FollowsRenames::default(),
        pods_namespace: None,
    };
    (object, source)
}

/// Whether references to a generated source with a hash keep the name without it, because
/// kustomize does not look into the kind.
fn keeps_names(manifests: &Manifests, object: ObjectId, hashed: &BTreeSet<(Target, &str)>) -> bool {
    // The output of a generator has no references.
    object.index() < manifests.objects().len()
        && !POD_KINDS.contains(&manifests[object].id.kind.as_str())
        && manifests
            .all_references_of(object)
            .any(|r| r.reads() && hashed.contains(&(r.site.target, r.name.as_str())))
}
