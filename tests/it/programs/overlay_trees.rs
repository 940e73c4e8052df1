//! Random repositories of overlays: prefixes, suffixes, namespaces, components, generators, vars,
//! replacements and patches. The same seed gives the same repository.

use super::overlay_corpora::objects;
use super::overlays::{build, builders, rollstamp};
use super::{bash, file, tool};
use crate::corpora::in_parallel;
use crate::extent::{count, say};
use crate::sandbox::{Sandbox, Tree, read_tree};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A simple generator of random numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }
}

/// A repository, and its values: each value occurs once, and can be changed.
struct Repository {
    tree: Tree,
    values: usize,
    overlays: Vec<String>,
}

struct Maker {
    dice: Dice,
    tree: Tree,
    values: usize,
}

impl Maker {
    fn add(&mut self, name: &str, text: &str) {
        self.tree.insert(name.to_owned(), file(text));
    }

    /// A new value, which occurs nowhere else.
    fn value(&mut self) -> String {
        self.values += 1;
        format!("value-{}-end", self.values)
    }

    fn base(&mut self) {
        let n_sources = 1 + self.dice.roll(3);
        let mut resources = vec!["workloads.yaml".to_owned(), "sources.yaml".to_owned()];
        let (mut sources, mut generators) = (String::new(), String::new());
        for i in 0..n_sources {
            let (one, two) = (self.value(), self.value());
            if self.dice.one_in(3) {
                let _ = write!(
                    generators,
                    "- name: config-{i}\n  literals: [A={one}, B={two}]\n  options: {{disableNameSuffixHash: {}}}\n",
                    self.dice.one_in(2)
                );
            } else {
                let kind = if self.dice.one_in(4) { "Secret" } else { "ConfigMap" };
                let field = if kind == "Secret" { "stringData" } else { "data" };
                // Only ConfigMaps are named by the workloads under this name, unless it is a Secret.
                let _ = write!(
                    sources,
                    "---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: config-{i}}}\n{field}: {{A: {one}, B: {two}}}\n"
                );
            }
        }
        let extra = self.value();
        let _ = write!(
            sources,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: plain}}\ndata: {{A: {extra}, B: $(NAME)}}\n"
        );
        let mut workloads = String::new();
        for w in 0..=self.dice.roll(3) {
            let kind = ["Deployment", "StatefulSet", "DaemonSet"][self.dice.roll(3)];
            let mut env = String::new();
            let source = self.dice.roll(n_sources);
            let is_secret =
                sources.contains(&format!("kind: Secret\nmetadata: {{name: config-{source}}}"));
            let name = if is_secret { "secretRef" } else { "configMapRef" };
            let _ = writeln!(env, "        envFrom: [{{{name}: {{name: config-{source}}}}}]");
            if self.dice.one_in(2) {
                env.push_str("        env: [{name: A, valueFrom: {configMapKeyRef: {name: plain, key: A}}}]\n");
            }
            let annotations = match self.dice.roll(3) {
                0 => "",
                1 => "\n      annotations: {team: shop}",
                _ => "\n      annotations:\n        team: shop",
            };
            let _ = write!(
                workloads,
                "---\napiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: web{w}.v1\nspec:\n  selector: {{matchLabels: {{app: web{w}}}}}\n  template:\n    metadata:\n      labels: {{app: web{w}}}{annotations}\n    spec:\n      containers:\n      - name: web\n        image: web:1\n{env}"
            );
        }
        let mut kustomization = String::new();
        if self.dice.one_in(4) {
            resources.push("service.yaml".to_owned());
            self.add(
                "base/service.yaml",
                "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web0}, ports: [{port: 80}]}\n",
            );
            kustomization.push_str(
                "vars:\n- name: NAME\n  objref: {apiVersion: v1, kind: Service, name: web}\n  fieldref: {fieldpath: metadata.name}\nconfigurations: [vars.yaml]\n",
            );
            self.add("base/vars.yaml", "varReference:\n- path: data/B\n  kind: ConfigMap\n");
        }
        if !generators.is_empty() {
            let _ = write!(kustomization, "configMapGenerator:\n{generators}");
        }
        let _ = writeln!(kustomization, "resources: [{}]", resources.join(", "));
        self.add("base/workloads.yaml", &workloads);
        self.add("base/sources.yaml", &sources);
        self.add("base/kustomization.yaml", &kustomization);
    }

    fn component(&mut self) {
        let value = self.value();
        self.add(
            "component/kustomization.yaml",
            &format!(
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: plain}}\n    data: {{C: {value}}}\n"
            ),
        );
    }

    fn overlay(&mut self, name: &str, base: &str, has_component: bool) {
        let mut text = format!("# {name}\nresources:\n- {base}\n");
        if has_component && self.dice.one_in(2) {
            text.push_str("components: [../component]\n");
        }
        if self.dice.one_in(3) {
            let _ = writeln!(text, "namePrefix: {name}-");
        }
        if self.dice.one_in(3) {
            let _ = writeln!(text, "nameSuffix: -{name}");
        }
        if self.dice.one_in(3) {
            let _ = writeln!(text, "namespace: {name}");
        }
        if self.dice.one_in(3) {
            text.push_str("images: [{name: web, newTag: '2'}]\n");
        }
        if self.dice.one_in(3) {
            text.push_str("commonAnnotations: {owner: shop}\n");
        }
        if self.dice.one_in(3) {
            let value = self.value();
            let _ = write!(
                text,
                "configMapGenerator:\n- name: own\n  literals: [A={value}]\n  options: {{disableNameSuffixHash: {}}}\n",
                self.dice.one_in(2)
            );
        }
        let mut patches = String::new();
        if self.dice.one_in(2) {
            let value = self.value();
            let _ = write!(
                patches,
                "- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: plain}}\n    data: {{A: {value}}}\n"
            );
        }
        if self.dice.one_in(3) {
            patches.push_str("- target: {kind: Deployment}\n  patch: |\n    - op: add\n      path: /spec/template/spec/containers/0/env\n      value: [{name: B, valueFrom: {configMapKeyRef: {name: plain, key: B}}}]\n");
        }
        if self.dice.one_in(4) {
            patches.push_str("- target: {kind: StatefulSet}\n  patch: |\n    - {op: replace, path: /spec/template/spec/containers/0/image, value: web:3}\n");
        }
        if !patches.is_empty() {
            let _ = write!(text, "patches:\n{patches}");
        }
        if self.dice.one_in(4) {
            text.push_str("replacements:\n- source: {kind: ConfigMap, name: plain, fieldPath: data.A}\n  targets:\n  - select: {kind: ConfigMap, name: plain}\n    fieldPaths: [data.D]\n    options: {create: true}\n");
        }
        if self.dice.one_in(3) {
            text.push_str("# the end");
        }
        self.add(&format!("{name}/kustomization.yaml"), &text);
    }
}

