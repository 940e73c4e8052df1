//! Refuses YAML that the full parser accepts, but that `kubectl` refuses or reads differently.
//!
//! Each rule is one of go-yaml v2 as recorded in `testdata/parity/documents.json`.

use super::SyntaxError;
use super::tape::{Document, Kind, NodeId, Style, Tape};
use crate::text::{Span, offset};

/// Checks a document that was parsed just before.
///
/// # Errors
/// A [`SyntaxError`] at the first such place.
pub(super) fn refuse(document: &Document, text: &str) -> Result<(), SyntaxError> {
    let covered = covered(document);
    refuse_tabs(document, text, &covered)?;
    refuse_text_after_end(document, text, &covered)?;
    if document.tape.nodes.is_empty() {
        return Ok(());
    }
    refuse_merges(document, text)?;
    refuse_flow_marks(document, text)?;
    refuse_bombs(&document.tape)
}

/// Checks for characters that go-yaml refuses or takes for line breaks, and that YAML 1.2 allows.
///
/// # Errors
/// A [`SyntaxError`] at the first of them.
pub(super) fn refuse_characters(body: &str, base: usize) -> Result<(), SyntaxError> {
    let bytes = body.as_bytes();
    for lead in memchr::memchr3_iter(0xC2, 0xE2, 0xEF, bytes) {
        let found = match &bytes[lead..] {
            [0xC2, 0x85, ..] => {
                "the character U+0085 is a line break to kubectl; write it as an escape in double quotes"
            }
            [0xC2, 0x80..=0x9F, ..] | [0xEF, 0xBF, 0xBE | 0xBF, ..] => {
                "a control character, which kubectl refuses"
            }
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => {
                "the characters U+2028 and U+2029 are line breaks to kubectl; write them as escapes in double quotes"
            }
            [0xEF, 0xBB, 0xBF, ..] => {
                "a byte order mark inside the stream; kubectl takes it for a part of the text"
            }
            _ => continue,
        };
        return Err(SyntaxError::refused(base + lead, found));
    }
    if let Some(at) = memchr::memmem::find(bytes, b"\r\r\n") {
        return Err(SyntaxError::refused(base + at, "a line that ends with two carriage returns"));
    }
    match memchr::memchr(0x7F, bytes) {
        Some(at) => {
            Err(SyntaxError::refused(base + at, "a control character, which kubectl refuses"))
        }
        None => Ok(()),
    }
}

/// The spans of the quoted scalars, block scalars and outermost flow collections, in the order of the
/// text: a line inside of them is content.
fn covered(document: &Document) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for node in &document.tape.nodes {
        let inside = spans.last().is_some_and(|last| node.span.start < last.end);
        let is_content =
            (node.kind == Kind::Scalar && node.style != Style::Plain) || node.style == Style::Flow;
        if is_content && !inside && !node.span.is_empty() {
            spans.push(node.span);
        }
    }
    spans
}

fn is_covered(covered: &[Span], at: usize) -> bool {
    let next = covered.partition_point(|span| span.start as usize <= at);
    next > 0 && at < covered[next - 1].end as usize
}

/// Refuses a tab in the indentation of a line or directly after a dash.
fn refuse_tabs(document: &Document, text: &str, covered: &[Span]) -> Result<(), SyntaxError> {
    let bytes = document.span.of(text).as_bytes();
    let base = document.span.start as usize;
    for tab in memchr::memchr_iter(b'\t', bytes) {
        let line = memchr::memrchr(b'\n', &bytes[..tab]).map_or(0, |i| i + 1);
        let leads = bytes[line..tab].iter().all(|b| matches!(b, b' ' | b'-'));
        if leads && !is_covered(covered, base + tab) {
            return Err(SyntaxError::refused(
                base + tab,
                "a tab in the indentation, which kubectl refuses",
            ));
        }
    }
    Ok(())
}

/// Refuses text after a `...` line, because `kubectl` ignores everything between it and the next
/// `---`.
fn refuse_text_after_end(
    document: &Document,
    text: &str,
    covered: &[Span],
) -> Result<(), SyntaxError> {
    let body = document.span.of(text);
    let base = document.span.start as usize;
    let starts = memchr::memmem::find_iter(body.as_bytes(), b"...")
        .filter(|&at| at == 0 || body.as_bytes()[at - 1] == b'\n');
    for at in starts {
        let behind = body.as_bytes().get(at + 3);
        if is_covered(covered, base + at) || !behind.is_none_or(|b| b.is_ascii_whitespace()) {
            continue;
        }
        let has_content = body[at + 3..].lines().any(|line| {
            let line = line.trim();
            !(line.is_empty() || line.starts_with('#') || line == "...")
        });
        if has_content {
            return Err(SyntaxError::refused(
                base + at,
                "text behind the end of the document `...`, which kubectl ignores; put a `---` line between",
            ));
        }
    }
    Ok(())
}

