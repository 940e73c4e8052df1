//! A part of a document as the JSON value that `kubectl` sends: aliases and merge keys followed,
//! the last of several equal keys, YAML 1.1 scalars; without layout, comments and the order of
//! keys.

use super::resolve::Value;
use super::{Cursor, Kind, MAX_DEPTH};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The JSON value of a node; `None` if a scalar in it cannot be decoded.
pub fn value(node: Cursor<'_>) -> Option<Json> {
    tree(node, 0)
}

/// The JSON values of two nodes, for a comparison. A collection in a field that is written
/// identically in both nodes is `true` in both values: most of two versions of a manifest is
/// identical and need not be decoded.
pub fn differing(one: Cursor<'_>, other: Cursor<'_>) -> Option<(Json, Json)> {
    both(one, other, 0)
}

fn both(one: Cursor<'_>, other: Cursor<'_>, depth: usize) -> Option<(Json, Json)> {
    let (one, other) = (one.target(), other.target());
    let whole = || Some((tree(one, depth)?, tree(other, depth)?));
    if depth > MAX_DEPTH || one.kind() != other.kind() {
        return whole();
    }
    match one.kind() {
        Kind::Mapping if !one.node().has_merge && !other.node().has_merge => {
            let (Some(these), Some(those)) = (fields(one), fields(other)) else { return whole() };
            let mut those: Vec<Option<(Cow<'_, str>, Cursor<'_>)>> =
                those.into_iter().map(Some).collect();
            let (mut left, mut right) = (Map::new(), Map::new());
            for (i, (name, value)) in these.into_iter().enumerate() {
                let is_it = |field: &Option<(Cow<'_, str>, Cursor<'_>)>| {
                    field.as_ref().is_some_and(|(other, _)| *other == name)
                };
                // Nearly always the field is at the same position.
                let at = Some(i).filter(|&i| those.get(i).is_some_and(is_it));
                let at = at.or_else(|| those.iter().position(is_it));
                let Some((_, twin)) = at.and_then(|at| those[at].take()) else {
                    left.insert(name.into_owned(), tree(value, depth + 1)?);
                    continue;
                };
                let (value, twin) = match alike(value, twin) {
                    true => (Json::Bool(true), Json::Bool(true)),
                    false => both(value, twin, depth + 1)?,
                };
                left.insert(name.clone().into_owned(), value);
                right.insert(name.into_owned(), twin);
            }
            for (name, value) in those.into_iter().flatten() {
                right.insert(name.into_owned(), tree(value, depth + 1)?);
            }
            Some((Json::Object(left), Json::Object(right)))
        }
        Kind::Sequence if has_same_names(one, other) => {
            let pairs = one.items().zip(other.items());
            let pairs = pairs.map(|(one, other)| both(one, other, depth + 1));
            let (these, those) = pairs.collect::<Option<(Vec<Json>, Vec<Json>)>>()?;
            Some((Json::Array(these), Json::Array(those)))
        }
        _ => whole(),
    }
}

/// The fields of a mapping; `None` if a field occurs twice or has no name.
fn fields(mapping: Cursor<'_>) -> Option<Vec<(Cow<'_, str>, Cursor<'_>)>> {
    let fields = mapping.pairs().map(|(key, value)| Some((key.key().ok()?, value)));
    let fields: Vec<(Cow<'_, str>, Cursor<'_>)> = fields.collect::<Option<_>>()?;
    let names: BTreeSet<&str> = fields.iter().map(|(name, _)| &**name).collect();
    (names.len() == fields.len()).then_some(fields)
}

/// Whether two collections are the same bytes and mean the same: no alias, anchor or tag is in them, and
/// both begin in the same column of a text of the same kind.
fn alike(one: Cursor<'_>, other: Cursor<'_>) -> bool {
    let is_collection = |node: Cursor<'_>| node.is_mapping() || node.is_sequence();
    is_collection(one)
        && is_collection(other)
        && one.node().indent == other.node().indent
        && one.document().json == other.document().json
        && one.raw() == other.raw()
        && !one
            .subtree()
            .iter()
            .chain(other.subtree())
            .any(|n| n.has_props || n.kind == Kind::Alias)
}

