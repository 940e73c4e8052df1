//! Argo CD `Application` and `ApplicationSet`: folders that Argo CD builds with kustomize, or applies
//! directly, with the changes of `source.kustomize`. Charts, plugins, and sets whose generators ask a
//! cluster or a service are not followed.

use super::applier::{Applier, Directory, cleaned, identity};
use super::fields::{KustomizationField, UnreadableKustomization, fields, is_empty};
use super::kustomization::{FieldRule, ParsedKustomization, PlacedEffect, patch_entries};
use crate::finding::divergence::FieldEffect;
use crate::k8s::id::Identity;
use crate::yaml::{Cursor, documents, strict};
use serde_json::{Value, json};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The API group of Argo CD.
pub const ARGO_GROUP: &str = "argoproj.io";

/// The fields of `source.kustomize` (argo-cd.readthedocs.io/en/stable/user-guide/kustomize, v3). A field
/// that is not listed may change anything.
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

/// Globs for folders or files, each with whether it excludes them.
pub type Globs = [(String, bool)];

/// The path of a file from the root of its repository, and its text.
type NamedText = (String, String);

/// Finds folders and files for a git generator, in a repository with this address. `None` if it is
/// another repository.
pub struct InRepository<'a> {
    /// The folders that the globs match.
    pub folders: &'a dyn Fn(&str, &Globs) -> Option<Vec<String>>,
    /// The files that the globs match, each with its text.
    pub files: &'a dyn Fn(&str, &Globs) -> Option<Vec<NamedText>>,
}

/// Values for the placeholders in a template.
type Parameters = BTreeMap<String, String>;

/// The folders that the applications in a text apply. `stamp` is the annotation of stamps.
pub fn applications(text: &str, stamp: &str, repository: &InRepository<'_>) -> Vec<Applier> {
    let mut found = Vec::new();
    for document in documents(text) {
        let root = Cursor::root(&document, text);
        let Some(id) = identity(root).filter(|id| id.group == ARGO_GROUP) else { continue };
        let spec = root.get("spec").filter(|_| strict::require(root).is_ok());
        match (id.kind.as_str(), spec) {
            ("Application", Some(spec)) => {
                let application = Application { root, id: &id, spec, parameters: None, stamp };
                found.extend(application.appliers());
            }
            ("ApplicationSet", Some(spec)) => {
                let Some(template) = spec.at(["template", "spec"]) else { continue };
                let generators = spec.list("generators");
                let sets = parameters(generators, repository).unwrap_or_default();
                // A patch of the template may change anything.
                let sets = sets.into_iter().filter(|_| spec.get("templatePatch").is_none());
                let mut of_set = Vec::new();
                let mut is_whole = true;
                for set in sets {
                    let parameters = Some(&set);
                    let application =
                        Application { root, id: &id, spec: template, parameters, stamp };
                    let appliers = application.appliers();
                    is_whole &= appliers.iter().any(|applier| applier.is_whole);
                    of_set.extend(appliers);
                }
                of_set.iter_mut().for_each(|applier| applier.is_whole &= is_whole);
                found.extend(of_set);
            }
            _ => {}
        }
    }
    found
}

/// The parameters of each application of a set, if all of them can be known.
fn parameters<'c>(
    generators: impl Iterator<Item = Cursor<'c>>,
    repository: &InRepository<'_>,
) -> Option<Vec<Parameters>> {
    let each = generators.map(|generator| generated(generator, repository));
    Some(each.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect())
}

