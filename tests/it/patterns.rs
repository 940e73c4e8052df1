//! Compares the reading of Go's patterns with recorded results of Go's `regexp` (testdata/parity), and the
//! decisions of rollstamp with those of the code of Reloader and Wave.

use crate::corpora::root;
use rollstamp::compat::pattern::{Pattern, Unusable};
use rollstamp::compat::reloader::{ReloaderFlags, Selected, Selector, Tags};
use rollstamp::compat::{Annotations, wave};
use rollstamp::k8s::providers::Target;
use rollstamp::k8s::sites::{SITES, Site, SiteRoot};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

#[test]
fn patterns_match_what_go_matches() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/parity/go-patterns.json");
    let text = std::fs::read_to_string(path).unwrap();
    let file: Json = serde_json::from_str(&text).unwrap();
    let names: Vec<&str> = strings(&file["names"]).collect();
    let mut wrong = Vec::new();
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for row in file["patterns"].as_array().unwrap() {
        let pattern = row["pattern"].as_str().unwrap();
        let said = match Pattern::new(pattern) {
            Ok(own) => {
                let bits = names.iter().map(|name| if own.is_match(name) { '1' } else { '0' });
                Some(bits.collect::<String>())
            }
            Err(Unusable::Invalid(_)) => None,
            Err(Unusable::Untranslated(why)) => {
                *refused.entry(why.to_owned()).or_default() += 1;
                continue;
            }
        };
        if said.as_deref() != row["matches"].as_str() {
            wrong.push(format!("{pattern:?}: Go {}, we {said:?}", row["matches"]));
        }
    }
    println!("not translated: {refused:?}");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

fn strings(list: &Json) -> impl Iterator<Item = &str> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap())
}

/// The rows of a file of recorded decisions. If the file does not exist, prints this and returns none.
fn decisions(name: &str) -> Option<Vec<Json>> {
    let path = root()?.join("facts").join(name);
    if !path.is_file() {
        println!("DID NOT RUN: {} is not there", path.display());
        return None;
    }
    let output = Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert!(output.status.success(), "gzip cannot read {}", path.display());
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn annotations(of: &Json) -> Annotations {
    let entries = of["annotations"].as_object().into_iter().flatten();
    Annotations(
        entries.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap().into())).collect(),
    )
}

fn options(row: &Json) -> ReloaderFlags {
    let keys = row["keys"].as_object().into_iter().flatten();
    ReloaderFlags {
        auto_reload_all: row["autoReloadAll"].as_bool().unwrap(),
        keys: keys.map(|(flag, key)| (flag.clone(), key.as_str().unwrap().to_owned())).collect(),
        ..ReloaderFlags::default()
    }
}

#[test]
fn reloader_decides_as_its_code_decided() {
    let Some(rows) = decisions("reloader-decisions.jsonl.gz") else { return };
    let mut wrong = Vec::new();
    let mut untranslated: BTreeMap<String, usize> = BTreeMap::new();
    let mut invalid = 0;
    for row in &rows {
        let (workload, resource, decision) = (&row["workload"], &row["resource"], &row["decision"]);
        let options = options(&row["options"]);
        let kind = workload["kind"].as_str().unwrap();
        let target = match resource["kind"].as_str().unwrap() {
            "ConfigMap" => Target::ConfigMap,
            _ => Target::Secret,
        };
        let name = resource["name"].as_str().unwrap();
        let template = annotations(&row["template"]);
        let selector = Selector::new(&options, kind, target, &annotations(workload), &template);
        let selected = selector.selects(name, Tags::of(&options, &annotations(resource)));
        for entry in selector.bad_entries() {
            if let Unusable::Untranslated(_) = entry.why {
                *untranslated.entry(entry.text.clone()).or_default() += 1;
            }
        }
        // Reloader could not compile this entry, and rollstamp refuses it, too.
        for error in decision["errors"].as_array().into_iter().flatten() {
            invalid += 1;
            let error = error.as_str().unwrap();
            if !selector.bad_entries().any(|bad| error.contains(&go_quoted(&bad.text))) {
                wrong.push(format!("{}: we take {error}", row["id"]));
            }
        }
        let of = |what: &str| decision[what].as_bool().unwrap();
        let expected = match (of("reload"), of("auto")) {
            (false, _) => Selected::No,
            (true, true) => Selected::IfReferenced,
            (true, false) => Selected::Always,
        };
        if selected != expected {
            wrong.push(format!("{}: the code decided {expected:?}, we {selected:?}", row["id"]));
        }
        let rolls = match selected {
            Selected::No => false,
            Selected::IfReferenced => of("referenced"),
            Selected::Always => true,
        };
        let rolls = rolls && decision.get("error").is_none();
        if rolls != of("rolls") {
            wrong.push(format!("{}: it rolls: {}, we say {rolls}", row["id"], of("rolls")));
        }
    }
    println!(
        "{} decisions, {invalid} invalid entries, not translated: {untranslated:?}",
        rows.len()
    );
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
    // The names of Unicode classes that Go accepts depend on its version; no version accepts this one.
    assert!(untranslated.keys().all(|entry| entry == r"\p{Foo}"), "{untranslated:?}");
}

