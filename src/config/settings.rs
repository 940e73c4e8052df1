//! Declares each option of rollstamp once. The command line, `.rollstamp.yaml`, the `spec` of a
//! functionConfig, docs/rollstamp.schema.json and the table in docs/configuration.md are generated
//! from [`Settings`]. The first paragraph of a field's comment is its help; the whole comment is
//! its documentation.

use crate::compat::selection::{Follow, Select};
use crate::config::foreign::{Checksums, TieRow, VersionLabels};
use crate::config::options::{Mode, SuffixHash, UnitRule, annotation_key};
use crate::config::policy::{Encrypted, FilledSources, HotReload};
use crate::config::workload_row::WorkloadRow;
use crate::finding::silence::Level;
use crate::k8s::providers::Target;
use clap::{Args, ValueEnum as _};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Merges two values of one setting: `self` from the command line has priority over `below` from
/// the configuration.
trait Over {
    fn over(self, below: Self) -> Self;
}

impl Over for bool {
    fn over(self, below: Self) -> Self {
        self || below
    }
}

impl<T> Over for Option<T> {
    fn over(self, below: Self) -> Self {
        self.or(below)
    }
}

impl<T> Over for Vec<T> {
    fn over(self, below: Self) -> Self {
        if self.is_empty() { below } else { self }
    }
}

impl<K, V> Over for BTreeMap<K, V> {
    fn over(self, below: Self) -> Self {
        if self.is_empty() { below } else { self }
    }
}

