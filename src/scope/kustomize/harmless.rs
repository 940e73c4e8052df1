//! Fields of a workload that a patch may set, because they say nothing about what its pods read.

/// Fields of a workload that say nothing about what its pods read. `[]` is an item of a list, `*`
/// a key that is no control annotation; what lies below counts too.
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

/// The same below each container.
const HARMLESS_IN_CONTAINER: &[&str] = &[
    "args",
    "command",
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

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    let split = |path: &'static str| path.split('/').collect::<Vec<_>>();
    let containers = CONTAINERS.iter().flat_map(move |list| {
        HARMLESS_IN_CONTAINER.iter().map(move |field| {
            let mut row = split(list);
            row.push(field);
            row
        })
    });
    HARMLESS.iter().map(move |path| split(path)).chain(containers)
}

/// Whether an annotation means something to kustomize, to Helm or to us.
pub(super) fn is_control(key: &str, stamp: &str) -> bool {
    key == stamp
        || ["rollstamp", "kustomize.", "config.kubernetes.io", "config.k8s.io", "helm.sh"]
            .iter()
            .any(|mark| key.contains(mark))
}

fn step_fits(row: &str, step: &str, stamp: &str) -> bool {
    row == step || (row == "*" && !is_control(step, stamp))
}

/// Whether a path is one of the harmless ones, or lies below one.
pub(super) fn is_harmless(path: &[String], stamp: &str) -> bool {
    rows().any(|row| {
        row.len() <= path.len()
            && row.iter().zip(path).all(|(row, step)| step_fits(row, step, stamp))
    })
}

/// Whether a harmless path lies below this one.
pub(super) fn leads_on(path: &[String], stamp: &str) -> bool {
    rows().any(|row| {
        row.len() > path.len()
            && row.iter().zip(path).all(|(row, step)| step_fits(row, step, stamp))
    })
}
