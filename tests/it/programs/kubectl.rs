//! Tests a pipe from `kubectl kustomize` into the filter, and rollstamp as a plugin of kubectl.

use super::{example, found, on_path, stamps, tool};
use crate::sandbox::{Entry, Sandbox, Tree};
use std::collections::BTreeMap;

/// `kubectl kustomize overlays/prod | rollstamp`, in a copy of the example with one edit.
fn build(edit: impl Fn(&mut String)) -> BTreeMap<String, String> {
    let tree: Tree = example("kustomize")
        .into_iter()
        .map(|(name, entry)| match entry {
            Entry::File(bytes) => {
                let mut text = String::from_utf8(bytes).expect("UTF-8");
                edit(&mut text);
                (name, Entry::File(text.into_bytes()))
            }
            link => (name, link),
        })
        .collect();
    let sandbox = Sandbox::new(&tree);
    let built = tool(&sandbox, "kubectl", &["kustomize", "overlays/prod"]).succeeds();
    let output = sandbox.run(&[], Some(built.as_bytes()));
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
    stamps(&output.stdout)
}

fn replace(from: &'static str, to: &'static str) -> impl Fn(&mut String) {
    move |text| *text = text.replace(from, to)
}

#[test]
fn an_overlay_rolls_exactly_what_reads_the_change() {
    if found("kubectl", &["version", "--client"]).is_none() {
        return;
    }
    let before = build(|_| {});
    assert_eq!(before.keys().collect::<Vec<_>>(), ["prod-shop", "prod-worker"]);
    let changed = |after: &BTreeMap<String, String>| -> Vec<String> {
        assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        let differs = |name: &&String| after[*name] != before[*name];
        before.keys().filter(differs).cloned().collect()
    };
    // A key that one Deployment reads.
    assert_eq!(
        changed(&build(replace("BATCH_SIZE: \"50\"", "BATCH_SIZE: \"60\""))),
        ["prod-worker"]
    );
    assert_eq!(changed(&build(replace("LOG_LEVEL: warn", "LOG_LEVEL: debug"))), ["prod-shop"]);
    assert_eq!(changed(&build(replace("PASSWORD: change-me", "PASSWORD: changed"))), ["prod-shop"]);
    assert_eq!(changed(&build(replace("listen 8080", "listen 8081"))), ["prod-shop"]);
    // Changes that no pod reads: the base's value under the overlay's patch, a key, a comment, a label,
    // quotes.
    let none: [String; 0] = [];
    assert_eq!(changed(&build(replace("LOG_LEVEL: info", "LOG_LEVEL: trace"))), none);
    assert_eq!(
        changed(&build(replace("  LOG_LEVEL: info", "  UNREAD: x\n  LOG_LEVEL: info"))),
        none
    );
    assert_eq!(changed(&build(replace("# The worker reads", "# Only the worker reads"))), none);
    assert_eq!(
        changed(&build(replace("labels: {app: shop}", "labels: {app: shop, tier: web}"))),
        none
    );
    assert_eq!(changed(&build(replace("BATCH_SIZE: \"50\"", "BATCH_SIZE: '50'"))), none);
    assert_eq!(changed(&build(replace("LOG_LEVEL: warn", "LOG_LEVEL: \"warn\""))), none);
    assert_eq!(
        changed(&build(replace(
            "stringData:\n  PASSWORD: change-me",
            "data:\n  PASSWORD: Y2hhbmdlLW1l"
        ))),
        none
    );
}

#[cfg(unix)]
#[test]
fn kubectl_finds_rollstamp_as_its_plugin() {
    if found("kubectl", &["version", "--client"]).is_none() {
        return;
    }
    let sandbox = Sandbox::new(&example("shop"));
    let plugin = sandbox.path("bin/kubectl-rollstamp");
    std::fs::create_dir(sandbox.path("bin")).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rollstamp"), plugin).expect("a link");
    let path = on_path(&sandbox.path("bin"));
    let kubectl = |args: &[&str]| tool(&sandbox, "kubectl", args).env("PATH", &path);
    let version = kubectl(&["rollstamp", "--version"]).succeeds();
    assert_eq!(version.trim(), concat!("rollstamp ", env!("CARGO_PKG_VERSION")));
    // kubectl passes the exit codes on.
    let said = kubectl(&["rollstamp", "check", "shop.yaml", "worker.yaml", "config.yaml"]).fails(1);
    assert!(said.stdout.contains("error[missing-stamp]"), "{said:?}");
    kubectl(&["rollstamp", "write", "."]).succeeds();
    kubectl(&["rollstamp", "check", "."]).succeeds();
}
