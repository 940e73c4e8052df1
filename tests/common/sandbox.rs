//! Runs the real program in a temporary folder, without any setting of this machine.
#![expect(clippy::disallowed_methods, reason = "tests drive the real program")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The content of a folder, by path with `/` between names.
pub(crate) type Tree = BTreeMap<String, Entry>;

/// One name in a folder tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    File(Vec<u8>),
    /// A symbolic link and its target.
    Link(String),
}

/// The output of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) exit: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// A temporary folder that is the program's working directory.
pub(crate) struct Sandbox(tempfile::TempDir);

impl Sandbox {
    pub(crate) fn new(tree: &Tree) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let dir = tempfile::Builder::new().prefix("case").tempdir_in(root).unwrap();
        let sandbox = Self(dir);
        // The folder is a repository, so that the program reads nothing above it.
        fs::create_dir_all(sandbox.path(".git")).unwrap();
        for (name, entry) in tree {
            let path = sandbox.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match entry {
                Entry::File(bytes) => fs::write(path, bytes).unwrap(),
                Entry::Link(target) => link(target, &path),
            }
        }
        sandbox
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program here; without `stdin` its standard input is empty.
    pub(crate) fn run(&self, args: &[String], stdin: Option<&[u8]>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollstamp"));
        command
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .envs(std::env::var_os("SystemRoot").map(|root| ("SystemRoot", root)));
        let output = super::piped::run(&mut command, stdin);
        let scrub = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            text.replace(&*self.0.path().to_string_lossy(), "[DIR]")
        };
        Output {
            exit: output.status.code().unwrap_or(-1),
            stderr: scrub(&output.stderr),
            stdout: output.stdout,
        }
    }

    pub(crate) fn tree(&self) -> Tree {
        read_tree(self.0.path())
    }
}

/// Everything below a folder; nothing if there is no such folder.
pub(crate) fn read_tree(root: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in walkdir::WalkDir::new(root).into_iter().filter_map(Result::ok) {
        let path = entry.path();
        let name: Vec<_> = path
            .strip_prefix(root)
            .unwrap()
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if entry.path_is_symlink() {
            let target = fs::read_link(path).unwrap();
            tree.insert(name.join("/"), Entry::Link(target.to_string_lossy().into_owned()));
        } else if entry.file_type().is_file() {
            tree.insert(name.join("/"), Entry::File(fs::read(path).unwrap()));
        }
    }
    tree
}

#[cfg(unix)]
fn link(target: &str, path: &Path) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

#[cfg(windows)]
fn link(target: &str, path: &Path) {
    std::os::windows::fs::symlink_file(target, path).unwrap();
}

/// The stamp of scheme v1 for lines of `Kind/name`, key and value. The tests compute it themselves, because
/// they must not use the code that they test.
pub(crate) fn stamp(reads: &[(&str, &str, &[u8])]) -> String {
    use sha2::{Digest as _, Sha256};
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let mut lines: Vec<String> = reads
        .iter()
        .map(|(source, key, value)| format!("{source}\t{key}\t{}\n", hex(&Sha256::digest(value))))
        .collect();
    lines.sort();
    lines.dedup();
    hex(&Sha256::digest(format!("rollstamp/v1\n{}", lines.concat())))
}
