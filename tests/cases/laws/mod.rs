//! Laws of every run that stamps, whatever the input is.
//!
//! idempotent: a second run changes nothing, and `check` finds no problem. strip: removing the stamps
//! restores the first bytes, except marks of other tools, which cannot be restored. meaning: an independent
//! reader finds the old values and the stamps, and nothing else. order: documents and arguments in reverse
//! order give the same stamps. crlf, bom, no-final-newline: the same change of the input and of the output.
//! impact, migrate: see these modules.

pub(crate) mod impact;
mod migrate;
mod values;

use crate::sandbox::{Entry, Output, Sandbox, Tree};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use values::{documents, same_but_for_stamps, stamps};

const LAWS: &[&str] =
    &["idempotent", "strip", "meaning", "order", "crlf", "bom", "no-final-newline", "impact"];

/// The command line, as the program parses it.
static COMMAND: LazyLock<clap::Command> = LazyLock::new(rollstamp::cli::command);

/// One run of the program.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) args: Vec<String>,
    pub(crate) stdin: Option<Vec<u8>>,
    pub(crate) tree: Tree,
}

/// The result of a run.
pub(crate) struct Done {
    pub(crate) output: Output,
    pub(crate) tree: Tree,
}

/// The result of the laws for a run.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) failures: Vec<String>,
    /// The number of texts that the independent reader refuses, so that `meaning` cannot be checked.
    pub(crate) unread: usize,
    /// The reason why `impact` cannot compare it.
    pub(crate) skipped: Option<impact::Skip>,
}

impl Job {
    pub(crate) fn new(args: &[String], stdin: Option<Vec<u8>>, tree: Tree) -> Self {
        Self { args: args.to_vec(), stdin, tree }
    }

    fn verb(&self) -> Option<&str> {
        let first = self.args.first()?.as_str();
        COMMAND.find_subcommand(first).map(|_| first)
    }

    /// Whether an argument is an option whose value is the next argument.
    fn takes_value(&self, arg: &str) -> bool {
        let verb = self.verb().and_then(|verb| COMMAND.find_subcommand(verb));
        let mut options = verb.unwrap_or(&COMMAND).get_arguments();
        options.any(|option| {
            let long = option.get_long().map(|long| format!("--{long}"));
            let short = option.get_short().map(|short| format!("-{short}"));
            let is_it = [long, short].into_iter().flatten().any(|name| name == arg);
            is_it && option.get_action().takes_values()
        })
    }

    /// The positions of the arguments that are paths.
    fn paths(&self) -> Vec<usize> {
        let first = usize::from(self.verb().is_some());
        (first..self.args.len())
            .filter(|&i| {
                let is_value = i > 0 && self.takes_value(&self.args[i - 1]);
                !is_value && (self.args[i] == "-" || !self.args[i].starts_with('-'))
            })
            .collect()
    }

    /// Whether the whole standard input goes to the standard output.
    pub(crate) fn is_stream(&self) -> bool {
        let filters = matches!(self.verb(), None | Some("strip"));
        filters && self.stdin.is_some() && self.paths().is_empty()
    }

    /// Whether it writes stamps.
    pub(crate) fn stamps(&self) -> bool {
        let talks =
            |arg: &String| ["--diff", "--help", "--version", "-h", "-V"].contains(&arg.as_str());
        matches!(self.verb(), None | Some("write")) && !self.args.iter().any(talks)
    }

    /// Whether it may change marks of other tools.
    fn is_foreign(&self) -> bool {
        self.args.iter().any(|arg| arg.starts_with("--foreign"))
    }

    /// Whether it removes the annotations of a controller from files.
    pub(crate) fn migrates(&self) -> bool {
        self.verb() == Some("migrate") && !self.args.iter().any(|arg| arg == "--diff")
    }

    fn writes(&self) -> bool {
        matches!(self.verb(), Some("write" | "migrate"))
    }

