//! Finds the edit that adds a key to a document, and the edits that remove it again completely.
//!
//! [`find`] looks for `parents…/name` below a mapping, for example `metadata/annotations/KEY` below
//! a pod template, and returns a [`Slot`]: the existing value, or the edit that adds the key. A
//! block entry is inserted in the line below its parent, at the column of the first child, so that
//! comments stay with the entries that they describe. A flow entry becomes the first entry.
//!
//! [`Present::removal`] recognises each layout that an insertion makes, and restores the original
//! text. For this purpose, a flow mapping that an insertion makes has a blank inside its braces.

pub mod entries;
mod removal;

use super::tape::{Document, Kind, NodeId, Style};
use super::{Edit, resolve};
use crate::text::{Span, blanks_before, line_range};
use smol_str::SmolStr;
use std::fmt::Write as _;

/// Why a text cannot be edited safely, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The node that prevents the edit.
    pub at: Span,
    /// A sentence fragment: lower case, no full stop.
    pub message: String,
    /// A second place that the message refers to.
    pub related: Option<Related>,
}

/// The second place of a [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Related {
    /// The first of two equal keys.
    FirstKey(Span),
    /// The anchor of an alias, or an alias of an anchor.
    OtherEnd(Span),
}

/// The place of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The key does not exist.
    Absent(Insertion),
    /// The key exists.
    Present(Present),
}

/// An edit without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The bytes that it replaces: a `null`, or an empty span.
    pub span: Span,
    /// The text before the value.
    pub before: SmolStr,
    /// The text after the value.
    pub after: SmolStr,
}

impl Refusal {
    fn behind(mut self, by: u32) -> Self {
        self.at = self.at.behind(by);
        self.related = self.related.map(|related| match related {
            Related::FirstKey(span) => Related::FirstKey(span.behind(by)),
            Related::OtherEnd(span) => Related::OtherEnd(span.behind(by)),
        });
        self
    }
}

impl Slot {
    /// The same slot in a text that has `by` more bytes before it.
    fn behind(self, by: u32) -> Self {
        let moved =
            |insertion: Insertion| Insertion { span: insertion.span.behind(by), ..insertion };
        match self {
            Self::Absent(insertion) => Self::Absent(moved(insertion)),
            Self::Present(Present { key, value, replacement, removal }) => Self::Present(Present {
                key: key.behind(by),
                value,
                replacement: moved(replacement),
                removal: match removal {
                    Ok(edit) => Ok(Edit { span: edit.span.behind(by), ..edit }),
                    Err(refusal) => Err(refusal.behind(by).into()),
                },
            }),
        }
    }
}

impl Insertion {
    fn new(span: Span, before: impl Into<SmolStr>, after: impl Into<SmolStr>) -> Self {
        Self { span, before: before.into(), after: after.into() }
    }

    /// The edit that writes `value`, which must not need any escape in double quotes.
    pub fn with(&self, value: &str) -> Edit {
        Edit { span: self.span, replacement: [self.before.as_str(), value, &self.after].concat() }
    }
}

/// A key that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// Where the key is written.
    pub key: Span,
    /// The value, if it is a string.
    pub value: Option<Box<str>>,
    /// The edit that gives it another value.
    pub replacement: Insertion,
    /// The edits that remove the key, and the parents that an insertion made for it.
    pub removal: Result<Edit, Box<Refusal>>,
}

/// The line end for new lines if no line end can be copied: the one that the text uses.
pub fn line_end(text: &str) -> &'static str {
    match memchr::memchr(b'\n', text.as_bytes()) {
        Some(i) if i > 0 && text.as_bytes()[i - 1] == b'\r' => "\r\n",
        _ => "\n",
    }
}

