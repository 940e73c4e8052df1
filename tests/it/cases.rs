//! Runs every folder of `testdata/cases/<area>/<case>` through the real program.
//!
//! `case.yaml` says why the case is there, what to run and how it must end; `input/` is copied and
//! becomes the working directory; `expected/` holds the files that must read differently
//! afterwards (every other file must not change) and, for commands that write a stream,
//! `stdout`; `output.snap` holds the exit code and what was said. Bytes are compared here and never
//! by insta, which takes CRLF for LF. One case: `CASE=editing/crlf cargo test --test it cases`.
#![expect(clippy::disallowed_methods, reason = "tests drive the real program")]

use crate::laws::{self, Job};
use crate::sandbox::{Entry, Output, Sandbox, Tree, read_tree, stamp};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// One sentence: what would be lost without this case.
    why: String,
    /// Rows of tables and finding codes that it shows at work.
    #[serde(default)]
    #[expect(dead_code, reason = "tidy.rs reads it")]
    covers: Vec<String>,
    args: Vec<String>,
    /// A file of `input/` that the program reads on its standard input.
    stdin: Option<String>,
    exit: i32,
    /// Laws that cannot hold for this case, each with the reason.
    #[serde(default)]
    laws_off: BTreeMap<String, String>,
    /// Symbolic links to make: where, and what they say.
    #[serde(default)]
    links: BTreeMap<String, String>,
    /// Files whose names would mean something to this repository's own tools.
    #[serde(default)]
    rename: BTreeMap<String, String>,
}

struct Case {
    name: String,
    folder: PathBuf,
    spec: Spec,
}

struct Result {
    output: Output,
    failures: Vec<String>,
    unread: usize,
    with_laws: bool,
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

fn load() -> Vec<Case> {
    let root = testdata().join("cases");
    let mut cases = Vec::new();
    for entry in walkdir::WalkDir::new(&root).min_depth(2).max_depth(2).sort_by_file_name() {
        let folder = entry.unwrap().into_path();
        let name = folder.strip_prefix(&root).unwrap().iter();
        let name: Vec<_> = name.map(|part| part.to_string_lossy().into_owned()).collect();
        let name = name.join("/");
        let text = fs::read_to_string(folder.join("case.yaml"))
            .unwrap_or_else(|e| panic!("{name}/case.yaml: {e}"));
        let spec: Spec =
            serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{name}/case.yaml: {e}"));
        cases.push(Case { name, folder, spec });
    }
    assert!(!cases.is_empty(), "no cases below testdata/cases");
    cases
}

#[test]
fn cases() {
    let only = std::env::var("CASE").unwrap_or_default();
    let cases: Vec<Case> = load().into_iter().filter(|case| case.name.contains(&only)).collect();
    let results = in_parallel(&cases, Case::run);
    let mut failed = Vec::new();
    let (mut with_laws, mut unread) = (0, 0);
    for (case, result) in cases.iter().zip(results) {
        let mut failures = result.failures;
        with_laws += usize::from(result.with_laws);
        unread += result.unread;
        let said = catch_unwind(AssertUnwindSafe(|| case.compare_snapshot(&result.output)));
        if said.is_err() {
            failures.push("output.snap differs (see above)".to_owned());
        }
        if !failures.is_empty() {
            failed.push(format!("{} ({})\n  {}", case.name, case.spec.why, failures.join("\n  ")));
        }
    }
    println!(
        "{} cases, {with_laws} of them under the laws; the independent reader refused {unread} texts",
        cases.len()
    );
    assert!(failed.is_empty(), "{} cases failed:\n\n{}", failed.len(), failed.join("\n\n"));
}

fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get() * 2);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(i) else { return };
                    let result = work(item);
                    done.lock().unwrap().push((i, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, result)| result).collect()
}

impl Case {
    fn run(&self) -> Result {
        let mut tree: Tree = read_tree(&self.folder.join("input"));
        for (from, to) in &self.spec.rename {
            let entry =
                tree.remove(from).unwrap_or_else(|| panic!("{}: no {from} to rename", self.name));
            tree.insert(to.clone(), entry);
        }
        for (at, target) in &self.spec.links {
            tree.insert(at.clone(), Entry::Link(target.clone()));
        }
        let stdin = self.spec.stdin.as_ref().map(|name| match tree.remove(name) {
            Some(Entry::File(bytes)) => bytes,
            _ => panic!("{}: no file input/{name} for stdin", self.name),
        });
        let mut expected = tree.clone();
        let mut stdout = None;
        for (name, entry) in read_tree(&self.folder.join("expected")) {
            match entry {
                Entry::File(bytes) if name == "stdout" => stdout = Some(bytes),
                entry => {
                    expected.insert(name, entry);
                }
            }
        }
        let job = Job::new(&self.spec.args, stdin, tree);
        if stdout.is_none() && job.is_stream() {
            stdout = if self.spec.exit == 0 { job.stdin.clone() } else { Some(Vec::new()) };
        }
        let sandbox = Sandbox::new(&job.tree);
        let mut output = sandbox.run(&job.args, job.stdin.as_deref());
        let after = sandbox.tree();
        let mut failures = Vec::new();
        if output.exit != self.spec.exit {
            failures.push(format!("exit code {}, expected {}", output.exit, self.spec.exit));
        }
        for name in expected.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            if expected.get(name) != after.get(name) {
                failures
                    .push(format!("{name}\n{}", difference(expected.get(name), after.get(name))));
            }
        }
        let done = laws::Done { output: output.clone(), tree: after };
        if let Some(stdout) = stdout {
            if output.stdout != stdout {
                let got = Entry::File(std::mem::take(&mut output.stdout));
                failures.push(format!(
                    "stdout\n{}",
                    difference(Some(&Entry::File(stdout)), Some(&got))
                ));
            }
            output.stdout = b"(as expected)".to_vec();
        }
        let with_laws = output.exit == 0 && job.stamps();
        let mut unread = 0;
        if with_laws {
            let report = laws::check(&job, &done, &self.spec.laws_off);
            failures.extend(report.failures);
            unread = report.unread;
        }
        Result { output, failures, unread, with_laws }
    }

    fn compare_snapshot(&self, output: &Output) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(&self.folder);
        settings.remove_snapshot_suffix();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let text = format!(
            "exit: {}\n\nstdout:\n{}\n\nstderr:\n{}",
            output.exit,
            String::from_utf8_lossy(&output.stdout).trim_end(),
            output.stderr.trim_end()
        );
        settings.bind(|| insta::assert_snapshot!("output", text));
    }
}

