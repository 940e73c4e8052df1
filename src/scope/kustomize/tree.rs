//! A small text as a tree of values, read as `kubectl` reads it. Only for texts that nobody edits.

use crate::text::Span;
use crate::yaml::{self, Document, Kind, NodeId, resolve, split};

/// A value. It may hold that of a Secret: no Debug, no Display.
pub(super) enum Tree {
    /// Nothing, `null` or `~`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, of which nobody needs to know which.
    Number,
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A mapping in the order of the text, each key with its place.
    Map(Vec<(String, Span, Self)>),
}

/// More nodes than any kustomization or patch has; aliases count each time.
const MAX_NODES: usize = 200_000;

/// The documents of a text, empty ones left out. Nothing if any of it cannot be read, or if a key
/// stands twice or is merged in: what kustomize makes of that is not worth knowing.
pub(super) fn read(text: &str) -> Option<Vec<Tree>> {
    let mut trees = Vec::new();
    let mut left = MAX_NODES;
    for chunk in split::chunks(text) {
        for document in yaml::parse(text, chunk.ok()?.span).ok()? {
            let tree = tree(&document, text, document.root(), 0, &mut left)?;
            if !matches!(tree, Tree::Null) {
                trees.push(tree);
            }
        }
    }
    Some(trees)
}

fn tree(
    document: &Document,
    text: &str,
    node: NodeId,
    depth: usize,
    left: &mut usize,
) -> Option<Tree> {
    *left = left.checked_sub(1)?;
    if depth > 100 {
        return None;
    }
    let node = document.target(node);
    Some(match document.node(node).kind {
        Kind::Scalar | Kind::Alias => match resolve::value(document, text, node).ok()? {
            resolve::Value::Null => Tree::Null,
            resolve::Value::Bool(value) => Tree::Bool(value),
            resolve::Value::Str(value) => Tree::Text(value.into_owned()),
            resolve::Value::Int(_) | resolve::Value::Float(_) => Tree::Number,
        },
        Kind::Sequence => {
            let items = document.items(node);
            Tree::List(
                items
                    .map(|item| tree(document, text, item, depth + 1, left))
                    .collect::<Option<_>>()?,
            )
        }
        Kind::Mapping => {
            if document.node(node).has_merge {
                return None;
            }
            let mut fields: Vec<(String, Span, Tree)> = Vec::new();
            let mut names = std::collections::BTreeSet::new();
            for (key, value) in document.pairs(node) {
                let name = resolve::key(document, text, key).ok()?.into_owned();
                if !names.insert(name.clone()) {
                    return None;
                }
                let at = document.node(key).span;
                fields.push((name, at, tree(document, text, value, depth + 1, left)?));
            }
            Tree::Map(fields)
        }
    })
}

impl Tree {
    /// The fields of a mapping; of anything else, none.
    pub(super) fn fields(&self) -> &[(String, Span, Self)] {
        match self {
            Self::Map(fields) => fields,
            _ => &[],
        }
    }

    /// A field of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let found = self.fields().iter().find(|(field, _, _)| field == name);
        found.map(|(_, _, value)| value)
    }

    /// The string, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The string of a field that is there and not empty.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.text().filter(|text| !text.is_empty())
    }

    /// The items of a list; of nothing, none.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Null => Some(&[]),
            _ => None,
        }
    }

    /// The strings of a list of strings.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        let items = self.items()?.iter();
        items.map(|item| item.text().map(str::to_owned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_twice_is_not_read() {
        assert!(read("a: 1\n").is_some_and(|trees| trees.len() == 1));
        assert!(read("---\n# nothing\n---\na: [b, {c: d}]\n").is_some_and(|t| t.len() == 1));
        assert!(read("a: 1\na: 2\n").is_none());
        assert!(read("a: &x {b: c}\nd:\n  <<: *x\n").is_none());
        assert!(read("a: [\n").is_none());
    }
}
