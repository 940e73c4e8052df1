//! Objects as they are applied: read again from their documents, with the edits of rollstamp where
//! both states are taken to have gone through it.

use super::disruption::NearbyObject;
use super::state::ComparedState;
use super::{Assume, Name};
use crate::extract::{Object, ObjectId};
use crate::yaml::path::Step;
use crate::yaml::{self, split};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

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
        read(&self.text, &self.object.route)
    }
}

/// The object at the end of a way into the only document of a text.
fn read(text: &str, route: &[Step]) -> Option<Value> {
    let chunk = split::chunks(text).next()?.ok()?;
    let documents = yaml::parse(text, chunk.span).ok()?;
    let document = documents.first()?;
    let root = yaml::value::value(document, text, document.root())?;
    at(&root, route).cloned()
}

fn at<'v>(value: &'v Value, way: &[Step]) -> Option<&'v Value> {
    way.iter().try_fold(value, |at, step| match step {
        Step::Field(name) => at.get(name.as_str()),
        Step::Item(i) => at.get(i),
    })
}

/// The pod templates of an object of a state, in their order.
pub(super) fn templates<'v>(
    state: &ComparedState<'_>,
    at_object: ObjectId,
    value: Option<&'v Value>,
) -> Vec<&'v Value> {
    let of = |path: &[Step]| value.and_then(|value| at(value, path));
    let templates = state.manifests().templates_of(at_object);
    templates.map(|(_, template)| of(&template.path).unwrap_or(&Value::Null)).collect()
}

/// The objects of a state that say something about how the pods of others are replaced, by their
/// namespace.
pub(super) fn neighbours(state: &ComparedState<'_>) -> BTreeMap<Option<String>, Vec<NearbyObject>> {
    let mut found: BTreeMap<_, Vec<NearbyObject>> = BTreeMap::new();
    let files = state.manifests().files().zip(state.manifests().all_files());
    for (file, said) in files.filter(|(_, said)| said.input.is_looked_at()) {
        let text = state.text(file);
        for near in &said.neighbours {
            let Some(object) = read(near.document.of(text), &near.route) else {
                continue;
            };
            let id = &near.id;
            let namespace = state.namespace(id.namespace.as_deref());
            found.entry(namespace.clone()).or_default().push(NearbyObject {
                group: id.group.to_string(),
                name: Name { kind: id.kind.to_string(), namespace, name: id.name.to_string() },
                object,
            });
        }
    }
    found
}
