//! Manifests as values, read by an independent library.

use serde::Deserialize as _;
use serde_yaml::{Mapping, Value};
use std::collections::{BTreeMap, BTreeSet};

type Reader<'a> = serde_yaml::Deserializer<'a>;

/// The documents of a text as the independent reader sees them, without empty ones.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, serde_yaml::Error> {
    Reader::from_str(text.trim_start_matches('\u{feff}'))
        .map(Value::deserialize)
        .collect::<Result<Vec<_>, _>>()
        .map(|all| all.into_iter().filter(|value| !value.is_null()).collect())
}

/// Whether `after` is `before` with the stamps of `after`, compared as values.
pub(super) fn same_but_for_stamps(
    before: Vec<Value>,
    after: Vec<Value>,
    key: &str,
    is_foreign: bool,
) -> Result<(), String> {
    if before.len() != after.len() {
        return Err(format!("{} documents became {}", before.len(), after.len()));
    }
    for (before, after) in before.into_iter().zip(after) {
        for (mut old, new) in objects(before).into_iter().zip(objects(after)) {
            take_stamps(&mut old, &new, key);
            if is_foreign {
                take_marks(&mut old, &new, 0);
            }
            if old != new {
                return Err(format!("\n    expected {old:?}\n    got      {new:?}"));
            }
        }
    }
    Ok(())
}

/// The annotations of an object that change: on its pod template or on itself, key and new value.
#[derive(Default)]
pub(super) struct Said {
    pub(super) changes: BTreeMap<(bool, String), Option<String>>,
}

/// Whether `after` is `before` with the given annotations, by kind and name, and with stamps.
pub(super) fn same_but_for(
    before: Vec<Value>,
    after: Vec<Value>,
    said: &BTreeMap<(String, String), Said>,
) -> Result<(), String> {
    if before.len() != after.len() {
        return Err(format!("{} documents became {}", before.len(), after.len()));
    }
    for (before, after) in before.into_iter().zip(after) {
        for (mut old, mut new) in objects(before).into_iter().zip(objects(after)) {
            let text = |value: Option<&Value>| {
                value.and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let id = (text(old.get("kind")), text(old.get("metadata").and_then(|m| m.get("name"))));
            take_stamps(&mut old, &new, "checksum/rollstamp");
            let nothing = Said::default();
            for ((on_template, key), value) in &said.get(&id).unwrap_or(&nothing).changes {
                let way: &[&str] = match on_template {
                    false => &["metadata", "annotations"],
                    true => &["spec", "template", "metadata", "annotations"],
                };
                let route: Vec<Value> = way.iter().map(|step| Value::from(*step)).collect();
                match value {
                    Some(value) => set(&mut old, &route, key, Value::from(value.as_str())),
                    None => remove(&mut old, &route, key),
                }
            }
            for own in [&mut old, &mut new] {
                without_empty(own);
            }
            if old != new {
                return Err(format!("\n    expected {old:?}\n    got      {new:?}"));
            }
        }
    }
    Ok(())
}

/// Removes empty annotations and metadata.
fn without_empty(at: &mut Value) {
    let Value::Mapping(mapping) = at else { return };
    for (_, value) in mapping.iter_mut() {
        without_empty(value);
    }
    let is_empty =
        |value: &Value| value.is_null() || value.as_mapping().is_some_and(Mapping::is_empty);
    for name in ["annotations", "metadata"] {
        if mapping.get(name).is_some_and(is_empty) {
            mapping.shift_remove(name);
        }
    }
}

/// The objects of a document; the other fields of a list count as one more object.
fn objects(document: Value) -> Vec<Value> {
    let mut document = document;
    let is_list =
        document.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    let items = if is_list { document.get_mut("items").map(std::mem::take) } else { None };
    match items {
        Some(Value::Sequence(items)) => items.into_iter().chain([document]).collect(),
        _ => vec![document],
    }
}

/// The path to an `annotations` mapping: names of fields, and numbers of items.
type Route = Vec<Value>;

/// Every stamp of an object with the path to its annotations. Annotations of the object itself are not
/// stamps: a pod template is deeper.
fn stamps_of(object: &Value, key: &str) -> Vec<(Route, Value)> {
    let mut found = Vec::new();
    visit(object, &mut Vec::new(), key, &mut found);
    found
}

fn visit(at: &Value, route: &mut Route, key: &str, found: &mut Vec<(Route, Value)>) {
    // Of a pod template, or in the values of a release: `podAnnotations`.
    let is_of_pods = route.len() > 2
        && route[route.len() - 1].as_str().is_some_and(|field| field.ends_with("nnotations"));
    if is_of_pods && let Some(stamp) = at.get(key) {
        found.push((route.clone(), stamp.clone()));
    }
    let items: Vec<(Value, &Value)> = match at {
        Value::Mapping(mapping) => mapping.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Sequence(items) => {
            items.iter().enumerate().map(|(i, v)| (Value::from(i), v)).collect()
        }
        _ => Vec::new(),
    };
    for (step, value) in items {
        route.push(step);
        visit(value, route, key, found);
        route.pop();
    }
}

/// Copies the stamps of `new` to `old`, and creates the mappings that this needs.
fn take_stamps(old: &mut Value, new: &Value, key: &str) {
    let wanted = stamps_of(new, key);
    for (route, _) in stamps_of(old, key) {
        if wanted.iter().all(|(other, _)| *other != route) {
            remove(old, &route, key);
        }
    }
    for (route, stamp) in wanted {
        set(old, &route, key, stamp);
    }
}

/// Copies the changes of marks of other tools in pod templates from `new` to `old`: another digest for a
/// checksum, or none, and no label of a chart. Pod templates are deeper than the metadata of the object.
fn take_marks(old: &mut Value, new: &Value, depth: usize) {
    match old {
        Value::Mapping(fields) => {
            for (name, inner) in fields.iter_mut() {
                let other = new.get(name).unwrap_or(&Value::Null);
                match (name.as_str(), inner) {
                    (Some("annotations"), Value::Mapping(marks)) if depth > 1 => {
                        take(marks, other, &|key| key.contains("checksum"));
                    }
                    (Some("labels"), Value::Mapping(marks)) if depth > 1 => {
                        take(marks, other, &|key| {
                            ["helm.sh/chart", "chart"].contains(&key) && other.get(key).is_none()
                        });
                    }
                    (_, inner) => take_marks(inner, other, depth + 1),
                }
            }
        }
        Value::Sequence(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                take_marks(item, new.get(i).unwrap_or(&Value::Null), depth + 1);
            }
        }
        _ => {}
    }
}

