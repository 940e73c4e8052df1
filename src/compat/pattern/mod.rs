//! Patterns in the syntax of Go's `regexp` (`regexp/syntax/parse.go` of Go 1.26, flags `Perl`),
//! translated to the syntax tree of the `regex` crates.
//!
//! Both syntaxes differ in the patterns that they accept and in their meaning, so a pattern is
//! never passed on as text: this is a port of Go's parser, with the same cases. Object names are
//! ASCII, so Unicode tables are reduced to ASCII. A pattern whose meaning is not the same in every
//! version of Go is refused.

mod class;
mod parser;

pub use parser::Unusable;

use regex_automata::meta;

/// A pattern, compiled.
#[derive(Debug)]
pub struct Pattern(meta::Regex);

/// The maximum size of a compiled pattern in bytes.
const MAX_COMPILED: usize = 4 << 20;

impl Pattern {
    /// The pattern that Reloader makes of an entry of a list: it puts `^` and `$` around the text
    /// without a group, so that `a|b` means `^a` or `b$`, and a trailing `\` escapes the `$`.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub fn of_entry(entry: &str) -> Result<Self, Unusable> {
        Self::new(&format!("^{entry}$"))
    }

    /// Compiles a pattern of Go.
    ///
    /// # Errors
    /// See [`Unusable`].
    pub fn new(pattern: &str) -> Result<Self, Unusable> {
        let tree = parser::parse(pattern)?;
        let config = meta::Config::new().nfa_size_limit(Some(MAX_COMPILED));
        meta::Builder::new()
            .configure(config)
            .build_from_hir(&tree)
            .map(Self)
            .map_err(|_| Unusable::Untranslated("it is too large"))
    }

    /// Whether the pattern matches somewhere in a text.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}
