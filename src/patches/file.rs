//! Writes and reads the generated file: its text from the stamps of one overlay, and the stamps
//! from its text.

use crate::yaml::path::Step;
use crate::yaml::{self, Cursor, Kind, resolve};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The name of the generated file, in the folder of the overlay.
pub const FILE_NAME: &str = "stamps.rollstamp.yaml";

/// The beginning of the file. A text that begins otherwise was not written by rollstamp.
const HEADER: &str = "\
# Made by `rollstamp write --build`; do not edit.
# One patch for each workload whose stamp no file below the resources can hold for every overlay.
";

/// The workload of one overlay that a patch stamps, under the name that the build gives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StampPatch {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// The name.
    pub name: SmolStr,
    /// The namespace, if the build writes one.
    pub namespace: Option<SmolStr>,
    /// The API version, without the group.
    pub version: SmolStr,
    /// The stamps, one for each pod template; never empty.
    pub stamps: Vec<Stamp>,
}

/// The stamp of one pod template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// The fields and items from the object to the annotations of the pods.
    pub way: Vec<Step>,
    /// The number of fields at the end of the path that are absent. Only a JSON patch depends on it.
    pub missing: usize,
    /// The value of the annotation.
    pub value: String,
}

/// The text of the file for these workloads, in the order of group, kind, name and namespace. Equal
/// workloads give equal bytes.
///
/// # Errors
/// The first workload without a name (`generateName`): the target of a patch is a name.
pub fn write(patches: &[StampPatch], annotation: &str) -> Result<String, StampPatch> {
    let mut sorted: Vec<&StampPatch> = patches.iter().collect();
    sorted.sort();
    sorted.dedup();
    if let Some(nameless) = sorted.iter().find(|patch| patch.name.is_empty()) {
        return Err((*nameless).clone());
    }
    let mut same_name: BTreeMap<String, usize> = BTreeMap::new();
    for patch in &sorted {
        *same_name.entry(short_name(patch)).or_default() += 1;
    }
    let mut text = HEADER.to_owned();
    for patch in sorted {
        let is_alone = same_name[&short_name(patch)] == 1;
        text.push_str("---\n");
        one(patch, is_alone, annotation, &mut text);
    }
    Ok(text)
}

/// The stamps of these workloads as the field `postRenderers` of a Flux HelmRelease (helm.toolkit.fluxcd.io, `spec`),
/// whose patches have targets of the same form.
///
/// # Errors
/// The first workload without a name.
pub fn post_renderers(patches: &[StampPatch], annotation: &str) -> Result<String, StampPatch> {
    let items = items(patches, "        ", annotation)?;
    let none = if patches.is_empty() { " []" } else { "" };
    Ok(format!("postRenderers:\n  - kustomize:\n      patches:{none}\n{items}"))
}

/// The stamps of these workloads as the items of a list, in lines that begin with `indent`.
pub(super) fn items(
    patches: &[StampPatch],
    indent: &str,
    annotation: &str,
) -> Result<String, StampPatch> {
    let documents = write(patches, annotation)?;
    let mut block = String::new();
    for document in documents.split("---\n").skip(1) {
        let mut prefix = "- ";
        for line in document.lines().filter(|line| !is_of_transformer(line)) {
            block.push_str(&format!("{indent}{prefix}{line}\n"));
            prefix = "  ";
        }
    }
    Ok(block)
}

