//! Successful checks of edits, shared by several runs over nearly the same texts.

use crate::yaml::verify::{Change, Wrote};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The edits that were checked. A stamp is 64 hexadecimal digits in quotes. The digits do not
/// affect the meaning of the rest of the document, so two states that differ only in stamps need
/// one check.
#[derive(Default)]
pub struct Proofs(Mutex<BTreeSet<[u8; 32]>>);

impl Proofs {
    /// The key of an edited document.
    pub(super) fn key<'c>(
        document: &str,
        edited: &str,
        changes: impl IntoIterator<Item = &'c Change>,
    ) -> [u8; 32] {
        let mut edited = edited.to_owned();
        let mut hash = Sha256::new();
        for change in changes {
            let stamp = change.value.as_deref().filter(|value| is_stamp(value, change.wrote));
            if let Some(stamp) = stamp {
                edited = edited.replace(stamp, ANY);
            }
            let value = stamp.map_or(change.value.as_deref(), |_| Some(ANY));
            hash.update(format!("{:?}\n", (&change.path, value, change.wrote)));
        }
        hash.update(format!("{}\n", document.len()));
        hash.update(document);
        hash.update(edited);
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
    use crate::yaml::path::Step;

    #[test]
    fn stamps_are_alike_and_all_else_counts() {
        let key = |document: &str, before: &str, value: &str, wrote: Wrote| {
            let path = [Step::Field("a".into())].into_iter().collect();
            let change = Change { path, value: Some(value.to_owned()), wrote };
            Proofs::key(document, &format!("{before}{value}\n"), &[change])
        };
        let (one, other) = ("ab".repeat(32), "cd".repeat(32));
        let first = key("b: 1\n", "b: 1\na: ", &one, Wrote::Anew);
        assert_eq!(first, key("b: 1\n", "b: 1\na: ", &other, Wrote::Anew));
        assert_ne!(first, key("b: 2\n", "b: 1\na: ", &one, Wrote::Anew));
        assert_ne!(first, key("b: 1\n", "b: 2\na: ", &one, Wrote::Anew));
        assert_ne!(first, key("b: 1\n", "b: 1\na: ", "text", Wrote::Anew));
        let over = |value: &str| key("b: 1\n", "b: 1\na: ", value, Wrote::Over);
        assert_ne!(over(&one), over(&other));
    }
}