fn take(marks: &mut Mapping, new: &Value, is_mark: &dyn Fn(&str) -> bool) {
    let names: Vec<Value> = marks.keys().cloned().collect();
    for name in names.iter().filter(|name| name.as_str().is_some_and(is_mark)) {
        match new.get(name) {
            None => {
                marks.shift_remove(name);
            }
            Some(Value::String(text)) if text.len() >= 16 => {
                marks.insert(name.clone(), Value::from(text.as_str()));
            }
            Some(_) => {}
        }
    }
}

fn set(at: &mut Value, route: &[Value], key: &str, stamp: Value) {
    if at.is_null() {
        *at = Value::Mapping(Mapping::new());
    }
    match (at, route.split_first()) {
        (Value::Mapping(mapping), None) => {
            mapping.insert(Value::from(key), stamp);
        }
        (Value::Mapping(mapping), Some((field, rest))) => {
            let inner = mapping.entry(field.clone()).or_insert(Value::Null);
            set(inner, rest, key, stamp);
        }
        (Value::Sequence(items), Some((index, rest))) => {
            let index = index.as_u64().and_then(|i| usize::try_from(i).ok());
            if let Some(inner) = index.and_then(|i| items.get_mut(i)) {
                set(inner, rest, key, stamp);
            }
        }
        _ => {}
    }
}

/// Removes the key, and `metadata` and `annotations` if they held nothing else.
fn remove(at: &mut Value, route: &[Value], key: &str) {
    let Some((step, rest)) = route.split_first() else {
        if let Value::Mapping(mapping) = at {
            mapping.shift_remove(key);
        }
        return;
    };
    match at {
        Value::Mapping(mapping) => {
            if let Some(inner) = mapping.get_mut(step) {
                remove(inner, rest, key);
                if rest.len() < 2 && inner.as_mapping().is_some_and(Mapping::is_empty) {
                    mapping.shift_remove(step);
                }
            }
        }
        Value::Sequence(items) => {
            let index = step.as_u64().and_then(|i| usize::try_from(i).ok());
            if let Some(inner) = index.and_then(|i| items.get_mut(i)) {
                remove(inner, rest, key);
            }
        }
        _ => {}
    }
}

/// The stamp of every workload by kind, namespace and name; `None` if a text cannot be read.
pub(super) fn stamps(texts: &BTreeMap<String, String>, key: &str) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for text in texts.values() {
        for object in documents(text).ok()?.into_iter().flat_map(objects) {
            let text = |value: Option<&Value>| format!("{value:?}");
            let metadata = object.get("metadata");
            let name = metadata.map(|m| (text(m.get("namespace")), text(m.get("name"))));
            for (route, stamp) in stamps_of(&object, key) {
                let kind = text(object.get("kind"));
                found.insert(format!("{kind} {name:?} {route:?} {stamp:?}"));
            }
        }
    }
    Some(found)
}
