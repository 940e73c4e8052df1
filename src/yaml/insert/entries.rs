//! Several keys of one mapping at once: some go, some come, some get another value.
//!
//! What comes stands where something went, so that it is seen in the place of the old. Comments
//! between entries stay where they are.

use super::{Editor, Refusal, line_end};
use crate::text::{Span, line_range};
use crate::yaml::Edit;
use crate::yaml::path::Step;
use crate::yaml::tape::{Document, Kind, NodeId, Style};

/// What becomes of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyChange<'a> {
    /// The key.
    pub name: &'a str,
    /// Its value; nothing, if the key goes.
    pub value: Option<&'a str>,
}

/// Which layouts of a mapping are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layouts {
    /// Block style alone.
    Block,
    /// Flow style and JSON as well.
    Any,
}

/// The edits that change keys of the mapping `parents` below what `route` leads to from the root. A
/// mapping that would be left without entries goes as a whole.
///
/// # Errors
/// What [`super::find`] refuses, a mapping in flow style unless that is asked for, and a value that begins on another line
/// than its key.
pub fn rewrite(
    document: &Document,
    text: &str,
    route: &[Step],
    parents: &[&str],
    layouts: Layouts,
    entries: &[KeyChange<'_>],
) -> Result<Vec<Edit>, Refusal> {
    let editor = Editor { document, text };
    let mut at = document.root();
    editor.editable(at)?;
    for step in route {
        at = match step {
            Step::Field(name) => editor.own_field(at, name)?.map(|(_, value)| value),
            Step::Item(number) => document.children(at).nth(*number),
        }
        .ok_or_else(|| editor.refusal(at, "the way to the object is not there any more"))?;
        editor.editable(at)?;
    }
    let (start, mut holder) = (at, None);
    for parent in parents {
        match editor.own_field(at, parent)? {
            Some((key, value)) if document.node(value).kind == Kind::Mapping => {
                holder = Some((key, at));
                at = value;
            }
            _ => return editor.anew(start, parents, entries),
        }
    }
    let Some((key, outer)) = holder else {
        return Err(editor.refusal(at, "no mapping is named"));
    };
    if layouts == Layouts::Any && (document.json || editor.style(at) == Style::Flow) {
        return editor.change_flow(at, entries);
    }
    editor.change(at, key, outer, entries)
}

impl Editor<'_> {
    /// The mapping is not there, so nothing can go.
    fn anew(
        &self,
        at: NodeId,
        parents: &[&str],
        entries: &[KeyChange<'_>],
    ) -> Result<Vec<Edit>, Refusal> {
        let mut coming = entries.iter().filter_map(|entry| Some((entry.name, entry.value?)));
        let Some((name, value)) = coming.next() else {
            return Ok(Vec::new());
        };
        let more: Vec<(&str, &str)> = coming.collect();
        let slot = super::find(self.document, self.text, &[], at, parents, name)?;
        let super::Slot::Absent(insertion) = slot else {
            return Err(self.refusal(at, "the key is there already"));
        };
        let is_block = insertion.after.ends_with('\n') && insertion.before.ends_with('"');
        if !is_block {
            return Err(self.refusal(at, "a mapping in flow style"));
        }
        let last_line = insertion.before.rsplit('\n').next().unwrap_or_default();
        let indent = &last_line[..last_line.len() - last_line.trim_start().len()];
        let end = line_end(self.text);
        let before = insertion.before.strip_suffix('"').unwrap_or_default();
        let mut replacement = format!("{before}{}{end}", quoted(value));
        for (name, value) in more {
            replacement.push_str(&format!("{indent}{name}: {}{end}", quoted(value)));
        }
        Ok(vec![Edit { span: insertion.span, replacement }])
    }

    fn change(
        &self,
        mapping: NodeId,
        key: NodeId,
        outer: NodeId,
        entries: &[KeyChange<'_>],
    ) -> Result<Vec<Edit>, Refusal> {
        if self.document.json || self.style(mapping) == Style::Flow {
            return Err(self.refusal(mapping, "a mapping in flow style"));
        }
        self.refuse_lone_returns(mapping)?;
        let (mut edits, mut going, mut coming) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            match (self.own_field(mapping, entry.name)?, entry.value) {
                (None, None) => {}
                (None, Some(value)) => coming.push((entry.name, value)),
                (Some((key, value)), None) => going.push(self.lines(key, value)?),
                (Some((_, node)), Some(value)) => {
                    if self.is_block_scalar(node) || self.document.node(node).span.is_empty() {
                        return Err(
                            self.refusal(node, "a value that is not on the line of its key")
                        );
                    }
                    edits.push(Edit {
                        span: self.document.node(node).span,
                        replacement: quoted(value),
                    });
                }
            }
        }
        going.sort_by_key(|lines| lines.start);
        let first = self.first_child(mapping).ok_or_else(|| self.refusal(mapping, "no entry"))?;
        let line = line_range(self.text, self.start(first));
        let indent = &self.text[line.start..self.start(first)];
        if !indent.bytes().all(|b| b == b' ') {
            return Err(self.refusal(first, "its first key does not begin its line"));
        }
        let end = line_end(self.text);
        let written: Vec<String> = coming
            .iter()
            .map(|(name, value)| format!("{indent}{name}: {}{end}", quoted(value)))
            .collect();
        let all_go = going.len() == self.document.pairs(mapping).count() && written.is_empty();
        if all_go {
            edits.push(self.without(key, outer)?);
        }
        if going.is_empty() {
            if !written.is_empty() {
                let span = Span::new(line.start, line.start);
                edits.push(Edit { span, replacement: written.concat() });
            }
            return Ok(edits);
        }
        let last = going.len() - 1;
        for (position, lines) in going.into_iter().enumerate() {
            // One comes for each that goes; more come with the last.
            let own = if position == last {
                written.get(position..)
            } else {
                written.get(position..=position)
            };
            let mut replacement = own.unwrap_or_default().concat();
            if !lines.of(self.text).ends_with('\n') {
                replacement.truncate(replacement.trim_end_matches(['\r', '\n']).len());
            }
            edits.push(Edit { span: lines, replacement });
        }
        Ok(edits)
    }

    /// The same for a mapping in flow style or in JSON.
    fn change_flow(
        &self,
        mapping: NodeId,
        entries: &[KeyChange<'_>],
    ) -> Result<Vec<Edit>, Refusal> {
        let pairs: Vec<(NodeId, NodeId)> = self.document.pairs(mapping).collect();
        let (mut edits, mut going, mut coming) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            let found = self.own_field(mapping, entry.name)?;
            let position = found.and_then(|(key, _)| pairs.iter().position(|(k, _)| *k == key));
            match (position, entry.value) {
                (None, None) => {}
                (None, Some(value)) => coming.push(self.entry_in_flow(entry.name, value)),
                (Some(position), None) => going.push(position),
                (Some(position), Some(value)) => {
                    let node = pairs[position].1;
                    if self.document.node(node).span.is_empty() {
                        return Err(self.refusal(node, "a key without a value"));
                    }
                    let span = self.document.node(node).span;
                    edits.push(Edit { span, replacement: quoted(value) });
                }
            }
        }
        going.sort_unstable();
        let comma = if self.document.json && self.colon() == ":" { "," } else { ", " };
        // One comes for each that goes; more come with the last.
        let replaced = going.len().min(coming.len());
        for (i, &position) in going[..replaced].iter().enumerate() {
            let own = if i + 1 == replaced { &coming[i..] } else { &coming[i..=i] };
            let (key, value) = pairs[position];
            let span = Span::new(self.start(key), self.end(value).max(self.end(key)));
            edits.push(Edit { span, replacement: own.join(comma) });
        }
        if going.is_empty() && !coming.is_empty() {
            let Some(first) = self.first_child(mapping) else {
                return Err(self.refusal(mapping, "no entry"));
            };
            let span = Span::new(self.start(first), self.start(first));
            edits.push(Edit { span, replacement: format!("{}{comma}", coming.join(comma)) });
        }
        let end = |position: usize| {
            let (key, value) = pairs[position];
            self.end(value).max(self.end(key))
        };
        for run in going[replaced..].chunk_by(|one, next| one + 1 == *next) {
            let (first, last) = (run[0], run[run.len() - 1]);
            let span = match (pairs.get(last + 1), first.checked_sub(1)) {
                (Some((next, _)), _) => Span::new(self.start(pairs[first].0), self.start(*next)),
                (None, Some(before)) => Span::new(end(before), end(last)),
                (None, None) => Span::new(self.start(pairs[first].0), end(last)),
            };
            if span.of(self.text).contains('#') {
                return Err(self.refusal(pairs[first].0, "a comment stands in its mapping"));
            }
            edits.push(Edit { span, replacement: String::new() });
        }
        Ok(edits)
    }

    /// `name: "value"`, as the document writes it.
    fn entry_in_flow(&self, name: &str, value: &str) -> String {
        match self.document.json {
            true => format!("\"{name}\"{}{}", self.colon(), quoted(value)),
            false => format!("{name}: {}", quoted(value)),
        }
    }

    /// The lines of an entry, its comments on the same line included.
    fn lines(&self, key: NodeId, value: NodeId) -> Result<Span, Refusal> {
        let line = line_range(self.text, self.start(key));
        if !self.text[line.start..self.start(key)].bytes().all(|b| b == b' ') {
            return Err(self.refusal(key, "it does not begin its line"));
        }
        let end = self.end(value).max(self.end(key));
        let behind = match self.is_block_scalar(value) && self.text[..end].ends_with('\n') {
            true => end,
            false => self.next_line(end).0,
        };
        Ok(Span::new(line.start, behind))
    }

    fn is_block_scalar(&self, node: NodeId) -> bool {
        matches!(self.style(node), Style::Literal | Style::Folded)
    }

    /// The key of a mapping that is left without entries: it goes, unless that would leave the outer
    /// mapping without any; then it stays, empty.
    fn without(&self, key: NodeId, outer: NodeId) -> Result<Edit, Refusal> {
        let colon = self.after_colon(key)?;
        if self.document.pairs(outer).count() == 1 {
            return Ok(Edit { span: Span::new(colon, colon), replacement: " {}".to_owned() });
        }
        let line = line_range(self.text, self.start(key));
        if !self.text[line.start..self.start(key)].bytes().all(|b| b == b' ') {
            return Ok(Edit { span: Span::new(colon, colon), replacement: " {}".to_owned() });
        }
        Ok(Edit {
            span: Span::new(line.start, self.next_line(colon).0),
            replacement: String::new(),
        })
    }
}

/// A text as a scalar in quotes.
fn quoted(text: &str) -> String {
    match text.contains(['"', '\\']) {
        true => format!("'{}'", text.replace('\'', "''")),
        false => format!("\"{text}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{EditSet, parse};

    fn edited(text: &str, entries: &[(&str, Option<&str>)]) -> String {
        let document = parse(text, Span::new(0, text.len())).unwrap().remove(0);
        let entries: Vec<KeyChange<'_>> =
            entries.iter().map(|&(name, value)| KeyChange { name, value }).collect();
        let edits = rewrite(&document, text, &[], &["m", "a"], Layouts::Block, &entries);
        applied(text, edits)
    }

    fn applied(text: &str, edits: Result<Vec<Edit>, Refusal>) -> String {
        match edits {
            Ok(edits) => EditSet::new(edits).unwrap().apply(text),
            Err(refusal) => format!("refused: {}", refusal.message),
        }
    }

    #[test]
    fn a_mapping_in_flow_style_changes_in_its_line() {
        for (text, entries, expected) in [
            ("m: {a: {x: 1, y: 2}}\n", vec![("y", Some("3"))], "m: {a: {x: 1, y: \"3\"}}\n"),
            ("m: {a: {x: 1, y: 2}}\n", vec![("x", None), ("y", None)], "m: {a: {}}\n"),
            ("m: {a: {x: 1, y: 2, z: 3}}\n", vec![("y", None), ("z", None)], "m: {a: {x: 1}}\n"),
            ("m: {a: {x: 1, y: 2, z: 3}}\n", vec![("x", None), ("z", None)], "m: {a: {y: 2}}\n"),
            (
                "m: {a: {x: 1, y: 2, z: 3}}\n",
                vec![("k", Some("v")), ("x", None), ("y", None)],
                "m: {a: {k: \"v\", z: 3}}\n",
            ),
            (
                "m: {a: {x: 1}}\n",
                vec![("k", Some("v")), ("x", Some("2"))],
                "m: {a: {k: \"v\", x: \"2\"}}\n",
            ),
            (
                "m: {a: {x: 1, # why\n  y: 2}}\n",
                vec![("x", None)],
                "refused: a comment stands in its mapping",
            ),
            (
                "{\"m\":{\"a\":{\"x\":\"1\",\"y\":\"2\"}}}",
                vec![("x", None), ("k", Some("v")), ("y", None)],
                "{\"m\":{\"a\":{\"k\":\"v\"}}}",
            ),
        ] {
            let document = parse(text, Span::new(0, text.len())).unwrap().remove(0);
            let entries: Vec<KeyChange<'_>> =
                entries.iter().map(|&(name, value)| KeyChange { name, value }).collect();
            let edits = rewrite(&document, text, &[], &["m", "a"], Layouts::Any, &entries);
            assert_eq!(applied(text, edits), expected, "{text}");
        }
    }

    #[test]
    fn what_comes_stands_where_something_went() {
        for (text, entries, expected) in [
            (
                "m:\n  a:\n    x: 1\n    # about y\n    y: 2 # z\n  n: 1\n",
                vec![("y", None), ("k", Some("v")), ("l", Some("b\\."))],
                "m:\n  a:\n    x: 1\n    # about y\n    k: \"v\"\n    l: 'b\\.'\n  n: 1\n",
            ),
            ("m:\n  a:\n    x: 1\n  n: 1\n", vec![("x", None)], "m:\n  n: 1\n"),
            ("m:\n  a:\n    # c\n    x: 1\n  n: 1\n", vec![("x", None)], "m:\n    # c\n  n: 1\n"),
            ("m:\n  a:\n    x: 1\n", vec![("x", None)], "m:\n  a: {}\n"),
            (
                "m:\n  n: 1\n",
                vec![("x", Some("y")), ("z", Some("1")), ("q", None)],
                "m:\n  a:\n    x: \"y\"\n    z: \"1\"\n  n: 1\n",
            ),
            (
                "m:\n  a:\n    x: 1\n    y: 2",
                vec![("y", None), ("z", Some("3"))],
                "m:\n  a:\n    x: 1\n    z: \"3\"",
            ),
            ("m:\n  a:\n    x: 'o'\n", vec![("x", Some("n"))], "m:\n  a:\n    x: \"n\"\n"),
            (
                "m:\n  a:\n    x: >-\n      o,\n      p\n    y: 2\n",
                vec![("x", None)],
                "m:\n  a:\n    y: 2\n",
            ),
            ("m:\n  a: {x: 1}\n", vec![("x", None)], "refused: a mapping in flow style"),
        ] {
            assert_eq!(edited(text, &entries), expected, "{text}");
        }
    }
}
