//! Finds texts that kustomize reads or prints otherwise than `kubectl` reads them: a stamp from the
//! file would not be the stamp of the applied manifests. The rules were found by running both
//! programs on unusual texts.

use crate::finding::divergence::Oddity;
use crate::text::Span;
use crate::yaml::{Cursor, Document, Kind, NodeId, Style, documents, scalar, timestamp};

/// The documents of a text that kustomize and `kubectl` read differently, or may, and why.
pub(super) fn differently(text: &str) -> Vec<(Span, Oddity)> {
    documents(text).filter_map(|document| Some((document.span, odd(&document, text)?))).collect()
}

fn odd(document: &Document, text: &str) -> Option<Oddity> {
    let nodes = &document.tape.nodes;
    let ends_open = document.span.end as usize == text.len() && !text.ends_with('\n');
    if let Some(last) = nodes.last()
        && ends_open
        && matches!(last.style, Style::Literal | Style::Folded)
        && scalar::header(last.span.of(text)).chomping >= 0
    {
        return Some(Oddity::OpenBlock);
    }
    for (at, node) in nodes.iter().enumerate() {
        let cursor = Cursor::root(document, text).to(NodeId(crate::text::offset(at)));
        if node.has_merge {
            return Some(Oddity::MergeKey);
        }
        if cursor.tag().is_some() {
            return Some(Oddity::Tag);
        }
        if node.style == Style::Folded {
            return Some(Oddity::Folded);
        }
        let is_plain = node.kind == Kind::Scalar && node.style == Style::Plain;
        if is_plain && timestamp::may_be_read(cursor.raw()) {
            return Some(Oddity::Date);
        }
        if cursor.pairs().any(|(key, _)| key.str().is_none()) {
            return Some(Oddity::KeyNotString);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> Option<Oddity> {
        differently(text).first().map(|(_, why)| *why)
    }

    #[test]
    fn what_both_read_alike_passes() {
        assert_eq!(why("data:\n  a: \"2024-01-01\"\n  b: |\n    x\n  c: it's - 1-2 x\n"), None);
        assert_eq!(why("data:\n  b: |-\n    x"), None);
    }

    #[test]
    fn what_they_read_differently_is_told() {
        for text in [
            "data:\n  a: 2024-01-01\n",
            "data:\n  on: x\n",
            "data:\n  80: x\n",
            "data:\n  a: >\n    x\n      y\n",
            "data:\n  a: |\n    x",
            "data:\n  a: !!str x\n",
            "x: &x {a: b}\ndata:\n  <<: *x\n",
        ] {
            assert!(why(text).is_some(), "{text}");
        }
    }
}
