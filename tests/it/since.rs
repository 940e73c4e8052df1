//! Tests that `check --since REV` shows only findings that changes since a revision can have caused.

use crate::sandbox::{Output, Sandbox, Tree};
use std::process::Command;

const READER: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  template:
    spec:
      containers:
        - name: web
          image: nginx
          envFrom: [{configMapRef: {name: NAME}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME}
data: {A: VALUE}
";

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let settings = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    let mut git = Command::new("git");
    let output = git.args(settings).args(arguments).current_dir(sandbox.path("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn write(sandbox: &Sandbox, name: &str, value: &str) {
    let text = READER.replace("NAME", name).replace("VALUE", value);
    std::fs::create_dir_all(sandbox.path("deploy")).unwrap();
    std::fs::write(sandbox.path(&format!("deploy/{name}.yaml")), text).unwrap();
}

fn check(sandbox: &Sandbox, since: &str) -> Output {
    let arguments = ["check", "-o", "concise", "--since", since, "deploy"];
    sandbox.run(&arguments.map(str::to_owned), None)
}

#[test]
fn only_what_changes_can_have_caused_is_said() {
    let sandbox = Sandbox::new(&Tree::new());
    git(&sandbox, &["init", "-q"]);
    write(&sandbox, "old", "one");
    git(&sandbox, &["add", "."]);
    git(&sandbox, &["commit", "-q", "-m", "old"]);
    let nothing = check(&sandbox, "HEAD");
    assert_eq!((nothing.exit, nothing.stdout.as_slice()), (0, &b""[..]), "{}", nothing.stderr);
    assert!(nothing.stderr.starts_with("clean; 1 workload reads configuration: 1 not right"));

    write(&sandbox, "new", "one");
    let new = check(&sandbox, "HEAD");
    let said = String::from_utf8(new.stdout).unwrap();
    assert_eq!(new.exit, 1, "{}", new.stderr);
    assert_eq!(said, "deploy/new.yaml:3:18: error[missing-stamp]: Deployment new has no stamp\n");

    // A stamp that was already missing is reported if the workload now needs another one.
    git(&sandbox, &["add", "."]);
    git(&sandbox, &["commit", "-q", "-m", "new"]);
    write(&sandbox, "old", "two");
    let changed = check(&sandbox, "HEAD");
    let said = String::from_utf8(changed.stdout).unwrap();
    assert_eq!(said, "deploy/old.yaml:3:18: error[missing-stamp]: Deployment old has no stamp\n");

    let wrong = check(&sandbox, "nowhere");
    assert_eq!(wrong.exit, 2);
    assert!(wrong.stderr.contains("no revision `nowhere`"), "{}", wrong.stderr);
}

/// Files, by their paths.
fn put(sandbox: &Sandbox, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = sandbox.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn commit(sandbox: &Sandbox, message: &str) {
    git(sandbox, &["add", "."]);
    git(sandbox, &["commit", "-q", "-m", message]);
}

fn run(sandbox: &Sandbox, words: &str) -> (i32, String, String) {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let output = sandbox.run(&words, None);
    (output.exit, String::from_utf8(output.stdout).unwrap(), output.stderr)
}

/// Findings about the build of an overlay are shown only if the build contains a changed file.
#[test]
fn below_overlays_the_closure_of_an_overlay_counts() {
    let sandbox = Sandbox::new(&Tree::new());
    git(&sandbox, &["init", "-q"]);
    let (reader, source) = READER.split_once("---\n").unwrap();
    let (reader, source) = (reader.replace("NAME", "web"), source.replace("NAME", "web"));
    let patch = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {A: prod}\n";
    put(
        &sandbox,
        &[
            ("base/kustomization.yaml", "resources: [web.yaml, config.yaml]\n"),
            ("base/web.yaml", &reader),
            ("base/config.yaml", &source),
            ("prod/kustomization.yaml", "resources: [../base]\n"),
            ("other/kustomization.yaml", "resources: [all.yaml]\n"),
            ("other/all.yaml", &READER.replace("NAME", "other")),
        ],
    );
    commit(&sandbox, "all");
    let nothing = run(&sandbox, "check -o concise --since HEAD .");
    assert_eq!((nothing.0, nothing.1.as_str()), (0, ""), "{}", nothing.2);

    // The file of the workload did not change, but a source in another file of the same build did.
    put(&sandbox, &[("base/config.yaml", &source.replace("VALUE", "changed"))]);
    let changed = run(&sandbox, "check -o concise --since HEAD .");
    assert_eq!(changed.0, 1, "{}", changed.2);
    assert_eq!(
        changed.1,
        "base/web.yaml:3:18: error[missing-stamp]: Deployment web has no stamp\n"
    );

    // The same holds if only the overlay begins to change the base, and if the overlay is named.
    put(
        &sandbox,
        &[
            ("base/config.yaml", &source),
            ("prod/kustomization.yaml", "resources: [../base]\npatches: [{path: patch.yaml}]\n"),
            ("prod/patch.yaml", patch),
        ],
    );
    for paths in [".", "prod"] {
        let patched = run(&sandbox, &format!("check -o concise --since HEAD {paths}"));
        let said = "base/web.yaml:3:18: warning[kustomize-source]: Deployment web is left alone: `patches` in prod/kustomization.yaml changes ConfigMap web\n";
        assert_eq!((patched.0, patched.1.as_str()), (0, said), "{paths}: {}", patched.2);
    }
    // The second change of a patch gives the same message about new content of the build.
    commit(&sandbox, "patched");
    let same = run(&sandbox, "check -o concise --since HEAD .");
    assert_eq!((same.0, same.1.as_str()), (0, ""), "{}", same.2);
    put(&sandbox, &[("prod/patch.yaml", &patch.replace("prod", "again"))]);
    let again = run(&sandbox, "check -o concise --since HEAD .");
    assert!(
        again.1.contains("warning[kustomize-source]: Deployment web"),
        "{}{}",
        again.1,
        again.2
    );
    assert!(!again.1.contains("other"), "{}", again.1);
}

/// The rules of the target branch count, and not those of the pull request.
#[test]
fn the_configuration_of_a_revision() {
    let sandbox = Sandbox::new(&Tree::new());
    git(&sandbox, &["init", "-q"]);
    put(
        &sandbox,
        &[
            ("deploy/all.yaml", &READER.replace("NAME", "web")),
            (
                ".rollstamp.yaml",
                "nameReferences: [names/more.yaml]\nlevels: {version-label: off}\n",
            ),
            ("names/more.yaml", "nameReference: []\n"),
        ],
    );
    commit(&sandbox, "all");
    put(
        &sandbox,
        &[
            (".rollstamp.yaml", "levels: {missing-stamp: off}\n"),
            ("deploy/.rollstamp.yaml", "ignore: [{kind: Deployment, name: \"*\", reason: x}]\n"),
            ("names/more.yaml", "no list\n"),
        ],
    );
    assert_eq!(run(&sandbox, "check deploy").0, 0);
    for words in ["check --config-from HEAD deploy", "check --config-from HEAD deploy/all.yaml"] {
        let (exit, said, talk) = run(&sandbox, words);
        assert_eq!(exit, 1, "{said}{talk}");
        assert!(said.contains("error[missing-stamp]: Deployment web"), "{said}");
    }
    // For the standard input, the configuration of the working directory counts.
    let words = ["check", "--config-from", "HEAD"].map(str::to_owned);
    let piped = sandbox.run(&words, Some(READER.as_bytes()));
    assert_eq!(piped.exit, 1, "{}", piped.stderr);

    // An error in it is reported with the revision; if the revision has no configuration, none is used.
    let (exit, _, talk) = run(&sandbox, "check --config-from nowhere deploy");
    assert!(exit == 2 && talk.contains("--config-from: no revision `nowhere`"), "{talk}");
    let (exit, _, talk) = run(&sandbox, "check --config-from HEAD --no-config deploy");
    assert!(exit == 2 && talk.contains("cannot be used with"), "{talk}");
    commit(&sandbox, "their rules");
    std::fs::remove_file(sandbox.path(".rollstamp.yaml")).unwrap();
    std::fs::remove_file(sandbox.path("deploy/.rollstamp.yaml")).unwrap();
    assert_eq!(run(&sandbox, "check --config-from HEAD deploy").0, 0);
    assert_eq!(run(&sandbox, "check deploy").0, 1);
    commit(&sandbox, "no rules");
    put(&sandbox, &[(".rollstamp.yaml", "levels: {missing-stamp: off}\n")]);
    assert_eq!(run(&sandbox, "check --config-from HEAD deploy").0, 1);
    // A rule of the revision without an effect is reported with the revision instead of the file.
    put(&sandbox, &[(".rollstamp.yaml", "silence: [{code: version-label, reason: x}]\n")]);
    commit(&sandbox, "a rule about nothing");
    put(&sandbox, &[(".rollstamp.yaml", "")]);
    let (_, said, talk) = run(&sandbox, "check --config-from HEAD .");
    assert!(said.contains(":.rollstamp.yaml:1:1"), "{said}{talk}");
}

#[test]
fn a_written_rule_is_said_with_the_path_from_here() {
    let sandbox = Sandbox::new(&Tree::new());
    git(&sandbox, &["init", "-q"]);
    put(
        &sandbox,
        &[("deploy/all.yaml", &READER.replace("NAME", "web")), (".rollstamp.yaml", "unit: dir\n")],
    );
    let (_, _, talk) = run(&sandbox, "check --add-silence deploy");
    assert_eq!(talk, ".rollstamp.yaml: 1 rule added\n");
}
