//! Argo CD `Application` and `ApplicationSet`: folders that Argo CD builds with kustomize, or applies as they
//! are, with the changes of `source.kustomize`. Charts, plugins and sets whose generators ask a cluster or a
//! service are not followed.

use super::applier::{Applier, identity};
use super::kustomization::{
    FieldRule, KustomizationField, ParsedKustomization, PlacedEffect, UnreadableKustomization,
    fields, is_empty, patch_entries,
};
use crate::finding::divergence::FieldEffect;
use crate::k8s::id::Identity;
use crate::yaml::{Cursor, documents, strict};
use serde_json::{Value, json};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The API group of Argo CD.
pub const ARGO_GROUP: &str = "argoproj.io";

/// The fields of `source.kustomize` (argo-cd.readthedocs.io/en/stable/user-guide/kustomize, v3). One that is
/// not listed may change anything.
const FIELDS: &[(&str, FieldRule)] = &[
    ("commonAnnotations", FieldRule::Read),
    ("components", FieldRule::Read),
    ("namePrefix", FieldRule::Changes(FieldEffect::Renames)),
    ("nameSuffix", FieldRule::Changes(FieldEffect::Renames)),
    ("namespace", FieldRule::Read),
    ("patches", FieldRule::Read),
    ("apiVersions", FieldRule::Harmless),
    ("commonAnnotationsEnvsubst", FieldRule::Harmless),
    ("commonLabels", FieldRule::Harmless),
    ("forceCommonAnnotations", FieldRule::Harmless),
    ("forceCommonLabels", FieldRule::Harmless),
    ("ignoreMissingComponents", FieldRule::Harmless),
    ("images", FieldRule::Harmless),
    ("kubeVersion", FieldRule::Harmless),
    ("labelIncludeTemplates", FieldRule::Harmless),
    ("labelWithoutSelector", FieldRule::Harmless),
    ("replicas", FieldRule::Harmless),
    ("version", FieldRule::Harmless),
];

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

/// The folders of a repository that a git generator names: its address, and globs over folders, each with
/// whether it takes them out. Nothing, if the repository is another one.
pub type Folders<'a> = &'a dyn Fn(&str, &[(String, bool)]) -> Option<Vec<String>>;

/// Values for the places in a template.
type Parameters = BTreeMap<String, String>;

/// The folders that the applications in a text apply. `stamp` is the annotation of stamps.
pub fn applications(text: &str, stamp: &str, folders: Folders<'_>) -> Vec<Applier> {
    let mut found = Vec::new();
    for document in documents(text) {
        let root = Cursor::root(&document, text);
        let Some(id) = identity(root).filter(|id| id.group == ARGO_GROUP) else { continue };
        let spec = root.get("spec").filter(|_| strict::require(root).is_ok());
        match (id.kind.as_str(), spec) {
            ("Application", Some(spec)) => found.extend(applier(root, &id, spec, None, stamp)),
            ("ApplicationSet", Some(spec)) => {
                let Some(template) = spec.at(["template", "spec"]) else { continue };
                let sets = parameters(spec, folders).unwrap_or_default();
                // A patch of the template may change anything.
                let sets = sets.into_iter().filter(|_| spec.get("templatePatch").is_none());
                let each = sets.map(|set| applier(root, &id, template, Some(&set), stamp));
                found.extend(each.flatten());
            }
            _ => {}
        }
    }
    found
}

/// The parameters of each application of a set, if all of them can be known.
fn parameters(spec: Cursor<'_>, folders: Folders<'_>) -> Option<Vec<Parameters>> {
    let mut sets = Vec::new();
    for generator in spec.list("generators") {
        let [(kind, value)] = generator.pairs().collect::<Vec<_>>()[..] else { return None };
        match kind.key().ok()?.as_ref() {
            "list" if value.target().get("elementsYaml").is_none() => {
                for element in value.target().list("elements") {
                    let pairs = element.pairs().map(|(key, value)| {
                        Some((key.key().ok()?.into_owned(), value.target().str()?.into_owned()))
                    });
                    sets.push(pairs.collect::<Option<Parameters>>()?);
                }
            }
            "git" if value.target().get("files").is_none() => {
                let git = value.target();
                let globs = git.list("directories").map(|directory| {
                    let excludes = directory.get("exclude").is_some_and(Cursor::is_true);
                    Some((directory.string("path")?.into(), excludes))
                });
                let globs: Vec<(String, bool)> = globs.collect::<Option<_>>()?;
                let found = folders(&git.string("repoURL")?, &globs)?;
                sets.extend(found.into_iter().map(|folder| of_folder(&folder)));
            }
            _ => return None,
        }
    }
    Some(sets)
}

/// The parameters of a folder, under the names of both kinds of templates
/// (argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Git).
fn of_folder(folder: &str) -> Parameters {
    let name = folder.rsplit('/').next().unwrap_or_default();
    let both = [("path", folder), ("path.path", folder), ("path.basename", name)];
    let mut parameters: Parameters =
        both.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    for (at, step) in folder.split('/').enumerate() {
        parameters.insert(format!("path[{at}]"), step.to_owned());
    }
    parameters
}

/// A text with the parameters put in. Nothing, if a place stays open.
fn filled(text: &str, parameters: Option<&Parameters>) -> Option<String> {
    let Some(parameters) = parameters else { return Some(text.to_owned()) };
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}")?;
        let name = name.trim().trim_matches('-').trim();
        done.push_str(before);
        done.push_str(parameters.get(name.strip_prefix('.').unwrap_or(name))?);
        rest = after;
    }
    done.push_str(rest);
    Some(done)
}

