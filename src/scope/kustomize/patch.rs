//! What a patch or a replacement can change: which objects, and whether what pods read among it.

use super::Kustomization;
use super::harmless::{is_harmless, leads_on};
use super::kustomization::{Parsed, PatchEntry};
use super::tree::{self, Tree};
use crate::k8s::id::Identity;
use crate::text::Span;

/// A patch, as far as it matters.
pub(super) struct Patch {
    /// Where the kustomization names it.
    pub(super) at: Span,
    kind: Pattern,
    name: Pattern,
    /// Whether a workload that it meets still reads what it read.
    harmless: Harmless,
    /// Whether it can give an object another name, namespace or kind.
    pub(super) renames: bool,
}

/// Which workloads still read what they read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Harmless {
    /// All.
    Always,
    /// Those whose lists kustomize merges by name: for other kinds it replaces a list whole.
    BuiltIn,
    /// None that is proven.
    Never,
}

/// A name in a selector, which kustomize takes for a regular expression that must match the whole.
enum Pattern {
    Any,
    Literal(String),
}

impl Pattern {
    /// What is no plain name may match anything.
    fn new(text: Option<&str>) -> Self {
        match text {
            Some(text)
                if !text.is_empty()
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) =>
            {
                Self::Literal(text.to_owned())
            }
            _ => Self::Any,
        }
    }

    /// A dot stands for any character.
    fn fits(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Literal(pattern) => {
                pattern.chars().count() == name.chars().count()
                    && pattern.chars().zip(name.chars()).all(|(p, c)| p == c || p == '.')
            }
        }
    }
}

impl Patch {
    /// One that may change anything.
    pub(super) fn unknown(at: Span) -> Self {
        Self {
            at,
            kind: Pattern::Any,
            name: Pattern::Any,
            harmless: Harmless::Never,
            renames: true,
        }
    }

    /// Whether an object is not, or may not be, what it was.
    pub(super) fn changes(&self, id: &Identity, is_workload: bool, is_source: bool) -> bool {
        if !self.kind.fits(&id.kind) || !self.name.fits(&id.name) {
            return false;
        }
        let built_in = id.group == "apps"
            && id.version == "v1"
            && ["Deployment", "StatefulSet", "DaemonSet"].contains(&id.kind.as_str());
        let harmless = match self.harmless {
            Harmless::Always => true,
            Harmless::BuiltIn => built_in,
            Harmless::Never => false,
        };
        is_source || (is_workload && !harmless)
    }
}

/// The patches of a text: a JSON patch for `target`, or strategic merge patches.
pub(super) fn read(text: &str, target: Option<&Tree>, at: Span, stamp: &str) -> Vec<Patch> {
    let trees = match tree::read(text) {
        Some(trees) if !trees.is_empty() => trees,
        _ => return vec![Patch::unknown(at)],
    };
    let one = |tree: &Tree| match (tree, target) {
        (Tree::List(operations), Some(target)) => operations_of(operations, target, at, stamp),
        (Tree::Map(_), _) => merge(tree, target, at, stamp),
        _ => Patch::unknown(at),
    };
    trees.iter().map(one).collect()
}

fn selected(target: &Tree, at: Span) -> Patch {
    Patch {
        at,
        kind: Pattern::new(target.text_of("kind")),
        name: Pattern::new(target.text_of("name")),
        harmless: Harmless::Never,
        renames: false,
    }
}

/// A strategic merge patch. With a target the kind and name that it says count for nothing.
fn merge(body: &Tree, target: Option<&Tree>, at: Span, stamp: &str) -> Patch {
    let metadata = body.get("metadata");
    let mut patch = match target {
        Some(target) => selected(target, at),
        None => {
            let literal = |text: Option<&str>| {
                text.map_or(Pattern::Any, |text| Pattern::Literal(text.to_owned()))
            };
            Patch {
                kind: literal(body.text_of("kind").filter(|kind| !kind.ends_with("List"))),
                name: literal(metadata.and_then(|m| m.text_of("name"))),
                ..selected(body, at)
            }
        }
    };
    patch.renames = target.is_some() && metadata.is_some_and(|m| m.get("namespace").is_some());
    patch.harmless =
        if patch.renames { Harmless::Never } else { merged(body, &mut Vec::new(), stamp) };
    patch
}

