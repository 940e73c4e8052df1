//! Edits: replacements of ranges of the original text, applied once.

use crate::text::Span;

/// Replaces the bytes under `span` of the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that are replaced; an empty span is an insertion.
    pub span: Span,
    /// The new text.
    pub replacement: String,
}

/// Edits over one text. Invariant: sorted by span and disjoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditSet {
    edits: Vec<Edit>,
}

impl EditSet {
    /// Sorts the edits; equal ones count once.
    ///
    /// # Errors
    /// The spans of two edits that overlap, or that insert different texts at the same offset.
    pub fn new(mut edits: Vec<Edit>) -> Result<Self, (Span, Span)> {
        edits.sort_by_key(|e| e.span);
        edits.dedup();
        for pair in edits.windows(2) {
            let (a, b) = (pair[0].span, pair[1].span);
            if b.start < a.end || a.start == b.start {
                return Err((a, b));
            }
        }
        Ok(Self { edits })
    }

    /// The edits in order.
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// The edits inside a part of the text.
    pub fn within(&self, part: Span) -> impl Iterator<Item = &Edit> {
        // Sorted and disjoint, so the ends are sorted as well.
        let first = self.edits.partition_point(|e| e.span.start < part.start);
        self.edits[first..].iter().take_while(move |e| e.span.end <= part.end)
    }

    /// Whether there are no edits.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edited text as slices of the original text and of the replacements, without copying.
    pub fn slices<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.slices_within(text, Span::new(0, text.len()))
    }

    /// The slices of a part of the edited text; edits outside of the part are left out.
    pub fn slices_within<'a>(
        &'a self,
        text: &'a str,
        part: Span,
    ) -> impl Iterator<Item = &'a str> + 'a {
        let inside = self.within(part);
        let mut from = part.start as usize;
        let mut pieces: Vec<&'a str> = Vec::new();
        for edit in inside {
            pieces.push(&text[from..edit.span.start as usize]);
            pieces.push(&edit.replacement);
            from = edit.span.end as usize;
        }
        pieces.push(&text[from..part.end as usize]);
        pieces.into_iter().filter(|piece| !piece.is_empty())
    }

    /// The edited text.
    pub fn apply(&self, text: &str) -> String {
        self.slices(text).collect()
    }
}
