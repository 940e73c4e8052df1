//! Classifies a text that cannot be read. rollstamp skips such a text only if it is certainly not a
//! manifest, because kubectl reads some texts that this program refuses.

use super::Facts;
use crate::finding::{Code, Finding, Severity};
use crate::text::{FileId, Place, Span};
use crate::yaml::{self, Cursor, Document};
use memchr::memmem;

/// The class of a text that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnreadableText {
    /// Text of a template language: a mark of the language stands at the place where the text is no
    /// longer YAML, and where no YAML reader takes it as part of a value.
    Template,
    /// The text may be a manifest.
    #[default]
    Manifest,
    /// The text holds no object: it does not contain `apiVersion` and `kind`, and has no stamp of
    /// rollstamp.
    Other,
}

impl Facts {
    /// Adds the class that only the whole text shows, if it cannot be read. `stamp` is the
    /// annotation key of stamps.
    pub fn seen(mut self, text: &str, stamp: &str) -> Self {
        if let Some(error) = &self.broken {
            let is_template = is_template(text, error.at as usize);
            self.looks = match may_hold_objects(text.as_bytes(), stamp) {
                _ if is_template => UnreadableText::Template,
                true => UnreadableText::Manifest,
                false => UnreadableText::Other,
            };
        }
        self
    }
}

/// Checks whether `kubectl` treats a text as JSON that is not JSON.
#[derive(Default)]
pub(super) struct JsonGuess {
    /// The beginning of the text, and whether it is JSON; `None` if the text does not begin with a
    /// brace.
    first: Option<(Span, bool)>,
    /// Whether a document follows a `---`.
    has_more: bool,
}

impl JsonGuess {
    /// Adds the next documents of the text, which stand between two `---`.
    pub(super) fn see(&mut self, documents: &[Document], text: &str) {
        let Some(document) = documents.first() else { return };
        if self.first.is_some() {
            self.has_more = true;
        } else if text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
            self.first = Some((Cursor::root(document, text).span(), document.json));
        }
    }

    /// Adds the finding, if any. `kubectl` treats a text that begins with a brace as JSON
    /// (`GuessJSONStream`, 1.27 to 1.32): it refuses it, or it applies the part before the first
    /// `---` and stops. The second case is reported only if a document follows, which a later part
    /// of the text may show.
    pub(super) fn say(self, file: FileId, facts: &mut Facts) {
        let Some((at, is_json)) = self.first else { return };
        let message = match is_json {
            true => {
                "the text begins with a brace, so kubectl takes it for JSON, and stops at the first `---` when what stands before it is applied"
            }
            false => "the text begins with a brace, so kubectl takes it for JSON, and refuses it",
        };
        let brace = Span { end: at.start + 1, ..at };
        let finding = Finding::new(Code::UnsupportedYaml, message);
        let mut finding =
            finding.at(Place { file, span: brace }).help("begin it with a line `---`");
        finding.severity = Severity::Warning;
        match is_json && !self.has_more {
            true => facts.said_if_more = Some(Box::new(finding)),
            false => facts.findings.push(finding),
        }
    }
}

/// Whether a text in any encoding may hold an object or a stamp: it contains `apiVersion` and
/// `kind`, or escapes, which can spell any word.
pub fn may_hold_objects(bytes: &[u8], stamp: &str) -> bool {
    if bytes.contains(&0) {
        // UTF-16 and UTF-32 have zero bytes between ASCII letters, and YAML readers accept these
        // encodings.
        let bytes: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
        return says_all(&bytes, stamp);
    }
    says_all(bytes, stamp)
}

fn says_all(bytes: &[u8], stamp: &str) -> bool {
    let says = |word: &str| memmem::find(bytes, word.as_bytes()).is_some();
    says(stamp) || escapes_letters(bytes) || (says("apiVersion") && says("kind"))
}

/// Whether a text may hold an escape of an ASCII letter, and so spell any word.
pub(super) fn escapes_letters(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', bytes).any(|at| {
        let escape = &bytes[at + 1..];
        let digits = [&b"x"[..], b"u00", b"U000000"].into_iter();
        let mut digits = digits.filter_map(|start| escape.strip_prefix(start));
        digits.any(|rest| matches!(rest, [b'4'..=b'7', ..]))
    })
}

