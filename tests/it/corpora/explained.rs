//! Compares `explain` with the oracle and with the facts, reference by reference.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::{in_parallel, none_wrong, rollstamp, root, streams};
use crate::oracle::sites::is_known;
use crate::oracle::{Counted, Expected, stamps};

/// The differences between `explain` and the oracle for a stream, for the stamped workloads.
pub(super) fn differences(stream: &str) -> Vec<String> {
    let ran = rollstamp(&["explain", "-o", "json"], stream, None);
    let said = workloads(&ran.stdout);
    let wanted = stamps(stream, None).unwrap();
    if said.len() != wanted.len() {
        return vec![format!("explain tells of {} workloads, not {}", said.len(), wanted.len())];
    }
    let stamped = said
        .iter()
        .zip(&wanted)
        .filter(|(_, workload)| matches!(workload.expected, Expected::Stamp(_)));
    stamped
        .filter(|(said, workload)| counted(said) != workload.counted)
        .map(|(said, workload)| {
            format!(
                "explain of {}: {:?}, not {:?}",
                said["object"],
                counted(said),
                workload.counted
            )
        })
        .collect()
}

/// The workloads in the output of `explain -o json`, of the kinds that the oracle knows.
fn workloads(said: &str) -> Vec<Value> {
    let said: Value = serde_json::from_str(said).unwrap_or_default();
    let mut workloads = said["workloads"].as_array().cloned().unwrap_or_default();
    workloads.retain(|workload| is_known(workload["kind"].as_str().unwrap_or_default()));
    workloads
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn counted(workload: &Value) -> BTreeSet<Counted> {
    let references = workload["references"].as_array().into_iter().flatten();
    references
        .filter(|reference| reference["outcome"] == "counted")
        .map(|reference| {
            let keys = reference["keys"].as_array().into_iter().flatten().map(text).collect();
            (text(&reference["kind"]), text(&reference["name"]), keys)
        })
        .collect()
}

#[test]
fn explain_names_the_keys_that_count() {
    let Some(root) = root() else { return };
    let all = in_parallel(&streams(&root), |stream| {
        let n_counted: usize =
            stamps(&stream.text, None).unwrap().iter().map(|workload| workload.counted.len()).sum();
        let differences = differences(&stream.text);
        (
            n_counted,
            differences
                .into_iter()
                .map(|what| format!("{}: {what}", stream.name))
                .collect::<Vec<_>>(),
        )
    });
    let n_counted: usize = all.iter().map(|(n_counted, _)| n_counted).sum();
    println!("explain: {n_counted} references that count in {} streams", all.len());
    none_wrong(&all.into_iter().flat_map(|(_, differences)| differences).collect::<Vec<_>>());
}

/// File, workload, named source and site, as often as the workload names the source.
type References = BTreeMap<(String, String, String, String), usize>;

/// The references that `explain` finds below a folder, in the words of the facts.
pub(super) fn references_below(folder: &Path) -> References {
    let ran = rollstamp(&["explain", "-o", "json", "--unit", "file", "."], "", Some(folder));
    let said: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
    let mut found = References::new();
    for workload in said["workloads"].as_array().into_iter().flatten() {
        for reference in workload["references"].as_array().into_iter().flatten() {
            let of_init = if reference["list"] == "initContainers" { "init:" } else { "" };
            let site = match reference["site"].as_str().unwrap_or_default() {
                "env-config-map-key" | "env-secret-key" => format!("{of_init}env"),
                "env-from-config-map" | "env-from-secret" => format!("{of_init}envFrom"),
                "volume-config-map" | "volume-secret" => "volume".to_owned(),
                "projected-config-map" | "projected-secret" => "projected".to_owned(),
                "image-pull-secret" => "imagePullSecrets".to_owned(),
                "azure-file" => "othervol:azureFile".to_owned(),
                "scale-io" => "othervol:scaleIO".to_owned(),
                other => format!("othervol:{other}"),
            };
            let place = (
                text(&workload["file"]),
                format!("{} {}", text(&workload["kind"]), text(&workload["name"])),
                format!("{} {}", text(&reference["kind"]), text(&reference["name"])),
                site,
            );
            *found.entry(place).or_default() += 1;
        }
    }
    found
}

/// The references that the independent walker found in a corpus.
pub(super) fn references_of_facts(facts: &str) -> References {
    let mut found = References::new();
    for fact in serde_json::from_str::<Vec<Value>>(facts).unwrap() {
        // A `subPath` line repeats the line of its volume.
        if fact["site"] != "subPath" {
            let place = (
                text(&fact["file"]),
                format!("{} {}", text(&fact["kind"]), text(&fact["name"])),
                format!("{} {}", text(&fact["ref"][0]), text(&fact["ref"][1])),
                text(&fact["site"]),
            );
            *found.entry(place).or_default() += 1;
        }
    }
    found
}
