//! Decodes one scalar from its span, as go-yaml does for `kubectl`.
//!
//! The folding rules are those of libyaml's scanner (go.yaml.in/yaml/v2 `scannerc.go`, functions
//! `yaml_parser_scan_block_scalar` and `yaml_parser_scan_flow_scalar`). `kubectl` reads line by
//! line and ends every line with a line feed, so a text without a final newline reads as if it
//! had one (apimachinery `yaml.LineReader`).

use super::tape::{Kind, Node, Style};
use std::borrow::Cow;

/// The reason why a scalar cannot be decoded. It never holds a part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undecodable(pub &'static str);

/// The text of a scalar; the empty text for an absent value.
///
/// # Errors
/// An escape that go-yaml or JSON does not know, or a node that is no scalar.
pub fn decode<'a>(text: &'a str, node: &Node) -> Result<Cow<'a, str>, Undecodable> {
    if node.kind != Kind::Scalar {
        return Err(Undecodable("not a scalar"));
    }
    let raw = node.span.of(text);
    match node.style {
        Style::Plain | Style::Single | Style::Double => decode_raw(raw, node.style),
        Style::Literal | Style::Folded => Ok(Cow::Owned(block(raw, node))),
        Style::JsonString => serde_json::from_str::<Cow<'_, str>>(raw)
            .map(|s| Cow::Owned(s.into_owned()))
            .map_err(|_| Undecodable("a string with an escape that is not a character")),
        Style::JsonLiteral => Ok(Cow::Borrowed(raw)),
        Style::Block | Style::Flow => Err(Undecodable("not a scalar")),
    }
}

/// The text of a scalar that is plain or in quotes, from its bytes alone.
///
/// # Errors
/// As [`decode`].
pub fn decode_raw(raw: &str, style: Style) -> Result<Cow<'_, str>, Undecodable> {
    match style {
        Style::Plain => Ok(plain(raw)),
        Style::Single => single(raw),
        Style::Double => double(raw),
        _ => Err(Undecodable("neither plain nor in quotes")),
    }
}

fn plain(raw: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\n', b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut scan = Scan::new(raw);
    while !scan.at_end() {
        out.push_str(scan.word(|_| false));
        scan.blanks(false).join(&mut out);
    }
    Cow::Owned(out)
}

fn single(raw: &str) -> Result<Cow<'_, str>, Undecodable> {
    let inner = unquote(raw)?;
    if memchr::memchr3(b'\n', b'\r', b'\'', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    let mut out = String::with_capacity(inner.len());
    let mut scan = Scan::new(inner);
    while !scan.at_end() {
        out.push_str(&scan.word(|_| false).replace("''", "'"));
        scan.blanks(false).join(&mut out);
    }
    Ok(Cow::Owned(out))
}

fn double(raw: &str) -> Result<Cow<'_, str>, Undecodable> {
    let inner = unquote(raw)?;
    if memchr::memchr3(b'\n', b'\r', b'\\', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    let mut out = String::with_capacity(inner.len());
    let mut scan = Scan::new(inner);
    while !scan.at_end() {
        out.push_str(scan.word(|c| c == b'\\'));
        let mut escaped_break = false;
        if scan.peek() == Some(b'\\') {
            if matches!(scan.bytes.get(scan.at + 1), Some(b'\n' | b'\r')) {
                scan.at += 1;
                scan.line_break();
                escaped_break = true;
            } else {
                out.push(scan.escape()?);
                continue;
            }
        }
        scan.blanks(escaped_break).join(&mut out);
    }
    Ok(Cow::Owned(out))
}

fn unquote(raw: &str) -> Result<&str, Undecodable> {
    raw.get(1..raw.len().saturating_sub(1)).ok_or(Undecodable("a quoted scalar without its end"))
}

/// The white space between two words, and the text after it.
struct Gap<'a> {
    spaces: &'a str,
    breaks: usize,
    escaped: bool,
}

impl Gap<'_> {
    /// A single line break becomes a space; of several line breaks, the first is dropped. After an
    /// escaped line break, all following ones stay.
    fn join(&self, out: &mut String) {
        if self.escaped {
            out.extend(std::iter::repeat_n('\n', self.breaks));
        } else if self.breaks == 1 {
            out.push(' ');
        } else if self.breaks > 1 {
            out.extend(std::iter::repeat_n('\n', self.breaks - 1));
        } else {
            out.push_str(self.spaces);
        }
    }
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The text up to white space or a byte for which `stop` is true.
    fn word(&mut self, stop: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while let Some(byte) = self.peek()
            && !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
            && !stop(byte)
        {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    fn line_break(&mut self) {
        self.at += match (self.peek(), self.bytes.get(self.at + 1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            _ => 1,
        };
    }

    fn blanks(&mut self, escaped: bool) -> Gap<'a> {
        let start = self.at;
        let mut gap = Gap { spaces: "", breaks: 0, escaped };
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\n' | b'\r' => {
                    self.line_break();
                    gap.breaks += 1;
                }
                _ => break,
            }
        }
        if gap.breaks == 0 && !escaped {
            gap.spaces = &self.text[start..self.at];
        }
        gap
    }

    fn escape(&mut self) -> Result<char, Undecodable> {
        let unknown = Undecodable("an escape that kubectl does not know");
        let code = *self.bytes.get(self.at + 1).ok_or(unknown)?;
        self.at += 2;
        let width = match code {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        if width > 0 {
            let digits = self.text.get(self.at..self.at + width).ok_or(unknown)?;
            self.at += width;
            return u32::from_str_radix(digits, 16)
                .ok()
                .filter(|_| digits.bytes().all(|b| b.is_ascii_hexdigit()))
                .and_then(char::from_u32)
                .ok_or(unknown);
        }
        Ok(match code {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            b' ' => ' ',
            b'"' => '"',
            b'\'' => '\'',
            b'\\' => '\\',
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            _ => return Err(unknown),
        })
    }
}

