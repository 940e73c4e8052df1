//! From an edit to the applied manifests, with the real kustomize and Helm: a changed configuration gets a
//! new name, its readers follow, and nothing else changes.

use super::{documents, is_found, names};
use crate::sandbox::{Entry, Sandbox, Tree, read_tree};
use std::path::Path;
use std::process::Command;

fn file(text: &str) -> Entry {
    Entry::File(text.as_bytes().to_vec())
}

/// The names that a stream defines and that it reads, of ConfigMaps and Secrets in pod specs.
fn read_names(stream: &[u8]) -> Vec<(String, String)> {
    fn visit(value: &serde_yaml::Value, workload: &str, found: &mut Vec<(String, String)>) {
        const FIELDS: &[&str] =
            &["configMapRef", "secretRef", "configMapKeyRef", "secretKeyRef", "configMap"];
        match value {
            serde_yaml::Value::Mapping(fields) => {
                for (key, inner) in fields {
                    let key = key.as_str().unwrap_or_default();
                    if FIELDS.contains(&key)
                        && let Some(name) = inner["name"].as_str()
                    {
                        found.push((workload.to_owned(), name.to_owned()));
                    }
                    if key == "secret"
                        && let Some(name) = inner["secretName"].as_str()
                    {
                        found.push((workload.to_owned(), name.to_owned()));
                    }
                    visit(inner, workload, found);
                }
            }
            serde_yaml::Value::Sequence(items) => {
                items.iter().for_each(|item| visit(item, workload, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    for document in documents(stream) {
        let name = document["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        visit(&document["spec"], &name, &mut found);
    }
    found
}

/// The workloads whose references differ between two streams.
fn rolled(before: &[u8], after: &[u8]) -> Vec<String> {
    let (before, after) = (read_names(before), read_names(after));
    let mut rolled: Vec<String> = before
        .iter()
        .zip(&after)
        .filter(|(one, other)| one != other)
        .map(|(one, _)| one.0.clone())
        .collect();
    rolled.dedup();
    rolled
}

/// Every name that a workload reads is one that the stream defines.
fn nothing_dangles(stream: &[u8]) {
    let defined = [names(stream, "ConfigMap"), names(stream, "Secret")].concat();
    for (workload, name) in read_names(stream) {
        assert!(defined.contains(&name), "{workload} reads {name}, which is not there");
    }
}

fn suffixed(sandbox: &Sandbox, stream: &[u8]) -> Vec<u8> {
    let output = sandbox.run(&["--mode", "suffix"].map(str::to_owned), Some(stream));
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
    nothing_dangles(&output.stdout);
    let again = sandbox.run(&["--mode", "suffix"].map(str::to_owned), Some(&output.stdout));
    assert_eq!(again.stdout, output.stdout);
    output.stdout
}

fn built(program: &str, arguments: &[&str], sandbox: &Sandbox) -> Vec<u8> {
    let output =
        Command::new(program).args(arguments).current_dir(sandbox.path(".")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn edited(tree: &Tree, from: &str, to: &str) -> Tree {
    let edit = |(name, entry): (&String, &Entry)| match entry {
        Entry::File(bytes) => {
            let text = String::from_utf8(bytes.clone()).unwrap().replace(from, to);
            (name.clone(), Entry::File(text.into_bytes()))
        }
        link => (name.clone(), link.clone()),
    };
    let edited: Tree = tree.iter().map(edit).collect();
    assert_ne!(&edited, tree, "{from} is not there");
    edited
}

fn kustomize(program: &str, version: &[&str], arguments: &[&str]) {
    if !is_found(program, version) {
        return;
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/example/kustomize");
    let tree = read_tree(&example);
    let build = |tree: &Tree| {
        let sandbox = Sandbox::new(tree);
        suffixed(&sandbox, &built(program, arguments, &sandbox))
    };
    let before = build(&tree);
    assert_eq!(before, build(&tree));
    let none: [&str; 0] = [];
    let with = |from, to| rolled(&before, &build(&edited(&tree, from, to)));
    assert_eq!(with("PASSWORD: change-me", "PASSWORD: changed"), ["prod-shop"]);
    assert_eq!(with("labels: {app: shop}", "labels: {app: shop, tier: web}"), none);
    assert_eq!(with("BATCH_SIZE: \"50\"", "BATCH_SIZE: '50'"), none);
    // A workload that reads any key of a source rolls for all of it: this is a cost of names after content.
    assert_eq!(with("BATCH_SIZE: \"50\"", "BATCH_SIZE: \"60\""), ["prod-shop", "prod-worker"]);
}

#[test]
fn kustomize_build_and_edit() {
    kustomize("kustomize", &["version"], &["build", "overlays/prod"]);
}

#[test]
fn kubectl_kustomize_and_edit() {
    kustomize("kubectl", &["version", "--client"], &["kustomize", "overlays/prod"]);
}

/// Names of kustomize's generator stay, and the names of rollstamp are those that the generator would give.
#[test]
fn generators_and_suffixes_agree() {
    if !is_found("kustomize", &["version"]) {
        return;
    }
    let workload = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        envFrom:\n        - configMapRef: {name: app}\n        - secretRef: {name: pw}\n";
    let generators = |options: &str| {
        format!(
            "resources: [web.yaml]\nconfigMapGenerator: [{{name: app, literals: [a=1, 'b=<x>&']}}]\nsecretGenerator: [{{name: pw, literals: [p=0123456789012345678901234567890123456789012345678901234567890123456789]}}]\n{options}"
        )
    };
    let build = |options: &str| {
        let tree = Tree::from([
            ("kustomization.yaml".to_owned(), file(&generators(options))),
            ("web.yaml".to_owned(), file(workload)),
        ]);
        let sandbox = Sandbox::new(&tree);
        let stream = built("kustomize", &["build", "."], &sandbox);
        (suffixed(&sandbox, &stream), stream)
    };
    let (ours, _) = build("generatorOptions: {disableNameSuffixHash: true}\n");
    let (left, theirs) = build("");
    assert_eq!(left, theirs, "what has its own suffix changes");
    assert_eq!(names(&ours, "ConfigMap"), names(&theirs, "ConfigMap"));
    assert_eq!(names(&ours, "Secret"), names(&theirs, "Secret"));
    assert_eq!(read_names(&ours), read_names(&theirs));
}

const CHART: &[(&str, &str)] = &[
    ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    ("chart/values.yaml", "level: info\npassword: pw\n"),
    (
        "chart/templates/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-config\ndata:\n  LEVEL: {{ .Values.level | quote }}\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {{ .Release.Name }}-secret\nstringData:\n  PASSWORD: {{ .Values.password | quote }}\n",
    ),
    (
        "chart/templates/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: web\n        image: web:1\n        envFrom:\n        - configMapRef: {name: {{ .Release.Name }}-config}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: db\nspec:\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec:\n      containers:\n      - name: db\n        image: db:1\n        volumeMounts: [{name: pw, mountPath: /pw}]\n      volumes:\n      - name: pw\n        secret: {secretName: {{ .Release.Name }}-secret}\n",
    ),
];

fn helm(program: &str) {
    if !is_found(program, &["version"]) {
        return;
    }
    let tree: Tree = CHART.iter().map(|(name, text)| ((*name).to_owned(), file(text))).collect();
    let sandbox = Sandbox::new(&tree);
    let render = |set: &str| {
        let stream = built(program, &["template", "demo", "chart", "--set", set], &sandbox);
        suffixed(&sandbox, &stream)
    };
    let before = render("level=info");
    assert_eq!(rolled(&before, &render("level=info")), [""; 0]);
    assert_eq!(rolled(&before, &render("level=debug")), ["web"]);
    assert_eq!(rolled(&before, &render("password=other")), ["db"]);
}

#[test]
fn helm_3_template_and_edit() {
    helm("helm3");
}

#[test]
fn helm_4_template_and_edit() {
    helm("helm4");
}
