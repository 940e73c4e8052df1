//! Texts and places in them. This is the lowest module: it imports nothing.

pub mod input;

use std::borrow::Cow;
use std::fmt;

/// The texts of a run that are in memory. Only `io` reads the others again.
///
/// A text never changes while the program runs. If a text that is read again has changed, the run
/// ends ([`Changed`]) or the file is not edited.
#[derive(Default)]
pub struct Texts(Vec<Option<Cow<'static, str>>>);

impl Texts {
    /// Adds the text of the next file; `None` if the text is not kept.
    pub fn push(&mut self, text: Option<Cow<'static, str>>) {
        self.0.push(text);
    }

    /// The text of a file, if it is in memory.
    pub fn get(&self, file: FileId) -> Option<&str> {
        self.0.get(file.index())?.as_deref()
    }

    /// Keeps a text that was read again.
    pub fn keep(&mut self, file: FileId, text: String) {
        self.0[file.index()] = Some(Cow::Owned(text));
    }

    /// Frees a text that can be read again.
    pub fn forget(&mut self, file: FileId) {
        self.0[file.index()] = None;
    }
}

/// The text of a file changed after it was first read.
#[derive(Debug)]
pub struct Changed {
    /// The name of the file.
    pub name: String,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} changed while it was being worked on; run the command again", self.name)
    }
}

impl std::error::Error for Changed {}

/// The maximum size of a text, in bytes: offsets have 32 bits.
pub const MAX_TEXT: usize = 1 << 30;

/// The number of an input file of a run, from 0 in the order of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

impl FileId {
    /// The position of the file in lists of files.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A range of bytes in the text of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span over `start..end`; both at most [`MAX_TEXT`].
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: offset(start), end: offset(end) }
    }

    /// The span as a range of indices.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text under the span.
    pub fn of(self, text: &str) -> &str {
        &text[self.range()]
    }

    /// The span of the same bytes in a text that has `by` more bytes before them.
    #[must_use]
    pub fn behind(self, by: u32) -> Self {
        Self { start: self.start + by, end: self.end + by }
    }

    /// Whether the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// Turns a byte offset into its 32-bit form; texts are at most [`MAX_TEXT`] bytes long.
pub fn offset(byte: usize) -> u32 {
    debug_assert!(byte <= MAX_TEXT);
    byte as u32
}

/// A span in a file: the place of a node or a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes in its text.
    pub span: Span,
}

/// A line and a column as editors count them, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The position of a byte offset; an offset past the end means the end.
pub fn position(text: &str, byte: usize) -> Position {
    let byte = byte.min(text.len());
    let before = &text.as_bytes()[..byte];
    let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    // A continuation byte of UTF-8 starts no character.
    let column = before[line_start..].iter().filter(|&&b| b & 0xC0 != 0x80).count() + 1;
    Position { line, column }
}

/// The byte range of the line that holds `byte`, without its line end.
pub fn line_range(text: &str, byte: usize) -> std::ops::Range<usize> {
    let byte = byte.min(text.len());
    let bytes = text.as_bytes();
    let start = memchr::memrchr(b'\n', &bytes[..byte]).map_or(0, |i| i + 1);
    let mut end = memchr::memchr(b'\n', &bytes[byte..]).map_or(bytes.len(), |i| byte + i);
    if end > start && bytes[end - 1] == b'\r' {
        end -= 1;
    }
    start..end
}

/// The blanks before a byte, if its line begins with nothing else.
pub fn blanks_before(text: &str, byte: usize) -> Option<&str> {
    let before = &text[line_range(text, byte).start..byte];
    before.bytes().all(|b| b == b' ').then_some(before)
}

/// The first byte after the lines of a text before `end`: `end` itself if a line feed stands before it,
/// otherwise the byte after the next line feed, or the end of the text.
pub fn end_of_lines(text: &str, end: usize) -> usize {
    if text[..end].ends_with('\n') {
        return end;
    }
    memchr::memchr(b'\n', &text.as_bytes()[end..]).map_or(text.len(), |at| end + at + 1)
}

/// The words of a text that may be names of objects, in order, each with its byte offset. A word
/// consists of letters, digits, dashes and dots; dashes and dots at the end of a word do not belong
/// to it.
pub fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let words = text.split(move |c| !is_of_name(c)).filter(|word| !word.is_empty());
    words.map(|word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (start, word.trim_matches(['-', '.']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let text = "a\nb\u{e9}c: d\r\nend";
        assert_eq!(position(text, 0), Position { line: 1, column: 1 });
        let c = text.find('c').unwrap();
        assert_eq!(position(text, c), Position { line: 2, column: 3 });
        assert_eq!(position(text, 999), Position { line: 3, column: 4 });
        assert_eq!(&text[line_range(text, c)], "b\u{e9}c: d");
    }
}
