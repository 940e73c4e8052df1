//! Documents that every YAML reader reads in the same way: no key occurs twice, no key is merged
//! in, and every scalar can be decoded.

use super::{Cursor, Document, Kind, SyntaxError, parse, split};
use std::collections::BTreeSet;

/// The maximum number of nodes; the nodes of an alias count each time.
const MAX_NODES: usize = 200_000;

/// The maximum nesting.
const MAX_DEPTH: usize = 100;

/// The documents of a text, empty ones left out.
///
/// # Errors
/// [`SyntaxError`] at the first place that cannot be read, or where a key occurs twice or is merged
/// in.
pub fn documents(text: &str) -> Result<Vec<Document>, SyntaxError> {
    let mut found = Vec::new();
    let mut left = MAX_NODES;
    for chunk in split::chunks(text) {
        for document in parse(text, chunk?.span)? {
            let root = Cursor::root(&document, text);
            check(root, 0, &mut left)?;
            if !root.is_null() {
                found.push(document);
            }
        }
    }
    Ok(found)
}

/// Checks that every YAML reader reads the node and its children in the same way.
///
/// # Errors
/// [`SyntaxError`] at the first place where readers differ.
pub fn require(node: Cursor<'_>) -> Result<(), SyntaxError> {
    check(node, 0, &mut MAX_NODES.clone())
}

fn check(node: Cursor<'_>, depth: usize, left: &mut usize) -> Result<(), SyntaxError> {
    let refused =
        |at: Cursor<'_>, message| Err(SyntaxError::refused(at.span().start as usize, message));
    let Some(rest) = left.checked_sub(1).filter(|_| depth <= MAX_DEPTH) else {
        return refused(node, "it has too many values");
    };
    *left = rest;
    let node = node.target();
    match node.kind() {
        Kind::Scalar | Kind::Alias => match node.value() {
            Ok(_) => Ok(()),
            Err(error) => refused(node, error.0),
        },
        Kind::Sequence => node.items().try_for_each(|item| check(item, depth + 1, left)),
        Kind::Mapping => {
            let mut names = BTreeSet::new();
            let mut pairs = node.pairs();
            if node.node().has_merge {
                return refused(node, "a merge key (`<<`)");
            }
            pairs.try_for_each(|(key, value)| match key.key() {
                Err(error) => refused(key, error.0),
                Ok(name) => match names.insert(name) {
                    true => check(value, depth + 1, left),
                    false => refused(key, "a key occurs twice"),
                },
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_twice_is_not_read() {
        let count = |text| documents(text).ok().map(|documents| documents.len());
        assert_eq!(count("a: 1\n"), Some(1));
        assert_eq!(count("---\n# nothing\n---\na: [b, {c: d}]\n"), Some(1));
        assert_eq!(count("a: 1\na: 2\n"), None);
        assert_eq!(count("a: &x {b: c}\nd:\n  <<: *x\n"), None);
        assert_eq!(count("a: [\n"), None);
    }
}
