//! Finds lines, columns and source lines of places.

use crate::extract::File;
use crate::outcome::Outcome;
use crate::text::{Place, Position, Span};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

/// Turns places into lines and columns; the lines of each text are counted once.
pub struct Locator<'a> {
    /// The run whose texts these are.
    pub(super) outcome: &'a Outcome,
    /// The number of line ends before each block of a text.
    lines: RefCell<BTreeMap<usize, Vec<usize>>>,
}

/// The size of such a block, in bytes.
const BLOCK: usize = 1 << 14;

impl<'a> Locator<'a> {
    /// A locator for the texts of an outcome.
    pub fn new(outcome: &'a Outcome) -> Self {
        Self { outcome, lines: RefCell::default() }
    }

    /// The name of the file.
    pub fn name(&self, place: Place) -> &'a str {
        self.outcome.manifests.name(self.written(place).file)
    }

    /// The text of a place. If the file changed after it was read, the text is empty and the place is its
    /// beginning, because the old place is no longer valid.
    fn text(&self, place: Place) -> &'a str {
        self.outcome.texts.get(place.file).unwrap_or_default()
    }

    /// The place in the source files for a place in the build of an overlay, if it is known; otherwise the
    /// place itself.
    fn written(&self, place: Place) -> Place {
        self.outcome.written.get(&place).copied().unwrap_or(place)
    }

    /// The line and column of the first byte.
    pub fn position(&self, place: Place) -> Position {
        let place = self.written(place);
        let text = self.text(place);
        let at = (place.span.start as usize).min(text.len());
        let mut known = self.lines.borrow_mut();
        let blocks = known.entry(place.file.index()).or_insert_with(|| {
            let mut ended = 0;
            let before = text.as_bytes().chunks(BLOCK).map(|block| {
                let here = ended;
                ended += newlines(block);
                here
            });
            before.collect()
        });
        let block = (at / BLOCK).min(blocks.len().saturating_sub(1));
        let rest = &text.as_bytes()[block * BLOCK..at];
        let line = 1 + blocks.get(block).copied().unwrap_or(0) + newlines(rest);
        // A byte order mark is not a character of the first line.
        let mark = usize::from(line == 1 && text.starts_with('\u{feff}')) * '\u{feff}'.len_utf8();
        let start_of_line = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |end| end + 1);
        let start = (start_of_line + mark).min(at);
        let is_character = |b: &&u8| *b & 0xC0 != 0x80;
        let column = text.as_bytes()[start..at].iter().filter(is_character).count() + 1;
        Position { line, column }
    }

    /// The line at a place and the part of it that the place covers; `None` if the line holds a part of a
    /// Secret or is too long.
    pub fn quote(&self, place: Place) -> Option<(String, Range<usize>)> {
        let text = self.text(place);
        let at = (place.span.start as usize).min(text.len());
        let line = crate::text::line_range(text, at);
        if text.is_empty()
            || line.len() > 200
            || touches_secret(&self.outcome.manifests[place.file], &line)
        {
            return None;
        }
        let end = (place.span.end as usize).clamp(at, line.end.max(at));
        let range = at - line.start..end - line.start;
        Some((text[line].to_owned(), range))
    }
}

/// The number of line ends in a text.
pub(super) fn newlines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}

/// Whether a range of bytes overlaps a Secret.
pub fn touches_secret(file: &File, range: &Range<usize>) -> bool {
    file.secrets
        .iter()
        .any(|s: &Span| (s.start as usize) < range.end && range.start < s.end as usize)
}