/// Looks for the path `parents` and then `name` below `mapping`. The returned spans count from the
/// beginning of the file of the document.
///
/// `ancestors` are the collections around `mapping`. An anchor on one of them prevents the edit as well.
///
/// # Errors
/// A [`Refusal`], if a node on the path is an alias, has a shared anchor, a tag or a merge key, or if a
/// key is there twice.
pub fn find(
    document: &Document,
    text: &str,
    ancestors: &[NodeId],
    mapping: NodeId,
    parents: &[&str],
    name: &str,
) -> Result<Slot, Refusal> {
    let editor = Editor { document, text };
    let found = editor.find(ancestors, mapping, parents, name);
    found.map(|slot| slot.behind(document.base)).map_err(|why| why.behind(document.base))
}

struct Editor<'a> {
    document: &'a Document,
    text: &'a str,
}

impl<'a> Editor<'a> {
    /// As [`find`], with spans that count from the beginning of the text.
    fn find(
        &self,
        ancestors: &[NodeId],
        mapping: NodeId,
        parents: &[&str],
        name: &str,
    ) -> Result<Slot, Refusal> {
        let (editor, document) = (self, self.document);
        for &ancestor in ancestors {
            editor.editable(ancestor)?;
        }
        editor.editable(mapping)?;
        if document.node(mapping).kind != Kind::Mapping {
            return Err(editor.refusal(mapping, "not a mapping"));
        }
        let quoted = format!("\"{name}\"");
        // A name such as `on` is not a string if the key has no quotes.
        let written = if document.json || resolve::is_plain_string(name) { name } else { &quoted };
        let mut key = None;
        let mut at = mapping;
        // The chain of keys and mappings from `mapping` on, for the removal.
        let mut chain: Vec<(NodeId, NodeId)> = Vec::new();
        for (depth, parent) in parents.iter().enumerate() {
            let rest = &parents[depth..];
            match editor.own_field(at, parent)? {
                None => return editor.insert(at, key, rest, written),
                Some((field, value)) => {
                    if editor.is_null(value) {
                        return editor.fill_null(at, field, value, &rest[1..], written);
                    }
                    if document.node(value).kind != Kind::Mapping {
                        return Err(editor.refusal(value, &format!("`{parent}` is not a mapping")));
                    }
                    chain.push((field, value));
                    key = Some(field);
                    at = value;
                }
            }
        }
        match editor.own_field(at, name)? {
            None => editor.insert(at, key, &[], written),
            Some((field, value)) => editor.present(mapping, &chain, field, value),
        }
    }

    fn refusal(&self, node: NodeId, message: &str) -> Refusal {
        Refusal { at: self.document.node(node).span, message: message.to_owned(), related: None }
    }

    /// Refuses a node that aliases share, or whose meaning a tag or a merge key changes.
    fn editable(&self, node: NodeId) -> Result<(), Refusal> {
        let props = &self.document.tape.props;
        let anchor = |of: NodeId| props.iter().find(|p| p.node == of).and_then(|p| p.anchor);
        if self.document.node(node).kind == Kind::Alias {
            let mut refusal =
                self.refusal(node, "an alias, so an edit would change other places as well");
            refusal.related = anchor(self.document.target(node)).map(Related::OtherEnd);
            return Err(refusal);
        }
        if self.document.aliases(node) > 0 {
            let message =
                "an anchor that aliases share, so an edit would change other places as well";
            let mut refusal = self.refusal(node, message);
            refusal.at = anchor(node).unwrap_or(refusal.at);
            refusal.related = props
                .iter()
                .find(|p| p.target == Some(node))
                .map(|p| Related::OtherEnd(self.document.node(p.node).span));
            return Err(refusal);
        }
        if self.document.tag(node).is_some() {
            return Err(self.refusal(node, "a tag stands before it"));
        }
        if self.document.node(node).has_merge {
            return Err(self.refusal(node, "a merge key `<<` may bring keys of its own"));
        }
        Ok(())
    }

