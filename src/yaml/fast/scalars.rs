//! Reads keys and values of a line, and scalars that continue on further lines.

use super::{Declined, FastParser, MAX_KEY, Result, scan};
use crate::text::offset;
use crate::yaml::reject;
use crate::yaml::tape::Style;

/// How many lines of quoted scalars may have no more indentation than their parent.
const MOST_AT_LEFT: usize = 32;

/// What ends a plain scalar within a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The colon of a key.
    Colon,
    /// A comment.
    Comment,
    Line,
}

impl FastParser<'_> {
    /// The style of the key at `at`, and the end of the key before its colon; `None` if there is no
    /// key.
    pub(super) fn key(&self, at: usize) -> Result<Option<(Style, usize)>> {
        let first = self.byte(at);
        let (style, end) = match first {
            b'"' | b'\'' => {
                let Some(end) = self.quoted_on_line(at)? else { return Ok(None) };
                // `"a" : b` has blanks before the colon.
                let colon = match self.byte(end) {
                    b':' => end,
                    _ => scan::skip_spaces(self.bytes, end),
                };
                if self.byte(colon) != b':' {
                    return Ok(None);
                }
                if !matches!(self.byte(colon + 1), b' ' | b'\n' | b'\r') {
                    return Err(Declined("text behind a quote"));
                }
                if colon - at > MAX_KEY {
                    return Err(Declined("a long key"));
                }
                let style = if first == b'"' { Style::Double } else { Style::Single };
                (style, end)
            }
            b'[' | b'{' | b'|' | b'>' => return Ok(None),
            _ => {
                self.plain_start(at)?;
                let (colon, stop) = self.plain_line(at);
                if stop != Stop::Colon {
                    return Ok(None);
                }
                if colon - at > MAX_KEY {
                    return Err(Declined("a long key"));
                }
                let end = match self.bytes[colon - 1] {
                    b' ' => self.trimmed(at, colon),
                    _ => colon,
                };
                self.plain_text(at, end)?;
                if &self.bytes[at..end] == b"<<" {
                    return Err(Declined("a merge key"));
                }
                (Style::Plain, end)
            }
        };
        Ok(Some((style, end)))
    }

    /// A value that begins at `at` and is not a block collection. Returns the start of the next
    /// line.
    pub(super) fn value(&mut self, at: usize, column: u32, parent: u32) -> Result<usize> {
        match self.byte(at) {
            b'"' => {
                let end = self.double(at, parent)?;
                self.scalar(Style::Double, at, end, column);
                self.rest_of_line(end)
            }
            b'\'' => {
                let end = self.single(at, parent)?;
                self.scalar(Style::Single, at, end, column);
                self.rest_of_line(end)
            }
            b'|' => self.block(Style::Literal, at, parent),
            b'>' => self.block(Style::Folded, at, parent),
            b'[' | b'{' => {
                let end = self.flow(at, column)?;
                self.rest_of_line(end)
            }
            b'&' => self.anchored(at, column, parent),
            b'*' => self.alias(at, column),
            _ => self.plain(at, column, parent),
        }
    }

    /// After a value, only blanks and a comment may follow on the line.
    pub(super) fn rest_of_line(&self, end: usize) -> Result<usize> {
        let at = scan::skip_spaces(self.bytes, end);
        match self.byte(at) {
            b'\n' => Ok(at + 1),
            b'\r' => Ok(at + 2),
            b'#' if at > end => Ok(scan::next_line(self.bytes, at)),
            _ => Err(Declined("text behind a value")),
        }
    }

    /// Whether a plain scalar may begin here.
    fn plain_start(&self, at: usize) -> Result<()> {
        let good = match self.byte(at) {
            b'-' | b'?' | b':' => !matches!(self.byte(at + 1), b' ' | b'\t' | b'\n' | b'\r'),
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`' | b'\t' => false,
            _ => true,
        };
        if good { Ok(()) } else { Err(Declined("a value that begins with a mark")) }
    }

    /// The offset at which a plain scalar ends on its line.
    #[inline(always)]
    fn plain_line(&self, at: usize) -> (usize, Stop) {
        let mut from = at;
        loop {
            let end = scan::find3(self.bytes, from, [b':', b'\n', b'#']);
            match self.byte(end) {
                b':' if matches!(self.byte(end + 1), b' ' | b'\t' | b'\n' | b'\r') => {
                    return (end, Stop::Colon);
                }
                b'#' if end > at && self.bytes[end - 1] == b' ' => return (end, Stop::Comment),
                b'\n' => return (end, Stop::Line),
                _ => from = end + 1,
            }
        }
    }

    /// Declines a plain scalar that has a tab or means an infinity or NaN.
    pub(super) fn plain_text(&self, start: usize, end: usize) -> Result<()> {
        let raw = &self.bytes[start..end];
        if self.has_tab && memchr::memchr(b'\t', raw).is_some() {
            return Err(Declined("a tab in a plain scalar"));
        }
        if raw.len() < 6
            && matches!(raw.first(), Some(b'.' | b'+' | b'-'))
            && std::str::from_utf8(raw).is_ok_and(reject::is_not_finite)
        {
            return Err(Declined("an infinity"));
        }
        Ok(())
    }

    fn plain(&mut self, at: usize, column: u32, parent: u32) -> Result<usize> {
        self.plain_start(at)?;
        let (mut stop_at, mut stop) = self.plain_line(at);
        let mut end = self.trimmed(at, stop_at);
        // The scalar continues on lines that are indented more than its parent.
        while stop == Stop::Line {
            let (next, inner) = self.next_content(stop_at + 1);
            if next >= self.bytes.len() || inner <= parent || self.byte(next) == b'#' {
                break;
            }
            if matches!(self.byte(next), b'-' | b'?' | b':')
                && matches!(self.byte(next + 1), b' ' | b'\t' | b'\n' | b'\r')
            {
                return Err(Declined("a mark in a plain scalar"));
            }
            (stop_at, stop) = self.plain_line(next);
            end = self.trimmed(next, stop_at);
        }
        if stop == Stop::Colon {
            return Err(Declined("a colon in a plain scalar"));
        }
        self.plain_text(at, end)?;
        self.scalar(Style::Plain, at, end, column);
        Ok(match stop {
            Stop::Comment => scan::next_line(self.bytes, stop_at),
            _ => stop_at + 1,
        })
    }

    /// The first line from `line` on that is not blank: the offset of its content, and its column.
    fn next_content(&self, line: usize) -> (usize, u32) {
        let mut line = line;
        loop {
            let at = scan::skip_spaces(self.bytes, line);
            match self.bytes.get(at) {
                Some(b'\n') => line = at + 1,
                Some(b'\r') => line = at + 2,
                _ => return (at, offset(at - line.min(at))),
            }
        }
    }

    /// `end` without the blanks before it.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        let mut end = end;
        while end > start && matches!(self.bytes[end - 1], b' ' | b'\r') {
            end -= 1;
        }
        end
    }

    /// The end of a quoted scalar if it ends on its line.
    fn quoted_on_line(&self, at: usize) -> Result<Option<usize>> {
        let quote = self.byte(at);
        let mut from = at + 1;
        loop {
            let stop = scan::find3(self.bytes, from, [quote, b'\\', b'\n']);
            match self.byte(stop) {
                b'\n' => return Ok(None),
                b'\\' if quote == b'"' => match self.escape(stop) {
                    Some(behind) => from = behind,
                    None => return Ok(None),
                },
                b'\'' if quote == b'\'' && self.byte(stop + 1) == b'\'' => from = stop + 2,
                byte if byte == quote => {
                    self.quoted_text(at, stop)?;
                    return Ok(Some(stop + 1));
                }
                _ => from = stop + 1,
            }
        }
    }

    pub(super) fn quoted_text(&self, start: usize, end: usize) -> Result<()> {
        if self.has_tab && memchr::memchr(b'\t', &self.bytes[start..end]).is_some() {
            return Err(Declined("a tab in quotes"));
        }
        Ok(())
    }

    /// The end of the scalar in double quotes that begins at `at`.
    fn double(&mut self, at: usize, parent: u32) -> Result<usize> {
        let mut from = at + 1;
        loop {
            let stop = scan::find3(self.bytes, from, [b'"', b'\\', b'\n']);
            match self.byte(stop) {
                b'"' => {
                    self.quoted_text(at, stop)?;
                    return Ok(stop + 1);
                }
                b'\\' => match self.byte(stop + 1) {
                    b'\n' => from = self.continuation(stop + 2, parent)?,
                    b'\r' => from = self.continuation(stop + 3, parent)?,
                    _ => match self.escape(stop) {
                        Some(behind) => from = behind,
                        None => return Err(Declined("an unusual escape")),
                    },
                },
                _ => from = self.continuation(stop + 1, parent)?,
            }
        }
    }

    /// The end of the scalar in single quotes that begins at `at`.
    fn single(&mut self, at: usize, parent: u32) -> Result<usize> {
        let mut from = at + 1;
        loop {
            let stop = scan::find3(self.bytes, from, [b'\'', b'\n', b'\n']);
            match self.byte(stop) {
                b'\'' if self.byte(stop + 1) == b'\'' => from = stop + 2,
                b'\'' => {
                    self.quoted_text(at, stop)?;
                    return Ok(stop + 1);
                }
                _ => from = self.continuation(stop + 1, parent)?,
            }
        }
    }

    /// The content of the next line inside quotes. `kubectl` does not require more indentation than
    /// that of the parent; the full parser handles a limited number of such lines.
    fn continuation(&mut self, line: usize, parent: u32) -> Result<usize> {
        let (at, column) = self.next_content(line);
        if at >= self.bytes.len() {
            return Err(Declined("quotes without an end"));
        }
        if column <= parent {
            self.at_left += 1;
            let ends = column == 0 && self.bytes[at..].starts_with(b"...");
            if ends || self.at_left > MOST_AT_LEFT || self.bytes[at] == b'\t' {
                return Err(Declined("a quoted scalar at the left"));
            }
        }
        Ok(at)
    }

    fn block(&mut self, style: Style, at: usize, parent: u32) -> Result<usize> {
        let mut header = at + 1;
        let mut digit = 0;
        if matches!(self.byte(header), b'1'..=b'9') {
            digit = u32::from(self.byte(header) - b'0');
            header += 1;
        }
        if matches!(self.byte(header), b'-' | b'+') {
            header += 1;
        }
        let header = scan::skip_spaces(self.bytes, header);
        let content = match self.byte(header) {
            b'\n' => header + 1,
            b'\r' => header + 2,
            _ => return Err(Declined("an unusual header of a block scalar")),
        };
        let (first, column) = self.first_line(content)?;
        let indent = match digit {
            0 => column,
            _ => parent + digit,
        };
        if column <= parent || column < indent {
            return Err(Declined("an empty block scalar"));
        }
        let mut end = scan::next_line(self.bytes, first);
        while end < self.bytes.len() {
            let at = scan::skip_spaces(self.bytes, end);
            if offset(at - end) < indent {
                match self.byte(at) {
                    b'\n' => {
                        end = (at + 1).min(self.bytes.len());
                        continue;
                    }
                    b'\r' => {
                        end = at + 2;
                        continue;
                    }
                    b'\t' => return Err(Declined("a tab in a block scalar's indentation")),
                    _ => break,
                }
            }
            end = scan::next_line(self.bytes, at);
        }
        self.scalar(style, at, end, indent);
        Ok(end)
    }

    /// The first line of a block scalar that is not blank, and its column; blank lines before it
    /// may not be longer.
    fn first_line(&self, content: usize) -> Result<(usize, u32)> {
        let mut line = content;
        let mut widest = 0;
        loop {
            let at = scan::skip_spaces(self.bytes, line);
            let column = offset(at.saturating_sub(line));
            match self.bytes.get(at) {
                None => return Err(Declined("an empty block scalar")),
                Some(b'\n') => line = at + 1,
                Some(b'\r') => line = at + 2,
                Some(b'\t') => return Err(Declined("a tab in a block scalar's indentation")),
                Some(_) if widest > column => return Err(Declined("wide blank lines")),
                Some(_) => return Ok((at, column)),
            }
            widest = widest.max(column);
        }
    }

    /// The offset after the escape at `at`, if go-yaml and granit read it in the same way.
    pub(super) fn escape(&self, at: usize) -> Option<usize> {
        let digits = match self.byte(at + 1) {
            b'n' | b't' | b'"' | b'\\' | b'r' | b'0' | b'a' | b'b' | b'e' | b'f' | b'v' | b' ' => {
                return Some(at + 2);
            }
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => return None,
        };
        let end = at + 2 + digits;
        let hex = std::str::from_utf8(self.bytes.get(at + 2..end)?).ok()?;
        let is_hex = hex.bytes().all(|b| b.is_ascii_hexdigit());
        // Half of a pair of surrogates is no character.
        let code = u32::from_str_radix(hex, 16).ok()?;
        (is_hex && char::from_u32(code).is_some()).then_some(end)
    }
}
