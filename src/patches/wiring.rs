//! Adds and removes the last entry in the `transformers` of a kustomization.

use crate::text::{Span, blanks_before, end_of_lines, line_range};
use crate::yaml::insert::{Refusal, line_end};
use crate::yaml::{self, Cursor, Document, Edit, EditSet, Kind, Style, canonical};

/// The field of a kustomization that lists transformers (sigs.k8s.io/kustomize/api/types).
const FIELD: &str = "transformers";

/// The change that a kustomization needs for a transformer.
#[derive(Debug, PartialEq, Eq)]
pub enum Wiring {
    /// No change is needed.
    Done,
    /// This edit, which changes only the list.
    Edit(Edit),
}

/// Adds `entry` as the last of the `transformers` of a kustomization. An existing entry stays in
/// its place.
///
/// # Errors
/// A kustomization that is not a single mapping, or whose list cannot be edited safely.
pub fn wire(text: &str, entry: &str) -> Result<Wiring, Refusal> {
    let document = single(text)?;
    let kustomization = KustomizationText::of(&document, text);
    let edit = match kustomization.list()? {
        None => kustomization.add_field(entry),
        Some((key, list)) => {
            let items = kustomization.items(list)?;
            if items.iter().any(|&item| reads(item, entry)) {
                return Ok(Wiring::Done);
            }
            kustomization.add_item(key, list, &items, entry)
        }
    }?;
    prove(&kustomization, &edit, entry, true)?;
    Ok(Wiring::Edit(edit))
}

/// Removes `entry` from the `transformers` of a kustomization, and also the field if its block list
/// has no other items.
///
/// # Errors
/// As [`wire`].
pub fn unwire(text: &str, entry: &str) -> Result<Wiring, Refusal> {
    let document = single(text)?;
    let kustomization = KustomizationText::of(&document, text);
    let Some((key, list)) = kustomization.list()? else { return Ok(Wiring::Done) };
    let items = kustomization.items(list)?;
    let Some(at) = items.iter().position(|&item| reads(item, entry)) else {
        return Ok(Wiring::Done);
    };
    let edit = kustomization.remove_item(key, list, &items, at)?;
    prove(&kustomization, &edit, entry, false)?;
    Ok(Wiring::Edit(edit))
}

/// The only document of a text.
fn single(text: &str) -> Result<Document, Refusal> {
    let refuse = |at: u32, message: &str| Refusal {
        at: Span { start: at, end: at },
        message: message.to_owned(),
        related: None,
    };
    let mut found = None;
    for chunk in yaml::split::chunks(text) {
        let chunk = chunk.map_err(|error| refuse(error.at, &error.message))?;
        let documents = yaml::parse(text, chunk.span);
        for document in documents.map_err(|error| refuse(error.at, &error.message))? {
            if found.is_some() {
                let at = document.node(document.root()).span.start;
                return Err(refuse(at, "a second document, where kustomize reads one"));
            }
            found = Some(document);
        }
    }
    let document = found.ok_or_else(|| refuse(0, "no document"))?;
    let root = document.node(document.root());
    match root.kind {
        Kind::Mapping if !root.has_merge => Ok(document),
        Kind::Mapping => Err(refuse(root.span.start, "a merge key `<<` may bring keys of its own")),
        _ => Err(refuse(root.span.start, "not a mapping")),
    }
}

/// Checks an edit by reading the result: every other field has the same meaning as before, and the
/// list differs only by the entry.
fn prove(
    before: &KustomizationText<'_>,
    edit: &Edit,
    entry: &str,
    is_added: bool,
) -> Result<(), Refusal> {
    let refuse = || refusal(before.root, "an edit would change more than the list");
    let edits = EditSet::new(vec![edit.clone()]).map_err(|_| refuse())?;
    let text = edits.apply(before.text);
    let document = single(&text).map_err(|_| refuse())?;
    let after = KustomizationText::of(&document, &text);
    let (mut with, mut without) =
        (after.meaning().ok_or_else(refuse)?, before.meaning().ok_or_else(refuse)?);
    if !is_added {
        std::mem::swap(&mut with, &mut without);
    }
    let entry = format!("\"{entry}\"");
    let at = with.1.iter().position(|item| *item == entry).ok_or_else(refuse)?;
    with.1.remove(at);
    if with == without { Ok(()) } else { Err(refuse()) }
}