/// Declares a struct of settings and merges such structs field by field.
macro_rules! settings {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident { $($(#[$of_field:meta])* pub $field:ident: $type:ty,)* }
    ) => {
        #[derive(Clone, Debug, Default, Args, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, rename_all = "camelCase", default)]
        $(#[$attribute])*
        pub struct $name { $($(#[$of_field])* pub $field: $type,)* }

        impl Over for $name {
            fn over(self, below: Self) -> Self {
                Self { $($field: self.$field.over(below.$field),)* }
            }
        }
    };
}

settings! {
    // A field with `#[arg(skip)]` can only be set in the configuration.
    /// The settings of a run; every key is optional, and an unknown key is an error
    #[schemars(title = "rollstamp configuration (.rollstamp.yaml)")]
    pub struct Settings {
        /// What makes pods roll [default: annotation]
        #[arg(long, value_name = "MODE", help_heading = heading::STAMPS)]
        pub mode: Option<Mode>,

        /// How names after content are built, in suffix mode
        #[command(flatten)]
        pub suffix: Suffix,

        /// More places that hold the name of a ConfigMap or a Secret and follow a rename, and
        /// places where a text only looks like a name
        #[arg(skip)]
        pub names: Vec<NamePlace>,

        /// Files of kustomize (`configurations:`) from which `nameReference` is taken; paths are
        /// relative to the folder of the configuration
        #[arg(skip)]
        pub name_references: Vec<PathBuf>,

        /// The texts of these files that were already read, each with its file name
        #[arg(skip)]
        #[serde(skip)]
        pub name_reference_texts: Vec<(String, String)>,

        /// Annotation key of the stamp; changing it rolls every stamped workload once
        /// [default: checksum/rollstamp]
        #[arg(long, value_name = "KEY", value_parser = annotation_key, help_heading = heading::STAMPS)]
        pub annotation: Option<String>,

        /// Namespace of objects without one, as in `kubectl apply -n`
        #[arg(short, long, value_name = "NS", help_heading = heading::INPUT)]
        pub namespace: Option<String>,

        /// Which files of a named folder one `kubectl apply` receives [default: dir]
        #[arg(long, value_name = "RULE", help_heading = heading::INPUT)]
        pub unit: Option<UnitRule>,

        /// Files that one apply receives together, in any folders
        ///
        /// This key has priority over `unit`. If the command line does not name all files of a
        /// unit, rollstamp reads the others too, so a stamp never depends on the named files. A
        /// file in several units is stamped if all of them need the same stamp. Below a
        /// kustomization, the kustomization decides.
        #[arg(skip)]
        pub units: Vec<UnitRow>,

        /// Refuse the edit on every error, and treat references without a source as errors
        #[arg(long, help_heading = heading::FINDINGS)]
        pub strict: bool,

        /// Key file for digests of Secrets (HMAC-SHA-256). Without a key, somebody who can read a
        /// stamp can test guesses of a weak Secret against it
        ///
        /// In a configuration, the path is relative to the folder of the configuration; in a
        /// function or a plugin, to the folder of the kustomization.
        #[arg(long, value_name = "FILE", help_heading = heading::STAMPS)]
        pub hash_key_file: Option<PathBuf>,

        /// A run without a hash key is an error
        #[arg(skip)]
        pub require_hash_key: bool,

        /// How sources that SOPS has encrypted count [default: hash]
        #[arg(skip)]
        pub encrypted: Option<Encrypted>,

        /// How sources count that a program in the cluster fills because of an annotation or a
        /// label (CA bundles of OpenShift, copies of reflector and kubernetes-replicator) [default:
        /// count]
        #[arg(skip)]
        pub filled_sources: Option<FilledSources>,

        /// Whether volumes that a reload sidecar watches still roll their pods [default: roll]
        #[arg(skip)]
        pub hot_reload_sidecars: Option<HotReload>,

        /// How other tools' checksums and version labels in pod templates are treated
        /// (docs/charts.md)
        #[command(flatten)]
        pub foreign: Foreign,

        /// More kinds that hold pod templates or annotations of pods. A row with `templates` for a built-in
        /// kind replaces the built-in row; every matching row with `annotations` is used
        #[arg(skip)]
        pub workloads: Vec<WorkloadRow>,

        /// More places in a workload that name a source
        #[arg(skip)]
        pub references: Vec<ReferenceRow>,

        /// More kinds that provide content which pods read
        #[arg(skip)]
        pub sources: Vec<SourceRow>,

        /// Which workloads are stamped [default: all]
        #[arg(long, value_name = "RULE", help_heading = heading::STAMPS)]
        pub select: Option<Select>,

        /// Whether the annotations of other controllers decide which reads count
        /// (docs/coming-from.md)
        #[command(flatten)]
        pub compat: Compat,

        /// ConfigMaps and Secrets that a program in a workload collects through the API server by
        /// their labels. All of their keys count
        #[arg(skip)]
        pub collectors: Vec<CollectorRow>,

        /// Sources, workloads or (with `keys`) keys of sources that rollstamp ignores. All
        /// conditions of a rule must hold
        #[arg(skip)]
        pub ignore: Vec<IgnoreRow>,

        /// The severity of findings, by their code (docs/findings.md). A finding that refuses an
        /// edit keeps its severity
        #[arg(skip)]
        pub levels: BTreeMap<String, Level>,

        /// Single findings that are accepted
        ///
        /// A comment `# rollstamp-ignore: CODE reason` on the line of a finding, or on the line before it,
        /// does the same.
        #[arg(skip)]
        pub silence: Vec<SilenceRow>,
    }
}

settings! {
    /// How names after content are built.
    pub struct Suffix {
        /// The program whose suffix is used in suffix mode [default: kustomize]
        #[arg(long = "suffix-hash", id = "suffix_hash", value_name = "PROGRAM", help_heading = heading::NAMES)]
        pub hash: Option<SuffixHash>,

        /// In suffix mode, rename sources that no workload reads as well
        #[arg(long, help_heading = heading::NAMES)]
        pub all_sources: bool,

        /// In suffix mode, make renamed sources immutable
        #[arg(long, help_heading = heading::NAMES)]
        pub immutable: bool,
    }
}

settings! {
    /// How other tools' checksums and version labels in pod templates are treated.
    pub struct Foreign {
        /// The new values of checksums that another tool wrote into pod templates [default: keep]
        #[arg(
            long = "foreign-checksums",
            id = "foreign_checksums",
            value_name = "RULE",
            help_heading = heading::CHARTS
        )]
        pub checksums: Option<Checksums>,

        /// A glob for the keys of these checksums; can be given several times [default: checksum/*
        /// and similar keys]
        #[arg(
            long = "foreign-match",
            id = "foreign_match",
            value_name = "GLOB",
            help_heading = heading::CHARTS,
            verbatim_doc_comment
        )]
        pub r#match: Vec<String>,

        /// What single checksums cover, by a key or a glob for keys: `keep`, `steady`, `reads`,
        /// `drop`, or a list of sources, `ConfigMap/NAME` and `Secret/NAME`
        #[arg(skip)]
        pub tie: BTreeMap<String, TieRow>,

        /// What a single checksum covers, as KEY=RULE or KEY=ConfigMap/NAME,Secret/NAME; can be
        /// given several times and has priority over `tie`
        #[arg(
            long = "foreign-tie",
            id = "foreign_tie",
            value_name = "TIE",
            value_parser = tie,
            help_heading = heading::CHARTS
        )]
        #[serde(skip)]
        #[schemars(skip)]
        pub ties: Vec<(String, TieRow)>,

        /// How labels with the version of a chart in pod templates are treated [default: keep]
        #[arg(
            long = "foreign-version-labels",
            id = "foreign_version_labels",
            value_name = "RULE",
            help_heading = heading::CHARTS
        )]
        pub version_labels: Option<VersionLabels>,
    }
}

