//! LIMITS: what the API server accepts as a ConfigMap or a Secret.
//!
//! From `pkg/apis/core/validation` (`ValidateConfigMap`, `ValidateSecret`) and
//! `apimachinery/pkg/util/validation` (`IsConfigMapKey`) of Kubernetes; both sizes and the key in
//! both fields were confirmed on kube-apiserver 1.36.

/// The most bytes that all values of one object may have together, decoded (`MaxSecretSize`).
pub const MAX_CONTENT: usize = 1_048_576;

/// The most bytes that all annotations of one object may have together (`TotalAnnotationSizeLimitB`).
/// Client-side apply writes the whole object into one.
pub const MAX_ANNOTATIONS: usize = 262_144;

/// The most bytes of a key.
pub const MAX_KEY: usize = 253;

/// Why a key is refused: completes "the key is ...".
pub fn key_flaw(key: &str) -> Option<&'static str> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if key.is_empty() {
        Some("empty")
    } else if key.len() > MAX_KEY {
        Some("longer than 253 bytes")
    } else if !key.bytes().all(is_allowed) {
        Some("not made of letters, digits, `-`, `_` and `.` alone")
    } else if key == "." {
        Some("a dot alone")
    } else if key.starts_with("..") {
        Some("one that begins with two dots")
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
