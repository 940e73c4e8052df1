//! Generates streams with every site, unusual value and clash, in large numbers.
//!
//! There are few names, so that references match, do not match, and match several sources. A seed always
//! gives the same stream.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::STAMP;
use crate::oracle::kustomize;
use crate::oracle::read::{bool_in_yaml_1_1, is_no_text_in_yaml_1_1};

/// A stamp that fits no workload.
const STALE: &str = "00000000000000000000000000000000000000000000000000000000deadbeef";

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }

    /// Up to `end - 1` things.
    fn some(&mut self, end: usize, mut thing: impl FnMut(&mut Self) -> Value) -> Value {
        (0..self.below(end)).map(|_| thing(self)).collect()
    }
}

const NAMES: [&str; 3] = ["a", "b", "c"];
const KEYS: [&str; 5] = ["k", "l", "m.conf", "on", "80"];
const PATHS: [&str; 12] =
    ["k", "l", "d/k", "./k", "/l", "d", "d/", "..data/k", ".", "", "m.conf/x", "d//k"];
/// Texts, and behind `PLAIN_` what is written without quotes; kubectl reads only some of it as a text.
const VALUES: [&str; 18] = [
    "1",
    "x",
    "",
    "two\nlines\n",
    "no end\nof line",
    " blanks ",
    "\t",
    "ä€😀",
    "Yes",
    "null",
    "PLAIN_a b",
    "PLAIN_2024-01-01",
    "PLAIN_1.2.3",
    "PLAIN_1234e567",
    "trailing\n\n\n",
    "#",
    "a: b",
    "- a\n",
];
const NO_TEXTS: [&str; 12] = [
    "PLAIN_yes",
    "PLAIN_1",
    "PLAIN_1_0",
    "PLAIN_0x1f",
    "PLAIN_on",
    "PLAIN_017",
    "PLAIN_1.5",
    "PLAIN_true",
    "PLAIN_0b1",
    "PLAIN_+1",
    "PLAIN_.5",
    "PLAIN_12e3",
];

/// One value of a source.
fn entry(random: &mut Random, is_encoded: bool) -> Value {
    if random.one_in(150) {
        return json!(random.of(&NO_TEXTS));
    }
    if random.one_in(200) {
        return if random.one_in(2) { json!({"a": "b"}) } else { json!(["a"]) };
    }
    if random.one_in(20) {
        return Value::Null;
    }
    let value = random.of(&VALUES);
    if !is_encoded || random.one_in(15) {
        return json!(value);
    }
    let base64 = STANDARD.encode(value);
    json!(match random.below(6) {
        0 => base64
            .as_bytes()
            .chunks(3)
            .map(|line| format!("{}\n", String::from_utf8_lossy(line)))
            .collect(),
        1 => base64.replace('=', ""),
        2 => base64.replace("A=", "B="),
        _ => base64,
    })
}

fn entries(random: &mut Random, is_encoded: bool) -> Value {
    let n_entries = random.below(4);
    let entries: Map<String, Value> =
        (0..n_entries).map(|_| (random.of(&KEYS).to_owned(), entry(random, is_encoded))).collect();
    if entries.is_empty() && random.one_in(2) { Value::Null } else { Value::Object(entries) }
}

fn metadata(random: &mut Random) -> Value {
    let mut metadata = json!({"name": random.of(&NAMES)});
    if !random.one_in(3) {
        metadata["namespace"] = json!(random.of(&["x", "y"]));
    }
    metadata
}

fn source(random: &mut Random) -> Value {
    let is_secret = random.one_in(2);
    let mut source = json!({
        "apiVersion": "v1",
        "kind": if is_secret { "Secret" } else { "ConfigMap" },
        "metadata": metadata(random),
    });
    source["data"] = entries(random, is_secret);
    if random.one_in(3) {
        let other = if is_secret { "stringData" } else { "binaryData" };
        source[other] = entries(random, !is_secret);
        if !is_secret && source["data"].is_object() {
            // The API server refuses a key in both; the design says nothing of it.
            let data = source["data"].clone();
            if let Some(binary) = source[other].as_object_mut() {
                binary.retain(|key, _| data.get(key).is_none());
            }
        }
    }
    if random.one_in(8) {
        source["metadata"]["annotations"] = json!({"helm.sh/hook": "pre-install"});
    }
    if random.one_in(25) {
        source["metadata"]["annotations"] =
            json!({"config.kubernetes.io/local-config": random.of(&["true", "false"])});
    }
    source
}

fn reference(random: &mut Random, field: &str) -> Value {
    let mut reference = json!({field: random.of(&NAMES)});
    if random.one_in(3) {
        reference["optional"] = json!(true);
    }
    reference
}

