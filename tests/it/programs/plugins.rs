//! rollstamp inside kustomize, as a KRM function and as an exec plugin of the older kind, compared with the
//! same build in a pipe.

use super::builds::{PROGRAM, WAYS, Way, install, transformer};
use super::{Said, Tool, bash, example, examples, file, found, stamps, tool};
use crate::extent::sample;
use crate::sandbox::{Entry, Sandbox, Tree};
use serde_yaml::Value;
use std::collections::BTreeMap;
use std::path::Path;

fn build(sandbox: &Sandbox, way: Way, folder: &str) -> Tool {
    let (program, args) = way.inside(folder);
    tool(sandbox, program, &args).env("KUSTOMIZE_PLUGIN_HOME", sandbox.path("plugins"))
}

/// The output of the same program without the transformer, stamped in a pipe.
fn piped(sandbox: &Sandbox, way: Way, folder: &str) -> Said {
    let (program, args) = way.outside(folder);
    let built = tool(sandbox, program, &args).run();
    if built.exit != 0 {
        return built;
    }
    tool(sandbox, PROGRAM, &[]).stdin(built.stdout).run()
}

fn values(stream: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(stream);
    documents
        .map(|document| <Value as serde::Deserialize>::deserialize(document).expect("YAML"))
        .collect()
}

/// The programs that are installed.
fn programs() -> bool {
    let kustomize = found("kustomize", &["version"]);
    let kubectl = found("kubectl", &["version", "--client"]);
    kustomize.is_some() && kubectl.is_some()
}

/// Adds folders that build `folder` with the transformer behind everything else.
fn wrap(sandbox: &Sandbox, folder: &str) {
    for (name, is_function) in [("with-function", true), ("with-plugin", false)] {
        let path = sandbox.path(name);
        std::fs::create_dir_all(&path).expect("a folder");
        let kustomization = format!("resources: [../{folder}]\ntransformers: [stamp.yaml]\n");
        std::fs::write(path.join("kustomization.yaml"), kustomization).expect("a file");
        std::fs::write(path.join("stamp.yaml"), transformer(is_function, "")).expect("a file");
    }
}

fn wrapped(way: Way) -> &'static str {
    match way {
        Way::Function => "with-function",
        Way::Plugin | Way::KubectlPlugin => "with-plugin",
    }
}

/// The result of comparing the stamps of one folder.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Compared {
    Equal { stamps: usize },
    BothRefused,
    DoesNotBuild,
    Wrong(String),
}

