//! The options of a run, as plain data: this module parses no flag of the command line and no path.

use crate::config::foreign::VersionLabels;
use crate::config::policy::Rules;
use crate::digest::HashKey;
use crate::k8s::TableRow;
use crate::k8s::kinds::{self, WorkloadKind};
use crate::k8s::providers::{self, PROVIDERS, Provider};
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// The annotation key of the stamp unless the user names another.
pub const STAMP_KEY: &str = "checksum/rollstamp";

/// Checks an annotation key as the API server does: an optional DNS prefix, and a name of at most 63.
///
/// # Errors
/// Text that is not such a key.
pub fn annotation_key(key: &str) -> Result<String, String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let good_name = name.len() <= 63
        && edge(name.as_bytes().first())
        && edge(name.as_bytes().last())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let good_label = |label: &str| {
        edge(label.as_bytes().first())
            && edge(label.as_bytes().last())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let good_prefix = prefix.is_none_or(|p| p.len() <= 253 && p.split('.').all(good_label));
    if good_name && good_prefix {
        Ok(key.to_owned())
    } else {
        Err("not an annotation key: PREFIX/NAME with a DNS name before the slash and at most 63 letters, digits, `-`, `_` or `.` after it".to_owned())
    }
}

/// The options for the part of a run that does no I/O.
pub struct Options {
    /// The annotation key of the stamp.
    pub annotation: String,
    /// The namespace of objects without one.
    pub namespace: Option<String>,
    /// The key for digests of Secrets.
    pub hash_key: Option<HashKey>,
    /// What the run does with stamps.
    pub goal: Goal,
    /// Whether findings of level error refuse, and unresolved references are errors.
    pub strict: bool,
    /// The way to roll pods: stamps, or names after content.
    pub mode: Mode,
    /// How names after content are built.
    pub naming: NamingRule,
    /// Which files below a named folder one `kubectl apply` receives.
    pub unit: UnitRule,
    /// The controller to migrate from, if the user asked for a migration.
    pub migrate: Option<crate::compat::migration::LeftController>,
    /// Whether the run writes the stamps files of overlays, from the output of a builder.
    pub makes_stamps_files: bool,
    /// Whether the run reports how many rolls a setting of `foreign` would save.
    pub weighs_foreign: bool,
    /// Whether the outcome is compared with that of another state.
    pub compares: bool,
    /// Whether the comparison needs to know how pods are replaced: of the state after the apply.
    pub foresees_rollouts: bool,
    /// The number of threads that read files; the result does not depend on it.
    pub jobs: usize,
    /// The additions and exceptions of the configuration.
    pub rules: Rules,
}

impl Default for Options {
    /// The options of a run without arguments, on one thread.
    fn default() -> Self {
        Self {
            annotation: STAMP_KEY.to_owned(),
            namespace: None,
            hash_key: None,
            goal: Goal::Stamp,
            strict: false,
            mode: Mode::default(),
            naming: NamingRule::default(),
            unit: UnitRule::default(),
            migrate: None,
            makes_stamps_files: false,
            weighs_foreign: false,
            compares: false,
            foresees_rollouts: false,
            jobs: 1,
            rules: Rules::default(),
        }
    }
}

impl Options {
    /// Whether version labels may be removed, so that every place that may select pods by one is
    /// recorded.
    pub fn looks_for_label_uses(&self) -> bool {
        self.weighs_foreign || self.rules.foreign.version_labels == VersionLabels::Drop
    }

    /// The row of a kind that holds pod templates; a row of the configuration has priority over a
    /// built-in row.
    pub fn workload(&self, group: &str, kind: &str) -> Option<TableRow<WorkloadKind>> {
        let own = self.rules.workloads.iter().find(|row| row.is(group, kind));
        let own = own.map(|row| TableRow::Configured(Arc::clone(row)));
        own.or_else(|| kinds::workload(group, kind).map(TableRow::BuiltIn))
    }

    /// The rows of a kind that holds the annotations of pods.
    pub fn released(
        &self,
        group: &str,
        kind: &str,
    ) -> impl Iterator<Item = TableRow<WorkloadKind>> {
        let rows = self.rules.released.iter().filter(move |row| row.is(group, kind));
        rows.map(|row| TableRow::Configured(Arc::clone(row)))
    }

    /// Whether objects of a kind provide content, in any API group.
    pub fn is_source(&self, kind: &str) -> bool {
        self.rules.providers.iter().chain(PROVIDERS.iter()).any(|row| row.kind == kind)
    }

    /// The row of a kind that provides content; a row of the configuration has priority over a
    /// built-in row.
    pub fn provider(&self, group: &str, kind: &str) -> Option<&Provider> {
        let mut own = self.rules.providers.iter();
        let own = own.find(|row| row.kind == kind && row.group == group);
        own.or_else(|| providers::provider(group, kind))
    }
}

/// What a run does with stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Write every stamp that is missing or stale, and remove every one that is left over.
    Stamp,
    /// Report the stamps that `Stamp` would change.
    Check,
    /// Remove every stamp of rollstamp.
    Strip,
}

/// What makes pods roll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// A stamp in the pod template
    #[default]
    Annotation,
    /// ConfigMaps and Secrets are named after their content, and every reference follows
    Suffix,
}

impl Mode {
    /// The mode with this name in flags, configurations and control annotations.
    pub fn named(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }
}

/// The program whose suffix is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum SuffixHash {
    /// The suffix of kustomize's generators
    #[default]
    Kustomize,
    /// The suffix of `kubectl create --append-hash`
    Kubectl,
}

/// How names after content are built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamingRule {
    /// The program whose suffix is written.
    pub hash: SuffixHash,
    /// Whether sources that no workload reads are renamed as well.
    pub all_sources: bool,
    /// Whether renamed sources become immutable.
    pub immutable: bool,
}

/// Which files below a named folder one `kubectl apply` receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum UnitRule {
    /// All files of one folder
    #[default]
    Dir,
    /// All files below the named folder
    Tree,
    /// Each file separately
    File,
}