/// Whether a line only makes the document a transformer, and is not part of the patch.
fn is_of_transformer(line: &str) -> bool {
    ["apiVersion: builtin", "kind: PatchTransformer", "metadata: {name: "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// `rollstamp-deployment-web`.
fn short_name(patch: &StampPatch) -> String {
    format!("rollstamp-{}-{}", patch.kind.to_lowercase(), patch.name)
}

/// Appends one `PatchTransformer`. The target has a namespace only if another workload has the same
/// kind and name, so that the file still works if the namespace changes (Flux's `targetNamespace`).
fn one(patch: &StampPatch, is_alone: bool, annotation: &str, text: &mut String) {
    let mut name = short_name(patch);
    let mut target = Vec::new();
    if !patch.group.is_empty() {
        target.push(format!("group: {}", plain(&patch.group)));
    }
    target.push(format!("kind: {}", plain(&patch.kind)));
    target.push(format!("name: {}", regex(&patch.name)));
    if !is_alone {
        // A workload with the same kind and name is of another group or in another namespace.
        name = [&name, patch.group.as_str(), patch.namespace.as_deref().unwrap_or_default()]
            .join(".")
            .trim_end_matches('.')
            .to_owned();
        if let Some(namespace) = &patch.namespace {
            target.push(format!("namespace: {}", regex(namespace)));
        }
    }
    let _ = write!(
        text,
        "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: {}}}\ntarget: {{{}}}\npatch: |\n",
        plain(&name),
        target.join(", ")
    );
    let is_in_list = |stamp: &Stamp| stamp.way.iter().any(|s| matches!(s, Step::Item(_)));
    if patch.stamps.iter().any(is_in_list) {
        // A strategic merge would replace the whole list in a kind that kustomize does not know.
        patch.stamps.iter().for_each(|stamp| json_patch(stamp, annotation, text));
    } else {
        merge_patch(patch, annotation, text);
    }
}

/// A strategic merge patch that holds only the annotation of every pod template.
fn merge_patch(patch: &StampPatch, annotation: &str, text: &mut String) {
    let separator = if patch.group.is_empty() { "" } else { "/" };
    let api_version = [patch.group.as_str(), separator, &patch.version].concat();
    let _ = write!(
        text,
        "  apiVersion: {}\n  kind: {}\n  metadata: {{name: {}}}\n",
        plain(&api_version),
        plain(&patch.kind),
        plain(&patch.name)
    );
    let mut tree = Tree::default();
    for stamp in &patch.stamps {
        let fields = stamp.way.iter().filter_map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Item(_) => None,
        });
        tree.add(fields.chain([annotation]), &stamp.value);
    }
    for (field, below) in &tree.fields {
        let _ = writeln!(text, "  {}: {}", plain(field), below.flow());
    }
}

/// Nested fields with a text at each end.
#[derive(Default)]
struct Tree<'a> {
    fields: BTreeMap<&'a str, Self>,
    value: Option<&'a str>,
}

impl<'a> Tree<'a> {
    fn add(&mut self, path: impl Iterator<Item = &'a str>, value: &'a str) {
        let mut at = self;
        for field in path {
            at = at.fields.entry(field).or_default();
        }
        at.value = Some(value);
    }

    /// The tree as one flow mapping.
    fn flow(&self) -> String {
        if let Some(value) = self.value {
            return format!("\"{value}\"");
        }
        let fields = self.fields.iter();
        let fields: Vec<String> =
            fields.map(|(name, below)| format!("{}: {}", plain(name), below.flow())).collect();
        format!("{{{}}}", fields.join(", "))
    }
}

/// Operations of a JSON patch (RFC 6902) that add the annotation. If there are no annotations, a `test`
/// comes first. It makes the build fail if there are annotations later, because `add` would replace them.
fn json_patch(stamp: &Stamp, annotation: &str, text: &mut String) {
    let (there, made) = stamp.way.split_at(stamp.way.len() - stamp.missing.min(stamp.way.len()));
    let step = |step: &Step| match step {
        Step::Field(name) => name.to_string(),
        Step::Item(position) => position.to_string(),
    };
    let mut names: Vec<String> = made.iter().map(step).collect();
    names.push(annotation.to_owned());
    let first = names.remove(0);
    let steps = there.iter().map(step).chain([first]);
    let path: String = steps.map(|name| format!("/{}", pointer(&name))).collect();
    let stamp_text = format!("\"{}\"", stamp.value);
    let value =
        names.iter().rfold(stamp_text, |value, name| format!("{{{}: {value}}}", plain(name)));
    if stamp.missing > 0 {
        let _ = writeln!(text, "  - {{op: test, path: {}, value: null}}", plain(&path));
    }
    let _ = writeln!(text, "  - {{op: add, path: {}, value: {value}}}", plain(&path));
}

