//! WORKLOADS: which kinds hold a pod template, where, and whether a change of it rolls pods.
//!
//! The default stamped kinds are part of scheme v1 and never change; later kinds are opt-in.

/// A kind that holds a pod template.
#[derive(Debug, PartialEq, Eq)]
pub struct WorkloadKind {
    /// The API groups in which the kind exists; the version does not matter.
    pub groups: &'static [&'static str],
    /// The kind.
    pub kind: &'static str,
    /// The fields from the object to its pod template; empty if the object is one itself.
    pub template: &'static [&'static str],
    /// Whether a changed annotation of the template replaces running pods.
    pub rolls: Rolls,
    /// Whether Kubernetes itself runs it, so that nobody adds mounts to its template.
    pub built_in: bool,
}

/// What a changed annotation of the pod template does.
#[derive(Debug, PartialEq, Eq)]
pub enum Rolls {
    /// Running pods are replaced: it gets a stamp.
    Yes,
    /// Running pods stay, or the apply is refused: it gets none. The reason completes "a stamp ...".
    No(&'static str),
}

/// One row a kind.
pub const WORKLOADS: &[WorkloadKind] = &[
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
    WorkloadKind {
        groups: &["apps", "extensions"],
        kind: "Deployment",
        template: &["spec", "template"],
        rolls: Rolls::Yes,
        built_in: true,
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/
    WorkloadKind {
        groups: &["apps"],
        kind: "StatefulSet",
        template: &["spec", "template"],
        rolls: Rolls::Yes,
        built_in: true,
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/
    WorkloadKind {
        groups: &["apps", "extensions"],
        kind: "DaemonSet",
        template: &["spec", "template"],
        rolls: Rolls::Yes,
        built_in: true,
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/replica-set-v1/
    // (kube-apiserver 1.36: accepted, the same pods stay).
    WorkloadKind {
        groups: &["apps", "extensions"],
        kind: "ReplicaSet",
        template: &["spec", "template"],
        rolls: Rolls::No("changes only the pods that a ReplicaSet starts later"),
        built_in: true,
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/replication-controller-v1/
    WorkloadKind {
        groups: &[""],
        kind: "ReplicationController",
        template: &["spec", "template"],
        rolls: Rolls::No("changes only the pods that a ReplicationController starts later"),
        built_in: true,
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1/ (kube-apiserver
    // 1.36: `spec.template: field is immutable` once started).
    WorkloadKind {
        groups: &["batch"],
        kind: "Job",
        template: &["spec", "template"],
        rolls: Rolls::No(
            "would break the apply: a started Job refuses any change of its pod template",
        ),
        built_in: true,
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1/
    WorkloadKind {
        groups: &["batch"],
        kind: "CronJob",
        template: &["spec", "jobTemplate", "spec", "template"],
        rolls: Rolls::No("is not needed: each run of a CronJob reads its configuration anew"),
        built_in: true,
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (kube-apiserver
    // 1.36: the annotation changes, nothing restarts).
    WorkloadKind {
        groups: &[""],
        kind: "Pod",
        template: &[],
        rolls: Rolls::No("does not restart a running Pod; only deleting it does"),
        built_in: true,
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-template-v1/
    WorkloadKind {
        groups: &[""],
        kind: "PodTemplate",
        template: &["template"],
        rolls: Rolls::No("on a PodTemplate rolls nothing: no controller runs it"),
        built_in: true,
    },
    // OpenShift API apps.openshift.io/v1: a ConfigChange trigger, the default, rolls on any change
    // of the template. The kind is older than API groups, so it also exists in the core group.
    WorkloadKind {
        groups: &["apps.openshift.io", ""],
        kind: "DeploymentConfig",
        template: &["spec", "template"],
        rolls: Rolls::Yes,
        built_in: true,
    },
    // https://argoproj.github.io/argo-rollouts/features/specification/ (with `workloadRef` the
    // template is that of the Deployment it names, which is stamped by its own row).
    WorkloadKind {
        groups: &["argoproj.io"],
        kind: "Rollout",
        template: &["spec", "template"],
        rolls: Rolls::Yes,
        built_in: false,
    },
];

/// The row of a kind, if it holds a pod template.
pub fn workload(group: &str, kind: &str) -> Option<&'static WorkloadKind> {
    WORKLOADS
        .iter()
        .find(|row| row.kind == kind && row.groups.contains(&group))
}
