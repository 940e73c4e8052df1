//! `write --build` and `check --build` with the real builders: stamps for every overlay, without a
//! plugin.

use super::{bash, example, file, found, stamps, tool};
use crate::sandbox::{Sandbox, Tree, read_tree};

/// The builders that `--build` knows and that are installed.
pub(super) fn builders() -> Vec<&'static str> {
    let kustomize = found("kustomize", &["version"]).map(|_| "kustomize");
    let kubectl = found("kubectl", &["version", "--client"]).map(|_| "kubectl");
    kustomize.into_iter().chain(kubectl).collect()
}

pub(super) fn build(builder: &str, folder: &str) -> String {
    match builder {
        "kubectl" => format!("kubectl kustomize {folder}"),
        _ => format!("kustomize build {folder}"),
    }
}

/// Two overlays of one base, each with its own content.
pub(super) fn two_overlays() -> Tree {
    let mut tree = Tree::new();
    let mut add = |name: &str, text: &str| drop(tree.insert(name.to_owned(), file(text)));
    add("base/kustomization.yaml", "resources: [web.yaml, config.yaml]\n");
    add(
        "base/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {A: base}\n",
    );
    add(
        "base/web.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web.v1}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, envFrom: [{configMapRef: {name: web}}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: same}
spec:
  selector: {matchLabels: {app: same}}
  template:
    metadata: {labels: {app: same}}
    spec: {containers: [{name: same, image: same, envFrom: [{configMapRef: {name: same}}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: same}
data: {A: everywhere}
",
    );
    for (name, more) in [("dev", "\n# the end"), ("prod", "namespace: prod\n")] {
        add(
            &format!("overlays/{name}/kustomization.yaml"),
            &format!("resources:\n  - ../../base\npatches:\n  - path: config.yaml\n{more}"),
        );
        add(
            &format!("overlays/{name}/config.yaml"),
            &format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata: {{A: {name}}}\n"
            ),
        );
    }
    tree
}

/// A separate cache, so that no run uses the results of another one.
pub(super) fn rollstamp(sandbox: &Sandbox, arguments: &[&str]) -> super::Tool {
    tool(sandbox, "rollstamp", arguments).env("XDG_CACHE_HOME", sandbox.path("cache"))
}

#[test]
fn every_overlay_gets_its_stamps_and_loses_them_again() {
    for builder in builders() {
        let before = two_overlays();
        let sandbox = Sandbox::new(&before);
        let said = rollstamp(&sandbox, &["write", "--build", builder, "."]).succeeds();
        assert_eq!(said, "");
        for overlay in ["overlays/dev", "overlays/prod"] {
            let line = build(builder, overlay);
            let stream = bash(&sandbox, &line).succeeds();
            assert_eq!(stamps(stream.as_bytes()).len(), 2, "{line}");
            bash(&sandbox, &format!("{line} | rollstamp check --strict")).succeeds();
        }
        // A stamp that all overlays need is written into the shared file.
        let base = std::fs::read_to_string(sandbox.path("base/web.yaml")).expect("the base");
        assert_eq!(base.matches("checksum/rollstamp").count(), 1, "{base}");
        let prod = std::fs::read_to_string(sandbox.path("overlays/prod/stamps.rollstamp.yaml"));
        let prod = prod.expect("the stamps of prod");
        assert!(prod.contains("name: ^web\\.v1$") && !prod.contains("same"), "{prod}");
        rollstamp(&sandbox, &["check", "--build", builder, "--strict", "."]).succeeds();
        // If only the base is named, nothing that was not built is reported as right.
        let written = read_tree(&sandbox.path("overlays"));
        let said = rollstamp(&sandbox, &["write", "--build", builder, "."]).run();
        assert!(said.stderr.starts_with("0 files changed"), "{said:?}");
        let said = rollstamp(&sandbox, &["write", "--build", builder, "overlays/prod"]).run();
        assert!(said.stderr.starts_with("0 files changed"), "{said:?}");
        assert_eq!(read_tree(&sandbox.path("overlays")), written);
        rollstamp(&sandbox, &["strip", "."]).succeeds();
        for (name, entry) in &before {
            let now = read_tree(sandbox.path(name).parent().expect("a folder"));
            let own = name.rsplit('/').next().expect("a name");
            assert_eq!(now.get(own), Some(entry), "{name}");
        }
        assert!(!sandbox.path("overlays/prod/stamps.rollstamp.yaml").exists());
    }
}

#[test]
fn a_change_without_new_stamps_is_caught() {
    for builder in builders() {
        let sandbox = Sandbox::new(&two_overlays());
        rollstamp(&sandbox, &["write", "--build", builder, "."]).succeeds();
        let config = sandbox.path("overlays/prod/config.yaml");
        let text = std::fs::read_to_string(&config).expect("the patch");
        std::fs::write(&config, text.replace("A: prod", "A: other")).expect("the patch");
        let said = rollstamp(&sandbox, &["check", "--build", builder, "."]).fails(1);
        assert!(said.stdout.contains("error[stale-stamp]"), "{said:?}");
        assert!(said.stdout.contains("(built from overlays/prod)"), "{said:?}");
        assert!(!said.stdout.contains("overlays/dev"), "{said:?}");
        let said = rollstamp(&sandbox, &["write", "--build", builder, "."]).run();
        let line = "overlays/prod/stamps.rollstamp.yaml: 1 stamp\n";
        assert!(said.stderr.contains(line), "{said:?}");
        rollstamp(&sandbox, &["check", "--build", builder, "."]).succeeds();
        // A removed workload leaves a stamp in the stamps file; then the last stamp is removed.
        for overlay in ["dev", "prod"] {
            let kustomization = sandbox.path(&format!("overlays/{overlay}/kustomization.yaml"));
            let text = std::fs::read_to_string(&kustomization).expect("the overlay");
            let text = text.replace("patches:", "patches:\n  - patch: '{$patch: delete, apiVersion: apps/v1, kind: Deployment, metadata: {name: web.v1}}'");
            std::fs::write(&kustomization, text).expect("the overlay");
        }
        let said = rollstamp(&sandbox, &["check", "--build", builder, "."]).fails(1);
        assert_eq!(said.stdout.matches("error[orphan-patches]").count(), 2, "{said:?}");
        rollstamp(&sandbox, &["write", "--build", builder, "."]).succeeds();
        assert!(!sandbox.path("overlays/prod/stamps.rollstamp.yaml").exists());
        let text = std::fs::read_to_string(sandbox.path("overlays/dev/kustomization.yaml"));
        assert!(!text.expect("the overlay").contains("transformers"));
    }
}

#[test]
fn a_build_that_fails_is_no_clean_overlay() {
    for builder in builders() {
        let mut tree = two_overlays();
        tree.insert(
            "overlays/broken/kustomization.yaml".to_owned(),
            file("resources: [../../base, nothing.yaml]\n"),
        );
        let sandbox = Sandbox::new(&tree);
        let said = rollstamp(&sandbox, &["check", "--build", builder, "."]).fails(2);
        assert!(said.stdout.contains("error[build-failed]"), "{said:?}");
        assert!(said.stdout.contains("overlays/broken/kustomization.yaml"), "{said:?}");
        // The other overlays are still checked.
        assert!(said.stdout.contains("built from overlays/dev"), "{said:?}");
    }
}

/// Runs a line with a kustomize that counts its calls: returns the exit code, and the number of built
/// overlays.
fn counted(sandbox: &Sandbox, line: &str) -> (i32, usize) {
    std::fs::create_dir_all(sandbox.path("bin")).expect("a folder");
    let real = bash(sandbox, "command -v kustomize").succeeds();
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = build ] && echo x >>\"$COUNT\"\nexec {} \"$@\"\n",
        real.trim()
    );
    std::fs::write(sandbox.path("bin/kustomize"), script).expect("a script");
    bash(sandbox, "chmod +x bin/kustomize").succeeds();
    let count = sandbox.path("count");
    let _ = std::fs::remove_file(&count);
    let path = format!(
        "PATH=\"$PWD/bin:$PATH\" COUNT=\"$PWD/count\" XDG_CACHE_HOME=\"$PWD/cache\" {line}"
    );
    let said = bash(sandbox, &path).run();
    let builds = std::fs::read_to_string(&count).unwrap_or_default().lines().count();
    (said.exit, builds)
}

