//! Reads the fields of a kustomization, and of the entries in it, as kustomize does.

use super::harmless::is_control;
use crate::finding::divergence::{Must, NotRead};
use crate::text::Span;
use crate::yaml::{Cursor, SyntaxError};
use std::borrow::Cow;

/// The reason why a kustomization cannot be read.
#[derive(Clone)]
pub(super) struct UnreadableKustomization {
    /// The reason.
    pub(super) why: NotRead,
    /// The place of the problem.
    pub(super) at: Span,
}

impl UnreadableKustomization {
    /// A field without a value of the required form.
    pub(super) fn field(name: &str, must: Must, at: Span) -> Self {
        Self { why: NotRead::Field(name.to_owned(), must), at }
    }
}

impl From<SyntaxError> for UnreadableKustomization {
    fn from(error: SyntaxError) -> Self {
        let at = error.at as usize;
        Self { why: NotRead::Syntax(error.message), at: Span::new(at, at) }
    }
}

/// A field of a kustomization or of an entry in it.
#[derive(Clone, Copy)]
pub(super) struct KustomizationField<'a> {
    /// Its name, in the usual spelling.
    pub(super) name: &'a str,
    /// The place of the name.
    pub(super) at: Span,
    /// Its value.
    pub(super) value: Cursor<'a>,
}

impl<'a> KustomizationField<'a> {
    fn must(self, must: Must) -> UnreadableKustomization {
        UnreadableKustomization::field(self.name, must, self.at)
    }

    /// Its text.
    pub(super) fn text(self) -> Result<String, UnreadableKustomization> {
        self.value.str().map(Cow::into_owned).ok_or_else(|| self.must(Must::Text))
    }

    /// The texts that it lists.
    pub(super) fn texts(self) -> Result<Vec<String>, UnreadableKustomization> {
        self.value.all_texts().ok_or_else(|| self.must(Must::Texts))
    }

    /// The mappings that it lists.
    pub(super) fn mappings(self) -> Result<Vec<Cursor<'a>>, UnreadableKustomization> {
        let items = self.value.all_items().ok_or_else(|| self.must(Must::Mappings))?;
        match items.iter().all(|item| item.target().is_mapping()) {
            true => Ok(items),
            false => Err(self.must(Must::Mappings)),
        }
    }
}

/// The fields of a mapping. Names in `known` get their usual spelling: kustomize ignores upper and
/// lower case in a name (Go encoding/json).
///
/// # Errors
/// One of them occurs twice.
pub(super) fn fields<'a, 'k>(
    mapping: Cursor<'a>,
    known: impl IntoIterator<Item = &'k str>,
) -> Result<Vec<(String, Span, Cursor<'a>)>, UnreadableKustomization> {
    let known: Vec<&str> = known.into_iter().collect();
    let mut found: Vec<(String, Span, Cursor<'a>)> = Vec::new();
    for (key, value) in mapping.pairs() {
        let Ok(name) = key.key() else {
            let why = NotRead::Syntax("a key is not a text".to_owned());
            return Err(UnreadableKustomization { why, at: key.span() });
        };
        let usual = known.iter().find(|known| is_same_name(known, &name));
        let name = usual.map_or_else(|| name.clone().into_owned(), |usual| (*usual).to_owned());
        if found.iter().any(|(other, _, _)| *other == name) {
            return Err(UnreadableKustomization { why: NotRead::Twice(name), at: key.span() });
        }
        found.push((name, key.span(), value.target()));
    }
    Ok(found)
}

/// Whether Go treats two names as equal: it ignores case, `\u{17F}` counts as an s, and `\u{212A}`
/// as a k.
fn is_same_name(one: &str, other: &str) -> bool {
    fn folded(name: &str) -> impl Iterator<Item = char> {
        let lower = name.chars().flat_map(char::to_lowercase);
        lower.map(|c| if c == '\u{17F}' { 's' } else { c })
    }
    match one.is_ascii() && other.is_ascii() {
        true => one.eq_ignore_ascii_case(other),
        false => folded(one).eq(folded(other)),
    }
}

/// Whether a field means the same as an absent field.
pub(super) fn is_empty(value: Cursor<'_>) -> bool {
    match value.is_mapping() || value.is_sequence() {
        true => value.children().next().is_none(),
        false => value.is_null() || value.str().is_some_and(|text| text.is_empty()),
    }
}

/// Whether a mapping of annotations has one with an effect on kustomize, on Helm or on rollstamp.
pub(super) fn has_control_keys(annotations: Cursor<'_>, stamp: &str) -> bool {
    annotations.pairs().any(|(key, _)| key.key().is_ok_and(|key| is_control(&key, stamp)))
}
