//! The decisions of Reloader and Wave about a workload, from annotations, options and names only.
//!
//! If the code of a controller and its documentation differ, the code counts.
//! `tests/it/patterns.rs` compares the decisions with recorded decisions of the code.

pub mod labels;
pub mod migration;
pub mod pattern;
pub mod reloader;
pub mod selection;
pub mod wave;

use smol_str::SmolStr;

/// The annotations of an object or of a pod template; if a key occurs twice, the last one counts.
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

/// Whether Go's `strconv.ParseBool` returns true. All other texts are false, also those that it
/// refuses.
fn is_go_true(value: Option<&str>) -> bool {
    matches!(value, Some("1" | "t" | "T" | "TRUE" | "true" | "True"))
}
