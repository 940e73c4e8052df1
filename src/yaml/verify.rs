//! Proves that the text after an edit means the same as before, except for the keys that it changed.

use super::path::{Route, Step};
use super::tape::{Document, Kind, NodeId, Style};
use super::{resolve, scalar};
use std::borrow::Cow;

/// A place that an edit may have changed: a path of fields and items from the root, and what
/// the last field must now read (`None`: it must be gone).
#[derive(Clone, Debug)]
pub struct Change {
    /// The path from the root of the document.
    pub path: Route,
    /// The value that was written.
    pub value: Option<String>,
    /// How the edit wrote it.
    pub wrote: Wrote,
}

/// How an edit wrote a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    /// As a new key with a quoted value, or in the place of another value.
    Anew,
    /// As a new key with the boolean `true`.
    True,
    /// Over another text, in the style of that text; in quotes if it would not be a string without.
    Over,
}

/// A document and the text that its spans point into.
#[derive(Clone, Copy)]
pub struct Read<'a> {
    /// The nodes.
    pub document: &'a Document,
    /// The text.
    pub text: &'a str,
}

/// Whether `after` equals `before` but for the `changes`, and holds each of them. Along a path, a
/// mapping that is absent, null or empty on one side may be any of these on the other.
pub fn only_changes<'c>(
    before: Read<'_>,
    after: Read<'_>,
    changes: impl IntoIterator<Item = &'c Change>,
) -> bool {
    let changes = changes.into_iter();
    let open: Vec<(&[Step], &Change)> = changes.map(|c| (&c.path[..], c)).collect();
    same(before, Some(before.document.root()), after, Some(after.document.root()), &open)
}

fn same(
    before: Read<'_>,
    a: Option<NodeId>,
    after: Read<'_>,
    b: Option<NodeId>,
    open: &[(&[Step], &Change)],
) -> bool {
    if open.is_empty() {
        return match (a, b) {
            (None, None) => true,
            (Some(a), Some(b)) => equal(before, a, after, b),
            _ => false,
        };
    }
    if let [([], change)] = open {
        return match (&change.value, b) {
            (None, None) => true,
            (Some(value), Some(b)) => {
                if change.wrote == Wrote::True {
                    let written = resolve::value(after.document, after.text, b);
                    return a.is_none() && written == Ok(resolve::Value::Bool(true));
                }
                if change.wrote == Wrote::Over {
                    return a.is_some_and(|a| is_over(before, a, after, b, value));
                }
                after.document.node(b).style != Style::Plain
                    && matches!(resolve::value(after.document, after.text, b), Ok(resolve::Value::Str(s)) if s == value.as_str())
            }
            _ => false,
        };
    }
    let kind = |side: Read<'_>, node: Option<NodeId>| node.map(|n| side.document.node(n).kind);
    if kind(before, a) == Some(Kind::Sequence) {
        let (Some(a), Some(b)) = (a, b) else {
            return false;
        };
        let (xs, ys): (Vec<_>, Vec<_>) =
            (before.document.children(a).collect(), after.document.children(b).collect());
        return xs.len() == ys.len()
            && xs.iter().zip(&ys).enumerate().all(|(i, (&x, &y))| {
                let inner: Vec<_> = descend(open, &Step::Item(i));
                same(before, Some(x), after, Some(y), &inner)
            });
    }
    let (Some(xs), Some(ys)) = (fields(before, a), fields(after, b)) else {
        return false;
    };
    // Everything off the paths, in order; then each field on a path.
    let off_path = |fields: &&(Cow<'_, str>, NodeId)| {
        !open
            .iter()
            .any(|(path, _)| matches!(path.first(), Some(Step::Field(name)) if **name == *fields.0))
    };
    let (mut xs_rest, mut ys_rest) = (xs.iter().filter(off_path), ys.iter().filter(off_path));
    let same_rest = loop {
        match (xs_rest.next(), ys_rest.next()) {
            (None, None) => break true,
            (Some((n, x)), Some((m, y))) if n == m && equal(before, *x, after, *y) => {}
            _ => break false,
        }
    };
    let mut names: Vec<&str> = open
        .iter()
        .filter_map(|(path, _)| match path.first() {
            Some(Step::Field(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    same_rest
        && names.iter().all(|name| {
            let find = |fields: &[(Cow<'_, str>, NodeId)]| {
                fields.iter().find(|(n, _)| n == name).map(|(_, v)| *v)
            };
            let inner = descend(open, &Step::Field((*name).into()));
            same(before, find(&xs), after, find(&ys), &inner)
        })
}

/// Whether a text replaced another one in the same style.
fn is_over(before: Read<'_>, a: NodeId, after: Read<'_>, b: NodeId, value: &str) -> bool {
    let (was, is) = (before.document.node(a), after.document.node(b));
    let string = |side: Read<'_>, node| match resolve::value(side.document, side.text, node) {
        Ok(resolve::Value::Str(text)) => Some(text.into_owned()),
        _ => None,
    };
    was.kind == Kind::Scalar
        && is.kind == Kind::Scalar
        && (was.style == is.style || (was.style == Style::Plain && is.style == Style::Double))
        && before.document.tag(a) == after.document.tag(b)
        && string(before, a).is_some()
        && string(after, b).as_deref() == Some(value)
}

fn descend<'a>(open: &[(&'a [Step], &'a Change)], step: &Step) -> Vec<(&'a [Step], &'a Change)> {
    open.iter()
        .filter(|(path, _)| path.first() == Some(step))
        .map(|(path, change)| (&path[1..], *change))
        .collect()
}

/// The fields of a mapping as names and values; of nothing or null, none.
fn fields<'a>(side: Read<'a>, node: Option<NodeId>) -> Option<Vec<(Cow<'a, str>, NodeId)>> {
    let Some(node) = node else {
        return Some(Vec::new());
    };
    match side.document.node(node).kind {
        Kind::Mapping => side
            .document
            .pairs(node)
            .map(|(key, value)| {
                let text = scalar::decode(side.text, side.document.node(key)).ok()?;
                Some((text, value))
            })
            .collect(),
        Kind::Scalar => {
            let null = resolve::value(side.document, side.text, node) == Ok(resolve::Value::Null);
            null.then(Vec::new)
        }
        _ => None,
    }
}

/// Whether two nodes, with all nodes below them, have the same kind, style, anchor, tag and decoded text.
fn equal(before: Read<'_>, a: NodeId, after: Read<'_>, b: NodeId) -> bool {
    let (first, last) = (a.0, before.document.node(a).jump);
    let (other, other_last) = (b.0, after.document.node(b).jump);
    if last - first != other_last - other {
        return false;
    }
    (first..last).zip(other..other_last).all(|(i, j)| {
        let (i, j) = (NodeId(i), NodeId(j));
        let (x, y) = (before.document.node(i), after.document.node(j));
        x.kind == y.kind
            && x.style == y.style
            && x.jump - i.0 == y.jump - j.0
            && match x.kind {
                Kind::Scalar => {
                    x.span.of(before.text) == y.span.of(after.text)
                        || (scalar::decode(before.text, x).is_ok()
                            && scalar::decode(before.text, x) == scalar::decode(after.text, y))
                }
                Kind::Alias => x.span.of(before.text) == y.span.of(after.text),
                Kind::Mapping | Kind::Sequence => true,
            }
            && before.document.tag(i) == after.document.tag(j)
    })
}