/// Every field except the list of transformers as canonical JSON, and the items of the list.
type KustomizationContent = (Vec<(String, String)>, Vec<String>);

/// A kustomization, by its root.
struct KustomizationText<'a> {
    root: Cursor<'a>,
    text: &'a str,
}

fn refusal(node: Cursor<'_>, message: &str) -> Refusal {
    Refusal { at: node.span(), message: message.to_owned(), related: None }
}

fn range(node: Cursor<'_>) -> std::ops::Range<usize> {
    node.span().range()
}

/// Whether an item names `entry`.
fn reads(item: Cursor<'_>, entry: &str) -> bool {
    item.str().is_some_and(|text| text.trim_start_matches("./") == entry)
}

impl<'a> KustomizationText<'a> {
    fn of(document: &'a Document, text: &'a str) -> Self {
        Self { root: Cursor::root(document, text), text }
    }

    /// The key and the value of the list. kustomize accepts a field with any upper and lower case
    /// (encoding/json), which rollstamp cannot edit without a guess.
    fn list(&self) -> Result<Option<(Cursor<'a>, Cursor<'a>)>, Refusal> {
        let mut found = None;
        for (key, value) in self.root.pairs() {
            let Ok(name) = key.key() else { continue };
            if !name.eq_ignore_ascii_case(FIELD) {
                continue;
            }
            if name != FIELD {
                return Err(refusal(key, "the field `transformers` in another case"));
            }
            if found.is_some() {
                return Err(refusal(key, "the field `transformers` occurs twice"));
            }
            found = Some((key, value));
        }
        Ok(found)
    }

