//! Reloader: `ShouldReload` in `pkg/common/common.go` of v1.4.21 and of the commit 655a2b38 after it,
//! which no longer panics on an invalid pattern.

use super::labels::LabelSelector;
use super::pattern::{Pattern, Unusable};
use super::{Annotations, is_go_true};
use crate::k8s::controllers::{RELOADER_KEYS, Role};
use crate::k8s::providers::Target;
use std::collections::BTreeMap;

/// The flags with which the user runs Reloader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReloaderFlags {
    /// `--auto-reload-all`: workloads without an annotation have `auto`.
    pub auto_reload_all: bool,
    /// `--resources-to-ignore`: kinds of sources that it does not watch.
    pub resources_to_ignore: Vec<Target>,
    /// `--ignored-workload-types`: kinds of workloads that it ignores; `Job` or `CronJob`.
    pub ignored_workloads: Vec<String>,
    /// `--namespaces`: the only namespaces that it watches; empty for all.
    pub namespaces: Vec<String>,
    /// `--namespaces-to-ignore`: the namespaces that it does not watch.
    pub namespaces_to_ignore: Vec<String>,
    /// `--namespace-selector`: the labels of the namespaces that it watches; empty for all.
    pub namespace_labels: LabelSelector,
    /// `--resource-label-selector`: the labels of the sources that it watches; empty for all.
    pub resource_labels: LabelSelector,
    /// The annotations with a changed key, by the name of the flag.
    pub keys: BTreeMap<String, String>,
}

impl ReloaderFlags {
    /// The key of an annotation.
    pub fn key(&self, role: Role) -> &str {
        let row = RELOADER_KEYS.iter().find(|row| row.role == role);
        let renamed = row.and_then(|row| self.keys.get(row.flag?));
        renamed.map_or_else(|| row.map_or("", |row| row.key), String::as_str)
    }

    /// Whether it watches sources of this kind. An unknown namespace counts as watched.
    /// [`Self::watches_labelled`] checks the labels of a namespace.
    pub fn watches(&self, target: Target, namespace: Option<&str>) -> bool {
        if self.resources_to_ignore.contains(&target) {
            return false;
        }
        let Some(namespace) = namespace else { return true };
        let is_listed = |list: &[String]| list.iter().any(|name| name == namespace);
        (self.namespaces.is_empty() || is_listed(&self.namespaces))
            && !is_listed(&self.namespaces_to_ignore)
            && self.namespace_labels.could_fit(&[own_label(namespace)])
    }

    /// Whether it watches a namespace with these labels (`selectedNamespacesCache` in
    /// `internal/pkg/controller/controller.go`).
    pub fn watches_labelled(&self, namespace: &str, mut labels: Vec<(String, String)>) -> bool {
        let own = own_label(namespace);
        labels.retain(|(key, _)| *key != own.0);
        labels.push(own);
        self.namespace_labels.fits(&labels)
    }
}

/// The label that the API server gives every namespace (Kubernetes 1.22,
/// kubernetes.io/docs/reference/labels-annotations-taints).
fn own_label(namespace: &str) -> (String, String) {
    ("kubernetes.io/metadata.name".to_owned(), namespace.to_owned())
}

/// The meaning of the annotations of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// The source rolls no workload: an annotation excludes it, or Reloader does not watch it.
    pub ignored: bool,
    /// `search` finds the source.
    pub matches: bool,
    /// An annotation on the source excludes it.
    pub is_told: bool,
}

impl Tags {
    /// Reads the annotations of a source.
    pub fn of(options: &ReloaderFlags, source: &Annotations) -> Self {
        let is_told = source.is_true(options.key(Role::Ignore));
        Self { ignored: is_told, is_told, matches: source.is_true(options.key(Role::Match)) }
    }
}

/// Whether a change of a source rolls a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selected {
    /// The change does not roll the workload.
    No,
    /// The change rolls the workload if the pod template references the source (`AutoReload`).
    IfReferenced,
    /// The change rolls the workload in any case: a list names the source.
    Always,
}

/// An entry of a list that cannot be used as a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEntry {
    /// The entry, trimmed.
    pub text: String,
    /// Why.
    pub why: Unusable,
}

/// The sources of one kind that the annotations of a workload select.
pub struct Selector {
    left_alone: bool,
    /// The list as it is written.
    list: String,
    excluded: Vec<String>,
    /// The entries of the list, in its order.
    pub entries: Vec<Result<Pattern, BadEntry>>,
    search: bool,
    auto: bool,
}

impl Selector {
    /// Reads the annotations of a workload of the kind `kind` and of its pod template.
    pub fn new(
        options: &ReloaderFlags,
        kind: &str,
        target: Target,
        workload: &Annotations,
        template: &Annotations,
    ) -> Self {
        let own = [
            options.key(Role::List(target)),
            options.key(Role::Auto),
            options.key(Role::TypedAuto(target)),
            options.key(Role::Search),
        ];
        // The annotations of the pod template count only if the workload has none of them, with any
        // value. Reloader never looks for an exclude there.
        let is_on_workload = own.iter().any(|key| workload.get(key).is_some());
        let [list, auto, typed_auto, search] =
            own.map(|key| if is_on_workload { workload.get(key) } else { template.get(key) });
        let is_empty = |value: Option<&str>| value.is_none_or(str::is_empty);
        Self {
            left_alone: options.ignored_workloads.iter().any(|ignored| ignored == kind),
            excluded: workload
                .get(options.key(Role::Exclude(target)))
                .filter(|list| !list.is_empty())
                .map_or_else(Vec::new, |list| entries(list).map(str::to_owned).collect()),
            list: list.unwrap_or_default().to_owned(),
            entries: entries(list.unwrap_or_default()).map(entry).collect(),
            search: search == Some("true"),
            auto: is_go_true(auto)
                || is_go_true(typed_auto)
                || (options.auto_reload_all && is_empty(auto) && is_empty(typed_auto)),
        }
    }

    /// Whether a change of the source of this name rolls the workload.
    pub fn selects(&self, name: &str, tags: Tags) -> Selected {
        if self.left_alone || tags.ignored || self.excluded.iter().any(|own| own == name) {
            return Selected::No;
        }
        if self.entries.iter().flatten().any(|pattern| pattern.is_match(name)) {
            return Selected::Always;
        }
        match (self.search && tags.matches) || self.auto {
            true => Selected::IfReferenced,
            false => Selected::No,
        }
    }

    /// The entries of the list, trimmed, without empty ones.
    pub fn listed(&self) -> impl Iterator<Item = &str> {
        entries(&self.list).filter(|entry| !entry.is_empty())
    }

    /// Whether all sources of this kind that the pod template references count.
    pub fn is_auto(&self) -> bool {
        self.auto
    }

    /// Whether no change of any source rolls the workload.
    pub fn selects_nothing(&self) -> bool {
        self.left_alone || !(self.search || self.auto || self.listed().next().is_some())
    }

    /// The entries that cannot be used as patterns.
    pub fn bad_entries(&self) -> impl Iterator<Item = &BadEntry> {
        self.entries.iter().filter_map(|entry| entry.as_ref().err())
    }
}

/// The entries of a list. Go's `strings.TrimSpace` and `str::trim` both remove `White_Space`.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

fn entry(text: &str) -> Result<Pattern, BadEntry> {
    Pattern::of_entry(text).map_err(|why| BadEntry { text: text.to_owned(), why })
}