    /// The field `name` written in this very mapping, its value checked.
    fn own_field(&self, mapping: NodeId, name: &str) -> Result<Option<(NodeId, NodeId)>, Refusal> {
        let mut found: Option<(NodeId, NodeId)> = None;
        for (key, value) in self.document.pairs(mapping) {
            if !self.document.is_key(self.text, key, name) {
                continue;
            }
            if let Some((first, _)) = found {
                return Err(Refusal {
                    at: self.document.node(key).span,
                    message: format!("the key `{name}` occurs twice in one mapping"),
                    related: Some(Related::FirstKey(self.document.node(first).span)),
                });
            }
            self.editable(key)?;
            self.editable(value)?;
            found = Some((key, value));
        }
        Ok(found)
    }

    fn is_null(&self, node: NodeId) -> bool {
        matches!(resolve::value(self.document, self.text, node), Ok(resolve::Value::Null))
    }

    fn start(&self, node: NodeId) -> usize {
        self.document.node(node).span.start as usize
    }

    fn end(&self, node: NodeId) -> usize {
        self.document.node(node).span.end as usize
    }

    /// The blanks before a node; refused with this message if its line begins with other text.
    fn indent(&self, node: NodeId, message: &str) -> Result<&'a str, Refusal> {
        blanks_before(self.text, self.start(node)).ok_or_else(|| self.refusal(node, message))
    }

    fn style(&self, node: NodeId) -> Style {
        self.document.node(node).style
    }

    fn column(&self, node: NodeId) -> usize {
        self.document.node(node).indent as usize
    }

    fn first_child(&self, node: NodeId) -> Option<NodeId> {
        self.document.children(node).next()
    }

    /// The start of the line after the line that holds `at`, and the line end before it; `None` if the
    /// text ends there without a line end.
    fn next_line(&self, at: usize) -> (usize, Option<&'static str>) {
        match memchr::memchr(b'\n', &self.text.as_bytes()[at..]) {
            None => (self.text.len(), None),
            Some(i) if i > 0 && self.text.as_bytes()[at + i - 1] == b'\r' => {
                (at + i + 1, Some("\r\n"))
            }
            Some(i) => (at + i + 1, Some("\n")),
        }
    }

    fn refuse_lone_returns(&self, node: NodeId) -> Result<(), Refusal> {
        let bytes = self.document.span.of(self.text).as_bytes();
        let lone = memchr::memchr_iter(b'\r', bytes).any(|i| bytes.get(i + 1) != Some(&b'\n'));
        if lone {
            return Err(self.refusal(node, "its lines end with a carriage return alone"));
        }
        Ok(())
    }

    /// Adds the mappings `rest` and in them `name` to a mapping that has entries or is `{}`.
    fn insert(
        &self,
        mapping: NodeId,
        key: Option<NodeId>,
        rest: &[&str],
        name: &str,
    ) -> Result<Slot, Refusal> {
        let insertion = match (self.style(mapping), key) {
            (Style::Flow, _) => self.insert_flow(mapping, rest, name),
            (_, Some(key)) => self.insert_block(mapping, key, rest, name)?,
            (_, None) => {
                return Err(self.refusal(mapping, "a block mapping without a key of its own"));
            }
        };
        Ok(Slot::Absent(insertion))
    }

    fn insert_block(
        &self,
        mapping: NodeId,
        key: NodeId,
        rest: &[&str],
        name: &str,
    ) -> Result<Insertion, Refusal> {
        self.refuse_lone_returns(mapping)?;
        let first = self
            .first_child(mapping)
            .ok_or_else(|| self.refusal(mapping, "an empty block mapping"))?;
        let column = self.indent(first, "its first key does not begin its line")?.len();
        let (at, end) = self.next_line(self.end(key));
        let step = column.saturating_sub(self.column(key));
        if at > self.start(first) - column {
            return Err(self.refusal(first, "its first key stands on the line of its parent"));
        }
        let step = if step == 0 { 2 } else { step };
        let end = end.unwrap_or_else(|| line_end(self.text));
        Ok(block_lines(at, column, step, rest, name, end, "", end))
    }

    fn insert_flow(&self, mapping: NodeId, rest: &[&str], name: &str) -> Insertion {
        let json = self.document.json;
        let colon = self.colon();
        let Some(first) = self.first_child(mapping) else {
            let at = self.start(mapping) + 1;
            let (before, after) = self.flow_entry(rest, name, colon, None);
            return Insertion::new(Span::new(at, at), before, after);
        };
        let at = self.start(first);
        let gap = &self.text[self.start(mapping) + 1..at];
        if gap.contains('\n') {
            let line = line_range(self.text, at).start;
            let indent = &self.text[line..at];
            let lead = line_range(self.text, self.start(mapping)).start;
            let outer = leading_blanks(&self.text[lead..]);
            let step = indent.strip_prefix(outer).filter(|s| !s.is_empty()).unwrap_or("  ");
            let end = self.next_line(self.start(mapping)).1.unwrap_or("\n");
            let (before, after) = if json {
                self.flow_entry(rest, name, colon, Some((indent, step, end)))
            } else {
                self.flow_entry(rest, name, colon, None)
            };
            let after = format!("{after},{end}{indent}");
            return Insertion::new(Span::new(at, at), before, after);
        }
        let blank = if json && colon == ":" { "" } else { " " };
        let (before, after) = self.flow_entry(rest, name, colon, None);
        Insertion::new(Span::new(at, at), before, format!("{after},{blank}"))
    }

    /// `": "`, or `":"` in JSON that has no blank after its first colon.
    fn colon(&self) -> &'static str {
        if !self.document.json {
            return ": ";
        }
        let mut pairs = self.document.pairs(self.document.root());
        match pairs.next() {
            Some((key, value)) if self.start(value) - self.end(key) == 1 => ":",
            _ => ": ",
        }
    }

    /// `name: "` inside the mappings of `rest`, and the text that closes them. Mappings made here
    /// have a blank inside their braces; in JSON with one entry per line, they have their own
    /// lines.
    fn flow_entry(
        &self,
        rest: &[&str],
        name: &str,
        colon: &str,
        lines: Option<(&str, &str, &str)>,
    ) -> (String, String) {
        let quote = if self.document.json { "\"" } else { "" };
        let blank = if colon == ":" { "" } else { " " };
        let (mut before, mut after) = (String::new(), String::from("\""));
        for (depth, parent) in rest.iter().enumerate() {
            before.push_str(&format!("{quote}{parent}{quote}{colon}{{"));
            match lines {
                Some((indent, step, end)) => {
                    before.push_str(&format!("{end}{indent}{}", step.repeat(depth + 1)));
                }
                None => before.push_str(blank),
            }
        }
        before.push_str(&format!("{quote}{name}{quote}{colon}\""));
        for depth in (0..rest.len()).rev() {
            match lines {
                Some((indent, step, end)) => {
                    after.push_str(&format!("{end}{indent}{}", step.repeat(depth)));
                }
                None => after.push_str(blank),
            }
            after.push('}');
        }
        (before, after)
    }

    /// Replaces a null value by the mappings `rest`, with `name` in the innermost one.
    fn fill_null(
        &self,
        mapping: NodeId,
        key: NodeId,
        value: NodeId,
        rest: &[&str],
        name: &str,
    ) -> Result<Slot, Refusal> {
        self.refuse_lone_returns(key)?;
        if self.document.node(value).has_props {
            return Err(self.refusal(key, "an anchor or a tag on a value that is not there"));
        }
        let colon = self.colon();
        let written = self.document.node(value).span;
        if !written.is_empty() {
            let (before, after) = self.flow_entry(rest, name, colon, None);
            let blank = if self.document.json && colon == ":" { "" } else { " " };
            return Ok(Slot::Absent(Insertion::new(
                written,
                format!("{{{blank}{before}"),
                format!("{after}{blank}}}"),
            )));
        }
        if self.style(mapping) == Style::Flow {
            return Err(self.refusal(key, "a key without a value in a flow mapping"));
        }
        if !rest.is_empty() {
            // The mappings replace the null on the same line. The outer braces have blanks and the
            // inner ones none, so that a removal recognises them.
            let at = self.after_colon(key)?;
            let (opened, closed): (String, String) =
                rest.iter().map(|parent| (format!("{parent}: {{"), "}")).unzip();
            return Ok(Slot::Absent(Insertion::new(
                Span::new(at, at),
                format!(" {{ {opened}{name}: \""),
                format!("\"{closed} }}"),
            )));
        }
        let column = self.column(key) + self.step(mapping, key);
        let (at, end) = self.next_line(self.end(key));
        Ok(Slot::Absent(match end {
            Some(end) => block_lines(at, column, 2, &[], name, end, "", end),
            None => {
                block_lines(at, column, 2, &[], name, line_end(self.text), line_end(self.text), "")
            }
        }))
    }

    /// The indentation step, taken from the mapping that holds `key`.
    fn step(&self, mapping: NodeId, key: NodeId) -> usize {
        let column = self.column(key);
        let inner = self
            .document
            .pairs(mapping)
            .map(|(_, value)| value)
            .find(|&v| self.document.node(v).kind == Kind::Mapping && self.style(v) == Style::Block)
            .map(|v| self.column(v));
        inner.and_then(|inner| inner.checked_sub(column)).filter(|&s| s > 0).unwrap_or(2)
    }

    /// The offset after the colon of a block key.
    fn after_colon(&self, key: NodeId) -> Result<usize, Refusal> {
        let end = self.end(key);
        match self.text[end..].find(':') {
            Some(i) if self.text[end..end + i].trim().is_empty() => Ok(end + i + 1),
            _ => Err(self.refusal(key, "a key without a colon")),
        }
    }

    fn present(
        &self,
        mapping: NodeId,
        chain: &[(NodeId, NodeId)],
        key: NodeId,
        value: NodeId,
    ) -> Result<Slot, Refusal> {
        let node = self.document.node(value);
        if node.kind != Kind::Scalar || node.has_props {
            return Err(self.refusal(value, "the stamp's value is not a plain string"));
        }
        let raw = node.span.of(self.text);
        if raw.contains('\n') || matches!(node.style, Style::Literal | Style::Folded) {
            return Err(self.refusal(value, "the stamp's value takes several lines"));
        }
        let replacement = if node.span.is_empty() {
            let at = self.after_colon(key)?;
            Insertion::new(Span::new(at, at), " \"", "\"")
        } else {
            let quote = if node.style == Style::Single { "'" } else { "\"" };
            Insertion::new(node.span, quote, quote)
        };
        let string = match resolve::value(self.document, self.text, value) {
            Ok(resolve::Value::Str(string)) => Some(string.into()),
            _ => None,
        };
        Ok(Slot::Present(Present {
            key: self.document.node(key).span,
            value: string,
            replacement,
            removal: self.removal(mapping, chain, key, value).map_err(Box::new),
        }))
    }
}

fn leading_blanks(text: &str) -> &str {
    &text[..text.len() - text.trim_start_matches([' ', '\t']).len()]
}

/// The lines of an entry and of the block mappings around it.
#[expect(clippy::too_many_arguments, reason = "the parts of a few lines of text")]
fn block_lines(
    at: usize,
    column: usize,
    step: usize,
    rest: &[&str],
    name: &str,
    line_end: &str,
    lead: &str,
    tail: &str,
) -> Insertion {
    let mut before = lead.to_owned();
    let mut column = column;
    for parent in rest {
        let _ = write!(before, "{:column$}{parent}:{line_end}", "");
        column += step;
    }
    let _ = write!(before, "{:column$}{name}: \"", "");
    Insertion::new(Span::new(at, at), before, format!("\"{tail}"))
}
