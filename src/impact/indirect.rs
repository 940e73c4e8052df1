//! Finds the objects whose controllers create or change other objects, and that differ between the two states:
//! a Helm release with other values, for example. What their controllers make of them is not known.

use super::objects::LastDocument;
use super::pairs::{Item, pair};
use super::state::ComparedState;
use super::{HowChanged, IndirectChange, Name};
use crate::extract::IndirectObject;
use crate::text::{FileId, Place};
use serde_json::Value;

/// An object with its file.
type InFile<'a> = (FileId, &'a IndirectObject);

/// The objects that differ in their `spec`, in more than stamps with this annotation.
pub(super) fn changes(
    before: &ComparedState<'_>,
    after: &ComparedState<'_>,
    annotation: &str,
) -> Vec<IndirectChange> {
    let (old, new) = (objects(before), objects(after));
    let (mut last_old, mut last_new) = (LastDocument::default(), LastDocument::default());
    let mut found = Vec::new();
    for pair in pair(&items(before, &old), &items(after, &new)) {
        let (was, is) = (last(&old, &pair.before), last(&new, &pair.after));
        let (fields, change) = match (was, is) {
            (Some(was), Some(is)) => {
                let texts = (document(before, was), document(after, is));
                // What the overlays say that build the file.
                let is_built_otherwise = before.recipes(was.0) != after.recipes(is.0);
                if texts.0 == texts.1 && was.1.route == is.1.route && !is_built_otherwise {
                    continue;
                }
                let was = spec(&mut last_old, before, was, annotation);
                let is = spec(&mut last_new, after, is, annotation);
                let fields = differing(&was, &is);
                if fields.is_empty() && !is_built_otherwise {
                    continue;
                }
                (fields, HowChanged::Changed)
            }
            (None, _) => (Vec::new(), HowChanged::Added),
            (_, None) => (Vec::new(), HowChanged::Removed),
        };
        let shown = is.map(|is| (after, is)).or(was.map(|was| (before, was)));
        let Some((state, (file, object))) = shown else { continue };
        found.push(IndirectChange {
            name: name(state, object),
            at: state.at(Place { file, span: object.name_span }),
            change,
            fields,
            overlays: Vec::new(),
        });
    }
    found.sort_by(|a, b| (&a.name, a.at).cmp(&(&b.name, b.at)));
    found
}

fn objects<'a>(state: &ComparedState<'a>) -> Vec<InFile<'a>> {
    let files = state.manifests().files().zip(state.manifests().all_files());
    let files = files.filter(|(_, said)| said.input.is_looked_at());
    files.flat_map(|(file, said)| said.indirect.iter().map(move |object| (file, object))).collect()
}

fn items(state: &ComparedState<'_>, objects: &[InFile<'_>]) -> Vec<Item<(String, Name)>> {
    let of = |(file, object): &InFile<'_>| Item {
        key: (object.id.group.to_string(), name(state, object)),
        unit: state.unit(*file),
    };
    objects.iter().map(of).collect()
}

fn name(state: &ComparedState<'_>, object: &IndirectObject) -> Name {
    Name {
        kind: object.id.kind.to_string(),
        namespace: state.namespace(object.id.namespace.as_deref()),
        name: object.id.name.to_string(),
    }
}

/// The copy that counts if a unit has several: `kubectl` applies them in order.
fn last<'a>(objects: &[InFile<'a>], copies: &[usize]) -> Option<InFile<'a>> {
    copies.last().map(|&i| objects[i])
}

fn document<'a>(state: &ComparedState<'a>, (file, object): InFile<'_>) -> &'a str {
    object.document.of(state.text(file))
}

/// The specification of an object without its stamps.
fn spec(
    last: &mut LastDocument,
    state: &ComparedState<'_>,
    (file, object): InFile<'_>,
    annotation: &str,
) -> Value {
    let read = last.object(state.text(file), file, object.document, &object.route);
    let mut spec = read.and_then(|mut read| Some(read.get_mut("spec")?.take())).unwrap_or_default();
    remove(&mut spec, annotation);
    spec
}

/// Removes a field from all mappings of a value, and the mappings that are empty without it.
fn remove(value: &mut Value, field: &str) -> bool {
    match value {
        Value::Object(fields) => {
            let had_it = fields.remove(field).is_some();
            let mut is_emptied = had_it;
            fields.retain(|_, value| {
                let is_gone = remove(value, field);
                is_emptied |= is_gone;
                !is_gone
            });
            is_emptied && fields.is_empty()
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| {
                remove(item, field);
            });
            false
        }
        _ => false,
    }
}

/// The paths of the fields that differ: `spec.values`.
fn differing(was: &Value, is: &Value) -> Vec<String> {
    let (Some(old), Some(new)) = (was.as_object(), is.as_object()) else {
        return if was == is { Vec::new() } else { vec!["spec".to_owned()] };
    };
    let mut names: Vec<&String> =
        old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name)).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| format!("spec.{name}")).collect()
}
