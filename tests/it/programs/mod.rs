//! Tests with programs of other projects. Each test runs if its program is found; otherwise it says so, and
//! fails if `ROLLSTAMP_DEMAND` names the program (CI names all of them).
#![cfg(unix)]

pub(crate) mod builds;
mod completions;
mod gitops;
mod helm;
mod impact;
mod kubectl;
mod kustomize;
mod overlay_corpora;
mod overlay_states;
mod overlay_trees;
mod overlays;
mod page;
mod plugins;
mod precommit;
mod recipes;
mod release;
mod terminal;
mod workflows;

use crate::extent::{demanded, say};
use crate::sandbox::{Entry, Sandbox, Tree, read_tree};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version of a program; `None` if it is neither installed nor required.
fn found(program: &str, version: &[&str]) -> Option<String> {
    match Command::new(program).args(version).output() {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            println!("{program}: {}", text.lines().collect::<Vec<_>>().join(", "));
            Some(text)
        }
        _ => {
            assert!(!demanded(program), "{program} is demanded and was not found");
            say(&format!("not run: tests with {program}, which is not installed"));
            None
        }
    }
}

/// Whether a program of another project is installed; fails if CI requires it and it is not.
pub(crate) fn is_there(program: &str) -> bool {
    let version = if program == "kustomize" { "version" } else { "--help" };
    found(program, &[version]).is_some()
}

/// Runs a script with bash, and returns its exit code and its whole output.
pub(crate) fn shell(sandbox: &Sandbox, script: &str) -> (i32, String) {
    let said = tool(sandbox, "bash", &["-c", script]).run();
    (said.exit, said.stdout + &said.stderr)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder of `testdata/example`.
fn example(name: &str) -> Tree {
    below("", &root().join("testdata/example").join(name))
}

/// The files of a folder, under another folder name.
fn below(prefix: &str, folder: &Path) -> Tree {
    let tree = read_tree(folder);
    assert!(!tree.is_empty(), "{} is empty", folder.display());
    tree.into_iter().map(|(name, entry)| (format!("{prefix}{name}"), entry)).collect()
}

fn file(text: &str) -> Entry {
    Entry::File(text.as_bytes().to_vec())
}

/// `PATH` with a folder before all others.
fn on_path(first: &Path) -> OsString {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(first.to_path_buf()).chain(std::env::split_paths(&old));
    std::env::join_paths(folders).expect("a PATH")
}

/// `PATH` with rollstamp on it.
fn with_rollstamp() -> OsString {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_rollstamp"));
    on_path(program.parent().expect("a folder"))
}

/// A program of another project that runs in a sandbox with rollstamp on its `PATH`.
struct Tool {
    command: Command,
    stdin: Vec<u8>,
}

/// The result of the run.
#[derive(Debug)]
struct Said {
    exit: i32,
    stdout: String,
    stderr: String,
}

fn tool(sandbox: &Sandbox, program: &str, args: &[&str]) -> Tool {
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(sandbox.path("."))
        .env("PATH", with_rollstamp())
        .env("KUBECONFIG", sandbox.path("no-cluster"))
        .env_remove("ROLLSTAMP_LOG_FILE");
    Tool { command, stdin: Vec::new() }
}

/// A line of a document, typed into a shell that stops at the first failure.
fn bash(sandbox: &Sandbox, line: &str) -> Tool {
    let script = format!("set -euo pipefail\n{line}");
    tool(sandbox, "bash", &["-c", &script])
}

impl Tool {
    fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    fn run(mut self) -> Said {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program was found");
        let mut pipe = child.stdin.take().expect("a pipe");
        let stdin = self.stdin;
        let output = std::thread::scope(|scope| {
            // A program that stops early closes the pipe; the test checks its exit code.
            scope.spawn(move || pipe.write_all(&stdin).ok());
            child.wait_with_output().expect("the program ends")
        });
        Said {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs the program, which must succeed, and returns its output.
    fn succeeds(self) -> String {
        let said = self.run();
        assert_eq!(said.exit, 0, "{}\n{}", said.stdout, said.stderr);
        said.stdout
    }

    /// Runs the program, which must end with this exit code.
    fn fails(self, exit: i32) -> Said {
        let said = self.run();
        assert_eq!(said.exit, exit, "{}\n{}", said.stdout, said.stderr);
        said
    }
}

/// The stamps of a stream by workload, read with an independent reader.
fn stamps(stream: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8(stream.to_vec()).expect("UTF-8");
    let mut stamps = BTreeMap::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let value = <serde_yaml::Value as serde::Deserialize>::deserialize(document).expect("YAML");
        let stamp = &value["spec"]["template"]["metadata"]["annotations"]["checksum/rollstamp"];
        if let (Some(stamp), Some(name)) = (stamp.as_str(), value["metadata"]["name"].as_str()) {
            stamps.insert(name.to_owned(), stamp.to_owned());
        }
    }
    stamps
}

/// The code blocks of a document that contain a word, unchanged.
fn examples(document: &str, language: &str, word: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).expect("the document");
    let blocks: Vec<String> = text
        .split(&format!("```{language}\n"))
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .filter(|block| block.contains(word))
        .map(str::to_owned)
        .collect();
    assert!(!blocks.is_empty(), "{document} has no example with `{word}`");
    blocks
}

/// The lines of the examples of a document that contain a word, without their comments.
fn lines(document: &str, word: &str) -> Vec<String> {
    examples(document, "sh", word)
        .iter()
        .flat_map(|block| block.lines())
        .filter(|line| line.contains(word) && !line.starts_with('#'))
        .map(|line| line.split("  #").next().unwrap_or(line).trim().to_owned())
        .collect()
}