/// The names of the items of a list, if each has one.
fn names(list: Cursor<'_>) -> Option<Vec<Cow<'_, str>>> {
    list.items().map(|item| item.get("name")?.str()).collect()
}

/// Whether two lists hold mappings of the same names in the same order, and no name twice.
fn has_same_names(one: Cursor<'_>, other: Cursor<'_>) -> bool {
    let (Some(these), Some(those)) = (names(one), names(other)) else { return false };
    these == those && these.iter().collect::<BTreeSet<_>>().len() == these.len()
}

fn tree(node: Cursor<'_>, depth: usize) -> Option<Json> {
    let node = node.target();
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match node.kind() {
        Kind::Mapping => {
            let mut fields = Map::new();
            mapping(node, depth, &mut fields)?;
            Json::Object(fields)
        }
        Kind::Sequence => {
            let items = node.items().map(|item| tree(item, depth + 1));
            Json::Array(items.collect::<Option<_>>()?)
        }
        _ => match node.value().ok()? {
            Value::Str(value) => Json::String(value.into_owned()),
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Int(value) => number(value),
            Value::Float(value) => Json::from(value),
        },
    })
}

/// Adds the fields of a mapping. A merge key counts at its position, as in go-yaml v2: it has
/// priority over earlier keys, and later keys have priority over it.
fn mapping(node: Cursor<'_>, depth: usize, fields: &mut Map<String, Json>) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    for (key, value) in node.pairs() {
        if !key.is_merge_key() {
            fields.insert(key.key().ok()?.into_owned(), tree(value, depth + 1)?);
            continue;
        }
        let merged = value.target();
        if merged.is_sequence() {
            // The first mapping of a list has priority, so it is added last.
            let items: Vec<Cursor<'_>> = merged.items().collect();
            for item in items.into_iter().rev() {
                mapping(item, depth + 1, fields)?;
            }
        } else {
            mapping(merged, depth + 1, fields)?;
        }
    }
    Some(())
}

/// A whole number; a number that does not fit 64 bits becomes the nearest float.
fn number(value: i128) -> Json {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(small), _) => Json::from(small),
        (_, Ok(large)) => Json::from(large),
        _ => Json::from(value as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, differing, value};
    use crate::yaml::{Cursor, Document, parse, split};
    use serde_json::json;

    fn document(text: &str) -> Document {
        let chunk = split::chunks(text).next().unwrap().unwrap();
        parse(text, chunk.span).unwrap().remove(0)
    }

    fn read(text: &str) -> Json {
        value(Cursor::root(&document(text), text)).unwrap()
    }

    fn differ(one: &str, other: &str) -> (Json, Json) {
        let (left, right) = (document(one), document(other));
        differing(Cursor::root(&left, one), Cursor::root(&right, other)).unwrap()
    }

    #[test]
    fn what_is_written_alike_is_not_read() {
        let one = "a: {x: 1}\nb:\n  c: [1]\n  d: 1\n";
        let (left, right) = differ(one, "b:\n  c: [1]\n  d: 2\na: {x: 1}\n");
        assert_eq!(left, json!({ "a": true, "b": { "c": true, "d": 1 } }));
        assert_eq!(right, json!({ "a": true, "b": { "c": true, "d": 2 } }));
        let named = |first: &str| format!("- name: {first}\n  c: [1]\n- name: z\n  c: [2]\n");
        assert_eq!(differ(&named("a"), &named("a")).0[0], json!({ "name": "a", "c": true }));
        // Items that are reordered are compared with other items.
        assert_eq!(differ(&named("a"), &named("b")).0[0], json!({ "name": "a", "c": [1] }));
    }

    #[test]
    fn the_same_bytes_may_mean_something_else() {
        let (left, right) = differ("x: &x 1\na: {b: *x}\n", "x: &x 2\na: {b: *x}\n");
        assert_eq!((&left["a"]["b"], &right["a"]["b"]), (&json!(1), &json!(2)));
        let (left, right) = differ("a:\n   b: |2\n      x\n", "a:\n  b: |2\n      x\n");
        assert_ne!(left, right);
        assert_eq!(differ("a: [1]\na: [2]\n", "a: [1]\na: [2]\n").0["a"], json!([2]));
    }

    #[test]
    fn layout_does_not_count() {
        let block = "a: yes\nb:\n- 1\n- 'x'\n";
        let flow = "{b: [0x1, \"x\"], a: true}\n";
        assert_eq!(read(block), read(flow));
    }

    #[test]
    fn merges_and_repeated_keys_read_as_kubectl_reads_them() {
        let text = "base: &b {x: 1, z: 1}\nuse: {x: 0, <<: *b, z: 2}\nz: 1\nz: 2\n";
        let read = read(text);
        assert_eq!(read["use"], json!({"x": 1, "z": 2}));
        assert_eq!(read["z"], 2);
    }
}
