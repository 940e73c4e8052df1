//! Reads manifests for the oracle: `serde_yaml` and the few rules in which kubectl differs from it.
//!
//! kubectl reads line by line, ends every line with a line feed, splits at lines that are `---`, uses the
//! last of two equal keys, and reads scalars as in YAML 1.1. This reader shares no code with the program.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde_yaml::{Mapping, Value};

/// One YAML unit of a stream, with the text that tells plain scalars from quoted ones.
pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) value: Value,
}

/// One Kubernetes object; an item of a list has its number.
pub(crate) struct Object {
    pub(crate) document: usize,
    pub(crate) item: Option<usize>,
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) value: Value,
}

/// A value. Of two equal keys the last one counts, without a message, as for kubectl.
struct LastWins(Value);

struct LastWinsVisitor;

impl<'de> Deserialize<'de> for LastWins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LastWinsVisitor).map(Self)
    }
}

impl<'de> Visitor<'de> for LastWinsVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut sequence = Vec::new();
        while let Some(LastWins(value)) = access.next_element()? {
            sequence.push(value);
        }
        Ok(Value::Sequence(sequence))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut mapping = Mapping::new();
        while let Some((LastWins(key), LastWins(value))) = access.next_entry()? {
            // `{{name}}` of a template is a mapping as a key, and no key for kubectl.
            if key.is_mapping() || key.is_sequence() || key.is_null() {
                return Err(serde::de::Error::custom("a key that JSON cannot have"));
            }
            mapping.insert(key, value);
        }
        Ok(Value::Mapping(mapping))
    }

    /// kubectl ignores an unknown tag.
    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        let (_, contents): (String, _) = access.variant()?;
        contents.newtype_variant::<LastWins>().map(|LastWins(value)| value)
    }
}

/// The documents that are not empty, in their order.
pub(crate) fn documents(stream: &str) -> Result<Vec<Document>, String> {
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
    if stream.trim_start().starts_with('{') {
        return serde_json::Deserializer::from_str(stream)
            .into_iter::<LastWins>()
            .map(|read| match read {
                Ok(LastWins(value)) => Ok(Document { text: String::new(), value }),
                Err(error) => Err(error.to_string()),
            })
            .collect();
    }
    let mut found = Vec::new();
    for text in split(stream)? {
        if text.contains("!!binary") {
            return Err("the oracle does not read !!binary".to_owned());
        }
        // kubectl reads only the first document of such a part.
        let Some(first) = serde_yaml::Deserializer::from_str(&text).next() else {
            continue;
        };
        let LastWins(mut value) =
            LastWins::deserialize(first).map_err(|error| error.to_string())?;
        if text.contains("<<") {
            if has_merged_list(&value) && !text.contains("<<: [") {
                return Err("an alias of a list is merged, which kubectl refuses".to_owned());
            }
            value.apply_merge().map_err(|error| error.to_string())?;
        }
        if !value.is_null() {
            found.push(Document { text, value });
        }
    }
    Ok(found)
}

fn has_merged_list(value: &Value) -> bool {
    match value {
        Value::Mapping(mapping) => {
            mapping.get("<<").is_some_and(Value::is_sequence)
                || mapping.values().any(has_merged_list)
        }
        Value::Sequence(values) => values.iter().any(has_merged_list),
        _ => false,
    }
}

/// Splits a stream at its `---` lines and ends every line with a line feed, as kubectl's line reader does.
pub(crate) fn split(stream: &str) -> Result<Vec<String>, String> {
    let mut pieces = vec![String::new()];
    for line in stream.lines() {
        match line.strip_prefix("---").map(str::trim) {
            Some(rest) if rest.is_empty() || rest.starts_with('#') => pieces.push(String::new()),
            Some(rest) => return Err(format!("invalid document separator: {rest}")),
            None => {
                let piece = pieces.last_mut().expect("there is always a piece");
                piece.push_str(line);
                piece.push('\n');
            }
        }
    }
    Ok(pieces)
}

/// The objects of the documents, with the items of lists, and without objects that are only for local tools.
pub(crate) fn objects(documents: &[Document]) -> Vec<Object> {
    let mut objects = Vec::new();
    for (number, document) in documents.iter().enumerate() {
        let api_version = text(&document.value, &["apiVersion"]).unwrap_or_default();
        let kind = text(&document.value, &["kind"]).unwrap_or_default();
        match (kind.strip_suffix("List"), document.value.get("items")) {
            (Some(of), Some(items)) => {
                for (item, value) in items.as_sequence().into_iter().flatten().enumerate() {
                    objects.push(Object {
                        document: number,
                        item: Some(item),
                        api_version: text(value, &["apiVersion"])
                            .unwrap_or_else(|| api_version.clone()),
                        kind: text(value, &["kind"]).unwrap_or_else(|| of.to_owned()),
                        value: value.clone(),
                    });
                }
            }
            _ => objects.push(Object {
                document: number,
                item: None,
                api_version,
                kind,
                value: document.value.clone(),
            }),
        }
    }
    objects.retain(|object| {
        let local = annotation(&object.value, "config.kubernetes.io/local-config");
        local.is_none_or(|value| value == "false")
    });
    objects
}

