//! Tests with malicious or unusual repositories: no problem is ignored silently, no run waits forever, no
//! content of another file is printed, and no name acts on a terminal or on the log of a workflow.
#![cfg(unix)]

use crate::sandbox::{Entry, Output, Sandbox, Tree};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const MANIFEST: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        envFrom:\n        - configMapRef: {name: c}\n";

/// The second object of [`MANIFEST`].
fn reader(name: &str) -> String {
    let (_, reader) = MANIFEST.split_once("---\n").unwrap();
    reader.replace("name: d", &format!("name: {name}"))
}

fn sandbox(files: &[(&str, &str)]) -> Sandbox {
    let entry =
        |(name, text): &(&str, &str)| ((*name).to_owned(), Entry::File(text.as_bytes().to_vec()));
    Sandbox::new(&files.iter().map(entry).collect::<Tree>())
}

fn run(sandbox: &Sandbox, words: &[&str]) -> Output {
    let args: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    sandbox.run(&args, None)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn git(folder: &Path, words: &[&str]) {
    let done = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(words)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("git");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_gitignore_above_the_repository_has_no_say() {
    let sandbox = sandbox(&[("gh/repo/all.yaml", MANIFEST), ("gh/.gitignore", "*\n")]);
    std::fs::create_dir_all(sandbox.path("gh/repo/.git")).unwrap();
    let output = run(&sandbox, &["check", "gh/repo"]);
    assert_eq!(output.exit, 1, "{}{}", stdout(&output), output.stderr);
    assert!(stdout(&output).contains("error[missing-stamp]"), "{}", stdout(&output));
    // In the repository itself, the rule counts, also from the folder below.
    std::fs::write(sandbox.path("gh/repo/.gitignore"), "*.yaml\n").unwrap();
    let output = run(&sandbox, &["write", "gh/repo"]);
    assert!(output.stderr.contains("0 files changed"), "{}", output.stderr);
}

#[test]
fn a_tracked_file_is_read_whatever_a_rule_says() {
    for version in ["2", "4"] {
        let sandbox = sandbox(&[
            (".gitignore", "*.gen.yaml\nout/\n"),
            ("a.gen.yaml", MANIFEST),
            ("b.gen.yaml", MANIFEST),
            ("out/deep/a.yaml", MANIFEST),
            ("out/b.yaml", MANIFEST),
            ("out/none/b.yaml", MANIFEST),
        ]);
        let root = sandbox.path("");
        std::fs::remove_dir_all(sandbox.path(".git")).unwrap();
        git(&root, &["init", "--quiet"]);
        git(&root, &["config", "index.version", version]);
        git(&root, &["add", "--force", "a.gen.yaml", "out/deep/a.yaml"]);
        let output = run(&sandbox, &["write", "."]);
        assert_eq!(output.exit, 0, "{}", output.stderr);
        let lines: Vec<&str> =
            output.stderr.lines().map(|l| l.split(':').next().unwrap()).collect();
        assert_eq!(lines[..2], ["a.gen.yaml", "out/deep/a.yaml"], "{}", output.stderr);
        assert!(output.stderr.contains("2 files changed"), "{}", output.stderr);
        // A folder that is named is read, and the rules above it are about its own path.
        let output = run(&sandbox, &["write", "out/none"]);
        assert!(output.stderr.contains("1 file changed"), "{}", output.stderr);
    }
}

#[test]
fn what_is_no_file_is_an_error_and_no_wait() {
    let sandbox = sandbox(&[("all.yaml", MANIFEST)]);
    let made = Command::new("mkfifo").arg(sandbox.path("x.yaml")).status().expect("mkfifo");
    assert!(made.success());
    std::os::unix::fs::symlink("x.yaml", sandbox.path("y.yaml")).unwrap();
    for words in [&["check", "."][..], &["write", "."], &["strip", "."], &["explain", "."], &["."]]
    {
        let output = run(&sandbox, words);
        assert_eq!(output.exit, 2, "{words:?}: {}", output.stderr);
        let said = stdout(&output) + &output.stderr;
        for name in ["x.yaml", "y.yaml"] {
            let message = format!("error[unreadable-file]: {name} is a named pipe");
            assert!(said.contains(&message), "{words:?}: {said}");
        }
    }
}

#[test]
fn a_key_or_a_configuration_without_an_end_is_an_error() {
    let sandbox = sandbox(&[
        ("all.yaml", MANIFEST),
        (".rollstamp.yaml", "hashKeyFile: /dev/zero\n"),
        ("names/.rollstamp.yaml", "nameReferences: [/dev/zero]\n"),
        ("names/all.yaml", MANIFEST),
    ]);
    let output = run(&sandbox, &["check", "."]);
    assert_eq!(output.exit, 2);
    assert!(output.stderr.contains("/dev/zero is no file"), "{}", output.stderr);
    let output = run(&sandbox, &["check", "names"]);
    assert_eq!(output.exit, 2);
    assert!(output.stderr.contains("out of the repository"), "{}", output.stderr);
    let words = ["check", "--no-config", "--hash-key-file", "/dev/zero", "."];
    let output = run(&sandbox, &words);
    assert_eq!(output.exit, 2);
    assert!(output.stderr.contains("larger than 4 MiB"), "{}", output.stderr);
}

#[test]
fn no_error_says_what_another_file_holds() {
    let token = "eyJhbGciOiJSUzI1NiJ9, expected";
    let outside = sandbox(&[("token", token)]);
    let path = outside.path("token").to_string_lossy().into_owned();
    let config = format!("nameReferences: ['{path}']\n");
    let sandbox = sandbox(&[("a/all.yaml", MANIFEST), ("a/.rollstamp.yaml", &config)]);
    std::fs::create_dir_all(sandbox.path("b")).unwrap();
    std::fs::write(sandbox.path("b/all.yaml"), MANIFEST).unwrap();
    std::os::unix::fs::symlink(&path, sandbox.path("b/.rollstamp.yaml")).unwrap();
    for words in [&["check", "a"][..], &["check", "b"], &["check", "--config", &path, "a"]] {
        let output = run(&sandbox, words);
        let said = stdout(&output) + &output.stderr;
        assert_eq!(output.exit, 2, "{said}");
        assert!(!said.contains("eyJ"), "{words:?}: {said}");
    }
    // The same from a function of kustomize, and through a link inside of the repository.
    std::os::unix::fs::symlink(&path, sandbox.path("link.yaml")).unwrap();
    for name in [path.as_str(), "link.yaml"] {
        let list = format!(
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nfunctionConfig:\n  apiVersion: rollstamp.dev/v1alpha1\n  kind: Rollstamp\n  metadata: {{name: x}}\n  spec: {{nameReferences: ['{name}']}}\n"
        );
        let output = sandbox.run(&[], Some(list.as_bytes()));
        assert_eq!(output.exit, 2, "{}", output.stderr);
        assert!(output.stderr.contains("out of the repository"), "{}", output.stderr);
        assert!(!output.stderr.contains("eyJ"), "{}", output.stderr);
    }
}

#[test]
fn names_do_not_act_on_a_terminal_or_a_workflow() {
    let name = r#""d\e]0;pwn\a\n::set-output name=x::y""#;
    let key = r#""k\r\n::add-mask::x\u202e##[error]z""#;
    let text = MANIFEST.replace("name: d", &format!("name: {name}"));
    let text = text.replace("k: v", &format!("{key}: v"));
    let file = "x\n::error::f\u{1b}[31m.yaml";
    let sandbox = sandbox(&[(file, &text)]);
    let verbs = ["check", "explain", "write"];
    let formats = ["text", "github"];
    for (verb, format) in verbs.iter().flat_map(|v| formats.map(|f| (v, f))) {
        let output = run(&sandbox, &[verb, "--output", format, "."]);
        let said = stdout(&output) + &output.stderr;
        let acts = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!said.contains(acts), "{verb} {format}: {said:?}");
        assert!(!said.contains("##["), "{verb} {format}: {said}");
        for line in said.lines().map(str::trim_start).filter(|line| line.starts_with("::")) {
            let own = ["::error ", "::warning ", "::notice "];
            assert!(own.iter().any(|command| line.starts_with(command)), "{verb} {format}: {line}");
            assert_eq!(format, "github");
        }
    }
}

/// The runner of GitHub looks for commands after the blanks of a line, and for `##[` anywhere.
#[test]
fn a_diff_is_no_command_of_a_workflow() {
    let hostile = "spec:\n  ::set-output name=x::y: a\n  template: # ##[add-path]x\n";
    let text = MANIFEST.replace("spec:\n  template:\n", hostile);
    let sandbox = sandbox(&[("all.yaml", &text)]);
    for words in
        [&["check", "--diff", "-o", "github", "."][..], &["write", "--diff", "-o", "github", "."]]
    {
        let said = stdout(&run(&sandbox, words));
        let mut lines = said.lines();
        let first = lines.next().unwrap();
        let word = first.strip_prefix("::stop-commands::").expect(first);
        assert!(word.len() == 64 && !word.contains(|c: char| !c.is_ascii_hexdigit()), "{word}");
        let end = format!("::{word}::");
        let diff: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        assert!(diff.iter().any(|line| line.starts_with("+        checksum/rollstamp")), "{said}");
        for acts in ["   ::set-output", "   template: # ##["] {
            assert!(diff.iter().any(|line| line.starts_with(acts)), "{said}");
        }
        // After it, only messages of the program.
        assert!(lines.all(|line| line.starts_with("::error ")), "{said}");
        assert_eq!(said.matches(&end).count(), 1, "{said}");
    }
    // For people and for `git apply`, a diff is unchanged.
    let raw = stdout(&run(&sandbox, &["write", "--diff", "."]));
    assert!(raw.starts_with("--- "), "{raw}");
}

#[test]
fn files_with_names_are_written_all_or_none() {
    let reader = reader("d");
    let source = MANIFEST.split_once("---\n").unwrap().0;
    let files = [("cm.yaml", source), ("dep.yaml", reader.as_str()), ("z.yaml", &reader)];
    let sandbox = sandbox(&files);
    let mode = |mode: u32| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(sandbox.path("dep.yaml"), permissions).unwrap();
    };
    let before = sandbox.tree();
    mode(0o444);
    let output = run(&sandbox, &["write", "--mode", "suffix", "."]);
    assert_eq!(output.exit, 2, "{}", output.stderr);
    assert!(output.stderr.contains("dep.yaml cannot be written"), "{}", output.stderr);
    assert!(output.stderr.contains("the names depend on one another"), "{}", output.stderr);
    assert_eq!(sandbox.tree(), before);
    mode(0o644);
    let output = run(&sandbox, &["write", "--mode", "suffix", "."]);
    assert!(output.stderr.contains("3 files changed"), "{}", output.stderr);
}

