//! Laws of `impact` for every input that can be stamped: no change between a state and itself, or the same
//! state in another order and with comments; only first stamps between a state and the stamped state; and,
//! with exchanged sides, removed instead of added.

use super::{Done, Job, reversed};
use crate::sandbox::{Entry, Output, Sandbox, Tree};
use serde_json::Value;
use std::collections::BTreeSet;

/// Options about output and exit codes, for which `impact` has its own.
const OTHER: &[&str] = &["--diff", "--quiet", "-q", "--verbose", "-v", "--strict"];
const OTHER_WITH_VALUE: &[&str] =
    &["--keep", "--previous", "-o", "--output", "--log-file", "--color", "--jobs", "-j"];

/// Checks all these laws. If the order matters because an object occurs twice, the order does not change.
pub(super) fn laws(job: &Job, done: &Done, order_counts: bool) -> Result<(), String> {
    let turned: fn(&str) -> String = if order_counts { commented } else { turned };
    let Some(states) = States::of(job, done, turned) else { return Ok(()) };
    let same = states.run("state-a", "state-a")?;
    empty(&same).map_err(|said| format!("a state and itself: {said}"))?;
    let twin = states.run("state-a", "state-turned")?;
    empty(&twin).map_err(|said| format!("another order and comments: {said}"))?;
    let stamped = states.run("state-a", "state-done")?;
    for workload in rows(&stamped, "workloads") {
        let answer = workload["answer"].as_str().unwrap_or_default();
        if ["rolls", "template", "stale", "new", "gone"].contains(&answer) {
            return Err(format!("stamping alone: {} {answer}", workload["object"]));
        }
    }
    if order_counts {
        return Ok(());
    }
    let (there, back) =
        (states.run("state-a", "state-less")?, states.run("state-less", "state-a")?);
    let swapped = |answer: &str| {
        match answer {
            "new" => "gone",
            "gone" => "new",
            "added" => "removed",
            "removed" => "added",
            "changed" => "changed",
            _ => "",
        }
        .to_owned()
    };
    let said = |report: &Value, list: &str, field: &str, turn: &dyn Fn(&str) -> String| {
        let rows = rows(report, list).into_iter();
        let pairs = rows.map(|row| {
            let word = turn(row[field].as_str().unwrap_or_default());
            (row["object"].to_string(), word)
        });
        pairs.filter(|(_, word)| !word.is_empty()).collect::<BTreeSet<(String, String)>>()
    };
    for (list, field) in [("workloads", "answer"), ("sources", "change")] {
        let known = |word: &str| match swapped(word).is_empty() {
            true => String::new(),
            false => word.to_owned(),
        };
        let (one, other) = (said(&there, list, field, &swapped), said(&back, list, field, &known));
        if one != other {
            return Err(format!("the other way round: {list}\n    {one:?}\n    {other:?}"));
        }
    }
    Ok(())
}

fn rows(report: &Value, list: &str) -> Vec<Value> {
    report[list].as_array().cloned().unwrap_or_default()
}

/// The report has no effect on any workload.
fn empty(report: &Value) -> Result<(), String> {
    let workloads = rows(report, "workloads");
    let workloads = workloads.iter().filter(|w| w["answer"] != "quiet" || w["must"] == true);
    let said: Vec<String> = workloads.map(|w| format!("{} {}", w["object"], w["answer"])).collect();
    let sources = rows(report, "sources");
    match said.is_empty() && sources.is_empty() {
        true => Ok(()),
        false => Err(format!("{said:?} {sources:?}")),
    }
}

/// States of one input, each in its own folder or file.
struct States {
    sandbox: Sandbox,
    options: Vec<String>,
    /// The path from the folder of a state to the applied files.
    inside: String,
}

impl States {
    /// `None` if a state cannot be in its own folder: a configuration names files, a caller passes a list,
    /// or several paths are named.
    fn of(job: &Job, done: &Done, turned: fn(&str) -> String) -> Option<Self> {
        let paths = job.paths();
        let is_call = job
            .stdin
            .as_deref()
            .is_some_and(|bytes| String::from_utf8_lossy(bytes).contains("ResourceList"));
        let has_configuration = job.tree.keys().any(|name| name.ends_with(".rollstamp.yaml"));
        let of_a_suffix = job.args.iter().any(|arg| arg == "suffix");
        if is_call || has_configuration || of_a_suffix || paths.len() > 1 {
            return None;
        }
        let mut tree = job.tree.clone();
        let inside = if job.is_stream() {
            let before = job.stdin.clone()?;
            let text = String::from_utf8(before.clone()).ok()?;
            let mut add = |name: &str, bytes: Vec<u8>| {
                tree.insert(format!("{name}/in.yaml"), Entry::File(bytes));
            };
            add("state-a", before);
            add("state-turned", turned(&text).into_bytes());
            add("state-done", done.output.stdout.clone());
            add("state-less", less(&text).into_bytes());
            "in.yaml".to_owned()
        } else if job.writes() && paths.len() == 1 && job.stdin.is_none() {
            let mut add = |name: &str, from: &Tree, change: &dyn Fn(&str) -> String| {
                for (path, entry) in from.iter().filter(|(path, _)| !path.starts_with(".git/")) {
                    let entry = match entry {
                        Entry::File(bytes) if super::is_manifest(path) => {
                            Entry::File(super::change_bytes(bytes, change))
                        }
                        other => other.clone(),
                    };
                    tree.insert(format!("{name}/{path}"), entry);
                }
            };
            add("state-a", &job.tree, &str::to_owned);
            add("state-turned", &job.tree, &turned);
            add("state-done", &done.tree, &str::to_owned);
            add("state-less", &job.tree, &less);
            job.args[paths[0]].trim_start_matches("./").to_owned()
        } else {
            return None;
        };
        let mut options = Vec::new();
        let rest = &job.args[usize::from(job.verb().is_some())..];
        let mut rest = rest.iter().enumerate();
        while let Some((i, arg)) = rest.next() {
            let at = i + usize::from(job.verb().is_some());
            if OTHER_WITH_VALUE.contains(&arg.as_str()) {
                rest.next();
            } else if !OTHER.contains(&arg.as_str()) && !paths.contains(&at) {
                options.push(arg.clone());
            }
        }
        Some(Self { sandbox: Sandbox::new(&tree), options, inside })
    }

    fn run(&self, before: &str, after: &str) -> Result<Value, String> {
        let place = |state: &str| match self.inside.as_str() {
            "." | "" => state.to_owned(),
            inside => format!("{state}/{inside}"),
        };
        let mut args: Vec<String> = ["impact", "-o", "json"].map(str::to_owned).to_vec();
        args.extend(self.options.iter().cloned());
        args.extend([place(before), place(after)]);
        let Output { exit, stdout, stderr } = self.sandbox.run(&args, None);
        if exit != 0 {
            return Err(format!("{} exits with {exit}: {stderr}", args.join(" ")));
        }
        serde_json::from_slice(&stdout).map_err(|error| format!("{}: {error}", args.join(" ")))
    }
}

/// The documents in reverse order, after a comment.
fn turned(text: &str) -> String {
    commented(&reversed(text))
}

fn commented(text: &str) -> String {
    match text.trim_start().starts_with('{') {
        true => text.to_owned(),
        false => format!("# A comment.\n{}", text.trim_start_matches('\u{feff}')),
    }
}

/// Without the last document.
fn less(text: &str) -> String {
    match text.rfind("\n---\n") {
        Some(at) => text[..=at].to_owned(),
        None => text.to_owned(),
    }
}