/// A field name as a step of a JSON pointer (RFC 6901).
fn pointer(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A regular expression that matches only this name, as a scalar in a flow mapping. The only
/// special character in names of Kubernetes objects is the dot; other special characters are
/// escaped as well.
fn regex(name: &str) -> String {
    let mut pattern = String::from("^");
    for character in name.chars() {
        if character.is_ascii_punctuation() && !matches!(character, '-' | '_') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('$');
    plain(&pattern)
}

/// A scalar of a flow mapping with this value: plain if that is safe, otherwise in single quotes.
fn plain(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./~^$\\".contains(c);
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || "/^".contains(c));
    if starts_well && text.chars().all(is_safe) && resolve::is_plain_string(text) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Reads a generated file. `None` unless it is exactly a text of [`write()`]; only then does the
/// file change only the annotation of these workloads.
pub fn read(text: &str, annotation: &str) -> Option<Vec<StampPatch>> {
    let body = text.replace("\r\n", "\n");
    if !body.starts_with(HEADER) {
        return None;
    }
    let mut patches = Vec::new();
    for chunk in yaml::split::chunks(text) {
        for document in yaml::parse(text, chunk.ok()?.span).ok()? {
            patches.push(patch(Cursor::root(&document, text), annotation)?);
        }
    }
    // Text that somebody added to the file is not in the output of `write`.
    (write(&patches, annotation).ok()? == body).then_some(patches)
}

/// The stamps of all documents with a target and a patch; other documents are ignored.
pub(super) fn listed(text: &str, annotation: &str) -> Vec<StampPatch> {
    let documents = yaml::documents(text);
    documents.filter_map(|document| patch(Cursor::root(&document, text), annotation)).collect()
}

/// The workload that one document patches.
fn patch(root: Cursor<'_>, annotation: &str) -> Option<StampPatch> {
    let target = root.get("target")?;
    let mut patch = StampPatch {
        group: target.string("group").unwrap_or_default(),
        kind: target.string("kind")?,
        namespace: match target.string("namespace") {
            Some(pattern) => Some(literal(&pattern)?.into()),
            None => None,
        },
        name: literal(&target.string("name")?)?.into(),
        version: SmolStr::default(),
        stamps: Vec::new(),
    };
    let inner = root.get("patch")?.str()?;
    let chunk = yaml::split::chunks(&inner).next()?.ok()?;
    let documents = yaml::parse(&inner, chunk.span).ok()?;
    let [document] = documents.as_slice() else { return None };
    let of_patch = Cursor::root(document, &inner);
    match of_patch.kind() {
        Kind::Mapping => {
            let api_version = of_patch.string("apiVersion")?;
            patch.version = api_version.rsplit('/').next().unwrap_or_default().into();
            merged(of_patch, &mut Vec::new(), annotation, &mut patch.stamps)?;
        }
        Kind::Sequence => {
            for operation in of_patch.items() {
                patch.stamps.extend(operated(operation, annotation)?);
            }
        }
        _ => return None,
    }
    (!patch.stamps.is_empty()).then_some(patch)
}

/// Collects the stamps of a strategic merge patch: every path to the annotation.
fn merged(
    at: Cursor<'_>,
    path: &mut Vec<Step>,
    annotation: &str,
    stamps: &mut Vec<Stamp>,
) -> Option<()> {
    for (key, value) in at.pairs() {
        let key = key.str()?;
        if path.is_empty() && matches!(key.as_ref(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        if value.is_mapping() {
            path.push(Step::Field(key.into()));
            merged(value, path, annotation, stamps)?;
            path.pop();
        } else {
            if key != annotation {
                return None;
            }
            let value = value.str()?.into_owned();
            stamps.push(Stamp { way: path.clone(), missing: 0, value });
        }
    }
    Some(())
}

/// The stamp that one operation of a JSON patch adds; `Some(None)` for a `test`.
fn operated(operation: Cursor<'_>, annotation: &str) -> Option<Option<Stamp>> {
    let path = operation.string("path")?;
    if operation.string("op")? == "test" {
        return Some(None);
    }
    let steps = path.split('/').skip(1).map(|step| match step.parse() {
        Ok(position) => Step::Item(position),
        Err(_) => Step::Field(step.replace("~1", "/").replace("~0", "~").into()),
    });
    let mut way: Vec<Step> = steps.collect();
    let mut value = operation.get("value")?;
    let there = way.len() - 1;
    while value.is_mapping() {
        let (key, below) = value.pairs().next()?;
        way.push(Step::Field(key.str()?.into()));
        value = below;
    }
    if way.pop()? != Step::Field(annotation.into()) {
        return None;
    }
    let missing = way.len() - there;
    Some(Some(Stamp { way, missing, value: value.str()?.into_owned() }))
}

/// The name that a pattern of [`regex`] matches.
fn literal(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let mut name = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        name.push(if character == '\\' { characters.next()? } else { character });
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str) -> Step {
        Step::Field(name.into())
    }

    fn patch(kind: &str, name: &str, way: Vec<Step>, missing: usize) -> StampPatch {
        StampPatch {
            group: "apps".into(),
            kind: kind.into(),
            namespace: Some("n1".into()),
            name: name.into(),
            version: "v1".into(),
            stamps: vec![Stamp { way, missing, value: "5aa1".to_owned() }],
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let behind = || [field("metadata"), field("annotations")];
        let template = [vec![field("spec"), field("template")], behind().to_vec()].concat();
        let listed = vec![field("spec"), field("po/ols"), Step::Item(1), field("template")];
        let listed = [listed, behind().to_vec()].concat();
        let values = ["spec", "values", "podAnnotations"].map(field).to_vec();
        let patches = [
            patch("Deployment", "web.v1", template.clone(), 0),
            patch("Deployment", "on", template, 0),
            patch("HelmRelease", "r", values, 2),
            patch("Pools", "p", listed.clone(), 2),
            patch("Pools", "q", listed.clone(), 1),
            patch("Pools", "r", listed, 0),
        ];
        let text = write(&patches, "checksum/rollstamp").unwrap();
        let entries = read(&text, "checksum/rollstamp").expect("our own file");
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["on", "web.v1", "r", "p", "q", "r"]);
        assert!(text.contains("name: ^web\\.v1$"), "{text}");
        assert!(read(&text.replace('\n', "\r\n"), "checksum/rollstamp").is_some());
        assert!(read(&text.replace("5aa1", "5aa1\", x: \"1"), "checksum/rollstamp").is_none());
        assert!(read(&format!("{text}# by hand\n"), "checksum/rollstamp").is_none());
        assert!(read(&text, "other/key").is_none());
    }

    #[test]
    fn one_name_in_two_namespaces_needs_both() {
        let template = ["spec", "template", "metadata", "annotations"].map(field).to_vec();
        let one = patch("Deployment", "web", template, 0);
        let other = StampPatch { namespace: Some("n2".into()), ..one.clone() };
        let text = write(&[other, one], "checksum/rollstamp").unwrap();
        assert!(text.contains("name: rollstamp-deployment-web.apps.n1"), "{text}");
        assert!(text.contains("namespace: ^n2$"), "{text}");
        assert_eq!(read(&text, "checksum/rollstamp").map(|entries| entries.len()), Some(2));
    }
}