fn repository(seed: u64) -> Repository {
    let dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut maker = Maker { dice, tree: Tree::new(), values: 0 };
    maker.base();
    let has_component = maker.dice.one_in(2);
    if has_component {
        maker.component();
    }
    let base = if maker.dice.one_in(3) {
        maker.overlay("middle", "../base", false);
        "../middle"
    } else {
        "../base"
    };
    let names = ["dev", "test", "prod"];
    let overlays: Vec<String> =
        names[..1 + maker.dice.roll(3)].iter().map(|name| (*name).to_owned()).collect();
    for name in &overlays {
        maker.overlay(name, base, has_component);
    }
    Repository { tree: maker.tree, values: maker.values, overlays }
}

/// The counts for one seed.
#[derive(Debug, Default)]
struct Seen {
    overlays: usize,
    workloads: usize,
    patched: usize,
    /// The number of changed values that made a stamp stale.
    stale: usize,
    builds_nothing: usize,
}

#[test]
fn random_overlays_build_what_they_built_and_are_stamped() {
    let builders = builders();
    if builders.len() < 2 {
        return;
    }
    let seeds: Vec<u64> = (1..=count("random trees of overlays", 80, 8) as u64).collect();
    let seen = in_parallel(&seeds, |&seed| one(seed, builders[usize::from(seed % 2 == 0)]));
    let sum = |of: fn(&Seen) -> usize| seen.iter().map(of).sum::<usize>();
    say(&format!(
        "random trees: {} overlays, {} stamps right, {} of them patched; {} changes made a stamp stale, and all were caught; {} trees do not build",
        sum(|s| s.overlays),
        sum(|s| s.workloads),
        sum(|s| s.patched),
        sum(|s| s.stale),
        sum(|s| s.builds_nothing),
    ));
    // A test without any such case proves nothing.
    assert!(sum(|s| s.patched) > 0 && sum(|s| s.stale) > 0);
    assert!(sum(|s| s.builds_nothing) * 4 < seen.len());
}

