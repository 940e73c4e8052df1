//! What a run was asked to do. Plain data: no flag of the command line and no path is parsed here.

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
/// Text that is no such key.
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

/// What the pure part of a run needs to know.
pub struct Options {
    /// The annotation key of the stamp.
    pub annotation: String,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
    /// The key for digests of Secrets.
    pub hash_key: Option<HashKey>,
    /// What to do with stamps.
    pub goal: Goal,
    /// Whether findings of level error refuse, and unresolved references are errors.
    pub strict: bool,
    /// What is written: stamps, or names after content.
    pub mode: Mode,
    /// How names after content are made.
    pub naming: NamingRule,
    /// What one `kubectl apply` receives, below a named folder.
    pub unit: UnitRule,
    /// The controller that workloads leave, if that is what the user asked for.
    pub migrate: Option<crate::compat::migration::LeftController>,
    /// Whether the run makes the stamps files of overlays anew, from what a builder prints.
    pub makes_stamps_files: bool,
    /// Whether the run says what a setting of `foreign` would save.
    pub weighs_foreign: bool,
    /// Whether the outcome is compared with that of another state.
    pub compares: bool,
    /// How many threads read files; the result does not depend on it.
    pub jobs: usize,
    /// What the configuration adds to the tables and takes away.
    pub rules: Rules,
}

impl Default for Options {
    /// What a run without any option does, on one thread.
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
            jobs: 1,
            rules: Rules::default(),
        }
    }
}

impl Options {
    /// Whether version labels may go, so that every place counts that may select pods by one.
    pub fn looks_for_label_uses(&self) -> bool {
        self.weighs_foreign || self.rules.foreign.version_labels == VersionLabels::Drop
    }

    /// The row of a kind that holds pod templates; a configured one comes before a built-in one.
    pub fn workload(&self, group: &str, kind: &str) -> Option<TableRow<WorkloadKind>> {
        let own = self.rules.workloads.iter().find(|row| row.is(group, kind));
        let own = own.map(|row| TableRow::Configured(Arc::clone(row)));
        own.or_else(|| kinds::workload(group, kind).map(TableRow::BuiltIn))
    }

    /// Whether objects of a kind provide something, in any API group.
    pub fn is_source(&self, kind: &str) -> bool {
        self.rules.providers.iter().chain(PROVIDERS.iter()).any(|row| row.kind == kind)
    }

    /// The row of a kind that provides something; a configured one comes before a built-in one.
    pub fn provider(&self, group: &str, kind: &str) -> Option<&Provider> {
        let mut own = self.rules.providers.iter();
        let own = own.find(|row| row.kind == kind && row.group == group);
        own.or_else(|| providers::provider(group, kind))
    }
}

/// What to do with stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Bring every stamp up to date.
    Stamp,
    /// Say which stamps are not.
    Check,
    /// Remove every stamp of ours.
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
    /// The mode of this name, as flags, configurations and control annotations have it.
    pub fn named(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }
}

/// Whose suffix is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum SuffixHash {
    /// As kustomize's generators
    #[default]
    Kustomize,
    /// As `kubectl create --append-hash`
    Kubectl,
}

/// How names after content are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NamingRule {
    /// The program whose suffix is written.
    pub hash: SuffixHash,
    /// Whether sources that no workload reads get one as well.
    pub all_sources: bool,
    /// Whether renamed sources become immutable.
    pub immutable: bool,
}

/// What one `kubectl apply` receives, below a named folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum UnitRule {
    /// The files of each folder
    #[default]
    Dir,
    /// The whole tree
    Tree,
    /// Each file by itself
    File,
}
