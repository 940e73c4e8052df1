//! Edits the 24 corpora, each as a separate git repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::edits::added_stamps;
use super::explained::{references_below, references_of_facts};
use super::{folders, in_parallel, none_wrong, rollstamp, root, shared};
use crate::extent::sample;
use crate::oracle::sites::is_known;
use crate::oracle::{Expected, Workload, stamps, unit};

/// The content of a folder, by path with `/` between names.
type Files = BTreeMap<String, Vec<u8>>;

/// A copy of a corpus, with or without its kustomization files.
struct Tree {
    name: String,
    folder: tempfile::TempDir,
    before: Files,
    ignored: BTreeSet<String>,
}

#[derive(Default)]
struct Report {
    lines: Vec<String>,
    wrong: Vec<String>,
    n_compared: usize,
    /// Workloads of kinds that are not in the oracle's table.
    n_unknown: usize,
    n_stamped: usize,
}

const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

fn read(folder: &Path) -> Files {
    let walk =
        walkdir::WalkDir::new(folder).into_iter().filter_entry(|entry| entry.file_name() != ".git");
    walk.map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name =
                entry.path().strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let settings =
        ["-c", "core.autocrlf=false", "-c", "user.name=test", "-c", "user.email=test@example.org"];
    let output =
        Command::new("git").args(settings).args(arguments).current_dir(folder).output().unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn tree(corpus: &Path, with_kustomizations: bool) -> Tree {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut before = read(corpus);
    before.retain(|name, _| {
        with_kustomizations || !KUSTOMIZATIONS.iter().any(|file| last(name) == *file)
    });
    for (name, bytes) in &before {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    git(folder.path(), &["init", "-q"]);
    let ignored = git(folder.path(), &["ls-files", "-o", "-i", "--exclude-standard"]);
    let ignored = ignored.lines().map(str::to_owned).collect();
    if with_kustomizations {
        git(folder.path(), &["add", "-A", "-f"]);
        git(folder.path(), &["commit", "-q", "-m", "first"]);
    }
    Tree { name: last(&corpus.to_string_lossy()).to_owned(), folder, before, ignored }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[test]
fn trees_with_their_kustomizations() {
    over_all_corpora("tree", |corpus| {
        let tree = tree(corpus, true);
        let mut report = Report::default();
        // Stamps below kustomizations are compared in overlays.rs.
        laws(&tree, "dir", &mut report);
        report
    });
}

#[test]
fn trees_without_their_kustomizations() {
    over_all_corpora("bare tree", |corpus| {
        let tree = tree(corpus, false);
        let mut report = Report::default();
        let facts = shared(&format!("facts/{}.refs.json", tree.name)).unwrap_or_default();
        if !facts.is_empty() {
            explain(&tree, &facts, &mut report);
        }
        for rule in ["dir", "tree", "file"] {
            compare(&tree, rule, &mut report);
            laws(&tree, rule, &mut report);
        }
        report
    });
}

fn over_all_corpora(test: &str, work: impl Fn(&Path) -> Report + Sync) {
    let Some(root) = root() else { return };
    let corpora = sample("the corpora", folders(&root.join("corpora")), 4);
    let reports = in_parallel(&corpora, |corpus| work(corpus));
    let mut wrong = Vec::new();
    let (mut n_compared, mut n_unknown, mut n_stamped) = (0, 0, 0);
    for report in reports {
        report.lines.iter().for_each(|line| println!("{test}: {line}"));
        n_compared += report.n_compared;
        n_unknown += report.n_unknown;
        n_stamped += report.n_stamped;
        wrong.extend(report.wrong);
    }
    println!(
        "{test}: {} corpora, {n_stamped} stamps written, {n_compared} workloads compared with the oracle, {n_unknown} of other kinds",
        corpora.len()
    );
    none_wrong(&wrong);
}

/// Stamps twice, checks and strips a tree, and returns the names of the stamped files.
fn laws(tree: &Tree, rule: &str, report: &mut Report) -> Vec<String> {
    let folder = tree.folder.path();
    let what = format!("{} --unit {rule}", tree.name);
    let run = |verb: &[&str]| rollstamp(&[verb, &["--unit", rule, "."]].concat(), "", Some(folder));
    let mut law = |holds: bool, law: String| {
        if !holds {
            report.wrong.push(format!("{what}: {law}"));
        }
    };
    let diff = run(&["write", "--diff"]);
    law(read(folder) == tree.before, "write --diff wrote something".to_owned());
    let first = run(&["write"]);
    law(matches!(first.exit, 0 | 2), format!("write: exit {}: {}", first.exit, first.stderr));
    let after = read(folder);
    law(after.keys().eq(tree.before.keys()), "files came or went".to_owned());
    let mut changed = Vec::new();
    let mut n_stamps = 0;
    for (name, bytes) in after.iter().filter(|(name, bytes)| tree.before.get(*name) != Some(bytes))
    {
        let (old, new) =
            (String::from_utf8_lossy(&tree.before[name]), String::from_utf8_lossy(bytes));
        match added_stamps(&old, &new) {
            Ok(n_added) => n_stamps += n_added,
            Err(why) => law(false, format!("{name}: {why}")),
        }
        law(diff.stdout.contains(name), format!("{name} changed, and --diff did not say so"));
        changed.push(name.clone());
    }
    if rule == "dir" && folder.join(".git/HEAD").is_file() && folder.join(".git/index").is_file() {
        let lines = git(folder, &["diff", "--no-color", "--unified=0"]);
        let content = |sign: char| {
            move |line: &&str| {
                line.starts_with(sign) && !line.starts_with(&sign.to_string().repeat(3))
            }
        };
        let n_removed = lines.lines().filter(content('-')).count();
        let n_added = lines.lines().filter(content('+')).count();
        let n_files = git(folder, &["diff", "--name-only"]).lines().count();
        law(
            n_files == changed.len(),
            format!("git sees {n_files} changed files, not {}", changed.len()),
        );
        report
            .lines
            .push(format!("{what}: git diff: {n_files} files, +{n_added} -{n_removed} lines"));
    }
    let again = run(&["write"]);
    law(read(folder) == after, "a second run changes something".to_owned());
    law(
        again.exit == first.exit,
        format!("the second run ends with {} instead of {}", again.exit, first.exit),
    );
    let check = run(&["check", "--allow-empty", "-o", "json"]);
    let said: Value = serde_json::from_str(&check.stdout).unwrap_or_default();
    let codes = codes(&said);
    let n_errors: usize = codes
        .iter()
        .filter(|((severity, _), _)| severity == "error")
        .map(|(_, number)| number)
        .sum();
    for code in ["missing-stamp", "stale-stamp", "left-over-stamp"] {
        law(!codes.keys().any(|(_, found)| found == code), format!("{code} after write"));
    }
    law(
        (check.exit == 0) == (n_errors == 0),
        format!("check after: exit {} with {n_errors} errors", check.exit),
    );
    run(&["strip"]);
    let stripped = read(folder);
    for (name, _) in stripped.iter().filter(|(name, bytes)| tree.before.get(*name) != Some(bytes)) {
        law(false, format!("strip does not give the first bytes of {name}"));
    }
    let codes: Vec<String> =
        codes.iter().map(|((_, code), number)| format!("{number} {code}")).collect();
    let summary = first.stderr.lines().last().unwrap_or_default().to_owned();
    report.n_stamped += n_stamps;
    report.lines.push(format!(
        "{what}: exit {}, {n_stamps} stamps in {} of {} files; {summary}; findings: {}",
        first.exit,
        changed.len(),
        tree.before.len(),
        if codes.is_empty() { "none".to_owned() } else { codes.join(", ") },
    ));
    changed
}

/// Findings by severity and code.
fn codes(said: &Value) -> BTreeMap<(String, String), usize> {
    let mut codes = BTreeMap::new();
    for finding in said["findings"].as_array().into_iter().flatten() {
        let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
        *codes.entry((text("severity"), text("code"))).or_default() += 1;
    }
    codes
}

/// Compares what `check -o json` says of each workload with the oracle, unit by unit.
fn compare(tree: &Tree, rule: &str, report: &mut Report) {
    let check =
        rollstamp(&["check", "-o", "json", "--unit", rule, "."], "", Some(tree.folder.path()));
    let said: Value = serde_json::from_str(&check.stdout).unwrap_or_default();
    let mut said_of: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for workload in said["workloads"].as_array().into_iter().flatten() {
        if is_known(workload["kind"].as_str().unwrap_or_default()) {
            let file = workload["file"].as_str().unwrap_or_default();
            said_of.entry(file).or_default().push(workload);
        } else {
            report.n_unknown += 1;
        }
    }
    let mut units: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    let mut unread: BTreeSet<String> = BTreeSet::new();
    for (name, bytes) in tree.before.iter().filter(|(name, _)| is_manifest(tree, name)) {
        let unit = match rule {
            "dir" => folder_of(name).to_owned(),
            "tree" => String::new(),
            _ => name.clone(),
        };
        match std::str::from_utf8(bytes) {
            Ok(text) if stamps(text, None).is_ok() => {
                units.entry(unit).or_default().push((name, text));
            }
            _ => drop(unread.insert(name.clone())),
        }
    }
    for files in units.values() {
        let texts: Vec<&str> = files.iter().map(|(_, text)| *text).collect();
        let workloads = unit(&texts, None).unwrap();
        for ((name, _), workloads) in files.iter().zip(workloads) {
            let said = said_of.remove(name).unwrap_or_default();
            report.n_compared += workloads.len();
            if said.len() != workloads.len() {
                let wrong = format!(
                    "{} --unit {rule}: {name}: {} workloads for {}",
                    tree.name,
                    said.len(),
                    workloads.len()
                );
                report.wrong.push(wrong);
                continue;
            }
            for (said, workload) in said.iter().zip(&workloads) {
                if !is_said(said, workload) {
                    let Workload { expected, .. } = workload;
                    report.wrong.push(format!(
                        "{} --unit {rule}: {name}: {said} for {expected:?}",
                        tree.name
                    ));
                }
            }
        }
    }
    for (name, said) in said_of {
        let is_unread = unread.contains(name);
        report.lines.push(format!(
            "{}: {name}: {} workloads that the oracle cannot read",
            tree.name,
            said.len()
        ));
        if !is_unread {
            report
                .wrong
                .push(format!("{}: {name} was read, and the oracle did not look there", tree.name));
        }
    }
}

fn is_said(said: &Value, workload: &Workload) -> bool {
    let text = |field: &str| said[field].as_str().map(str::to_owned);
    let stamp = text("stamp");
    text("kind").as_ref() == Some(&workload.kind)
        && text("namespace") == workload.namespace
        && match &workload.expected {
            Expected::Stamp(expected) => stamp.as_ref() == Some(expected),
            _ => stamp.is_none(),
        }
}

/// Whether a walk over the tree looks into a file.
fn is_manifest(tree: &Tree, name: &str) -> bool {
    let is_manifest = [".yaml", ".yml", ".json"].iter().any(|extension| name.ends_with(extension));
    let is_hidden = folder_of(name).split('/').any(|folder| folder.starts_with('.'));
    let parts: Vec<&str> = name.split('/').collect();
    let is_template = (0..parts.len() - 1).any(|depth| {
        let chart = [&parts[..depth], &["Chart.yaml"]].concat().join("/");
        parts[depth] == "templates" && tree.before.contains_key(&chart)
    });
    let is_kustomization = KUSTOMIZATIONS.contains(&last(name));
    is_manifest && !is_hidden && !is_template && !is_kustomization && !tree.ignored.contains(name)
}

/// Compares the references that `explain` finds with the facts. What it misses without a reason is wrong.
fn explain(tree: &Tree, facts: &str, report: &mut Report) {
    let (found, facts) = (references_below(tree.folder.path()), references_of_facts(facts));
    let n_both: usize =
        facts.iter().map(|(place, n_facts)| found.get(place).unwrap_or(&0).min(n_facts)).sum();
    let is_read = |file: &String| tree.before.contains_key(file) && is_manifest(tree, file);
    let only_facts: Vec<_> =
        facts.iter().filter(|(place, n_facts)| found.get(*place) != Some(n_facts)).collect();
    let only_found: Vec<_> =
        found.iter().filter(|(place, _)| !facts.contains_key(*place)).collect();
    report.lines.push(format!("{}: explain: {n_both} references of the facts", tree.name));
    for ((file, workload, target, site), number) in only_facts {
        let line = format!(
            "{}: {file}: {workload}: {site} {target}: {number} in the facts only",
            tree.name
        );
        if is_read(file) {
            report.wrong.push(line);
        } else {
            report.lines.push(line + ", in a file that a walk leaves out");
        }
    }
    for ((file, workload, target, site), number) in only_found {
        report.wrong.push(format!(
            "{}: {file}: {workload}: {site} {target}: {number} by explain only",
            tree.name
        ));
    }
}
