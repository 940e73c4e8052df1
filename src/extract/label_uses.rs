//! Finds the objects that name a version label in a place that may select pods by it.

use super::Reader;
use super::objects::ObjectNode;
use crate::k8s::foreign::{LABELS_SET, SELECTORS, SelectorField, VERSION_LABELS};
use crate::yaml::{Cursor, Kind, MAX_DEPTH};
use smol_str::SmolStr;

/// A place outside of an object's own labels that names a version label.
#[derive(Clone, Debug)]
pub struct LabelUse {
    /// The label.
    pub label: &'static str,
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// The fields that lead to the place, separated by dots.
    pub path: String,
    /// Whether the field is known to select by labels; any other field may do so.
    pub is_selector: bool,
}

/// The maximum number of nodes that are searched in one object. A larger object (with aliases of
/// aliases) counts as if it used every label.
const MOST_NODES: usize = 1 << 20;

/// Finds the first use of each label in an object.
pub(super) fn find(reader: &mut Reader<'_>, object: &ObjectNode<'_>) {
    let node = object.node;
    // All version labels that may be removed contain this word, and so do derived names elsewhere
    // (`helm_sh_chart`).
    if memchr::memmem::find(node.raw().as_bytes(), b"chart").is_none() && !has_alias(node) {
        return;
    }
    let mut search = Search { kind: &object.kind, way: Vec::new(), found: Vec::new(), nodes: 0 };
    search.below(node, 0);
    if search.nodes > MOST_NODES {
        search.found.clear();
        for row in VERSION_LABELS.iter().filter(|row| row.is_droppable()) {
            search.found.push((row.name, String::new(), false));
        }
    }
    if search.found.is_empty() {
        return;
    }
    let name = object.identity().to_string();
    let uses = search.found.into_iter().map(|(label, path, is_selector)| {
        let object = name.clone();
        LabelUse { label, object, path, is_selector }
    });
    reader.facts.label_uses.extend(uses);
}

fn has_alias(node: Cursor<'_>) -> bool {
    node.subtree().iter().any(|node| node.kind == Kind::Alias)
}

struct Search<'a> {
    kind: &'a str,
    /// The fields from the object to the current node, without list steps.
    way: Vec<SmolStr>,
    found: Vec<(&'static str, String, bool)>,
    nodes: usize,
}

impl Search<'_> {
    fn below(&mut self, node: Cursor<'_>, depth: usize) {
        let node = node.target();
        self.nodes += 1;
        if self.nodes > MOST_NODES || depth > MAX_DEPTH {
            self.nodes = MOST_NODES + 1;
            return;
        }
        match node.kind() {
            Kind::Mapping => {
                for (key, value) in node.pairs() {
                    if key.is_merge_key() {
                        self.below(value, depth + 1);
                        continue;
                    }
                    let Ok(name) = key.key() else { continue };
                    for label in labels().filter(|label| names_as_key(&name, label, value)) {
                        self.way.push(name.as_ref().into());
                        self.say(label);
                        self.way.pop();
                    }
                    self.way.push(name.as_ref().into());
                    if !self.is_labels() {
                        self.below(value, depth + 1);
                    }
                    self.way.pop();
                }
            }
            Kind::Sequence => node.children().for_each(|item| self.below(item, depth + 1)),
            Kind::Scalar | Kind::Alias => {
                let Some(text) = node.str() else { return };
                let is_whole = text == "metadata.labels"
                    && self.way.last().is_some_and(|field| field == "fieldPath");
                for label in labels().filter(|label| is_whole || names_as_text(&text, label)) {
                    self.say(label);
                }
            }
        }
    }

    /// Whether the current path leads to the labels of an object, or of objects made from it.
    fn is_labels(&self) -> bool {
        let fits = |kind: &str| kind.is_empty() || kind == self.kind;
        LABELS_SET.iter().any(|row| fits(row.kind) && row.path.matches(&self.way))
    }

    fn say(&mut self, label: &'static str) {
        if self.found.iter().any(|(known, ..)| *known == label) {
            return;
        }
        let is_selector = SELECTORS.iter().any(|row| self.is_in(row));
        self.found.push((label, self.path(), is_selector));
    }

    /// `spec.selector[helm.sh/chart]`
    fn path(&self) -> String {
        let mut path = String::new();
        for field in &self.way {
            match field.contains(['.', '/']) {
                true => path.push_str(&format!("[{field}]")),
                false if path.is_empty() => path.push_str(field),
                false => path.push_str(&format!(".{field}")),
            }
        }
        path
    }

    /// Whether the current path leads into a field that is known to select.
    fn is_in(&self, row: &SelectorField) -> bool {
        let is_of_kind = row.kinds.is_empty() || row.kinds.contains(&self.kind);
        is_of_kind && (1..=self.way.len()).any(|end| row.path.matches(&self.way[..end]))
    }
}

/// The labels that may be removed.
fn labels() -> impl Iterator<Item = &'static str> {
    VERSION_LABELS.iter().filter(|row| row.is_droppable()).map(|row| row.name)
}

/// Whether a field with this name means the label. Many fields are called `chart`; one that holds
/// no text selects nothing.
fn names_as_key(name: &str, label: &str, value: Cursor<'_>) -> bool {
    match label.contains('/') {
        true => name.contains(label) || name.contains(&label.replace(['.', '/'], "_")),
        false => name == label && value.target().kind() == Kind::Scalar,
    }
}

/// Whether a text names the label: alone, in an expression such as `chart in (a)`, or in the form
/// of programs that allow no dots and slashes.
fn names_as_text(text: &str, label: &str) -> bool {
    if label.contains('/') {
        return text.contains(label) || text.contains(&label.replace(['.', '/'], "_"));
    }
    if text == label || text.contains(&format!("_label_{label}")) {
        return true;
    }
    // `a=b,chart=c`, `!chart`, `chart notin (x)`, `labels['chart']`
    text.match_indices(label).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let behind = text[at + label.len()..].trim_start();
        before.is_none_or(|c| !(c.is_ascii_alphanumeric() || "-_./".contains(c)))
            && (before == Some('!')
                || ["=", "!=", "in ", "in(", "notin ", "notin(", "'", "\"", "]"]
                    .iter()
                    .any(|next| behind.starts_with(next)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_names_a_label_alone_or_in_an_expression() {
        for text in [
            "chart",
            "a=b,chart=c",
            "!chart",
            "chart notin (x)",
            "labels['chart']",
            "x,chart in (y)",
        ] {
            assert!(names_as_text(text, "chart"), "{text}");
        }
        for text in ["a chart of the bay", "my-chart=1", "charts", "helm.sh/chart", "chart-1.0.0"] {
            assert!(!names_as_text(text, "chart"), "{text}");
        }
        assert!(names_as_text("metadata.labels['helm.sh/chart']", "helm.sh/chart"));
        assert!(names_as_text("__meta_kubernetes_pod_label_helm_sh_chart", "helm.sh/chart"));
    }
}