settings! {
    /// Whether the annotations of other controllers decide which reads count.
    pub struct Compat {
        /// Whether Reloader's annotations decide which reads of a workload count [default: off]
        #[arg(
            long = "compat-reloader",
            id = "compat_reloader",
            value_name = "RULE",
            help_heading = heading::STAMPS
        )]
        pub reloader: Option<Follow>,

        /// Whether Wave's annotations decide which reads of a workload count [default: off]
        #[arg(
            long = "compat-wave",
            id = "compat_wave",
            value_name = "RULE",
            help_heading = heading::STAMPS
        )]
        pub wave: Option<Follow>,

        /// The options of your Reloader that change which sources it selects
        #[arg(skip)]
        pub reloader_options: ReloaderOptions,
    }
}

settings! {
    /// The options of Reloader that change which sources it selects.
    pub struct ReloaderOptions {
        /// `--auto-reload-all`
        #[arg(skip)]
        pub auto_reload_all: bool,

        /// `--resources-to-ignore`: `configMaps` or `secrets`
        #[arg(skip)]
        pub resources_to_ignore: Vec<String>,

        /// `--ignored-workload-types`: `jobs`, `cronjobs`
        #[arg(skip)]
        pub ignored_workload_types: Vec<String>,

        /// `--namespaces`: Reloader watches only these namespaces
        #[arg(skip)]
        pub namespaces: Vec<String>,

        /// `--namespaces-to-ignore`
        #[arg(skip)]
        pub namespaces_to_ignore: Vec<String>,

        /// `--namespace-selector`, written as in `resourceLabelSelector`: a namespace counts unless
        /// a file of the run defines it with other labels
        #[arg(skip)]
        pub namespace_selector: Vec<String>,

        /// `--resource-label-selector`: `key=value`, `key:value`, `key!=value`, `key`, `!key`
        #[arg(skip)]
        pub resource_label_selector: Vec<String>,

        /// Annotations with a changed key, by the name of the flag without dashes:
        /// `auto-annotation: example.com/reload`
        #[arg(skip)]
        pub keys: BTreeMap<String, String>,
    }
}

/// The headings under which the help lists the options.
pub mod heading {
    /// Where settings come from.
    pub const CONFIGURATION: &str = "Configuration";
    /// Which stamps are written.
    pub const STAMPS: &str = "Stamps";
    /// Checksums and version labels that charts wrote into pod templates.
    pub const CHARTS: &str = "Marks of charts";
    /// How suffix mode builds names.
    pub const NAMES: &str = "Names after content";
    /// Which files are read, and which of them are applied together.
    pub const INPUT: &str = "Input";
    /// Which overlays are built.
    pub const OVERLAYS: &str = "Overlays";
    /// Which findings are printed, and in which format.
    pub const FINDINGS: &str = "Findings";
}

/// `checksum/cm=ConfigMap/argocd-cm,Secret/argocd-secret`, or `checksum/*=steady`
fn tie(text: &str) -> Result<(String, TieRow), String> {
    let (key, what) = text.split_once('=').ok_or("the value has no `=`: write KEY=RULE")?;
    let row = match Checksums::from_str(what, false) {
        Ok(to) => TieRow::To(to),
        Err(_) => TieRow::Sources(what.split(',').map(|name| name.trim().to_owned()).collect()),
    };
    Ok((key.to_owned(), row))
}

impl Settings {
    /// These settings, completed from a configuration where a setting is absent.
    pub fn over(self, configuration: Self) -> Self {
        Over::over(self, configuration)
    }

    /// Makes the relative paths of these settings relative to `folder`, the folder of the
    /// configuration.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        let paths = self.hash_key_file.iter_mut().chain(&mut self.name_references);
        paths.for_each(|path| *path = folder.join(&path));
        self
    }

    /// The JSON Schema of a configuration.
    pub fn schema() -> serde_json::Value {
        let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
        settings.into_generator().into_root_schema_for::<Self>().to_value()
    }
}

