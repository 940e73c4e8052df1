//! The error about a text that is not YAML or is refused, and the limit for nested collections.

/// The limit for nested collections. `kubectl` has 10,000; real manifests stay below 40.
pub const MAX_DEPTH: usize = 1_000;

/// Why a chunk could not be read. The message holds no part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The byte offset in the text at which reading stopped.
    pub at: u32,
    /// A sentence fragment: lower case, no full stop, no part of the input.
    pub message: String,
    /// True if the text is legal YAML that is refused on purpose.
    pub refused: bool,
}

impl SyntaxError {
    /// The text is not YAML.
    pub fn broken(at: usize, message: impl Into<String>) -> Self {
        Self { at: crate::text::offset(at), message: message.into(), refused: false }
    }

    /// The text may be YAML, but `kubectl` refuses it or reads it differently.
    pub fn refused(at: usize, message: impl Into<String>) -> Self {
        Self { at: crate::text::offset(at), message: message.into(), refused: true }
    }
}
