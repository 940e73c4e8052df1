//! Finds the entries of a source that a reference reads.

use crate::extract::{Keys, Source};
use smol_str::SmolStr;

/// The keys that a reference names and that its source does not have.
pub(crate) fn missing_keys<'a>(keys: &'a Keys, source: &Source) -> Vec<&'a str> {
    let (keys, env): (&[SmolStr], bool) = match keys {
        // The program that fills the source also adds keys.
        _ if source.whole || source.filler.is_some() => return Vec::new(),
        Keys::One(key) => (std::slice::from_ref(key), true),
        Keys::Listed(keys) => (keys, false),
        _ => return Vec::new(),
    };
    keys.iter()
        .filter(|key| !source.get(key).iter().any(|e| e.env || !env))
        .map(SmolStr::as_str)
        .collect()
}

/// The positions of the entries of a source that a reference reads.
pub(crate) fn read_entries(source: &Source, keys: &Keys) -> Vec<usize> {
    let all = 0..source.entries.len();
    let with_key = |key: &str| {
        let start = source.entries.partition_point(|e| e.key.as_str() < key);
        start..start + source.get(key).len()
    };
    match keys {
        Keys::None => Vec::new(),
        _ if source.whole => all.collect(),
        Keys::All => all.collect(),
        Keys::Env => all.filter(|&i| source.entries[i].env).collect(),
        Keys::One(key) => with_key(key).filter(|&i| source.entries[i].env).collect(),
        Keys::Listed(keys) => keys.iter().flat_map(|key| with_key(key)).collect(),
        Keys::Under(parts) => all
            .filter(|&i| {
                let key = &source.entries[i].key;
                parts.iter().any(|part| part.first().is_some_and(|first| first == key))
            })
            .collect(),
    }
}
