//! Tests real manifests: changes to the streams of the corpora, and upgrades and rollbacks of Helm releases.

use super::model::Random;
use super::plane::{Plane, Seen};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The counts for real manifests.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) streams: usize,
    /// Streams that the API server refuses.
    pub(super) not_taken: usize,
    pub(super) changes: usize,
    pub(super) rolled: usize,
    pub(super) stayed: usize,
    pub(super) held: usize,
    pub(super) wrong: Vec<String>,
}

/// The streams of the corpora with a workload and a source, by name; none if there are no corpora.
fn rendered() -> Vec<(String, PathBuf)> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("ROLLSTAMP_CORPORA").map_or(beside, PathBuf::from).join("rendered");
    let walk = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = walk.filter(|entry| entry.path().extension().is_some_and(|e| e == "yaml"));
    files
        .map(|entry| {
            let path = entry.into_path();
            let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
            (name, path)
        })
        .collect()
}

/// The workloads and sources of a stream that can be applied in one namespace.
fn objects(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut found: BTreeMap<(String, String), Value> = BTreeMap::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let Ok(mut object) = <Value as serde::Deserialize>::deserialize(document) else { continue };
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let is_workload = object["apiVersion"] == "apps/v1"
            && ["Deployment", "StatefulSet", "DaemonSet"].contains(&kind.as_str());
        let is_source = object["apiVersion"] == "v1"
            && (kind == "ConfigMap" || (kind == "Secret" && object["type"].is_null()))
            && object["immutable"] != true;
        let Some(name) = object["metadata"]["name"].as_str().map(str::to_owned) else { continue };
        if !(is_workload || is_source) {
            continue;
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
        if is_workload && object["spec"]["replicas"] == 0 {
            // A workload without pods cannot roll.
            object["spec"]["replicas"] = json!(1);
        }
        found.insert((kind, name), object);
    }
    let is = |kinds: &[&str]| found.keys().any(|(kind, _)| kinds.contains(&kind.as_str()));
    match is(&["Deployment", "StatefulSet", "DaemonSet"]) && is(&["ConfigMap", "Secret"]) {
        true => found.into_values().collect(),
        false => Vec::new(),
    }
}

/// Makes one change as people make it, and returns its description.
fn change(objects: &mut [Value], random: &mut Random) -> String {
    let at = random.below(objects.len());
    let object = &mut objects[at];
    let name = format!("{} {}", object["kind"], object["metadata"]["name"]);
    if ["ConfigMap", "Secret"].contains(&object["kind"].as_str().unwrap_or_default()) {
        let field = match (object["kind"].as_str(), object["data"].is_object()) {
            (Some("Secret"), true) => "data",
            (Some("Secret"), false) => "stringData",
            _ => "data",
        };
        // A Base64 value must stay valid Base64.
        let is_base64 = object["kind"] == "Secret" && field == "data";
        if !object[field].is_object() {
            object[field] = json!({});
        }
        let Some(keys) = object[field].as_object_mut() else { return name };
        let known: Vec<String> = keys.keys().cloned().collect();
        let number = random.below(10_000);
        let value = if is_base64 { format!("{number:04}") } else { format!("new {number}") };
        return match random.below(4) {
            0 => {
                keys.insert(format!("ADDED_{number}"), json!(value));
                format!("{name}: added")
            }
            1 if known.len() > 1 => {
                keys.remove(&known[random.below(known.len())]);
                format!("{name}: removed")
            }
            _ if !known.is_empty() => {
                keys.insert(known[random.below(known.len())].clone(), json!(value));
                format!("{name}: value")
            }
            _ => name,
        };
    }
    let number = random.below(10_000);
    let template = &mut object["spec"]["template"];
    match random.below(4) {
        0 => {
            template["spec"]["containers"][0]["image"] = json!(format!("example.com/a:{number}"));
            format!("{name}: image")
        }
        1 => {
            template["metadata"]["annotations"]["checksum/config"] = json!(format!("{number}"));
            format!("{name}: checksum of another tool")
        }
        2 => {
            object["metadata"]["annotations"]["note"] = json!(format!("{number}"));
            format!("{name}: nothing of its pods")
        }
        _ => {
            object["spec"]["replicas"] = json!(1 + number % 4);
            if object["kind"] == "DaemonSet" {
                object["spec"].as_object_mut().map(|spec| spec.remove("replicas"));
            }
            format!("{name}: replicas")
        }
    }
}

fn stream(objects: &[Value]) -> String {
    objects.iter().map(|object| format!("---\n{object}\n")).collect()
}