    /// The arguments with another verb in front.
    fn with_verb(&self, verb: &str) -> Vec<String> {
        let rest = &self.args[usize::from(self.verb().is_some())..];
        [verb.to_owned()].into_iter().chain(rest.iter().cloned()).collect()
    }

    fn run(&self) -> Done {
        let sandbox = Sandbox::new(&self.tree);
        let output = sandbox.run(&self.args, self.stdin.as_deref());
        Done { output, tree: sandbox.tree() }
    }

    /// The same run on other texts; other files stay as they are.
    fn with_texts(&self, change: impl Fn(&str) -> String) -> Self {
        let mut job = self.clone();
        job.stdin = self.stdin.as_ref().map(|bytes| change_bytes(bytes, &change));
        for entry in job.tree.iter_mut() {
            if let (true, Entry::File(bytes)) = (is_manifest(entry.0), entry.1) {
                *bytes = change_bytes(bytes, &change);
            }
        }
        job
    }

    /// The texts before the run: the stream, or the manifests of the tree by name.
    fn texts(&self) -> BTreeMap<String, String> {
        match &self.stdin {
            Some(bytes) if !self.writes() => BTreeMap::from([(String::new(), lossy(bytes))]),
            _ => manifests(&self.tree),
        }
    }

    /// The texts of named files and `-`, in the order of the arguments.
    fn named_texts(&self) -> Vec<String> {
        let text = |i: usize| match self.args[i].as_str() {
            "-" => self.stdin.as_deref().map(lossy),
            name => match self.tree.get(name.trim_start_matches("./")) {
                Some(Entry::File(bytes)) => Some(lossy(bytes)),
                _ => None,
            },
        };
        self.paths().into_iter().filter_map(text).collect()
    }

    /// Whether several texts become one stream, with marker lines of rollstamp between them.
    fn joins(&self) -> bool {
        !self.writes() && !self.is_stream()
    }

    /// The texts after a run of this job.
    fn texts_after(&self, done: &Done) -> BTreeMap<String, String> {
        if self.writes() {
            manifests(&done.tree)
        } else {
            BTreeMap::from([(String::new(), lossy(&done.output.stdout))])
        }
    }
}

/// Checks all laws but those in `off`.
pub(crate) fn check(job: &Job, done: &Done, off: &BTreeMap<String, String>) -> Report {
    if job.migrates() {
        return migrate::laws(job, done, off);
    }
    let mut report = Report::default();
    let unknown: Vec<_> = off.keys().filter(|law| !LAWS.contains(&law.as_str())).collect();
    if !unknown.is_empty() || off.values().any(String::is_empty) {
        report
            .failures
            .push(format!("laws_off: unknown laws {unknown:?}, or one without a reason"));
    }
    let mut law = |name: &str, test: &dyn Fn(&mut Report) -> Result<(), String>| {
        if !off.contains_key(name)
            && let Err(message) = test(&mut report)
        {
            report.failures.push(format!("law {name}: {message}"));
        }
    };
    law("idempotent", &|_| idempotent(job, done));
    if !job.is_foreign() {
        law("strip", &|_| strip(job, done));
    }
    // Names are compared in corpora/suffixes.rs.
    if !job.args.iter().any(|arg| arg == "suffix") {
        law("meaning", &|report| meaning(job, done, report));
    }
    law("order", &|_| order(job, done));
    law("crlf", &|_| crlf(job, done));
    law("bom", &|_| bom(job, done));
    law("no-final-newline", &|_| no_final_newline(job, done));
    law("impact", &|report| {
        report.skipped = impact::laws(job, done, off.contains_key("order"))?;
        Ok(())
    });
    report
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn is_manifest(name: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end))
}

fn change_bytes(bytes: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.to_vec(), |text| change(text).into_bytes())
}

