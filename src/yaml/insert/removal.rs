//! Removes a key, together with the parents that an insertion made for it.

use super::{Editor, Refusal};
use crate::text::{Span, blanks_before, line_range};
use crate::yaml::Edit;
use crate::yaml::tape::{NodeId, Style};

/// What to do with a mapping whose only entry is removed.
enum Made {
    /// The mapping was there before the insertion: it stays, empty.
    Kept,
    /// An insertion made the mapping: it is removed.
    Whole,
    /// An insertion wrote the mapping in the place of a null: the null is written again.
    Null(Edit),
}

impl Editor<'_> {
    /// Removes the key, and those of its parents that an insertion made.
    pub(super) fn removal(
        &self,
        mapping: NodeId,
        chain: &[(NodeId, NodeId)],
        key: NodeId,
        value: NodeId,
    ) -> Result<Edit, Refusal> {
        let mut entry = (key, value);
        if let Some(edit) = self.filled_null(mapping, chain, entry) {
            return Ok(edit);
        }
        // From the innermost mapping outwards: does the mapping have other entries?
        for depth in (0..chain.len()).rev() {
            let (parent_key, parent) = chain[depth];
            if self.count(parent) > 1 {
                return self.remove_entry(parent, entry);
            }
            let outer = if depth == 0 { mapping } else { chain[depth - 1].1 };
            match self.made_for(parent, parent_key, entry, outer) {
                Made::Kept => return self.remove_entry(parent, entry),
                Made::Null(edit) => return Ok(edit),
                Made::Whole => entry = (parent_key, parent),
            }
        }
        self.remove_entry(mapping, entry)
    }

    fn count(&self, mapping: NodeId) -> usize {
        self.document.pairs(mapping).count()
    }

    /// Whether `parent`, whose only entry is `entry`, has the layout of one that an insertion made.
    fn made_for(
        &self,
        parent: NodeId,
        parent_key: NodeId,
        entry: (NodeId, NodeId),
        outer: NodeId,
    ) -> Made {
        if self.style(parent) == Style::Block {
            // An insertion leaves nothing after the colon of the parent, and the entry in the next line.
            let Ok(colon) = self.after_colon(parent_key) else { return Made::Kept };
            let (next, _) = self.next_line(colon);
            let alone = self.text[colon..next].trim().is_empty();
            let adjacent = line_range(self.text, self.start(entry.0)).start == next;
            return if alone
                && adjacent
                && blanks_before(self.text, self.start(parent_key)).is_some()
                && !self.document.node(parent).has_props
            {
                Made::Whole
            } else {
                Made::Kept
            };
        }
        let inside = &self.text[self.start(parent) + 1..self.start(entry.0)];
        let behind = &self.text[self.end(entry.1)..self.end(parent) - 1];
        let compact = self.document.json && self.colon() == ":";
        let blanks = inside == " " && behind == " ";
        let lines = self.document.json
            && inside.contains('\n')
            && behind.contains('\n')
            && inside.trim().is_empty()
            && behind.trim().is_empty();
        if self.style(outer) == Style::Block {
            // Inside a block mapping, an insertion writes a flow mapping only in the place of a
            // null.
            if blanks {
                return Made::Null(Edit {
                    span: self.document.node(parent).span,
                    replacement: "null".to_owned(),
                });
            }
            return Made::Kept;
        }
        if blanks || lines || (compact && inside.is_empty() && behind.is_empty()) {
            return Made::Whole;
        }
        Made::Kept
    }

    /// Reverts [`Self::fill_null`] for a block value that was absent: `key: { inner: {name: "value"} }`
    /// becomes `key:` again. The outer braces have blanks, and the inner ones have none.
    fn filled_null(
        &self,
        mapping: NodeId,
        chain: &[(NodeId, NodeId)],
        innermost: (NodeId, NodeId),
    ) -> Option<Edit> {
        if self.document.json {
            return None;
        }
        let mut entry = innermost;
        for depth in (0..chain.len()).rev() {
            let (key, value) = chain[depth];
            if self.style(value) != Style::Flow || self.count(value) != 1 {
                return None;
            }
            let before = &self.text[self.start(value)..self.start(entry.0)];
            let behind = &self.text[self.end(entry.1)..self.end(value)];
            if (before, behind) == ("{", "}") {
                entry = (key, value);
                continue;
            }
            let outer = depth.checked_sub(1).map_or(mapping, |above| chain[above].1);
            let is_made = (before, behind) == ("{ ", " }")
                && entry != innermost
                && self.style(outer) == Style::Block;
            let colon = self.after_colon(key).ok().filter(|_| is_made)?;
            return (&self.text[colon..self.start(value)] == " ").then(|| Edit {
                span: Span::new(colon, self.end(value)),
                replacement: String::new(),
            });
        }
        None
    }

    /// Removes one entry of a mapping that has others.
    fn remove_entry(
        &self,
        mapping: NodeId,
        (key, value): (NodeId, NodeId),
    ) -> Result<Edit, Refusal> {
        let edit =
            |start, end| Ok(Edit { span: Span::new(start, end), replacement: String::new() });
        if self.style(mapping) == Style::Block {
            let indent = self.indent(key, "the stamp does not begin its line")?;
            let start = self.start(key) - indent.len();
            let (end, line_end) = self.next_line(self.end(value).max(self.end(key)));
            if line_end.is_none() && start > 0 {
                // If the text has no final newline, the newline before the last line is removed with it.
                let before = &self.text.as_bytes()[..start];
                let cut = if before.ends_with(b"\r\n") { 2 } else { 1 };
                return edit(start - cut, end);
            }
            return edit(start, end);
        }
        let pairs: Vec<(NodeId, NodeId)> = self.document.pairs(mapping).collect();
        let index = pairs.iter().position(|(k, _)| *k == key).unwrap_or(0);
        if let Some((next, _)) = pairs.get(index + 1) {
            return edit(self.start(key), self.start(*next));
        }
        if index > 0 {
            return edit(self.end(pairs[index - 1].1), self.end(value));
        }
        edit(self.start(key), self.end(value))
    }
}
