//! Compares the stamps in files below kustomizations with the output of kustomize for every leaf that holds
//! the files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{STAMP, none_wrong, rollstamp, root};
use crate::oracle::read::{at, documents, objects, text};
use crate::oracle::sites::workload_kind;

/// A workload of a file: path, kind and name.
type Workload = (String, String, String);

/// The stamp of each workload in every leaf that builds it, with its name there.
type Truth = BTreeMap<(String, String), Vec<(String, String, Option<String>)>>;

#[derive(Default)]
struct Sum {
    right: usize,
    refused: usize,
    /// The workloads that were left alone although all leaves that build need the same stamp.
    agreeing: usize,
    without_truth: usize,
    wrong: Vec<String>,
}

/// `a/b/../c` as `a/c`.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The workloads of a text: kind, name, stamp and origin.
fn workloads(stream: &str) -> Vec<(String, String, Option<String>, Option<String>)> {
    let Ok(documents) = documents(stream) else {
        return Vec::new();
    };
    let found = objects(&documents);
    let each = found.iter().filter_map(|object| {
        let kind = workload_kind(&object.api_version, &object.kind)?;
        let template = at(&object.value, kind.template)?;
        let stamp = text(template, &["metadata", "annotations", STAMP]);
        let name = text(&object.value, &["metadata", "name"])?;
        let origin =
            text(&object.value, &["metadata", "annotations", "config.kubernetes.io/origin"]);
        Some((object.kind.clone(), name, stamp, origin))
    });
    each.collect()
}

fn truth(rendered: &Path) -> Truth {
    let index = fs::read_to_string(rendered.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let mut truth = Truth::new();
    for leaf in index.as_array().unwrap() {
        let (Some(folder), Some(file)) = (leaf["dir"].as_str(), leaf["file"].as_str()) else {
            continue;
        };
        let stream = fs::read_to_string(rendered.join(file)).unwrap();
        let stamped = rollstamp(&[], &stream, None);
        assert_eq!(stamped.exit, 0, "{file}: {}", stamped.stderr);
        for (kind, name, stamp, origin) in workloads(&stamped.stdout) {
            let origin = origin.unwrap_or_default();
            let is_local = !origin.lines().any(|line| line.starts_with("repo:"));
            let path = origin.lines().find_map(|line| line.strip_prefix("path: "));
            if let (true, Some(path)) = (is_local, path) {
                let path = clean(&format!("{folder}/{path}"));
                let leaves = truth.entry((path, kind)).or_default();
                leaves.push((folder.to_owned(), name, stamp));
            }
        }
    }
    truth
}

fn is_below(folder: &Path, name: &str) -> bool {
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let above = Path::new(name).ancestors().skip(1);
    above
        .flat_map(|above| names.map(|name| folder.join(above).join(name)))
        .any(|path| path.is_file())
}

/// Stamps a copy of a corpus and compares every stamp below a kustomization.
fn compare(corpus: &Path, rendered: &Path) -> Sum {
    let copy = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = copy.path();
    let mut names = Vec::new();
    for entry in walkdir::WalkDir::new(corpus).sort_by_file_name() {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(corpus).unwrap();
        if entry.file_type().is_file() {
            fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            // The corpora may be read-only, and a copy of a file would be as well.
            fs::write(folder.join(name), fs::read(entry.path()).unwrap()).unwrap();
            names.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
    let git = Command::new("git").args(["init", "-q"]).current_dir(folder).status();
    assert!(git.unwrap().success());
    let truth = truth(rendered);
    let before: BTreeSet<Workload> = stamped(folder, &names);
    let ran = rollstamp(&["write", "."], "", Some(folder));
    assert!(matches!(ran.exit, 0 | 2), "{}", ran.stderr);
    let mut sum = Sum::default();
    let mut seen: BTreeSet<Workload> = BTreeSet::new();
    for name in &names {
        let Ok(now) = fs::read_to_string(folder.join(name)) else {
            continue;
        };
        for (kind, workload, stamp, _) in workloads(&now) {
            let id = (name.clone(), kind.clone(), workload.clone());
            let leaves = truth.get(&(name.clone(), kind.clone()));
            let leaves: Vec<_> = leaves
                .into_iter()
                .flatten()
                .filter(|(_, there, _)| there.contains(&workload))
                .collect();
            if before.contains(&id) || !seen.insert(id) {
                continue;
            }
            let any = leaves.iter().any(|(_, _, stamp)| stamp.is_some());
            match stamp {
                None if any => {
                    sum.refused += 1;
                    let agree = leaves.windows(2).all(|two| two[0].2 == two[1].2);
                    sum.agreeing += usize::from(agree);
                    if agree && std::env::var_os("ROLLSTAMP_SHOW").is_some() {
                        let dirs: Vec<&String> = leaves.iter().map(|l| &l.0).collect();
                        println!("left alone, though {dirs:?} agree: {name}: {kind} {workload}");
                    }
                }
                None => {}
                Some(_) if leaves.is_empty() => {
                    sum.without_truth += usize::from(is_below(folder, name));
                }
                Some(_) if leaves.iter().all(|(_, _, truth)| *truth == stamp) => sum.right += 1,
                Some(stamp) => {
                    let wrong = format!("{name}: {kind} {workload}: {stamp}, not {leaves:?}");
                    sum.wrong.push(wrong);
                }
            }
        }
    }
    if std::env::var_os("ROLLSTAMP_SHOW").is_some() {
        println!("{}", ran.stderr);
    }
    sum
}

/// The workloads with a stamp.
fn stamped(folder: &Path, names: &[String]) -> BTreeSet<Workload> {
    let mut found = BTreeSet::new();
    for name in names {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
        if !text.contains(STAMP) {
            continue;
        }
        for (kind, workload, stamp, _) in workloads(&text) {
            if stamp.is_some() {
                found.insert((name.clone(), kind, workload));
            }
        }
    }
    found
}

#[test]
fn stamps_below_kustomizations_are_those_of_every_leaf() {
    let Some(root) = root() else { return };
    let mut total = Sum::default();
    let mut corpora: Vec<_> = fs::read_dir(root.join("rendered"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("index.json").is_file())
        .collect();
    corpora.sort();
    for rendered in corpora {
        let name = rendered.file_name().unwrap().to_string_lossy().into_owned();
        let sum = compare(&root.join("corpora").join(&name), &rendered);
        println!("overlays: {name}: {}", sum.line());
        total.right += sum.right;
        total.refused += sum.refused;
        total.agreeing += sum.agreeing;
        total.without_truth += sum.without_truth;
        total.wrong.extend(sum.wrong);
    }
    println!("overlays: all: {}", total.line());
    assert!(total.right > 0, "nothing was stamped below a kustomization");
    none_wrong(&total.wrong);
}

impl Sum {
    fn line(&self) -> String {
        format!(
            "{} right, {} refused ({} of them though all leaves that build agree), {} wrong; {} stamped of which no stream tells",
            self.right,
            self.refused,
            self.agreeing,
            self.wrong.len(),
            self.without_truth
        )
    }
}