/// Changes to real streams, each in a namespace of its own.
pub(super) fn real_streams(plane: &Plane, most: usize, rounds: usize, figures: &mut Figures) {
    let all: Vec<(String, Vec<Value>)> = rendered()
        .into_iter()
        .map(|(name, path)| (name, objects(&path)))
        .filter(|(_, objects)| !objects.is_empty() && objects.len() < 80)
        .collect();
    let step = all.len().div_ceil(most.max(1)).max(1);
    for (number, (name, first)) in all.into_iter().step_by(step).enumerate() {
        for mode in ["annotation", "suffix"] {
            let namespace = format!("real-{number}-{mode}");
            plane.kubectl(&["create", "namespace", &namespace], None);
            let mut objects = first.clone();
            let mut random = Random(0xfeed + number as u64);
            let mut before = stream(&objects);
            if !plane.takes(&namespace, &plane.stamped(&before, mode)) {
                figures.not_taken += 1;
                continue;
            }
            figures.streams += 1;
            for _ in 0..rounds {
                let seen = plane.settled(&namespace);
                let next = objects.clone();
                let changes = 1 + random.below(3);
                let what: Vec<String> =
                    (0..changes).map(|_| change(&mut objects, &mut random)).collect();
                let after = stream(&objects);
                let stamped = plane.stamped(&after, mode);
                if !plane.takes(&namespace, &stamped) {
                    objects = next;
                    continue;
                }
                let said = plane.impact(&before, &after, mode);
                let shown = plane.settled(&namespace);
                let about = format!("{name} {mode}: {}", what.join(", "));
                judge(&about, &said, &seen, &shown, figures);
                before = after;
            }
            plane.kubectl(&["delete", "namespace", &namespace, "--wait=false"], None);
        }
    }
}

/// Releases of Helm: an upgrade that changes values, and `helm rollback` to the revision before it.
pub(super) fn releases(plane: &Plane, helm: &str, figures: &mut Figures) {
    let namespace = format!("release-{helm}");
    plane.kubectl(&["create", "namespace", &namespace], None);
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/example/chart");
    let chart = chart.to_string_lossy().into_owned();
    let run = |arguments: &[&str]| plane.helm(helm, &namespace, arguments);
    // No kubelet runs the Job of the hook, so Helm does not wait for it.
    let render = ["--no-hooks", "--post-renderer", env!("CARGO_BIN_EXE_rollstamp")];
    run(&[&["install", "shop", &chart], &render[..]].concat());
    let values = ["batchSize=60", "logLevel=debug", "password=other", "batchSize=60"];
    for (i, value) in values.iter().enumerate() {
        let before = run(&["get", "manifest", "shop"]);
        let seen = plane.settled(&namespace);
        run(&[&["upgrade", "shop", &chart, "--set", value], &render[..]].concat());
        let after = run(&["get", "manifest", "shop"]);
        let shown = plane.settled(&namespace);
        let said = plane.written(&before, &after, "annotation");
        judge(&format!("{helm} upgrade {value}"), &said, &seen, &shown, figures);
        // A rollback to the values before, and an upgrade to the new ones again.
        if i % 2 == 1 {
            let to = (i + 1).to_string();
            let target = run(&["get", "manifest", "shop", "--revision", "1"]);
            let said = plane.written(&after, &target, "annotation");
            run(&["rollback", "shop", "1", "--no-hooks"]);
            let back = plane.settled(&namespace);
            judge(&format!("{helm} rollback from {to}"), &said, &shown, &back, figures);
        }
    }
    figures.streams += 1;
}

/// Compares the forecast with the state of the cluster.
fn judge(
    about: &str,
    said: &Value,
    seen: &BTreeMap<String, Seen>,
    shown: &BTreeMap<String, Seen>,
    figures: &mut Figures,
) {
    let rows = said["workloads"].as_array().cloned().unwrap_or_default();
    for (name, after) in shown {
        let Some(before) = seen.get(name) else { continue };
        let of = |row: &&Value| {
            let (kind, own) = name.split_once(' ').unwrap_or_default();
            row["kind"] == kind && row["name"] == own
        };
        let row = rows.iter().find(of).cloned().unwrap_or(Value::Null);
        let rolled = before.revision != after.revision;
        let is_held = ["waits", "partition"].contains(&row["held"].as_str().unwrap_or_default());
        let reasons = row["reasons"].as_array().cloned().unwrap_or_default();
        let changed = reasons.iter().any(|reason| reason["kind"] != "key");
        let expected = row["does"] == true || (is_held && changed);
        figures.changes += 1;
        figures.held += usize::from(is_held);
        match rolled {
            true => figures.rolled += 1,
            false => figures.stayed += 1,
        }
        if expected != rolled {
            let said = format!("{about}: {name}: said {}, rolled {rolled}", row["answer"]);
            figures.wrong.push(format!("{said}\n  {}", row["reasons"]));
        }
        let pods = row["disruption"]["pods"].as_u64();
        if row["does"] == true && !is_held && pods.is_some() && pods != after.replicas {
            figures.wrong.push(format!("{about}: {name}: {pods:?} pods of {:?}", after.replicas));
        }
    }
}