/// The parameters that one generator makes (argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators,
/// v3).
fn generated(generator: Cursor<'_>, repository: &InRepository<'_>) -> Option<Vec<Parameters>> {
    let [(kind, value)] = generator.pairs().collect::<Vec<_>>()[..] else { return None };
    let value = value.target();
    // A generator with its own template, a prefix or further values is not followed.
    if ["template", "pathParamPrefix"].iter().any(|field| value.get(field).is_some()) {
        return None;
    }
    match kind.key().ok()?.as_ref() {
        "list" if value.get("elementsYaml").is_none() => {
            value.list("elements").map(of_element).collect()
        }
        "git" => {
            let globs = |field: &str| -> Option<Vec<(String, bool)>> {
                let globs = value.list(field).map(|one| {
                    let excludes = one.get("exclude").is_some_and(Cursor::is_true);
                    let path = one.string("path")?;
                    (!path.contains("{{")).then(|| (path.into(), excludes))
                });
                globs.collect()
            };
            let url = value.string("repoURL")?;
            if value.get("files").is_some() {
                let files = (repository.files)(&url, &globs("files")?)?;
                let sets = files.iter().map(|(path, text)| of_file(path, text));
                return Some(sets.collect::<Option<Vec<_>>>()?.into_iter().flatten().collect());
            }
            let found = (repository.folders)(&url, &globs("directories")?)?;
            Some(found.into_iter().map(|folder| of_folder(&folder)).collect())
        }
        "matrix" => {
            let [one, other] = value.list("generators").collect::<Vec<_>>()[..] else {
                return None;
            };
            let (one, other) = (generated(one, repository)?, generated(other, repository)?);
            let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
            let joined = pairs.map(|(a, b)| {
                // Argo CD refuses a key with different values on both sides.
                let is_one = b.iter().all(|(key, v)| a.get(key).is_none_or(|own| own == v));
                is_one.then(|| a.iter().chain(b).map(|(k, v)| (k.clone(), v.clone())).collect())
            });
            joined.collect()
        }
        "merge" => merged(value, repository),
        _ => None,
    }
}

/// The parameter sets of the first generator, each merged with the sets of later generators that
/// have the same values for the merge keys.
fn merged(value: Cursor<'_>, repository: &InRepository<'_>) -> Option<Vec<Parameters>> {
    let keys = value.get("mergeKeys")?.all_texts().filter(|keys| !keys.is_empty())?;
    let all: Option<Vec<Vec<Parameters>>> =
        value.list("generators").map(|one| generated(one, repository)).collect();
    let mut all = all?.into_iter();
    let mut sets = all.next()?;
    let values = |set: &Parameters| -> Option<Vec<String>> {
        keys.iter().map(|key| set.get(key).cloned()).collect()
    };
    for more in all {
        for other in more {
            let of_other = values(&other);
            // A set without one of the keys is merged with no other, or refused; which is unknown.
            of_other.as_ref()?;
            for set in sets.iter_mut().filter(|set| values(set) == of_other) {
                set.extend(other.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
    }
    Some(sets)
}

/// The parameters of an element of a list; `None` unless all of them are text.
fn of_element(element: Cursor<'_>) -> Option<Parameters> {
    let pairs = element.pairs().map(|(key, value)| {
        Some((key.key().ok()?.into_owned(), value.target().str()?.into_owned()))
    });
    pairs.collect()
}

/// The parameters of a file with an object, or with a list of objects: its texts, numbers and booleans,
/// under the names of the fields that lead to them, and its path.
fn of_file(path: &str, text: &str) -> Option<Vec<Parameters>> {
    let whole: Value = serde_yaml::from_str(text).ok()?;
    let objects = match whole {
        Value::Array(objects) => objects,
        object => vec![object],
    };
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let each = objects.iter().map(|object| {
        let mut parameters = of_folder(folder);
        parameters.insert("path.filename".to_owned(), name.to_owned());
        flatten("", object.as_object().map(|_| object)?, &mut parameters);
        Some(parameters)
    });
    each.collect()
}

fn flatten(above: &str, value: &Value, into: &mut Parameters) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = match above {
                    "" => name.clone(),
                    above => format!("{above}.{name}"),
                };
                flatten(&name, value, into);
            }
        }
        Value::String(text) => drop(into.insert(above.to_owned(), text.clone())),
        Value::Number(_) | Value::Bool(_) => drop(into.insert(above.to_owned(), value.to_string())),
        Value::Array(_) | Value::Null => {}
    }
}

/// The parameters of a folder, under their names in both kinds of templates
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

/// A text with its placeholders replaced by the parameters. `None` if a placeholder has no
/// parameter.
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

