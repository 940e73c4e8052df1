//! Suffix mode inside kustomize builds: compares the marks of a function or a plugin with the renames in a
//! pipe.

use super::{documents, is_found};
use crate::programs::builds::{WAYS, Way, install, transformer};
use crate::sandbox::{Entry, Sandbox, Tree};
use serde_yaml::Value;
use std::collections::BTreeMap;
use std::process::{Command, Output};

const BASE_NAME: &str = "rollstamp.dev/base-name";

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: web
      containers:
      - name: web
        image: nginx:1.27
        envFrom:
        - configMapRef: {name: plain}
        - configMapRef: {name: made}
        - configMapRef: {name: fixed}
        env:
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: secret, key: password}}
        volumeMounts: [{name: all, mountPath: /all}]
      volumes:
      - name: all
        projected: {sources: [{configMap: {name: plain}}, {secret: {name: tls}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: plain}
data: {a: \"1\", note: \"two\\nlines\\n\"}
---
apiVersion: v1
kind: Secret
metadata: {name: tls}
stringData: {tls.crt: a, tls.key: b}
---
apiVersion: v1
kind: Secret
metadata: {name: pull}
data: {a: Yg==}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: unread}
data: {a: x}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
imagePullSecrets: [{name: pull}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {tls: [{secretName: tls}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web}
rules: [{apiGroups: [''], resources: [secrets], resourceNames: [tls], verbs: [get]}]
";
const GENERATORS: &str = "configMapGenerator:
- name: made
  literals: [b=2]
- name: fixed
  literals: [c=3]
  options: {disableNameSuffixHash: true}
secretGenerator:
- name: secret
  literals: [password=hunter2]
";

fn file(text: &str) -> Entry {
    Entry::File(text.as_bytes().to_vec())
}

/// A tree of these files, whose bases begin with the given text.
fn tree(files: &[(&str, &str)], bases: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    for (folder, head) in bases {
        tree.insert(format!("{folder}/web.yaml"), file(WEB));
        let text = format!("{head}resources: [web.yaml]\n{GENERATORS}");
        tree.insert(format!("{folder}/kustomization.yaml"), file(&text));
    }
    let files = files.iter().map(|(n, text)| ((*n).to_owned(), file(text)));
    tree.extend(files);
    tree
}

fn run(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(sandbox.path("."))
        .env("KUSTOMIZE_PLUGIN_HOME", sandbox.path("plugins"))
        .env("ROLLSTAMP_LOG_FILE", sandbox.path("log"))
        .output()
        .unwrap()
}

/// Builds the folder `top` with the transformer behind everything else, in suffix mode.
fn inside(sandbox: &Sandbox, way: Way, spec: &str) -> Output {
    let spec = format!("spec:\n  mode: suffix\n{spec}");
    let config = transformer(way == Way::Function, &spec);
    install(sandbox);
    std::fs::create_dir_all(sandbox.path("wrap")).unwrap();
    std::fs::write(sandbox.path("wrap/stamp.yaml"), config).unwrap();
    let text = "resources: [../top]\ntransformers: [stamp.yaml]\n";
    std::fs::write(sandbox.path("wrap/kustomization.yaml"), text).unwrap();
    let _ = std::fs::remove_file(sandbox.path("log"));
    let (program, arguments) = way.inside("wrap");
    run(sandbox, program, &arguments)
}

fn log(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.path("log")).unwrap_or_default()
}

/// The folder `top` as the program builds it, renamed in a pipe.
fn piped(sandbox: &Sandbox, way: Way, options: &[&str]) -> Vec<u8> {
    let (program, arguments) = way.outside("top");
    let built = run(sandbox, program, &arguments);
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    let options = [&["--mode", "suffix"], options].concat();
    let options: Vec<String> = options.into_iter().map(str::to_owned).collect();
    let output = sandbox.run(&options, Some(&built.stdout));
    assert_eq!(output.exit, 0, "{}", output.stderr);
    output.stdout
}

/// The objects by kind, namespace and name, without our marker.
fn objects(stream: &[u8]) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for mut object in documents(stream) {
        let metadata = object["metadata"].as_mapping_mut().unwrap();
        if let Some(notes) = metadata.get_mut("annotations") {
            let notes = notes.as_mapping_mut().unwrap();
            notes.remove(BASE_NAME);
            if notes.is_empty() {
                metadata.remove("annotations");
            }
        }
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &object["metadata"];
        let (namespace, name) = (word(&metadata["namespace"]), word(&metadata["name"]));
        let key = format!("{} {namespace}/{name}", word(&object["kind"]));
        assert!(found.insert(key, object).is_none());
    }
    found
}

fn programs() -> bool {
    is_found("kustomize", &["version"]) && is_found("kubectl", &["version", "--client"])
}

/// Checks that all ways of building give the same as a pipe, and returns the number of names that end in a
/// suffix.
fn same(name: &str, tree: &Tree, suffixed: usize) {
    let sandbox = Sandbox::new(tree);
    for way in WAYS {
        let output = inside(&sandbox, way, "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}, {way:?}: {said}");
        let (ours, theirs) = (objects(&output.stdout), objects(&piped(&sandbox, way, &[])));
        assert_eq!(ours, theirs, "{name}, {way:?}: {said}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(!text.contains("internal.config") && !text.contains("checksum/"));
        let is_letter = |b: u8| b"2456789bcdfghkmt".contains(&b);
        let is_suffixed = |key: &&String| {
            let letters = key.rsplit('-').next().unwrap_or_default();
            letters.len() == 10 && letters.bytes().all(is_letter)
        };
        assert_eq!(ours.keys().filter(is_suffixed).count(), suffixed, "{name}");
    }
}

#[test]
fn builds_are_what_pipes_give() {
    if !programs() {
        return;
    }
    const TOP: &str = "top/kustomization.yaml";
    let one = [("base", "")];
    let two = [("a", "namePrefix: a-\n"), ("b", "namePrefix: b-\n")];
    let top = |text: &str, bases: &[(&str, &str)]| tree(&[(TOP, text)], bases);
    // Of the seven sources, no workload reads `unread`, and only a ServiceAccount names `pull`.
    same("plain", &top("resources: [../base]\n", &one), 5);
    same(
        "prefix, suffix, namespace",
        &top(
            "resources: [../base]\nnamePrefix: p-\nnameSuffix: -s\nnamespace: shop\n",
            &[("base", "namePrefix: in-\n")],
        ),
        5,
    );
    same("two bases of one name", &top("resources: [../a, ../b]\n", &two), 10);
    same(
        "two bases of one name in one more prefix",
        &top("resources: [../a, ../b]\nnamePrefix: o-\n", &two),
        10,
    );
    same(
        "two namespaces",
        &top("resources: [../a, ../b]\n", &[("a", "namespace: a\n"), ("b", "namespace: b\n")]),
        10,
    );
    same(
        "a generator that merges, and patches",
        &top(
            "resources: [../base]\nnamePrefix: p-\nconfigMapGenerator:\n- name: made\n  behavior: merge\n  literals: [b=4, d=5]\n- name: fixed\n  behavior: replace\n  literals: [c=6]\n  options: {disableNameSuffixHash: true}\npatches:\n- patch: |-\n    {apiVersion: v1, kind: ConfigMap, metadata: {name: plain}, data: {a: \"7\"}}\n",
            &one,
        ),
        5,
    );
    let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\nconfigMapGenerator:\n- name: made\n  behavior: merge\n  literals: [e=8]\n";
    same(
        "a component",
        &tree(
            &[
                (TOP, "resources: [../base]\ncomponents: [../c]\nnameSuffix: -s\n"),
                ("c/kustomization.yaml", component),
            ],
            &one,
        ),
        5,
    );
}

/// Adds an object to the base, and returns the result of a build.
fn with(object: &str, head: &str) -> Tree {
    let text =
        format!("{head}resources: [../base, more.yaml]\nconfigurations: [references.yaml]\n");
    tree(
        &[
            ("top/kustomization.yaml", text.as_str()),
            ("top/more.yaml", object),
            ("top/references.yaml", "nameReference: []\n"),
        ],
        &[("base", "")],
    )
}

/// The sources of a build that have this name, or one that begins with it and ends in a suffix.
fn kept(stream: &[u8], name: &str) -> bool {
    let all = objects(stream);
    let found: Vec<&String> = all
        .keys()
        .filter(|key| key.starts_with("ConfigMap ") || key.starts_with("Secret "))
        .filter(|key| key[key.find('/').unwrap() + 1..].starts_with(name))
        .collect();
    assert_eq!(found.len(), 1, "{name}");
    found[0].ends_with(&format!("/{name}"))
}

const ROLLOUT: &str = "apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: canary}
spec:
  template:
    metadata: {labels: {app: canary}}
    spec:
      containers:
      - name: web
        envFrom:
        - configMapRef: {name: plain}
";

/// A source in whose references kustomize would not rewrite the name keeps it, and all its readers are
/// stamped.
#[test]
fn what_kustomize_does_not_follow_keeps_its_name() {
    if !programs() {
        return;
    }
    let arguments = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: more}\nspec: {template: {spec: {containers: [{name: more, args: [--config=plain]}]}}}\n";
    let ephemeral = "apiVersion: v1\nkind: Pod\nmetadata: {name: more}\nspec: {containers: [{name: a}], ephemeralContainers: [{name: b, envFrom: [{configMapRef: {name: plain}}]}]}\n";
    let other_rule = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: more}\nrules: [{apiGroups: [apps], resources: [deployments], resourceNames: [plain], verbs: [get]}]\n";
    let custom =
        "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: more}\nspec: {config: plain}\n";
    let all = [
        ("arguments", arguments),
        ("ephemeral containers", ephemeral),
        ("a rule about something else", other_rule),
        ("a custom resource", custom),
        ("a rollout", ROLLOUT),
    ];
    for (name, object) in all {
        let sandbox = Sandbox::new(&with(object, ""));
        for way in WAYS {
            let output = inside(&sandbox, way, "");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}, {way:?}: {said}");
            assert!(
                kept(&output.stdout, "plain") && !kept(&output.stdout, "fixed"),
                "{name}, {way:?}"
            );
            let text = String::from_utf8_lossy(&output.stdout);
            let stamps = if name == "a rollout" { 2 } else { 1 };
            assert_eq!(text.matches("checksum/rollstamp").count(), stamps, "{name}, {way:?}");
            assert!(
                log(&sandbox).contains("ConfigMap plain keeps its name"),
                "{name}, {way:?}: {}",
                log(&sandbox)
            );
        }
    }
}

