//! Puts JSON values on the tape. `serde_json` checks that a text is JSON and finds the end of each
//! value. Then a pass over the checked text only finds the spans.

use super::tape::{Document, Kind, Node, Style, Tape};
use super::{MAX_DEPTH, SyntaxError};
use crate::text::{Span, offset};
use serde_json::value::RawValue;

/// The JSON values in a chunk, one document each; `None` if the chunk is not JSON.
///
/// # Errors
/// [`SyntaxError`] for JSON that nests deeper than [`MAX_DEPTH`], and for several values in a later
/// chunk of a stream.
pub fn parse(text: &str, chunk: Span) -> Result<Option<Vec<Document>>, SyntaxError> {
    let body = chunk.of(text);
    let mut values: Vec<Span> = Vec::new();
    for value in serde_json::Deserializer::from_str(body).into_iter::<&RawValue>() {
        let Ok(value) = value else { return Ok(None) };
        let start = value.get().as_ptr() as usize - body.as_ptr() as usize + chunk.start as usize;
        values.push(Span::new(start, start + value.get().len()));
    }
    if values.len() > 1 && chunk.start > '\u{feff}'.len_utf8() as u32 {
        return Err(SyntaxError::refused(
            values[1].start as usize,
            "a second JSON value behind a `---` line, which kubectl ignores; put a `---` line between",
        ));
    }
    let mut documents = Vec::with_capacity(values.len());
    let mut from = chunk.start;
    for (i, value) in values.iter().enumerate() {
        let to = match values.get(i + 1) {
            Some(_) => value.end,
            None => chunk.end,
        };
        documents.push(Document {
            base: 0,
            span: Span { start: from, end: to },
            json: true,
            tape: tape(text, *value)?,
        });
        from = to;
    }
    Ok(Some(documents))
}

fn tape(text: &str, value: Span) -> Result<Tape, SyntaxError> {
    let bytes = &text.as_bytes()[..value.end as usize];
    let mut tape = Tape::default();
    let mut open: Vec<usize> = Vec::new();
    let mut at = value.start as usize;
    let mut line_start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |i| i + 1);
    while at < value.end as usize {
        let start = at;
        let (kind, style, end) = match bytes[at] {
            b'\n' => {
                at += 1;
                line_start = at;
                continue;
            }
            b' ' | b'\t' | b'\r' | b',' | b':' => {
                at += 1;
                continue;
            }
            b'}' | b']' => {
                at += 1;
                if let Some(index) = open.pop() {
                    tape.nodes[index].span.end = offset(at);
                    tape.nodes[index].jump = offset(tape.nodes.len());
                }
                continue;
            }
            b'{' => (Kind::Mapping, Style::Flow, at + 1),
            b'[' => (Kind::Sequence, Style::Flow, at + 1),
            b'"' => (Kind::Scalar, Style::JsonString, string_end(bytes, at)),
            _ => (Kind::Scalar, Style::JsonLiteral, literal_end(bytes, at)),
        };
        if kind != Kind::Scalar {
            open.push(tape.nodes.len());
            if open.len() > MAX_DEPTH {
                return Err(SyntaxError::refused(at, "nested deeper than 1,000 levels"));
            }
        }
        tape.nodes.push(Node {
            kind,
            style,
            has_props: false,
            has_merge: false,
            span: Span::new(start, end),
            indent: offset(start - line_start),
            jump: offset(tape.nodes.len() + 1),
        });
        at = end;
    }
    Ok(tape)
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(i) = memchr::memchr2(b'"', b'\\', &bytes[at..]) {
        if bytes[at + i] == b'"' {
            return at + i + 1;
        }
        at += i + 2;
    }
    bytes.len()
}

fn literal_end(bytes: &[u8], start: usize) -> usize {
    let is_end = |b: &u8| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
    bytes[start..].iter().position(is_end).map_or(bytes.len(), |i| start + i)
}
