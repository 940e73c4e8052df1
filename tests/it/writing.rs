//! Files are replaced atomically or not at all, even if other programs write at the same time.
#![cfg(unix)]

use crate::sandbox::{Entry, Sandbox, Tree};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::time::Duration;

const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        envFrom:\n        - configMapRef: {name: c}\n";

fn tree(files: &[(&str, &str)]) -> Tree {
    files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Entry::File(text.as_bytes().to_vec())))
        .collect()
}

fn args(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

fn program(sandbox: &Sandbox, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollstamp"));
    command
        .args(words)
        .current_dir(sandbox.path("."))
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

#[test]
fn the_mode_stays_and_unchanged_files_are_not_touched() {
    let sandbox = Sandbox::new(&tree(&[("a.yaml", MANIFEST), ("b.yaml", "a: 1\n")]));
    std::fs::set_permissions(sandbox.path("a.yaml"), std::fs::Permissions::from_mode(0o640))
        .unwrap();
    let untouched = std::fs::metadata(sandbox.path("b.yaml")).unwrap();
    assert_eq!(sandbox.run(&args(&["write", "."]), None).exit, 0);
    let written = std::fs::metadata(sandbox.path("a.yaml")).unwrap();
    assert_eq!(written.mode() & 0o777, 0o640);
    let now = std::fs::metadata(sandbox.path("b.yaml")).unwrap();
    assert_eq!((now.ino(), now.mtime_nsec()), (untouched.ino(), untouched.mtime_nsec()));
    // A second run finds nothing to do, so even the changed file keeps its place on the disk.
    assert_eq!(sandbox.run(&args(&["write", "."]), None).exit, 0);
    assert_eq!(std::fs::metadata(sandbox.path("a.yaml")).unwrap().ino(), written.ino());
}

/// `rollstamp check <(helm template CHART)`.
#[test]
fn a_pipe_that_is_named_is_read_once() {
    let sandbox = Sandbox::new(&tree(&[]));
    let pipe = sandbox.path("pipe.yaml");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let child = program(&sandbox, &["check", "--diff", "pipe.yaml"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::fs::write(&pipe, MANIFEST).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let line = 1 + MANIFEST[..MANIFEST.find("name: d}").unwrap()].matches('\n').count();
    let place = format!("pipe.yaml:{line}:");
    assert!(said.contains(&place) && said.contains("+++ b/pipe.yaml"), "{said}");
}

#[test]
fn a_file_that_changes_meanwhile_is_left_alone() {
    let sandbox = Sandbox::new(&tree(&[("m/a.yaml", MANIFEST), ("m/b/b.yaml", MANIFEST)]));
    let fifo = sandbox.path("late.yaml");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    // Files are read in the order in which they are named, so the program waits here and already holds the
    // old texts.
    let mut child = program(&sandbox, &["write", "m", "late.yaml"]).spawn().unwrap();
    let mut late = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    let changed = MANIFEST.replace("k: v", "k: changed");
    std::fs::write(sandbox.path("m/a.yaml"), &changed).unwrap();
    late.write_all(b"# nothing\n").unwrap();
    drop(late);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(said.contains("error[file-changed]") && said.contains("m/a.yaml"), "{said}");
    assert_eq!(std::fs::read_to_string(sandbox.path("m/a.yaml")).unwrap(), changed);
    // The other files are written.
    assert!(
        std::fs::read_to_string(sandbox.path("m/b/b.yaml")).unwrap().contains("checksum/rollstamp")
    );
}

#[test]
fn a_killed_run_leaves_old_or_new_files_only() {
    let files: Vec<(String, Entry)> = (0..120)
        .map(|i| (format!("d{i}/m.yaml"), Entry::File(MANIFEST.as_bytes().to_vec())))
        .collect();
    let sandbox = Sandbox::new(&files.iter().cloned().collect());
    let reference = Sandbox::new(&tree(&[("m.yaml", MANIFEST)]));
    reference.run(&args(&["write", "m.yaml"]), None);
    let new = std::fs::read(reference.path("m.yaml")).unwrap();
    let (mut old_seen, mut new_seen) = (0, 0);
    for round in 0..60_u64 {
        for (name, entry) in &files {
            if let Entry::File(bytes) = entry {
                std::fs::write(sandbox.path(name), bytes).unwrap();
            }
        }
        let mut child = program(&sandbox, &["write", "."]).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(500 + round * 397 % 12_000));
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, entry) in sandbox.tree() {
            let Entry::File(bytes) = entry else { continue };
            if name.contains(".rollstamp-") {
                // The temporary file is hidden, so that no program reads it as a manifest.
                std::fs::remove_file(sandbox.path(&name)).unwrap();
            } else if bytes == new {
                new_seen += 1;
            } else {
                assert_eq!(bytes, MANIFEST.as_bytes(), "{name} is neither old nor new");
                old_seen += 1;
            }
        }
    }
    println!("killed 60 times: {old_seen} old files, {new_seen} new files, none else");
    assert!(old_seen > 0);
}

#[test]
fn a_link_is_written_through_and_stays_a_link() {
    let mut files = tree(&[("real/m.yaml", MANIFEST)]);
    files.insert("linked/m.yaml".to_owned(), Entry::Link("../real/m.yaml".to_owned()));
    let sandbox = Sandbox::new(&files);
    let output = sandbox.run(&args(&["write", "linked/m.yaml"]), None);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(sandbox.path("linked/m.yaml").is_symlink());
    assert!(
        std::fs::read_to_string(sandbox.path("real/m.yaml"))
            .unwrap()
            .contains("checksum/rollstamp")
    );
    // The file is named by both of its names, and is written once.
    let sandbox = Sandbox::new(&files);
    let output = sandbox.run(&args(&["write", "."]), None);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(
        std::fs::read_to_string(sandbox.path("real/m.yaml"))
            .unwrap()
            .contains("checksum/rollstamp")
    );
    assert_eq!(sandbox.run(&args(&["check", "."]), None).exit, 0);
}

#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    let mut files = tree(&[("outside.yaml", MANIFEST), ("tree/m.yaml", "a: 1\n")]);
    files.insert("tree/out.yaml".to_owned(), Entry::Link("../outside.yaml".to_owned()));
    let sandbox = Sandbox::new(&files);
    assert_eq!(sandbox.run(&args(&["write", "tree"]), None).exit, 0);
    assert_eq!(std::fs::read_to_string(sandbox.path("outside.yaml")).unwrap(), MANIFEST);
    let check = sandbox.run(&args(&["check", "-v", "tree"]), None);
    let said = String::from_utf8_lossy(&check.stdout);
    assert!(said.contains("outside-root"), "{said}{}", check.stderr);
}

#[test]
fn hard_links_are_warned_about() {
    let sandbox = Sandbox::new(&tree(&[("a/m.yaml", MANIFEST)]));
    std::fs::hard_link(sandbox.path("a/m.yaml"), sandbox.path("other")).unwrap();
    let output = sandbox.run(&args(&["write", "a"]), None);
    assert_eq!(output.exit, 0);
    assert!(output.stderr.contains("warning[hard-link]"), "{}", output.stderr);
    assert_eq!(std::fs::read_to_string(sandbox.path("other")).unwrap(), MANIFEST);
}

#[test]
fn read_only_files_are_refused_and_the_others_written() {
    let sandbox = Sandbox::new(&tree(&[("a/m.yaml", MANIFEST), ("b/m.yaml", MANIFEST)]));
    std::fs::set_permissions(sandbox.path("a/m.yaml"), std::fs::Permissions::from_mode(0o444))
        .unwrap();
    let output = sandbox.run(&args(&["write", "."]), None);
    assert_eq!(output.exit, 2);
    assert!(output.stderr.contains("error[unreadable-file]: a/m.yaml"), "{}", output.stderr);
    let coverage = "1 stamped now, 1 not right in files that could not be written";
    assert!(output.stderr.contains(coverage), "{}", output.stderr);
    assert_eq!(std::fs::read_to_string(sandbox.path("a/m.yaml")).unwrap(), MANIFEST);
    assert!(
        std::fs::read_to_string(sandbox.path("b/m.yaml")).unwrap().contains("checksum/rollstamp")
    );
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let sandbox = Sandbox::new(&Tree::new());
    let mut child = Command::new(env!("CARGO_BIN_EXE_rollstamp"))
        .current_dir(sandbox.path("."))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // No program reads the output, and it is larger than any pipe buffer.
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let filler = format!("{MANIFEST}---\n# {}\n", "x".repeat(1 << 20));
    let feeder = std::thread::spawn(move || stdin.write_all(filler.as_bytes()).ok());
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_full_disk_is_trouble() {
    if !std::path::Path::new("/dev/full").exists() {
        crate::extent::say("not run: there is no /dev/full here");
        return;
    }
    let sandbox = Sandbox::new(&tree(&[("m.yaml", MANIFEST)]));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = program(&sandbox, &["m.yaml"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("standard output"));
}