/// What one application applies: the only source with a folder that is built with kustomize or taken as it
/// is. Nothing, if there are several, or none.
fn applier(
    root: Cursor<'_>,
    id: &Identity,
    spec: Cursor<'_>,
    parameters: Option<&Parameters>,
    stamp: &str,
) -> Option<Applier> {
    let many: Vec<Cursor<'_>> = spec.list("sources").collect();
    let all = if many.is_empty() { vec![spec.get("source")?] } else { many };
    // A source with `ref` alone holds values of charts.
    let mut sources = all.into_iter().filter(|source| source.filled("path").is_some());
    let source = sources.next().filter(|_| sources.next().is_none())?;
    if ["helm", "plugin", "chart"].iter().any(|field| source.get(field).is_some()) {
        return None;
    }
    let folder = super::applier::cleaned(&filled(&source.string("path")?, parameters)?)?;
    let address = filled(&source.string("repoURL")?, parameters)?;
    let kustomize = source.get("kustomize");
    let directory = source.get("directory");
    let text = |field: &str| {
        directory.and_then(|d| d.string(field)).map_or_else(String::new, String::from)
    };
    let components = kustomize.and_then(|k| k.get("components")?.all_texts()).unwrap_or_default();
    let place = source.field("kustomize").map_or_else(|| source.span(), |field| field.key.span());
    let parsed = match kustomize {
        None => Ok(ParsedKustomization::default()),
        Some(kustomize) => kustomize_fields(kustomize, parameters, stamp),
    };
    Some(Applier {
        source: Identity {
            group: ARGO_GROUP.into(),
            version: SmolStr::default(),
            kind: "Repository".into(),
            namespace: None,
            name: address.into(),
        },
        label: match parameters {
            None => id.to_string(),
            Some(_) => format!("{id} for {folder}"),
        },
        id: id.clone(),
        folder,
        components,
        ignores_missing: kustomize
            .and_then(|k| k.get("ignoreMissingComponents"))
            .is_some_and(Cursor::is_true),
        substitutes: Vec::new(),
        directory: Some(Directory {
            recurse: directory.and_then(|d| d.get("recurse")).is_some_and(Cursor::is_true),
            include: text("include"),
            exclude: text("exclude"),
        }),
        object: object(root, spec, parameters),
        at: root.document_span(),
        patches: match parameters {
            None if spec.list("sources").next().is_none() => {
                Some(&["spec", "source", "kustomize", "patches"])
            }
            _ => None,
        },
        post_build: place,
        parsed,
    })
}

fn kustomize_fields(
    kustomize: Cursor<'_>,
    parameters: Option<&Parameters>,
    stamp: &str,
) -> Result<ParsedKustomization, UnreadableKustomization> {
    let mut parsed = ParsedKustomization::default();
    for (name, at, value) in fields(kustomize, [])? {
        if is_empty(value) {
            continue;
        }
        if !parsed.note(FIELDS, &name, at) {
            continue;
        }
        match name.as_str() {
            "namespace" => match value.str().and_then(|text| filled(&text, parameters)) {
                Some(namespace) => parsed.namespace = Some(namespace),
                None => parsed.changes.push(PlacedEffect { effect: FieldEffect::MayChange, at }),
            },
            "components" => parsed.components = value.all_texts().unwrap_or_default(),
            "commonAnnotations" => parsed.note_annotations(value, stamp, at),
            _ => {
                let field = KustomizationField { name: &name, at, value };
                parsed.patches.extend(patch_entries(field)?);
            }
        }
    }
    Ok(parsed)
}

/// The same changes as the document of a Flux `Kustomization`, whose build is the same: the fields go into
/// the kustomization of the folder.
fn object(root: Cursor<'_>, spec: Cursor<'_>, parameters: Option<&Parameters>) -> String {
    let document = root.document_span().of(root.text());
    let whole: Value = serde_yaml::from_str(document).unwrap_or_default();
    let spec_of = match parameters {
        None => &whole["spec"],
        Some(_) => &whole["spec"]["template"]["spec"],
    };
    let is_one = spec.list("sources").next().is_none();
    let sources = spec_of["sources"].as_array();
    let source = match is_one {
        true => Some(&spec_of["source"]),
        false => sources.and_then(|all| all.iter().find(|source| source["path"].is_string())),
    };
    let Some(source) = source else { return json!({}).to_string() };
    let kustomize = &source["kustomize"];
    let converted = json!({"spec": {
        "targetNamespace": kustomize["namespace"],
        "namePrefix": kustomize["namePrefix"],
        "nameSuffix": kustomize["nameSuffix"],
        "patches": kustomize["patches"],
        "components": kustomize["components"],
        "ignoreMissingComponents": kustomize["ignoreMissingComponents"],
    }});
    let text = converted.to_string();
    filled(&text, parameters).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_becomes_its_applications() {
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: apps}\nspec:\n  generators:\n  - git: {repoURL: x, directories: [{path: apps/*}]}\n  - list: {elements: [{path: infra}]}\n  template:\n    spec:\n      source: {repoURL: x, path: '{{ .path }}', kustomize: {namePrefix: '{{path.basename}}-'}}\n";
        let folders = |_: &str, _: &[(String, bool)]| Some(vec!["apps/web".to_owned()]);
        let found = applications(text, "", &folders);
        // The second one says nothing of `path.basename`, but the folder alone decides what is applied.
        let of: Vec<&str> = found.iter().map(|applier| applier.folder.as_str()).collect();
        assert_eq!(of, ["apps/web", "infra"]);
        assert!(found[0].object.contains(r#""namePrefix":"web-""#), "{}", found[0].object);
        assert!(applications(text, "", &|_, _| None).is_empty());
    }
}
