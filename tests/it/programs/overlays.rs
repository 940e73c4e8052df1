//! `write --build` and `check --build` with the real builders: stamps for every overlay, without a
//! plugin.

use super::{bash, below, example, file, found, stamps, tool};
use crate::sandbox::{Sandbox, Tree, read_tree};
use std::collections::BTreeMap;
use std::path::Path;

/// The builders that `--build` knows, if they are here.
fn builders() -> Vec<&'static str> {
    let kustomize = found("kustomize", &["version"]).map(|_| "kustomize");
    let kubectl = found("kubectl", &["version", "--client"]).map(|_| "kubectl");
    kustomize.into_iter().chain(kubectl).collect()
}

fn build(builder: &str, folder: &str) -> String {
    match builder {
        "kubectl" => format!("kubectl kustomize {folder}"),
        _ => format!("kustomize build {folder}"),
    }
}

/// Two overlays over one base, each with content of its own.
fn two_overlays() -> Tree {
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

/// A cache of its own, so that no run knows another one.
fn rollstamp(sandbox: &Sandbox, arguments: &[&str]) -> super::Tool {
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
        // What all overlays agree on is stamped where it is written.
        let base = std::fs::read_to_string(sandbox.path("base/web.yaml")).expect("the base");
        assert_eq!(base.matches("checksum/rollstamp").count(), 1, "{base}");
        let prod = std::fs::read_to_string(sandbox.path("overlays/prod/stamps.rollstamp.yaml"));
        let prod = prod.expect("the stamps of prod");
        assert!(prod.contains("name: ^web\\.v1$") && !prod.contains("same"), "{prod}");
        rollstamp(&sandbox, &["check", "--build", builder, "--strict", "."]).succeeds();
        // Below the base alone nothing is said to be right that nobody built.
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
        assert!(said.stderr.contains("overlays/prod/stamps.rollstamp.yaml: 1 stamp"), "{said:?}");
        rollstamp(&sandbox, &["check", "--build", builder, "."]).succeeds();
        // A workload that is gone leaves a stamp behind, and then none.
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
        // The others are looked at all the same.
        assert!(said.stdout.contains("built from overlays/dev"), "{said:?}");
    }
}

#[test]
fn a_second_run_starts_no_builder() {
    if builders().len() < 2 {
        return;
    }
    let sandbox = Sandbox::new(&two_overlays());
    // A kustomize that counts.
    std::fs::create_dir_all(sandbox.path("bin")).expect("a folder");
    let real = bash(&sandbox, "command -v kustomize").succeeds();
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = build ] && echo x >>\"$COUNT\"\nexec {} \"$@\"\n",
        real.trim()
    );
    std::fs::write(sandbox.path("bin/kustomize"), script).expect("a script");
    bash(&sandbox, "chmod +x bin/kustomize").succeeds();
    let run = |line: &str| {
        let count = sandbox.path("count");
        let _ = std::fs::remove_file(&count);
        let path = format!(
            "PATH=\"$PWD/bin:$PATH\" COUNT=\"$PWD/count\" XDG_CACHE_HOME=\"$PWD/cache\" {line}"
        );
        let said = bash(&sandbox, &path).run();
        let builds = std::fs::read_to_string(&count).unwrap_or_default().lines().count();
        (said.exit, builds)
    };
    // Two overlays, and both again as the proof of what was written.
    assert_eq!(run("rollstamp write --build kustomize ."), (0, 4));
    assert_eq!(run("rollstamp write --build kustomize ."), (0, 0));
    assert_eq!(run("rollstamp check --build kustomize ."), (0, 0));
    bash(&sandbox, "sed -i 's/A: dev/A: new/' overlays/dev/config.yaml").succeeds();
    assert_eq!(run("rollstamp check --build kustomize ."), (1, 1));
    // What nobody knows to be pure is built each time.
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

/// Every leaf kustomization of the real repositories that builds here: after `write --build` it
/// builds what it built before plus stamps that are right.
#[test]
fn overlays_of_real_repositories_build_what_they_built_and_are_stamped() {
    let Some(kustomize) = found("kustomize", &["version"]) else { return };
    let Some(root) = crate::corpora::root() else { return };
    println!("{}", kustomize.trim());
    let mut sum: BTreeMap<&str, usize> = BTreeMap::new();
    for repository in crate::corpora::folders(&root.join("corpora")) {
        one_repository(&repository, &mut sum);
    }
    println!("{sum:?}");
    assert_eq!(sum.get("wrong"), None, "{sum:?}");
}

fn one_repository(repository: &Path, sum: &mut BTreeMap<&'static str, usize>) {
    let mut count = |what: &'static str, by: usize| *sum.entry(what).or_default() += by;
    let sandbox = Sandbox::new(&below("", repository));
    let leaves = bash(&sandbox, "find . -name 'kustomization.y*ml' -o -name Kustomization").run();
    let mut before = BTreeMap::new();
    for file in leaves.stdout.lines() {
        let folder = file.rsplit_once('/').expect("a folder").0.to_owned();
        let built = tool(&sandbox, "kustomize", &["build", &folder]).run();
        if built.exit == 0 {
            before.insert(folder, built.stdout);
        }
    }
    count("kustomizations that build", before.len());
    let said = rollstamp(&sandbox, &["write", "--build", "kustomize", "."]).run();
    assert!(matches!(said.exit, 0 | 2), "{}: {said:?}", repository.display());
    for (folder, stream) in before {
        let built = tool(&sandbox, "kustomize", &["build", &folder]).run();
        assert_eq!(built.exit, 0, "{}/{folder}: {}", repository.display(), built.stderr);
        // A stamp apart, it builds what it built.
        let strip =
            |stream: String| tool(&sandbox, "rollstamp", &["strip"]).stdin(stream).run().stdout;
        assert_eq!(strip(built.stdout.clone()), strip(stream), "{}/{folder}", repository.display());
        let pipe = tool(&sandbox, "rollstamp", &[]).stdin(built.stdout.clone()).run();
        let has_entry =
            std::fs::read_to_string(sandbox.path(&folder).join("stamps.rollstamp.yaml"));
        count("stamps files", usize::from(has_entry.is_ok()));
        if pipe.exit != 0 {
            count("refused", 1);
            continue;
        }
        let (own, wanted) = (stamps(built.stdout.as_bytes()), stamps(pipe.stdout.as_bytes()));
        for (name, stamp) in &wanted {
            match own.get(name) {
                Some(own) if own == stamp => count("right", 1),
                Some(_) => count("wrong", 1),
                // A base or a Component is built by hand here, and applied by no overlay.
                None => count("missing, mostly in bases", 1),
            }
        }
    }
    let said = rollstamp(&sandbox, &["write", "--build", "kustomize", "."]).run();
    assert!(said.stderr.contains("0 files changed"), "{}: {said:?}", repository.display());
}
