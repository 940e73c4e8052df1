//! Name suffixes computed from the content of a source. Both kustomize and kubectl take the SHA-256 of a
//! JSON text with Go's escapes and write its first ten hex digits, five of the sixteen digits replaced by
//! letters. They hash different texts:
//!
//! - kustomize (`sigs.k8s.io/kustomize/api/hasher`) always writes `name: ""`, and `data: ""` if there is
//!   no data;
//! - kubectl (`create --append-hash`, `k8s.io/kubectl/pkg/util/hash`) writes the name, and the values as
//!   the cluster stores them.

use crate::digest::push_hex;
use crate::k8s::providers::Target;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// The entries of a field of a source as kustomize hashes them, sorted by key. A null value is `None`.
pub type Entries<'a> = Vec<(String, Option<Cow<'a, str>>)>;

/// The `data` of a source as kustomize hashes it.
pub enum Data<'a> {
    /// A mapping.
    Entries(Entries<'a>),
    /// Any other value as it is written, such as `null`; empty if the field is absent.
    Text(Cow<'a, str>),
}

/// The parts of a ConfigMap or Secret that kustomize hashes.
pub struct HashedContent<'a> {
    /// `data`.
    pub data: Data<'a>,
    /// `binaryData` of a ConfigMap, `stringData` of a Secret.
    pub second: Option<Entries<'a>>,
    /// `type` of a Secret; empty if absent.
    pub secret_type: String,
}

/// The parts of a ConfigMap or Secret that kubectl hashes.
pub struct Stored {
    /// The name without a suffix.
    pub name: String,
    /// The values of `data`, sorted by key: texts of a ConfigMap, base64 of a Secret.
    pub data: Vec<(String, String)>,
    /// The base64 values of a ConfigMap's `binaryData`, sorted by key.
    pub binary: Vec<(String, String)>,
    /// `type` of a Secret; empty if absent.
    pub secret_type: String,
    /// `immutable`, if it is written.
    pub immutable: Option<bool>,
}

/// Whether a name is `base`, a dash and ten letters of a suffix.
pub fn is_suffixed(name: &str, base: &str) -> bool {
    let rest = name.strip_prefix(base).and_then(|r| r.strip_prefix('-'));
    rest.is_some_and(|letters| letters.len() == 10 && looks_suffixed(name))
}

/// Whether a name ends like one with a suffix of kustomize: `-` and ten of the sixteen letters.
pub fn looks_suffixed(name: &str) -> bool {
    name.len() > 11
        && name.is_char_boundary(name.len() - 11)
        && name[name.len() - 11..].starts_with('-')
        && name[name.len() - 10..].bytes().all(|b| b"2456789bcdfghkmt".contains(&b))
}

/// The ten letters that kustomize writes for a content.
pub fn kustomize(target: Target, content: &HashedContent<'_>) -> String {
    let is_secret = target == Target::Secret;
    let value =
        |value: &Option<Cow<'_, str>>| value.as_ref().map_or("null".to_owned(), |v| json(v));
    let mapping = |entries: &Entries<'_>| object(entries.iter().map(|(k, v)| (&**k, value(v))));
    let second = || content.second.as_ref().map(mapping);
    letters([
        ("binaryData", second().filter(|_| !is_secret)),
        (
            "data",
            Some(match &content.data {
                Data::Entries(data) => mapping(data),
                Data::Text(text) => json(text),
            }),
        ),
        ("kind", Some(json(target.name()))),
        ("name", Some(json(""))),
        ("stringData", second().filter(|_| is_secret)),
        ("type", is_secret.then(|| json(&content.secret_type))),
    ])
}

/// The ten letters of `kubectl create --append-hash`.
pub fn kubectl(target: Target, stored: &Stored) -> String {
    let mapping =
        |entries: &[(String, String)]| object(entries.iter().map(|(k, v)| (&**k, json(v))));
    letters([
        ("binaryData", (!stored.binary.is_empty()).then(|| mapping(&stored.binary))),
        ("data", Some(mapping(&stored.data))),
        ("immutable", stored.immutable.map(|immutable| immutable.to_string())),
        ("kind", Some(json(target.name()))),
        ("name", Some(json(&stored.name))),
        ("type", (target == Target::Secret).then(|| json(&stored.secret_type))),
    ])
}

/// The letters for an object with these fields, each with its value as JSON; a field without a value is
/// absent.
fn letters<const N: usize>(fields: [(&str, Option<String>); N]) -> String {
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let mut hex = String::with_capacity(64);
    push_hex(&mut hex, &Sha256::digest(object(fields).as_bytes()));
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

fn object<'k>(fields: impl Iterator<Item = (&'k str, String)>) -> String {
    let fields: Vec<String> = fields.map(|(key, value)| json(key) + ":" + &value).collect();
    format!("{{{}}}", fields.join(","))
}

/// A string as Go's `encoding/json` writes it: it escapes the signs of HTML as well, and two line
/// separators.
fn json(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    for c in serde_json::Value::from(text).to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                json.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            other => json.push(other),
        }
    }
    json
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
            let content = HashedContent { data, second: None, secret_type: String::new() };
            kustomize(Target::ConfigMap, &content)
        };
        assert_eq!(hash(Data::Text("".into())), "6ct58987ht");
        assert_eq!(hash(entries(&[("a", Some("1"))])), "h29d89cmmt");
        assert_eq!(hash(entries(&[("a", Some("<&>"))])), "m9gb99d79d");
        assert_eq!(hash(entries(&[])), "42745tchd9");
        assert_eq!(hash(entries(&[("k", None)])), "976987gcbh");
        let secret = HashedContent {
            data: entries(&[("one", Some(""))]),
            second: None,
            secret_type: "my-type".to_owned(),
        };
        assert_eq!(kustomize(Target::Secret, &secret), "74bd68bm66");
    }

    #[test]
    fn the_vectors_of_kubectl_hold() {
        let hash = |target, data: &[(&str, &str)]| {
            let pair = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
            let stored = Stored {
                name: "x".to_owned(),
                data: data.iter().map(pair).collect(),
                binary: Vec::new(),
                secret_type: String::new(),
                immutable: None,
            };
            kubectl(target, &stored)
        };
        assert_eq!(hash(Target::ConfigMap, &[("a", "1")]), "m8mt92gg65");
        assert_eq!(hash(Target::ConfigMap, &[]), "62ctbmbfd2");
        assert_eq!(hash(Target::Secret, &[("a", "MQ==")]), "hbhk6tkb4h");
    }

    #[test]
    fn a_base_name_is_recovered_only_from_itself() {
        assert!(is_suffixed("app-h29d89cmmt", "app"));
        assert!(!is_suffixed("app-h29d89cmmt", "ap"));
        assert!(!is_suffixed("app-x-h29d89cmmt", "app"));
        assert!(!is_suffixed("app", "app"));
    }

    #[test]
    fn a_suffix_has_its_own_letters() {
        assert!(looks_suffixed("app-h29d89cmmt"));
        assert!(!looks_suffixed("app-h29d89cmma"));
        assert!(!looks_suffixed("h29d89cmmt"));
        assert!(!looks_suffixed("caf\u{e9}-h29d89cmm\u{e9}"));
    }
}
