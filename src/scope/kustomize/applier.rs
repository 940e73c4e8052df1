//! Objects by which a controller builds a folder of the repository and applies it with its own changes: a
//! Flux `Kustomization`, or an application of Argo CD. Such an object is an overlay. Its effect is that of
//! a kustomization with the fields of the object, which includes the folder.

use super::fields::{KustomizationField, UnreadableKustomization, fields, is_empty};
use super::kustomization::{FieldRule, ParsedKustomization, patch_entries};
use super::patch::field;
use super::variables::VariableValue;
use crate::finding::divergence::FieldEffect;
use crate::k8s::id::Identity;
use crate::k8s::indirect::{ARTIFACT_GROUP, SOURCE_GROUP};
use crate::k8s::providers::Target;
use crate::text::Span;
use crate::yaml::path::PathStep;
use crate::yaml::{Cursor, documents, strict};
use smol_str::SmolStr;

/// An object by which a controller builds a folder and applies it.
#[derive(Clone)]
pub struct Applier {
    /// The object.
    pub id: Identity,
    /// The object that defines the repository of the folder: group, kind, name and namespace.
    pub source: Identity,
    /// The folder, relative to the root of the repository: `apps/production`; empty for the root.
    pub folder: String,
    /// Whether rollstamp follows everything that the object applies.
    pub is_whole: bool,
    /// Further components that the build includes, relative to the folder.
    pub components: Vec<String>,
    /// Whether a missing component is left out without an error.
    pub ignores_missing: bool,
    /// The variables that it replaces after the build; later ones have priority.
    pub substitutes: Vec<Substitute>,
    /// Its name in messages: `Kustomization flux-system/apps`.
    pub label: String,
    /// How files are found in a folder without a kustomization; `None`: as Flux does it.
    pub directory: Option<Directory>,
    /// The document of the object, or of a Flux `Kustomization` with the same changes.
    pub object: String,
    /// Where the document of the object is in its file.
    pub at: Span,
    /// The path to the patches of the object, which run before its prefix and suffix; `None` if the
    /// object applies several folders, so that no patch in it is for only one of them.
    pub patches: Option<&'static [&'static str]>,
    /// The place of `postBuild`; without it, the place of the name.
    pub(super) post_build: Span,
    /// Its parsed fields, or the reason why they cannot be read.
    pub(super) parsed: Result<ParsedKustomization, UnreadableKustomization>,
}

/// How Argo CD finds the manifests of a folder without a kustomization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Whether folders below it count.
    pub recurse: bool,
    /// A glob over the files that count; empty for all.
    pub include: String,
    /// A glob over the files that do not; empty for none.
    pub exclude: String,
}

/// A source of variables.
#[derive(Clone)]
pub enum Substitute {
    /// Every key of this source.
    From {
        /// The kind.
        target: Target,
        /// The name; the namespace is that of the object.
        name: String,
    },
    /// A variable with a literal value.
    Inline(String, VariableValue),
    /// A part that cannot be read.
    Unknown,
}

/// The API group of Flux's `Kustomization`.
pub const FLUX_GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// The fields of the `spec` of a Flux `Kustomization` (fluxcd.io/flux/components/kustomize/api, v1 and
/// earlier versions). A field that is not listed may change anything.
const FLUX_FIELDS: &[(&str, FieldRule)] = &[
    ("commonMetadata", FieldRule::Read),
    ("components", FieldRule::Read),
    ("images", FieldRule::Harmless),
    ("namePrefix", FieldRule::Changes(FieldEffect::Renames)),
    ("nameSuffix", FieldRule::Changes(FieldEffect::Renames)),
    ("patches", FieldRule::Read),
    ("patchesJson6902", FieldRule::Read),
    ("patchesStrategicMerge", FieldRule::Read),
    ("postBuild", FieldRule::Read),
    ("targetNamespace", FieldRule::Read),
    ("buildMetadata", FieldRule::Harmless),
    ("decryption", FieldRule::Harmless),
    ("deletionPolicy", FieldRule::Harmless),
    ("dependsOn", FieldRule::Harmless),
    ("force", FieldRule::Harmless),
    ("healthCheckExprs", FieldRule::Harmless),
    ("healthChecks", FieldRule::Harmless),
    ("ignore", FieldRule::Harmless),
    ("ignoreMissingComponents", FieldRule::Harmless),
    ("interval", FieldRule::Harmless),
    ("kubeConfig", FieldRule::Harmless),
    ("path", FieldRule::Harmless),
    ("prune", FieldRule::Harmless),
    ("retryInterval", FieldRule::Harmless),
    ("serviceAccountName", FieldRule::Harmless),
    ("sourceRef", FieldRule::Harmless),
    ("suspend", FieldRule::Harmless),
    ("timeout", FieldRule::Harmless),
    ("validation", FieldRule::Harmless),
    ("wait", FieldRule::Harmless),
];

