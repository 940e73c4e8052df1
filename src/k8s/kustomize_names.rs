//! The names of kustomize's files, and the pod specs in which it rewrites references when ConfigMaps
//! and Secrets get a prefix, a suffix or a hash.
//!
//! Source: api/internal/konfig/builtinpluginconsts/namereference.go, the same in v5.5.0 and v5.8.1.
//! The column `kustomize` of [`super::sites`] and of [`super::referrers`] says which rows are in
//! that list; kustomize does not change any other place.

use super::id::Identity;
use super::providers::Target;
use super::sites::{Reads, Site};

/// The names of kustomization files.
pub const FILE_NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The kinds in whose pod specs kustomize rewrites references, in any API group.
pub const POD_KINDS: &[&str] = &[
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Pod",
    "PodTemplate",
    "ReplicaSet",
    "StatefulSet",
];

/// Whether kustomize rewrites a reference at this site, below this field of the pod spec.
pub fn renames(workload: &Identity, site: &Site, field: &str) -> bool {
    // The only entry for a Knative Service is `valueFrom.secretKeyRef` of its containers.
    let is_knative = workload.kind == "Service" && workload.group == "serving.knative.dev";
    if is_knative && workload.version == "v1" {
        let is_secret_key = site.reads == Reads::Key && site.target == Target::Secret;
        return is_secret_key && field == "containers" && site.kustomize.contains(&field);
    }
    POD_KINDS.contains(&workload.kind.as_str()) && site.kustomize.contains(&field)
}
