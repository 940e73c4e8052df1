//! kustomize's name suffix, to recognise sources whose name already tells their content.
//!
//! `sigs.k8s.io/kustomize/api/hasher`: SHA-256 of a JSON text, its first ten hex digits with five
//! of them replaced. The JSON has `name: ""` always, `data: ""` if there is none, and Go's escapes.

use crate::digest::push_hex;
use crate::k8s::providers::Target;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// A field of a source as kustomize hashes it: its entries sorted by key; a null value stays null.
pub type Entries<'a> = Vec<(String, Option<Cow<'a, str>>)>;

/// The `data` of a source as kustomize hashes it.
pub enum Data<'a> {
    /// A mapping.
    Entries(Entries<'a>),
    /// Anything written instead of one, such as `null`; nothing if the field is absent.
    Text(Cow<'a, str>),
}

/// What kustomize hashes of a ConfigMap or Secret.
pub struct Content<'a> {
    /// `data`.
    pub data: Data<'a>,
    /// `binaryData` of a ConfigMap, `stringData` of a Secret.
    pub second: Option<Entries<'a>>,
    /// `type` of a Secret; empty if absent.
    pub secret_type: String,
}

/// Whether a name ends as if kustomize had suffixed it: `-` and ten of its sixteen letters.
pub fn looks_suffixed(name: &str) -> bool {
    name.len() > 11
        && name.is_char_boundary(name.len() - 11)
        && name[name.len() - 11..].starts_with('-')
        && name[name.len() - 10..]
            .bytes()
            .all(|b| b"2456789bcdfghkmt".contains(&b))
}

/// The ten letters for a content.
pub fn kustomize(target: Target, content: &Content<'_>) -> String {
    let mut json = String::from("{");
    if target == Target::ConfigMap
        && let Some(binary) = &content.second
    {
        json.push_str("\"binaryData\":");
        push_object(&mut json, binary);
        json.push(',');
    }
    json.push_str("\"data\":");
    match &content.data {
        Data::Entries(data) => push_object(&mut json, data),
        Data::Text(text) => push_string(&mut json, text),
    }
    json.push_str(",\"kind\":");
    push_string(&mut json, target.name());
    json.push_str(",\"name\":\"\"");
    if target == Target::Secret {
        if let Some(strings) = &content.second {
            json.push_str(",\"stringData\":");
            push_object(&mut json, strings);
        }
        json.push_str(",\"type\":");
        push_string(&mut json, &content.secret_type);
    }
    json.push('}');
    let mut hex = String::with_capacity(64);
    push_hex(&mut hex, &Sha256::digest(json.as_bytes()));
    hex.chars()
        .take(10)
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}

fn push_object(json: &mut String, entries: &Entries<'_>) {
    json.push('{');
    for (i, (key, value)) in entries.iter().enumerate() {
        if i > 0 {
            json.push(',');
        }
        push_string(json, key);
        json.push(':');
        match value {
            Some(value) => push_string(json, value),
            None => json.push_str("null"),
        }
    }
    json.push('}');
}

/// A string as Go's `encoding/json` writes it.
fn push_string(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                json.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            other => json.push(other),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(pairs: &[(&str, Option<&'static str>)]) -> Data<'static> {
        let pair = |(k, v): &(&str, Option<&'static str>)| ((*k).to_owned(), v.map(Cow::Borrowed));
        Data::Entries(pairs.iter().map(pair).collect())
    }

    #[test]
    fn the_vectors_of_kustomize_hold() {
        let hash = |data| {
            let content = Content {
                data,
                second: None,
                secret_type: String::new(),
            };
            kustomize(Target::ConfigMap, &content)
        };
        assert_eq!(hash(Data::Text("".into())), "6ct58987ht");
        assert_eq!(hash(entries(&[("a", Some("1"))])), "h29d89cmmt");
        assert_eq!(hash(entries(&[("a", Some("<&>"))])), "m9gb99d79d");
        assert_eq!(hash(entries(&[])), "42745tchd9");
        assert_eq!(hash(entries(&[("k", None)])), "976987gcbh");
        let secret = Content {
            data: entries(&[("one", Some(""))]),
            second: None,
            secret_type: "my-type".to_owned(),
        };
        assert_eq!(kustomize(Target::Secret, &secret), "74bd68bm66");
    }

    #[test]
    fn a_suffix_has_its_own_letters() {
        assert!(looks_suffixed("app-h29d89cmmt"));
        assert!(!looks_suffixed("app-h29d89cmma"));
        assert!(!looks_suffixed("h29d89cmmt"));
        assert!(!looks_suffixed("caf\u{e9}-h29d89cmm\u{e9}"));
    }
}
