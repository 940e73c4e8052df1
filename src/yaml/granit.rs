//! The full parser: an adapter from granit-parser's events to the tape.
//!
//! It corrects what `kubectl` reads differently (go.yaml.in/yaml/v2): the span of a block scalar begins at
//! its header, an absent value has an empty span, directives and a second document in one chunk are
//! refused, and an alias bomb is refused by go-yaml's own rule
//! (`decode.go`, `allowedAliasRatio`), counted here without expanding anything.

use super::tape::{Document, Kind, Node, NodeId, Props, Style, Tag, Tape};
use super::{MAX_DEPTH, SyntaxError, reject, scalar};
use crate::text::{Span, offset};
use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};
use std::borrow::Cow;

/// Reads one chunk. A chunk of comments and white space holds no document.
///
/// # Errors
/// [`SyntaxError`] at the first place that cannot be read or is refused.
pub fn parse(text: &str, chunk: Span) -> Result<Option<Document>, SyntaxError> {
    // The text that granit parses: the chunk, or a copy in which some quoted scalars are on one line.
    let mut seen = Cow::Borrowed(chunk.of(text));
    let mut joined: Vec<Span> = Vec::new();
    loop {
        match parse_seen(text, chunk, &seen) {
            Ok(tape) if joined.iter().all(|span| is_quoted_value(&tape, text, *span)) => {
                let absent = tape.nodes.is_empty() || is_absent(&tape);
                let document = Document { span: chunk, base: 0, json: false, tape };
                reject::refuse(&document, text)?;
                return Ok((!absent).then_some(document));
            }
            Ok(_) => {
                return Err(SyntaxError::broken(
                    joined[0].start as usize,
                    "invalid indentation in multiline quoted scalar",
                ));
            }
            Err((error, cursor)) => {
                let quoted =
                    quoted_around(chunk.of(text), cursor - chunk.start as usize, &error, chunk);
                match quoted {
                    Some(quoted) if joined.len() < MOST_JOINED && !joined.contains(&quoted) => {
                        joined.push(quoted);
                        let base = chunk.start as usize;
                        let bytes = quoted.start as usize - base..quoted.end as usize - base;
                        let line = seen[bytes.clone()].replace(['\n', '\r'], " ");
                        seen.to_mut().replace_range(bytes, &line);
                    }
                    _ => return Err(error),
                }
            }
        }
    }
}

/// How many quoted scalars of one document may need [`quoted_around`]; each costs a parse.
const MOST_JOINED: usize = 64;

/// The quoted scalar in which granit reported missing indentation that `kubectl` does not require:
/// the first one after `cursor` that contains the place of the error.
fn quoted_around(body: &str, cursor: usize, error: &SyntaxError, chunk: Span) -> Option<Span> {
    if !QUOTED_INDENTATION.contains(&error.message.as_str()) {
        return None;
    }
    let bytes = body.as_bytes();
    let at = (error.at - chunk.start) as usize;
    (cursor..=at.min(bytes.len().saturating_sub(1)))
        .filter(|&start| {
            matches!(bytes[start], b'\'' | b'"')
                && (start == 0
                    || matches!(bytes[start - 1], b' ' | b'\n' | b'\t' | b'[' | b'{' | b','))
        })
        .find_map(|start| {
            let end = quoted_end(bytes, start)?;
            // Such a line ends the document even inside quotes.
            if memchr::memmem::find(&bytes[start..end], b"\n...").is_some() {
                return None;
            }
            (end > at).then(|| Span::new(start + chunk.start as usize, end + chunk.start as usize))
        })
}

/// The message of granit for a continuation line of a quoted scalar with too little indentation.
const QUOTED_INDENTATION: &[&str] =
    &["invalid indentation in multiline quoted scalar", "tab cannot be used as indentation"];

