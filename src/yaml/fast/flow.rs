//! Flow collections: `[a, b]` and `{a: b}`.

use super::{Declined, FastParser, Result, scan};
use crate::text::{Span, offset};
use crate::yaml::tape::{Kind, Node, Style};

/// The limit for nested brackets.
const MAX_BRACKETS: usize = 16;

impl FastParser<'_> {
    /// The end of the collection whose bracket is at `start`.
    pub(super) fn flow(&mut self, start: usize, column: u32) -> Result<usize> {
        let mut open = [0_u32; MAX_BRACKETS];
        let mut depth = 0;
        let mut at = start;
        // The difference between an offset on this line and its column.
        let mut shift = column.wrapping_sub(offset(start));
        // The state before a node. The node may be absent if the bracket was just opened.
        loop {
            at = self.flow_blanks(at, &mut shift)?;
            let byte = self.byte(at);
            let closes = match byte {
                b'[' | b'{' => {
                    let Some(slot) = open.get_mut(depth) else {
                        return Err(Declined("deep brackets"));
                    };
                    *slot = offset(self.nodes.len());
                    depth += 1;
                    let kind = if byte == b'[' { Kind::Sequence } else { Kind::Mapping };
                    self.nodes.push(Node {
                        kind,
                        style: Style::Flow,
                        has_props: false,
                        has_merge: false,
                        span: Span::new(at, at + 1),
                        indent: offset(at).wrapping_add(shift),
                        jump: 0,
                    });
                    at = self.flow_blanks(at + 1, &mut shift)?;
                    match (kind, self.byte(at)) {
                        (Kind::Sequence, b']') | (Kind::Mapping, b'}') => true,
                        (Kind::Mapping, _) => {
                            at = self.flow_key(at, shift)?;
                            continue;
                        }
                        _ => continue,
                    }
                }
                _ => {
                    at = self.flow_scalar(at, shift)?;
                    false
                }
            };
            if !closes {
                at = self.flow_blanks(at, &mut shift)?;
            }
            // The state after a node.
            loop {
                let Some(&top) = open[..depth].last() else { return Ok(at) };
                let is_mapping = self.nodes[top as usize].kind == Kind::Mapping;
                match (self.byte(at), is_mapping) {
                    (b']', false) | (b'}', true) => {
                        at += 1;
                        let jump = offset(self.nodes.len());
                        let node = &mut self.nodes[top as usize];
                        node.jump = jump;
                        node.span.end = offset(at);
                        self.last_end = offset(at);
                        depth -= 1;
                        if depth == 0 {
                            return Ok(at);
                        }
                        at = self.flow_blanks(at, &mut shift)?;
                    }
                    (b',', _) => {
                        at = self.flow_blanks(at + 1, &mut shift)?;
                        match (self.byte(at), is_mapping) {
                            // A comma is allowed after the last item, too.
                            (b']', false) | (b'}', true) => {}
                            (_, true) => {
                                at = self.flow_key(at, shift)?;
                                break;
                            }
                            (_, false) => break,
                        }
                    }
                    _ => return Err(Declined("odd brackets")),
                }
            }
        }
    }

    /// Skips blanks, line ends and comments. A line may begin in the first column, but not look
    /// like a marker.
    fn flow_blanks(&self, at: usize, shift: &mut u32) -> Result<usize> {
        let mut at = scan::skip_spaces(self.bytes, at);
        loop {
            match self.byte(at) {
                b'\n' | b'\r' => {}
                b'#' if matches!(self.bytes[at - 1], b' ' | b'\n') => {}
                _ => return Ok(at),
            }
            let start = scan::next_line(self.bytes, at);
            if start >= self.bytes.len() {
                return Err(Declined("brackets without an end"));
            }
            at = scan::skip_spaces(self.bytes, start);
            *shift = 0_u32.wrapping_sub(offset(start));
            if at == start && matches!(self.byte(at), b'-' | b'.' | b'%') {
                return Err(Declined("brackets at the left"));
            }
        }
    }

    /// A key inside of braces; returns the place behind its colon, where a blank stands.
    fn flow_key(&mut self, at: usize, shift: u32) -> Result<usize> {
        let end = self.flow_scalar(at, shift)?;
        if self.byte(end) == b':' && self.byte(end + 1) == b' ' && end - at < super::MAX_KEY {
            return Ok(end + 1);
        }
        Err(Declined("odd brackets"))
    }

    fn flow_scalar(&mut self, at: usize, shift: u32) -> Result<usize> {
        let column = offset(at).wrapping_add(shift);
        match self.byte(at) {
            b'"' => {
                let end = self.flow_double(at)?;
                self.scalar(Style::Double, at, end, column);
                Ok(end)
            }
            b'\'' => {
                let end = self.flow_single(at)?;
                self.scalar(Style::Single, at, end, column);
                Ok(end)
            }
            b'*' => self.flow_alias(at, column),
            _ => {
                let end = self.flow_plain(at)?;
                self.scalar(Style::Plain, at, end, column);
                Ok(end)
            }
        }
    }

    fn flow_double(&self, at: usize) -> Result<usize> {
        let mut from = at + 1;
        loop {
            let stop = scan::find3(self.bytes, from, [b'"', b'\\', b'\n']);
            match self.byte(stop) {
                b'"' => {
                    self.quoted_text(at, stop)?;
                    return Ok(stop + 1);
                }
                b'\\' => match self.escape(stop) {
                    Some(behind) => from = behind,
                    None => return Err(Declined("odd quotes in brackets")),
                },
                _ => return Err(Declined("odd quotes in brackets")),
            }
        }
    }

    fn flow_single(&self, at: usize) -> Result<usize> {
        let mut from = at + 1;
        loop {
            let stop = scan::find3(self.bytes, from, [b'\'', b'\n', b'\n']);
            match self.byte(stop) {
                b'\'' if self.byte(stop + 1) == b'\'' => from = stop + 2,
                b'\'' => {
                    self.quoted_text(at, stop)?;
                    return Ok(stop + 1);
                }
                _ => return Err(Declined("odd quotes in brackets")),
            }
        }
    }

    /// Letters, digits and a few marks that mean nothing in brackets.
    fn flow_plain(&self, start: usize) -> Result<usize> {
        let first = self.byte(start);
        let begins = first.is_ascii_alphanumeric()
            || matches!(first, b'_' | b'.' | b'/' | b'$' | b'~' | b'(')
            || (first == b'-'
                && (self.byte(start + 1).is_ascii_alphanumeric() || self.byte(start + 1) == b'-'));
        if !begins {
            return Err(Declined("odd brackets"));
        }
        let mut at = start + 1;
        loop {
            match self.byte(at) {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {}
                b'_' | b'-' | b'.' | b'/' | b'$' | b'~' | b'(' | b')' | b'+' | b'=' | b'*'
                | b'@' | b'%' | b';' | b'&' | b'|' | b'<' | b'>' | b'!' | b' ' => {}
                b':' if matches!(self.byte(at + 1), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/') =>
                    {}
                b'#' if self.bytes[at - 1] == b' ' => break,
                b',' | b']' | b'}' | b':' | b'\n' | b'\r' => break,
                _ => return Err(Declined("odd brackets")),
            }
            at += 1;
        }
        let mut end = at;
        while self.bytes[end - 1] == b' ' {
            end -= 1;
        }
        if self.byte(at) == b':' && end < at {
            return Err(Declined("a blank before a colon"));
        }
        self.plain_text(start, end)?;
        Ok(end)
    }
}
