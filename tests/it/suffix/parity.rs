//! Compares the suffixes of random objects with those of the real programs.

use super::random::{Dice, object, text};
use super::{base, documents, is_found};
use crate::sandbox::{Entry, Sandbox, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The number of objects; `ROLLSTAMP_PARITY` sets another number.
fn count(usual: usize) -> usize {
    let asked = std::env::var("ROLLSTAMP_PARITY").ok();
    asked
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(|| crate::extent::count("objects with random content", usual, usual / 8))
}

fn arguments(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The names of a stream by the names without their suffix.
fn by_base(stream: &[u8]) -> BTreeMap<String, String> {
    documents(stream)
        .iter()
        .filter_map(|document| document["metadata"]["name"].as_str())
        .map(|name| (base(name).to_owned(), name.to_owned()))
        .collect()
}

fn compare(program: &str, theirs: &BTreeMap<String, String>, stream: &[u8]) {
    let ours = by_base(stream);
    let all = documents(stream);
    let all: BTreeSet<&str> = all.iter().filter_map(|d| d["metadata"]["name"].as_str()).collect();
    // A source that keeps its name is unchanged.
    let is_held = |base: &str| all.contains(base);
    let held = theirs.keys().filter(|base| is_held(base)).count();
    let differ: Vec<_> = theirs
        .iter()
        .filter(|(base, name)| ours.get(*base) != Some(name) && !is_held(base))
        .map(|(base, name)| format!("{name} is {:?}", ours.get(base)))
        .collect();
    println!(
        "{program}: {} names are ours of {}; {held} are not given, because it damages the text",
        theirs.len() - differ.len() - held,
        theirs.len()
    );
    assert!(held * 10 < theirs.len(), "{held} of {} are not given", theirs.len());
    assert!(differ.is_empty(), "{} differ: {:?}", differ.len(), &differ[..differ.len().min(9)]);
}

fn kustomize(program: &str, version: &[&str], build: &[&str]) {
    if !is_found(program, version) {
        return;
    }
    const MARK: &str =
        "  annotations:\n    internal.config.kubernetes.io/needsHashSuffix: enabled\n";
    let count = count(2_000);
    let stream = |annotations: &str| -> String {
        let mut dice = Dice::new(7);
        let one = |i| format!("---\n{}", object(&mut dice, &format!("object-{i}"), annotations));
        (0..count).map(one).collect()
    };
    let file = |text: &str| Entry::File(text.as_bytes().to_vec());
    let tree = Tree::from([
        ("kustomization.yaml".to_owned(), file("resources: [all.yaml]\n")),
        ("all.yaml".to_owned(), file(&stream(MARK))),
    ]);
    let sandbox = Sandbox::new(&tree);
    let built = Command::new(program).args(build).current_dir(sandbox.path(".")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let output =
        sandbox.run(&arguments("--mode suffix --all-sources"), Some(stream("").as_bytes()));
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
    let theirs = by_base(&built.stdout);
    assert_eq!(theirs.len(), count);
    compare(program, &theirs, &output.stdout);
}

#[test]
fn suffixes_are_those_of_kustomize() {
    kustomize("kustomize", &["version"], &["build", "."]);
}

#[test]
fn suffixes_are_those_of_kubectl_kustomize() {
    kustomize("kubectl", &["version", "--client"], &["kustomize", "."]);
}

/// An object as `kubectl create --append-hash` prints it.
fn created(sandbox: &Sandbox, dice: &mut Dice, i: usize) -> String {
    let secret = dice.roll(2) == 0;
    let mut command = Command::new("kubectl");
    command.current_dir(sandbox.path(".")).arg("create");
    match secret {
        true => command.args(["secret", "generic"]),
        false => command.arg("configmap"),
    };
    command.arg(format!("object-{i}"));
    command.args(["--append-hash", "--dry-run=client", "-o", "yaml"]);
    for key in 0..dice.roll(4) {
        let text: String = text(dice).chars().filter(|c| *c != '\u{2028}').collect();
        command.arg(format!("--from-literal=key{key}={text}"));
    }
    if !secret && dice.roll(4) == 0 {
        command.arg("--from-file=binary=binary");
    }
    if secret && dice.roll(4) == 0 {
        command.arg("--type=example.com/x");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn suffixes_are_those_of_kubectl_create() {
    if !is_found("kubectl", &["version", "--client"]) {
        return;
    }
    let binary = Entry::File(vec![0, 159, 146, 150, 255]);
    let sandbox = Sandbox::new(&Tree::from([("binary".to_owned(), binary)]));
    let mut dice = Dice::new(11);
    let created: Vec<String> = (0..count(200)).map(|i| created(&sandbox, &mut dice, i)).collect();
    let theirs = by_base(created.join("---\n").as_bytes());
    let stream: String = created
        .iter()
        .zip(0..)
        .map(|(text, i)| {
            let bare = format!("  name: object-{i}\n");
            let lines = text.split_inclusive('\n');
            let named = lines.map(|line| match line.starts_with("  name: object-") {
                true => bare.as_str(),
                false => line,
            });
            format!("---\n{}", named.collect::<String>())
        })
        .collect();
    let output = sandbox.run(
        &arguments("--mode suffix --suffix-hash kubectl --all-sources"),
        Some(stream.as_bytes()),
    );
    assert_eq!(output.exit, 0, "{}", output.stderr);
    compare("kubectl create", &theirs, &output.stdout);
    // A source that already has the suffix keeps its name.
    let again = sandbox.run(
        &arguments("--mode suffix --suffix-hash kubectl --all-sources"),
        Some(created.join("---\n").as_bytes()),
    );
    assert_eq!(again.exit, 0);
    assert_eq!(by_base(&again.stdout), theirs);
}