fn quoted_end(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Whether granit read exactly these bytes as a quoted scalar. The text before them is unchanged,
/// so then they are a quoted scalar in the original text too. As a key it would have to be on one
/// line, which `kubectl` requires.
fn is_quoted_value(tape: &Tape, text: &str, span: Span) -> bool {
    let behind = text[span.end as usize..].trim_start_matches([' ', '\t']);
    !behind.starts_with(':')
        && tape
            .nodes
            .iter()
            .any(|node| node.span == span && matches!(node.style, Style::Single | Style::Double))
}

/// Runs granit on `seen`, which is as long as the chunk. An error is returned with the end of the
/// last token before it.
fn parse_seen(text: &str, chunk: Span, seen: &str) -> Result<Tape, (SyntaxError, usize)> {
    let mut builder = TapeBuilder {
        text,
        base: chunk.start as usize,
        tape: Tape::default(),
        open: Vec::new(),
        anchors: Vec::new(),
        cursor: chunk.start as usize,
        chunk_end: chunk.end as usize,
        last_end: chunk.start,
    };
    let options = granit_parser::options! {
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    if let Some(directive) = directive(seen) {
        let error = SyntaxError::refused(
            builder.base + directive,
            "a YAML directive, which kubectl refuses",
        );
        return Err((error, chunk.start as usize));
    }
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(seen, options) {
        let (event, span) = event.map_err(|e| (builder.error(seen, &e), builder.cursor))?;
        let range = span.byte_range().unwrap_or(0..0);
        let span = Span::new(builder.base + range.start, builder.base + range.end);
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                let error = SyntaxError::refused(
                    span.start as usize,
                    "text after the end of the document without a `---` line, which kubectl ignores",
                );
                return Err((error, builder.cursor));
            }
        }
        let cursor = builder.cursor;
        builder.event(&event, span).map_err(|e| (e, cursor))?;
    }
    let TapeBuilder { mut tape, .. } = builder;
    tape.props.sort_by_key(|p| p.node);
    Ok(tape)
}

/// A document of comments only has an empty plain scalar as its root.
fn is_absent(tape: &Tape) -> bool {
    let root = &tape.nodes[0];
    tape.nodes.len() == 1 && root.style == Style::Plain && root.span.is_empty() && !root.has_props
}

/// The first `%` at the start of a line, before any content.
fn directive(body: &str) -> Option<usize> {
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        match line.trim_start().as_bytes().first() {
            Some(b'%') if line.starts_with('%') => return Some(at),
            None | Some(b'#') => at += line.len(),
            Some(_) => return None,
        }
    }
    None
}

struct TapeBuilder<'a> {
    text: &'a str,
    base: usize,
    tape: Tape,
    /// Collections that are not closed yet.
    open: Vec<Unclosed>,
    /// For each anchor, by granit's number: its node, and the position of its props. Sorted, because
    /// the numbers grow.
    anchors: Vec<(usize, NodeId, usize)>,
    /// The end of the last token of content: only indicators and comments can follow between it and
    /// a block scalar.
    cursor: usize,
    chunk_end: usize,
    last_end: u32,
}

struct Unclosed {
    node: usize,
    children: usize,
    anchor: usize,
}

