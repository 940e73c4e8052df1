//! Tests every row of the table of referrers, and every site of pod specs in every kind of workload: an
//! object made from the row must follow.

use super::{documents, names};
use crate::sandbox::{Sandbox, Tree};
use rollstamp::k8s::kinds::WORKLOADS;
use rollstamp::k8s::providers::Target;
use rollstamp::k8s::referrers::{NamedKind, NamespaceRule, REFERRERS, Referrer};
use rollstamp::k8s::sites::{CONTAINER_LISTS, Reads, SITES, SiteRoot};
use rollstamp::yaml::path::PathStep;
use serde_yaml::{Mapping, Value};

const SOURCES: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: source, namespace: shop}\ndata: {a: x}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: source, namespace: shop}\nstringData: {a: x}\n---\n";

/// The value at the end of a path, in mappings and lists of one.
fn nest(path: &[PathStep], leaf: Value) -> Value {
    path.iter().rev().fold(leaf, |inner, step| match step {
        PathStep::Field(name) => {
            Value::Mapping(Mapping::from_iter([(name.as_str().into(), inner)]))
        }
        PathStep::EachItem => Value::Sequence(vec![inner]),
        PathStep::AnyField | PathStep::AnyWay => panic!("a step of no one field"),
    })
}

fn field(name: &str) -> PathStep {
    PathStep::Field(name.into())
}

/// The steps of a path, with a field instead of `*` and a path instead of `**`.
fn concrete(steps: &[PathStep]) -> Vec<PathStep> {
    let one = |step: &PathStep| match step {
        PathStep::AnyWay => vec![field("spec"), field("deep"), PathStep::EachItem],
        PathStep::AnyField => vec![field("any")],
        step => vec![step.clone()],
    };
    steps.iter().flat_map(one).collect()
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Mapping(into), Value::Mapping(from)) => {
            for (key, value) in from {
                match into.get_mut(&key) {
                    Some(inner) => merge(inner, value),
                    None => {
                        into.insert(key, value);
                    }
                }
            }
        }
        (Value::Sequence(into), Value::Sequence(from)) if into.len() == 1 && from.len() == 1 => {
            for (one, other) in into.iter_mut().zip(from) {
                merge(one, other);
            }
        }
        (into, from) => *into = from,
    }
}

fn collect<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Mapping(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}

/// Runs the program on the sources and an object, and returns the problems of the names in it.
fn follows(what: &str, object: &Value, target: Target, before: &str) -> Option<String> {
    let stream = format!("{SOURCES}{}", serde_yaml::to_string(object).unwrap());
    let arguments = ["--mode", "suffix", "--all-sources"].map(str::to_owned);
    let sandbox = Sandbox::new(&Tree::new());
    let output = sandbox.run(&arguments, Some(stream.as_bytes()));
    if output.exit != 0 || !output.stderr.is_empty() {
        return Some(format!("{what}: exit {}: {}\n{stream}", output.exit, output.stderr));
    }
    let kind = target.name();
    let new = format!("{before}{}", names(&output.stdout, kind).first()?);
    let after = documents(&output.stdout);
    let mut texts = Vec::new();
    collect(after.last()?, &mut texts);
    let old = format!("{before}source");
    if new == old || !texts.contains(&new.as_str()) || texts.contains(&old.as_str()) {
        return Some(format!("{what}: no {new} in {texts:?}"));
    }
    let stripped = sandbox.run(&["strip".to_owned()], Some(&output.stdout));
    (stripped.stdout != stream.as_bytes()).then(|| format!("{what}: strip gives something else"))
}

fn base_object(group: &str, kind: &str) -> Value {
    let api_version = match group {
        "" => "v1".to_owned(),
        group => format!("{group}/v1"),
    };
    serde_yaml::from_str(&format!(
        "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: object, namespace: shop}}\n"
    ))
    .unwrap()
}

