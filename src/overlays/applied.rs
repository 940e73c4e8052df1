//! The changes that a controller makes before and after kustomize builds a folder. Before: the
//! fields of its object are added to the kustomization of the folder, which is created if there is
//! none. After: variables are replaced, document by document.

use super::envsubst::substitute;
use super::{Summary, Told};
use crate::finding::{Code, Severity};
use crate::outcome::Outcome;
use crate::scope::kustomize::{Variables, is_switched_off};
use crate::text::Span;
use crate::yaml::{Cursor, parse, split};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The kustomization that Flux builds (github.com/fluxcd/pkg/kustomize v1.44.0,
/// `GenerateManifest`), in JSON. `own` is the text of the kustomization in the folder; without one,
/// `resources` are the files and folders that the build finds there. `object` is the document of
/// the Flux `Kustomization`; `is_here` says whether a component exists.
///
/// # Errors
/// A text that is not a mapping.
pub fn kustomization(
    own: Option<&str>,
    resources: &[String],
    object: &str,
    is_here: impl Fn(&str) -> bool,
) -> Result<String, String> {
    let said = |error: serde_yaml::Error| error.to_string();
    let own: Map<String, Value> = match own {
        Some(text) => serde_yaml::from_str(text).map_err(said)?,
        None => Map::new(),
    };
    let object: Value = serde_yaml::from_str(object).map_err(said)?;
    let spec = &object["spec"];
    let mut merged = own;
    merged.entry("apiVersion").or_insert_with(|| json!("kustomize.config.k8s.io/v1beta1"));
    merged.entry("kind").or_insert_with(|| json!("Kustomization"));
    if !resources.is_empty() {
        merged.insert("resources".to_owned(), json!(resources));
    }
    for (field, into) in [
        ("targetNamespace", "namespace"),
        ("namePrefix", "namePrefix"),
        ("nameSuffix", "nameSuffix"),
    ] {
        if let Some(text) = spec[field].as_str() {
            merged.insert(into.to_owned(), json!(text));
        }
    }
    let items = |field: &str| spec[field].as_array().cloned().unwrap_or_default();
    add(&mut merged, "patches", items("patches"));
    let raw = items("patchesStrategicMerge").iter().map(|patch| json!(patch.to_string())).collect();
    add(&mut merged, "patchesStrategicMerge", raw);
    let operations = items("patchesJson6902")
        .into_iter()
        .map(|patch| json!({"target": patch["target"], "patch": patch["patch"].to_string()}));
    add(&mut merged, "patchesJson6902", operations.collect());
    let ignores_missing = spec["ignoreMissingComponents"] == json!(true);
    let components = items("components")
        .into_iter()
        .filter(|component| !ignores_missing || component.as_str().is_some_and(&is_here));
    add(&mut merged, "components", components.collect());
    // Images do not affect what pods read, but the build must not fail because of their order.
    add(&mut merged, "images", items("images"));
    Ok(Value::Object(merged).to_string())
}

/// The prefix and the suffix that a kustomization in JSON gives to names, after its patches.
pub fn affixes(kustomization: &str) -> (String, String) {
    let merged: Value = serde_json::from_str(kustomization).unwrap_or_default();
    let text = |field: &str| merged[field].as_str().unwrap_or_default().to_owned();
    (text("namePrefix"), text("nameSuffix"))
}

fn add(merged: &mut Map<String, Value>, field: &str, items: Vec<Value>) {
    if items.is_empty() {
        return;
    }
    let list = merged.entry(field).or_insert_with(|| json!([]));
    if let Some(list) = list.as_array_mut() {
        list.extend(items);
    }
}

/// The output of a build, with the variables replaced.
pub struct BuildOutput {
    /// The text.
    pub text: String,
    /// The variables without a known value, each with the offset of its remaining text.
    unknown: Vec<(usize, String)>,
    /// The earlier names of objects, by their present kind and name.
    names: BTreeMap<(SmolStr, SmolStr), ObjectName>,
}

/// The name and the namespace of an object.
type ObjectName = (SmolStr, Option<SmolStr>);

/// Replaces variables in the output of a build.
///
/// # Errors
/// A text that Flux refuses: it then applies nothing.
pub fn substituted(text: String, variables: &Variables) -> Result<BuildOutput, String> {
    let mut done = BuildOutput { text: String::new(), unknown: Vec::new(), names: BTreeMap::new() };
    if variables.is_empty() {
        done.text = text;
        return Ok(done);
    }
    let value = |name: &str| match variables.known.get(name) {
        Some(value) => Some(value.text().to_owned()),
        None => variables.open.is_none().then(String::new),
    };
    let mut from = 0;
    for chunk in split::chunks(&text).filter_map(Result::ok) {
        let span = chunk.span;
        done.text.push_str(&text[from..span.start as usize]);
        from = span.end as usize;
        let body = span.of(&text);
        let before = head(&text, span);
        if !body.contains('$') || before.as_ref().is_some_and(|head| head.is_switched_off) {
            done.text.push_str(body);
            continue;
        }
        let changed = substitute(body, &value).map_err(|at| {
            let at = crate::text::position(&text, span.start as usize + at);
            format!("line {} of the build: Flux cannot read `${{...}}` there", at.line)
        })?;
        let base = done.text.len();
        done.unknown.extend(changed.unknown.into_iter().map(|(at, name)| (base + at, name)));
        let after = head(&changed.text, Span::new(0, changed.text.len()));
        if let (Some(before), Some(after)) = (before, after)
            && before.named != after.named
        {
            done.names.insert((after.kind, after.named.0), before.named);
        }
        done.text.push_str(&changed.text);
    }
    done.text.push_str(&text[from..]);
    Ok(done)
}

/// The identity of the object of a document.
struct Head {
    kind: SmolStr,
    named: ObjectName,
    is_switched_off: bool,
}

fn head(text: &str, span: Span) -> Option<Head> {
    let documents = parse(text, span).ok()?;
    let root = Cursor::root(documents.first()?, text);
    let metadata = root.get("metadata")?;
    Some(Head {
        kind: root.string("kind")?,
        named: (metadata.string("name").unwrap_or_default(), metadata.string("namespace")),
        is_switched_off: is_switched_off(root),
    })
}

impl BuildOutput {
    /// Adds findings about unknown variables, and gives the workloads of a summary the names that
    /// kustomize knows: a patch runs before the variables are replaced.
    pub fn amend(&self, summary: &mut Summary, outcome: &Outcome, variables: &Variables, by: &str) {
        for need in &mut summary.needs {
            let patch = &mut need.patch;
            if let Some((name, namespace)) =
                self.names.get(&(patch.kind.clone(), patch.name.clone()))
            {
                patch.name.clone_from(name);
                patch.namespace.clone_from(namespace);
            }
        }
        let Some(why) = &variables.open else { return };
        for planned in &outcome.plan.workloads {
            let sources = planned.reasons.iter().filter_map(crate::plan::Reason::source);
            for source in sources {
                let source = &outcome.manifests[source];
                let document = outcome.manifests[source.object].document;
                let inside = |(at, _): &&(usize, String)| {
                    (document.start as usize..document.end as usize).contains(at)
                };
                for (_, variable) in self.unknown.iter().filter(inside) {
                    let id = &outcome.manifests[planned.object].id;
                    let told = Told {
                        code: Code::SubstitutedValue,
                        severity: Severity::Warning,
                        object: Some(id.to_string()),
                        message: format!(
                            "{id} reads {} {}, into which {by} puts `${{{variable}}}`; its value is not known, because {why}, so a change of it does not roll the pods",
                            source.target, source.name
                        ),
                        help: None,
                    };
                    if !summary.told.contains(&told) {
                        summary.told.push(told);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_the_object_go_into_the_kustomization() {
        let own = "resources: [web.yaml]\nnamePrefix: a-\npatches:\n- path: p.yaml\n";
        let object = "spec:\n  namePrefix: b-\n  targetNamespace: shop\n  components: [x, y]\n  ignoreMissingComponents: true\n  patches:\n  - patch: 'kind: A'\n";
        let merged = kustomization(Some(own), &[], object, |name| name == "x").unwrap();
        let merged: Value = serde_json::from_str(&merged).unwrap();
        assert_eq!(merged["namePrefix"], "b-");
        assert_eq!(merged["namespace"], "shop");
        assert_eq!(merged["components"], json!(["x"]));
        assert_eq!(merged["patches"], json!([{"path": "p.yaml"}, {"patch": "kind: A"}]));
        let made = kustomization(None, &["./a.yaml".to_owned()], "spec: {}", |_| true).unwrap();
        assert!(made.contains(r#""resources":["./a.yaml"]"#), "{made}");
    }

    #[test]
    fn variables_are_put_in_by_document() {
        let text = "kind: ConfigMap\nmetadata:\n  name: ${A}-x\ndata:\n  u: ${B}\n---\nkind: ConfigMap\nmetadata:\n  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\n  name: y\ndata:\n  u: ${A}\n";
        let mut variables = Variables::default();
        variables.known.insert("A".to_owned(), crate::scope::kustomize::VariableValue::new("web"));
        let done = substituted(text.to_owned(), &variables).unwrap();
        assert!(done.text.contains("name: web-x\n") && done.text.contains("  u: \n"));
        assert!(done.text.ends_with("  u: ${A}\n"));
        assert_eq!(done.names[&("ConfigMap".into(), "web-x".into())].0, "${A}-x");
    }
}