/// Whether a workload still reads what it read after this part of a patch was merged into it.
fn merged(part: &Tree, path: &mut Vec<String>, stamp: &str) -> Harmless {
    let names: &[&str] = &["apiVersion", "kind", "metadata/name", "metadata/namespace"];
    let in_container = path.last().is_some_and(|step| step == "name")
        && path.len() > 1
        && path[path.len() - 2] == "[]";
    if in_container || names.contains(&path.join("/").as_str()) || is_harmless(path, stamp) {
        return Harmless::Always;
    }
    if !leads_on(path, stamp) {
        return Harmless::Never;
    }
    let mut sum = Harmless::Always;
    let mut below = |step: &str, part: &Tree| {
        path.push(step.to_owned());
        let one = merged(part, path, stamp);
        path.pop();
        sum = match (sum, one) {
            (Harmless::Never, _) | (_, Harmless::Never) => Harmless::Never,
            (Harmless::BuiltIn, _) | (_, Harmless::BuiltIn) => Harmless::BuiltIn,
            _ => Harmless::Always,
        };
    };
    match part {
        Tree::Map(fields) => {
            for (name, _, part) in fields {
                below(name, part);
            }
            sum
        }
        Tree::List(items) => {
            for part in items {
                // An item without a name is merged with nobody knows which.
                match part.text_of("name") {
                    Some(_) => below("[]", part),
                    None => return Harmless::Never,
                }
            }
            match sum {
                Harmless::Always => Harmless::BuiltIn,
                sum => sum,
            }
        }
        // Null removes what is there.
        _ => Harmless::Never,
    }
}

/// A JSON patch.
fn operations_of(operations: &[Tree], target: &Tree, at: Span, stamp: &str) -> Patch {
    let mut patch = selected(target, at);
    let mut harmless = true;
    for operation in operations {
        if operation.text_of("op") == Some("test") {
            continue;
        }
        let from = operation.get("from");
        for path in [operation.get("path"), from].into_iter().flatten() {
            let Some(text) = path.text() else {
                return Patch::unknown(at);
            };
            patch.touch(pointer(text), stamp, &mut harmless);
        }
        if operation.get("path").is_none() {
            return Patch::unknown(at);
        }
    }
    if harmless && !patch.renames {
        patch.harmless = Harmless::Always;
    }
    patch
}

/// A replacement: what it writes into the objects that `target` selects.
pub(super) fn replacement(target: &Tree, at: Span, stamp: &str) -> Patch {
    let (Some(select), Some(paths)) =
        (target.get("select"), target.get("fieldPaths").and_then(Tree::texts))
    else {
        return Patch::unknown(at);
    };
    let mut patch = selected(select, at);
    let mut harmless = true;
    for path in &paths {
        // An escaped dot or a list item by a field with a dot in it is read for more steps than it
        // is; so it is taken for harmful.
        let odd = path.contains(['\\', '"'])
            || path
                .split('[')
                .skip(1)
                .any(|p| p.split(']').next().is_some_and(|inner| inner.contains('.')));
        if odd {
            return Patch { kind: patch.kind, name: patch.name, ..Patch::unknown(at) };
        }
        let steps = path
            .split('.')
            .map(|step| if step.starts_with('[') { "[]".to_owned() } else { index(step) });
        patch.touch(steps.collect(), stamp, &mut harmless);
    }
    if harmless && !patch.renames {
        patch.harmless = Harmless::Always;
    }
    patch
}

fn index(step: &str) -> String {
    if step == "-" || step == "*" || step.bytes().all(|b| b.is_ascii_digit()) {
        "[]".to_owned()
    } else {
        step.to_owned()
    }
}

/// The steps of a JSON pointer.
fn pointer(text: &str) -> Vec<String> {
    text.split('/').skip(1).map(|step| index(&step.replace("~1", "/").replace("~0", "~"))).collect()
}

impl Patch {
    fn touch(&mut self, path: Vec<String>, stamp: &str, harmless: &mut bool) {
        *harmless &= is_harmless(&path, stamp);
        let first = path.first().map(String::as_str);
        let second = path.get(1).map(String::as_str);
        self.renames |= match (first, second) {
            (Some("metadata"), Some("labels" | "annotations")) => false,
            (None | Some("" | "metadata" | "kind" | "apiVersion"), _) => true,
            _ => false,
        };
    }
}