/// A place that names a source, or that only looks like one.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NamePlace {
    /// The API group of the object; any, if absent
    pub group: Option<String>,
    /// The kind of the object; any, if absent
    pub kind: Option<String>,
    /// The path from the object to the name: with dots, or as in kustomize's `nameReference` (`/`
    /// between fields, `\/` for a slash in a field). The path continues in each item of a list; `*`
    /// is any field, and a leading `**` is any path
    pub path: String,
    /// The kind of the named object
    pub target: NameTarget,
    /// A glob for the names; all names, if absent
    pub name: Option<String>,
}

/// The kind that a place names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum NameTarget {
    /// A ConfigMap
    ConfigMap,
    /// A Secret
    Secret,
    /// Another text that only looks like the name
    #[serde(rename = "none")]
    Nothing,
}

/// The files that one apply receives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UnitRow {
    /// The name of the unit in findings; its first glob, if absent
    pub name: Option<String>,
    /// Globs for the files of the unit, relative to the folder of the configuration; `*` does not
    /// match `/`, `**` does
    #[schemars(length(min = 1))]
    pub files: Vec<String>,
    /// Globs for files that the unit only reads: their sources count, but rollstamp stamps nothing
    /// in them for this unit
    #[serde(default)]
    pub also: Vec<String>,
}

/// A place in an object that names a source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReferenceRow {
    /// The API group of the workload; any, if absent
    pub group: Option<String>,
    /// The kind of the workload; any, if absent
    pub kind: Option<String>,
    /// The path from the object to the name, with dots; `[]` behind a field means each item, `\.` and
    /// `\/` are a dot and a slash in the name of a field
    pub path: String,
    /// The kind of the named object
    pub target: Target,
    /// The field beside the name that holds the only key that is read; all keys, if absent
    pub key: Option<String>,
}

/// Sources that a program in a workload collects by their labels.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CollectorRow {
    /// The API group of the workload; any, if absent
    pub group: Option<String>,
    /// The kind of the workload; any, if absent
    pub kind: Option<String>,
    /// A glob for the name of the workload; any, if absent
    pub workload: Option<String>,
    /// The kind of the collected objects
    pub target: Target,
    /// Labels that the sources must have, in the namespace of the workload
    #[schemars(length(min = 1))]
    pub labels: BTreeMap<String, String>,
}

/// A kind that provides content which pods read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SourceRow {
    /// The API group; empty for the core group
    #[serde(default)]
    pub group: String,
    /// The kind
    pub kind: String,
    /// The kind that references to the provided object name
    pub provides: Target,
    /// The paths of the name of the provided object; the first path that exists counts
    #[serde(default)]
    pub name: Vec<String>,
    /// The paths of the fields that decide its content. A reference to one key reads all of these
    /// fields
    #[schemars(length(min = 1))]
    pub content: Vec<String>,
}

/// A rule about ignored sources, workloads or keys. All its conditions must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1))]
pub struct IgnoreRow {
    /// The kind of the source or the workload
    pub kind: Option<String>,
    /// The namespace of the source or the workload
    pub namespace: Option<String>,
    /// A glob for the name of the source or the workload
    pub name: Option<String>,
    /// Labels that the source or the workload has
    pub labels: BTreeMap<String, String>,
    /// Globs for keys: only these keys of the source are ignored
    pub keys: Vec<String>,
    /// The reason, for people who read the file
    pub reason: Option<String>,
}

/// A finding that is accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SilenceRow {
    /// The code of the finding
    pub code: String,
    /// A glob for the object of the finding, as in `Deployment shop/web`; any, if absent
    pub object: Option<String>,
    /// The reason why the finding is accepted
    #[schemars(length(min = 1))]
    pub reason: String,
}

/// The message of a parser, without the values that it quotes: if the user, or an attacker, named a
/// wrong file, the file may hold a password.
pub(super) fn said(error: impl std::fmt::Display) -> String {
    let error = error.to_string();
    let found = ["invalid type: ", "invalid value: "].into_iter().find_map(|what| {
        let start = error.find(what)? + what.len();
        let end = error.rfind(", expected ").filter(|&end| end > start)?;
        Some((start, end))
    });
    match found {
        Some((start, end)) => {
            let value = &error[start..end];
            let kind = value.split([' ', '"', '`']).next().unwrap_or_default();
            format!("{}{kind}{}", &error[..start], &error[end..])
        }
        None => error,
    }
}
