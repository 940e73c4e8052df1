//! The kustomizations of a run as they were found, and the output of their generators.

use super::applier::Applier;
use super::material::{Child, Material, PatchFile};
use super::variables::Variables;
use super::{divergence, kustomization, variables};
use crate::extract::{FollowsRenames, Ids, Object, Source};
use crate::finding::divergence::Oddity;
use crate::k8s::id::Identity;
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

/// The output of generators: objects with their sources. They follow all objects of the texts.
#[derive(Default)]
pub struct Generated(pub Vec<(Object, Source)>);

/// Properties of the text of an included file that matter to kustomize.
pub struct IncludedText {
    /// The documents that kustomize reads otherwise than `kubectl`, and why.
    pub(super) odd: Vec<(Span, Oddity)>,
    /// Whether it has internal annotations of kustomize.
    pub(super) internal: bool,
    /// The places where a controller may replace a variable.
    pub(super) marks: Vec<variables::VariableMark>,
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

/// The files that kustomizations include.
pub(super) fn included(found: &[Kustomization]) -> BTreeSet<FileId> {
    let children = found.iter().flat_map(|k| k.children.values());
    let file = |child: &Child| match child {
        Child::File(file) => Some(*file),
        _ => None,
    };
    children.filter_map(file).collect()
}

/// An object for a generated source, with its place in the kustomization.
pub(super) fn made(source: Source, file: FileId, at: Span) -> (Object, Source) {
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
