//! Variables that Flux replaces after its build (`postBuild`): which values are known, and where
//! the variables are in a text. The rules are those of github.com/fluxcd/pkg/envsubst v1.9.0:
//! `${NAME}` with or without an operator counts, `$NAME` does not, and `$$` becomes `$`.

use crate::finding::divergence::UnknownVariable;
use crate::text::Span;
use crate::yaml::path::PathStep;
use crate::yaml::{Cursor, Document, Kind, documents};
use base64::Engine as _;
use std::collections::BTreeMap;

/// The value of a variable. It may be that of a Secret: no Debug, no Display.
#[derive(Clone, PartialEq, Eq)]
pub struct VariableValue(String);

impl VariableValue {
    /// A value as Flux uses it, without line feeds.
    pub fn new(text: &str) -> Self {
        Self(text.replace('\n', ""))
    }

    /// The value of a base64 text, as in `data` of a Secret.
    pub fn of_base64(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
        Some(Self::new(&String::from_utf8(bytes).ok()?))
    }

    /// The text that replaces the variable.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// The variables that an overlay replaces after its build.
#[derive(Clone, Default)]
pub struct Variables {
    /// The variables with known values.
    pub known: BTreeMap<String, VariableValue>,
    /// The reason why there may be more variables, or other values.
    pub open: Option<UnknownVariable>,
}

impl Variables {
    /// Whether no variable is replaced: Flux leaves the text unchanged if there is no variable at
    /// all.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.open.is_none()
    }

    /// The reason why the value of a variable is not known.
    pub fn unknown(&self, name: &str) -> Option<&UnknownVariable> {
        // A mark without a name is an escape, whose effect is known.
        let is_known = name.is_empty() || self.known.contains_key(name);
        self.open.as_ref().filter(|_| !is_known)
    }
}

/// A label or an annotation that switches the substitution off for its object.
const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// A place in a document where a variable is replaced.
pub(super) struct VariableMark {
    /// The document.
    pub(super) document: Span,
    /// The fields that lead to it.
    pub(super) path: Vec<PathStep>,
    /// The variable; empty for an escape.
    pub(super) variable: String,
    /// The scalar that contains it.
    pub(super) at: Span,
}

/// The places in a text where variables are replaced.
pub(super) fn marks(text: &str) -> Vec<VariableMark> {
    // A dollar sign can be written as an escape.
    if !text.contains("${") && !text.contains("$$") && !text.contains('\\') {
        return Vec::new();
    }
    let mut found = Vec::new();
    for document in documents(text) {
        let root = Cursor::root(&document, text);
        if !is_switched_off(root) {
            below(&document, root, &mut Vec::new(), &mut found);
        }
    }
    found
}

/// Whether the substitution is switched off for an object.
pub fn is_switched_off(root: Cursor<'_>) -> bool {
    let says = |field| {
        let value = root.at(["metadata", field, SUBSTITUTE]).and_then(Cursor::str);
        value.as_deref() == Some("disabled")
    };
    says("labels") || says("annotations")
}

fn below(
    document: &Document,
    node: Cursor<'_>,
    path: &mut Vec<PathStep>,
    found: &mut Vec<VariableMark>,
) {
    /// The maximum nesting; no manifest is deeper.
    const DEEPEST: usize = 100;
    if path.len() > DEEPEST {
        return;
    }
    let node = node.target();
    let of_scalar = |scalar: Cursor<'_>, path: &[PathStep], found: &mut Vec<VariableMark>| {
        let text = scalar.str();
        let names = variables(text.as_deref().unwrap_or(scalar.raw())).into_iter();
        found.extend(names.map(|variable| VariableMark {
            document: document.span,
            path: path.to_vec(),
            variable,
            at: scalar.span(),
        }));
    };
    match node.kind() {
        Kind::Scalar | Kind::Alias => of_scalar(node, path, found),
        Kind::Sequence => {
            for item in node.items() {
                path.push(PathStep::EachItem);
                below(document, item, path, found);
                path.pop();
            }
        }
        Kind::Mapping => {
            for (key, value) in node.pairs() {
                of_scalar(key, path, found);
                let name = key.key().unwrap_or_default();
                path.push(PathStep::Field(name.into()));
                below(document, value, path, found);
                path.pop();
            }
        }
    }
}

/// The variables in a text, with an empty name for each escape and for each part that Flux cannot
/// read.
pub(super) fn variables(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            found.push(String::new());
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let name = after.strip_prefix('#').unwrap_or(after);
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
            found.push(name[..end.unwrap_or(name.len())].to_owned());
            rest = after;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_make_a_variable() {
        assert_eq!(variables("a ${A} $B ${C:=${D}} ${#E}"), ["A", "C", "D", "E"]);
        assert_eq!(variables("$${A}"), [""]);
        assert!(variables("no $ at $all").is_empty());
    }

    #[test]
    fn a_label_switches_it_off() {
        let text = |metadata: &str| format!("metadata: {metadata}\ndata: {{a: '${{A}}'}}\n");
        assert_eq!(marks(&text("{name: web}")).len(), 1);
        let off = "{labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}}";
        assert!(marks(&text(off)).is_empty());
    }
}
