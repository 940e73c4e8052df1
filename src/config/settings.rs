//! The options of rollstamp, each declared once: the command line, `.rollstamp.yaml`, the `spec` of a
//! functionConfig, docs/rollstamp.schema.json and the table of docs/configuration.md are made from
//! [`Settings`]. The first paragraph of a field's comment is its help, all of it is its documentation.

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

/// Two values of one setting: the one of the command line goes over that of the configuration.
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

/// Declares a struct of settings, whose values go over others field by field.
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
    /// What the user asks for; every key is optional, and an unknown one is an error
    #[schemars(title = "rollstamp configuration (.rollstamp.yaml)")]
    pub struct Settings {
        /// What makes pods roll [default: annotation]
        #[arg(long, value_name = "MODE", help_heading = heading::STAMPS)]
        pub mode: Option<Mode>,

        /// How names after content are made, in suffix mode
        #[command(flatten)]
        pub suffix: Suffix,

        /// More places that name a ConfigMap or a Secret and so follow its name, and places that only
        /// seem to
        #[arg(skip)]
        pub names: Vec<NamePlace>,

        /// Files of kustomize (`configurations:`) whose `nameReference` is read as it is; paths from the
        /// folder of the configuration
        #[arg(skip)]
        pub name_references: Vec<PathBuf>,

        /// The texts of such files that were read already, each with its name
        #[arg(skip)]
        #[serde(skip)]
        pub name_reference_texts: Vec<(String, String)>,

        /// Annotation key of the stamp; changing it rolls every stamped workload once
        /// [default: checksum/rollstamp]
        #[arg(long, value_name = "KEY", value_parser = annotation_key, help_heading = heading::STAMPS)]
        pub annotation: Option<String>,

        /// Namespace of objects that name none, as in `kubectl apply -n`
        #[arg(short, long, value_name = "NS", help_heading = heading::INPUT)]
        pub namespace: Option<String>,

        /// What one `kubectl apply` receives of a named folder [default: dir]
        #[arg(long, value_name = "RULE", help_heading = heading::INPUT)]
        pub unit: Option<UnitRule>,

        /// Files that one apply receives together, wherever they lie
        ///
        /// They come before `unit`. Files of a unit that were not named on the command line are read too,
        /// so a stamp never depends on what was named. A file in several units is stamped where these
        /// agree. Below a kustomization the kustomization decides.
        #[arg(skip)]
        pub units: Vec<UnitRow>,

        /// Refuse on every error, and take references without a source for errors
        #[arg(long, help_heading = heading::FINDINGS)]
        pub strict: bool,

        /// Key file for digests of Secrets (HMAC-SHA-256). Without one, whoever can read a stamp can
        /// test guesses of a weak Secret against it
        ///
        /// In a configuration the path is from the folder of the configuration; in a function or a plugin,
        /// from that of the kustomization.
        #[arg(long, value_name = "FILE", help_heading = heading::STAMPS)]
        pub hash_key_file: Option<PathBuf>,

        /// A run without a hash key is an error
        #[arg(skip)]
        pub require_hash_key: bool,

        /// What becomes of sources that SOPS has encrypted [default: hash]
        #[arg(skip)]
        pub encrypted: Option<Encrypted>,

        /// What becomes of sources that a program in the cluster fills, because of an annotation or a
        /// label: OpenShift's CA bundles, copies of reflector and kubernetes-replicator [default: count]
        #[arg(skip)]
        pub filled_sources: Option<FilledSources>,

        /// Whether volumes that a reload sidecar watches still roll their pods [default: roll]
        #[arg(skip)]
        pub hot_reload_sidecars: Option<HotReload>,

        /// What becomes of other tools' checksums and of version labels in pod templates (docs/charts.md)
        #[command(flatten)]
        pub foreign: Foreign,

        /// More kinds that hold pod templates, or the annotations of pods. A row with `templates` for a
        /// built-in kind takes its place; of rows with `annotations`, each that fits counts
        #[arg(skip)]
        pub workloads: Vec<WorkloadRow>,

        /// More places in a workload that name a source
        #[arg(skip)]
        pub references: Vec<ReferenceRow>,

        /// More kinds whose content pods read
        #[arg(skip)]
        pub sources: Vec<SourceRow>,

        /// Which workloads take part [default: all]
        #[arg(long, value_name = "RULE", help_heading = heading::STAMPS)]
        pub select: Option<Select>,

        /// Whether the annotations of other controllers decide which reads count (docs/coming-from.md)
        #[command(flatten)]
        pub compat: Compat,

        /// ConfigMaps and Secrets that a program in a workload collects by their labels, through the API
        /// server. All of their keys count
        #[arg(skip)]
        pub collectors: Vec<CollectorRow>,

        /// What takes no part: a source, a workload, or (with `keys`) keys of a source. All that a rule
        /// says must hold
        #[arg(skip)]
        pub ignore: Vec<IgnoreRow>,

        /// How much a finding matters, by its code (docs/findings.md). What refuses stays as it is
        #[arg(skip)]
        pub levels: BTreeMap<String, Level>,

        /// Single findings that are known
        ///
        /// A comment `# rollstamp-ignore: CODE reason` on the line of a finding, or on the line before it,
        /// does the same.
        #[arg(skip)]
        pub silence: Vec<SilenceRow>,
    }
}