/// The parts of an application that all of its sources share.
struct Application<'a, 'c> {
    root: Cursor<'c>,
    id: &'a Identity,
    spec: Cursor<'c>,
    parameters: Option<&'a Parameters>,
    stamp: &'a str,
}

impl Application<'_, '_> {
    /// The folders that it applies: one of each source that is built with kustomize or taken as it is. Charts
    /// and plugins are not followed, and with them the values that they take from a source with `ref`.
    fn appliers(&self) -> Vec<Applier> {
        let many: Vec<Cursor<'_>> = self.spec.list("sources").collect();
        let all = match many.is_empty() {
            true => self.spec.get("source").into_iter().collect(),
            false => many,
        };
        let has = |source: Cursor<'_>, field: &str| source.get(field).is_some();
        let is_rendered =
            |source: Cursor<'_>| ["helm", "plugin", "chart"].iter().any(|field| has(source, field));
        // A source with `ref` alone applies nothing.
        let applies =
            |source: Cursor<'_>| is_rendered(source) || has(source, "path") || !has(source, "ref");
        let number = all.iter().filter(|source| applies(**source)).count();
        let followed = all
            .iter()
            .enumerate()
            .filter(|(_, source)| source.filled("path").is_some() && !is_rendered(**source));
        let mut found: Vec<Applier> =
            followed.filter_map(|(at, source)| self.applier(at, *source)).collect();
        let is_whole = found.len() == number;
        found.iter_mut().for_each(|applier| applier.is_whole = is_whole);
        if number > 1 && self.parameters.is_none() {
            for applier in &mut found {
                applier.label = format!("{} for {}", self.id, applier.folder);
            }
        }
        found
    }

    /// The folder that a source applies. `at` is the position of the source in its list.
    fn applier(&self, at: usize, source: Cursor<'_>) -> Option<Applier> {
        let Self { root, id, parameters, stamp, .. } = *self;
        let is_one = self.spec.list("sources").next().is_none();
        let folder = cleaned(&filled(&source.string("path")?, parameters)?)?;
        let address = filled(&source.string("repoURL")?, parameters)?;
        let kustomize = source.get("kustomize");
        let directory = source.get("directory");
        let text = |field: &str| {
            directory.and_then(|d| d.string(field)).map_or_else(String::new, String::from)
        };
        let components =
            kustomize.and_then(|k| k.get("components")?.all_texts()).unwrap_or_default();
        let place =
            source.field("kustomize").map_or_else(|| source.span(), |field| field.key.span());
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
            is_whole: true,
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
            object: object(root, (!is_one).then_some(at), parameters)?,
            at: root.document_span(),
            patches: match parameters {
                None if is_one => Some(&["spec", "source", "kustomize", "patches"]),
                _ => None,
            },
            post_build: place,
            parsed,
        })
    }
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

