//! Runs the real program on real manifests: the streams and trees of `ROLLSTAMP_CORPORA`.
//!
//! The folder (default: `shared` beside the checkout) is not part of the repository. Without it, these
//! tests say so and pass.

mod canary;
mod canary_impact;
mod canary_inputs;
mod edits;
mod explained;
mod facts;
mod generated;
mod generator;
mod metamorphic;
mod overlays;
mod streams;
mod suffixes;
mod trees;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde_yaml::Value;

use crate::extent;
use crate::oracle::read::{at, documents, objects, text};
use crate::oracle::sites::workload_kind;

/// The annotation of a stamp.
const STAMP: &str = "checksum/rollstamp";

/// The folder with the corpora. If there is none, prints this and returns `None`.
pub(crate) fn root() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("ROLLSTAMP_CORPORA").map_or(beside, PathBuf::from);
    if root.join("rendered").is_dir() && root.join("corpora").is_dir() {
        return Some(root);
    }
    assert!(
        !extent::demanded("corpora"),
        "the corpora are demanded, and not in {}",
        root.display()
    );
    static SAY: std::sync::Once = std::sync::Once::new();
    SAY.call_once(|| {
        extent::say(&format!(
            "not run: tests over real manifests, because {} has no folders `corpora` and `rendered`; name the folder that has them in ROLLSTAMP_CORPORA",
            root.display()
        ));
    });
    None
}

/// The text of one file below the folder with the corpora, if it is there.
pub(crate) fn shared(path: &str) -> Option<String> {
    fs::read_to_string(root()?.join(path)).ok()
}

/// The folders in a folder, by name.
pub(crate) fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

/// One rendered stream.
struct Stream {
    name: String,
    text: String,
}

fn streams(root: &Path) -> Vec<Stream> {
    let mut streams: Vec<Stream> = walkdir::WalkDir::new(root.join("rendered"))
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "yaml"))
        .map(|entry| Stream {
            name: entry.path().strip_prefix(root.join("rendered")).unwrap().display().to_string(),
            text: fs::read_to_string(entry.path()).unwrap(),
        })
        .collect();
    streams.sort_by(|one, other| one.name.cmp(&other.name));
    streams
}

/// The result of a run of the program.
struct Ran {
    exit: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program in an empty folder, or in `folder`.
fn rollstamp<S: AsRef<[u8]> + ?Sized>(arguments: &[&str], stdin: &S, folder: Option<&Path>) -> Ran {
    let stdin = stdin.as_ref();
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty");
    fs::create_dir_all(&empty).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_rollstamp"))
        .args(arguments)
        .current_dir(folder.unwrap_or(&empty))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // A program that does not read its input closes the pipe; the exit code says the rest.
        scope.spawn(move || pipe.write_all(stdin).ok());
        child.wait_with_output().unwrap()
    });
    Ran {
        exit: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A folder that is the root of a repository: the program looks at nothing above it. Otherwise it would look
/// for kustomizations in the whole checkout around it, which takes fifty times as long as a small run.
fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::create_dir(folder.path().join(".git")).unwrap();
    folder
}

/// Calls `work` for every item on two threads; the results are in the order of the items.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let queue = Mutex::new(items.iter().enumerate());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some((number, item)) = queue.lock().unwrap().next() else {
                        break;
                    };
                    let result = work(item);
                    results.lock().unwrap().push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The present stamp of each workload of a stream, in the order of the oracle's workloads.
fn present(stream: &str) -> Result<Vec<Option<String>>, String> {
    let objects = objects(&documents(stream)?);
    Ok(objects
        .iter()
        .filter_map(|object| {
            let kind = workload_kind(&object.api_version, &object.kind)?;
            let template = at(&object.value, kind.template)?;
            template.get("spec")?;
            Some(text(template, &["metadata", "annotations", STAMP]))
        })
        .collect())
}

/// Sets or removes the stamp of one template at value level, with the parents that it needs.
fn set_stamp(template: &mut Value, stamp: &str) {
    let mut parent = template;
    for key in ["metadata", "annotations"] {
        let child = parent.as_mapping_mut().unwrap().entry(key.into()).or_insert(Value::Null);
        if child.is_null() {
            *child = Value::Mapping(serde_yaml::Mapping::new());
        }
        parent = child;
    }
    parent.as_mapping_mut().unwrap().insert(STAMP.into(), stamp.into());
}

/// Fails the test if there are problems, and prints the first ones.
fn none_wrong(wrong: &[String]) {
    let first: Vec<&String> = wrong.iter().take(20).collect();
    assert!(wrong.is_empty(), "{} wrong, among them:\n{first:#?}", wrong.len());
}