fn compare(sandbox: &Sandbox, way: Way, outside: &Said, folder: &str) -> Compared {
    if outside.exit == 1 {
        return Compared::DoesNotBuild;
    }
    let inside = build(sandbox, way, wrapped(way)).run();
    match (outside.exit, inside.exit) {
        (0, 0) if values(&outside.stdout) == values(&inside.stdout) => {
            Compared::Equal { stamps: outside.stdout.matches("checksum/rollstamp: ").count() }
        }
        (2, 1) => Compared::BothRefused,
        _ => Compared::Wrong(format!(
            "{way:?} {folder}: outside: {} {}\ninside: {} {}",
            outside.exit, outside.stderr, inside.exit, inside.stderr
        )),
    }
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
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
      initContainers:
      - name: init
        image: busybox
        volumeMounts: [{name: all, mountPath: /all}]
      volumes:
      - name: all
        projected: {sources: [{configMap: {name: plain}}, {secret: {name: secret}}]}
";
const PLAIN: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: plain}
data: {a: \"1\", note: \"two\\nlines\\n\"}
";
const BASE: &str = "resources: [web.yaml, plain.yaml]
configMapGenerator:
- name: made
  literals: [b=2]
- name: fixed
  literals: [c=3]
  options: {disableNameSuffixHash: true}
secretGenerator:
- name: secret
  literals: [password=hunter2, long=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]
";

fn base(folder: &str, head: &str) -> Tree {
    [
        ("web.yaml", WEB.to_owned()),
        ("plain.yaml", PLAIN.to_owned()),
        ("kustomization.yaml", format!("{head}{BASE}")),
    ]
    .into_iter()
    .map(|(name, text)| (format!("{folder}/{name}"), file(&text)))
    .collect()
}

/// Trees with each sort of renaming, by name; the folder `top` is built.
fn trees() -> Vec<(&'static str, Tree)> {
    let tree = |parts: &[(&str, &str)], bases: &[(&str, &str)]| -> Tree {
        let mut tree: Tree = bases.iter().flat_map(|(f, head)| base(f, head)).collect();
        tree.extend(parts.iter().map(|(name, text)| ((*name).to_owned(), file(text))));
        tree
    };
    let top = "top/kustomization.yaml";
    let one = [("base", "")];
    let prefixed = [("a", "namePrefix: a-\n"), ("b", "namePrefix: b-\n")];
    vec![
        ("as it is", tree(&[(top, "resources: [../base]\n")], &one)),
        (
            "prefix, suffix and namespace",
            tree(
                &[(top, "resources: [../base]\nnamePrefix: p-\nnameSuffix: -s\nnamespace: shop\n")],
                &[("base", "namePrefix: in-\n")],
            ),
        ),
        ("two bases of one name", tree(&[(top, "resources: [../a, ../b]\n")], &prefixed)),
        (
            "two bases of one name in one more prefix",
            tree(&[(top, "resources: [../a, ../b]\nnamePrefix: o-\n")], &prefixed),
        ),
        (
            "two bases of one name in two namespaces",
            tree(
                &[(top, "resources: [../a, ../b]\n")],
                &[("a", "namespace: a\n"), ("b", "namespace: b\n")],
            ),
        ),
        (
            "a generator that merges, a patch, a replacement of an image",
            tree(
                &[(
                    top,
                    "resources: [../base]\nnamePrefix: p-\nconfigMapGenerator:\n- name: made\n  behavior: merge\n  literals: [b=4, d=5]\n- name: fixed\n  behavior: replace\n  literals: [c=6]\n  options: {disableNameSuffixHash: true}\nimages: [{name: nginx, newTag: '2'}]\npatches:\n- patch: |-\n    {apiVersion: v1, kind: ConfigMap, metadata: {name: plain}, data: {a: \"7\"}}\n",
                )],
                &one,
            ),
        ),
        (
            "a component",
            tree(
                &[
                    (top, "resources: [../base]\ncomponents: [../component]\nnameSuffix: -s\n"),
                    (
                        "component/kustomization.yaml",
                        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\nconfigMapGenerator:\n- name: made\n  behavior: merge\n  literals: [e=8]\n",
                    ),
                ],
                &one,
            ),
        ),
        (
            "labels and annotations for all",
            tree(
                &[(
                    top,
                    "resources: [../base]\ncommonLabels: {team: x}\ncommonAnnotations: {note: of all}\n",
                )],
                &one,
            ),
        ),
        (
            "a kind that the user told kustomize of",
            tree(
                &[
                    (
                        top,
                        "resources: [../base, rollout.yaml]\nnamePrefix: p-\nconfigurations: [names.yaml]\n",
                    ),
                    (
                        "top/rollout.yaml",
                        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: rollout}\nspec:\n  template:\n    spec:\n      containers:\n      - name: c\n        image: i\n        envFrom: [{configMapRef: {name: plain}}, {configMapRef: {name: made}}]\n",
                    ),
                    (
                        "top/names.yaml",
                        "nameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs:\n  - {kind: Rollout, path: spec/template/spec/containers/envFrom/configMapRef/name}\n",
                    ),
                ],
                &one,
            ),
        ),
        (
            "no hash at all",
            tree(
                &[(
                    top,
                    "resources: [../base]\nnamePrefix: p-\ngeneratorOptions: {disableNameSuffixHash: true}\n",
                )],
                &[("base", "generatorOptions: {disableNameSuffixHash: true}\n")],
            ),
        ),
    ]
}

#[test]
fn a_build_is_stamped_inside_as_behind_it() {
    if !programs() {
        return;
    }
    for (name, tree) in trees() {
        let sandbox = Sandbox::new(&tree);
        install(&sandbox);
        wrap(&sandbox, "top");
        for way in WAYS {
            let outside = piped(&sandbox, way, "top");
            let compared = compare(&sandbox, way, &outside, "top");
            let is_good = matches!(compared, Compared::Equal { stamps } if stamps > 0);
            assert!(is_good, "{name}: {compared:?}");
        }
    }
}

