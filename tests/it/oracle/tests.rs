//! Compares the oracle with recorded results of real programs, and with the example in the scheme.

use serde_yaml::Value;

use super::{Expected, decode_base64, kustomize, read, stamps};

const WORKED_EXAMPLE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: app-config}
data: {LOG_LEVEL: INFO, OTHER: x}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - env:
        - {name: L, valueFrom: {configMapKeyRef: {name: app-config, key: LOG_LEVEL}}}
";

#[test]
fn the_oracle_gives_the_designs_worked_example() {
    let workloads = stamps(WORKED_EXAMPLE, None).unwrap();
    let stamp = "33b46b4c8cf00d06dbb5241b02781dfc6f1bffe1d9d798fa9347c702a9e3a5d0";
    assert_eq!(workloads[0].expected, Expected::Stamp(stamp.to_owned()));
}

#[test]
fn the_oracle_tells_texts_from_other_scalars_as_kubectl_does() {
    let rows: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../testdata/parity/scalars.json")).unwrap();
    let (mut n_compared, mut wrong) = (0, Vec::new());
    for row in &rows {
        let text = row["text"].as_str().unwrap();
        let Ok(value) = serde_yaml::from_str::<Value>(&format!("k: {text}\n")) else {
            continue;
        };
        let Some(value) = value.get("k") else {
            continue;
        };
        // Only a text that was written as it is read can be judged by its value alone.
        let is_plain = value.as_str().is_none_or(|value| value == text);
        if row["type"] == "error" || !is_plain || text.starts_with('!') {
            continue;
        }
        n_compared += 1;
        let is_text = value.as_str().is_some_and(|text| !read::is_no_text_in_yaml_1_1(text));
        if is_text != (row["type"] == "string") {
            wrong.push(row.to_string());
        }
    }
    println!("oracle scalars: {n_compared} of {} rows compared", rows.len());
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_oracle_decodes_base64_as_go_does() {
    assert_eq!(decode_base64("aGk=").as_deref(), Some(&b"hi"[..]));
    assert_eq!(decode_base64("aG\r\nk=\n").as_deref(), Some(&b"hi"[..]));
    assert_eq!(decode_base64("aGl=").as_deref(), Some(&b"hi"[..]), "spare bits");
    assert_eq!(decode_base64("").as_deref(), Some(&b""[..]));
    for refused in ["aGk", "aG k", "a===", "====", "_-8=", "aGk=aGk="] {
        assert_eq!(decode_base64(refused), None, "{refused}");
    }
}

#[test]
fn the_oracle_gives_kustomizes_name_hashes() {
    let file = include_str!("../../../testdata/parity/name-hashes.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let (mut n_equal, mut wrong) = (0, Vec::new());
    for vector in file["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|vector| vector["algorithm"] == "kustomize")
    {
        let id = vector["id"].as_str().unwrap();
        // Some rows are found only by the hashed text.
        let Some(manifest) = vector["input_manifest"].as_str() else {
            continue;
        };
        let documents = match read::documents(manifest) {
            Ok(documents) => documents,
            Err(why) => {
                wrong.push(format!("{id}: {why}"));
                continue;
            }
        };
        let object = &documents[0].value;
        let suffixes =
            kustomize::suffixes(&read::text(object, &["kind"]).unwrap_or_default(), object);
        if suffixes.iter().any(|suffix| vector["expected_suffix"] == suffix.as_str()) {
            n_equal += 1;
        } else {
            wrong.push(id.to_owned());
        }
    }
    println!("oracle kustomize hashes: {n_equal} equal, not equal: {wrong:?}");
    // What is no text there is hashed as a Go number or time, and refused by the API server anyway.
    assert_eq!(wrong, ["cm-bigint", "cm-exp", "cm-octal", "cm-date"]);
}