settings! {
    /// How names after content are made.
    pub struct Suffix {
        /// Whose suffix names get in suffix mode [default: kustomize]
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
    /// What becomes of other tools' checksums and of version labels in pod templates.
    pub struct Foreign {
        /// What becomes of checksums that another tool wrote into pod templates [default: keep]
        #[arg(
            long = "foreign-checksums",
            id = "foreign_checksums",
            value_name = "RULE",
            help_heading = heading::CHARTS
        )]
        pub checksums: Option<Checksums>,

        /// A glob over the keys of these checksums; can stand several times
        /// [default: checksum/* and the like]
        #[arg(
            long = "foreign-match",
            id = "foreign_match",
            value_name = "GLOB",
            help_heading = heading::CHARTS,
            verbatim_doc_comment
        )]
        pub r#match: Vec<String>,

        /// What single checksums stand for, by a key or a glob over keys: `keep`, `steady`, `reads`, `drop`,
        /// or a list of sources, `ConfigMap/NAME` and `Secret/NAME`
        #[arg(skip)]
        pub tie: BTreeMap<String, TieRow>,

        /// What a single checksum stands for, as KEY=RULE or KEY=ConfigMap/NAME,Secret/NAME; can stand
        /// several times, before those under `tie`
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

        /// What becomes of labels in pod templates that say the version of a chart [default: keep]
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

        /// Whether Wave's annotations do [default: off]
        #[arg(
            long = "compat-wave",
            id = "compat_wave",
            value_name = "RULE",
            help_heading = heading::STAMPS
        )]
        pub wave: Option<Follow>,

        /// How Reloader was started, where that changes what it selects
        #[arg(skip)]
        pub reloader_options: ReloaderOptions,
    }
}

settings! {
    /// The options of Reloader that change what it selects.
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

        /// `--namespaces`: the only ones that it watches
        #[arg(skip)]
        pub namespaces: Vec<String>,

        /// `--namespaces-to-ignore`
        #[arg(skip)]
        pub namespaces_to_ignore: Vec<String>,

        /// `--namespace-selector`, as `resourceLabelSelector`: a namespace counts unless its object, in a file that
        /// is read, has other labels
        #[arg(skip)]
        pub namespace_selector: Vec<String>,

        /// `--resource-label-selector`: `key=value`, `key:value`, `key!=value`, `key`, `!key`
        #[arg(skip)]
        pub resource_label_selector: Vec<String>,

        /// Annotations with another key, by the flag that gives it, without dashes:
        /// `auto-annotation: example.com/reload`
        #[arg(skip)]
        pub keys: BTreeMap<String, String>,
    }
}