/// The objects of a text by which a controller applies a folder. `stamp` is the annotation of stamps.
pub fn appliers(text: &str, stamp: &str) -> Vec<Applier> {
    let applier = |document| {
        let root = Cursor::root(&document, text);
        is_flux(root).then(|| flux(root, stamp))?
    };
    documents(text).filter_map(applier).collect()
}

fn is_flux(root: Cursor<'_>) -> bool {
    let api_version = root.string("apiVersion").unwrap_or_default();
    Identity::split_api_version(&api_version).0 == FLUX_GROUP
        && root.string("kind").as_deref() == Some("Kustomization")
}

/// The identity of an object; `None` if it has no name.
pub(super) fn identity(root: Cursor<'_>) -> Option<Identity> {
    let (api_version, kind) = (root.string("apiVersion")?, root.string("kind")?);
    let id = Identity::of(&api_version, &kind, root.get("metadata"));
    (!id.name.is_empty()).then_some(id)
}

fn flux(root: Cursor<'_>, stamp: &str) -> Option<Applier> {
    let id = identity(root)?;
    let spec = root.get("spec")?;
    let source = spec.get("sourceRef")?;
    let folder = cleaned(&spec.string("path").unwrap_or_default())?;
    let strict = strict::require(root);
    let post_build = spec.field("postBuild");
    Some(Applier {
        source: referred(source, id.namespace.as_ref())?,
        label: id.to_string(),
        id,
        folder,
        is_whole: true,
        components: match strict.is_ok() {
            true => spec.get("components").and_then(Cursor::all_texts).unwrap_or_default(),
            false => Vec::new(),
        },
        ignores_missing: spec.get("ignoreMissingComponents").is_some_and(Cursor::is_true),
        substitutes: spec.get("postBuild").map(substitutes).unwrap_or_default(),
        directory: None,
        object: root.document_span().of(root.text()).to_owned(),
        at: root.document_span(),
        patches: Some(&["spec", "patches"]),
        post_build: match post_build {
            Some(field) => field.key.span(),
            None => root.at(["metadata", "name"])?.span(),
        },
        parsed: strict
            .map_err(UnreadableKustomization::from)
            .and_then(|()| flux_fields(spec, stamp)),
    })
}

/// A path from the root of a repository without `.` and empty steps. `None` if the path leads out of the
/// repository or contains a variable.
pub(super) fn cleaned(path: &str) -> Option<String> {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop()?;
            }
            step if step.contains("${") => return None,
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

fn flux_fields(
    spec: Cursor<'_>,
    stamp: &str,
) -> Result<ParsedKustomization, UnreadableKustomization> {
    let mut parsed = ParsedKustomization::default();
    for (name, at, value) in fields(spec, [])? {
        let field = KustomizationField { name: &name, at, value };
        if is_empty(value) {
            continue;
        }
        if !parsed.note(FLUX_FIELDS, &name, at) {
            continue;
        }
        match name.as_str() {
            "targetNamespace" => parsed.namespace = Some(field.text()?),
            "components" => parsed.components = field.texts()?,
            "commonMetadata" => {
                if let Some(labels) = value.get("labels") {
                    parsed.add_labels(labels, at);
                }
                if let Some(annotations) = value.get("annotations") {
                    parsed.note_annotations(annotations, stamp, at);
                }
            }
            // Its effect depends on the content of the files.
            "postBuild" => {}
            _ => parsed.patches.extend(patch_entries(field)?),
        }
    }
    Ok(parsed)
}

/// Whether a patch of these fields of a Flux `Kustomization` only changes variables, or fields that
/// do not affect the applied manifests.
pub(super) fn is_about_variables(path: &[PathStep]) -> bool {
    let is_harmless = |name: &str| {
        name == "postBuild"
            || FLUX_FIELDS.iter().any(|(field, rule)| {
                *field == name
                    && matches!(rule, FieldRule::Harmless)
                    && !matches!(name, "path" | "sourceRef")
            })
    };
    match field(path, 0) {
        Some("metadata") => field(path, 1) != Some("name"),
        Some("spec") => field(path, 1).is_some_and(is_harmless),
        _ => false,
    }
}

/// The variables of `postBuild`: literal values have priority over sources, and a later source over
/// an earlier one.
fn substitutes(post_build: Cursor<'_>) -> Vec<Substitute> {
    let mut found = Vec::new();
    for from in post_build.list("substituteFrom") {
        let target = from.string("kind").and_then(|kind| Target::of_kind(&kind));
        found.push(match (target, from.filled("name")) {
            (Some(target), Some(name)) => Substitute::From { target, name: name.into() },
            _ => Substitute::Unknown,
        });
    }
    let inline = post_build.get("substitute").into_iter().flat_map(Cursor::pairs);
    found.extend(inline.map(|(key, value)| match (key.key(), value.target().str()) {
        (Ok(key), Some(value)) => Substitute::Inline(key.into_owned(), VariableValue::new(&value)),
        _ => Substitute::Unknown,
    }));
    found
}

