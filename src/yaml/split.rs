//! Splits a stream into the chunks that `kubectl` reads one after the other.
//!
//! A line that begins with `---` ends a document in any place, also inside quotes or a block scalar
//! (YAML 1.2.2, production 206; apimachinery `yaml.YAMLReader`). Only white space and a comment may
//! follow on the line.

use super::SyntaxError;
use crate::text::Span;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// The text between two document markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The bytes between the markers, without them.
    pub span: Span,
    /// The marker line before it; `None` for the first chunk.
    pub marker: Option<Span>,
}

/// The chunks of a text in order, and the marker lines that `kubectl` refuses.
pub fn chunks(text: &str) -> impl Iterator<Item = Result<Chunk, SyntaxError>> + '_ {
    chunks_of(text, Span::new(0, text.len()))
}

/// The chunks of one of the [`parts`] of a text.
pub fn chunks_of(text: &str, part: Span) -> impl Iterator<Item = Result<Chunk, SyntaxError>> + '_ {
    let bytes = &text.as_bytes()[..part.end as usize];
    // A byte order mark is allowed only at the very start.
    let at_start = part.start == 0 && text.starts_with('\u{feff}');
    let first = if at_start { 3 } else { part.start as usize };
    let mut state = Some((first, None));
    std::iter::from_fn(move || {
        let (start, marker) = state?;
        let (end, next) = match next_marker(bytes, start) {
            None => (bytes.len(), None),
            Some(at) => {
                let line_end =
                    memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i + 1);
                (at, Some((line_end, Some(Span::new(at, line_end)))))
            }
        };
        state = next;
        if let Some(marker) = marker {
            let rest = Span::of(marker, text)[3..].trim_end_matches([' ', '\t', '\r', '\n']);
            let comment = rest.trim_start_matches([' ', '\t']);
            // kubectl accepts a comment without a blank before it only in some places.
            let good = rest.is_empty() || (comment.starts_with('#') && comment.len() < rest.len());
            if !good {
                return Some(Err(SyntaxError::refused(
                    marker.start as usize,
                    "text behind the document marker `---` on its line, which kubectl refuses; move it to the next line",
                )));
            }
        }
        Some(Ok(Chunk { span: Span::new(start, end), marker }))
    })
}

/// Cuts a text at document markers into parts of at least `size` bytes, each of which can be read
/// separately.
pub fn parts(text: &str, size: usize) -> Vec<Span> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut start = 0;
    while bytes.len() - start > size {
        let from = start + size;
        let Some(at) = MARKER.find(&bytes[from..]) else { break };
        let end = from + at + 1;
        parts.push(Span::new(start, end));
        start = end;
    }
    parts.push(Span::new(start, bytes.len()));
    parts
}

/// Finds a line that begins with `---` behind another line.
static MARKER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\n---"));

/// The next line from `from` on that begins with `---`. `from` is the start of a line.
fn next_marker(bytes: &[u8], from: usize) -> Option<usize> {
    if bytes[from..].starts_with(b"---") {
        return Some(from);
    }
    MARKER.find(&bytes[from..]).map(|i| from + i + 1)
}
