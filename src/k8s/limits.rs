//! LIMITS: what the API server accepts as a ConfigMap or a Secret.
//!
//! From `pkg/apis/core/validation` (`ValidateConfigMap`, `ValidateSecret`) and
//! `apimachinery/pkg/util/validation` (`IsConfigMapKey`) of Kubernetes; both sizes and the key in
//! both fields were confirmed on kube-apiserver 1.36.

/// The limit for all values of one object together, decoded, in bytes (`MaxSecretSize`).
pub const MAX_CONTENT: usize = 1_048_576;

/// The limit for all annotations of one object together, in bytes (`TotalAnnotationSizeLimitB`).
/// Client-side apply writes the whole object, as JSON, into one annotation.
pub const MAX_ANNOTATIONS: usize = 262_144;

/// The limit for a key, in bytes.
pub const MAX_KEY: usize = 253;

/// Why the API server refuses a key. The sentences are in [`crate::finding::value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFlaw {
    /// It is empty.
    Empty,
    /// It has more than [`MAX_KEY`] bytes.
    TooLong,
    /// It has a character that is not allowed.
    Character,
    /// It is `.`.
    Dot,
    /// It begins with `..`, like files that the kubelet creates itself.
    TwoDots,
}

/// The reason why the API server refuses a key of a ConfigMap or Secret, if it does.
pub fn key_flaw(key: &str) -> Option<KeyFlaw> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if key.is_empty() {
        Some(KeyFlaw::Empty)
    } else if key.len() > MAX_KEY {
        Some(KeyFlaw::TooLong)
    } else if !key.bytes().all(is_allowed) {
        Some(KeyFlaw::Character)
    } else if key == "." {
        Some(KeyFlaw::Dot)
    } else if key.starts_with("..") {
        Some(KeyFlaw::TwoDots)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_judged_as_the_api_server_does() {
        for good in ["a", ".env", "a..b", "-", "_", "A.b-c_9", ".a", "..."] {
            assert_eq!(key_flaw(good).is_some(), good == "...", "{good}");
        }
        for bad in ["", ".", "..", "..a", "a b", "a/b", "ä", "a:b", "a\n"] {
            assert!(key_flaw(bad).is_some(), "{bad}");
        }
        assert!(key_flaw(&"a".repeat(253)).is_none());
        assert!(key_flaw(&"a".repeat(254)).is_some());
    }
}
