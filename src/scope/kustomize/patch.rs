//! Which objects a patch or a replacement can change, and whether it can change what pods read.

use super::harmless::{is_harmless, is_harmless_to_sources, leads_on};
use crate::k8s::id::Identity;
use crate::k8s::providers::{Content, Encoding, Provider};
use crate::text::Span;
use crate::yaml::path::{FieldPath, PathStep};
use crate::yaml::{Cursor, Document, Kind, strict};
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The parts of a patch that matter here.
#[derive(Clone)]
pub(super) struct Patch {
    /// The place where the kustomization names it.
    pub(super) at: Span,
    selector: PatchTarget,
    /// Whether a workload that it changes still reads the same.
    harmless: Harmless,
    /// The paths that it writes to, if they are known.
    paths: Option<Vec<Vec<PathStep>>>,
    /// Whether a workload that it changes may have new reads.
    pub(super) adds: bool,
    /// Whether it can give an object another name, namespace or kind.
    pub(super) renames: bool,
}

/// Words of which every patch that adds reads contains at least one: the fields of every site that reads (a
/// test compares them with the table), those that mount a volume, and the control annotations of rollstamp.
/// An escape may spell any of them.
const READS: &[&str] = &[
    "configMap",
    "secret",
    "volumeMounts",
    "mountPath",
    "subPath",
    "rollstamp",
    "\\u",
    "\\x",
    "\\U",
];

/// Whether a part of a patch may add reads.
fn adds_reads(part: Cursor<'_>) -> bool {
    READS.iter().any(|word| part.document().span.of(part.text()).contains(word))
}

/// Which workloads still read the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Harmless {
    /// All workloads.
    Always,
    /// Workloads whose lists kustomize merges by name; for other kinds, it replaces a list as a whole.
    BuiltIn,
    /// No workload for which this is certain.
    Never,
}

/// A name in a selector. kustomize treats it as a regular expression that must match the whole name.
#[derive(Clone)]
enum NamePattern {
    Any,
    Literal(String),
}

impl NamePattern {
    /// A text that is not a plain name may match anything.
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

    /// A dot matches any character.
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
    /// A patch that may change anything.
    pub(super) fn unknown(at: Span) -> Self {
        Self {
            at,
            selector: PatchTarget { kind: NamePattern::Any, name: NamePattern::Any },
            harmless: Harmless::Never,
            paths: None,
            adds: true,
            renames: true,
        }
    }

    /// Whether an object changes, or may change. `provider` is the row of its kind, if it is a source.
    pub(super) fn changes(
        &self,
        id: &Identity,
        is_workload: bool,
        provider: Option<&Provider>,
        stamp: &str,
    ) -> bool {
        if !self.selects(id) {
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
        provider.is_some_and(|row| !self.spares(row, stamp)) || (is_workload && !harmless)
    }

    /// Whether all paths that it writes are known and meet the condition.
    pub(super) fn writes_only(&self, is_such: impl Fn(&[PathStep]) -> bool) -> bool {
        self.paths.as_ref().is_some_and(|paths| paths.iter().all(|path| is_such(path)))
    }

    /// Whether the patch applies to an object.
    pub(super) fn selects(&self, id: &Identity) -> bool {
        self.selector.kind.fits(&id.kind) && self.selector.name.fits(&id.name)
    }

    /// Whether a source still provides the same content under the same name.
    fn spares(&self, row: &Provider, stamp: &str) -> bool {
        let names = || row.names.iter().chain(&row.namespaces);
        let is_spared = |path: &Vec<PathStep>| {
            is_harmless_to_sources(path, stamp)
                // A controller uses the other fields, which are not part of a stamp.
                || (row.contents.is_empty()
                    && path.first().and_then(PathStep::field) == Some("spec")
                    && !path.iter().filter_map(PathStep::field).any(|name| name.starts_with('$'))
                    && !names().any(|name| name.steps().iter().zip(path).all(|(a, b)| a == b)))
        };
        !self.renames && self.paths.as_ref().is_some_and(|paths| paths.iter().all(is_spared))
    }

    /// The keys of a source to which it writes, if it writes no other field that matters.
    pub(super) fn keys(&self, row: &Provider, stamp: &str) -> Option<BTreeSet<SmolStr>> {
        if self.renames || !row.whole_if.is_empty() {
            return None;
        }
        let mut keys = BTreeSet::new();
        for path in self.paths.as_ref()?.iter().filter(|p| !is_harmless_to_sources(p, stamp)) {
            let is_content = |content: &Content| match content.path.steps() {
                [only] => content.encoding != Encoding::Tree && path.first() == Some(only),
                _ => false,
            };
            match path.get(1) {
                // A directive of a strategic merge patch concerns all keys.
                Some(PathStep::Field(key)) if !key.starts_with('$') => {
                    row.contents.iter().any(is_content).then(|| keys.insert(key.clone()))?
                }
                _ => return None,
            };
        }
        Some(keys)
    }

    /// Whether it may write a label of the objects that it selects; `is_asked` selects the labels that
    /// matter.
    pub(super) fn writes_label(&self, is_asked: impl Fn(&str) -> bool) -> bool {
        let writes = |path: &Vec<PathStep>| match (field(path, 0), field(path, 1)) {
            (Some(first), _) if first != "metadata" && !first.starts_with('$') => false,
            (Some(_), Some("labels")) => {
                field(path, 2).is_none_or(|key| key.starts_with('$') || is_asked(key))
            }
            (Some(_), Some(second)) => second.starts_with('$'),
            _ => true,
        };
        self.paths.as_ref().is_none_or(|paths| paths.iter().any(writes))
    }

    /// Whether the patch can rename a source, or turn an object into a source or back. `is_source` knows
    /// the kinds.
    pub(super) fn renames_sources(&self, is_source: impl Fn(&str) -> bool) -> bool {
        let changes_kind = |path: &Vec<PathStep>| match field(path, 0) {
            Some("metadata") => path.len() < 2,
            first => first != Some("spec"),
        };
        let keeps_kind = self.paths.as_ref().is_some_and(|paths| !paths.iter().any(changes_kind));
        match &self.selector.kind {
            NamePattern::Literal(kind) if keeps_kind && !kind.contains('.') => {
                self.renames && is_source(kind)
            }
            _ => self.renames,
        }
    }
}

/// The objects to which a patch or a replacement applies.
#[derive(Clone)]
pub(super) struct PatchTarget {
    kind: NamePattern,
    name: NamePattern,
}

impl PatchTarget {
    /// Reads a `target` or a `select`.
    pub(super) fn read(target: Cursor<'_>) -> Self {
        let pattern = |field| NamePattern::new(target.filled(field).as_deref());
        Self { kind: pattern("kind"), name: pattern("name") }
    }

