//! The flows with other people's programs. Each runs where its program is found; where it is not,
//! it says so, and fails if `ROLLSTAMP_DEMAND` names the program (CI sets it).

use crate::sandbox::{Entry, Sandbox, Tree, read_tree};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The version line of a program, or nothing if it is not here and not demanded.
fn found(program: &str, version: &[&str]) -> Option<String> {
    let demanded = std::env::var("ROLLSTAMP_DEMAND").unwrap_or_default();
    match Command::new(program).args(version).output() {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            println!("{program}: {}", text.lines().collect::<Vec<_>>().join(", "));
            Some(text)
        }
        _ => {
            assert!(
                !demanded.split(',').any(|d| d == program),
                "{program} is demanded and was not found"
            );
            println!("not run: {program} is not installed");
            None
        }
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

/// `kubectl kustomize overlays/prod | rollstamp`, in a copy of the example with one edit.
fn build(edit: impl Fn(&mut String)) -> BTreeMap<String, String> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/example/kustomize");
    let tree: Tree = read_tree(&example)
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
    let built = Command::new("kubectl")
        .args(["kustomize", "overlays/prod"])
        .current_dir(sandbox.path("."))
        .output()
        .expect("kubectl");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let output = sandbox.run(&[], Some(&built.stdout));
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
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        ["prod-shop", "prod-worker"]
    );
    let changed = |after: &BTreeMap<String, String>| -> Vec<String> {
        assert_eq!(
            after.keys().collect::<Vec<_>>(),
            before.keys().collect::<Vec<_>>()
        );
        let differs = |name: &&String| after[*name] != before[*name];
        before.keys().filter(differs).cloned().collect()
    };
    // A key that one Deployment reads.
    assert_eq!(
        changed(&build(replace("BATCH_SIZE: \"50\"", "BATCH_SIZE: \"60\""))),
        ["prod-worker"]
    );
    assert_eq!(
        changed(&build(replace("LOG_LEVEL: warn", "LOG_LEVEL: debug"))),
        ["prod-shop"]
    );
    assert_eq!(
        changed(&build(replace("PASSWORD: change-me", "PASSWORD: changed"))),
        ["prod-shop"]
    );
    assert_eq!(
        changed(&build(replace("listen 8080", "listen 8081"))),
        ["prod-shop"]
    );
    // What nobody reads: the base's value under the overlay's patch, a key, a comment, a label, quotes.
    let none: [String; 0] = [];
    assert_eq!(
        changed(&build(replace("LOG_LEVEL: info", "LOG_LEVEL: trace"))),
        none
    );
    assert_eq!(
        changed(&build(replace(
            "  LOG_LEVEL: info",
            "  UNREAD: x\n  LOG_LEVEL: info"
        ))),
        none
    );
    assert_eq!(
        changed(&build(replace(
            "# The worker reads",
            "# Only the worker reads"
        ))),
        none
    );
    assert_eq!(
        changed(&build(replace(
            "labels: {app: shop}",
            "labels: {app: shop, tier: web}"
        ))),
        none
    );
    assert_eq!(
        changed(&build(replace("BATCH_SIZE: \"50\"", "BATCH_SIZE: '50'"))),
        none
    );
    assert_eq!(
        changed(&build(replace("LOG_LEVEL: warn", "LOG_LEVEL: \"warn\""))),
        none
    );
    assert_eq!(
        changed(&build(replace(
            "stringData:\n  PASSWORD: change-me",
            "data:\n  PASSWORD: Y2hhbmdlLW1l"
        ))),
        none
    );
}