    /// The items of the list; no items for null.
    fn items(&self, list: Cursor<'a>) -> Result<Vec<Cursor<'a>>, Refusal> {
        if list.kind() == Kind::Alias || list.is_shared() {
            return Err(refusal(list, "a list that several places share"));
        }
        if list.tag().is_some() {
            return Err(refusal(list, "a tag stands before the list"));
        }
        list.all_items().ok_or_else(|| refusal(list, "`transformers` is not a list"))
    }

    /// Every field except the list as canonical JSON, and the items of the list.
    fn meaning(&self) -> Option<KustomizationContent> {
        let mut fields = Vec::new();
        let mut items = Vec::new();
        for (key, value) in self.root.pairs() {
            let name = key.key().ok()?;
            if name == FIELD {
                let own = self.items(value).ok()?;
                items = own.into_iter().map(canonical::json).collect::<Option<_>>()?;
            } else {
                fields.push((name.into_owned(), canonical::json(value)?));
            }
        }
        Some((fields, items))
    }

    /// Adds the field with its only item after the last field.
    fn add_field(&self, entry: &str) -> Result<Edit, Refusal> {
        let root = self.root;
        let last = root.pairs().last();
        if root.style() == Style::Flow {
            let quote = if root.document().json { "\"" } else { "" };
            let field = format!("{quote}{FIELD}{quote}: [{quote}{entry}{quote}]");
            return Ok(match last {
                Some((_, value)) => insert(range(value).end, format!(", {field}")),
                None => insert(range(root).start + 1, field),
            });
        }
        let Some((key, _)) = last else { return Err(refusal(root, "an empty mapping")) };
        let indent = blanks_before(self.text, range(key).start)
            .ok_or_else(|| refusal(key, "a field that does not begin its line"))?;
        let end = line_end(self.text);
        let step = self.list_step();
        let lines = format!("{indent}{FIELD}:{end}{indent}{step}- {entry}");
        // A text without a final newline still has none afterwards.
        Ok(match self.end_of_last_line() {
            at if at > 0 && self.text.as_bytes()[at - 1] != b'\n' => {
                insert(at, format!("{end}{lines}"))
            }
            at => insert(at, format!("{lines}{end}")),
        })
    }

    /// The end of the lines of the document: before a following marker `...` or `---`.
    fn end_of_last_line(&self) -> usize {
        let from = range(self.root).end;
        let rest = &self.text[from..];
        let marker = ["\n...", "\n---"].iter().filter_map(|marker| rest.find(marker)).min();
        marker.map_or(self.text.len(), |at| from + at + 1)
    }

    /// The blanks before the dashes of the first block list.
    fn list_step(&self) -> String {
        let fields = self.root.pairs();
        let mut steps = fields.filter_map(|(key, value)| {
            if !value.is_sequence() || value.style() != Style::Block {
                return None;
            }
            let dash = self.dash(value.items().next()?)?;
            let own = key.node().indent as usize;
            let line = line_range(self.text, dash).start;
            Some(" ".repeat((dash - line).saturating_sub(own)))
        });
        steps.next().unwrap_or_default()
    }

    /// The dash before an item of a block list, if the line has no other text before it.
    fn dash(&self, item: Cursor<'a>) -> Option<usize> {
        let start = range(item).start;
        let line = line_range(self.text, start).start;
        let before = &self.text[line..start];
        let dash = before.find('-')?;
        let is_alone = before[..dash].bytes().all(|b| b == b' ')
            && before[dash + 1..].bytes().all(|b| b == b' ');
        is_alone.then_some(line + dash)
    }

    fn add_item(
        &self,
        key: Cursor<'a>,
        list: Cursor<'a>,
        items: &[Cursor<'a>],
        entry: &str,
    ) -> Result<Edit, Refusal> {
        let quote = if self.root.document().json { "\"" } else { "" };
        let Some(&last) = items.last() else {
            return Ok(match range(list) {
                span if list.is_sequence() => {
                    insert(span.start + 1, format!("{quote}{entry}{quote}"))
                }
                span if span.is_empty() => {
                    let rest = &self.text[range(key).end..];
                    let colon = rest.find(':').unwrap_or_default();
                    insert(range(key).end + colon + 1, format!(" [{quote}{entry}{quote}]"))
                }
                span => Edit {
                    span: Span::new(span.start, span.end),
                    replacement: format!("[{quote}{entry}{quote}]"),
                },
            });
        };
        if list.style() == Style::Flow {
            return Ok(insert(range(last).end, format!(", {quote}{entry}{quote}")));
        }
        let dash = self.dash(last);
        let dash = dash.ok_or_else(|| refusal(last, "an item that does not begin its line"))?;
        let line = line_range(self.text, dash).start;
        let item = format!("{}- {entry}", &self.text[line..dash]);
        let (at, end) = (end_of_lines(self.text, range(last).end), line_end(self.text));
        Ok(match self.text.as_bytes()[at - 1] {
            b'\n' => insert(at, format!("{item}{end}")),
            _ => insert(at, format!("{end}{item}")),
        })
    }

    fn remove_item(
        &self,
        key: Cursor<'a>,
        list: Cursor<'a>,
        items: &[Cursor<'a>],
        at: usize,
    ) -> Result<Edit, Refusal> {
        let item = items[at];
        let is_only = items.len() == 1;
        if list.style() == Style::Flow {
            let is_ours = is_only && self.root.style() == Style::Flow;
            return Ok(match (is_ours, at) {
                (true, _) => self.remove_flow_field(key, list),
                (false, 0) => {
                    let end = items.get(1).map_or(range(item).end, |&n| range(n).start);
                    remove(range(item).start, end)
                }
                (false, _) => remove(range(items[at - 1]).end, range(item).end),
            });
        }
        let dash = self.dash(item);
        let dash = dash.ok_or_else(|| refusal(item, "an item that does not begin its line"))?;
        let first = if is_only { range(key).start } else { dash };
        let mut start = line_range(self.text, first).start;
        let end = end_of_lines(self.text, range(item).end);
        let is_last_line = end == self.text.len() && !self.text.ends_with('\n');
        if is_last_line {
            // The line before it becomes the last one; it has no final newline, like the removed
            // line.
            start = self.text[..start].trim_end_matches(['\r', '\n']).len();
        }
        Ok(remove(start, end))
    }

    fn remove_flow_field(&self, key: Cursor<'a>, list: Cursor<'a>) -> Edit {
        let fields: Vec<(Cursor<'a>, Cursor<'a>)> = self.root.pairs().collect();
        let at = fields.iter().position(|(own, _)| *own == key).unwrap_or_default();
        match (at, fields.get(at + 1)) {
            (0, Some((next, _))) => remove(range(key).start, range(*next).start),
            (0, None) => remove(range(key).start, range(list).end),
            _ => remove(range(fields[at - 1].1).end, range(list).end),
        }
    }
}

fn insert(at: usize, replacement: String) -> Edit {
    Edit { span: Span::new(at, at), replacement }
}

fn remove(start: usize, end: usize) -> Edit {
    Edit { span: Span::new(start, end), replacement: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str, wiring: Wiring) -> String {
        match wiring {
            Wiring::Done => text.to_owned(),
            Wiring::Edit(edit) => EditSet::new(vec![edit]).unwrap().apply(text),
        }
    }

    #[test]
    fn an_entry_comes_last_and_leaves_without_a_trace() {
        for (before, after) in [
            ("resources: [a]\n", "resources: [a]\ntransformers:\n- s.yaml\n"),
            ("resources: [a]", "resources: [a]\ntransformers:\n- s.yaml"),
            ("resources:\r\n  - a\r\n", "resources:\r\n  - a\r\ntransformers:\r\n  - s.yaml\r\n"),
            ("a: b\n...\n", "a: b\ntransformers:\n- s.yaml\n...\n"),
            (
                "---\nresources:\n- a # c\n\n# d\n",
                "---\nresources:\n- a # c\n\n# d\ntransformers:\n- s.yaml\n",
            ),
            (
                "transformers:\n  - x\n  # y\nz: 1\n",
                "transformers:\n  - x\n  - s.yaml\n  # y\nz: 1\n",
            ),
            ("transformers:\n- x", "transformers:\n- x\n- s.yaml"),
            ("transformers: [x]\n", "transformers: [x, s.yaml]\n"),
            ("transformers: []\na: b\n", "transformers: [s.yaml]\na: b\n"),
            (
                "{\"resources\": [\"a\"]}",
                "{\"resources\": [\"a\"], \"transformers\": [\"s.yaml\"]}",
            ),
            (
                "transformers:\n- |-\n  apiVersion: x\n  kind: y\n",
                "transformers:\n- |-\n  apiVersion: x\n  kind: y\n- s.yaml\n",
            ),
        ] {
            let wired = apply(before, wire(before, "s.yaml").unwrap());
            assert_eq!(wired, after);
            assert_eq!(wire(&wired, "s.yaml").unwrap(), Wiring::Done);
            assert_eq!(apply(&wired, unwire(&wired, "s.yaml").unwrap()), before);
        }
    }

    #[test]
    fn a_null_list_becomes_one() {
        for (before, after) in [
            ("transformers:\na: b\n", "transformers: [s.yaml]\na: b\n"),
            ("transformers: ~ # c\n", "transformers: [s.yaml] # c\n"),
        ] {
            assert_eq!(apply(before, wire(before, "s.yaml").unwrap()), after);
        }
    }

    #[test]
    fn what_cannot_be_edited_safely_is_refused() {
        for text in [
            "",
            "- a\n",
            "Transformers: [a]\n",
            "a: &x [b]\ntransformers: *x\n",
            "a: b\n---\nc: d\n",
        ] {
            assert!(wire(text, "s.yaml").is_err(), "{text:?}");
        }
    }
}