impl TapeBuilder<'_> {
    fn error(&self, body: &str, error: &granit_parser::ScanError) -> SyntaxError {
        let at = error.marker().byte_offset().unwrap_or(body.len()).min(body.len());
        let message = error.info().to_string();
        if message.contains("recursion limit") {
            return SyntaxError::refused(self.base + at, "nested deeper than 1,000 levels");
        }
        // In a message, only the name of an anchor comes from the input; all other text is fixed.
        let message = if message.contains("anchor") && message.contains('\'') {
            "an alias without an anchor before it in its document".to_owned()
        } else {
            message
        };
        SyntaxError::broken(self.base + at, message)
    }

    fn event(&mut self, event: &Event<'_>, span: Span) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(_, style, anchor, tag) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::Single,
                    ScalarStyle::DoubleQuoted => Style::Double,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let (span, indent) = match style {
                    Style::Literal | Style::Folded => self.block_scalar(span)?,
                    _ => (span, self.column(span.start as usize)),
                };
                let node = self.push(Kind::Scalar, style, span, indent)?;
                self.props(node, *anchor, tag.as_deref());
                self.cursor = self.cursor.max(span.end as usize);
                self.last_end = span.end;
                if style == Style::Plain && span.of(self.text) == "<<" {
                    self.note_merge();
                }
            }
            Event::Alias(id) => {
                let node =
                    self.push(Kind::Alias, Style::Plain, span, self.column(span.start as usize))?;
                self.alias(node, *id, span)?;
                self.cursor = span.end as usize;
                self.last_end = span.end;
            }
            Event::MappingStart(style, anchor, tag) => {
                self.open(Kind::Mapping, *style, *anchor, tag.as_deref(), span)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.open(Kind::Sequence, *style, *anchor, tag.as_deref(), span)?;
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(span),
            Event::Anchor(_, name) => {
                if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) {
                    return Err(SyntaxError::refused(
                        span.start as usize,
                        "an anchor's name with other characters than letters, digits, `_` and `-`, which kubectl refuses",
                    ));
                }
                if let Some(props) = self.tape.props.last_mut() {
                    props.anchor = Some(span);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn open(
        &mut self,
        kind: Kind,
        style: StructureStyle,
        anchor: usize,
        tag: Option<&granit_parser::Tag>,
        span: Span,
    ) -> Result<(), SyntaxError> {
        let style = match style {
            StructureStyle::Flow => Style::Flow,
            StructureStyle::Block => Style::Block,
        };
        // For a list in the column of its key, granit points after the first dash.
        let in_mapping =
            self.open.last().is_some_and(|open| self.tape.nodes[open.node].kind == Kind::Mapping);
        let span = match (kind, style) {
            (Kind::Sequence, Style::Block) if in_mapping => {
                self.find_mark(b"-").map_or(span, |dash| Span::new(dash, dash))
            }
            _ => span,
        };
        let indent = self.column(span.start as usize);
        let node = self.push(kind, style, span, indent)?;
        self.props(node, anchor, tag);
        if style == Style::Flow {
            self.cursor = span.end as usize;
        }
        self.last_end = span.end;
        self.open.push(Unclosed { node: node.0 as usize, children: 0, anchor });
        if self.open.len() > MAX_DEPTH {
            return Err(SyntaxError::refused(
                span.start as usize,
                "nested deeper than 1,000 levels",
            ));
        }
        Ok(())
    }

    fn close(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        let jump = offset(self.tape.nodes.len());
        let last_end = self.last_end;
        let node = &mut self.tape.nodes[open.node];
        node.jump = jump;
        if node.style == Style::Flow {
            node.span.end = span.end;
            self.cursor = self.cursor.max(span.end as usize);
        } else {
            node.span.end = last_end.max(node.span.start);
        }
        self.last_end = node.span.end;
    }

    fn push(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        indent: u32,
    ) -> Result<NodeId, SyntaxError> {
        if let Some(parent) = self.open.last_mut() {
            parent.children += 1;
            let is_key = parent.children % 2 == 1;
            if is_key
                && kind != Kind::Scalar
                && kind != Kind::Alias
                && self.tape.nodes[parent.node].kind == Kind::Mapping
            {
                return Err(SyntaxError::refused(
                    span.start as usize,
                    "a mapping or a list as a key, which kubectl refuses",
                ));
            }
        }
        let id = NodeId(offset(self.tape.nodes.len()));
        self.tape.nodes.push(Node {
            kind,
            style,
            has_props: false,
            has_merge: false,
            span,
            indent,
            jump: id.0 + 1,
        });
        Ok(id)
    }

    fn note_merge(&mut self) {
        if let Some(open) = self.open.last()
            && open.children % 2 == 1
            && self.tape.nodes[open.node].kind == Kind::Mapping
        {
            self.tape.nodes[open.node].has_merge = true;
        }
    }

    fn props(&mut self, node: NodeId, anchor: usize, tag: Option<&granit_parser::Tag>) {
        if anchor == 0 && tag.is_none() {
            return;
        }
        if anchor != 0 {
            self.anchors.push((anchor, node, self.tape.props.len()));
        }
        self.tape.nodes[node.0 as usize].has_props = true;
        self.tape.props.push(Props {
            node,
            anchor: None,
            tag: tag.map(tag_of),
            aliases: 0,
            target: None,
        });
    }

    fn alias(&mut self, node: NodeId, id: usize, span: Span) -> Result<(), SyntaxError> {
        if self.open.iter().any(|open| open.anchor == id) {
            return Err(SyntaxError::refused(
                span.start as usize,
                "an alias inside its own target",
            ));
        }
        // The numbers grow, so the list is sorted.
        let (_, target, props) = self
            .anchors
            .binary_search_by_key(&id, |(anchor, _, _)| *anchor)
            .map(|i| self.anchors[i])
            .map_err(|_| SyntaxError::broken(span.start as usize, "an alias without an anchor"))?;
        self.tape.props[props].aliases += 1;
        self.tape.nodes[node.0 as usize].has_props = true;
        self.tape.props.push(Props {
            node,
            anchor: None,
            tag: None,
            aliases: 0,
            target: Some(target),
        });
        Ok(())
    }

    fn column(&self, at: usize) -> u32 {
        // A carriage return alone is a line end as well.
        let line = memchr::memrchr2(b'\n', b'\r', &self.text.as_bytes()[..at]).map_or(0, |i| i + 1);
        offset(at - line)
    }

    /// The span from the header to the last line of a block scalar, and the column of its content.
    /// granit's own span covers only the content.
    fn block_scalar(&self, span: Span) -> Result<(Span, u32), SyntaxError> {
        let start = self.find_mark(b"|>").ok_or_else(|| {
            SyntaxError::refused(span.start as usize, "a block scalar without its header")
        })?;
        let header = scalar::header(&self.text[start..self.chunk_end]);
        let parent = self
            .open
            .iter()
            .rev()
            .map(|open| &self.tape.nodes[open.node])
            .find(|node| node.style == Style::Block)
            .map(|node| node.indent);
        let content = start + header.len;
        let indent = match header.digit {
            Some(digit) => parent.unwrap_or(0) + digit,
            None => self.content_indent(content, parent)?,
        };
        let end = self.content_end(content, indent as usize)?;
        Ok((Span::new(start, end), indent))
    }

    /// The first of the `marks` after the last token. Only other indicators, an anchor, a tag and
    /// comments can come before it.
    fn find_mark(&self, marks: &[u8]) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = self.cursor;
        while at < self.chunk_end {
            match bytes[at] {
                mark if marks.contains(&mark) => return Some(at),
                b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(self.chunk_end, |i| at + i),
                b'&' | b'!' => {
                    at += bytes[at..]
                        .iter()
                        .position(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
                        .unwrap_or(self.chunk_end - at);
                }
                _ => at += 1,
            }
        }
        None
    }

    /// The column of the first line that is not blank; if all lines are blank, the smallest
    /// possible column.
    fn content_indent(&self, from: usize, parent: Option<u32>) -> Result<u32, SyntaxError> {
        let least = parent.map_or(0, |p| p + 1);
        let mut rest = &self.text[from..self.chunk_end];
        let mut widest = 0;
        while !rest.is_empty() {
            let (line, after) = scalar::split_line(rest);
            let spaces = line.len() - line.trim_start_matches(' ').len();
            if spaces < line.len() {
                let spaces = offset(spaces);
                if spaces < least {
                    break;
                }
                if line.as_bytes()[spaces as usize] == b'\t' {
                    return Err(self.tab_in_block(rest));
                }
                return Ok(spaces);
            }
            widest = widest.max(offset(spaces));
            rest = after;
        }
        Ok(least.max(widest))
    }

    fn tab_in_block(&self, rest: &str) -> SyntaxError {
        SyntaxError::refused(
            self.chunk_end - rest.len(),
            "a tab in the indentation of a block scalar, which kubectl refuses",
        )
    }

    fn content_end(&self, from: usize, indent: usize) -> Result<usize, SyntaxError> {
        let mut rest = &self.text[from..self.chunk_end];
        while !rest.is_empty() {
            let (line, after) = scalar::split_line(rest);
            let spaces = line.len() - line.trim_start_matches(' ').len();
            if spaces < line.len() && spaces < indent {
                if line.as_bytes()[spaces] == b'\t' {
                    return Err(self.tab_in_block(rest));
                }
                break;
            }
            rest = after;
        }
        Ok(self.chunk_end - rest.len())
    }
}

fn tag_of(tag: &granit_parser::Tag) -> Tag {
    if tag.handle().is_empty() && tag.suffix() == "!" {
        return Tag::NonSpecific;
    }
    match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
        Some("str") => Tag::Str,
        Some("int") => Tag::Int,
        Some("float") => Tag::Float,
        Some("bool") => Tag::Bool,
        Some("null") => Tag::Null,
        Some("binary") => Tag::Binary,
        Some("timestamp") => Tag::Timestamp,
        Some("merge") => Tag::Merge,
        _ => Tag::Other,
    }
}
