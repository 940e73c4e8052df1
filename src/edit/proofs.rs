//! Successful checks of edits, shared by several runs over nearly the same texts.

use crate::text::Span;
use crate::yaml::EditSet;
use crate::yaml::verify::{Change, Wrote};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The edits that were checked. A stamp is 64 hexadecimal digits in quotes. The digits do not
/// affect the meaning of the rest of the document, so two states that differ only in stamps need
/// one check.
#[derive(Default)]
pub struct Proofs(Mutex<BTreeSet<[u8; 32]>>);

impl Proofs {
    /// The key of an edited document of a text: the document, the edits in it, and the expected changes.
    pub(super) fn key<'c>(
        text: &str,
        document: Span,
        edits: &EditSet,
        changes: impl IntoIterator<Item = &'c Change>,
    ) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut stamps = Vec::new();
        for change in changes {
            let stamp = change.value.as_deref().filter(|value| is_stamp(value, change.wrote));
            stamps.extend(stamp);
            let value = stamp.map_or(change.value.as_deref(), |_| Some(ANY));
            hash.update(format!("{:?}\n", (&change.path, value, change.wrote)));
        }
        for edit in edits.within(document) {
            let mut wrote = Cow::Borrowed(edit.replacement.as_str());
            for stamp in &stamps {
                if wrote.contains(stamp) {
                    wrote = Cow::Owned(wrote.replace(stamp, ANY));
                }
            }
            let place = [edit.span.start, edit.span.end].map(|at| at - document.start);
            hash.update(format!("{place:?} {}\n", wrote.len()));
            hash.update(&*wrote);
        }
        hash.update(format!("{}\n", document.end - document.start));
        hash.update(document.of(text));
        hash.finalize().into()
    }

    pub(super) fn has(&self, key: &[u8; 32]) -> bool {
        self.known().contains(key)
    }

    pub(super) fn add(&self, key: [u8; 32]) {
        self.known().insert(key);
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<[u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stand-in for every stamp.
const ANY: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn is_stamp(value: &str, wrote: Wrote) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    wrote == Wrote::Anew && value.len() == ANY.len() && value.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::offset;
    use crate::yaml::Edit;
    use crate::yaml::path::Step;

    #[test]
    fn stamps_are_alike_and_all_else_counts() {
        let key = |document: &str, before: &str, value: &str, wrote: Wrote| {
            let path = [Step::Field("a".into())].into_iter().collect();
            let change = Change { path, value: Some(value.to_owned()), wrote };
            let span = Span::new(document.len(), document.len());
            let edit = Edit { span, replacement: format!("{before}{value}\n") };
            let edits = EditSet::new(vec![edit]).unwrap();
            // The text before the document does not affect the key.
            let (text, by) = (format!("x: 1\n---\n{document}"), "x: 1\n---\n".len());
            let (text, by) = (text.as_str(), offset(by));
            let moved = edits.edits().iter().cloned();
            let moved = moved.map(|edit| Edit { span: edit.span.behind(by), ..edit }).collect();
            let moved = EditSet::new(moved).unwrap();
            let whole = Span::new(0, document.len());
            let alone = Proofs::key(document, whole, &edits, [&change]);
            assert_eq!(alone, Proofs::key(text, whole.behind(by), &moved, [&change]));
            alone
        };
        let (one, other) = ("ab".repeat(32), "cd".repeat(32));
        let first = key("b: 1\n", "a: ", &one, Wrote::Anew);
        assert_eq!(first, key("b: 1\n", "a: ", &other, Wrote::Anew));
        assert_ne!(first, key("b: 2\n", "a: ", &one, Wrote::Anew));
        assert_ne!(first, key("b: 1\n", "c: ", &one, Wrote::Anew));
        assert_ne!(first, key("b: 1\n", "a: ", "text", Wrote::Anew));
        let over = |value: &str| key("b: 1\n", "a: ", value, Wrote::Over);
        assert_ne!(over(&one), over(&other));
    }
}
