//! Tests a pipe from `kustomize build` into the filter, and a plugin that kustomize skips.

use super::{bash, example, file, found, lines, stamps, tool};
use crate::sandbox::Sandbox;

/// A kustomization that asks for rollstamp as an exec function.
const FUNCTION: &str = "apiVersion: rollstamp.dev/v1alpha1
kind: Rollstamp
metadata:
  name: stamp
  annotations:
    config.kubernetes.io/function: |
      exec: {path: rollstamp}
";

#[test]
fn what_kustomize_builds_is_stamped_in_a_pipe() {
    if found("kustomize", &["version"]).is_none() {
        return;
    }
    let sandbox = Sandbox::new(&example("kustomize"));
    let stream = bash(&sandbox, "kustomize build overlays/prod | rollstamp").succeeds();
    let names: Vec<String> = stamps(stream.as_bytes()).into_keys().collect();
    assert_eq!(names, ["prod-shop", "prod-worker"]);
    tool(&sandbox, "rollstamp", &["check", "--strict"]).stdin(stream).succeeds();
}

/// kustomize prints no message if `--enable-exec` is missing; only its output shows it.
#[test]
fn a_function_that_kustomize_skips_is_caught_by_check() {
    if found("kustomize", &["version"]).is_none() {
        return;
    }
    let mut tree = example("kustomize");
    tree.insert(
        "skipped/kustomization.yaml".to_owned(),
        file("resources: [../overlays/prod]\ntransformers: [stamp.yaml]\n"),
    );
    tree.insert("skipped/stamp.yaml".to_owned(), file(FUNCTION));
    let sandbox = Sandbox::new(&tree);
    let build = "kustomize build --enable-alpha-plugins skipped";
    let silent = bash(&sandbox, build).run();
    assert_eq!((silent.exit, silent.stderr.as_str()), (0, ""));
    assert!(stamps(silent.stdout.as_bytes()).is_empty());
    let said = bash(&sandbox, &format!("{build} | rollstamp check")).fails(1);
    assert_eq!(said.stdout.matches("error[missing-stamp]").count(), 2, "{said:?}");
    // Without any flag, kustomize itself reports an error.
    let said = tool(&sandbox, "kustomize", &["build", "skipped"]).fails(1);
    assert!(said.stderr.contains("external plugins disabled"), "{said:?}");
    for document in ["README.md", "docs/integrations.md"] {
        for line in lines(document, "| rollstamp check") {
            let line = line.replace("overlays/prod", "skipped");
            bash(&sandbox, &line).fails(1);
        }
    }
}

/// Runs the commands of the documents, with a function instead of the cluster that records the applied
/// manifests.
#[test]
fn the_lines_of_the_documents_apply_a_whole_stream_or_nothing() {
    let kustomize = found("kustomize", &["version"]);
    if kustomize.is_none() || found("kubectl", &["version", "--client"]).is_none() {
        return;
    }
    let apply =
        "kubectl() { if [ \"$1\" = apply ]; then cat >applied; else command kubectl \"$@\"; fi; }";
    let mut count = 0;
    for document in ["README.md", "docs/integrations.md"] {
        for line in lines(document, "overlays/prod | rollstamp | kubectl apply") {
            count += 1;
            let sandbox = Sandbox::new(&example("kustomize"));
            bash(&sandbox, &format!("{apply}\n{line}")).succeeds();
            let applied = std::fs::read(sandbox.path("applied")).expect("what was applied");
            assert_eq!(stamps(&applied).len(), 2, "{line}");
            // rollstamp refuses a value that the API server would refuse, so nothing is applied.
            let config = sandbox.path("base/config.yaml");
            let text = std::fs::read_to_string(&config).expect("the base");
            let broken = text.replace("BATCH_SIZE: \"50\"", "BATCH_SIZE: 50");
            assert_ne!(text, broken);
            std::fs::write(&config, broken).expect("the base");
            let said = bash(&sandbox, &format!("{apply}\n{line}")).fails(2);
            assert!(said.stderr.contains("non-string-value"), "{said:?}");
            let applied = std::fs::read(sandbox.path("applied")).expect("what was applied");
            assert!(applied.is_empty(), "{line}");
        }
    }
    assert!(count >= 2, "the documents show too few lines");
}
