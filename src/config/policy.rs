//! The rows that the configuration adds to the tables of Kubernetes, and its rules for what does
//! not count.

use crate::config::foreign;
use crate::finding::silence::Levels;
use crate::k8s::TableRow;
use crate::k8s::kinds::WorkloadKind;
use crate::k8s::providers::{Provider, Target};
use crate::k8s::sites::Site;
use crate::text::{FileId, Span};
use crate::yaml::path::FieldPath;
use globset::{Glob, GlobMatcher, GlobSet};
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// A unit that the configuration declares.
pub struct DeclaredUnit {
    /// Its name in messages.
    pub name: String,
    /// Globs for the paths of its files, relative to the folder of the configuration.
    pub files: GlobSet,
    /// Globs for files that it only reads: it uses their sources, and their workloads are stamped
    /// in other units.
    pub also: GlobSet,
}

/// The additions and exceptions of the configuration.
#[derive(Default)]
pub struct Rules {
    /// Which workloads and which of their reads count, if annotations decide.
    pub compat: crate::compat::selection::ControllerRules,
    /// More kinds that hold pod templates.
    pub workloads: Vec<Arc<WorkloadKind>>,
    /// More kinds that hold the annotations of pods which a program makes; each row has
    /// [`WorkloadKind::released`].
    pub released: Vec<Arc<WorkloadKind>>,
    /// More kinds that provide content.
    pub providers: Vec<Provider>,
    /// More places that name a source.
    pub sites: Vec<UserSite>,
    /// Sources that workloads collect by label; at most [`Collector::MOST`].
    pub collectors: Vec<Collector>,
    /// More places whose text is the name of a source and follows a rename, and places that name
    /// something else.
    pub names: Vec<NameRow>,
    /// The rules for what does not count.
    pub ignore: Vec<IgnoreRule>,
    /// The apply units that the configuration declares.
    pub units: Vec<DeclaredUnit>,
    /// How sources count that SOPS has encrypted.
    pub encrypted: Encrypted,
    /// How sources count that a program in the cluster fills.
    pub filled: FilledSources,
    /// Whether volumes that a reload sidecar watches still roll their pods.
    pub hot_reload: HotReload,
    /// The rules for checksums and version labels of other tools in pod templates.
    pub foreign: foreign::ForeignRules,
    /// The levels of findings, and the findings that the user accepts.
    pub findings: Levels,
    /// The configuration file in which the rules are written, if there is one.
    pub origin: Option<RulesOrigin>,
}

impl Rules {
    /// Whether a rule tests this label of an object; without a key, whether a rule tests any label.
    pub fn asks_for_label(&self, key: Option<&str>) -> bool {
        let of_reloader = self.compat.reloader.as_ref();
        let ignored = self.ignore.iter().map(|rule| &rule.labels);
        let mut asked = ignored.chain(self.collectors.iter().map(|row| &row.labels)).flatten();
        of_reloader.is_some_and(|options| !options.resource_labels.is_empty())
            || asked.any(|(asked, _)| key.is_none_or(|key| key == asked))
    }
}

/// The configuration file in which rules are written.
pub struct RulesOrigin {
    /// The file.
    pub file: FileId,
    /// Each rule under `ignore`, in their order.
    pub ignore: Vec<Span>,
    /// Each rule under `silence`, in their order.
    pub silence: Vec<Span>,
    /// Whether the run covers all files to which the rules apply: the folder of the file, or a
    /// folder above it, was named.
    pub covers_all: bool,
}

/// How sources count that SOPS has encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Encrypted {
    /// The encrypted text counts, so that a new encryption rolls the pods.
    #[default]
    Hash,
    /// They are ignored.
    Skip,
}

/// How sources count that a program in the cluster fills, because of an annotation or a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FilledSources {
    /// They count with the content of their manifests.
    #[default]
    Count,
    /// They are external: all of their content is in the cluster.
    External,
}

/// Whether volumes that a reload sidecar watches still roll their pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HotReload {
    /// They do, because a manifest does not show whether the program reads the files again in time.
    #[default]
    Roll,
    /// They do not.
    Skip,
}

/// A rule for a source, a workload or keys of a source that do not count.
#[derive(Default)]
pub struct IgnoreRule {
    /// The kind of the object; any, if absent.
    pub kind: Option<String>,
    /// The namespace of the object; any, if absent.
    pub namespace: Option<String>,
    /// A glob for the name of the object; any, if absent.
    pub name: Option<GlobMatcher>,
    /// Labels that the object must have.
    pub labels: Vec<(String, String)>,
    /// Globs for keys; if empty, the whole object does not count.
    pub keys: Vec<GlobMatcher>,
}

/// The object to which ignore rules are applied.
pub struct RuleSubject<'a> {
    /// The kind of the object.
    pub kind: &'a str,
    /// The namespace of the object.
    pub namespace: Option<&'a str>,
    /// The name of the object.
    pub name: &'a str,
    /// The labels of the object.
    pub labels: &'a [(String, String)],
}