/// Tests every leaf of the corpora that builds: as a function of kustomize, and as a plugin of kustomize and
/// of kubectl.
#[test]
fn leaves_of_the_corpora_are_stamped_inside_as_behind_the_build() {
    let Some(root) = crate::corpora::root() else {
        return;
    };
    if !programs() {
        return;
    }
    let corpora = crate::corpora::folders(&root.join("rendered"));
    let reports = crate::corpora::in_parallel(&corpora, |rendered| {
        let name = rendered.file_name().expect("a name");
        of_corpus(rendered, &root.join("corpora").join(name))
    });
    let mut wrong = Vec::new();
    let mut counts = BTreeMap::<(String, &str), usize>::new();
    for (way, compared) in reports.into_iter().flatten() {
        let said = match compared {
            Compared::Equal { stamps } => {
                *counts.entry((format!("{way:?}"), "stamps")).or_default() += stamps;
                "equal"
            }
            Compared::BothRefused => "refused by both",
            Compared::DoesNotBuild => "does not build",
            Compared::Wrong(what) => {
                wrong.push(what);
                "wrong"
            }
        };
        *counts.entry((format!("{way:?}"), said)).or_default() += 1;
    }
    for ((way, what), number) in &counts {
        println!("inside kustomize: {way}: {number} {what}");
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every leaf of a corpus in every way.
fn of_corpus(rendered: &Path, corpus: &Path) -> Vec<(Way, Compared)> {
    let leaves = leaves(rendered);
    if leaves.is_empty() {
        return Vec::new();
    }
    let leaves = sample("the leaves of a corpus", leaves, 8);
    let sandbox = Sandbox::new(&crate::sandbox::read_tree(corpus));
    install(&sandbox);
    let mut all = Vec::new();
    for leaf in leaves {
        wrap(&sandbox, &leaf);
        // Both ways of kustomize itself share one build without the transformer.
        let outside = piped(&sandbox, Way::Function, &leaf);
        for way in [Way::Function, Way::Plugin] {
            all.push((way, compare(&sandbox, way, &outside, &leaf)));
        }
        let outside = piped(&sandbox, Way::KubectlPlugin, &leaf);
        let compared = compare(&sandbox, Way::KubectlPlugin, &outside, &leaf);
        all.push((Way::KubectlPlugin, compared));
    }
    all
}

/// The leaves of a corpus that were rendered.
fn leaves(rendered: &Path) -> Vec<String> {
    let Ok(index) = std::fs::read_to_string(rendered.join("index.json")) else {
        return Vec::new();
    };
    let index: serde_json::Value = serde_json::from_str(&index).expect("JSON");
    let rows = index.as_array().into_iter().flatten();
    rows.filter(|row| row["file"].is_string())
        .filter_map(|row| row["dir"].as_str().map(str::to_owned))
        .collect()
}

/// In a base, rollstamp runs before the overlay changes the data, so the stamp is stale, and `check` reports
/// it.
#[test]
fn a_stamp_made_in_a_base_can_be_stale_and_check_tells() {
    if !programs() {
        return;
    }
    let mut tree = base("base", "transformers: [stamp.yaml]\n");
    tree.insert("base/stamp.yaml".to_owned(), file(&transformer(true, "")));
    let patch = "patches:\n- patch: |-\n    {apiVersion: v1, kind: ConfigMap, metadata: {name: plain}, data: {a: \"7\"}}\n";
    for (overlay, exit) in [(patch, 1), ("", 0)] {
        let overlay = format!("resources: [../base]\n{overlay}");
        tree.insert("top/kustomization.yaml".to_owned(), file(&overlay));
        let sandbox = Sandbox::new(&tree);
        let built = build(&sandbox, Way::Function, "top").succeeds();
        let said = tool(&sandbox, PROGRAM, &["check"]).stdin(built).run();
        assert_eq!(said.exit, exit, "{said:?}");
        assert_eq!(said.stdout.contains("stale-stamp"), exit == 1, "{said:?}");
    }
}

/// The configuration has an effect, and an error in it stops the build.
#[test]
fn the_configuration_comes_with_the_call() {
    if !programs() {
        return;
    }
    let cases = [
        ("spec: {annotation: example.com/stamp}\n", Ok("example.com/stamp: ")),
        ("spec: {ignore: [{kind: ConfigMap, name: '*'}, {kind: Secret, name: '*'}]}\n", Ok("")),
        ("spec: {hashKeyFile: key}\n", Ok("checksum/rollstamp: ")),
        ("spec: {anotation: example.com/stamp}\n", Err("unknown field `anotation`")),
        ("spec: {hashKeyFile: not-there}\n", Err("not-there")),
        ("spce: {}\n", Err("unknown field `spce`")),
    ];
    for (spec, expected) in cases {
        for (way, is_function) in [(Way::Function, true), (Way::Plugin, false)] {
            let mut tree = base("top", "transformers: [stamp.yaml]\n");
            tree.insert("top/stamp.yaml".to_owned(), file(&transformer(is_function, spec)));
            tree.insert("top/key".to_owned(), Entry::File(b"a key".to_vec()));
            let sandbox = Sandbox::new(&tree);
            install(&sandbox);
            let said = build(&sandbox, way, "top").run();
            match expected {
                Ok(stamp) => {
                    assert_eq!(said.exit, 0, "{spec}: {said:?}");
                    assert!(said.stdout.contains(stamp), "{spec}: {said:?}");
                    let is_silent = stamp.is_empty();
                    assert!(!is_silent || !said.stdout.contains("checksum/"), "{said:?}");
                }
                Err(message) => {
                    assert_eq!((said.exit, said.stdout.as_str()), (1, ""), "{spec}: {said:?}");
                    assert!(said.stderr.contains(message), "{spec}: {said:?}");
                }
            }
        }
    }
}

/// The options of an exec plugin are in its configuration.
#[test]
fn options_of_a_plugin_stand_in_its_configuration() {
    if !programs() {
        return;
    }
    let mut tree = base("top", "transformers: [stamp.yaml]\n");
    let words = "argsOneLiner: --annotation example.com/stamp --strict\n";
    tree.insert("top/stamp.yaml".to_owned(), file(&transformer(false, words)));
    let sandbox = Sandbox::new(&tree);
    install(&sandbox);
    let built = build(&sandbox, Way::KubectlPlugin, "top").succeeds();
    assert!(built.contains("example.com/stamp: "), "{built}");
    // A verb is an error there.
    tree.insert("top/stamp.yaml".to_owned(), file(&transformer(false, "argsOneLiner: check\n")));
    let sandbox = Sandbox::new(&tree);
    install(&sandbox);
    let said = build(&sandbox, Way::KubectlPlugin, "top").fails(1);
    assert!(said.stderr.contains("no verbs"), "{said:?}");
}

/// A refusal stops the build, and nothing is printed.
#[test]
fn what_refuses_ends_the_build() {
    if !programs() {
        return;
    }
    for (way, is_function) in [(Way::Function, true), (Way::Plugin, false)] {
        let mut tree = base("top", "transformers: [stamp.yaml]\n");
        tree.insert("top/stamp.yaml".to_owned(), file(&transformer(is_function, "")));
        tree.insert(
            "top/plain.yaml".to_owned(),
            file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {a: 1}\n"),
        );
        let sandbox = Sandbox::new(&tree);
        install(&sandbox);
        let said = build(&sandbox, way, "top").fails(1);
        assert_eq!(said.stdout, "");
        assert!(said.stderr.contains("non-string-value"), "{said:?}");
    }
}

/// `kustomize fn run` writes files in place and keeps comments.
#[test]
fn fn_run_stamps_files_in_place() {
    if !programs() {
        return;
    }
    let mut tree = base("top", "");
    tree.remove("top/kustomization.yaml");
    tree.insert("top/web.yaml".to_owned(), file(&format!("# mine\n{WEB}")));
    let sandbox = Sandbox::new(&tree);
    std::fs::create_dir(sandbox.path("results")).expect("a folder");
    let args = [
        "fn",
        "run",
        "top",
        "--enable-exec",
        "--exec-path",
        PROGRAM,
        "--results-dir",
        "results",
        "--",
        "annotation=example.com/stamp",
    ];
    tool(&sandbox, "kustomize", &args).succeeds();
    let web = std::fs::read_to_string(sandbox.path("top/web.yaml")).expect("the file");
    assert!(web.contains("# mine") && web.contains("example.com/stamp: "), "{web}");
    assert!(!web.contains("config.kubernetes.io"), "{web}");
    // The stamp is the same as for these files without kustomize.
    tool(&sandbox, PROGRAM, &["check", "--annotation", "example.com/stamp", "top"]).succeeds();
    let results = std::fs::read_to_string(sandbox.path("results/results-0.yaml"));
    let results: Value = serde_yaml::from_str(&results.expect("the results")).expect("YAML");
    let results = results
        .as_sequence()
        .cloned()
        .unwrap_or_else(|| results["items"].as_sequence().cloned().unwrap_or_default());
    let external = results.iter().find(|r| r["tags"]["code"] == "external-reference");
    let external = external.expect("a result about what is not there");
    assert_eq!(external["resourceRef"]["name"], "web");
    assert_eq!(external["file"]["path"], "web.yaml");
}

/// Runs the examples of the documents unchanged, and the components beside them.
#[test]
fn the_transformer_of_the_documents_works() {
    if !programs() {
        return;
    }
    let document = "docs/integrations.md";
    let file_of = |name: &str| {
        let blocks = examples(document, "yaml", name);
        let text = &blocks[0];
        text.split_once('\n').expect("a name").1.to_owned()
    };
    let shown = example("kustomize");
    let sandbox = Sandbox::new(&shown);
    let expected =
        stamps(bash(&sandbox, "kustomize build overlays/prod | rollstamp").succeeds().as_bytes());
    assert_eq!(expected.len(), 2);
    let mut tree = shown.clone();
    let stamp = file_of("# overlays/prod/stamp.yaml");
    let old = std::mem::replace(
        tree.get_mut("overlays/prod/kustomization.yaml").expect("a file"),
        file(""),
    );
    let Entry::File(old) = old else { panic!("a link") };
    let old = String::from_utf8(old).expect("UTF-8");
    let last = file_of("# overlays/prod/kustomization.yaml");
    let last = last.lines().last().expect("a line");
    let kustomization = format!("{old}{last}\n");
    tree.insert("overlays/prod/kustomization.yaml".to_owned(), file(&kustomization));
    tree.insert("overlays/prod/stamp.yaml".to_owned(), file(&stamp));
    let sandbox = Sandbox::new(&tree);
    let blocks = examples(document, "sh", "kustomize build --enable-alpha-plugins --enable-exec");
    let built = bash(&sandbox, &blocks[0]).succeeds();
    assert_eq!(stamps(built.as_bytes()), expected);
    // Without the annotation, the same file configures a plugin.
    let head = stamp.split("  annotations:").next().expect("a head").to_owned();
    tree.insert("overlays/prod/stamp.yaml".to_owned(), file(&head));
    let sandbox = Sandbox::new(&tree);
    let blocks = examples(document, "sh", "kubectl kustomize --enable-alpha-plugins");
    let built = bash(&sandbox, &blocks[0])
        .env("HOME", sandbox.path("home"))
        .env("XDG_CONFIG_HOME", sandbox.path("home/.config"))
        .succeeds();
    assert_eq!(stamps(built.as_bytes()), expected);
    // The components.
    let components = super::below("k/", &super::root().join("integrations/kustomize"));
    for (component, way) in [("function", Way::Function), ("plugin", Way::KubectlPlugin)] {
        let mut tree = shown.clone();
        tree.extend(components.clone());
        let kustomization = format!("{old}components: [../../k/{component}]\n");
        tree.insert("overlays/prod/kustomization.yaml".to_owned(), file(&kustomization));
        let sandbox = Sandbox::new(&tree);
        install(&sandbox);
        let built = build(&sandbox, way, "overlays/prod").succeeds();
        assert_eq!(stamps(built.as_bytes()).len(), 2, "{component}");
    }
}

/// Charts that kustomize renders are in the input of the transformers.
#[test]
fn inflated_charts_are_stamped() {
    if !programs() || found("helm3", &["version", "--short"]).is_none() {
        return;
    }
    let mut tree: Tree = [
        ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("values.yaml", "{}\n"),
        ("templates/web.yaml", WEB),
        ("templates/plain.yaml", PLAIN),
    ]
    .into_iter()
    .map(|(name, text)| (format!("top/charts/shop/{name}"), file(text)))
    .collect();
    let kustomization = "helmGlobals: {chartHome: charts}\nhelmCharts: [{name: shop, releaseName: shop}]\nnamePrefix: p-\ntransformers: [stamp.yaml]\n";
    tree.insert("top/kustomization.yaml".to_owned(), file(kustomization));
    tree.insert("top/stamp.yaml".to_owned(), file(&transformer(true, "")));
    let sandbox = Sandbox::new(&tree);
    let args = [
        "build",
        "--enable-alpha-plugins",
        "--enable-exec",
        "--enable-helm",
        "--helm-command",
        "helm3",
        "top",
    ];
    let built = tool(&sandbox, "kustomize", &args).succeeds();
    assert!(!stamps(built.as_bytes()).is_empty(), "{built}");
    tool(&sandbox, PROGRAM, &["check"]).stdin(built).succeeds();
}
