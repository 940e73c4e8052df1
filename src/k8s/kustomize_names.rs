//! What kustomize is known to do: the names of its files, and where it rewrites the names of ConfigMaps
//! and Secrets in what runs pods, when these get a prefix, a suffix or a hash
//! (api/internal/konfig/builtinpluginconsts/namereference.go, the same in v5.5.0 and v5.8.1). It leaves
//! every other place as it is.

use super::id::ObjectId;

/// The names of kustomization files.
pub const FILE_NAMES: &[&str] = &["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The kinds with a pod spec that it knows, whatever their group.
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

/// The sites that it knows in these, and the fields of the pod spec below which it looks for them.
const SITES: &[(&str, &[&str])] = &[
    ("env-config-map-key", CONTAINERS),
    ("env-secret-key", CONTAINERS),
    ("env-from-config-map", CONTAINERS),
    ("env-from-secret", CONTAINERS),
    ("volume-config-map", &["volumes"]),
    ("volume-secret", &["volumes"]),
    ("projected-config-map", &["volumes"]),
    ("projected-secret", &["volumes"]),
    ("image-pull-secret", &["imagePullSecrets"]),
];

/// The rows of [`super::referrers`] that it has as well.
pub const REFERRERS: &[&str] = &[
    "node-config",
    "role-rule",
    "cluster-role-rule",
    "ingress-tls",
    "ingress-fastcgi",
    "ingress-auth",
    "ingress-nginx-auth",
    "ingress-nginx-auth-tls",
    "service-account-pull",
    "storage-class-secret",
    "storage-class-admin",
    "storage-class-user",
    "storage-class-ref",
    "volume-azure-file",
];

const CONTAINERS: &[&str] = &["containers", "initContainers"];

/// Whether it rewrites a reference at this site, below this field of the pod spec.
pub fn renames(workload: &ObjectId, site: &str, field: &str) -> bool {
    // The one entry for Knative knows variables of containers alone.
    let is_knative = workload.kind == "Service" && workload.group == "serving.knative.dev";
    if is_knative && workload.version == "v1" {
        return site == "env-secret-key" && field == "containers";
    }
    POD_KINDS.contains(&workload.kind.as_str())
        && SITES.iter().any(|(known, fields)| *known == site && fields.contains(&field))
}