/// The changes that a source of an application makes, as the document of a Flux `Kustomization` with the same
/// build: the fields are added to the kustomization of the folder. `at` is the position of the source if
/// there are several. `None` if a placeholder in the fields has no value.
fn object(root: Cursor<'_>, at: Option<usize>, parameters: Option<&Parameters>) -> Option<String> {
    let document = root.document_span().of(root.text());
    let whole: Value = serde_yaml::from_str(document).unwrap_or_default();
    let spec = match parameters {
        None => &whole["spec"],
        Some(_) => &whole["spec"]["template"]["spec"],
    };
    let source = match at {
        None => &spec["source"],
        Some(at) => &spec["sources"][at],
    };
    let kustomize = &source["kustomize"];
    let converted = json!({"spec": {
        "targetNamespace": kustomize["namespace"],
        "namePrefix": kustomize["namePrefix"],
        "nameSuffix": kustomize["nameSuffix"],
        "patches": kustomize["patches"],
        "components": kustomize["components"],
        "ignoreMissingComponents": kustomize["ignoreMissingComponents"],
    }});
    filled(&converted.to_string(), parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with these folders and files.
    fn repository<T>(
        folders: &[&str],
        files: &[(&str, &str)],
        then: impl Fn(&InRepository<'_>) -> T,
    ) -> T {
        let files: Vec<(String, String)> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let folders: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
        then(&InRepository {
            folders: &|_, _| Some(folders.clone()),
            files: &|_, _| Some(files.clone()),
        })
    }

    fn set(generators: &str, path: &str, prefix: &str) -> String {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: apps}}\nspec:\n  generators:\n{generators}  template:\n    spec:\n      source: {{repoURL: x, path: '{path}', kustomize: {{namePrefix: '{prefix}'}}}}\n"
        )
    }

    #[test]
    fn files_products_and_merged_sets_become_their_applications() {
        let files = [
            ("env/prod/config.json", r#"{"cluster": {"name": "p", "n": 1}}"#),
            ("env/test/config.json", r#"[{"cluster": {"name": "t"}}, {"cluster": {"name": "u"}}]"#),
        ];
        let of = |generators: &str, path: &str, prefix: &str| -> Vec<(String, bool)> {
            let text = set(generators, path, prefix);
            repository(&["apps/web", "apps/api"], &files, |found| {
                let found = applications(&text, "", found);
                let wanted = |object: &str| object.contains(r#""namePrefix":"p-""#);
                found.iter().map(|a| (a.folder.clone(), wanted(&a.object))).collect()
            })
        };
        let git = "  - git: {repoURL: x, files: [{path: env/*/config.json}]}\n";
        let found = of(git, "{{path}}", "{{cluster.name}}-");
        let expected = [("env/prod", true), ("env/test", false), ("env/test", false)];
        assert_eq!(found, expected.map(|(folder, is)| (folder.to_owned(), is)));
        let matrix = "  - matrix:\n      generators:\n      - git: {repoURL: x, directories: [{path: apps/*}]}\n      - list: {elements: [{name: p}, {name: t}]}\n";
        let found = of(matrix, "{{.path.path}}", "{{.name}}-");
        let expected =
            [("apps/web", true), ("apps/web", false), ("apps/api", true), ("apps/api", false)];
        assert_eq!(found, expected.map(|(folder, is)| (folder.to_owned(), is)));
        let merge = "  - merge:\n      mergeKeys: [name]\n      generators:\n      - list: {elements: [{name: a, prefix: x}, {name: b, prefix: x}]}\n      - list: {elements: [{name: b, prefix: p}]}\n";
        let found = of(merge, "apps/{{name}}", "{{prefix}}-");
        let expected = [("apps/a", false), ("apps/b", true)];
        assert_eq!(found, expected.map(|(folder, is)| (folder.to_owned(), is)));
        // An unknown generator makes the whole set unknown.
        let other = matrix.replace("list: {elements: [{name: p}, {name: t}]}", "clusters: {}");
        assert_eq!(of(&other, "{{.path.path}}", "{{.name}}-"), []);
        let clash = matrix.replace("{name: p}", "{path: p}");
        assert_eq!(of(&clash, "{{.path.path}}", "a-"), []);
        // A placeholder without a parameter in its fields is not text.
        assert_eq!(of("  - list: {elements: [{a: b}]}\n", "apps", "{{other}}-"), []);
    }

    #[test]
    fn a_set_becomes_its_applications() {
        let text = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: apps}\nspec:\n  generators:\n  - git: {repoURL: x, directories: [{path: apps/*}]}\n  - list: {elements: [{path: infra}]}\n  template:\n    spec:\n      source: {repoURL: x, path: '{{ .path }}', kustomize: {namePrefix: '{{path.basename}}-'}}\n";
        let found = repository(&["apps/web"], &[], |found| applications(text, "", found));
        // The second one has no `path.basename`, so its prefix is not known.
        let of: Vec<&str> = found.iter().map(|applier| applier.folder.as_str()).collect();
        assert_eq!(of, ["apps/web"]);
        assert!(found[0].object.contains(r#""namePrefix":"web-""#), "{}", found[0].object);
        let other = InRepository { folders: &|_, _| None, files: &|_, _| None };
        assert!(applications(text, "", &other).is_empty());
    }
}