/// The patches and replacements of a kustomization, from its own text and from files.
pub(super) fn all(k: &Kustomization, parsed: Option<&Parsed>, stamp: &str) -> Vec<Patch> {
    let Some(parsed) = parsed else {
        return Vec::new();
    };
    let file = |entry: &PatchEntry| entry.path.as_ref().and_then(|path| k.patches.get(path));
    let mut patches = Vec::new();
    for entry in &parsed.patches {
        let text = file(entry).map(|file| file.text.as_str());
        patches.extend(match text.or(entry.text.as_deref()) {
            Some(text) => read(text, entry.target.as_ref(), entry.at, stamp),
            None => vec![Patch::unknown(entry.at)],
        });
    }
    for entry in &parsed.replacements {
        let written = file(entry).map(|file| tree::read(&file.text));
        let trees: Vec<&Tree> = match (&written, &entry.inline) {
            (Some(Some(trees)), _) => trees.iter().collect(),
            (None, Some(inline)) if entry.path.is_none() => vec![inline],
            _ => Vec::new(),
        };
        if trees.is_empty() {
            patches.push(Patch::unknown(entry.at));
        }
        for tree in trees {
            // A file holds one replacement or a list of them.
            let each: Vec<&Tree> = match tree {
                Tree::List(items) => items.iter().collect(),
                one => vec![one],
            };
            for one in each {
                match one.get("targets").and_then(Tree::items) {
                    Some(targets) => patches
                        .extend(targets.iter().map(|target| replacement(target, entry.at, stamp))),
                    None => patches.push(Patch::unknown(entry.at)),
                }
            }
        }
    }
    patches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(api_version: &str, kind: &str, name: &str) -> Identity {
        let (group, version) = Identity::split_api_version(api_version);
        Identity {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: None,
            name: name.into(),
        }
    }

    fn changes(patch: &str, target: Option<&str>, api_version: &str, kind: &str) -> bool {
        let target = target.map(|text| tree::read(text).unwrap().remove(0));
        let at = Span::new(0, 0);
        let patches = read(patch, target.as_ref(), at, "checksum/rollstamp");
        let is_source = kind == "ConfigMap";
        patches.iter().any(|p| p.changes(&id(api_version, kind, "web"), !is_source, is_source))
    }

    fn merges(spec: &str) -> bool {
        let patch =
            format!("apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\n{spec}");
        changes(&patch, None, "apps/v1", "Deployment")
    }

    #[test]
    fn a_merge_is_harmless_by_its_fields() {
        assert!(!merges("spec: {replicas: 3}\n"));
        assert!(!merges(
            "spec: {template: {spec: {containers: [{name: a, image: b, resources: {}}]}}}\n"
        ));
        assert!(merges("spec: {template: {spec: {containers: [{name: a, env: []}]}}}\n"));
        assert!(merges("spec: {template: {spec: {containers: [{image: b}]}}}\n"));
        assert!(merges("spec: {template: {spec: {containers: null}}}\n"));
        assert!(merges("spec: {template: {spec: {volumes: []}}}\n"));
        assert!(merges("$patch: delete\n"));
        assert!(merges("spec: {template: {metadata: {annotations: {checksum/rollstamp: x}}}}\n"));
        assert!(merges("spec: {template: {metadata: {annotations: null}}}\n"));
        assert!(!merges("spec: {template: {metadata: {annotations: {a: b}}}}\n"));
    }

    #[test]
    fn lists_of_other_kinds_are_replaced() {
        let containers = "kind: Rollout\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a, image: b}]}}}\n";
        assert!(changes(containers, None, "argoproj.io/v1alpha1", "Rollout"));
        let replicas = "kind: Rollout\nmetadata: {name: web}\nspec: {replicas: 1}\n";
        assert!(!changes(replicas, None, "argoproj.io/v1alpha1", "Rollout"));
    }

    #[test]
    fn a_json_patch_is_harmless_by_its_paths() {
        let deployment = |path: &str| {
            let patch = format!("- op: replace\n  path: {path}\n  value: x\n");
            changes(&patch, Some("kind: Deployment"), "apps/v1", "Deployment")
        };
        assert!(!deployment("/spec/replicas"));
        assert!(!deployment("/spec/template/spec/containers/0/image"));
        assert!(!deployment("/spec/template/metadata/annotations/a~1b"));
        assert!(deployment("/spec/template/metadata/annotations"));
        assert!(deployment("/spec/template/metadata/annotations/checksum~1rollstamp"));
        assert!(deployment("/spec/template/spec/containers/0"));
        assert!(deployment("/spec/template/spec/containers/0/env/0/value"));
        assert!(deployment("/metadata/name"));
    }

    #[test]
    fn a_selector_is_a_pattern() {
        let source = |target: &str| {
            let patch = "- {op: add, path: /data/a, value: b}\n";
            changes(patch, Some(target), "v1", "ConfigMap")
        };
        assert!(source("{kind: ConfigMap, name: web}"));
        assert!(source("{kind: ConfigMap, name: w.b}"));
        assert!(source("{kind: ConfigMap, name: .*}"));
        assert!(source("{name: web}"));
        assert!(!source("{kind: ConfigMap, name: api}"));
        assert!(!source("{kind: Ingress}"));
    }
}