fn manifests(tree: &Tree) -> BTreeMap<String, String> {
    tree.iter()
        .filter_map(|(name, entry)| match entry {
            Entry::File(bytes) if is_manifest(name) => {
                Some((name.clone(), String::from_utf8(bytes.clone()).ok()?))
            }
            _ => None,
        })
        .collect()
}

fn differ(
    what: &str,
    expected: &BTreeMap<String, String>,
    got: &BTreeMap<String, String>,
) -> Result<(), String> {
    for (name, text) in expected {
        let other = got.get(name);
        if other != Some(text) {
            return Err(format!("{what} {name}\n    expected {text:?}\n    got      {other:?}"));
        }
    }
    Ok(())
}

/// The job whose input is the output of another one.
fn next(job: &Job, done: &Done, verb: Option<&str>) -> Job {
    let mut next = job.clone();
    if job.writes() {
        next.tree.clone_from(&done.tree);
    } else {
        // Several files became one stream.
        next.stdin = Some(done.output.stdout.clone());
        for i in job.paths().into_iter().rev() {
            next.args.remove(i);
        }
    }
    if let Some(verb) = verb {
        next.args = next.with_verb(verb);
    }
    next
}

fn idempotent(job: &Job, done: &Done) -> Result<(), String> {
    let again = next(job, done, None);
    let second = again.run();
    differ("a second run changes", &job.texts_after(done), &again.texts_after(&second))?;
    let mut check = next(job, done, Some("check"));
    // The stamped stream may be empty.
    check.args.push("--allow-empty".to_owned());
    let checked = check.run().output;
    if checked.exit != 0 {
        return Err(format!(
            "check on the result ends with {}\n{}",
            checked.exit,
            lossy(&checked.stdout)
        ));
    }
    Ok(())
}

fn strip(job: &Job, done: &Done) -> Result<(), String> {
    if job.joins() {
        return Ok(());
    }
    let stripped = |job: &Job| {
        let done = job.run();
        if job.stdin.is_some() && job.is_stream() {
            BTreeMap::from([(String::new(), lossy(&done.output.stdout))])
        } else {
            manifests(&done.tree)
        }
    };
    let after = stripped(&next(job, done, Some("strip")));
    let mut first = job.clone();
    first.args = job.with_verb("strip");
    let before = stripped(&first);
    for (name, text) in job.texts() {
        let had_a_stamp = text.contains(annotation(job));
        let bare = after.get(&name).cloned().unwrap_or_default();
        let expected = if had_a_stamp { &before[&name] } else { &text };
        if bare != *expected && without_empty(&bare) != without_empty(expected) {
            return Err(format!("{name}\n    expected {expected:?}\n    got      {bare:?}"));
        }
    }
    Ok(())
}

/// A null `annotations:` may be restored as absent or as `null`, and so may a `metadata:` that holds
/// nothing else, and an empty map in compact JSON.
fn without_empty(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| match line.split_once(": ~") {
        Some((key, rest)) if ["annotations", "metadata"].contains(&key.trim()) => {
            format!("{key}: null{rest}")
        }
        _ => line.to_owned(),
    });
    let empty = ["annotations:", "annotations: null", "metadata:", "metadata: null"];
    let kept: String = lines.filter(|line| !empty.contains(&line.trim())).collect();
    let json =
        ["\"annotations\":{},", ",\"annotations\":{}", "\"annotations\": null", "\"metadata\":{},"];
    json.iter().fold(kept, |text, empty| text.replace(empty, "")).trim_end().to_owned()
}

fn annotation(job: &Job) -> &str {
    let position = job.args.iter().position(|arg| arg == "--annotation");
    position.map_or("checksum/rollstamp", |i| &job.args[i + 1])
}

