//! Writes a node as JSON in one fixed form, so that its digest does not depend on its layout.

use super::resolve::Value;
use super::{Cursor, Kind, MAX_DEPTH};

/// The JSON of a node, with sorted keys and without blanks; `None` if a scalar in it cannot be
/// decoded.
pub fn json(node: Cursor<'_>) -> Option<String> {
    tree(node, 0)
}

fn tree(node: Cursor<'_>, depth: usize) -> Option<String> {
    let node = node.target();
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match node.kind() {
        Kind::Mapping => {
            let mut fields = Vec::new();
            for (key, value) in node.pairs() {
                let key = string(&key.key().ok()?)?;
                fields.push(format!("{key}:{}", tree(value, depth + 1)?));
            }
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        Kind::Sequence => {
            let items = node.children().map(|item| tree(item, depth + 1));
            format!("[{}]", items.collect::<Option<Vec<_>>>()?.join(","))
        }
        Kind::Scalar | Kind::Alias => match node.value().ok()? {
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
