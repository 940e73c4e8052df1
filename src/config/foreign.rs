//! What the user wants done about other tools' checksums and about version labels in pod templates.

use crate::k8s::foreign::REPAIRED;
use crate::k8s::providers::Target;
use clap::ValueEnum;
use globset::{GlobMatcher, GlobSet};
use schemars::JsonSchema;
use serde::Deserialize;

/// What becomes of the value of a checksum that another tool computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Checksums {
    /// They stay
    #[default]
    Keep,
    /// They follow all configuration data of their chart, and nothing else
    Steady,
    /// They follow what the pods read through their pod spec alone
    Reads,
    /// They go, where there is a stamp
    Drop,
}

/// What becomes of labels of pod templates that say the version of a chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum VersionLabels {
    /// They stay
    #[default]
    Keep,
    /// They go where nothing selects by them; the objects themselves keep them
    Drop,
}

/// What one checksum stands for: a word, or the sources whose data it follows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TieRow {
    /// What becomes of it, whatever `checksums` says
    To(Checksums),
    /// The sources whose data it follows: `ConfigMap/NAME`, `Secret/NAME`
    Sources(Vec<String>),
}

/// What one checksum stands for.
pub enum Tie {
    /// What becomes of it.
    To(Checksums),
    /// The sources whose data it follows, by kind and name.
    Sources(Vec<(Target, String)>),
}

/// What is to be done about marks of other tools in pod templates.
pub struct ForeignRules {
    /// What becomes of checksums.
    pub checksums: Checksums,
    /// The keys that are checksums.
    pub keys: GlobSet,
    /// The keys that `match` names without a wildcard: the user knows what these stand for.
    pub named: Vec<String>,
    /// What single keys stand for: of several globs that match, the first. A key without any wildcard comes
    /// before all globs.
    pub ties: Vec<(GlobMatcher, Tie)>,
    /// What becomes of version labels.
    pub version_labels: VersionLabels,
}

impl ForeignRules {
    /// Whether a text is a glob that matches more than itself.
    pub fn has_wildcard(text: &str) -> bool {
        text.contains(['*', '?', '[', '{'])
    }

    /// Whether something is to be done at all.
    pub fn is_on(&self) -> bool {
        self.checksums != Checksums::Keep
            || !self.ties.is_empty()
            || self.version_labels == VersionLabels::Drop
    }

    /// What a key is tied to.
    pub fn tie(&self, key: &str) -> Option<&Tie> {
        self.ties.iter().find(|(glob, _)| glob.is_match(key)).map(|(_, tie)| tie)
    }

    /// Whether a key is a checksum that may be repaired.
    pub fn is_checksum(&self, key: &str) -> bool {
        self.keys.is_match(key) || self.tie(key).is_some()
    }
}

impl Default for ForeignRules {
    fn default() -> Self {
        let mut keys = GlobSet::builder();
        for glob in REPAIRED.iter().filter_map(|text| globset::Glob::new(text).ok()) {
            keys.add(glob);
        }
        Self {
            checksums: Checksums::Keep,
            keys: keys.build().unwrap_or_default(),
            named: Vec::new(),
            ties: Vec::new(),
            version_labels: VersionLabels::Keep,
        }
    }
}
