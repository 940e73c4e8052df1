//! Computes the suffix that kustomize gives a source for its content, and recognises sources that
//! already have it, so that their name rolls the pods.

use super::source::Provided;
use crate::digest::name_hash;
use crate::k8s::providers::Target;
use crate::yaml::resolve::Value;
use crate::yaml::timestamp::{self, Timestamp};
use crate::yaml::{Cursor, Kind, Style};

/// Whether the name ends in `-` and the hash that kustomize computes for exactly this content.
pub(super) fn is_content_named(object: Provided<'_, '_>) -> bool {
    object.row.group.is_empty()
        && name_hash::looks_suffixed(&object.id.name)
        && kustomize_suffix(object.node, object.row.provides, Reading::Frozen)
            .is_some_and(|suffix| object.id.name.ends_with(&suffix))
}

/// How scalars are read for a hash of kustomize.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// As in the first version of the digest, which is frozen: plain timestamps prove nothing.
    Frozen,
    /// As kustomize does; scalars that kustomize damages prove nothing.
    Exact,
}

/// The suffix of kustomize; an error if kustomize may read a part otherwise than `kubectl`.
pub(super) fn kustomize_suffix(
    object: Cursor<'_>,
    target: Target,
    reading: Reading,
) -> Option<String> {
    let second = match target {
        Target::ConfigMap => "binaryData",
        Target::Secret => "stringData",
    };
    let secret_type = match object.get("type") {
        None => String::new(),
        Some(value) => value.str()?.into_owned(),
    };
    let data = match object.field("data") {
        None => name_hash::Data::Text("".into()),
        Some(field) if field.value.kind() == Kind::Scalar => {
            let node = field.value.node();
            // kustomize uses the text of a node that is not a mapping.
            match crate::yaml::scalar::decode(object.text(), node) {
                Ok(text) if field.duplicate.is_none() && !node.has_props => {
                    name_hash::Data::Text(text)
                }
                _ => return None,
            }
        }
        Some(_) => name_hash::Data::Entries(hashed(object, "data", reading).ok()??),
    };
    let second = hashed(object, second, reading).ok()?;
    let content = name_hash::HashedContent { data, second, secret_type };
    Some(name_hash::kustomize(target, &content))
}

/// kustomize may read a part otherwise than `kubectl` does, so nothing is proven.
struct Unsure;

/// The entries of a field as kustomize hashes them; `None` if the field is absent or not a mapping.
fn hashed<'a>(
    object: Cursor<'a>,
    field: &str,
    reading: Reading,
) -> Result<Option<name_hash::Entries<'a>>, Unsure> {
    let Some(field) = object.field(field) else {
        return Ok(None);
    };
    let node = field.value.node();
    if node.kind == Kind::Scalar && !node.has_props {
        return Ok(None);
    }
    if field.duplicate.is_some() || node.kind != Kind::Mapping || node.has_merge {
        return Err(Unsure);
    }
    let mut entries: name_hash::Entries<'a> = Vec::new();
    for (key, value) in field.value.pairs() {
        let key = key.str().ok_or(Unsure)?;
        let text = match value.value() {
            _ if value.node().has_props => return Err(Unsure),
            Ok(Value::Str(text)) => text,
            Ok(Value::Null) => {
                entries.push((key.into_owned(), None));
                continue;
            }
            _ => return Err(Unsure),
        };
        let is_plain = value.style() == Style::Plain;
        // kustomize turns a plain date into a time stamp.
        let is_dated = is_plain && timestamp::is_dated(&text);
        let is_unsure = match reading {
            Reading::Frozen => is_dated,
            Reading::Exact => value.style() == Style::Folded && is_damaged(&text),
        };
        if is_unsure {
            return Err(Unsure);
        }
        let time = Timestamp::parse(&text).filter(|_| is_dated).map(|time| time.to_rfc3339());
        entries.push((key.into_owned(), Some(time.map_or(text, Into::into))));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    if entries.windows(2).any(|w| w[0].0 == w[1].0) {
        return Err(Unsure);
    }
    Ok(Some(entries))
}

/// Whether kustomize reads a folded text otherwise after it has written it once: its emitter adds a
/// line before lines that begin with a blank, and at a kept end.
fn is_damaged(text: &str) -> bool {
    text.starts_with('\n')
        || text.ends_with("\n\n")
        || text.contains("\n ")
        || text.contains("\n\t")
}