    /// The objects that a strategic merge patch without a target names.
    fn of_body(body: Cursor<'_>) -> Self {
        let literal = |text: Option<SmolStr>| {
            text.map_or(NamePattern::Any, |text| NamePattern::Literal(text.to_string()))
        };
        let name = body.get("metadata").and_then(|metadata| metadata.filled("name"));
        let kind = body.filled("kind").filter(|kind| !kind.ends_with("List"));
        Self { kind: literal(kind), name: literal(name) }
    }
}

/// The patches of a text: a JSON patch for `target`, or strategic merge patches.
pub(super) fn read(text: &str, target: Option<&PatchTarget>, at: Span, stamp: &str) -> Vec<Patch> {
    let documents = strict::documents(text).unwrap_or_default();
    if documents.is_empty() {
        return vec![Patch::unknown(at)];
    }
    let one = |document: &Document| {
        let root = Cursor::root(document, text);
        match (root.kind(), target) {
            (Kind::Sequence, Some(target)) => operations(root, target, at, stamp),
            (Kind::Mapping, _) => merge(root, target, at, stamp),
            _ => Patch::unknown(at),
        }
    };
    documents.iter().map(one).collect()
}

/// A strategic merge patch. With a target, the kind and name in the patch do not count.
fn merge(body: Cursor<'_>, target: Option<&PatchTarget>, at: Span, stamp: &str) -> Patch {
    let names_namespace = || body.at(["metadata", "namespace"]).is_some();
    let renames = target.is_some() && names_namespace();
    Patch {
        at,
        selector: target.cloned().unwrap_or_else(|| PatchTarget::of_body(body)),
        harmless: match renames {
            true => Harmless::Never,
            false => merged(body, &mut Vec::new(), stamp),
        },
        paths: Some(leaves(body)),
        adds: adds_reads(body),
        renames,
    }
}

/// The fields of a strategic merge patch that name its object.
static IDENTITY: LazyLock<Vec<FieldPath>> = LazyLock::new(|| {
    FieldPath::all(&["apiVersion", "kind", "metadata/name", "metadata/namespace"])
});

/// Whether a workload still reads the same after this part of a patch was merged into it.
fn merged(part: Cursor<'_>, path: &mut Vec<PathStep>, stamp: &str) -> Harmless {
    let names_an_item =
        matches!(path.as_slice(), [.., PathStep::EachItem, last] if last.field() == Some("name"));
    let is_identity = IDENTITY.iter().any(|row| row.steps() == path);
    if names_an_item || is_identity || is_harmless(path, stamp) {
        return Harmless::Always;
    }
    if !leads_on(path, stamp) {
        return Harmless::Never;
    }
    let mut sum = Harmless::Always;
    let mut below = |step: PathStep, part: Cursor<'_>| {
        path.push(step);
        let one = merged(part, path, stamp);
        path.pop();
        sum = match (sum, one) {
            (Harmless::Never, _) | (_, Harmless::Never) => Harmless::Never,
            (Harmless::BuiltIn, _) | (_, Harmless::BuiltIn) => Harmless::BuiltIn,
            _ => Harmless::Always,
        };
    };
    match part.kind() {
        Kind::Mapping => {
            for (key, part) in part.pairs() {
                let name = key.key().unwrap_or_default();
                below(PathStep::Field(name.into()), part.target());
            }
            sum
        }
        Kind::Sequence => {
            if part.items().next().is_none() {
                return Harmless::Never;
            }
            for part in part.items() {
                // It is not known with which item an item without a name is merged.
                match part.filled("name") {
                    Some(_) => below(PathStep::EachItem, part),
                    None => return Harmless::Never,
                }
            }
            match sum {
                Harmless::Always => Harmless::BuiltIn,
                sum => sum,
            }
        }
        // Null removes the present value.
        Kind::Scalar | Kind::Alias => Harmless::Never,
    }
}

