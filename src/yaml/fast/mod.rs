//! The fast parser: the part of block YAML in which almost every manifest is written, in one pass.
//!
//! It reads a whole document or declines it; the full parser reads the documents that it declines.
//! So it changes only the speed: for each document that it accepts, it gives the same tape as
//! [`super::granit`]; `tests/it/fast/mod.rs` compares both on real and mutated documents. It
//! declines everything that is rare or disputed: anchors in brackets, of keys or without a node,
//! aliases as keys, tags, merge keys, `?`, directives, `...`, tabs that could count, indentation
//! digits, unusual escapes, a root that is not a collection, and any unexpected indentation.

mod anchors;
mod flow;
mod scalars;
mod scan;

use super::reject;
use super::tape::{Document, Kind, Node, Props, Style, Tape, no_nodes};
use crate::text::{Span, offset};
use anchors::Anchor;

/// The reason why the fast parser declines a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declined(pub &'static str);

type Result<T> = std::result::Result<T, Declined>;

/// The limit for nested collections; real manifests stay below 40.
const MAX_OPEN: usize = 64;

/// The longest key in bytes; go-yaml and granit stop at 1,024 characters.
const MAX_KEY: usize = 512;

/// Reads one chunk. A chunk of comments and white space holds no document.
///
/// # Errors
/// [`Declined`], for every document that the full parser must read.
pub fn parse(text: &str, chunk: Span) -> Result<Option<Document>> {
    let bytes = &text.as_bytes()[..chunk.end as usize];
    let start = chunk.start as usize;
    // After a byte order mark, the columns of the first line are shifted.
    if start > 0 && bytes[start - 1] != b'\n' {
        return Err(Declined("a start inside of a line"));
    }
    let seen = scan::characters(&bytes[start..]);
    if seen.control {
        return Err(Declined("a control character"));
    }
    if seen.carriage_return && !scan::only_line_ends(&bytes[start..]) {
        return Err(Declined("a carriage return alone"));
    }
    if seen.not_ascii && reject::refuse_characters(chunk.of(text), start).is_err() {
        return Err(Declined("an odd character"));
    }
    let mut parser = FastParser {
        bytes,
        has_tab: seen.tab,
        nodes: no_nodes(),
        open: [Open::default(); MAX_OPEN],
        depth: 0,
        last_end: chunk.start,
        at_left: 0,
        props: Vec::new(),
        anchors: Vec::new(),
        pending: None,
    };
    parser.lines(start)?;
    if !parser.props.is_empty() {
        parser.no_bomb()?;
    }
    let tape = Tape { nodes: parser.nodes, props: parser.props };
    Ok((!tape.nodes.is_empty()).then_some(Document { span: chunk, base: 0, json: false, tape }))
}

/// A collection that is not closed yet.
#[derive(Clone, Copy, Default)]
struct Open {
    /// Its position on the tape.
    node: u32,
    /// The column of its keys or dashes.
    indent: u32,
    is_mapping: bool,
    /// After a key or a dash without a value on its line: the offset at which an absent value would
    /// be.
    awaits: Option<u32>,
}

struct FastParser<'a> {
    /// The text up to the end of the chunk.
    bytes: &'a [u8],
    has_tab: bool,
    nodes: Vec<Node>,
    open: [Open; MAX_OPEN],
    depth: usize,
    last_end: u32,
    /// The number of lines inside quotes that are not indented more than their parent.
    at_left: usize,
    /// The props of anchors and aliases, in the order of the text.
    props: Vec<Props>,
    anchors: Vec<Anchor>,
    /// The anchor that belongs to the next value.
    pending: Option<Span>,
}

