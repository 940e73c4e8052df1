//! YAML and JSON as text with spans. This module knows nothing of Kubernetes, does no I/O and never
//! panics on any input.
//!
//! [`split::chunks`] cuts a stream at its document markers, [`parse`] turns a chunk into
//! [`Document`]s: a [`tape::Tape`] of nodes whose spans point into the text. Scalars are decoded
//! only on demand ([`scalar`], [`resolve`]), and always as `kubectl` reads them: by go-yaml's YAML
//! 1.1 rules. [`insert`] finds the place where a key can be added or
//! removed, and [`verify`] proves that an edit changed nothing else.
//!
//! Some texts are refused with a message, because `kubectl` refuses them or reads them differently:
//! directives, byte order marks inside a stream, text after a `---` or a `...`, the line separators
//! of Unicode outside of JSON, alias bombs, nesting deeper than [`MAX_DEPTH`].

mod error;
pub mod canonical;
pub(crate) mod timestamp;
pub mod edit;
pub mod fast;
pub mod granit;
pub mod insert;
pub mod json;
pub mod cursor;
pub mod path;
mod reject;
pub mod resolve;
pub mod scalar;
pub mod split;
pub mod strict;
pub mod tape;
pub mod value;
pub mod verify;

pub use cursor::Cursor;
pub use edit::{Edit, EditSet};
pub use error::{MAX_DEPTH, SyntaxError};
pub use split::Chunk;
pub use tape::{Document, Kind, Node, NodeId, Style, Tape};

use crate::text::Span;

/// Reads one chunk of `text` into its documents: none for a chunk of comments, one for YAML,
/// and as many as there are for JSON values one after the other.
///
/// # Errors
/// A [`SyntaxError`] at the first place that is not YAML, or that is refused.
pub fn parse(text: &str, chunk: Span) -> Result<Vec<Document>, SyntaxError> {
    let body = chunk.of(text);
    let blanks = body.len() - body.trim_start_matches([' ', '\t', '\r', '\n']).len();
    // kubectl looks for the brace in the first 4,096 bytes.
    if blanks < 4_096
        && body[blanks..].starts_with('{')
        && let Some(documents) = json::parse(text, chunk)?
    {
        return Ok(documents);
    }
    if let Ok(document) = fast::parse(text, chunk) {
        return Ok(document.into_iter().collect());
    }
    Ok(parse_fully(text, chunk)?.into_iter().collect())
}

/// The documents of a text, except those that cannot be read.
pub fn documents(text: &str) -> impl Iterator<Item = Document> {
    let chunks = split::chunks(text).filter_map(Result::ok);
    chunks.flat_map(move |chunk| parse(text, chunk.span).unwrap_or_default())
}

/// Reads one chunk of YAML with the full parser only. [`parse`] must give the same result,
/// whichever parser it uses.
///
/// # Errors
/// As [`parse`].
pub fn parse_fully(text: &str, chunk: Span) -> Result<Option<Document>, SyntaxError> {
    reject::refuse_characters(chunk.of(text), chunk.start as usize)?;
    granit::parse(text, chunk)
}