/// The paths of a strategic merge patch, without those that name its object; a list counts as a whole.
fn leaves(body: Cursor<'_>) -> Vec<Vec<PathStep>> {
    let mut found = Vec::new();
    let mut waiting = vec![(Vec::new(), body)];
    while let Some((path, node)) = waiting.pop() {
        if IDENTITY.iter().any(|row| row.steps() == path.as_slice()) {
            continue;
        }
        let mut pairs = node.pairs().peekable();
        if node.kind() != Kind::Mapping || pairs.peek().is_none() {
            found.push(path);
            continue;
        }
        for (key, value) in pairs {
            let step = PathStep::Field(key.key().unwrap_or_default().into());
            waiting.push(([path.as_slice(), &[step]].concat(), value.target()));
        }
    }
    found
}

/// A JSON patch.
fn operations(operations: Cursor<'_>, target: &PatchTarget, at: Span, stamp: &str) -> Patch {
    let mut paths = Vec::new();
    for operation in operations.items() {
        if operation.string("op").as_deref() == Some("test") {
            continue;
        }
        let Some(path) = operation.get("path") else { return Patch::unknown(at) };
        for path in [Some(path), operation.get("from")].into_iter().flatten() {
            let Some(text) = path.str() else { return Patch::unknown(at) };
            paths.push(pointer(&text));
        }
    }
    Patch { adds: adds_reads(operations), ..Patch::of_paths(target.clone(), at, &paths, stamp) }
}

/// The effect of a replacement on each of its targets.
pub(super) fn replacements(replacement: Cursor<'_>, at: Span, stamp: &str) -> Vec<Patch> {
    match replacement.get("targets").and_then(Cursor::all_items) {
        Some(targets) => targets.into_iter().map(|t| replaced(t, at, stamp)).collect(),
        None => vec![Patch::unknown(at)],
    }
}

/// The effect of a replacement on the objects that `target` selects.
fn replaced(target: Cursor<'_>, at: Span, stamp: &str) -> Patch {
    let texts = target.get("fieldPaths").and_then(Cursor::all_texts);
    let (Some(select), Some(texts)) = (target.get("select"), texts) else {
        return Patch::unknown(at);
    };
    // Without a path kustomize writes the name (api/filters/replacement, v5.8.1).
    let texts = if texts.is_empty() { vec!["metadata.name".to_owned()] } else { texts };
    let selector = PatchTarget::read(select);
    // A path with an escaped dot, or with a list item that is selected by a field with a dot, would be
    // split into too many steps, so it counts as harmful.
    let is_odd = |text: &String| {
        let inside = |part: &str| part.split(']').next().is_some_and(|inner| inner.contains('.'));
        text.contains(['\\', '"']) || text.split('[').skip(1).any(inside)
    };
    if texts.iter().any(is_odd) {
        return Patch { selector, ..Patch::unknown(at) };
    }
    let step = |step: &str| if step.starts_with('[') { PathStep::EachItem } else { index(step) };
    let paths: Vec<_> = texts.iter().map(|text| text.split('.').map(step).collect()).collect();
    Patch::of_paths(selector, at, &paths, stamp)
}

