//! A part of a document as the JSON value that `kubectl` sends: aliases and merge keys followed, the
//! last of several equal keys, YAML 1.1 scalars. Layout, comments and the order of keys are gone.

use super::resolve::{self, Value};
use super::{Document, Kind, MAX_DEPTH, NodeId};
use serde_json::Map;

/// The JSON value of a node; nothing, if some scalar in it cannot be decoded.
pub fn value(document: &Document, text: &str, node: NodeId) -> Option<serde_json::Value> {
    tree(document, text, node, 0)
}

fn tree(document: &Document, text: &str, node: NodeId, depth: usize) -> Option<serde_json::Value> {
    let node = document.target(node);
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match document.node(node).kind {
        Kind::Mapping => {
            let mut fields = Map::new();
            mapping(document, text, node, depth, &mut fields)?;
            serde_json::Value::Object(fields)
        }
        Kind::Sequence => {
            let items = document.items(node);
            let items = items.map(|item| tree(document, text, item, depth + 1));
            serde_json::Value::Array(items.collect::<Option<_>>()?)
        }
        _ => match resolve::value(document, text, node).ok()? {
            Value::Str(value) => serde_json::Value::String(value.into_owned()),
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(value),
            Value::Int(value) => number(value),
            Value::Float(value) => serde_json::Value::from(value),
        },
    })
}

/// Takes in the fields of a mapping. A merge key counts in its place, as in go-yaml v2: what follows
/// it wins over it, and it wins over what stands before.
fn mapping(
    document: &Document,
    text: &str,
    node: NodeId,
    depth: usize,
    fields: &mut Map<String, serde_json::Value>,
) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    for (key, value) in document.pairs(node) {
        if !document.is_merge_key(text, key) {
            let name = resolve::key(document, text, key).ok()?.into_owned();
            fields.insert(name, tree(document, text, value, depth + 1)?);
            continue;
        }
        let merged = document.target(value);
        if document.node(merged).kind == Kind::Sequence {
            // The first mapping of a list wins, so it is taken in last.
            let items: Vec<NodeId> = document.items(merged).collect();
            for item in items.into_iter().rev() {
                mapping(document, text, item, depth + 1, fields)?;
            }
        } else {
            mapping(document, text, merged, depth + 1, fields)?;
        }
    }
    Some(())
}

/// A whole number; one that does not fit 64 bits is as near as a float comes.
fn number(value: i128) -> serde_json::Value {
    match (i64::try_from(value), u64::try_from(value)) {
        (Ok(small), _) => serde_json::Value::from(small),
        (_, Ok(large)) => serde_json::Value::from(large),
        _ => serde_json::Value::from(value as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::value;
    use crate::yaml::{parse, split};

    fn read(text: &str) -> serde_json::Value {
        let chunk = split::chunks(text).next().unwrap().unwrap();
        let documents = parse(text, chunk.span).unwrap();
        value(&documents[0], text, documents[0].root()).unwrap()
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
        assert_eq!(read["use"], serde_json::json!({"x": 1, "z": 2}));
        assert_eq!(read["z"], 2);
    }
}
