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

/// Checks all laws, or returns the reason why this input cannot be compared. If the order of the documents
/// has a meaning because an object occurs twice, the order stays.
pub(super) fn laws(job: &Job, done: &Done, order_counts: bool) -> Result<Option<Skip>, String> {
    let turned: fn(&str) -> String = if order_counts { commented } else { turned };
    let states = match States::of(job, done, turned, order_counts) {
        Ok(states) => states,
        Err(why) => return Ok(Some(why)),
    };
    let same = states.run("state-a", "state-a")?;
    empty(&same).map_err(|said| format!("a state and itself: {said}"))?;
    let twin = states.run("state-a", "state-turned")?;
    empty(&twin).map_err(|said| format!("another order and comments: {said}"))?;
    let crlf = states.run("state-a", "state-crlf")?;
    empty(&crlf).map_err(|said| format!("lines that end with CRLF: {said}"))?;
    let stamped = match states.has_done {
        true => rows(&states.run("state-a", "state-done")?, "workloads"),
        false => Vec::new(),
    };
    for workload in stamped {
        let answer = workload["answer"].as_str().unwrap_or_default();
        // In suffix mode, a name in another field of a pod template gets a suffix, too.
        let is_renamed = answer == "template" && states.options.iter().any(|arg| arg == "suffix");
        if ["rolls", "template", "stale", "new", "gone"].contains(&answer) && !is_renamed {
            return Err(format!("stamping alone: {} {answer}", workload["object"]));
        }
    }
    if order_counts {
        return Ok(None);
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
    Ok(None)
}

/// Why an input cannot be compared with another state of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Skip {
    /// A ResourceList is a call of another program, and no state.
    Call,
    /// Its configuration names files by their paths, and the copies have other paths.
    NamesFiles,
    /// It reads the standard input and files, and `impact` can read the standard input only for one state.
    StdinAndFiles,
    /// It is not UTF-8.
    NotText,
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
    /// Whether there is a stamped state.
    has_done: bool,
}

/// The keys of a configuration that name files by their paths.
const NAMES_FILES: &[&str] = &["units:", "files:", "also:", "exclude:", "paths:", "scope:"];

impl States {
    fn of(
        job: &Job,
        done: &Done,
        turned: fn(&str) -> String,
        order_counts: bool,
    ) -> Result<Self, Skip> {
        let paths = job.paths();
        let stdin = job.stdin.as_deref().map(std::str::from_utf8).transpose();
        let stdin = stdin.map_err(|_| Skip::NotText)?;
        if stdin.is_some_and(|text| text.contains("ResourceList")) {
            return Err(Skip::Call);
        }
        let mut configurations = job.tree.iter().filter(|(name, _)| is_configuration(name));
        let names_files = |entry: &Entry| match entry {
            Entry::File(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                NAMES_FILES.iter().any(|field| text.contains(field))
            }
            Entry::Link(_) => true,
        };
        if configurations.any(|(name, entry)| name.contains('/') || names_files(entry)) {
            return Err(Skip::NamesFiles);
        }
        // The configuration stays in a folder above both states, where both find it.
        let mut tree = job.tree.clone();
        let mut add =
            |name: &str, list: &[String], from: Result<&Tree, String>, change: Change<'_>| {
                let mut listed: Vec<String> = Vec::new();
                match from {
                    Err(text) => {
                        listed.push(format!("{name}/in.yaml"));
                        tree.insert(listed[0].clone(), Entry::File(change(&text).into_bytes()));
                    }
                    Ok(from) => {
                        listed.extend(list.iter().map(|path| format!("{name}/{path}")));
                        let own =
                            |path: &str| !path.starts_with(".git/") && !is_configuration(path);
                        for (path, entry) in from.iter().filter(|(path, _)| own(path)) {
                            let entry = match entry {
                                Entry::File(bytes) if super::is_manifest(path) => {
                                    Entry::File(super::change_bytes(bytes, change))
                                }
                                other => other.clone(),
                            };
                            tree.insert(format!("{name}/{path}"), entry);
                        }
                    }
                }
                tree.insert(format!("{name}.txt"), Entry::File(listed.join("\n").into_bytes()));
            };
        let named: Vec<String> =
            paths.iter().map(|&i| job.args[i].trim_start_matches("./").to_owned()).collect();
        let mut back = named.clone();
        // Folders of other names are paired by their positions, so only files change places.
        if !order_counts && named.iter().all(|name| job.tree.contains_key(name)) {
            back.reverse();
        }
        let before = |text: &str| -> Result<&Tree, String> { Err(text.to_owned()) };
        let from = match stdin {
            Some(text) if job.is_stream() => before(text),
            Some(_) => return Err(Skip::StdinAndFiles),
            None => Ok(&job.tree),
        };
        let has_done = job.is_stream() || job.writes();
        add("state-a", &named, from.clone(), &str::to_owned);
        add("state-turned", &back, from.clone(), &turned);
        add("state-crlf", &named, from.clone(), &crlf);
        add("state-less", &named, from, &less);
        if job.is_stream() {
            let text = String::from_utf8(done.output.stdout.clone());
            add("state-done", &named, Err(text.map_err(|_| Skip::NotText)?), &str::to_owned);
        } else if has_done {
            add("state-done", &named, Ok(&done.tree), &str::to_owned);
        }
        let mut options = Vec::new();
        let first = usize::from(job.verb().is_some());
        let mut rest = job.args.iter().enumerate().skip(first);
        while let Some((at, arg)) = rest.next() {
            if OTHER_WITH_VALUE.contains(&arg.as_str()) {
                rest.next();
            } else if !OTHER.contains(&arg.as_str()) && !paths.contains(&at) {
                options.push(arg.clone());
            }
        }
        Ok(Self { sandbox: Sandbox::new(&tree), options, has_done })
    }

    fn run(&self, before: &str, after: &str) -> Result<Value, String> {
        let mut args: Vec<String> = ["impact", "-o", "json"].map(str::to_owned).to_vec();
        args.extend(self.options.iter().cloned());
        args.extend([before, after].map(|state| format!("@{state}.txt")));
        let Output { exit, stdout, stderr } = self.sandbox.run(&args, None);
        if exit != 0 {
            return Err(format!("{} exits with {exit}: {stderr}", args.join(" ")));
        }
        serde_json::from_slice(&stdout).map_err(|error| format!("{}: {error}", args.join(" ")))
    }
}

/// A change of a text.
type Change<'c> = &'c dyn Fn(&str) -> String;

fn is_configuration(name: &str) -> bool {
    name.ends_with(".rollstamp.yaml")
}

/// The text with the line ends of Windows. A text that already has some stays, because a mixture may have
/// another meaning.
fn crlf(text: &str) -> String {
    match text.contains('\r') {
        true => text.to_owned(),
        false => text.replace('\n', "\r\n"),
    }
}

/// The documents in reverse order, below a comment.
fn turned(text: &str) -> String {
    commented(&reversed(text))
}

fn commented(text: &str) -> String {
    match text.trim_start().starts_with('{') {
        true => text.to_owned(),
        false => format!("# A comment.\n{}", text.trim_start_matches('\u{feff}')),
    }
}

/// The text without its last document.
fn less(text: &str) -> String {
    match text.rfind("\n---\n") {
        Some(at) => text[..=at].to_owned(),
        None => text.to_owned(),
    }
}
