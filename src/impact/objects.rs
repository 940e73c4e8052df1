//! Objects as they are applied: read again from their documents, with the edits of rollstamp if the stamps
//! that it would write are compared.

use super::Assume;
use super::state::ComparedState;
use crate::extract::{Object, ObjectId, Template};
use crate::yaml::path::Step;
use crate::yaml::{self, Cursor, Document, split};
use serde_json::{Value, json};
use std::borrow::Cow;

/// The document of an object as it is applied.
pub(super) struct AppliedDocument<'a> {
    pub(super) text: Cow<'a, str>,
    object: &'a Object,
}

impl<'a> AppliedDocument<'a> {
    /// The document of an object of a state.
    pub(super) fn new(state: &ComparedState<'a>, object: &'a Object, assume: Assume) -> Self {
        let file = object.place.file;
        let text = state.text(file);
        let change = state.change(file).filter(|_| assume == Assume::Stamped);
        let text = match change {
            Some(change) => Cow::Owned(change.edits.slices_within(text, object.document).collect()),
            None => Cow::Borrowed(object.document.of(text)),
        };
        Self { text, object }
    }

    /// The object as `kubectl` reads it.
    pub(super) fn value(&self) -> Option<Value> {
        yaml::value::value(self.read()?.object(self)?)
    }

    /// The document, read again.
    pub(super) fn read(&self) -> Option<ReadDocument> {
        parsed(&self.text).map(ReadDocument)
    }
}

/// The nodes of an [`AppliedDocument`].
pub(super) struct ReadDocument(Document);

impl ReadDocument {
    /// The object. `of` is the document that was read.
    pub(super) fn object<'d>(&'d self, of: &'d AppliedDocument<'_>) -> Option<Cursor<'d>> {
        follow(Cursor::root(&self.0, &of.text), &of.object.route)
    }
}

fn parsed(text: &str) -> Option<Document> {
    let chunk = split::chunks(text).next()?.ok()?;
    yaml::parse(text, chunk.span).ok()?.into_iter().next()
}

/// The object at the end of a path in the only document of a text.
pub(super) fn read(text: &str, route: &[Step]) -> Option<Value> {
    let document = parsed(text)?;
    yaml::value::value(follow(Cursor::root(&document, text), route)?)
}

/// The node at the end of a path.
pub(super) fn follow<'d>(node: Cursor<'d>, way: &[Step]) -> Option<Cursor<'d>> {
    way.iter().try_fold(node, |at, step| match step {
        Step::Field(name) => at.get(name),
        Step::Item(i) => at.items().nth(*i),
    })
}

/// The same in a value.
pub(super) fn at<'v>(value: &'v Value, way: &[Step]) -> Option<&'v Value> {
    way.iter().try_fold(value, |at, step| match step {
        Step::Field(name) => at.get(name.as_str()),
        Step::Item(i) => at.get(i),
    })
}

/// The pod templates of an object of a state, in their order.
pub(super) fn templates<'a>(
    state: &ComparedState<'a>,
    at_object: ObjectId,
) -> impl Iterator<Item = &'a Template> {
    state.manifests().templates_of(at_object).map(|(_, template)| template)
}

/// A pod template as it is compared. For pods that a program creates from values, only the annotations are
/// known: the mapping with them counts as a pod template without other fields.
pub(super) fn comparable(template: &Template, value: Value) -> Value {
    match template.is_released {
        true => json!({ "metadata": { "annotations": value } }),
        false => value,
    }
}