impl IgnoreRule {
    /// Whether the rule ignores the whole object.
    pub fn ignores(&self, subject: &RuleSubject<'_>) -> bool {
        self.keys.is_empty() && self.fits(subject)
    }

    /// Whether the rule ignores this key of the object.
    pub fn ignores_key(&self, subject: &RuleSubject<'_>, key: &str) -> bool {
        self.keys.iter().any(|glob| glob.is_match(key)) && self.fits(subject)
    }

    /// The glob for names, as it is written.
    pub fn name_text(&self) -> Option<&str> {
        self.name.as_ref().map(|glob| glob.glob().glob())
    }

    /// Whether the object meets the conditions of the rule, without regard to keys.
    pub fn fits(&self, subject: &RuleSubject<'_>) -> bool {
        let says = |rule: &Option<String>, value: Option<&str>| {
            rule.as_deref().is_none_or(|rule| value == Some(rule))
        };
        says(&self.kind, Some(subject.kind))
            && says(&self.namespace, subject.namespace)
            && self.name.as_ref().is_none_or(|glob| glob.is_match(subject.name))
            && self.labels.iter().all(|label| subject.labels.contains(label))
    }
}

/// Compiles a glob of the configuration.
///
/// # Errors
/// Text that is not a valid glob.
pub fn glob(text: &str) -> Result<GlobMatcher, String> {
    Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
}

/// A path of the configuration, such as `spec.tasks[].template`.
///
/// # Errors
/// Text that is not a whole path.
pub fn path(dotted: &str) -> Result<FieldPath, String> {
    let path = FieldPath::dotted(dotted);
    if path.is_whole() { Ok(path) } else { Err(not_a_path(dotted)) }
}

/// The error about a path of the configuration that leads to no field.
pub fn not_a_path(text: &str) -> String {
    format!("not a path of fields: `{text}`")
}

/// Sources that a program in a workload collects by their labels.
pub struct Collector {
    /// The API group of the workload; any, if absent.
    pub group: Option<String>,
    /// The kind of the workload; any, if absent.
    pub kind: Option<String>,
    /// A glob for the name of the workload; any, if absent.
    pub workload: Option<GlobMatcher>,
    /// The kind of the collected objects.
    pub target: Target,
    /// Labels that the sources must have.
    pub labels: Vec<(String, String)>,
}

impl Collector {
    /// The maximum number of rows in a configuration.
    pub const MOST: usize = u64::BITS as usize;

    /// Whether the row applies to a workload.
    pub fn fits(&self, group: &str, kind: &str, name: &str) -> bool {
        self.group.as_deref().is_none_or(|own| own == group)
            && self.kind.as_deref().is_none_or(|own| own == kind)
            && self.workload.as_ref().is_none_or(|glob| glob.is_match(name))
    }
}

/// A place that names a source, in objects of certain kinds.
pub struct UserSite {
    /// The API group of the workload; any, if absent.
    pub group: Option<String>,
    /// The kind of the workload; any, if absent.
    pub kind: Option<String>,
    /// The field beside the name that holds the key.
    pub key: Option<String>,
    /// The row.
    pub site: TableRow<Site>,
}

impl UserSite {
    /// Whether objects of this kind have the place.
    pub fn fits(&self, group: &str, kind: &str) -> bool {
        self.group.as_deref().is_none_or(|g| g == group)
            && self.kind.as_deref().is_none_or(|k| k == kind)
    }
}

/// A place that names a source, or that only looks like one.
#[derive(Debug)]
pub struct NameRow {
    /// The API group of the object; any, if absent.
    pub group: Option<String>,
    /// The kind of the object; any, if absent.
    pub kind: Option<String>,
    /// The path to the name, without list steps.
    pub path: FieldPath,
    /// The kind of the named object; `None` if the text names something else.
    pub target: Option<Target>,
    /// A glob for the names to which the row applies; all names, if absent.
    pub name: Option<GlobMatcher>,
    /// Whether the row comes from a file for kustomize, so that kustomize rewrites names there
    /// itself.
    pub of_kustomize: bool,
}

impl NameRow {
    /// Whether the row applies to a name at the end of the path `way`. As in kustomize, a path may
    /// end at the name or at the mapping that holds it as `name`.
    pub fn fits(&self, group: &str, kind: &str, way: &[impl AsRef<str>], name: &str) -> bool {
        let is_here = self.path.matches(way)
            || way
                .split_last()
                .is_some_and(|(last, holder)| last.as_ref() == "name" && self.path.matches(holder));
        is_here
            && self.group.as_deref().is_none_or(|g| g == group)
            && self.kind.as_deref().is_none_or(|k| k == kind)
            && self.name.as_ref().is_none_or(|glob| glob.is_match(name))
    }
}