fn volume_source(random: &mut Random, field: &str) -> Value {
    let mut source = reference(random, field);
    match random.below(6) {
        0 => source["items"] = Value::Null,
        1 => source["items"] = json!([]),
        2 | 3 => {
            let item = |random: &mut Random| json!({"key": random.of(&KEYS), "path": random.of(&PATHS[..7])});
            source["items"] = random.some(4, item);
        }
        _ => {}
    }
    source
}

fn volume(random: &mut Random) -> Value {
    let mut volume = json!({"name": random.of(&["v", "w"])});
    match random.below(6) {
        0 | 1 => volume["configMap"] = volume_source(random, "name"),
        2 => volume["secret"] = volume_source(random, "secretName"),
        3 => {
            volume["csi"] =
                json!({"driver": "d", "nodePublishSecretRef": {"name": random.of(&NAMES)}});
        }
        4 => volume["cephfs"] = json!({"secretRef": {"name": random.of(&NAMES)}}),
        _ => {
            let source = |random: &mut Random| {
                let field = random.of(&["configMap", "secret"]);
                json!({field: volume_source(random, "name")})
            };
            volume["projected"] = json!({"sources": random.some(4, source)});
        }
    }
    volume
}

fn container(random: &mut Random) -> Value {
    let variable = |random: &mut Random| {
        let field = random.of(&["configMapKeyRef", "secretKeyRef"]);
        let mut reference = reference(random, "name");
        reference["key"] = json!(random.of(&KEYS));
        json!({"name": "V", "valueFrom": {field: reference}})
    };
    let from = |random: &mut Random| {
        let field = random.of(&["configMapRef", "secretRef"]);
        json!({field: reference(random, "name")})
    };
    let mount = |random: &mut Random| {
        let mut mount = json!({"name": random.of(&["v", "w"]), "mountPath": "/m"});
        match random.below(5) {
            0..3 => {
                mount["subPath"] = json!(random.of(&PATHS));
                if random.one_in(10) {
                    mount["subPathExpr"] = json!("$(V)");
                }
            }
            3 if random.one_in(3) => mount["subPathExpr"] = json!(random.of(&["$(V)", ""])),
            _ => {}
        }
        mount
    };
    let mut container = json!({"name": "c", "volumeMounts": random.some(3, mount)});
    if random.one_in(3) {
        container["env"] = random.some(3, variable);
    }
    if random.one_in(4) {
        container["envFrom"] = random.some(3, from);
    }
    container
}

const KINDS: [(&str, &str); 13] = [
    ("apps/v1", "Deployment"),
    ("extensions/v1beta1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1beta2", "DaemonSet"),
    ("apps.openshift.io/v1", "DeploymentConfig"),
    ("argoproj.io/v1alpha1", "Rollout"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "ReplicationController"),
    ("batch/v1", "Job"),
    ("batch/v1", "CronJob"),
    ("v1", "Pod"),
    ("v1", "PodTemplate"),
    ("example.org/v1", "Deployment"),
];

fn workload(random: &mut Random) -> Value {
    let (api_version, kind) =
        KINDS[if random.one_in(3) { random.below(KINDS.len()) } else { random.below(6) }];
    let mut spec = json!({"containers": [container(random)]});
    for list in ["initContainers", "ephemeralContainers"] {
        if random.one_in(4) {
            spec[list] = random.some(3, container);
        }
    }
    if !random.one_in(3) {
        let mut volumes = vec![volume(random), volume(random)];
        volumes[0]["name"] = json!("v");
        volumes[1]["name"] = json!("w");
        spec["volumes"] = json!(volumes);
    }
    if random.one_in(5) {
        spec["imagePullSecrets"] = json!([{"name": random.of(&NAMES)}]);
    }
    let mut template = json!({"spec": spec});
    match random.below(8) {
        0 => template["metadata"] = Value::Null,
        1 => template["metadata"] = json!({}),
        2 => template["metadata"] = json!({"annotations": null}),
        3 => template["metadata"] = json!({"annotations": {}}),
        4 => {
            template["metadata"] =
                json!({"labels": {"a": "b"}, "annotations": {"checksum/config": "z"}});
        }
        5 => template["metadata"] = json!({"annotations": {"b": "c", STAMP: STALE}}),
        6 => template["metadata"] = json!({"annotations": {STAMP: STALE}}),
        _ => {}
    }
    let mut workload =
        json!({"apiVersion": api_version, "kind": kind, "metadata": metadata(random)});
    match kind {
        "Pod" => workload["spec"] = template["spec"].clone(),
        "PodTemplate" => workload["template"] = template,
        "CronJob" => workload["spec"] = json!({"jobTemplate": {"spec": {"template": template}}}),
        _ => workload["spec"] = json!({"template": template}),
    }
    workload
}

