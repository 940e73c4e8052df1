//! What Reloader and Wave decide about a workload, from annotations, options and names alone.
//!
//! The decisions are those of the controllers' code where it and its documentation differ.
//! `tests/it/patterns.rs` compares them with what the code itself decided.

pub mod labels;
pub mod migration;
pub mod pattern;
pub mod reloader;
pub mod selection;
pub mod wave;

use smol_str::SmolStr;

/// The annotations of an object or of a pod template; of two with one key the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations(pub Vec<(SmolStr, String)>);

impl Annotations {
    /// The value of an annotation.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut entries = self.0.iter().rev();
        entries.find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Whether an annotation is exactly `true`.
    fn is_true(&self, key: &str) -> bool {
        self.get(key) == Some("true")
    }
}

/// What Go's `strconv.ParseBool` takes for true. Anything else is false, also what it refuses.
fn is_go_true(value: Option<&str>) -> bool {
    matches!(value, Some("1" | "t" | "T" | "TRUE" | "true" | "True"))
}
