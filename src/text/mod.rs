//! Texts and places in them. The bottom module: it imports nothing.

pub mod input;

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

/// A text that was given to us, with the name people know it by. The text never changes.
pub struct InputFile {
    /// The path as it was named or found, with `/` between folders, or `<stdin>`.
    pub name: String,
    /// The whole text, UTF-8, at most [`MAX_TEXT`] bytes.
    pub text: Text,
}

/// A text that is here, or that can be read again: what nobody asks for needs no memory.
pub struct Text {
    here: OnceLock<Cow<'static, str>>,
    again: Option<Box<dyn Again>>,
}

/// Reads a text again.
pub trait Again: Send + Sync {
    /// The text, as it was when it was read first.
    ///
    /// # Errors
    /// When it cannot be read, or is another one by now.
    fn read(&self) -> Result<String, Changed>;
}

/// A text is not what it was.
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

impl Text {
    /// A text that stays here.
    pub fn here(text: impl Into<Cow<'static, str>>) -> Self {
        Self { here: OnceLock::from(text.into()), again: None }
    }

    /// A text that is not here.
    pub fn elsewhere(again: Box<dyn Again>) -> Self {
        Self { here: OnceLock::new(), again: Some(again) }
    }

    /// A text that is here until it is [forgotten](Self::forget).
    pub fn for_now(text: String, again: Box<dyn Again>) -> Self {
        Self { here: OnceLock::from(Cow::Owned(text)), again: Some(again) }
    }

    /// Lets go of what can be read again.
    pub fn forget(&mut self) -> Option<Cow<'static, str>> {
        self.again.as_ref()?;
        self.here.take()
    }

    /// The text, which stays here from now on.
    ///
    /// # Errors
    /// When it must be read again, and cannot.
    pub fn get(&self) -> Result<&str, Changed> {
        if let Some(text) = self.here.get() {
            return Ok(text);
        }
        let text = self.lend()?.into_owned();
        Ok(self.here.get_or_init(|| Cow::Owned(text)))
    }

    /// The text, for a look at it.
    ///
    /// # Errors
    /// When it must be read again, and cannot.
    pub fn lend(&self) -> Result<Cow<'_, str>, Changed> {
        match (self.here.get(), &self.again) {
            (Some(text), _) => Ok(Cow::Borrowed(text)),
            (None, Some(again)) => again.read().map(Cow::Owned),
            (None, None) => Ok(Cow::Borrowed("")),
        }
    }

    /// The text if it is here.
    pub fn known(&self) -> Option<&str> {
        self.here.get().map(Cow::as_ref)
    }
}

/// The largest text that is read, in bytes: offsets are kept in 32 bits.
pub const MAX_TEXT: usize = 1 << 30;

/// The position of an [`InputFile`] in the list of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

impl FileId {
    /// The same number as an index.
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

/// A span in a file: where something stands.
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
