//! Edits several keys of one mapping at once: keys are removed, added, or get another value.
//!
//! An added key takes the place of a removed one, so that a diff shows both together. Comments
//! between entries stay in place.

use super::{Editor, Refusal, line_end};
use crate::text::{Span, blanks_before};
use crate::yaml::Edit;
use crate::yaml::path::Step;
use crate::yaml::tape::{Document, Kind, NodeId, Style};

/// The requested change of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryEdit<'a> {
    /// The key.
    pub name: &'a str,
    /// The new value of the key; `None` if the key is removed.
    pub value: Option<&'a str>,
}

/// The edits that change keys of the mapping at the path `parents` below the node that `route`
/// leads to from the root. If the mapping would have no entries left, it is removed.
///
/// # Errors
/// The refusals of [`super::find`], and a comment between entries in flow style that would be
/// removed with them.
pub fn rewrite(
    document: &Document,
    text: &str,
    route: &[Step],
    parents: &[&str],
    entries: &[EntryEdit<'_>],
) -> Result<Vec<Edit>, Refusal> {
    let editor = Editor { document, text };
    let mut at = document.root();
    editor.editable(at)?;
    for step in route {
        at = match step {
            Step::Field(name) => editor.own_field(at, name)?.map(|(_, value)| value),
            Step::Item(number) => document.children(at).nth(*number),
        }
        .ok_or_else(|| editor.refusal(at, "the object is no longer at this path"))?;
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
    let Some((key, outer)) = holder else { return Err(editor.refusal(at, "no mapping is named")) };
    editor.change(at, key, outer, entries)
}

/// The changes of the existing entries of a mapping, and the added entries.
struct Changes<'a> {
    /// The entries of the mapping in order, each with its change.
    there: Vec<(NodeId, NodeId, Becomes<'a>)>,
    /// The entries that are added: key and value.
    coming: Vec<(&'a str, &'a str)>,
}

/// The change of an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Becomes<'a> {
    /// The entry stays as it is.
    Same,
    /// The entry is removed.
    Gone,
    /// The entry gets this value.
    Other(&'a str),
}

impl Editor<'_> {
    /// The mapping does not exist, so entries are only added.
    fn anew(
        &self,
        at: NodeId,
        parents: &[&str],
        entries: &[EntryEdit<'_>],
    ) -> Result<Vec<Edit>, Refusal> {
        let mut coming = entries.iter().filter_map(|entry| Some((entry.name, entry.value?)));
        let Some((name, value)) = coming.next() else { return Ok(Vec::new()) };
        let slot = super::find(self.document, self.text, &[], at, parents, name)?;
        let super::Slot::Absent(super::Insertion { span, before, after }) = slot else {
            return Err(self.refusal(at, "the key is there already"));
        };
        let mut replacement = before.strip_suffix('"').unwrap_or(&before).to_owned();
        replacement.push_str(&self.scalar(value));
        let between = match before.rsplit_once('{') {
            // The first entry follows the brace with the same space that all others have after a
            // comma.
            Some((_, first)) => self.comma(&first[..first.len() - first.trim_start().len()]),
            None => {
                let line = before.rsplit('\n').next().unwrap_or_default();
                let indent = &line[..line.len() - line.trim_start().len()];
                format!("{}{indent}", line_end(self.text))
            }
        };
        for (name, value) in coming {
            replacement.push_str(&between);
            replacement.push_str(&self.entry(name, value));
        }
        replacement.push_str(after.strip_prefix('"').unwrap_or(&after));
        Ok(vec![Edit { span, replacement }])
    }

    fn change(
        &self,
        mapping: NodeId,
        key: NodeId,
        outer: NodeId,
        entries: &[EntryEdit<'_>],
    ) -> Result<Vec<Edit>, Refusal> {
        self.refuse_lone_returns(mapping)?;
        let same = |(key, value)| (key, value, Becomes::Same);
        let there = self.document.pairs(mapping).map(same).collect();
        let mut changes = Changes { there, coming: Vec::new() };
        for entry in entries {
            match (self.own_field(mapping, entry.name)?, entry.value) {
                (None, None) => {}
                (None, Some(value)) => changes.coming.push((entry.name, value)),
                (Some((found, _)), value) => {
                    let own = changes.there.iter_mut().filter(|(key, ..)| *key == found);
                    own.for_each(|own| own.2 = value.map_or(Becomes::Gone, Becomes::Other));
                }
            }
        }
        match self.style(mapping) {
            Style::Flow => self.change_flow(mapping, (key, outer), &changes),
            _ => self.change_block(mapping, (key, outer), &changes),
        }
    }

    fn change_block(
        &self,
        mapping: NodeId,
        (key, outer): (NodeId, NodeId),
        Changes { there, coming }: &Changes<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let first = self.first_child(mapping).ok_or_else(|| self.refusal(mapping, "no entry"))?;
        let indent = self.indent(first, "its first key does not begin its line")?;
        let end = line_end(self.text);
        let (mut edits, mut going) = (Vec::new(), Vec::new());
        for &(key, value, becomes) in there {
            match becomes {
                Becomes::Same => {}
                Becomes::Gone => going.push(self.lines(key, value)?),
                // A value of several lines is written again on one line, with its key.
                Becomes::Other(new) if self.is_block_scalar(value) => {
                    let span = self.lines(key, value)?;
                    let name = self.document.node(key).span.of(self.text);
                    let end = if span.of(self.text).ends_with('\n') { end } else { "" };
                    let replacement = format!("{indent}{name}: {}{end}", self.scalar(new));
                    edits.push(Edit { span, replacement });
                }
                Becomes::Other(new) => edits.push(self.value(key, value, new)?),
            }
        }
        let written: Vec<String> = coming
            .iter()
            .map(|(name, value)| format!("{indent}{}{end}", self.entry(name, value)))
            .collect();
        if going.len() == there.len() && written.is_empty() {
            edits.push(self.without(key, outer)?);
        }
        if going.is_empty() {
            if !written.is_empty() {
                let line = self.start(first) - indent.len();
                edits.push(Edit { span: Span::new(line, line), replacement: written.concat() });
            }
            return Ok(edits);
        }
        let last = going.len() - 1;
        for (position, lines) in going.into_iter().enumerate() {
            // Each removed entry is replaced by one added entry; the last one by all that remain.
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

    fn change_flow(
        &self,
        mapping: NodeId,
        (key, outer): (NodeId, NodeId),
        Changes { there, coming }: &Changes<'_>,
    ) -> Result<Vec<Edit>, Refusal> {
        let written: Vec<String> =
            coming.iter().map(|(name, value)| self.entry(name, value)).collect();
        let Some(&(first, ..)) = there.first() else {
            // `{}`
            let at = self.start(mapping) + 1;
            let replacement = written.join(&self.comma(""));
            return Ok(match written.is_empty() {
                true => Vec::new(),
                false => vec![Edit { span: Span::new(at, at), replacement }],
            });
        };
        let comma = self.comma(&self.text[self.start(mapping) + 1..self.start(first)]);
        let gone = |entry: &(NodeId, NodeId, Becomes<'_>)| entry.2 == Becomes::Gone;
        let going = there.iter().filter(|entry| gone(entry)).count();
        if written.is_empty() && going == there.len() {
            return self.without_flow(mapping, key, outer).map(|edit| vec![edit]);
        }
        let mut edits = Vec::new();
        if going == 0 && !written.is_empty() {
            let at = self.start(first);
            let replacement = format!("{}{comma}", written.join(&comma));
            edits.push(Edit { span: Span::new(at, at), replacement });
        }
        // Each removed entry is replaced by one added entry; the last one by all that remain. An
        // entry without a replacement is removed.
        let (mut replaced, mut removed) = (0, vec![false; there.len()]);
        for (position, &(key, value, becomes)) in there.iter().enumerate() {
            match becomes {
                Becomes::Same => {}
                Becomes::Other(new) => edits.push(self.value(key, value, new)?),
                Becomes::Gone if replaced < written.len() => {
                    let is_last = replaced + 1 == going.min(written.len());
                    let own =
                        if is_last { &written[replaced..] } else { &written[replaced..=replaced] };
                    let span = Span::new(self.start(key), self.end(value).max(self.end(key)));
                    edits.push(Edit { span, replacement: own.join(&comma) });
                    replaced += 1;
                }
                Becomes::Gone => removed[position] = true,
            }
        }
        let pairs: Vec<(NodeId, NodeId)> =
            there.iter().map(|&(key, value, _)| (key, value)).collect();
        edits.extend(self.removed_from_flow(&pairs, &removed)?);
        Ok(edits)
    }

    /// The edits that remove some entries of a mapping in flow style.
    fn removed_from_flow(
        &self,
        pairs: &[(NodeId, NodeId)],
        removed: &[bool],
    ) -> Result<Vec<Edit>, Refusal> {
        let edit = |start, end| Edit { span: Span::new(start, end), replacement: String::new() };
        let last = removed.iter().rposition(|gone| !gone).unwrap_or_default();
        let mut edits = Vec::new();
        for (position, _) in removed.iter().enumerate().filter(|(at, gone)| **gone && *at < last) {
            self.only_a_comma(pairs[position].1, pairs[position + 1].0)?;
            edits.push(edit(self.start(pairs[position].0), self.start(pairs[position + 1].0)));
        }
        if last + 1 < pairs.len() {
            for two in pairs[last..].windows(2) {
                self.only_a_comma(two[0].1, two[1].0)?;
            }
            edits.push(edit(self.end(pairs[last].1), self.end(pairs[pairs.len() - 1].1)));
        }
        Ok(edits)
    }

    /// Refuses anything but a comma and blanks between two entries in flow style.
    fn only_a_comma(&self, value: NodeId, key: NodeId) -> Result<(), Refusal> {
        match self.text[self.end(value)..self.start(key)].trim() {
            "," => Ok(()),
            between if between.contains('#') => {
                Err(self.refusal(key, "a comment before it, in flow style, that would be lost"))
            }
            _ => Err(self.refusal(key, "more than a comma before it, in flow style")),
        }
    }

    /// Another value for a key, in place.
    fn value(&self, key: NodeId, value: NodeId, new: &str) -> Result<Edit, Refusal> {
        let span = self.document.node(value).span;
        if !span.is_empty() {
            return Ok(Edit { span, replacement: self.scalar(new) });
        }
        let at = self.after_colon(key)?;
        Ok(Edit { span: Span::new(at, at), replacement: format!(" {}", self.scalar(new)) })
    }

    /// The lines of an entry, its comments on the same line included.
    fn lines(&self, key: NodeId, value: NodeId) -> Result<Span, Refusal> {
        let indent = self.indent(key, "it does not begin its line")?;
        let end = self.end(value).max(self.end(key));
        let behind = match self.is_block_scalar(value) && self.text[..end].ends_with('\n') {
            true => end,
            false => self.next_line(end).0,
        };
        Ok(Span::new(self.start(key) - indent.len(), behind))
    }

    fn is_block_scalar(&self, node: NodeId) -> bool {
        matches!(self.style(node), Style::Literal | Style::Folded)
    }

    /// Removes the key of a mapping that has no entries left. If the outer mapping would then be
    /// empty too, the key stays with an empty mapping.
    fn without(&self, key: NodeId, outer: NodeId) -> Result<Edit, Refusal> {
        let colon = self.after_colon(key)?;
        let indent = blanks_before(self.text, self.start(key));
        let Some(indent) = indent.filter(|_| self.document.pairs(outer).count() > 1) else {
            return Ok(Edit { span: Span::new(colon, colon), replacement: " {}".to_owned() });
        };
        Ok(Edit {
            span: Span::new(self.start(key) - indent.len(), self.next_line(colon).0),
            replacement: String::new(),
        })
    }

    /// As [`Self::without`], for a mapping in flow style.
    fn without_flow(&self, mapping: NodeId, key: NodeId, outer: NodeId) -> Result<Edit, Refusal> {
        let pairs: Vec<(NodeId, NodeId)> = self.document.pairs(mapping).collect();
        for two in pairs.windows(2) {
            self.only_a_comma(two[0].1, two[1].0)?;
        }
        let before = pairs
            .first()
            .map_or("", |(first, _)| &self.text[self.start(mapping) + 1..self.start(*first)]);
        let behind =
            pairs.last().map_or("", |(_, last)| &self.text[self.end(*last)..self.end(mapping)]);
        if before.contains('#') || behind.contains('#') {
            return Err(self.refusal(mapping, "a comment in it, in flow style, that would be lost"));
        }
        let outside: Vec<(NodeId, NodeId)> = self.document.pairs(outer).collect();
        let indent = blanks_before(self.text, self.start(key));
        let is_flow = self.style(outer) == Style::Flow;
        if outside.len() > 1 && is_flow {
            let removed: Vec<bool> = outside.iter().map(|(own, _)| *own == key).collect();
            let edits = self.removed_from_flow(&outside, &removed)?;
            return edits.into_iter().next().ok_or_else(|| self.refusal(mapping, "no entry"));
        }
        if let Some(indent) = indent.filter(|_| outside.len() > 1) {
            let (start, end) =
                (self.start(key) - indent.len(), self.next_line(self.end(mapping)).0);
            return Ok(Edit { span: Span::new(start, end), replacement: String::new() });
        }
        Ok(Edit { span: self.document.node(mapping).span, replacement: "{}".to_owned() })
    }

    /// The separator of two entries in flow style; the first entry follows `gap`.
    fn comma(&self, gap: &str) -> String {
        let is_tight = self.document.json && self.colon() == ":";
        match gap.contains('\n') && gap.trim().is_empty() {
            true => format!(",{gap}"),
            false if is_tight => ",".to_owned(),
            false => ", ".to_owned(),
        }
    }

    /// A key and its value.
    fn entry(&self, name: &str, value: &str) -> String {
        let quote = if self.document.json { "\"" } else { "" };
        format!("{quote}{name}{quote}{}{}", self.colon(), self.scalar(value))
    }

    /// A text as a scalar in quotes.
    fn scalar(&self, text: &str) -> String {
        let is_plain = !text.contains(char::is_control);
        match text.contains(['"', '\\']) && is_plain && !self.document.json {
            true => format!("'{}'", text.replace('\'', "''")),
            // YAML reads a quoted JSON string in the same way.
            false => serde_json::Value::from(text).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{EditSet, parse};

    fn edited(text: &str, entries: &[(&str, Option<&str>)]) -> String {
        let document = parse(text, Span::new(0, text.len())).unwrap().remove(0);
        let entries: Vec<EntryEdit<'_>> =
            entries.iter().map(|&(name, value)| EntryEdit { name, value }).collect();
        match rewrite(&document, text, &[], &["m", "a"], &entries) {
            Ok(edits) => EditSet::new(edits).unwrap().apply(text),
            Err(refusal) => format!("refused: {}", refusal.message),
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
            ("m:\n  a: {x: 1}\n  n: 1\n", vec![("x", None)], "m:\n  n: 1\n"),
            ("m:\n  a: {x: 1}\n", vec![("x", None)], "m:\n  a: {}\n"),
            ("m: {a: {x: 1}}\n", vec![("x", None)], "m: {a: {}}\n"),
            ("m: {n: 1, a: {x: 1}}\n", vec![("x", None)], "m: {n: 1}\n"),
            ("m: {a: { x: 1 }, n: 1}\n", vec![("x", None)], "m: {n: 1}\n"),
            ("m: {a: {x: 1, y: 2, z: 3}}\n", vec![("x", None), ("z", None)], "m: {a: {y: 2}}\n"),
            ("m: {a: {x: 1, y: 2, z: 3,}}\n", vec![("y", None), ("z", None)], "m: {a: {x: 1,}}\n"),
            (
                "m:\n  a: {x: 1, y: 2}\n",
                vec![("x", None), ("k", Some("v")), ("l", Some("b\\."))],
                "m:\n  a: {k: \"v\", l: 'b\\.', y: 2}\n",
            ),
            (
                "m:\n  a: {\n    x: 1, # c\n    y: 2\n  }\n",
                vec![("y", Some("3")), ("k", Some("v"))],
                "m:\n  a: {\n    k: \"v\",\n    x: 1, # c\n    y: \"3\"\n  }\n",
            ),
            (
                "m:\n  a: {\n    x: 1, # c\n    y: 2\n  }\n",
                vec![("x", None)],
                "refused: a comment before it, in flow style, that would be lost",
            ),
            (
                "m: {a: {}}\n",
                vec![("x", Some("1")), ("y", Some("2"))],
                "m: {a: {x: \"1\", y: \"2\"}}\n",
            ),
            (
                "m: {n: 1}\n",
                vec![("x", Some("1")), ("y", Some("2"))],
                "m: {a: { x: \"1\", y: \"2\" }, n: 1}\n",
            ),
            (
                "m:\n  a: null\n",
                vec![("x", Some("1")), ("y", Some("2"))],
                "m:\n  a: { x: \"1\", y: \"2\" }\n",
            ),
            (
                "m:\n  a:",
                vec![("x", Some("1")), ("y", Some("2"))],
                "m:\n  a:\n    x: \"1\"\n    y: \"2\"",
            ),
            (
                "m:\n  a:\n    x: |\n      o,\n      p\n    y: 2\n",
                vec![("x", Some("n"))],
                "m:\n  a:\n    x: \"n\"\n    y: 2\n",
            ),
            ("m:\n  a:\n    x:\n", vec![("x", Some("n"))], "m:\n  a:\n    x: \"n\"\n"),
            (
                "{\"m\":{\"a\":{\"x\":\"1\"},\"n\":1}}",
                vec![("x", None), ("k", Some("b\\.")), ("l", Some("v"))],
                "{\"m\":{\"a\":{\"k\":\"b\\\\.\",\"l\":\"v\"},\"n\":1}}",
            ),
            (
                "{\n  \"m\": {\n    \"n\": 1,\n    \"a\": {\n      \"x\": \"1\"\n    }\n  }\n}\n",
                vec![("x", None)],
                "{\n  \"m\": {\n    \"n\": 1\n  }\n}\n",
            ),
            (
                "{\n  \"m\": {\n    \"n\": 1\n  }\n}\n",
                vec![("x", Some("1")), ("y", Some("2"))],
                "{\n  \"m\": {\n    \"a\": {\n      \"x\": \"1\",\n      \"y\": \"2\"\n    },\n    \"n\": 1\n  }\n}\n",
            ),
        ] {
            assert_eq!(edited(text, &entries), expected, "{text}");
        }
    }
}
