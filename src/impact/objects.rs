//! Objects as they are applied: read again from their documents, with the edits of rollstamp if the stamps
//! that it would write are compared.

use super::Assume;
use super::state::ComparedState;
use crate::extract::{Object, ObjectId, Template};
use crate::text::{FileId, Span};
use crate::yaml::path::Step;
use crate::yaml::{self, Cursor, Document, NodeId, split};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// A document as it is applied. It is parsed once, however many objects it holds.
pub(super) struct AppliedDocument<'a> {
    pub(super) text: Cow<'a, str>,
    parsed: OnceLock<Option<ParsedDocument>>,
}

impl<'a> AppliedDocument<'a> {
    fn new(state: &ComparedState<'a>, object: &Object, assume: Assume) -> Self {
        let file = object.place.file;
        let text = state.text(file);
        let change = state.change(file).filter(|_| assume == Assume::Stamped);
        let text = match change {
            Some(change) => Cow::Owned(change.edits.slices_within(text, object.document).collect()),
            None => Cow::Borrowed(object.document.of(text)),
        };
        Self { text, parsed: OnceLock::new() }
    }

    fn into_owned(self) -> AppliedDocument<'static> {
        AppliedDocument { text: Cow::Owned(self.text.into_owned()), parsed: self.parsed }
    }

    fn node(&self, route: &[Step]) -> Option<Cursor<'_>> {
        self.parsed.get_or_init(|| ParsedDocument::of(&self.text)).as_ref()?.node(&self.text, route)
    }
}

/// An object as it is applied.
pub(super) struct AppliedObject<'a> {
    pub(super) document: Arc<AppliedDocument<'a>>,
    object: &'a Object,
}

impl<'a> AppliedObject<'a> {
    /// An object of a state.
    pub(super) fn new(state: &ComparedState<'a>, object: &'a Object, assume: Assume) -> Self {
        let new = || AppliedDocument::new(state, object, assume);
        let owned = || Arc::new(new().into_owned());
        let document = match state.list(object) {
            Some(list) => Arc::clone(list.applied[assume as usize].get_or_init(owned)),
            None => Arc::new(new()),
        };
        Self { document, object }
    }

    /// The object as `kubectl` reads it.
    pub(super) fn value(&self) -> Option<Value> {
        yaml::value::value(self.node()?)
    }

    /// The node of the object.
    pub(super) fn node(&self) -> Option<Cursor<'_>> {
        self.document.node(&self.object.route)
    }
}

/// A document that holds several objects, which all need what is computed of it.
#[derive(Default)]
pub(super) struct ListDocument {
    /// As it is applied, for each [`Assume`].
    applied: [OnceLock<Arc<AppliedDocument<'static>>>; 2],
    /// A document of the other state, and whether it has the same text.
    twin: OnceLock<(FileId, Span, bool)>,
}

/// Whether the documents of two objects have the same text, before rollstamp writes into them.
pub(super) fn has_same_text(
    (before, was): (&ComparedState<'_>, &Object),
    (after, is): (&ComparedState<'_>, &Object),
) -> bool {
    let (file, span) = (is.place.file, is.document);
    let compare = || was.document.of(before.text(was.place.file)) == span.of(after.text(file));
    let Some(list) = before.list(was) else { return compare() };
    match *list.twin.get_or_init(|| (file, span, compare())) {
        (of_file, of_span, is_same) if (of_file, of_span) == (file, span) => is_same,
        _ => compare(),
    }
}

/// The nodes of a document.
struct ParsedDocument {
    document: Document,
    /// The objects of a list: to walk to each of them from the first one would take quadratic time.
    items: Vec<NodeId>,
}

impl ParsedDocument {
    /// The only document of a text.
    fn of(text: &str) -> Option<Self> {
        let chunk = split::chunks(text).next()?.ok()?;
        let document = yaml::parse(text, chunk.span).ok()?.into_iter().next()?;
        let items = Cursor::root(&document, text).list(ITEMS).map(Cursor::id).collect();
        Some(Self { document, items })
    }

    /// The node at the end of a path. `text` is the one that was read.
    fn node<'d>(&'d self, text: &'d str, route: &[Step]) -> Option<Cursor<'d>> {
        let root = Cursor::root(&self.document, text);
        match route {
            [Step::Field(field), Step::Item(i), rest @ ..] if field == ITEMS => {
                follow(root.to(*self.items.get(*i)?), rest)
            }
            _ => follow(root, route),
        }
    }
}

/// The field of a list with its objects.
const ITEMS: &str = "items";

/// A document, read again and again for the objects in it: it is parsed once as long as it stays the same.
#[derive(Default)]
pub(super) struct LastDocument(Option<((FileId, Span), Option<ParsedDocument>)>);

impl LastDocument {
    /// The object at the end of a path in a document of a file.
    pub(super) fn object(
        &mut self,
        text: &str,
        file: FileId,
        span: Span,
        route: &[Step],
    ) -> Option<Value> {
        let of_document = span.of(text);
        if self.0.as_ref().is_none_or(|(last, _)| *last != (file, span)) {
            self.0 = Some(((file, span), ParsedDocument::of(of_document)));
        }
        let (_, document) = self.0.as_ref()?;
        yaml::value::value(document.as_ref()?.node(of_document, route)?)
    }
}

/// The node at the end of a path.
pub(super) fn follow<'d>(node: Cursor<'d>, way: &[Step]) -> Option<Cursor<'d>> {
    way.iter().try_fold(node, |at, step| match step {
        Step::Field(name) => at.get(name),
        Step::Item(i) => at.items().nth(*i),
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
