//! kustomize's name hash, as `testdata/parity/name-hashes.json` describes it, and checked against the vectors there.

use std::fmt::Write as _;

use serde_yaml::Value;
use sha2::{Digest as _, Sha256};

use super::read::{at, text};

/// Whether the object's name ends in `-` and its own hash.
///
/// `data: null`, `data: ~` and an empty `data:` are hashed as they are written, which the value no
/// longer tells: any of the three counts.
pub(crate) fn is_content_named(kind: &str, object: &Value) -> bool {
    let Some((_, suffix)) = text(object, &["metadata", "name"]).and_then(|name| {
        name.rsplit_once('-').map(|(stem, suffix)| (stem.to_owned(), suffix.to_owned()))
    }) else {
        return false;
    };
    suffixes(kind, object).contains(&suffix)
}

/// The hashes that kustomize may give to this object.
pub(crate) fn suffixes(kind: &str, object: &Value) -> Vec<String> {
    let spellings: &[&str] = match object.get("data") {
        Some(Value::Null) => &["", "null", "~"],
        _ => &[""],
    };
    spellings.iter().map(|spelling| suffix(kind, object, spelling)).collect()
}

fn suffix(kind: &str, object: &Value, no_data: &str) -> String {
    let mut fields = Vec::new();
    let map = |field: &str| at(object, &[field]).filter(|value| value.is_mapping());
    if kind == "ConfigMap" {
        fields.extend(map("binaryData").map(|value| ("binaryData", go_json(value))));
    }
    let data = object.get("data").filter(|value| !value.is_null());
    fields.push(("data", data.map_or_else(|| go_string(no_data), go_json)));
    fields.push(("kind", go_string(kind)));
    fields.push(("name", go_string("")));
    if kind == "Secret" {
        fields.extend(map("stringData").map(|value| ("stringData", go_json(value))));
        fields.push(("type", go_string(&text(object, &["type"]).unwrap_or_default())));
    }
    let fields: Vec<String> =
        fields.iter().map(|(name, json)| format!("\"{name}\":{json}")).collect();
    let digest = Sha256::digest(format!("{{{}}}", fields.join(",")));
    let hex: String = digest.iter().take(5).fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes everything");
        hex
    });
    hex.chars()
        .map(|digit| match digit {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}

/// JSON as Go's `encoding/json` writes it: keys sorted by bytes, `<`, `>` and `&` escaped.
fn go_json(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(value) => go_string(value),
        Value::Sequence(values) => {
            format!("[{}]", values.iter().map(go_json).collect::<Vec<_>>().join(","))
        }
        Value::Mapping(mapping) => {
            let mut fields: Vec<(String, String)> =
                mapping.iter().map(|(key, value)| (super::key_text(key), go_json(value))).collect();
            fields.sort();
            let fields: Vec<String> =
                fields.iter().map(|(key, json)| format!("{}:{json}", go_string(key))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Tagged(tagged) => go_json(&tagged.value),
    }
}

fn go_string(value: &str) -> String {
    let mut json = String::from('"');
    for char in value.chars() {
        match char {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(json, "\\u{:04x}", u32::from(char)).expect("a String takes everything");
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}
