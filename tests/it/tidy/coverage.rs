//! Every row of a table and every finding code is shown by a case.

use super::root;
use rollstamp::finding::Code;
use rollstamp::k8s::{fillers, kinds, providers, sidecars, sites};
use std::collections::BTreeSet;

/// What the cases say that they cover.
fn covered() -> BTreeSet<String> {
    #[derive(Debug)]
    struct Missing;
    let mut covered = BTreeSet::new();
    for entry in walkdir::WalkDir::new(root().join("testdata/cases")) {
        let entry = entry.expect("readable cases");
        if entry.file_name() != "case.yaml" {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("case text");
        let case: serde_yaml::Value =
            serde_yaml::from_str(&text).map_err(|_| Missing).expect("a case");
        for item in case["covers"].as_sequence().into_iter().flatten() {
            covered.extend(item.as_str().map(str::to_owned));
        }
    }
    covered
}

#[test]
fn every_row_of_every_table_has_a_case() {
    let covered = covered();
    let rows = kinds::WORKLOADS
        .iter()
        .map(|row| format!("kind:{}", row.kind))
        .chain(sites::SITES.iter().map(|site| format!("site:{}", site.id)))
        .chain(providers::PROVIDERS.iter().map(|row| format!("provider:{}", row.kind)))
        .chain(fillers::FILLERS.iter().map(|row| format!("filler:{}", row.id)))
        .chain(sidecars::RELOADERS.iter().map(|row| format!("reloader:{}", row.name)))
        .chain(Code::ALL.iter().map(|code| format!("code:{}", code.name())));
    let missing: Vec<String> = rows
        .filter(|row| !covered.contains(row) && !ELSEWHERE.iter().any(|(name, _)| name == row))
        .collect();
    assert!(missing.is_empty(), "no case covers {}", missing.join(", "));
}

/// Codes that a folder cannot show, and the test that does.
const ELSEWHERE: &[(&str, &str)] = &[
    ("code:file-too-large", "1 GiB is too much for a test; src/io/mod.rs refuses by length"),
    ("code:file-changed", "writing.rs changes a file between reading and writing"),
    ("code:build-failed", "programs/overlays.rs builds an overlay that cannot be built"),
    ("code:orphan-patches", "programs/overlays.rs takes a workload out of an overlay"),
    ("code:unwired-patches", "programs/overlays.rs makes a stamps file without its entry"),
    ("code:hard-link", "writing.rs makes a hard link, which git does not keep"),
];
