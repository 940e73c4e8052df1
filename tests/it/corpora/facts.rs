//! Compares the oracle's references with those that another program found in the same files.
//!
//! `facts/<corpus>.refs.json` comes from an independent walker in Python. It is a differential check and
//! not a specification; `reason` names every kind of expected difference.

use std::collections::BTreeMap;
use std::fs;

use super::{none_wrong, root};
use crate::oracle::stamps;

/// File, document, workload and what it names, with the site.
type Reference = (String, u64, String, String, String);

/// The reason why the facts may hold a reference that the oracle does not have. The oracle must not have
/// references that the facts lack.
fn reason((_, _, workload, _, site): &Reference) -> Option<&'static str> {
    match (workload.split(' ').next().unwrap_or_default(), site.as_str()) {
        ("AnalysisTemplate" | "Experiment" | "Grafana", _) => {
            Some("a kind that is not in the oracle's table")
        }
        (_, "subPath") => Some("a second line for the mount of a volume"),
        _ => None,
    }
}

#[test]
fn references_are_those_of_the_independent_walker() {
    let Some(root) = root() else { return };
    let (mut n_both, mut n_files, mut unread) = (0, 0, Vec::new());
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for corpus in fs::read_dir(root.join("corpora")).unwrap().map(Result::unwrap) {
        let name = corpus.file_name().into_string().unwrap();
        let mut facts: BTreeMap<Reference, usize> = BTreeMap::new();
        if let Ok(text) = fs::read_to_string(root.join(format!("facts/{name}.refs.json"))) {
            for fact in serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap() {
                *facts.entry(reference(&name, &fact)).or_default() += 1;
            }
        }
        for file in
            walkdir::WalkDir::new(corpus.path()).sort_by_file_name().into_iter().map(Result::unwrap)
        {
            let is_manifest = file.path().extension().is_some_and(|extension| {
                ["yaml", "yml", "json"].iter().any(|known| extension == *known)
            });
            let Ok(stream) = fs::read_to_string(file.path()) else {
                continue;
            };
            if !is_manifest {
                continue;
            }
            let path =
                file.path().strip_prefix(root.join("corpora")).unwrap().display().to_string();
            n_files += 1;
            let found = match of_file(&path, &stream) {
                Ok(found) => found,
                Err(why) => {
                    let n_lost = facts.keys().filter(|(file, ..)| *file == path).count();
                    facts.retain(|(file, ..), _| *file != path);
                    unread.push(format!("{path} ({n_lost} references): {why}"));
                    continue;
                }
            };
            for (reference, number) in found {
                let known = facts.remove(&reference).unwrap_or_default();
                n_both += number.min(known);
                if known != number {
                    wrong.push(format!(
                        "{reference:?}: {number} by the oracle, {known} by the facts"
                    ));
                }
            }
        }
        for (reference, number) in facts {
            match reason(&reference) {
                Some(reason) => *reasons.entry(reason).or_default() += number,
                None => wrong.push(format!("{reference:?}: {number} only in the facts")),
            }
        }
    }
    println!(
        "facts: {n_both} references on both sides in {n_files} files, {} files unread",
        unread.len()
    );
    println!("facts: only there: {reasons:?}");
    unread
        .iter()
        .filter(|line| !line.contains("(0 references)"))
        .for_each(|line| println!("facts: unread: {line}"));
    none_wrong(&wrong);
}

fn reference(corpus: &str, fact: &serde_json::Value) -> Reference {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (
        format!("{corpus}/{}", text(&fact["file"])),
        fact["doc"].as_u64().unwrap(),
        format!("{} {}", text(&fact["kind"]), text(&fact["name"])),
        format!("{} {}", text(&fact["ref"][0]), text(&fact["ref"][1])),
        text(&fact["site"]),
    )
}

fn of_file(path: &str, stream: &str) -> Result<BTreeMap<Reference, usize>, String> {
    let mut found = BTreeMap::new();
    for workload in stamps(stream, None)? {
        for (read, _) in workload.reads {
            let reference = (
                path.to_owned(),
                workload.place.0 as u64,
                format!("{} {}", workload.kind, workload.name),
                format!("{} {}", read.target, read.name),
                read.site,
            );
            *found.entry(reference).or_default() += 1;
        }
    }
    Ok(found)
}
