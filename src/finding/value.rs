//! The reasons why the API server refuses a key of a ConfigMap or Secret.

use crate::k8s::limits::KeyFlaw;

/// Completes "the key is ...".
pub fn key_flaw(flaw: KeyFlaw) -> &'static str {
    match flaw {
        KeyFlaw::Empty => "empty",
        KeyFlaw::TooLong => "longer than 253 bytes",
        KeyFlaw::Character => "not made of letters, digits, `-`, `_` and `.` alone",
        KeyFlaw::Dot => "a dot alone",
        KeyFlaw::TwoDots => "one that begins with two dots",
    }
}
