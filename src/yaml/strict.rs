//! Documents in which every reader sees the same: no key stands twice, none is merged in, and every
//! scalar can be decoded.

use super::{Cursor, Document, Kind, parse, split};
use std::collections::BTreeSet;

/// The most nodes that are read; aliases count each time.
const MAX_NODES: usize = 200_000;

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 100;

/// The documents of a text, empty ones left out. Nothing, if any of it cannot be read, or if a key stands
/// twice or is merged in.
pub fn documents(text: &str) -> Option<Vec<Document>> {
    let mut found = Vec::new();
    let mut left = MAX_NODES;
    for chunk in split::chunks(text) {
        for document in parse(text, chunk.ok()?.span).ok()? {
            let root = Cursor::root(&document, text);
            check(root, 0, &mut left)?;
            if !root.is_null() {
                found.push(document);
            }
        }
    }
    Some(found)
}

/// Whether the node and all below it reads the same to every reader.
pub fn is_strict(node: Cursor<'_>) -> bool {
    check(node, 0, &mut MAX_NODES.clone()).is_some()
}

fn check(node: Cursor<'_>, depth: usize, left: &mut usize) -> Option<()> {
    *left = left.checked_sub(1)?;
    if depth > MAX_DEPTH {
        return None;
    }
    let node = node.target();
    match node.kind() {
        Kind::Scalar | Kind::Alias => node.value().ok().map(|_| ()),
        Kind::Sequence => node.items().try_for_each(|item| check(item, depth + 1, left)),
        Kind::Mapping => {
            let mut names = BTreeSet::new();
            let mut pairs = node.pairs();
            if node.node().has_merge {
                return None;
            }
            pairs.try_for_each(|(key, value)| {
                names.insert(key.key().ok()?).then_some(())?;
                check(value, depth + 1, left)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_twice_is_not_read() {
        let count = |text| documents(text).map(|documents| documents.len());
        assert_eq!(count("a: 1\n"), Some(1));
        assert_eq!(count("---\n# nothing\n---\na: [b, {c: d}]\n"), Some(1));
        assert_eq!(count("a: 1\na: 2\n"), None);
        assert_eq!(count("a: &x {b: c}\nd:\n  <<: *x\n"), None);
        assert_eq!(count("a: [\n"), None);
    }
}