/// A text as Go's `%q` prints it.
fn go_quoted(text: &str) -> String {
    format!("{text:?}").replace("\\u{a0}", "\\u00a0")
}

/// What a mapping at the end of a site's path leads to.
fn at<'a>(node: &'a Json, path: &[&str], found: &mut Vec<&'a Json>) {
    let Some((step, rest)) = path.split_first() else {
        found.push(node);
        return;
    };
    match step.strip_suffix("[]") {
        Some(field) => {
            node[field].as_array().into_iter().flatten().for_each(|item| at(item, rest, found));
        }
        None if node[step].is_object() => at(&node[step], rest, found),
        None => {}
    }
}

/// The keys of a source that Wave counts at a site.
#[derive(Clone, Copy)]
enum WaveReads {
    /// All keys, also if `items` lists some.
    All,
    /// The keys under `items`; all keys, if there are no `items`.
    Items,
    /// The key that is named.
    Key,
}

/// The sites that Wave follows; for sites of containers, only those in `containers`
/// (`getChildNamesByType` in `pkg/core/children.go`). The program does not need this table: it shows that
/// our table of sites has every place that Wave knows.
const WAVE_SITES: &[(&str, WaveReads)] = &[
    ("volume-config-map", WaveReads::All),
    ("volume-secret", WaveReads::All),
    ("projected-config-map", WaveReads::Items),
    ("projected-secret", WaveReads::Items),
    ("env-from-config-map", WaveReads::All),
    ("env-from-secret", WaveReads::All),
    ("env-config-map-key", WaveReads::Key),
    ("env-secret-key", WaveReads::Key),
];

type Child = (String, String, bool, Option<BTreeSet<String>>);

/// What Wave counts at a site of a pod spec, by our table.
fn children(spec: &Json, site: &Site, namespace: &str, found: &mut Vec<Child>) {
    let lists: &[&str] = match site.under {
        SiteRoot::Container => &["containers", "initContainers", "ephemeralContainers"],
        SiteRoot::Volume => &["volumes"],
        SiteRoot::PodSpec | SiteRoot::Object => &[""],
    };
    for list in lists {
        let is_looked_at = matches!(*list, "containers" | "volumes");
        let mut rows = WAVE_SITES.iter().filter(|(id, _)| is_looked_at && *id == site.id);
        let Some(&(_, reads)) = rows.next() else { continue };
        let path = format!("{list}[].{}", site.path);
        let mut nodes = Vec::new();
        at(spec, &path.split('.').collect::<Vec<_>>(), &mut nodes);
        for node in nodes {
            let keys = |list: &Json| {
                list.as_array().map(|items| {
                    items.iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
                })
            };
            let keys = match reads {
                WaveReads::All => None,
                WaveReads::Items => keys(&node["items"]),
                WaveReads::Key => Some([node["key"].as_str().unwrap().to_owned()].into()),
            };
            let name = node[site.name.as_str()].as_str().unwrap_or_default().to_owned();
            found.push((namespace.to_owned(), name, node["optional"] != true, keys));
        }
    }
}

