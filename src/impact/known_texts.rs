//! Compares two documents of a workload without parsing them again. This works if the documents differ only in
//! [`KnownText`]s: annotations, labels and images of the pod template.

use crate::extract::{KnownText, KnownTextKind};
use crate::text::Span;
use crate::yaml::scalar;
use std::borrow::Cow;

/// A document with the known texts of its pod template.
#[derive(Clone, Copy)]
pub(super) struct SpottedDocument<'a> {
    /// The text of its file.
    pub(super) text: &'a str,
    /// The bytes of the document in this text.
    pub(super) span: Span,
    /// The known texts, in the order in which a comparison names them.
    pub(super) spots: &'a [KnownText],
}

/// A known text that differs between the two states.
pub(super) struct ChangedSpot<'a> {
    /// What the text is.
    pub(super) is: &'a KnownTextKind,
    pub(super) before: Cow<'a, str>,
    pub(super) after: Cow<'a, str>,
}

/// The known texts in which two documents differ, in the order in which a comparison names them. `None` if the
/// documents may also differ in another place.
pub(super) fn changed<'a>(
    was: SpottedDocument<'a>,
    is: SpottedDocument<'a>,
) -> Option<Vec<ChangedSpot<'a>>> {
    let (old, new) = (in_order(was), in_order(is));
    if old.len() != new.len() {
        return None;
    }
    let (mut from, mut found) = ((was.span.start, is.span.start), Vec::new());
    for (&(_, old), &(number, new)) in old.iter().zip(&new) {
        let before = between(was, from.0, old.place.start)?;
        if old.is != new.is || before != between(is, from.1, new.place.start)? {
            return None;
        }
        from = (old.place.end, new.place.end);
        let raw = (old.place.of(was.text), new.place.of(is.text));
        if raw.0 != raw.1 {
            let before = scalar::decode_raw(raw.0, old.style).ok()?;
            let after = scalar::decode_raw(raw.1, new.style).ok()?;
            if before != after {
                found.push((number, ChangedSpot { is: &new.is, before, after }));
            }
        }
    }
    if between(was, from.0, was.span.end)? != between(is, from.1, is.span.end)? {
        return None;
    }
    found.sort_by_key(|(number, _)| *number);
    Some(found.into_iter().map(|(_, changed)| changed).collect())
}

/// The known texts in the order of the document, each with its position in `spots`.
fn in_order(document: SpottedDocument<'_>) -> Vec<(usize, &KnownText)> {
    let mut spots: Vec<(usize, &KnownText)> = document.spots.iter().enumerate().collect();
    spots.sort_by_key(|(_, spot)| spot.place);
    spots
}

/// The part of a document between two bytes of its text.
fn between(document: SpottedDocument<'_>, start: u32, end: u32) -> Option<&str> {
    document.text.get(start as usize..end as usize)
}
