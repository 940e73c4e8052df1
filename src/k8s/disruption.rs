//! DISRUPTION: tables that describe how controllers replace pods when a pod template changes. Every
//! row names the page or the code of Kubernetes from which it is taken.

use crate::yaml::path::FieldPath;
use std::sync::LazyLock;

/// The fields in which a workload says how its pods are replaced.
#[derive(Debug, PartialEq, Eq)]
pub struct Rollout {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The path to the number of pods; empty if there is one pod for each node.
    pub replicas: FieldPath,
    /// The path to the name of the strategy; empty if there is only one strategy.
    pub strategy: FieldPath,
    /// The default strategy.
    pub default: &'static str,
    /// The path to the number of pods that may be added, and its default. Empty if no pods may be
    /// added.
    pub surge: (FieldPath, &'static str),
    /// The path to the number of pods that may be missing, and its default.
    pub unavailable: (FieldPath, &'static str),
    /// Whether a percentage of missing pods is rounded up to a whole number.
    pub round_up: bool,
    /// The order in which pods are replaced.
    pub order: Order,
}

/// The order in which a rollout replaces pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// In no order.
    Free,
    /// From the highest ordinal down to the partition.
    Ordinals,
    /// Node by node.
    Nodes,
    /// In the steps of a progressive delivery.
    Steps,
}

/// One row for each kind.
pub static ROLLOUTS: LazyLock<Vec<Rollout>> = LazyLock::new(|| {
    vec![
        // kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy; pkg/controller/deployment/
        // util/deployment_util.go ResolveFenceposts: surge up, unavailable down, both 0: unavailable 1
        Rollout {
            group: "apps",
            kind: "Deployment",
            replicas: FieldPath::parse("spec/replicas"),
            strategy: FieldPath::parse("spec/strategy/type"),
            default: "RollingUpdate",
            surge: (FieldPath::parse("spec/strategy/rollingUpdate/maxSurge"), "25%"),
            unavailable: (FieldPath::parse("spec/strategy/rollingUpdate/maxUnavailable"), "25%"),
            round_up: false,
            order: Order::Free,
        },
        // kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies, and #maximum-
        // unavailable-pods: a percentage is rounded up, and 1 is the least
        Rollout {
            group: "apps",
            kind: "StatefulSet",
            replicas: FieldPath::parse("spec/replicas"),
            strategy: FieldPath::parse("spec/updateStrategy/type"),
            default: "RollingUpdate",
            surge: (FieldPath::parse(""), "0"),
            unavailable: (
                FieldPath::parse("spec/updateStrategy/rollingUpdate/maxUnavailable"),
                "1",
            ),
            round_up: true,
            order: Order::Ordinals,
        },
        // kubernetes.io/docs/tasks/manage-daemon/update-daemon-set; apps/v1 RollingUpdateDaemonSet: both are
        // rounded up
        Rollout {
            group: "apps",
            kind: "DaemonSet",
            replicas: FieldPath::parse(""),
            strategy: FieldPath::parse("spec/updateStrategy/type"),
            default: "RollingUpdate",
            surge: (FieldPath::parse("spec/updateStrategy/rollingUpdate/maxSurge"), "0"),
            unavailable: (
                FieldPath::parse("spec/updateStrategy/rollingUpdate/maxUnavailable"),
                "1",
            ),
            round_up: true,
            order: Order::Nodes,
        },
        // argo-rollouts.readthedocs.io/en/stable/features/specification: canary, 25% and 25%; replicas 1
        Rollout {
            group: "argoproj.io",
            kind: "Rollout",
            replicas: FieldPath::parse("spec/replicas"),
            strategy: FieldPath::parse(""),
            default: "canary",
            surge: (FieldPath::parse("spec/strategy/canary/maxSurge"), "25%"),
            unavailable: (FieldPath::parse("spec/strategy/canary/maxUnavailable"), "25%"),
            round_up: false,
            order: Order::Steps,
        },
        // docs.okd.io/latest/applications/deployments/deployment-strategies.html: Rolling, 25% and 25%
        Rollout {
            group: "apps.openshift.io",
            kind: "DeploymentConfig",
            replicas: FieldPath::parse("spec/replicas"),
            strategy: FieldPath::parse("spec/strategy/type"),
            default: "Rolling",
            surge: (FieldPath::parse("spec/strategy/rollingParams/maxSurge"), "25%"),
            unavailable: (FieldPath::parse("spec/strategy/rollingParams/maxUnavailable"), "25%"),
            round_up: false,
            order: Order::Free,
        },
    ]
});

/// The row of a kind; the API group `extensions` is the old name of `apps`.
pub fn rollout(group: &str, kind: &str) -> Option<&'static Rollout> {
    let group = match (group, kind) {
        ("extensions", _) => "apps",
        ("", "DeploymentConfig") => "apps.openshift.io",
        _ => group,
    };
    ROLLOUTS.iter().find(|row| row.kind == kind && row.group == group)
}

/// Strategies with which every pod is deleted before the first new one starts.
// kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment; StatefulSet has it
// since 1.35 as an alpha feature
pub const RECREATE: &str = "Recreate";

/// Strategies with which the controller replaces no pods itself.
// kubernetes.io/docs/concepts/workloads/controllers/statefulset/#on-delete
pub const ON_DELETE: &str = "OnDelete";

/// Access modes of a claim with which a new pod may have to wait for the old one.
// kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes: ReadWriteOnce is one node at a
// time, ReadWriteOncePod one pod at a time
pub const EXCLUSIVE: &[&str] = &["ReadWriteOnce", "ReadWriteOncePod"];

/// A kind that sets the number of pods of a workload in the cluster.
#[derive(Debug, PartialEq, Eq)]
pub struct Scaler {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The path to the mapping that names the workload by `kind` and `name`.
    pub target: FieldPath,
    /// The kind of the workload if none is written.
    pub default_kind: &'static str,
    /// The path to the smallest number of pods, and its default.
    pub least: (FieldPath, u64),
    /// The path to the largest number of pods, and its default.
    pub most: (FieldPath, u64),
}

/// One row for each kind.
pub static SCALERS: LazyLock<Vec<Scaler>> = LazyLock::new(|| {
    vec![
        // kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2
        Scaler {
            group: "autoscaling",
            kind: "HorizontalPodAutoscaler",
            target: FieldPath::parse("spec/scaleTargetRef"),
            default_kind: "",
            least: (FieldPath::parse("spec/minReplicas"), 1),
            most: (FieldPath::parse("spec/maxReplicas"), 1),
        },
        // keda.sh/docs/latest/reference/scaledobject-spec: 0 and 100, a Deployment
        Scaler {
            group: "keda.sh",
            kind: "ScaledObject",
            target: FieldPath::parse("spec/scaleTargetRef"),
            default_kind: "Deployment",
            least: (FieldPath::parse("spec/minReplicaCount"), 0),
            most: (FieldPath::parse("spec/maxReplicaCount"), 100),
        },
    ]
});

/// Kinds that affect how the pods of other workloads are replaced. They are recorded while texts
/// are read, and used only if a workload near them rolls.
pub const NEIGHBOURS: &[(&str, &str)] = &[
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("keda.sh", "ScaledObject"),
    // kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets: a budget counts
    // the pods that a rollout takes away, but does not limit it
    ("policy", "PodDisruptionBudget"),
    ("", "PersistentVolumeClaim"),
];

/// The time after which a Deployment that makes no progress is reported, in seconds.
// kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds
pub const PROGRESS_DEADLINE: u64 = 600;
