//! OTHER NAMES: places whose text is no name of a ConfigMap or Secret, though it may read the same. A
//! Deployment, its label and its container are often called what their ConfigMap is called.
//!
//! Only what an API type says is listed. Text that a program reads (arguments, variables, annotations,
//! file contents) may be any name, and so may what a custom resource says.

use crate::yaml::path::FieldPath;
use std::sync::LazyLock;

/// API groups of Kubernetes itself: what a field there means is known, so that any field that is no
/// reference and no [`FREE`] text names something else.
pub const OWN_GROUPS: &[&str] = &[
    "",
    "apps",
    "batch",
    "extensions",
    "autoscaling",
    "policy",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "node.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "certificates.k8s.io",
    "events.k8s.io",
];

/// Text of Kubernetes' own objects that programs read.
pub static FREE: LazyLock<Vec<FieldPath>> = LazyLock::new(|| {
    FieldPath::all(&[
        "**/annotations/*",
        "**/command",
        "**/args",
        "**/env/value",
        "data/*",
        "stringData/*",
        "parameters/*",
        "**/csi/volumeAttributes/*",
        "**/flexVolume/options/*",
    ])
});

/// Fields of any object that name something else.
pub static OTHER: LazyLock<Vec<FieldPath>> = LazyLock::new(|| {
    FieldPath::all(&[
        "apiVersion",
        "kind",
        "metadata/name",
        "metadata/generateName",
        "metadata/namespace",
        "metadata/uid",
        "metadata/labels/*",
        "**/metadata/labels/*",
        "**/matchLabels/*",
        "**/matchExpressions/key",
        "**/matchExpressions/values",
        // kubernetes.io/docs/reference/labels-annotations-taints, helm.sh/docs/topics/kubernetes_apis
        "**/annotations/kubectl.kubernetes.io\\/default-container",
        "**/annotations/kubectl.kubernetes.io\\/default-logs-container",
        "metadata/annotations/meta.helm.sh\\/release-name",
        "metadata/annotations/meta.helm.sh\\/release-namespace",
        // What this program and kustomize write for themselves.
        "metadata/annotations/rollstamp.dev\\/base-name",
        "metadata/annotations/internal.config.kubernetes.io\\/previousNames",
        "metadata/annotations/internal.config.kubernetes.io\\/prefixes",
        "metadata/annotations/internal.config.kubernetes.io\\/suffixes",
        "metadata/annotations/internal.config.kubernetes.io\\/previousNamespaces",
        "metadata/annotations/internal.config.kubernetes.io\\/path",
        "metadata/annotations/config.kubernetes.io\\/path",
    ])
});

/// Whether text at a place of Kubernetes' own types is read by programs.
pub fn is_free(way: &[impl AsRef<str>]) -> bool {
    FREE.iter().any(|path| path.matches(way))
}

/// Whether text at a place of any object names something else.
pub fn is_other(way: &[impl AsRef<str>]) -> bool {
    OTHER.iter().any(|path| path.matches(way))
}

/// Kinds without a namespace, whose references may mean any.
pub const CLUSTER_WIDE: &[&str] = &[
    "APIService",
    "ClusterIssuer",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterWorkflowTemplate",
    "CustomResourceDefinition",
    "GatewayClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "StorageClass",
    "ValidatingWebhookConfiguration",
    "VolumeSnapshotClass",
];
