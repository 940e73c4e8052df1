//! What kustomize notes in annotations while it builds: its plugins see objects whose names are new
//! and references that still say the old ones. Its last step, after all plugins, removes the notes
//! (api/internal/utils/annotations.go, v5.8.1).

use super::Reader;
use crate::yaml::NodeId;

const INDEX: &str = "internal.config.kubernetes.io/index";
const PATH: &str = "internal.config.kubernetes.io/path";
const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
const NEEDS_HASH_SUFFIX: &str = "internal.config.kubernetes.io/needsHashSuffix";
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";

/// How an object came by its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The names that it had, oldest first.
    pub names: Vec<String>,
    /// The prefixes that were put before its name, innermost first.
    pub prefixes: Vec<String>,
    /// The suffixes that were put behind its name, innermost first.
    pub suffixes: Vec<String>,
    /// Whether the hash of its content will be put behind its name at the end of the build.
    pub hashed: bool,
}

/// The file from which somebody else read an object before it came to us in a list.
#[derive(Debug, PartialEq, Eq)]
pub struct FromFile {
    /// Its path, as the caller says it.
    pub path: String,
    /// Which document of it, from 0.
    pub index: Option<u64>,
}

/// Reads where an item of a list comes from (KRM Functions Specification v1); kyaml before v0.13
/// wrote the annotations without `internal.`.
pub(super) fn from_file(reader: &Reader<'_>, metadata: NodeId) -> Option<FromFile> {
    let any = |names: [&str; 2]| {
        let mut found = names
            .iter()
            .filter_map(|name| reader.annotation(metadata, name));
        found.next().map(|(value, _)| value)
    };
    let index = [INDEX, "config.kubernetes.io/index"];
    Some(FromFile {
        path: any([PATH, "config.kubernetes.io/path"])?,
        index: any(index).and_then(|index| index.parse().ok()),
    })
}

/// Reads the notes in the metadata of an object of this kind; nothing, if there are none.
pub(super) fn read(reader: &Reader<'_>, metadata: NodeId, kind: &str) -> Option<Origin> {
    // Most objects have no annotations, and few of the others come from a build.
    reader
        .document
        .value(reader.text, metadata, "annotations")?;
    let list = |name: &str| -> Vec<String> {
        let found = reader.annotation(metadata, name);
        found.map_or_else(Vec::new, |(list, _)| {
            list.split(',').map(str::to_owned).collect()
        })
    };
    let kinds = list(PREVIOUS_KINDS);
    let of_kind = |(at, name): (usize, String)| {
        let is_of_kind = kinds.get(at).is_none_or(|old| old == kind);
        is_of_kind.then_some(name)
    };
    let hashed = reader.annotation(metadata, NEEDS_HASH_SUFFIX);
    let origin = Origin {
        names: list(PREVIOUS_NAMES)
            .into_iter()
            .enumerate()
            .filter_map(of_kind)
            .collect(),
        prefixes: list(PREFIXES),
        suffixes: list(SUFFIXES),
        hashed: hashed.is_some_and(|(value, _)| value == "enabled"),
    };
    (origin != Origin::default()).then_some(origin)
}