fn row_object(row: &Referrer, group: &str, kind: &str, target: Target) -> (Value, String) {
    let before = match row.within {
        NamespaceRule::Slash => "shop/".to_owned(),
        _ => String::new(),
    };
    let path = concrete(row.path.steps());
    let mut object = base_object(group, kind);
    let leaf: Value = format!("{before}source").into();
    let holder = &path[..path.len() - 1];
    merge(&mut object, nest(&path, leaf));
    if let NamespaceRule::Beside(name) = row.within {
        let beside = [holder, &[field(name)]].concat();
        merge(&mut object, nest(&beside, "shop".into()));
    }
    if let NamedKind::ByKind(_) = row.names {
        let beside = [holder, &[field("kind")]].concat();
        merge(&mut object, nest(&beside, target.name().into()));
    }
    if row.names == NamedKind::Rule {
        let resources = format!("{}s", target.name().to_lowercase());
        let rule = serde_yaml::from_str(&format!(
            "rules: [{{apiGroups: [''], resources: [{resources}], resourceNames: [source]}}]"
        ));
        merge(&mut object, rule.unwrap());
    }
    (object, before)
}

#[test]
fn every_row_follows() {
    let (mut count, mut wrong) = (0, Vec::new());
    for row in REFERRERS.iter() {
        let kinds: &[&str] = if row.kinds.is_empty() { &["ServiceMonitor"] } else { row.kinds };
        let group = row.groups.first().copied().unwrap_or_else(|| match row.kinds[0] {
            "Ingress" => "networking.k8s.io",
            "Role" | "ClusterRole" => "rbac.authorization.k8s.io",
            "StorageClass" => "storage.k8s.io",
            "ValidatingWebhookConfiguration" => "admissionregistration.k8s.io",
            _ => "",
        });
        let targets: &[Target] = match row.names {
            NamedKind::ConfigMap => &[Target::ConfigMap],
            NamedKind::Secret => &[Target::Secret],
            NamedKind::ByKind(_) | NamedKind::Rule => &[Target::ConfigMap, Target::Secret],
        };
        for kind in kinds {
            for &target in targets {
                let (object, before) = row_object(row, group, kind, target);
                count += 1;
                wrong.extend(follows(&format!("{} in {kind}", row.id), &object, target, &before));
            }
        }
    }
    println!("{count} objects of {} rows", REFERRERS.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_site_follows_in_every_kind() {
    let mut all = Vec::new();
    for row in WORKLOADS.iter() {
        for path in &row.templates {
            for site in SITES.iter() {
                let lists: &[&str] = match site.under {
                    SiteRoot::Container => CONTAINER_LISTS,
                    SiteRoot::Volume => &["volumes"],
                    SiteRoot::PodSpec | SiteRoot::Object => &[""],
                };
                for list in lists {
                    let mut way = concrete(path.steps());
                    way.push(field("spec"));
                    if !list.is_empty() {
                        way.extend([field(list), PathStep::EachItem]);
                    }
                    way.extend_from_slice(site.path.steps());
                    way.push(field(&site.name));
                    let mut object = base_object(&row.groups[0], &row.kind);
                    merge(&mut object, nest(&way, "source".into()));
                    if site.reads == Reads::Key {
                        let last = way.len() - 1;
                        way[last] = field("key");
                        merge(&mut object, nest(&way, "a".into()));
                    }
                    // The object asks for new names, so even edits that the API server would refuse are made.
                    let asks = "metadata: {annotations: {rollstamp.dev/mode: suffix}}";
                    merge(&mut object, serde_yaml::from_str(asks).unwrap());
                    let what = format!("{} in {} {path} {list}", site.id, row.kind);
                    all.push((what, object, site.target));
                }
            }
        }
    }
    let some = crate::extent::sample("the sites in every kind", all, 7);
    let count = some.len();
    let mut wrong = Vec::new();
    for (what, object, target) in some {
        wrong.extend(follows(&what, &object, target, ""));
    }
    println!("{count} objects of {} sites and {} kinds", SITES.len(), WORKLOADS.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