/// The value at a path of mapping keys.
pub(crate) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The text at a path, if it is a text and not empty.
pub(crate) fn text(value: &Value, path: &[&str]) -> Option<String> {
    at(value, path)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The items at a path; none if there is no sequence.
pub(crate) fn elements<'v>(
    value: &'v Value,
    path: &[&str],
) -> impl Iterator<Item = &'v Value> + use<'v> {
    at(value, path).and_then(Value::as_sequence).into_iter().flatten()
}

/// An annotation of an object.
pub(crate) fn annotation(value: &Value, key: &str) -> Option<String> {
    text(value, &["metadata", "annotations", key])
}

/// Whether kubectl would read this text, unquoted, as something else than a text.
///
/// Only what `serde_yaml` reads as a text needs to be known here.
pub(crate) fn is_no_text_in_yaml_1_1(text: &str) -> bool {
    bool_in_yaml_1_1(text).is_some() || is_number_in_yaml_1_1(text)
}

/// `on`, `y` and the other booleans of YAML 1.1.
pub(crate) fn bool_in_yaml_1_1(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => {
            Some(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => {
            Some(false)
        }
        _ => None,
    }
}

/// Go's `ParseInt` with base 0, then the float pattern, with all underscores taken out first.
fn is_number_in_yaml_1_1(text: &str) -> bool {
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return false;
    }
    // In a number that begins with its point an underscore must stand between digits.
    let is_loose =
        |part: &str| part.is_empty() || !part.ends_with(|char: char| char.is_ascii_digit());
    let is_torn = text.split('_').any(is_loose) || text.contains("_e") || text.contains("_E");
    if text.starts_with('.') && text.contains('_') && is_torn {
        return false;
    }
    let plain = text.replace('_', "");
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let is_in_base = |digits: &str, base: u32| {
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(base))
    };
    let lower = digits.to_ascii_lowercase();
    let is_integer = match lower.get(..2) {
        Some("0x") => is_in_base(&lower[2..], 16),
        Some("0o") => is_in_base(&lower[2..], 8),
        // go-yaml reads the digits after an unsigned `0b` separately, and they may have a sign.
        Some("0b") if plain == digits => {
            is_in_base(lower[2..].strip_prefix(['+', '-']).unwrap_or(&lower[2..]), 2)
        }
        Some("0b") => is_in_base(&lower[2..], 2),
        _ => is_in_base(&lower, 10),
    };
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (lower.as_str(), None),
    };
    let is_float = match mantissa.split_once('.') {
        Some(("", fraction)) => is_in_base(fraction, 10),
        Some((whole, fraction)) => {
            is_in_base(whole, 10) && (fraction.is_empty() || is_in_base(fraction, 10))
        }
        None => is_in_base(mantissa, 10),
    } && exponent.is_none_or(|exponent| {
        is_in_base(exponent.strip_prefix(['+', '-']).unwrap_or(exponent), 10)
    }) && lower.parse::<f64>().is_ok_and(f64::is_finite);
    is_integer || is_float
}

/// Whether the document writes this entry with an unquoted value.
pub(crate) fn is_plain_value(document: &str, key: &str, value: &str) -> bool {
    // A text that `serde_yaml` itself reads as another type was quoted; otherwise it would not be a text
    // here.
    if serde_yaml::from_str::<Value>(value).is_ok_and(|read| !read.is_string()) {
        return false;
    }
    let written =
        [format!("{key}: "), format!("\"{key}\": "), format!("'{key}': "), format!("\"{key}\":")];
    written.iter().any(|start| {
        document.match_indices(start.as_str()).any(|(place, _)| {
            let rest = document[place + start.len()..].trim_start_matches([' ', '\t']);
            rest.strip_prefix(value).is_some_and(|rest| {
                rest.trim_start_matches([' ', '\t']).starts_with(['\n', '#', ',', '}'])
            })
        })
    })
}

/// Whether the document writes this key without quotes.
pub(crate) fn is_plain_key(document: &str, key: &str) -> bool {
    document
        .match_indices(&format!("{key}:"))
        .any(|(place, _)| document[..place].ends_with([' ', '\n', '{', ',', '?']) || place == 0)
}