/// A place that the user configured for kustomize is followed if it is also configured for rollstamp.
#[test]
fn what_kustomize_was_told_of_follows() {
    if !programs() {
        return;
    }
    let references = "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs:\n  - {kind: Rollout, path: spec/template/spec/containers/envFrom/configMapRef/name}\n";
    for head in ["", "namePrefix: p-\n"] {
        let mut tree = with(ROLLOUT, head);
        tree.insert("top/references.yaml".to_owned(), file(references));
        tree.insert("wrap/references.yaml".to_owned(), file(references));
        let sandbox = Sandbox::new(&tree);
        for way in WAYS {
            let output = inside(&sandbox, way, "  nameReferences: [references.yaml]\n");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{way:?}: {said}");
            let theirs = objects(&piped(&sandbox, way, &[]));
            assert_eq!(objects(&output.stdout), theirs, "{way:?}: {said}");
        }
    }
}

/// The pod template of an existing Job is immutable, so the build fails, as the pipe does.
#[test]
fn a_job_ends_the_build() {
    if !programs() {
        return;
    }
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: more}\nspec: {template: {spec: {containers: [{name: a, envFrom: [{configMapRef: {name: plain}}]}]}}}\n";
    for head in ["", "namePrefix: p-\n"] {
        let sandbox = Sandbox::new(&with(job, head));
        for way in WAYS {
            let output = inside(&sandbox, way, "");
            assert!(!output.status.success() && output.stdout.is_empty(), "{way:?}");
            assert!(
                log(&sandbox).contains("the API server refuses the change"),
                "{}",
                log(&sandbox)
            );
        }
    }
}

/// Settings have an effect: stamps for one source, immutable sources, a second call.
#[test]
fn options_hold_inside_of_a_build() {
    if !programs() {
        return;
    }
    let text = "resources: [../base]\nnamePrefix: p-\npatches:\n- patch: |-\n    {apiVersion: v1, kind: ConfigMap, metadata: {name: plain, annotations: {rollstamp.dev/mode: annotation}}}\n";
    let tree = tree(&[("top/kustomization.yaml", text)], &[("base", "")]);
    let sandbox = Sandbox::new(&tree);
    for way in WAYS {
        let spec = "  suffix: {immutable: true, allSources: true}\n";
        let output = inside(&sandbox, way, spec);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{way:?}: {said}");
        let theirs = piped(&sandbox, way, &["--immutable", "--all-sources"]);
        assert!(kept(&output.stdout, "p-plain") && !kept(&output.stdout, "p-unread"));
        assert_eq!(objects(&output.stdout), objects(&theirs), "{way:?}: {said}");
    }
}