#[test]
fn a_second_run_starts_no_builder() {
    if builders().len() < 2 {
        return;
    }
    let sandbox = Sandbox::new(&two_overlays());
    let run = |line: &str| counted(&sandbox, line);
    // Two overlays are built, and both again to check what was written.
    assert_eq!(run("rollstamp write --build kustomize ."), (0, 4));
    assert_eq!(run("rollstamp write --build kustomize ."), (0, 0));
    assert_eq!(run("rollstamp check --build kustomize ."), (0, 0));
    bash(&sandbox, "sed -i 's/A: dev/A: new/' overlays/dev/config.yaml").succeeds();
    assert_eq!(run("rollstamp check --build kustomize ."), (1, 1));
    // An overlay that may read other files is built each time.
    assert_eq!(run("rollstamp check --build 'kustomize build {}' ."), (1, 2));
}

#[test]
fn the_stamps_of_one_overlay_come_from_a_pipe() {
    for builder in builders() {
        let sandbox = Sandbox::new(&example("kustomize"));
        let build = build(builder, "overlays/prod");
        let said =
            bash(&sandbox, &format!("{build} | rollstamp patches --for overlays/prod")).run();
        assert_eq!(said.exit, 0, "{said:?}");
        assert!(said.stderr.contains("warning[unwired-patches]"), "{said:?}");
        bash(&sandbox, &format!("{build} | rollstamp check")).fails(1);
        let wire = format!("{build} | rollstamp patches --for overlays/prod --wire");
        bash(&sandbox, &wire).succeeds();
        bash(&sandbox, &format!("{build} | rollstamp check --strict")).succeeds();
        let written = read_tree(&sandbox.path("overlays"));
        bash(&sandbox, &wire).succeeds();
        assert_eq!(read_tree(&sandbox.path("overlays")), written);
    }
}