impl FastParser<'_> {
    /// The byte at `at`; the end of the chunk ends a line.
    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        match self.bytes.get(at) {
            Some(&byte) => byte,
            None => b'\n',
        }
    }

    fn top(&mut self) -> Option<&mut Open> {
        self.open[..self.depth].last_mut()
    }

    fn lines(&mut self, start: usize) -> Result<()> {
        let mut line = start;
        while line < self.bytes.len() {
            let at = scan::skip_spaces(self.bytes, line);
            match self.byte(at) {
                b'\n' => line = at + 1,
                b'\r' => line = at + 2,
                b'#' => line = scan::next_line(self.bytes, at),
                b'\t' => return Err(Declined("a tab in the indentation")),
                b'.' if at == line && self.bytes[at..].starts_with(b"...") => {
                    line = self.end_of_document(at)?;
                }
                _ => line = self.line(at, offset(at - line))?,
            }
        }
        if self.pending.is_some() {
            return Err(Declined("an anchor of nothing"));
        }
        while self.depth > 0 {
            self.close();
        }
        Ok(())
    }

    /// A `...` at `at`, after which only comments and white space may follow.
    #[cold]
    fn end_of_document(&self, at: usize) -> Result<usize> {
        let mut line = at + 3;
        while line < self.bytes.len() {
            let at = scan::skip_spaces(self.bytes, line);
            line = match self.byte(at) {
                b'\n' => at + 1,
                b'\r' => at + 2,
                b'#' if self.bytes[at - 1] != b'.' => scan::next_line(self.bytes, at),
                _ => return Err(Declined("the end of a document")),
            };
        }
        if self.nodes.is_empty() {
            return Err(Declined("the end of a document"));
        }
        Ok(line)
    }

    /// Reads a line of content whose first byte is at `at`, in column `column`. Returns the start
    /// of the next line that is not yet part of a node.
    #[inline]
    fn line(&mut self, at: usize, column: u32) -> Result<usize> {
        let is_item = self.is_dash(at);
        if self.depth == 0 {
            if column != 0 || !self.nodes.is_empty() {
                return Err(Declined("a root that is indented"));
            }
            return self.nested(at, column, None);
        }
        let top = self.open[self.depth - 1];
        if let Some(absent) = top.awaits {
            let inside = column > top.indent || (is_item && column == top.indent && top.is_mapping);
            self.open[self.depth - 1].awaits = None;
            match self.pending.take() {
                None if inside => return self.nested(at, column, Some(top.indent)),
                Some(anchor) if inside => {
                    return self.nested_anchored(anchor, at, column, top.indent);
                }
                None => self.absent(absent),
                Some(_) => return Err(Declined("an anchor of nothing")),
            }
        } else if column > top.indent {
            return Err(Declined("an unexpected indentation"));
        }
        self.close_down_to(column, is_item)?;
        if is_item {
            self.item(at, column)
        } else {
            let (key, end) = self.key(at)?.ok_or(Declined("a line that is no entry"))?;
            self.entry(key, end, column, at)
        }
    }

    /// Closes the collections that end before a line in `column`. The collection that is then open
    /// must accept the line.
    #[inline]
    fn close_down_to(&mut self, column: u32, is_item: bool) -> Result<()> {
        loop {
            let Some(&top) = self.open[..self.depth].last() else {
                return Err(Declined("an unexpected indentation"));
            };
            if top.indent == column && top.is_mapping != is_item {
                return Ok(());
            }
            // A list may be in the same column as its key.
            let below = top.indent == column && !top.is_mapping && !is_item;
            if top.indent < column || (top.indent == column && !below) {
                return Err(Declined("an unexpected indentation"));
            }
            self.close();
        }
    }

    /// Whether a dash that makes a list item stands at `at`.
    #[inline]
    fn is_dash(&self, at: usize) -> bool {
        self.byte(at) == b'-' && matches!(self.byte(at + 1), b' ' | b'\n' | b'\r')
    }

    /// A node that begins on its own line, or after a dash; `parent` is the column of the
    /// collection that holds it.
    fn nested(&mut self, at: usize, column: u32, parent: Option<u32>) -> Result<usize> {
        if self.is_dash(at) {
            self.open(Kind::Sequence, at, column)?;
            return self.item(at, column);
        }
        if let Some((key, end)) = self.key(at)? {
            self.open(Kind::Mapping, at, column)?;
            return self.entry(key, end, column, at);
        }
        match parent {
            Some(parent) => self.value(at, column, parent),
            None => Err(Declined("a root that is no collection")),
        }
    }

    /// A list item whose dash is at `at`.
    fn item(&mut self, at: usize, column: u32) -> Result<usize> {
        let inner = scan::skip_spaces(self.bytes, at + 1);
        match self.byte(inner) {
            b'\n' | b'\r' => {
                self.awaits(inner);
                Ok(scan::next_line(self.bytes, inner))
            }
            b'#' => {
                let next = scan::next_line(self.bytes, inner);
                self.awaits(scan::line_end(self.bytes, inner, next));
                Ok(next)
            }
            b'\t' => Err(Declined("a tab behind a dash")),
            b'&' | b'*' => self.value(inner, column + offset(inner - at), column),
            _ => self.nested(inner, column + offset(inner - at), Some(column)),
        }
    }

    /// A key that has been read and ends at `end`, before its colon, and its value.
    #[inline]
    fn entry(&mut self, style: Style, end: usize, column: u32, at: usize) -> Result<usize> {
        self.scalar(style, at, end, column);
        // Blanks may stand before the colon.
        let colon = match self.byte(end) {
            b':' => end,
            _ => scan::skip_spaces(self.bytes, end),
        };
        let value = scan::skip_spaces(self.bytes, colon + 1);
        match self.byte(value) {
            b'\n' | b'\r' | b'#' => {
                self.awaits(colon);
                Ok(scan::next_line(self.bytes, value))
            }
            _ => self.value(value, column + offset(value - at), column),
        }
    }

    fn awaits(&mut self, at: usize) {
        let at = offset(at);
        if let Some(top) = self.top() {
            top.awaits = Some(at);
        }
    }

    fn absent(&mut self, at: u32) {
        let column = self.column(at);
        self.scalar(Style::Plain, at as usize, at as usize, column);
    }

    /// The column of a place on the line of the node that was pushed last.
    fn column(&self, at: u32) -> u32 {
        let bytes = &self.bytes[..at as usize];
        let line = memchr::memrchr(b'\n', bytes).map_or(0, |i| i + 1);
        at - offset(line)
    }

    #[inline(always)]
    fn scalar(&mut self, style: Style, start: usize, end: usize, indent: u32) {
        let next = offset(self.nodes.len() + 1);
        self.last_end = offset(end);
        self.nodes.push(Node {
            kind: Kind::Scalar,
            style,
            has_props: false,
            has_merge: false,
            span: Span::new(start, end),
            indent,
            jump: next,
        });
    }

    fn open(&mut self, kind: Kind, at: usize, column: u32) -> Result<()> {
        let Some(slot) = self.open.get_mut(self.depth) else {
            return Err(Declined("deep nesting"));
        };
        *slot = Open {
            node: offset(self.nodes.len()),
            indent: column,
            is_mapping: kind == Kind::Mapping,
            awaits: None,
        };
        self.depth += 1;
        self.nodes.push(Node {
            kind,
            style: Style::Block,
            has_props: false,
            has_merge: false,
            span: Span::new(at, at),
            indent: column,
            jump: 0,
        });
        Ok(())
    }

    fn close(&mut self) {
        let top = self.open[self.depth - 1];
        if let Some(absent) = top.awaits {
            self.absent(absent);
        }
        self.depth -= 1;
        let jump = offset(self.nodes.len());
        let node = &mut self.nodes[top.node as usize];
        node.jump = jump;
        node.span.end = self.last_end;
    }
}