/// Whether a mark of a template language stands at the place of a syntax error: on its line, or on
/// the last non-blank line before it.
fn is_template(text: &str, at: usize) -> bool {
    if yaml::split::chunks(text).next().is_none() {
        return true;
    }
    let at = at.min(text.len());
    let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end);
    let Some(before) = text.get(..end) else {
        return false;
    };
    let before = before.trim_start_matches('\u{feff}');
    let lines: Vec<&str> = before.lines().collect();
    let near = (0..lines.len()).rev().filter(|&n| !lines[n].trim().is_empty());
    near.take(2).any(|n| is_mark(lines[n]) && !is_in_scalar(&lines[..n], lines[n]))
}

/// Whether a line, or the value on it, begins with text with which no YAML value begins.
fn is_mark(line: &str) -> bool {
    let (_, line) = indented(line);
    // ERB and EJS: a tag alone on its line is not a field.
    let is_tag = line.starts_with("<%") && line.trim_end().ends_with("%>");
    let value = line.split_once(": ").filter(|(key, _)| !key.contains(['"', '\'', '#']));
    let value = value.map_or("", |(_, value)| value.trim_start());
    // A flow mapping as a key, a directive and a reserved character: kubectl refuses all three.
    let begins = |text: &str| ["{{", "{%", "@"].iter().any(|mark| text.starts_with(mark));
    is_tag || begins(line) || begins(value)
}

/// The column of the content of a line, with list dashes counted as white space, and the rest of
/// the line.
fn indented(line: &str) -> (usize, &str) {
    let mut rest = line.trim_start_matches(' ');
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start_matches(' ');
    }
    (line.len() - rest.len(), rest)
}

/// Whether a line may be part of a scalar that begins on an earlier line: the last earlier line
/// with less indentation is neither a field without a value nor a mark.
fn is_in_scalar(before: &[&str], line: &str) -> bool {
    let (column, _) = indented(line);
    let is_content = |line: &&&str| {
        let text = line.trim();
        !text.is_empty() && !text.starts_with('#')
    };
    let holder = before.iter().rev().filter(is_content).find(|line| indented(line).0 < column);
    holder.is_some_and(|line| {
        let text = line.split(" #").next().unwrap_or_default().trim_end();
        let opens = text.ends_with(':') && !text.contains(['"', '\'']);
        !opens && text != "---" && !is_mark(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(text: &str, at: &str) -> bool {
        is_template(text, text.find(at).unwrap())
    }

    #[test]
    fn a_mark_counts_where_no_reader_takes_it_for_a_value() {
        assert!(looks("{{- if .Values.x }}\napiVersion: v1\n", "apiVersion"));
        assert!(looks("spec:\n  replicas: {{ .Values.n }}\n", "{{"));
        assert!(looks("env:\n- name: a\n  value: {{ x }}\n", "x }}"));
        assert!(looks("a:\n  b: c\n  {% for x in y %}\n  d: e\n", "d: e"));
        assert!(looks("replicas: @replicas@\n", "@"));
        assert!(looks("<% if x %>\nkind: A\n", "kind"));
    }

    #[test]
    fn a_mark_in_a_value_or_far_away_proves_nothing() {
        let value = "data:\n  a.tmpl: \"{{ .Alerts }}\"\n  b: \"x\u{2028}y\"\n";
        assert!(!looks(value, "\"x"));
        let block = "data:\n  a.tmpl: |\n    {{ .Alerts }}\n  b: \"x\u{2028}y\"\n";
        assert!(!looks(block, "\"x"));
        assert!(!looks("data:\n  a: x\n    {{ y }}\n  b: \"x\u{2028}y\"\n", "\"x"));
        assert!(!looks("data:\n  a: \"x:\n    {{ y }}\n    z\u{2028}y\"\n", "z"));
        assert!(!looks("data:\n  a: x {{ y }} \u{2028}\n", "\u{2028}"));
    }

    #[test]
    fn what_says_no_object_holds_none() {
        let stamp = "checksum/rollstamp";
        assert!(may_hold_objects(b"kind: A # caf\xe9\napiVersion: v1\n", stamp));
        assert!(may_hold_objects(b"\"\\x6bind\": A\n\"apiVersion\": v1", stamp));
        assert!(may_hold_objects(b"checksum/rollstamp", stamp));
        let wide: Vec<u8> = b"apiVersion: kind".iter().flat_map(|&b| [b, 0]).collect();
        assert!(may_hold_objects(&wide, stamp));
        assert!(!may_hold_objects(b"kind: A\n\xe9", stamp) && !may_hold_objects(b"", stamp));
    }
}
