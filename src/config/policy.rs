//! What the configuration adds to the tables of Kubernetes, and what it leaves out.

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
    /// What people call it.
    pub name: String,
    /// Globs over the paths of its files, from the folder of the configuration.
    pub files: GlobSet,
    /// Globs over files that it only reads: their sources are seen, and others stamp what they hold.
    pub also: GlobSet,
}

/// What the configuration adds to the tables and takes away.
#[derive(Default)]
pub struct Rules {
    /// Which workloads and which of their reads count, where annotations decide.
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
    /// More places that follow a source which gets another name, and places that do not mean one.
    pub names: Vec<NameRow>,
    /// What takes no part.
    pub ignore: Vec<IgnoreRule>,
    /// What one apply receives, where the configuration says it.
    pub units: Vec<DeclaredUnit>,
    /// What becomes of sources that SOPS has encrypted.
    pub encrypted: Encrypted,
    /// Whether sources that a program in the cluster fills count with what their manifests hold.
    pub filled: FilledSources,
    /// Whether volumes that a reload sidecar watches still roll their pods.
    pub hot_reload: HotReload,
    /// What is to be done about marks of other tools in pod templates.
    pub foreign: foreign::ForeignRules,
    /// How much findings matter, and which ones are known.
    pub findings: Levels,
    /// The configuration file in which the rules are written, if there is one.
    pub origin: Option<RulesOrigin>,
}

impl Rules {
    /// Whether a rule asks whether an object has this label; without a key, whether one asks for any.
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
    /// Whether all that it is about was looked at: a folder above it was named, or its own.
    pub covers_all: bool,
}

/// What becomes of sources that SOPS has encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Encrypted {
    /// The encrypted text counts, so that a new encryption rolls the pods.
    #[default]
    Hash,
    /// They take no part.
    Skip,
}

/// What becomes of sources that a program in the cluster fills, because of an annotation or a label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FilledSources {
    /// They count with what their manifests hold.
    #[default]
    Count,
    /// They take no part: all of their content is in the cluster.
    External,
}

/// Whether volumes that a reload sidecar watches still roll their pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HotReload {
    /// They do: nobody can tell from a manifest whether the program rereads them in time.
    #[default]
    Roll,
    /// They do not.
    Skip,
}

/// A source or a workload, or keys of a source, that take no part.
#[derive(Default)]
pub struct IgnoreRule {
    /// The kind of the object; any, if absent.
    pub kind: Option<String>,
    /// The namespace of the object; any, if absent.
    pub namespace: Option<String>,
    /// A glob over the name of the object; any, if absent.
    pub name: Option<GlobMatcher>,
    /// Labels that the object must have.
    pub labels: Vec<(String, String)>,
    /// Globs over keys; of no key, the whole object takes no part.
    pub keys: Vec<GlobMatcher>,
}

/// What an ignore rule is asked about.
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
    /// Whether the rule is about the whole object.
    pub fn ignores(&self, subject: &RuleSubject<'_>) -> bool {
        self.keys.is_empty() && self.fits(subject)
    }

    /// Whether the rule is about this key of the object.
    pub fn ignores_key(&self, subject: &RuleSubject<'_>, key: &str) -> bool {
        self.keys.iter().any(|glob| glob.is_match(key)) && self.fits(subject)
    }

    /// The glob over names as it is written.
    pub fn name_text(&self) -> Option<&str> {
        self.name.as_ref().map(|glob| glob.glob().glob())
    }

    /// Whether the object is what the rule names, its keys left out.
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
/// Text that is no glob.
pub fn glob(text: &str) -> Result<GlobMatcher, String> {
    Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|error| error.to_string())
}

/// Sources that a program in a workload collects by their labels.
pub struct Collector {
    /// The API group of the workload; any, if absent.
    pub group: Option<String>,
    /// The kind of the workload; any, if absent.
    pub kind: Option<String>,
    /// A glob over the name of the workload; any, if absent.
    pub workload: Option<GlobMatcher>,
    /// What is collected.
    pub target: Target,
    /// Labels that the sources must have.
    pub labels: Vec<(String, String)>,
}

impl Collector {
    /// The most rows of a configuration.
    pub const MOST: usize = u64::BITS as usize;

    /// Whether a workload collects.
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

/// A place that names a source, or only seems to.
#[derive(Debug)]
pub struct NameRow {
    /// The API group of the object; any, if absent.
    pub group: Option<String>,
    /// The kind of the object; any, if absent.
    pub kind: Option<String>,
    /// The way to it, lists left out.
    pub path: FieldPath,
    /// What is named; nothing, if it names something else.
    pub target: Option<Target>,
    /// Only text that this matches.
    pub name: Option<GlobMatcher>,
    /// Whether kustomize was told of the place, and rewrites names there itself.
    pub of_kustomize: bool,
}

impl NameRow {
    /// Whether a name at the end of a way is meant. As in kustomize, a path may end at the name or at
    /// the mapping that holds it as `name`.
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
