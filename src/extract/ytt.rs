//! ytt programs: YAML whose `#@` comments are code.

use crate::text::Span;
use crate::yaml::{Document, Kind};

/// Finds the code of a ytt program, which follows `#@` outside of scalars.
pub(super) struct YttMarks {
    marks: Vec<u32>,
}

impl YttMarks {
    /// The marks in a part of a text. A text with a stamp of rollstamp is not a program, because
    /// nobody stamps programs.
    pub(super) fn new(text: &str, part: Span, stamp: &str) -> Self {
        let bytes = text.as_bytes();
        let mut marks: Vec<u32> = memchr::memmem::find_iter(&bytes[part.range()], b"#@")
            .map(|at| at + part.start as usize)
            .filter(|&at| at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | 0xBF))
            .filter(|&at| is_ytt_code(text, at))
            .map(crate::text::offset)
            .collect();
        if !marks.is_empty() && text.contains(stamp) {
            marks.clear();
        }
        Self { marks }
    }

    /// Removes the marks inside a scalar of the document.
    pub(super) fn visit(&mut self, document: &Document) {
        if self.marks.is_empty() {
            return;
        }
        for node in &document.tape.nodes {
            if node.kind == Kind::Scalar {
                self.marks.retain(|&at| at < node.span.start || at >= node.span.end);
            }
        }
    }

    pub(super) fn is_program(&self) -> bool {
        !self.marks.is_empty()
    }
}

/// Whether the text after `#@` is code and not a comment (carvel.dev/ytt/docs: an annotation, a
/// statement, or the value of a field or item without its own value).
fn is_ytt_code(text: &str, at: usize) -> bool {
    let line = crate::text::line_range(text, at);
    let (before, code) = (text[line.start..at].trim_end(), text[at + 2..line.end].trim_end());
    let annotations = ["data/", "overlay/", "library/", "schema/", "yaml/", "yttlibrary"];
    let statement = code.trim_start();
    let opens = |word: &str| statement.starts_with(word) && statement.ends_with(':');
    annotations.iter().any(|name| code.starts_with(name))
        || statement.starts_with("load(")
        || ["def ", "if ", "if/", "elif ", "else", "for ", "for/"].into_iter().any(opens)
        || ["end", "return", "break", "continue"].contains(&statement)
        || statement.starts_with("return ")
        || (!statement.is_empty() && (before.ends_with(':') || before.trim_start() == "-"))
}