/// Every overlay is built with `builder` before and after it is stamped. Starting a builder takes most of the
/// time, so each tree has one of the two, and `check` runs the other one.
fn one(seed: u64, builder: &str) -> Seen {
    let Repository { tree, values, overlays } = repository(seed);
    let sandbox = Sandbox::new(&tree);
    let all = || -> Option<BTreeMap<&String, String>> {
        let built = overlays.iter().map(|folder| {
            let built = bash(&sandbox, &build(builder, folder)).run();
            (built.exit == 0).then_some((folder, built.stdout))
        });
        built.collect()
    };
    let Some(before) = all() else { return Seen { builds_nothing: 1, ..Seen::default() } };
    let written = rollstamp(&sandbox, &["write", "--build", "kustomize", "."]).run();
    assert_eq!(written.exit, 0, "seed {seed}: {written:?}");
    let mut seen = Seen { overlays: overlays.len(), ..Seen::default() };
    let after = all().unwrap_or_else(|| panic!("seed {seed}: a build broke"));
    for (folder, old) in before {
        let (old, new) = (objects(&old), objects(&after[folder]));
        let plain =
            |list: &[(String, serde_yaml::Value, Option<String>)]| -> Vec<serde_yaml::Value> {
                list.iter().map(|(_, value, _)| value.clone()).collect()
            };
        assert_eq!(plain(&old), plain(&new), "seed {seed}: {builder} {folder}");
        let text = after[folder].as_bytes();
        let said = tool(&sandbox, "rollstamp", &["check", "--strict"]).stdin(text).run();
        assert_eq!(said.exit, 0, "seed {seed}: {builder} {folder}: {said:?}");
        seen.workloads += new.iter().filter(|(_, _, stamp)| stamp.is_some()).count();
        let own = std::fs::read_to_string(sandbox.path(folder).join("stamps.rollstamp.yaml"));
        seen.patched += own.unwrap_or_default().matches("\n---\n").count();
    }
    let files = read_tree(&sandbox.path("."));
    let again = rollstamp(&sandbox, &["write", "--build", "kustomize", "."]).run();
    assert!(again.stderr.contains("0 files changed"), "seed {seed}: {again:?}");
    assert_eq!(read_tree(&sandbox.path(".")), files, "seed {seed}");
    let other = if builder == "kubectl" { "kustomize" } else { "kubectl" };
    let said = rollstamp(&sandbox, &["check", "--build", other, "--strict", "."]).run();
    assert_eq!(said.exit, 0, "seed {seed}: {said:?}");
    // Without a builder, `check` finds no error either.
    let said = rollstamp(&sandbox, &["check", "."]).run();
    assert_eq!(said.exit, 0, "seed {seed}: {said:?}");
    let number = 1 + usize::try_from(seed).unwrap_or_default() % values;
    let (old, new) = (format!("value-{number}-end"), "changed".to_owned());
    bash(&sandbox, &format!("grep -rl {old} --include=*.yaml . | xargs sed -i 's/{old}/{new}/'"))
        .succeeds();
    let is_stale = overlays.iter().any(|folder| {
        let line = format!("kustomize build {folder} | rollstamp check");
        bash(&sandbox, &line).run().exit != 0
    });
    let said = rollstamp(&sandbox, &["check", "--build", "kustomize", "."]).run();
    assert_eq!(said.exit, i32::from(is_stale), "seed {seed}: {said:?}");
    seen.stale += usize::from(is_stale);
    seen
}
