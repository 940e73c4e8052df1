//! The settings for other tools' checksums and for version labels in pod templates.

use crate::k8s::foreign::REPAIRED;
use crate::k8s::providers::Target;
use clap::ValueEnum;
use globset::{GlobMatcher, GlobSet};
use schemars::JsonSchema;
use serde::Deserialize;

/// The new value of a checksum that another tool computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Checksums {
    /// They do not change
    #[default]
    Keep,
    /// They change with the configuration data of their chart only
    Steady,
    /// They change with the keys that the pods read through their pod spec only
    Reads,
    /// They are removed if the pod template has a stamp
    Drop,
}

/// How labels of pod templates with the version of a chart are treated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum VersionLabels {
    /// They do not change
    #[default]
    Keep,
    /// They are removed from the pod template if no object selects pods by them; the objects
    /// themselves keep them
    Drop,
}

/// What one checksum covers: a rule, or the sources whose data it covers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TieRow {
    /// The rule for this checksum, in place of `checksums`
    To(Checksums),
    /// The sources whose data it covers: `ConfigMap/NAME`, `Secret/NAME`
    Sources(Vec<String>),
}

/// What one checksum covers.
pub enum Tie {
    /// The rule for its value.
    To(Checksums),
    /// The sources whose data it covers, by kind and name.
    Sources(Vec<(Target, String)>),
}

/// How the checksums and version labels of other tools in pod templates are treated.
pub struct ForeignRules {
    /// The rule for checksums without a tie.
    pub checksums: Checksums,
    /// The keys that are checksums.
    pub keys: GlobSet,
    /// The keys that `match` names without a wildcard: the user says that these are checksums.
    pub named: Vec<String>,
    /// What single keys cover: the first glob that matches counts. A key without any wildcard comes
    /// before all globs.
    pub ties: Vec<(GlobMatcher, Tie)>,
    /// The rule for version labels.
    pub version_labels: VersionLabels,
}

impl ForeignRules {
    /// Whether a text is a glob that matches more than itself.
    pub fn has_wildcard(text: &str) -> bool {
        text.contains(['*', '?', '[', '{'])
    }

    /// Whether any rule changes checksums or labels.
    pub fn is_on(&self) -> bool {
        self.checksums != Checksums::Keep
            || !self.ties.is_empty()
            || self.version_labels == VersionLabels::Drop
    }

    /// The tie of a key.
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
