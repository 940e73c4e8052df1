//! Laws of every `migrate`. again: a second run changes nothing. clean: `check` finds no problem of the
//! written stamps. meaning: an independent reader finds every old value, except the annotations that the
//! report for programs names, and the stamps. diff: `--diff` shows exactly the written changes. crlf, bom,
//! no-final-newline: as for stamps.

use super::values::{Said, documents, same_but_for};
use super::{Done, Job, Report, bom, crlf, differ, lossy, manifests, no_final_newline};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const LAWS: &[&str] = &["again", "clean", "meaning", "diff", "crlf", "bom", "no-final-newline"];

/// Checks all laws but those in `off`.
pub(super) fn laws(job: &Job, done: &Done, off: &BTreeMap<String, String>) -> Report {
    let mut report = Report::default();
    let unknown: Vec<_> = off.keys().filter(|law| !LAWS.contains(&law.as_str())).collect();
    if !unknown.is_empty() || off.values().any(String::is_empty) {
        let message = format!("laws_off: unknown laws {unknown:?}, or one without a reason");
        report.failures.push(message);
    }
    let said = match said(job) {
        Ok(said) => said,
        Err(message) => {
            report.failures.push(message);
            return report;
        }
    };
    let results = [
        ("again", again(job, done)),
        ("clean", clean(job, done, &said)),
        ("meaning", meaning(job, done, &said)),
        ("diff", diff(job, done)),
        ("crlf", crlf(job, done)),
        ("bom", bom(job, done)),
        ("no-final-newline", no_final_newline(job, done)),
    ];
    for (law, result) in results {
        if let (false, Err(message)) = (off.contains_key(law), result) {
            report.failures.push(format!("law {law}: {message}"));
        }
    }
    report
}

/// The report for programs of the same run.
fn said(job: &Job) -> Result<Value, String> {
    let mut json = without_format(job);
    json.args.extend(["-o".to_owned(), "json".to_owned()]);
    let output = json.run().output;
    serde_json::from_str(&output.stderr).map_err(|error| format!("{error}: {}", output.stderr))
}

/// The same run with reports for people.
fn without_format(job: &Job) -> Job {
    let mut job = job.clone();
    if let Some(at) = job.args.iter().position(|arg| arg == "-o") {
        job.args.drain(at..at + 2);
    }
    job
}

fn rows(said: &Value) -> impl Iterator<Item = &Value> {
    said["migration"]["objects"].as_array().into_iter().flatten()
}

fn again(job: &Job, done: &Done) -> Result<(), String> {
    let mut next = job.clone();
    next.tree.clone_from(&done.tree);
    let second = next.run();
    if second.output.exit != 0 {
        return Err(format!("a second run ends with {}", second.output.exit));
    }
    differ("a second run changes", &manifests(&done.tree), &manifests(&second.tree))
}

fn clean(job: &Job, done: &Done, said: &Value) -> Result<(), String> {
    let mut check = without_format(job);
    check.tree.clone_from(&done.tree);
    let from = check.args.iter().position(|arg| arg == "--from").ok_or("no --from")?;
    check.args.drain(from..from + 2);
    check.args[0] = "check".to_owned();
    check.args.extend(["-o".to_owned(), "json".to_owned()]);
    let output = check.run().output;
    let found: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("check: {error}: {}", output.stderr))?;
    let ours = |row: &&Value| ["without", "keeps"].contains(&row["becomes"].as_str().unwrap_or(""));
    let ours: BTreeSet<(&str, &str)> = rows(said)
        .filter(ours)
        .filter_map(|row| Some((row["object"].as_str()?, row["file"].as_str()?)))
        .collect();
    let wrong = ["missing-stamp", "stale-stamp", "left-over-stamp", "reloader-left"];
    for finding in found["findings"].as_array().into_iter().flatten() {
        let about =
            (finding["object"].as_str().unwrap_or(""), finding["file"].as_str().unwrap_or(""));
        if ours.contains(&about) && wrong.contains(&finding["code"].as_str().unwrap_or("")) {
            return Err(format!("check says {}", finding["message"]));
        }
    }
    Ok(())
}

fn meaning(job: &Job, done: &Done, said: &Value) -> Result<(), String> {
    let mut all: BTreeMap<(String, String), Said> = BTreeMap::new();
    for row in rows(said) {
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let own = all.entry((text("kind"), text("name"))).or_default();
        for change in row["annotations"].as_array().into_iter().flatten() {
            let key = change["key"].as_str().unwrap_or_default().to_owned();
            let value = change["value"].as_str().map(str::to_owned);
            let on_template = change["on"] == "pod-template";
            own.changes.insert((on_template, key), value);
        }
    }
    let after = manifests(&done.tree);
    for (name, text) in manifests(&job.tree) {
        match (documents(&text), documents(&after[&name])) {
            (Ok(before), Ok(after)) => same_but_for(before, after, &all)?,
            (Err(_), Err(_)) => {}
            _ => return Err(format!("the independent reader can read only one {name}")),
        }
    }
    Ok(())
}

fn diff(job: &Job, done: &Done) -> Result<(), String> {
    let mut show = job.clone();
    show.args.push("--diff".to_owned());
    let shown = show.run();
    differ("--diff writes", &manifests(&job.tree), &manifests(&shown.tree))?;
    let patched = patched(&manifests(&job.tree), &lossy(&shown.output.stdout))?;
    differ("--diff shows another", &manifests(&done.tree), &patched)
}

/// Texts after a unified diff.
fn patched(
    before: &BTreeMap<String, String>,
    diff: &str,
) -> Result<BTreeMap<String, String>, String> {
    let mut after = before.clone();
    for part in diff.split("--- a/").skip(1) {
        let mut lines = part.split_inclusive('\n');
        let name = lines.next().unwrap_or_default().trim_end().to_owned();
        let old: Vec<&str> =
            before.get(&name).ok_or("a file that is not there")?.split_inclusive('\n').collect();
        let (mut at, mut new) = (0, String::new());
        for line in lines.skip(1) {
            let Some((mark, rest)) = line.split_at_checked(1) else { continue };
            match mark {
                "@" => {
                    let first =
                        rest.split(['-', ',']).nth(1).and_then(|number| number.parse().ok());
                    let first = first.unwrap_or(1_usize).saturating_sub(1);
                    new.push_str(&old[at..first].concat());
                    at = first;
                }
                "+" => new.push_str(rest),
                "-" | " " => {
                    let there = old.get(at).copied().unwrap_or_default();
                    if there.trim_end() != rest.trim_end() {
                        return Err(format!("the diff has {rest:?} where {there:?} is"));
                    }
                    if mark == " " {
                        new.push_str(there);
                    }
                    at += 1;
                }
                // No newline at the end of the file.
                _ => new.truncate(new.trim_end_matches('\n').len()),
            }
        }
        new.push_str(&old[at..].concat());
        after.insert(name, new);
    }
    Ok(after)
}