fn index(step: &str) -> PathStep {
    if step == "-" || step == "*" || step.bytes().all(|b| b.is_ascii_digit()) {
        PathStep::EachItem
    } else {
        PathStep::Field(step.into())
    }
}

/// The steps of a JSON pointer (RFC 6901).
fn pointer(text: &str) -> Vec<PathStep> {
    text.split('/').skip(1).map(|step| index(&step.replace("~1", "/").replace("~0", "~"))).collect()
}

/// The name of one step of a path, if it is a field.
pub(super) fn field(path: &[PathStep], at: usize) -> Option<&str> {
    path.get(at)?.field()
}

/// Whether a write to this path can give an object another name, namespace or kind.
fn names_object(path: &[PathStep]) -> bool {
    match field(path, 0) {
        Some("metadata") => !matches!(field(path, 1), Some("labels" | "annotations")),
        Some(name) => matches!(name, "kind" | "apiVersion"),
        None => path.is_empty(),
    }
}

impl Patch {
    /// A patch that writes to these paths, with any value.
    fn of_paths(selector: PatchTarget, at: Span, paths: &[Vec<PathStep>], stamp: &str) -> Self {
        let renames = paths.iter().any(|path| names_object(path));
        let harmless = !renames && paths.iter().all(|path| is_harmless(path, stamp));
        let harmless = if harmless { Harmless::Always } else { Harmless::Never };
        Self {
            at,
            selector,
            harmless,
            paths: Some(paths.to_vec()),
            adds: harmless != Harmless::Always,
            renames,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::providers::provider;

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
        let target = target.map(|text| {
            let documents = strict::documents(text).unwrap();
            PatchTarget::read(Cursor::root(&documents[0], text))
        });
        let at = Span::new(0, 0);
        let patches = read(patch, target.as_ref(), at, "checksum/rollstamp");
        let provider = provider(&id(api_version, kind, "web").group, kind);
        let stamp = "checksum/rollstamp";
        let id = id(api_version, kind, "web");
        patches.iter().any(|p| p.changes(&id, provider.is_none(), provider, stamp))
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
        assert!(!merges(
            "spec: {template: {spec: {containers: [{name: a, env: [{name: A, value: b}]}]}}}\n"
        ));
        assert!(merges(
            "spec: {template: {spec: {containers: [{name: a, env: [{name: A, valueFrom: null}]}]}}}\n"
        ));
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
        assert!(!deployment("/spec/template/spec/containers/0/env/0/value"));
        assert!(deployment("/spec/template/spec/containers/0/env/0"));
        assert!(deployment("/metadata/name"));
    }

    #[test]
    fn every_site_that_reads_has_a_word_in_a_patch_that_adds_it() {
        use crate::k8s::sites::{Reads, SITES};
        for site in SITES.iter().filter(|site| site.reads != Reads::Nothing) {
            let path = format!("{:?}", site.path);
            assert!(READS.iter().any(|word| path.contains(word)), "{}", site.id);
        }
    }

    #[test]
    fn a_patch_of_a_source_is_harmless_by_its_fields() {
        let map = |fields: &str| {
            let patch = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web{fields}\n");
            changes(&patch, None, "v1", "ConfigMap")
        };
        assert!(!map(", labels: {a: b}}"));
        assert!(!map(", annotations: {a: b}}\nimmutable: true"));
        assert!(map(", annotations: {rollstamp.dev/ignore: 'true'}}"));
        assert!(map("}\ndata: {a: b}"));
        assert!(map(", labels: {a: b}}\n$patch: delete"));
        let external = |spec: &str| {
            let patch = format!("kind: ExternalSecret\nmetadata: {{name: web}}\nspec: {spec}\n");
            changes(&patch, None, "external-secrets.io/v1", "ExternalSecret")
        };
        assert!(!external("{dataFrom: [{extract: {key: prod}}], refreshInterval: 1h}"));
        assert!(external("{target: {name: other}}"));
        assert!(external("{target: null}"));
        assert!(external("null"));
    }

    #[test]
    fn a_rename_of_what_is_no_source_makes_none() {
        let renames = |path: &str, kind: &str| {
            let patch = format!("- op: replace\n  path: {path}\n  value: x\n");
            let target = PatchTarget { kind: NamePattern::new(Some(kind)), name: NamePattern::Any };
            let patches = read(&patch, Some(&target), Span::new(0, 0), "checksum/rollstamp");
            patches[0].renames_sources(|kind| kind == "Secret")
        };
        assert!(!renames("/metadata/name", "Service"));
        assert!(renames("/metadata/name", "Secret"));
        assert!(renames("/metadata/name", "Se.*"));
        assert!(renames("/kind", "Service"));
        assert!(renames("/metadata", "Service"));
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
