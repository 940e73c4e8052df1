//! Objects as they are applied: read again from their documents, with the edits of rollstamp where
//! both states are taken to have gone through it.

use super::disruption::Neighbour;
use super::state::State;
use super::{Assume, Name};
use crate::extract::Object;
use crate::text::{Changed, Span};
use crate::yaml::verify::Step;
use crate::yaml::{self, split};
use serde_json::Value;

/// The document of an object as it is applied.
pub(super) struct Applied<'a> {
    pub(super) text: String,
    object: &'a Object,
}

impl<'a> Applied<'a> {
    /// # Errors
    /// When the text must be read again, and is not what it was.
    pub(super) fn new(
        state: &State<'_>,
        object: &'a Object,
        assume: Assume,
    ) -> Result<Self, Changed> {
        let file = object.place.file.index();
        let text = state.text(file)?;
        let mut changes = state.outcome.changes.iter();
        let change = changes.find(|change| change.file == file && assume == Assume::Stamped);
        let text = match change {
            Some(change) => change.edits.slices_within(&text, object.document).collect(),
            None => object.document.of(&text).to_owned(),
        };
        Ok(Self { text, object })
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

/// The pod templates of an object, in their order.
pub(super) fn templates(object: &Object, value: Option<&Value>) -> Vec<Value> {
    let of = |path: &[Step]| value.and_then(|value| at(value, path)).cloned();
    object.templates.iter().map(|t| of(&t.path).unwrap_or(Value::Null)).collect()
}

/// The objects of a state that say something about how the pods of others are replaced.
///
/// # Errors
/// When a text must be read again, and is not what it was.
pub(super) fn neighbours(state: &State<'_>) -> Result<Vec<Neighbour>, Changed> {
    let mut found = Vec::new();
    for (file, facts) in state.outcome.facts.iter().enumerate() {
        if facts.neighbours.is_empty() {
            continue;
        }
        let text = state.text(file)?;
        for near in &facts.neighbours {
            let document: Span = near.document;
            let Some(object) = read(document.of(&text), &near.route) else {
                continue;
            };
            let id = &near.id;
            found.push(Neighbour {
                group: id.group.to_string(),
                name: Name {
                    kind: id.kind.to_string(),
                    namespace: state.namespace(id.namespace.as_deref()),
                    name: id.name.to_string(),
                },
                object,
            });
        }
    }
    Ok(found)
}