/// The lines that differ, with bytes that a terminal would hide made visible.
fn difference(expected: Option<&Entry>, got: Option<&Entry>) -> String {
    let lines = |entry: Option<&Entry>| match entry {
        None => vec!["(no such file)".to_owned()],
        Some(Entry::Link(target)) => vec![format!("-> {target}")],
        Some(Entry::File(bytes)) => String::from_utf8_lossy(bytes)
            .split_inclusive('\n')
            .map(|line| format!("{line:?}"))
            .collect(),
    };
    let (expected, got) = (lines(expected), lines(got));
    let same = expected.iter().zip(&got).take_while(|(a, b)| a == b).count();
    let rest = |lines: &[String], mark: &str| {
        let from = &lines[same..lines.len().min(same + 6)];
        from.iter().map(|line| format!("    {mark} {line}\n")).collect::<String>()
    };
    format!(
        "    from line {} on\n{}{}",
        same + 1,
        rest(&expected, "expected"),
        rest(&got, "got     ")
    )
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The title of its row in the record of what a real API server does.
    title: String,
    /// The text of the fields below `metadata` of a ConfigMap.
    text: String,
    /// What the pod reads.
    #[serde(default)]
    reads: Option<BTreeMap<String, String>>,
    /// A part of the message with which the program refuses the stream.
    #[serde(default)]
    refused: Option<String>,
}

#[test]
fn reading_table() {
    let text = fs::read_to_string(testdata().join("cases/reading-table.yaml")).unwrap();
    let rows: Vec<Row> = serde_yaml::from_str(&text).unwrap();
    let wrong: Vec<String> = in_parallel(&rows, |row| row.wrong()).into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} rows of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

const READER: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        envFrom:
        - configMapRef:
            name: c
";

impl Row {
    fn wrong(&self) -> Option<String> {
        let source =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n{}", self.text);
        let stream = format!("{READER}---\n{source}");
        let output = Sandbox::new(&Tree::new()).run(&[], Some(stream.as_bytes()));
        let said = format!("{}: exit {}\n{}", self.title, output.exit, output.stderr);
        if let Some(part) = &self.refused {
            let good = output.exit == 2
                && output.stdout.is_empty()
                && output.stderr.contains(part.as_str())
                && has_position(&output.stderr);
            return (!good).then(|| {
                format!("{said}expected a refusal that says {part:?} with line and column")
            });
        }
        let reads: Vec<(&str, &str, &[u8])> = self
            .reads
            .iter()
            .flatten()
            .map(|(key, value)| ("ConfigMap/c", key.as_str(), value.as_bytes()))
            .collect();
        let template = "  template:\n";
        let stamped = stream.replacen(
            template,
            &format!(
                "{template}    metadata:\n      annotations:\n        checksum/rollstamp: \"{}\"\n",
                stamp(&reads)
            ),
            1,
        );
        (output.stdout != stamped.as_bytes() || output.exit != 0).then(|| {
            format!(
                "{said}{}",
                difference(
                    Some(&Entry::File(stamped.into_bytes())),
                    Some(&Entry::File(output.stdout))
                )
            )
        })
    }
}

/// Whether a message points at a line and a column, as `<stdin>:6:3`.
fn has_position(message: &str) -> bool {
    message.match_indices("<stdin>:").any(|(at, mark)| {
        let mut parts = message[at + mark.len()..].splitn(3, ':');
        let number = |part: Option<&str>| {
            part.is_some_and(|p| p.bytes().next().is_some_and(|b| b.is_ascii_digit()))
        };
        number(parts.next()) && number(parts.next())
    })
}

#[test]
fn a_document_of_six_megabytes_of_comments_is_read() {
    let comments = "# a comment of fifty bytes, and nothing else than..\n".repeat(120_000);
    let row = |reads| Row {
        title: "6 MB of comments + ConfigMap in one document".to_owned(),
        text: format!("{comments}data:\n  a: \"1\"\n{comments}"),
        reads: Some(reads),
        refused: None,
    };
    let right = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    assert_eq!(row(right).wrong(), None);
    assert!(row(BTreeMap::new()).wrong().is_some());
}