/// The stream of a seed.
pub(super) fn stream(seed: u64) -> String {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let n_sources = 1 + random.below(6);
    let mut objects: Vec<Value> = (0..n_sources).map(|_| source(&mut random)).collect();
    for _ in 0..=random.below(4) {
        let place = random.below(objects.len() + 1);
        objects.insert(place, workload(&mut random));
    }
    if random.one_in(6) {
        name_after_content(&mut random, &mut objects);
    }
    let is_json = random.one_in(4);
    if is_json || random.one_in(4) {
        objects = vec![json!({"apiVersion": "v1", "kind": "List", "items": objects})];
    }
    if is_json {
        // JSON has no plain scalars.
        let list = &objects[0];
        let text = if random.one_in(2) { list.to_string() } else { format!("{list:#}") };
        return text.replace("PLAIN_", "");
    }
    let documents: Vec<String> =
        objects.iter().map(|object| document(&mut random, object)).collect();
    documents.join("---\n")
}

fn document(random: &mut Random, object: &Value) -> String {
    let mut document = String::new();
    block(random, object, 0, &mut document);
    document
}

/// Block YAML in changing styles.
fn block(random: &mut Random, value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (number, (key, value)) in fields.iter().enumerate() {
                if number > 0 || !out.ends_with("- ") {
                    out.push_str(&" ".repeat(indent));
                }
                let key = if bool_in_yaml_1_1(key).is_some() || key == "80" {
                    format!("'{key}'")
                } else {
                    key.clone()
                };
                out.push_str(&format!("{key}:"));
                below(random, value, indent, out);
            }
        }
        Value::Array(values) if !values.is_empty() => {
            for value in values {
                out.push_str(&" ".repeat(indent));
                out.push_str("- ");
                block(random, value, indent + 2, out);
            }
        }
        other => out.push_str(&format!("{}\n", scalar(random, other, indent))),
    }
}

fn below(random: &mut Random, value: &Value, indent: usize, out: &mut String) {
    let is_block = value.as_object().is_some_and(|fields| !fields.is_empty());
    let is_list = value.as_array().is_some_and(|values| !values.is_empty());
    if is_block || is_list {
        out.push_str(random.of(&["\n", "\n", " # a comment\n"]));
        let step = if is_list { random.below(2) * 2 } else { 1 + random.below(4) };
        block(random, value, indent + step, out);
    } else {
        out.push_str(&format!(" {}\n", scalar(random, value, indent)));
    }
}

fn scalar(random: &mut Random, value: &Value, indent: usize) -> String {
    let Value::String(text) = value else {
        return if value.is_null() {
            random.of(&["null", "~", ""]).to_owned()
        } else {
            value.to_string()
        };
    };
    if let Some(plain) = text.strip_prefix("PLAIN_") {
        return plain.to_owned();
    }
    let is_word = text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "-._/".contains(char))
        && text != "null"
        && !is_no_text_in_yaml_1_1(text);
    let is_one_line = text.chars().all(|char| char >= ' ' && char != '\'');
    let is_literal = text.ends_with('\n') && !text.starts_with([' ', '\n']);
    match random.below(3) {
        0 if is_word => text.clone(),
        1 if is_one_line => format!("'{text}'"),
        2 if is_literal => {
            let chomping = if text.ends_with("\n\n") { "+" } else { "" };
            let margin = " ".repeat(indent + 1 + random.below(4));
            let lines: Vec<String> = text.lines().map(|line| format!("{margin}{line}")).collect();
            format!("|{chomping}\n{}", lines.join("\n"))
        }
        _ => json!(text).to_string(),
    }
}

/// Gives one source the name that kustomize's generator would give it, in all references too.
fn name_after_content(random: &mut Random, objects: &mut [Value]) {
    let name = random.of(&NAMES);
    let plain = serde_json::to_string(objects).unwrap();
    let Some(source) = objects.iter().find(|object| {
        matches!(object["kind"].as_str(), Some("ConfigMap" | "Secret"))
            && object["metadata"]["name"] == name
    }) else {
        return;
    };
    // How a `data` that is null was written counts; what is no text has no name worth keeping.
    let is_text = |value: &Value| !(value.is_object() || value.is_array());
    let fields = ["data", "binaryData", "stringData"];
    let mut values =
        fields.iter().filter_map(|field| source[*field].as_object()).flat_map(Map::values);
    if source["data"].is_null() || source.to_string().contains("PLAIN_") || !values.all(is_text) {
        return;
    }
    let value: serde_yaml::Value = serde_yaml::from_str(&source.to_string()).unwrap();
    let suffixes = kustomize::suffixes(source["kind"].as_str().unwrap(), &value);
    let new = format!("{name}-{}", suffixes[suffixes.len().min(2) - 1]);
    let fields = ["name", "secretName"];
    let renamed = fields.iter().fold(plain, |text, field| {
        text.replace(&format!("\"{field}\":\"{name}\""), &format!("\"{field}\":\"{new}\""))
    });
    for (object, renamed) in
        objects.iter_mut().zip(serde_json::from_str::<Vec<Value>>(&renamed).unwrap())
    {
        *object = renamed;
    }
}