/// Refuses merge keys with other values than a mapping, an alias of one, or a list of these.
fn refuse_merges(document: &Document, text: &str) -> Result<(), SyntaxError> {
    let is_mapping = |id: NodeId| document.node(document.target(id)).kind == Kind::Mapping;
    for (index, node) in document.tape.nodes.iter().enumerate() {
        if !node.has_merge {
            continue;
        }
        for (key, value) in document.pairs(NodeId(offset(index))) {
            if !document.is_merge_key(text, key) {
                continue;
            }
            let list = document.node(value).kind == Kind::Sequence;
            let good =
                if list { document.children(value).all(is_mapping) } else { is_mapping(value) };
            if !good {
                return Err(SyntaxError::refused(
                    document.node(key).span.start as usize,
                    "a merge key `<<` whose value is not a mapping, which kubectl refuses",
                ));
            }
        }
    }
    Ok(())
}

/// Refuses plain scalars with `?` or a leading `:` in flow collections: go-yaml ends a scalar at
/// `?` and does not begin one with `:`. Also refuses infinities and NaN, which JSON cannot express.
fn refuse_flow_marks(document: &Document, text: &str) -> Result<(), SyntaxError> {
    let mut flow_end = 0;
    for node in &document.tape.nodes {
        if node.style == Style::Flow {
            flow_end = flow_end.max(node.span.end);
        }
        if node.kind != Kind::Scalar || node.style != Style::Plain {
            continue;
        }
        let raw = node.span.of(text);
        if node.span.start < flow_end && (raw.contains('?') || raw.starts_with(':')) {
            return Err(SyntaxError::refused(
                node.span.start as usize,
                "a `?` or a leading `:` in a scalar inside of brackets, which kubectl refuses; put it in quotes",
            ));
        }
        if raw.len() < 6 && is_not_finite(raw) && !node.has_props {
            return Err(SyntaxError::refused(
                node.span.start as usize,
                "an infinity or NaN, which kubectl refuses; put it in quotes",
            ));
        }
    }
    Ok(())
}

pub(super) fn is_not_finite(raw: &str) -> bool {
    matches!(
        raw,
        ".inf"
            | ".Inf"
            | ".INF"
            | "+.inf"
            | "+.Inf"
            | "+.INF"
            | "-.inf"
            | "-.Inf"
            | "-.INF"
            | ".nan"
            | ".NaN"
            | ".NAN"
    )
}

/// The limit of go-yaml v2 for alias bombs (`decode.go`, `allowedAliasRatio`), computed from counts
/// without an expansion.
fn refuse_bombs(tape: &Tape) -> Result<(), SyntaxError> {
    if !tape.props.iter().any(|p| p.target.is_some()) {
        return Ok(());
    }
    // For each node: the number of nodes in its expansion, and how many of them come through an
    // alias.
    let mut sizes: Vec<(u64, u64)> = vec![(0, 0); tape.nodes.len()];
    // A target comes before its alias, so the loop goes forwards; sums over a prefix give the size
    // of a collection when its last child is known.
    let mut open: Vec<usize> = Vec::new();
    for index in 0..=tape.nodes.len() {
        while let Some(&top) = open.last() {
            if tape.nodes[top].jump as usize > index {
                break;
            }
            open.pop();
            let done = sizes[top];
            if let Some(&parent) = open.last() {
                sizes[parent].0 = sizes[parent].0.saturating_add(done.0);
                sizes[parent].1 = sizes[parent].1.saturating_add(done.1);
            }
        }
        let Some(node) = tape.nodes.get(index) else { break };
        sizes[index] = match node.kind {
            Kind::Alias => {
                let target = tape.props(NodeId(offset(index))).and_then(|p| p.target);
                let inner = target.map_or(0, |t| sizes[t.0 as usize].0);
                (inner.saturating_add(1), inner)
            }
            _ => (1, 0),
        };
        open.push(index);
    }
    let (decoded, aliased) = sizes.first().copied().unwrap_or((0, 0));
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let total = decoded as f64;
    let allowed = if total <= LOW {
        0.99
    } else if total >= HIGH {
        0.10
    } else {
        0.99 - 0.89 * ((total - LOW) / (HIGH - LOW))
    };
    if aliased > 100 && decoded > 1_000 && aliased as f64 / total > allowed {
        return Err(SyntaxError::refused(
            tape.nodes[0].span.start as usize,
            "the document contains excessive aliasing, which kubectl refuses",
        ));
    }
    Ok(())
}