#[test]
fn wave_counts_what_its_code_counted() {
    let Some(rows) = decisions("wave-decisions.jsonl.gz") else { return };
    let mut wrong = Vec::new();
    let mut counted = 0;
    for row in &rows {
        let (workload, decision) = (&row["workload"], &row["decision"]);
        let (kind, own) = (workload["kind"].as_str().unwrap(), annotations(workload));
        let namespace = workload["namespace"].as_str().unwrap();
        let enabled = decision["enabled"].as_bool().unwrap();
        if wave::is_enabled(kind, &own) != enabled {
            wrong.push(format!("{}: enabled is {enabled}", row["id"]));
        }
        for (target, field) in [(Target::ConfigMap, "configMaps"), (Target::Secret, "secrets")] {
            let mut said: Vec<Child> = Vec::new();
            for site in SITES.iter().filter(|site| site.target == target) {
                children(&row["template"]["spec"], site, namespace, &mut said);
            }
            let extras = wave::extras(&own).filter(|extra| extra.target == target);
            said.extend(extras.map(|extra| {
                let namespace = extra.namespace.unwrap_or(namespace);
                (namespace.to_owned(), extra.name.to_owned(), false, None)
            }));
            let text = |child: &Json, field: &str| child[field].as_str().unwrap().to_owned();
            let mut expected: Vec<Child> = Vec::new();
            for child in decision[field].as_array().into_iter().flatten() {
                let keys = (child["allKeys"] == false).then(|| {
                    let keys = child["keys"].as_array().into_iter().flatten();
                    keys.map(|key| key.as_str().unwrap().to_owned()).collect()
                });
                let required = child["required"].as_bool().unwrap();
                expected.push((text(child, "namespace"), text(child, "name"), required, keys));
            }
            counted += expected.len();
            said.sort();
            expected.sort();
            if said != expected {
                wrong.push(format!("{}: Wave counted {expected:?}, we {said:?}", row["id"]));
            }
        }
    }
    println!("{} workloads of Wave, {counted} children", rows.len());
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
}

/// The objects of a recorded decision, in a namespace of their own.
fn objects(row: &Json) -> Vec<Json> {
    let (workload, resource) = (&row["workload"], &row["resource"]);
    let namespace = format!("n{}", row["id"]);
    let kind = workload["kind"].as_str().unwrap();
    let api_version = if kind == "Rollout" { "argoproj.io/v1alpha1" } else { "apps/v1" };
    let metadata = |name: &Json, annotations: &Json| serde_json::json!({"name": name, "namespace": namespace, "annotations": annotations});
    vec![
        serde_json::json!({
            "apiVersion": api_version,
            "kind": kind,
            "metadata": metadata(&"web".into(), &workload["annotations"]),
            "spec": {"template": {
                "metadata": {"annotations": row["template"]["annotations"]},
                "spec": row["template"]["spec"],
            }},
        }),
        serde_json::json!({
            "apiVersion": "v1",
            "kind": resource["kind"],
            "metadata": metadata(&resource["name"], &resource["annotations"]),
            "data": {"a": "YQ==", "b": "YQ==", "d.txt": "YQ=="},
        }),
    ]
}

/// Runs the program on the recorded decisions. With `follow`, exactly those sources count that roll the
/// workload. If two volumes have one source, Reloader sees only the first volume, and rollstamp sees both.
#[test]
fn follow_counts_what_reloader_selects() {
    let Some(mut rows) = decisions("reloader-decisions.jsonl.gz") else { return };
    // One run has one set of options; Jobs get no stamp, and a restart changes no pod template.
    rows.retain(|row| {
        let kind = row["workload"]["kind"].as_str().unwrap();
        row["options"]["autoReloadAll"] == false
            && row["options"]["keys"].is_null()
            && !matches!(kind, "Job" | "CronJob")
            && row["decision"]["action"] != "restartAt"
            && row["workload"]["annotations"]["reloader.stakater.com/rollout-strategy"] != "restart"
    });
    let objects = rows.iter().flat_map(objects);
    let stream: Vec<String> = objects.map(|object| format!("---\n{object}\n")).collect();
    let arguments = ["explain", "-o", "json", "--select=annotated", "--compat-reloader=follow"];
    let output = crate::sandbox::Sandbox::new(&crate::sandbox::Tree::new())
        .run(&arguments.map(str::to_owned), Some(stream.concat().as_bytes()));
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    let explained: BTreeMap<&str, &Json> = report["workloads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|workload| (workload["namespace"].as_str().unwrap(), workload))
        .collect();
    let (mut wrong, mut counted) = (Vec::new(), 0);
    for row in &rows {
        let workload = explained[format!("n{}", row["id"]).as_str()];
        if workload["state"] == "refused" {
            // An entry whose meaning depends on the version of Go.
            continue;
        }
        let resource = &row["resource"];
        let references = workload["references"].as_array().unwrap().iter();
        let of_it: Vec<&Json> = references
            .filter(|read| read["kind"] == resource["kind"] && read["name"] == resource["name"])
            .filter(|read| read["outcome"] != "reads-nothing")
            .collect();
        let counts = of_it.iter().any(|read| read["outcome"] == "counted");
        let decision = |what: &str| row["decision"][what].as_bool().unwrap();
        let expected = decision("reload") && (!decision("auto") || !of_it.is_empty());
        counted += usize::from(counts);
        if counts != expected {
            wrong.push(format!("{}: it rolls: {expected}, it counts: {counts}", row["id"]));
        }
    }
    println!("{} workloads, {counted} with the source in the stamp", rows.len());
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}