#[test]
fn only_overlays_of_which_a_file_changed_are_built() {
    if builders().len() < 2 || found("git", &["--version"]).is_none() {
        return;
    }
    let sandbox = Sandbox::new(&two_overlays());
    let commit = "rm -rf .git; git init -q .; printf 'bin\ncache\ncount\n' >.git/info/exclude; git add -A; git -c user.name=a -c user.email=a@example.com commit -qm a";
    bash(&sandbox, &format!("rollstamp write --build kustomize . && {commit}")).succeeds();
    let run = |line: &str| counted(&sandbox, line);
    assert_eq!(run("rollstamp check --build kustomize --since HEAD ."), (0, 0));
    bash(&sandbox, "sed -i 's/A: dev/A: new/' overlays/dev/config.yaml").succeeds();
    // A custom command runs each time, so the cache is not used.
    let any = "--build 'kustomize build {}'";
    assert_eq!(run(&format!("rollstamp check {any} --since HEAD .")), (1, 1));
    let said =
        rollstamp(&sandbox, &["check", "--build", "kustomize", "--since", "HEAD", "."]).run();
    assert!(
        said.stderr.contains(
            "1 overlay built, 1 not, because nothing in them changed: 1 stamp right, 1 not right"
        ),
        "{said:?}"
    );
    // The file with the object, and not the kustomization that builds it.
    assert!(said.stdout.contains("--> base/web.yaml:3:18"), "{said:?}");
    // If a file is named, the overlays that read it are built.
    assert_eq!(run(&format!("rollstamp check {any} overlays/dev/config.yaml")), (1, 1));
    assert_eq!(run(&format!("rollstamp check {any} base/config.yaml")), (1, 2));
    assert_eq!(run(&format!("rollstamp write {any} --since HEAD .")), (0, 2));
    assert_eq!(run(&format!("rollstamp check {any} .")), (0, 2));
    // Both overlays read the base; a removed file was read, too.
    bash(&sandbox, &format!("rm -rf .git; {commit}; rm overlays/prod/stamps.rollstamp.yaml"))
        .succeeds();
    assert_eq!(run(&format!("rollstamp check {any} --since HEAD .")), (2, 1));
}

#[test]
fn what_builds_decide_is_counted_as_that() {
    for builder in builders() {
        let sandbox = Sandbox::new(&two_overlays());
        let said = rollstamp(&sandbox, &["write", "--build", builder, "."]).run();
        let line = "2 workloads read configuration: 1 stamped now, 1 right in each overlay; 2 overlays built: 4 stamps right;";
        assert!(said.stderr.contains(line), "{said:?}");
        let said = rollstamp(&sandbox, &["check", "."]).run();
        let line = "clean; 2 workloads read configuration: 1 right, 1 stamped in each overlay, unverified without --build;";
        assert!(said.stderr.contains(line), "{said:?}");
        let said = rollstamp(&sandbox, &["check", "--build", builder, "-o", "json", "."]).run();
        let json: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
        let builds = &json["coverage"]["builds"];
        assert_eq!(builds["overlays"], 2, "{builds}");
        assert_eq!(builds["right"], 4, "{builds}");
    }
}

#[test]
fn what_no_stamps_file_could_get_is_not_called_stamped() {
    for builder in builders() {
        let mut tree = two_overlays();
        tree.insert("overlays/prod/stamps.rollstamp.yaml".to_owned(), file("kind: Other\n"));
        let sandbox = Sandbox::new(&tree);
        let run = |arguments: &[&str]| rollstamp(&sandbox, arguments).run();
        let written = run(&["write", "--build", builder, "."]);
        assert_eq!(written.exit, 2, "{}", written.stderr);
        assert!(written.stderr.contains("is not as rollstamp makes it"), "{}", written.stderr);
        assert!(!written.stderr.contains("right in each overlay"), "{}", written.stderr);
        assert!(written.stderr.contains("1 not right"), "{}", written.stderr);
        // The other overlay has its stamps.
        assert!(sandbox.path("overlays/dev/stamps.rollstamp.yaml").exists());
        std::fs::remove_file(sandbox.path("overlays/prod/stamps.rollstamp.yaml")).unwrap();
        let written = run(&["write", "--build", builder, "."]);
        assert!(written.exit == 0 && written.stderr.contains("right in each overlay"));
        // Nothing is known about an overlay that does not build.
        let broken = sandbox.path("overlays/dev/config.yaml");
        std::fs::write(&broken, "kind: [").unwrap();
        let written = run(&["write", "--build", builder, "."]);
        assert!(!written.stderr.contains("right in each overlay"), "{}", written.stderr);
        assert!(written.stderr.contains("1 not, because the build failed"), "{}", written.stderr);
    }
}
