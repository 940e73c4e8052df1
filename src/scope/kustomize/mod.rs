//! Below a kustomization: what each leaf builds from the files that we edit, without building it.
//!
//! A file there is raw material: the same base serves several overlays, and each may change it. So
//! this stage follows every leaf (a kustomization that no other one includes) through its
//! resources, bases and components in the order of kustomize itself, and makes it an apply unit:
//! the files that it holds, the sources that it generates, the namespace that it gives them, and
//! what it changes. The plan stamps a workload only where all its leaves agree. Tables say which
//! fields are harmless; what is not in a table may change anything.

mod harmless;
mod accumulator;
mod generator;
mod graph;
mod patch;
mod kustomization;
mod divergence;
mod tree;

pub use kustomization::{Names, names};

use crate::config::options::{Goal, Options};
use crate::extract::{Facts, Object};
use crate::finding::divergence::{Cause, Divergence};
use crate::k8s::id::ObjectId;
use crate::k8s::kustomize_names::POD_KINDS;
use crate::k8s::providers::Target;
use crate::scope::{Home, Seat, Units};
use crate::text::input::{Found, Input};
use crate::text::{Changed, FileId, Place, Span, offset};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// The kustomizations that reach the files of a run, as they were found.
#[derive(Default)]
pub struct Kustomizations(pub Vec<Kustomization>);

/// A kustomization as it was found.
pub struct Kustomization {
    /// Its text among the inputs.
    pub input: usize,
    /// The folder that `kustomize build` takes.
    pub folder: String,
    /// What its resources, bases and components are, by what it calls them.
    pub children: BTreeMap<String, Child>,
    /// The files with its patches that are there, by what it calls them.
    pub patches: BTreeMap<String, PatchFile>,
    /// The files that its generators read and that lie inside of its folder, by what it calls them.
    pub material: BTreeMap<String, Material>,
}

/// What a kustomization includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// Another one, by position.
    Kustomization(usize),
    /// The input with this number.
    File(usize),
    /// Nothing that is here: it is somewhere in the network, or missing.
    Absent,
}

/// A file with patches.
pub struct PatchFile {
    /// Its text.
    pub text: String,
    /// Its position, if it is one of the inputs: it holds no objects then.
    pub input: Option<usize>,
}

/// The bytes of a file that a generator reads. They may be those of a Secret: no Debug, no Display.
pub struct Material(pub Vec<u8>);

/// The units of a run: one for each leaf kustomization, and for all other files those that `assign`
/// makes. Generated sources become objects of the file of their kustomization.
///
/// # Errors
/// When one of their texts must be read again, and cannot.
pub fn units(
    inputs: &[Input],
    facts: &mut [Facts],
    found: &Kustomizations,
    options: &Options,
    assign: impl FnOnce(&BTreeSet<usize>) -> Units,
) -> Result<Units, Changed> {
    if options.goal == Goal::Strip {
        // A stamp is taken out wherever it is.
        return Ok(assign(&BTreeSet::new()));
    }
    let graph = graph::Graph::new(inputs, facts, found, options)?;
    let patches = graph.patch_inputs();
    let leaves = graph.leaves(facts);
    let mut homes: BTreeMap<usize, Vec<Seat>> = BTreeMap::new();
    let mut raw: BTreeSet<usize> =
        (0..inputs.len()).filter(|&file| inputs[file].kustomization.is_some()).collect();
    raw.extend(leaves.iter().flat_map(|leaf| leaf.files()));
    raw.extend(&patches);
    let mut units = assign(&raw);
    for leaf in leaves {
        let members = leaf.members();
        let unit = units.push(leaf.unit);
        for (file, namespace) in members {
            // A file that nobody named is read for its sources only.
            if inputs[file].found != Found::Context {
                let seat = Seat { unit, namespace };
                homes.entry(file).or_default().push(seat);
            }
        }
    }
    for &file in &raw {
        let listed = homes.remove(&file);
        if listed.is_none() && patches.contains(&file) {
            // A patch looks like an object, and is none.
            facts[file].objects.clear();
            facts[file].object_count = 0;
        }
        units.homes[file] = match listed {
            Some(seats) => Home::In(seats),
            None if inputs[file].found == Found::Context => Home::In(Vec::new()),
            None => Home::Unknown(unlisted(&inputs[file])),
        };
    }
    Ok(units)
}

fn unlisted(input: &Input) -> Divergence {
    let below = input.kustomization.as_deref().unwrap_or("a kustomization");
    Divergence::of(Cause::NotIncluded(below.to_owned()))
}

/// An object for a generated source, with its place in the kustomization.
fn made(source: crate::extract::Source, input: usize, at: Span) -> Object {
    Object {
        id: ObjectId {
            group: SmolStr::default(),
            version: "v1".into(),
            kind: source.target.name().into(),
            namespace: source.namespace.clone(),
            name: source.name.clone(),
        },
        place: Place { file: FileId(offset(input)), span: at },
        name_span: at,
        document: at,
        route: Vec::new(),
        hook: false,
        origin: None,
        from_file: None,
        raw_material_of: None,
        delegate: None,
        sources: vec![source],
        templates: Vec::new(),
        follows: crate::extract::Follows::default(),
    }
}

/// Whether references to a generated source with a hash keep the name without it, because
/// kustomize does not look into the kind.
fn keeps_names(object: &Object, hashed: &BTreeSet<(Target, &str)>) -> bool {
    !POD_KINDS.contains(&object.id.kind.as_str())
        && object.templates.iter().any(|template| {
            let mut references = template.references.iter();
            references.any(|r| r.reads() && hashed.contains(&(r.site.target, r.name.as_str())))
        })
}