fn meaning(job: &Job, done: &Done, report: &mut Report) -> Result<(), String> {
    let read = |texts: Vec<&String>| -> Option<Vec<serde_yaml::Value>> {
        let all: Result<Vec<_>, _> = texts.into_iter().map(|text| documents(text)).collect();
        all.ok().map(|all| all.concat())
    };
    let (before, after) = (job.texts(), job.texts_after(done));
    let pairs: Vec<_> = if job.writes() {
        before.keys().map(|name| (read(vec![&before[name]]), read(vec![&after[name]]))).collect()
    } else if job.is_stream() {
        vec![(read(before.values().collect()), read(after.values().collect()))]
    } else {
        // Files without objects are left out of the stream.
        let named = job.named_texts();
        let with_objects = named.iter().filter(|text| text.contains("kind:")).collect();
        vec![(read(with_objects), read(after.values().collect()))]
    };
    for pair in pairs {
        match pair {
            (Some(before), Some(after)) => {
                same_but_for_stamps(before, after, annotation(job), job.is_foreign())?;
            }
            (None, None) => report.unread += 1,
            _ => return Err("the independent reader can read only one of the two".to_owned()),
        }
    }
    Ok(())
}

fn order(job: &Job, done: &Done) -> Result<(), String> {
    let key = annotation(job);
    let Some(expected) = stamps(&job.texts_after(done), key) else {
        return Ok(());
    };
    let mut turned = job.with_texts(reversed);
    let paths = job.paths();
    for (&i, &j) in paths.iter().zip(paths.iter().rev()) {
        turned.args[i].clone_from(&job.args[j]);
    }
    let got = turned.run();
    let Some(got_stamps) = stamps(&turned.texts_after(&got), key) else {
        return Err("the reversed input gives unreadable output".to_owned());
    };
    if got.output.exit != 0 || got_stamps != expected {
        return Err(format!(
            "exit {}\n    expected {expected:?}\n    got      {got_stamps:?}",
            got.output.exit
        ));
    }
    Ok(())
}

/// The documents of a stream, the last one first.
fn reversed(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}');
    let mut chunks = vec![String::new()];
    for line in text.split_inclusive('\n') {
        if line.trim_end() == "---" {
            chunks.push(String::new());
        } else if let Some(chunk) = chunks.last_mut() {
            chunk.push_str(line);
        }
    }
    if chunks.len() == 1 {
        return text.to_owned();
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let closed = chunks.iter().rev().map(|chunk| {
        let newline = if chunk.is_empty() || chunk.ends_with('\n') { "" } else { end };
        format!("---{end}{chunk}{newline}")
    });
    closed.collect()
}

/// Runs the job on changed texts; its output must have the same change.
fn twin(job: &Job, done: &Done, change: impl Fn(&str) -> String) -> Result<(), String> {
    let other = job.with_texts(&change);
    let got = other.run();
    if got.output.exit != 0 {
        return Err(format!("exit {}\n{}", got.output.exit, got.output.stderr));
    }
    let expected =
        job.texts_after(done).into_iter().map(|(name, text)| (name, change(&text))).collect();
    differ("the twin of", &expected, &other.texts_after(&got))
}

fn crlf(job: &Job, done: &Done) -> Result<(), String> {
    if job.joins() || job.texts().values().any(|text| text.contains('\r')) {
        return Ok(());
    }
    twin(job, done, |text| text.replace('\n', "\r\n"))
}

fn bom(job: &Job, done: &Done) -> Result<(), String> {
    // A byte order mark is allowed only at the start of a stream, so joined files lose theirs.
    if job.joins() || job.texts().values().any(|text| text.starts_with('\u{feff}')) {
        return Ok(());
    }
    twin(job, done, |text| format!("\u{feff}{text}"))
}

fn no_final_newline(job: &Job, done: &Done) -> Result<(), String> {
    let bare = |text: &str| {
        text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t)).to_owned()
    };
    // kubectl reads line by line, so the last line means the same with and without its newline; this does
    // not hold for an empty last line.
    if job.joins() || job.texts().values().any(|text| text.ends_with("\n\n")) {
        return Ok(());
    }
    twin(job, done, bare)
}