/// The parsed header of a block scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The indentation digit, if there is one.
    pub digit: Option<u32>,
    /// `-` gives -1, `+` gives 1.
    pub chomping: i8,
    /// The length of the header line with its line end, in bytes.
    pub len: usize,
}

/// Reads the header of a block scalar from its `|` or `>` on.
pub fn header(raw: &str) -> Header {
    let mut header = Header { digit: None, chomping: 0, len: raw.len() - split_line(raw).1.len() };
    for byte in raw.bytes().skip(1) {
        match byte {
            b'+' => header.chomping = 1,
            b'-' => header.chomping = -1,
            b'1'..=b'9' => header.digit = Some(u32::from(byte - b'0')),
            _ => break,
        }
    }
    header
}

/// Splits off a line; a carriage return in front of the line feed belongs to the line end.
pub(super) fn split_line(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    match memchr::memchr2(b'\n', b'\r', bytes) {
        None => (text, ""),
        Some(i) if bytes[i] == b'\r' && bytes.get(i + 1) == Some(&b'\n') => {
            (&text[..i], &text[i + 2..])
        }
        Some(i) => (&text[..i], &text[i + 1..]),
    }
}

fn block(raw: &str, node: &Node) -> String {
    let header = header(raw);
    let indent = node.indent as usize;
    let literal = node.style == Style::Literal;
    if literal && memchr::memchr(b'\r', raw.as_bytes()).is_none() {
        return plain_literal(raw, &header, indent);
    }
    let mut rest = &raw[header.len..];
    let mut out = String::with_capacity(rest.len());
    // Line breaks that are not written yet: the one after the last line of content, and those of
    // the blank lines after it.
    let (mut leading, mut trailing) = (0, 0);
    let mut leading_blank = false;
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        rest = after;
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if spaces == line.len() && spaces <= indent {
            trailing += 1;
            continue;
        }
        let line = &line[indent.min(spaces)..];
        let starts_blank = line.starts_with([' ', '\t']);
        if !literal && leading == 1 && !leading_blank && !starts_blank {
            if trailing == 0 {
                out.push(' ');
            }
        } else {
            out.extend(std::iter::repeat_n('\n', leading));
        }
        out.extend(std::iter::repeat_n('\n', trailing));
        out.push_str(line);
        leading_blank = starts_blank;
        (leading, trailing) = (1, 0);
    }
    if header.chomping >= 0 {
        out.extend(std::iter::repeat_n('\n', leading));
    }
    if header.chomping > 0 {
        out.extend(std::iter::repeat_n('\n', trailing));
    }
    out
}

/// Decodes a `|` scalar without carriage returns, the most frequent case: its lines without their
/// indentation.
fn plain_literal(raw: &str, header: &Header, indent: usize) -> String {
    let bytes = raw.as_bytes();
    let mut out = String::with_capacity(raw.len() - header.len);
    // The length up to the last line of content.
    let mut content = 0;
    let mut at = header.len;
    while at < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |i| at + i);
        let most = (at + indent).min(end);
        let spaces = bytes[at..most].iter().take_while(|b| **b == b' ').count();
        if at + spaces < end {
            out.push_str(&raw[at + spaces..end]);
            content = out.len();
        }
        out.push('\n');
        at = end + 1;
    }
    match header.chomping {
        0 if content > 0 => out.truncate(content + 1),
        0 | -1 => out.truncate(content),
        _ => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn read(text: &str, style: Style, indent: u32) -> String {
        let node = Node {
            kind: Kind::Scalar,
            style,
            has_props: false,
            has_merge: false,
            span: Span::new(0, text.len()),
            indent,
            jump: 1,
        };
        decode(text, &node).expect("decodable").into_owned()
    }

    #[test]
    fn quoted_lines_fold_as_in_libyaml() {
        assert_eq!(read("\"a \n  b\n\n  c\"", Style::Double, 0), "a b\nc");
        assert_eq!(read("\"a\\\n   b\\n\\u00e9\"", Style::Double, 0), "ab\n\u{e9}");
        assert_eq!(read("'it''s\r\n two'", Style::Single, 0), "it's two");
        assert_eq!(read("'a  b'", Style::Single, 0), "a  b");
        assert_eq!(read("a b\n\n\n  c", Style::Plain, 0), "a b\n\nc");
    }

    #[test]
    fn a_block_scalar_without_a_final_newline_reads_as_if_it_had_one() {
        assert_eq!(read("|\n  x", Style::Literal, 2), "x\n");
        assert_eq!(read("|-\n  x\n\n", Style::Literal, 2), "x");
        assert_eq!(read("|+\n  x\n\n", Style::Literal, 2), "x\n\n");
        assert_eq!(read(">\n  a\n  b\n\n   c\n  d\n", Style::Folded, 2), "a b\n\n c\nd\n");
        assert_eq!(read("|\r\n  a\r\n  b\r\n", Style::Literal, 2), "a\nb\n");
    }
}
