//! DISRUPTION: how controllers replace pods when a pod template changes, as tables. Every row names the
//! page or the code of Kubernetes that it is taken from.

/// Where a workload says how its pods are replaced.
#[derive(Debug, PartialEq, Eq)]
pub struct Rollout {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The way to the number of pods, with `/` between fields; empty, one pod a node.
    pub replicas: &'static str,
    /// The way to the name of the strategy; empty, there is no choice.
    pub strategy: &'static str,
    /// The strategy where none is written.
    pub default: &'static str,
    /// The way to the number of pods that may be added, and that number where none is written. Empty,
    /// none may.
    pub surge: (&'static str, &'static str),
    /// The way to the number of pods that may be missing, and that number where none is written.
    pub unavailable: (&'static str, &'static str),
    /// How a percentage of missing pods is made a whole number.
    pub round_up: bool,
    /// How pods follow one another.
    pub order: Order,
}

/// How pods follow one another in a rollout.
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

/// One row a kind.
pub const ROLLOUTS: &[Rollout] = &[
    // kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy; pkg/controller/deployment/
    // util/deployment_util.go ResolveFenceposts: surge up, unavailable down, both 0: unavailable 1
    Rollout {
        group: "apps",
        kind: "Deployment",
        replicas: "spec/replicas",
        strategy: "spec/strategy/type",
        default: "RollingUpdate",
        surge: ("spec/strategy/rollingUpdate/maxSurge", "25%"),
        unavailable: ("spec/strategy/rollingUpdate/maxUnavailable", "25%"),
        round_up: false,
        order: Order::Free,
    },
    // kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies, and #maximum-
    // unavailable-pods: a percentage is rounded up, and 1 is the least
    Rollout {
        group: "apps",
        kind: "StatefulSet",
        replicas: "spec/replicas",
        strategy: "spec/updateStrategy/type",
        default: "RollingUpdate",
        surge: ("", "0"),
        unavailable: ("spec/updateStrategy/rollingUpdate/maxUnavailable", "1"),
        round_up: true,
        order: Order::Ordinals,
    },
    // kubernetes.io/docs/tasks/manage-daemon/update-daemon-set; apps/v1 RollingUpdateDaemonSet: both are
    // rounded up
    Rollout {
        group: "apps",
        kind: "DaemonSet",
        replicas: "",
        strategy: "spec/updateStrategy/type",
        default: "RollingUpdate",
        surge: ("spec/updateStrategy/rollingUpdate/maxSurge", "0"),
        unavailable: ("spec/updateStrategy/rollingUpdate/maxUnavailable", "1"),
        round_up: true,
        order: Order::Nodes,
    },
    // argo-rollouts.readthedocs.io/en/stable/features/specification: canary, 25% and 25%; replicas 1
    Rollout {
        group: "argoproj.io",
        kind: "Rollout",
        replicas: "spec/replicas",
        strategy: "",
        default: "canary",
        surge: ("spec/strategy/canary/maxSurge", "25%"),
        unavailable: ("spec/strategy/canary/maxUnavailable", "25%"),
        round_up: false,
        order: Order::Steps,
    },
    // docs.okd.io/latest/applications/deployments/deployment-strategies.html: Rolling, 25% and 25%
    Rollout {
        group: "apps.openshift.io",
        kind: "DeploymentConfig",
        replicas: "spec/replicas",
        strategy: "spec/strategy/type",
        default: "Rolling",
        surge: ("spec/strategy/rollingParams/maxSurge", "25%"),
        unavailable: ("spec/strategy/rollingParams/maxUnavailable", "25%"),
        round_up: false,
        order: Order::Free,
    },
];

/// The row of a kind; `extensions` was the first group of what `apps` is now.
pub fn rollout(group: &str, kind: &str) -> Option<&'static Rollout> {
    let group = match (group, kind) {
        ("extensions", _) => "apps",
        ("", "DeploymentConfig") => "apps.openshift.io",
        _ => group,
    };
    ROLLOUTS.iter().find(|row| row.kind == kind && row.group == group)
}

/// Strategies under which every pod goes before the first new one comes.
// kubernetes.io/docs/concepts/workloads/controllers/deployment/#recreate-deployment; StatefulSet has it
// since 1.35 as an alpha feature
pub const RECREATE: &str = "Recreate";

/// Strategies under which the controller replaces no pod by itself.
// kubernetes.io/docs/concepts/workloads/controllers/statefulset/#on-delete
pub const ON_DELETE: &str = "OnDelete";

/// Access modes of a claim with which a new pod may have to wait for the old one.
// kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes: ReadWriteOnce is one node at a
// time, ReadWriteOncePod one pod at a time
pub const EXCLUSIVE: &[&str] = &["ReadWriteOnce", "ReadWriteOncePod"];

/// What scales a workload: kinds that set the number of its pods in the cluster.
#[derive(Debug, PartialEq, Eq)]
pub struct Scaler {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The way to the mapping that names the workload by `kind` and `name`.
    pub target: &'static str,
    /// The kind of the workload where none is written.
    pub default_kind: &'static str,
    /// The way to the least number of pods, and that number where none is written.
    pub least: (&'static str, u64),
    /// The way to the greatest number of pods, and that number where none is written.
    pub most: (&'static str, u64),
}

/// One row a kind.
pub const SCALERS: &[Scaler] = &[
    // kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2
    Scaler {
        group: "autoscaling",
        kind: "HorizontalPodAutoscaler",
        target: "spec/scaleTargetRef",
        default_kind: "",
        least: ("spec/minReplicas", 1),
        most: ("spec/maxReplicas", 1),
    },
    // keda.sh/docs/latest/reference/scaledobject-spec: 0 and 100, a Deployment
    Scaler {
        group: "keda.sh",
        kind: "ScaledObject",
        target: "spec/scaleTargetRef",
        default_kind: "Deployment",
        least: ("spec/minReplicaCount", 0),
        most: ("spec/maxReplicaCount", 100),
    },
];

/// Kinds that say something about how the pods of others are replaced: they are found while texts are
/// read, and looked at only if a workload near them rolls.
pub const NEIGHBOURS: &[(&str, &str)] = &[
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("keda.sh", "ScaledObject"),
    // kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets: a budget counts
    // the pods that a rollout takes away, but does not limit it
    ("policy", "PodDisruptionBudget"),
    ("", "PersistentVolumeClaim"),
];

/// Lists of a container that say nothing about how its pods are replaced.
// kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Container
pub const NOT_OF_ROLLOUTS: &[&str] = &[
    "args",
    "command",
    "env",
    "envFrom",
    "ports",
    "resizePolicy",
    "volumeDevices",
    "volumeMounts",
];

/// The time after which a Deployment that makes no progress is reported, in seconds.
// kubernetes.io/docs/concepts/workloads/controllers/deployment/#progress-deadline-seconds
pub const PROGRESS_DEADLINE: u64 = 600;