/// The headings under which the help lists the options.
pub mod heading {
    /// Where settings come from.
    pub const CONFIGURATION: &str = "Configuration";
    /// What is written.
    pub const STAMPS: &str = "Stamps";
    /// What charts wrote into pod templates.
    pub const CHARTS: &str = "Marks of charts";
    /// How suffix mode makes names.
    pub const NAMES: &str = "Names after content";
    /// What is read, and what is applied together.
    pub const INPUT: &str = "Input";
    /// What is built.
    pub const OVERLAYS: &str = "Overlays";
    /// What is said, and how.
    pub const FINDINGS: &str = "Findings";
}

/// `checksum/cm=ConfigMap/argocd-cm,Secret/argocd-secret`, or `checksum/*=steady`
fn tie(text: &str) -> Result<(String, TieRow), String> {
    let (key, what) = text.split_once('=').ok_or("no KEY=RULE")?;
    let row = match Checksums::from_str(what, false) {
        Ok(to) => TieRow::To(to),
        Err(_) => TieRow::Sources(what.split(',').map(|name| name.trim().to_owned()).collect()),
    };
    Ok((key.to_owned(), row))
}

impl Settings {
    /// These settings, and those of a configuration where these say nothing.
    pub fn over(self, configuration: Self) -> Self {
        Over::over(self, configuration)
    }

    /// The settings of a configuration in this folder, from which its paths lead.
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

/// A place that names a source, or only seems to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NamePlace {
    /// The API group of the object; any, if absent
    pub group: Option<String>,
    /// The kind of the object; any, if absent
    pub kind: Option<String>,
    /// The path from the object to the name: with dots, or as in kustomize's `nameReference` (`/` between
    /// fields, `\/` in one). Lists are walked by themselves, `*` is any field, a leading `**` any way
    pub path: String,
    /// The kind of what is named
    pub target: NameTarget,
    /// A glob over the names that are meant; any, if absent
    pub name: Option<String>,
}

/// What a place names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum NameTarget {
    /// A ConfigMap
    ConfigMap,
    /// A Secret
    Secret,
    /// Something else, which only reads the same
    #[serde(rename = "none")]
    Nothing,
}

/// What one apply receives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UnitRow {
    /// What findings call the unit; its first glob, if absent
    pub name: Option<String>,
    /// Globs over the files of the unit, from the folder of the configuration; `*` stays inside a folder,
    /// `**` does not
    #[schemars(length(min = 1))]
    pub files: Vec<String>,
    /// Globs over files that the unit only reads: their sources count, and nothing in them is stamped for
    /// this unit
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
    /// The kind of what is named
    pub target: Target,
    /// The field beside the name that holds the one key that is read; all keys, if absent
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
    /// A glob over the name of the workload; any, if absent
    pub workload: Option<String>,
    /// The kind of what is collected
    pub target: Target,
    /// Labels that the sources must have, in the namespace of the workload
    #[schemars(length(min = 1))]
    pub labels: BTreeMap<String, String>,
}

/// A kind whose content pods read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SourceRow {
    /// The API group; empty for the core group
    #[serde(default)]
    pub group: String,
    /// The kind
    pub kind: String,
    /// The kind that references to it name
    pub provides: Target,
    /// The paths of the name of what it provides; the first that is there counts
    #[serde(default)]
    pub name: Vec<String>,
    /// The paths of the fields that decide its content. A reference to one key reads all of these
    #[schemars(length(min = 1))]
    pub content: Vec<String>,
}

/// What takes no part. All that is said must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1))]
pub struct IgnoreRow {
    /// The kind of the source or the workload
    pub kind: Option<String>,
    /// The namespace of the source or the workload
    pub namespace: Option<String>,
    /// A glob over the name of the source or the workload
    pub name: Option<String>,
    /// Labels that the source or the workload has
    pub labels: BTreeMap<String, String>,
    /// Globs over keys: of a source, only these keys take no part
    pub keys: Vec<String>,
    /// Why, for people who read the file
    pub reason: Option<String>,
}

/// A finding that is known.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SilenceRow {
    /// The code of the finding
    pub code: String,
    /// A glob over the object of the finding, as in `Deployment shop/web`; any, if absent
    pub object: Option<String>,
    /// Why the finding may stay
    #[schemars(length(min = 1))]
    pub reason: String,
}

/// What a reader says is wrong, without the values that it found: a file that was named by mistake, or by
/// somebody else, may hold a password.
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
