//! OTHER NAMES: fields whose text is not the name of a ConfigMap or Secret, even if it is equal to one.
//! A Deployment, its label and its container often have the same name as their ConfigMap.
//!
//! Only fields of API types are listed. A text that a program reads (arguments, variables, annotations,
//! file contents) may name anything, and so may any field of a custom resource.

use crate::yaml::path::FieldPath;
use std::sync::LazyLock;

/// API groups of Kubernetes itself. The meaning of their fields is known: a field that is neither a
/// reference nor in [`FREE`] names something else.
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

/// Fields of Kubernetes' own objects whose text is for programs, so that it may name anything.
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

/// Fields of any object that name something else than a ConfigMap or Secret.
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
        // Annotations that rollstamp and kustomize write for their own use.
        "metadata/annotations/rollstamp.dev\\/base-name",
        "metadata/annotations/internal.config.kubernetes.io\\/previousNames",
        "metadata/annotations/internal.config.kubernetes.io\\/prefixes",
        "metadata/annotations/internal.config.kubernetes.io\\/suffixes",
        "metadata/annotations/internal.config.kubernetes.io\\/previousNamespaces",
        "metadata/annotations/internal.config.kubernetes.io\\/path",
        "metadata/annotations/config.kubernetes.io\\/path",
    ])
});

/// Whether programs read the text of this field of an object of [`OWN_GROUPS`].
pub fn is_free(way: &[impl AsRef<str>]) -> bool {
    FREE.iter().any(|path| path.matches(way))
}

/// Whether the text of this field, in any object, names something else.
pub fn is_other(way: &[impl AsRef<str>]) -> bool {
    OTHER.iter().any(|path| path.matches(way))
}

/// Kinds without a namespace. Their references may mean a source in any namespace.
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
