//! What kustomize notes in annotations while it builds: its plugins see objects whose names are new
//! and references that still say the old ones. Its last step, after all plugins, removes the notes
//! (api/internal/utils/annotations.go, v5.8.1).

use super::annotation;
use crate::yaml::Cursor;

const INDEX: &str = "internal.config.kubernetes.io/index";
const PATH: &str = "internal.config.kubernetes.io/path";
const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
/// What makes kustomize put the hash of a source behind its name at the end of the build.
pub const NEEDS_HASH_SUFFIX: &str = "internal.config.kubernetes.io/needsHashSuffix";
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// Written on whatever a plugin gets, of either kind, and on nothing else
/// (api/internal/plugins/utils/utils.go).
const ID: &str = "kustomize.config.k8s.io/id";
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
    /// Whether a build is calling this program.
    pub inside: bool,
}

impl Origin {
    /// Whether the prefixes and suffixes of a source and a referrer let kustomize take one for meant
    /// by the other; in its first round empty lists fit all.
    pub fn fit(source: Option<&Self>, referrer: Option<&Self>, empty_fits: bool) -> bool {
        let lists: [fn(&Self) -> &Vec<String>; 2] = [|o| &o.prefixes, |o| &o.suffixes];
        lists.into_iter().all(|list| {
            let of = |origin: Option<&'_ Self>| origin.map_or_else(Vec::new, |o| list(o).clone());
            let (one, two) = (of(source), of(referrer));
            // The longer list ends in the shorter one.
            match one.is_empty() || two.is_empty() {
                true => empty_fits || one.is_empty() == two.is_empty(),
                false => one.ends_with(&two) || two.ends_with(&one),
            }
        })
    }
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
pub(super) fn from_file(metadata: Cursor<'_>) -> Option<FromFile> {
    let any = |names: [&str; 2]| {
        let mut found = names.iter().filter_map(|name| annotation(metadata, name));
        found.next().map(|(value, _)| value)
    };
    let index = [INDEX, "config.kubernetes.io/index"];
    Some(FromFile {
        path: any([PATH, "config.kubernetes.io/path"])?,
        index: any(index).and_then(|index| index.parse().ok()),
    })
}

/// Reads the notes in the metadata of an object of this kind; nothing, if there are none.
pub(super) fn read(metadata: Cursor<'_>, kind: &str) -> Option<Origin> {
    // Most objects have no annotations, and few of the others come from a build.
    metadata.get("annotations")?;
    let list = |name: &str| -> Vec<String> {
        let found = annotation(metadata, name);
        found.map_or_else(Vec::new, |(list, _)| list.split(',').map(str::to_owned).collect())
    };
    let kinds = list(PREVIOUS_KINDS);
    let of_kind = |(at, name): (usize, String)| {
        let is_of_kind = kinds.get(at).is_none_or(|old| old == kind);
        is_of_kind.then_some(name)
    };
    let hashed = annotation(metadata, NEEDS_HASH_SUFFIX);
    let origin = Origin {
        names: list(PREVIOUS_NAMES).into_iter().enumerate().filter_map(of_kind).collect(),
        prefixes: list(PREFIXES),
        suffixes: list(SUFFIXES),
        inside: annotation(metadata, ID).is_some(),
        hashed: hashed.is_some_and(|(value, _)| value == "enabled"),
    };
    (origin != Origin::default()).then_some(origin)
}
