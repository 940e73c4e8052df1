//! Proves that the text after an edit means the same as before, except for the keys that it changed.

use super::path::{Route, Step};
use super::tape::{Kind, Style};
use super::{Cursor, scalar};
use std::borrow::Cow;

/// A place that an edit may have changed: a path of fields and items from the root, and the new
/// value of the last field (`None`: it must be absent).
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
    /// As a new key with a quoted value, or as the replacement of a value that is not kept.
    Anew,
    /// As a new key with the boolean `true`.
    True,
    /// As the replacement of another text, in the style of that text; with quotes if it would not
    /// be a string otherwise.
    Over,
}

/// Whether `after` equals `before` except for the `changes`, and contains each of them. Along a
/// path, a mapping that is absent, null or empty on one side may be any of these on the other.
pub fn only_changes<'c>(
    before: Cursor<'_>,
    after: Cursor<'_>,
    changes: impl IntoIterator<Item = &'c Change>,
) -> bool {
    let changes = changes.into_iter();
    let open: Vec<(&[Step], &Change)> = changes.map(|c| (&c.path[..], c)).collect();
    same(Some(before), Some(after), &open)
}

fn same(
    before: Option<Cursor<'_>>,
    after: Option<Cursor<'_>>,
    open: &[(&[Step], &Change)],
) -> bool {
    if open.is_empty() {
        return match (before, after) {
            (None, None) => true,
            (Some(before), Some(after)) => equal(before, after),
            _ => false,
        };
    }
    if let [([], change)] = open {
        return match (&change.value, after) {
            (None, None) => true,
            (Some(value), Some(after)) => is_written(before, after, value, change.wrote),
            _ => false,
        };
    }
    if before.is_some_and(Cursor::is_sequence) {
        let (Some(before), Some(after)) = (before, after) else { return false };
        let (xs, ys): (Vec<_>, Vec<_>) = (before.children().collect(), after.children().collect());
        return xs.len() == ys.len()
            && xs
                .iter()
                .zip(&ys)
                .enumerate()
                .all(|(i, (&x, &y))| same(Some(x), Some(y), &descend(open, &Step::Item(i))));
    }
    let (Some(xs), Some(ys)) = (fields(before), fields(after)) else { return false };
    // Compares all fields that are not on a path, in order; then each field on a path.
    let is_on_path = |field: &str| {
        let mut paths = open.iter().map(|(path, _)| path.first());
        paths.any(|first| matches!(first, Some(Step::Field(name)) if name == field))
    };
    let off_path = |fields: &&(Cow<'_, str>, Cursor<'_>)| !is_on_path(&fields.0);
    let (mut xs_rest, mut ys_rest) = (xs.iter().filter(off_path), ys.iter().filter(off_path));
    let same_rest = loop {
        match (xs_rest.next(), ys_rest.next()) {
            (None, None) => break true,
            (Some((n, x)), Some((m, y))) if n == m && equal(*x, *y) => {}
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
            let inner = descend(open, &Step::Field((*name).into()));
            same(find(&xs, name), find(&ys, name), &inner)
        })
}

fn find<'a>(fields: &[(Cow<'a, str>, Cursor<'a>)], name: &str) -> Option<Cursor<'a>> {
    fields.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
}

/// Whether a value is at the place where an edit wrote it.
fn is_written(before: Option<Cursor<'_>>, after: Cursor<'_>, value: &str, wrote: Wrote) -> bool {
    match wrote {
        Wrote::True => before.is_none() && after.is_true(),
        Wrote::Over => before.is_some_and(|before| is_over(before, after, value)),
        Wrote::Anew => {
            after.style() != Style::Plain && after.str().is_some_and(|text| text == value)
        }
    }
}

/// Whether a text replaced another one, in its style.
fn is_over(before: Cursor<'_>, after: Cursor<'_>, value: &str) -> bool {
    before.kind() == Kind::Scalar
        && after.kind() == Kind::Scalar
        && (before.style() == after.style()
            || (before.style() == Style::Plain && after.style() == Style::Double))
        && before.tag() == after.tag()
        && before.str().is_some()
        && after.str().as_deref() == Some(value)
}

fn descend<'a>(open: &[(&'a [Step], &'a Change)], step: &Step) -> Vec<(&'a [Step], &'a Change)> {
    open.iter()
        .filter(|(path, _)| path.first() == Some(step))
        .map(|(path, change)| (&path[1..], *change))
        .collect()
}

/// The fields of a mapping as names and values; no fields for an absent node or null.
fn fields(node: Option<Cursor<'_>>) -> Option<Vec<(Cow<'_, str>, Cursor<'_>)>> {
    let Some(node) = node else { return Some(Vec::new()) };
    if node.is_mapping() {
        let text = node.text();
        let name = |key: Cursor<'_>| scalar::decode(text, key.node()).ok();
        return node.pairs().map(|(key, value)| Some((name(key)?, value))).collect();
    }
    (node.kind() == Kind::Scalar && node.is_null()).then(Vec::new)
}

/// Whether two nodes are written in the same way: same kind, style, anchor, tag and decoded text
/// throughout.
fn equal(before: Cursor<'_>, after: Cursor<'_>) -> bool {
    before.subtree().len() == after.subtree().len()
        && before.subtree_cursors().zip(after.subtree_cursors()).all(|(x, y)| {
            x.kind() == y.kind()
                && x.style() == y.style()
                && x.subtree().len() == y.subtree().len()
                && match x.kind() {
                    Kind::Scalar => {
                        let decoded = |node: Cursor<'_>| {
                            scalar::decode(node.text(), node.node()).ok().map(Cow::into_owned)
                        };
                        x.raw() == y.raw() || decoded(x).is_some_and(|x| Some(x) == decoded(y))
                    }
                    Kind::Alias => x.raw() == y.raw(),
                    Kind::Mapping | Kind::Sequence => true,
                }
                && x.tag() == y.tag()
        })
}
