//! Digest scheme v1. Frozen: `testdata/golden` holds vectors that can never change, because a
//! change would roll every stamped workload of every user.
//!
//! `stamp = hex(SHA-256("rollstamp/v1\n" + lines))`, one line for each key that is read:
//! `<Kind>/<name> TAB <key> TAB <hex digest of the value> LF`, sorted by bytes, equal lines once.
//! Nothing that rollstamp writes is part of a stamp, so a second run changes nothing.
//!
//! The values of other tools' checksums are computed in the same way, from other lines and with the
//! first line `rollstamp/foreign/v1`. That scheme is also frozen; see docs/scheme.md.

pub mod name_hash;

use crate::k8s::providers::Target;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// The key for digests of Secrets. It is as secret as the Secrets, so it has no Debug and no Display.
#[derive(Clone)]
pub struct HashKey(Vec<u8>);

impl HashKey {
    /// The key from the bytes of a key file, not trimmed. `None` if the file is empty.
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self(bytes))
    }
}

/// The digest of one value. Somebody who knows the digest of a Secret's value can check guesses of
/// the value, so the digest is never printed: no Debug, no Display.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ValueDigest([u8; 32]);

impl ValueDigest {
    /// SHA-256 of the bytes that the pod gets. For a Secret and with a key: HMAC-SHA-256.
    pub fn of(target: Target, value: &[u8], key: Option<&HashKey>) -> Self {
        if target == Target::Secret
            && let Some(key) = key
            && let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key.0)
        {
            mac.update(value);
            return Self(mac.finalize().into_bytes().into());
        }
        Self(Sha256::digest(value).into())
    }
}

/// The digest lines of one pod template, in any order and with duplicates until [`Lines::stamp`].
#[derive(Default)]
pub struct Lines(Vec<String>);

impl Lines {
    /// Adds one key that is read. `name` is the source's current name.
    pub fn add(&mut self, target: Target, name: &str, key: &str, digest: &ValueDigest) {
        self.add_of(target.name(), name, key, digest);
    }

    /// Adds one key of an object of any kind.
    pub fn add_of(&mut self, kind: &str, name: &str, key: &str, digest: &ValueDigest) {
        let mut line = String::with_capacity(kind.len() + name.len() + key.len() + 68);
        line.push_str(kind);
        line.push('/');
        line.push_str(name);
        line.push('\t');
        line.push_str(key);
        line.push('\t');
        push_hex(&mut line, &digest.0);
        line.push('\n');
        self.0.push(line);
    }

    /// The stamp: 64 lower-case hex digits.
    pub fn stamp(self) -> String {
        self.digest(b"rollstamp/v1\n")
    }

    /// The value of a checksum of another tool: 64 lower-case hex digits.
    pub fn foreign(self) -> String {
        self.digest(b"rollstamp/foreign/v1\n")
    }

    fn digest(mut self, scheme: &[u8]) -> String {
        self.0.sort_unstable();
        self.0.dedup();
        let mut hash = Sha256::new();
        hash.update(scheme);
        for line in &self.0 {
            hash.update(line.as_bytes());
        }
        let mut stamp = String::with_capacity(64);
        push_hex(&mut stamp, &hash.finalize());
        stamp
    }
}

/// Appends bytes as lower-case hex.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_line(key: Option<&HashKey>, target: Target) -> String {
        let mut lines = Lines::default();
        lines.add(target, "app-config", "LOG_LEVEL", &ValueDigest::of(target, b"INFO", key));
        lines.stamp()
    }

    #[test]
    fn the_worked_example_holds() {
        assert_eq!(
            one_line(None, Target::ConfigMap),
            "33b46b4c8cf00d06dbb5241b02781dfc6f1bffe1d9d798fa9347c702a9e3a5d0"
        );
    }

    #[test]
    fn a_key_changes_secrets_only() {
        let key = HashKey::new(b"k".to_vec());
        assert_eq!(one_line(key.as_ref(), Target::ConfigMap), one_line(None, Target::ConfigMap));
        assert_ne!(one_line(key.as_ref(), Target::Secret), one_line(None, Target::Secret));
        assert!(HashKey::new(Vec::new()).is_none());
    }

    #[test]
    fn lines_count_once_and_in_any_order() {
        let value = ValueDigest::of(Target::ConfigMap, b"1", None);
        let (mut one, mut two) = (Lines::default(), Lines::default());
        for (lines, keys) in [(&mut one, ["a", "b", "a"]), (&mut two, ["b", "a", "b"])] {
            for key in keys {
                lines.add(Target::ConfigMap, "x", key, &value);
            }
        }
        assert_eq!(one.stamp(), two.stamp());
        assert_ne!(Lines::default().stamp(), String::new());
    }
}
