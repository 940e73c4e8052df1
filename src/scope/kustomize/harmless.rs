//! Fields of a workload that a patch may set, because they do not change what its pods read.

use crate::yaml::path::{FieldPath, PathStep};
use std::sync::LazyLock;

/// Fields of a workload that do not change what its pods read. `[]` is an item of a list, `*` is a
/// key that is not a control annotation; fields below them count too.
const HARMLESS: &[&str] = &[
    "metadata/labels",
    "metadata/annotations/*",
    "spec/replicas",
    "spec/strategy",
    "spec/updateStrategy",
    "spec/minReadySeconds",
    "spec/revisionHistoryLimit",
    "spec/progressDeadlineSeconds",
    "spec/paused",
    "spec/serviceName",
    "spec/podManagementPolicy",
    "spec/selector",
    "spec/template/metadata/labels",
    "spec/template/metadata/annotations/*",
    "spec/template/spec/affinity",
    "spec/template/spec/automountServiceAccountToken",
    "spec/template/spec/dnsConfig",
    "spec/template/spec/dnsPolicy",
    "spec/template/spec/enableServiceLinks",
    "spec/template/spec/hostAliases",
    "spec/template/spec/hostNetwork",
    "spec/template/spec/imagePullSecrets",
    "spec/template/spec/nodeSelector",
    "spec/template/spec/priorityClassName",
    "spec/template/spec/restartPolicy",
    "spec/template/spec/runtimeClassName",
    "spec/template/spec/schedulerName",
    "spec/template/spec/securityContext",
    "spec/template/spec/serviceAccount",
    "spec/template/spec/serviceAccountName",
    "spec/template/spec/terminationGracePeriodSeconds",
    "spec/template/spec/tolerations",
    "spec/template/spec/topologySpreadConstraints",
];

/// The same, below each container.
const HARMLESS_IN_CONTAINER: &[&str] = &[
    "args",
    "command",
    // A literal value: with `valueFrom` beside it, the API server refuses the entry.
    "env/[]/value",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resources",
    "restartPolicy",
    "securityContext",
    "startupProbe",
    "stdin",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "workingDir",
];

const CONTAINERS: &[&str] =
    &["spec/template/spec/containers/[]", "spec/template/spec/initContainers/[]"];

static ROWS: LazyLock<Vec<FieldPath>> = LazyLock::new(|| {
    let in_containers = CONTAINERS.iter().flat_map(|list| {
        HARMLESS_IN_CONTAINER.iter().map(move |field| FieldPath::parse(&format!("{list}/{field}")))
    });
    FieldPath::all(HARMLESS).into_iter().chain(in_containers).collect()
});

/// Fields of a source that do not change its content.
const HARMLESS_TO_SOURCES: &[&str] = &["metadata/labels", "metadata/annotations/*", "immutable"];

static SOURCE_ROWS: LazyLock<Vec<FieldPath>> =
    LazyLock::new(|| FieldPath::all(HARMLESS_TO_SOURCES));

/// Whether a path in a source is one of the harmless ones, or lies below one.
pub(super) fn is_harmless_to_sources(path: &[PathStep], stamp: &str) -> bool {
    SOURCE_ROWS.iter().any(|row| row.steps().len() <= path.len() && fits(row, path, stamp))
}

/// Parts of the keys of annotations that have an effect on kustomize
/// (`kustomize.config.k8s.io/needs-hash`, `config.kubernetes.io/local-config`,
/// `internal.config.kubernetes.io/...`), on Helm (`helm.sh/hook`) or on rollstamp. Other keys with
/// these words, such as `helm.sh/chart` or `kustomize.toolkit.fluxcd.io/substitute`, have no effect
/// here.
const CONTROL: &[&str] =
    &["rollstamp", "config.kubernetes.io", "config.k8s.io", "kustomize.k8s.io", "helm.sh/hook"];

/// Whether an annotation has an effect on kustomize, on Helm or on rollstamp.
pub(super) fn is_control(key: &str, stamp: &str) -> bool {
    key == stamp || CONTROL.iter().any(|mark| key.contains(mark))
}

/// Whether the row and the path are equal in the steps that both have.
fn fits(row: &FieldPath, path: &[PathStep], stamp: &str) -> bool {
    row.steps().iter().zip(path).all(|(row, step)| match (row, step) {
        // A directive of a patch, such as `$patch`, concerns the whole mapping.
        (PathStep::AnyField, PathStep::Field(name)) => {
            !name.starts_with('$') && !is_control(name, stamp)
        }
        _ => row == step,
    })
}

/// Whether a path is one of the harmless ones, or lies below one.
pub(super) fn is_harmless(path: &[PathStep], stamp: &str) -> bool {
    ROWS.iter().any(|row| row.steps().len() <= path.len() && fits(row, path, stamp))
}

/// Whether a harmless path lies below this one.
pub(super) fn leads_on(path: &[PathStep], stamp: &str) -> bool {
    ROWS.iter().any(|row| row.steps().len() > path.len() && fits(row, path, stamp))
}
