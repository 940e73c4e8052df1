//! Writes a node as JSON in one fixed form, so that its digest does not depend on its layout.

use super::resolve::{self, Value};
use super::{Document, Kind, MAX_DEPTH, NodeId};

/// The JSON of a node, with sorted keys and without blanks; nothing, if some scalar in it cannot be
/// decoded.
pub fn json(document: &Document, text: &str, node: NodeId) -> Option<String> {
    tree(document, text, node, 0)
}

fn tree(document: &Document, text: &str, node: NodeId, depth: usize) -> Option<String> {
    let node = document.target(node);
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match document.node(node).kind {
        Kind::Mapping => {
            let mut fields = Vec::new();
            for (key, value) in document.pairs(node) {
                let key = string(&resolve::key(document, text, key).ok()?)?;
                fields.push(format!("{key}:{}", tree(document, text, value, depth + 1)?));
            }
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        Kind::Sequence => {
            let items = document.children(node);
            let items = items.map(|item| tree(document, text, item, depth + 1));
            format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(","))
        }
        _ => match resolve::value(document, text, node).ok()? {
            Value::Str(value) => string(&value)?,
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
        },
    })
}

fn string(text: &str) -> Option<String> {
    serde_json::to_string(text).ok()
}
