//! A test for each folder of `testdata/cases/<area>/<case>`, by its name:
//! `cargo test --test cases cli/check-json`. And one for each row of
//! `testdata/parity/reading-table.yaml`.
//!
//! `case.yaml` says why the case is there, what to run and how it must end; `input/` is copied and
//! becomes the working directory; `expected/` holds the files that must read differently
//! afterwards (every other file must not change) and, for commands that write a stream,
//! `stdout`; `output.snap` holds the exit code and what was said. Bytes are compared here and never
//! by insta, which takes CRLF for LF. Runs that stamp must obey the laws of `laws` as well.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests drive the real program, read its files and print their figures"
)]

mod laws;
#[path = "../common/piped.rs"]
mod piped;
#[path = "../common/sandbox.rs"]
mod sandbox;
mod table;

use laws::Job;
use laws::impact::Skip;
use libtest_mimic::{Arguments, Failed, Trial};
use sandbox::{Entry, Output, Sandbox, Tree, read_tree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of cases for which the laws were checked.
static WITH_LAWS: AtomicUsize = AtomicUsize::new(0);
/// The number of cases that `impact` cannot compare, by the reason.
static SKIPPED: Mutex<BTreeMap<Skip, usize>> = Mutex::new(BTreeMap::new());
/// The number of texts that the independent reader of the laws refused.
static UNREAD: AtomicUsize = AtomicUsize::new(0);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = load().into_iter().map(|case| {
        let name = case.name.clone();
        Trial::test(name, move || case.test())
    });
    let conclusion = libtest_mimic::run(&arguments, cases.chain(table::trials()).collect());
    if !arguments.list {
        println!(
            "{} cases under the laws; the independent reader refused {} texts",
            WITH_LAWS.load(Ordering::Relaxed),
            UNREAD.load(Ordering::Relaxed)
        );
        println!("not compared by impact: {:?}", SKIPPED.lock().unwrap());
    }
    conclusion.exit_code()
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// One sentence: what only this case tests.
    why: String,
    /// Rows of tables and finding codes that it covers.
    #[serde(default)]
    #[expect(dead_code, reason = "tests/it/tidy/coverage.rs reads it")]
    covers: Vec<String>,
    args: Vec<String>,
    /// A file of `input/` that the program reads on its standard input.
    stdin: Option<String>,
    exit: i32,
    /// Laws that cannot hold for this case, each with the reason.
    #[serde(default)]
    laws_off: BTreeMap<String, String>,
    /// Symbolic links to create: their paths, and their targets.
    #[serde(default)]
    links: BTreeMap<String, String>,
    /// Files whose names have a meaning for the tools of this repository.
    #[serde(default)]
    rename: BTreeMap<String, String>,
}

struct Case {
    name: String,
    folder: PathBuf,
    spec: Spec,
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

impl Case {
    fn test(&self) -> Result<(), Failed> {
        let (output, mut failures) = self.run();
        let said = catch_unwind(AssertUnwindSafe(|| self.compare_snapshot(&output)));
        if said.is_err() {
            failures.push("output.snap differs (see above)".to_owned());
        }
        if failures.is_empty() {
            return Ok(());
        }
        Err(format!("{}\n  {}", self.spec.why, failures.join("\n  ")).into())
    }

    /// The output of the program, and the failed checks.
    fn run(&self) -> (Output, Vec<String>) {
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
        if output.exit == 0 && (job.stamps() || job.migrates()) {
            let report = laws::check(&job, &done, &self.spec.laws_off);
            failures.extend(report.failures);
            WITH_LAWS.fetch_add(1, Ordering::Relaxed);
            UNREAD.fetch_add(report.unread, Ordering::Relaxed);
            if let Some(why) = report.skipped {
                let mut skipped = SKIPPED.lock().unwrap();
                *skipped.entry(why).or_default() += 1;
            }
        }
        (output, failures)
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