/// A ConfigMap or Secret whose keys may be variables.
pub struct VariableSource {
    /// The kind.
    pub target: Target,
    /// The namespace, if one is written.
    pub namespace: Option<SmolStr>,
    /// Its values; `None` if they are encrypted or cannot be read.
    pub values: Option<Vec<(String, VariableValue)>>,
}

/// The ConfigMaps and Secrets of this name in a text.
pub fn variable_sources(text: &str, name: &str) -> Vec<VariableSource> {
    let source = |document| {
        let root = Cursor::root(&document, text);
        let target = Target::of_kind(&root.string("kind")?)?;
        let id = identity(root).filter(|id| id.name == name && id.group.is_empty())?;
        let is_readable = root.get("sops").is_none() && strict::require(root).is_ok();
        let values = is_readable.then(|| values(root, target)).flatten();
        Some(VariableSource { target, namespace: id.namespace, values })
    };
    documents(text).filter_map(source).collect()
}

/// The addresses of the repositories of this kind and name that a text defines (fluxcd.io/flux/components/source).
pub fn repositories(text: &str, kind: &str, name: &str) -> Vec<Option<String>> {
    let address = |document| {
        let root = Cursor::root(&document, text);
        let id = identity(root).filter(|id| id.group == SOURCE_GROUP)?;
        let is_meant = id.kind == kind && id.name == name;
        is_meant.then(|| Some(root.get("spec")?.filled("url")?.into()))
    };
    documents(text).filter_map(address).collect()
}

/// The folders of repositories from which this folder of an artifact is made
/// (fluxcd.io/flux/components/source, `ArtifactGenerator`), each with its repository. Only whole
/// folders are followed.
pub fn artifact_folders(text: &str, name: &str, folder: &str) -> Vec<(Identity, String)> {
    let mut found = Vec::new();
    for document in documents(text) {
        let root = Cursor::root(&document, text);
        let id = identity(root).filter(|id| id.group == ARTIFACT_GROUP);
        let (Some(id), Some(spec)) = (id, root.get("spec")) else { continue };
        let artifacts = spec.list("artifacts");
        for artifact in artifacts.filter(|own| own.string("name").as_deref() == Some(name)) {
            let copies = artifact.list("copy").filter_map(|copy| copied(copy, folder));
            found.extend(copies.filter_map(|(alias, from)| {
                let mut sources = spec.list("sources");
                let source = sources.find(|s| s.string("alias").as_deref() == Some(&alias))?;
                Some((referred(source, id.namespace.as_ref())?, from))
            }));
        }
    }
    found
}

/// The alias of a repository and the folder in it from which a folder of an artifact is copied.
fn copied(copy: Cursor<'_>, folder: &str) -> Option<(String, String)> {
    let (from, to) = (copy.string("from")?, copy.string("to")?);
    let to = cleaned(to.strip_prefix("@artifact")?)?;
    let (alias, from) = from.strip_prefix('@')?.split_once('/')?;
    let from = from.strip_suffix("**").filter(|from| !from.contains(['*', '?', '[']))?;
    let rest = match to.as_str() {
        "" => folder,
        to => folder.strip_prefix(to).filter(|rest| rest.is_empty() || rest.starts_with('/'))?,
    };
    Some((alias.to_owned(), cleaned(&format!("{from}/{rest}"))?))
}

/// The object that a reference names.
fn referred(reference: Cursor<'_>, namespace: Option<&SmolStr>) -> Option<Identity> {
    let group = reference.string("apiVersion").unwrap_or_default();
    Some(Identity {
        group: Identity::split_api_version(&group).0.into(),
        version: SmolStr::default(),
        kind: reference.string("kind")?,
        namespace: reference.filled("namespace").or_else(|| namespace.cloned()),
        name: reference.filled("name")?,
    })
}

fn values(root: Cursor<'_>, target: Target) -> Option<Vec<(String, VariableValue)>> {
    let mut found = Vec::new();
    for field in ["data", "stringData"] {
        let is_base64 = target == Target::Secret && field == "data";
        if target == Target::ConfigMap && field == "stringData" {
            continue;
        }
        for (key, value) in root.get(field).into_iter().flat_map(Cursor::pairs) {
            let text = value.target().str()?;
            let text = match is_base64 {
                true => VariableValue::of_base64(&text)?,
                false => VariableValue::new(&text),
            };
            found.push((key.key().ok()?.into_owned(), text));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_its_repository() {
        assert_eq!(cleaned("./apps//prod/.").as_deref(), Some("apps/prod"));
        assert_eq!(cleaned("").as_deref(), Some(""));
        assert_eq!(cleaned("apps/../infra").as_deref(), Some("infra"));
        assert_eq!(cleaned("../other"), None);
        assert_eq!(cleaned("apps/${CLUSTER}"), None);
    }
}