/// A thousand workloads that read the same thousand keys share the result for the first of them: without
/// sharing, this would take a million digest lines, and memory for as many positions.
#[test]
fn what_workloads_read_alike_is_computed_once() {
    use rollstamp::plan::Reason;
    let readers: String = (0..9).map(|i| "---\n".to_owned() + &reader(&format!("d{i}"))).collect();
    let text = format!("{MANIFEST}{readers}");
    let options = rollstamp::config::options::Options::default();
    let outcome = rollstamp::io::reload::run(rollstamp::io::stdin::printed(text), &options);
    let outcome = outcome.map_err(|error| error.to_string()).unwrap();
    let mut counted = outcome.plan.workloads.iter().flat_map(|planned| &planned.reasons).map(
        |reason| match reason {
            Reason::Counted(counted) => counted,
            other => panic!("{other:?}"),
        },
    );
    let first = counted.next().unwrap();
    assert_eq!(counted.clone().count(), 9);
    assert!(counted.all(|other| std::sync::Arc::ptr_eq(first, other)));
}

/// kubectl takes a stream that begins with a brace for JSON, and stops at the first `---`.
#[test]
fn a_stream_of_json_files_begins_as_yaml() {
    let json =
        "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\"}}\n";
    let sandbox = sandbox(&[("a.json", json), ("b.json", &json.replace("\"a\"", "\"b\""))]);
    let both = stdout(&run(&sandbox, &["a.json", "b.json"]));
    assert!(both.starts_with("---\n{") && both.matches("---\n").count() == 2, "{both}");
    assert_eq!(stdout(&run(&sandbox, &["."])), both);
    assert_eq!(stdout(&run(&sandbox, &["a.json"])), json);
    assert_eq!(sandbox.run(&[], Some(json.as_bytes())).stdout, json.as_bytes());
}
