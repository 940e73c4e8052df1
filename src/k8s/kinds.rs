//! WORKLOADS: which kinds hold pod templates, where, and whether a change of one rolls pods.
//!
//! The kinds that are stamped by default are part of scheme v1 and never change: a test compares them
//! with `testdata/golden/v1-rows.txt`.

use super::Since;
use super::releases::ReleasedPods;
use crate::yaml::path::FieldPath;
use smol_str::SmolStr;
use std::sync::LazyLock;

/// A kind that holds pod templates.
#[derive(Debug, PartialEq, Eq)]
pub struct WorkloadKind {
    /// The API groups in which the kind exists; the version does not matter.
    pub groups: Vec<SmolStr>,
    /// The kind.
    pub kind: SmolStr,
    /// The paths from the object to its pod templates. The path without steps means that the object is
    /// a pod template itself, `**` means every mapping that has the shape of a pod template.
    pub templates: Vec<FieldPath>,
    /// Whether a changed annotation of a template replaces running pods.
    pub rolls: Rolls,
    /// Whether a controller of Kubernetes itself runs it; such a controller adds no mounts to the
    /// pod template.
    pub built_in: bool,
    /// Where an object holds the annotations of pods that it does not hold itself. Only rows of the
    /// configuration have it, and such rows have no paths to pod templates.
    pub released: Option<Box<ReleasedPods>>,
    /// Which users get stamps because of this row.
    pub since: Since,
}

/// The effect of a changed annotation of a pod template.
#[derive(Debug, PartialEq, Eq)]
pub enum Rolls {
    /// The controller replaces running pods: the pod template gets a stamp.
    Yes,
    /// As [`Rolls::Yes`], unless the template's own metadata has a name ([`NoRoll::FixedName`]).
    UnlessNamed,
    /// Running pods stay, or the apply is refused: the pod template gets no stamp.
    No(NoRoll),
}

impl Rolls {
    /// Whether templates of the kind are stamped at all.
    pub fn is_stamped(&self) -> bool {
        !matches!(self, Self::No(_))
    }
}

/// Why a pod template gets no stamp. The sentences are in [`crate::finding::workload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoll {
    /// A `batch/v1` Job that has started refuses any change of its pod template.
    StartedJob,
    /// A started job of another controller refuses any change of its pod template.
    StartedRun,
    /// A running Pod does not restart when an annotation changes.
    RunningPod,
    /// Only pods that the controller starts later get the new template.
    LaterPods,
    /// Each run makes new pods, which read the new content anyway.
    LaterRuns,
    /// Each run of a `batch/v1` CronJob makes new pods, which read the new content anyway.
    LaterCronJobs,
    /// No controller runs the object.
    NoController,
    /// The change would reach an Argo Rollouts Experiment while it runs.
    RunningExperiment,
    /// `KubeRay` does not recreate the pods of a `RayCluster`.
    NotRecreated,
    /// `KubeRay` would replace the whole cluster of a `RayService`.
    NewCluster,
    /// The template has a name, so it names one Knative Revision, which cannot change.
    FixedName,
    /// The configuration says that the kind does not roll.
    Configured,
    /// The kind has no row, so the effect of a change of its pod template is unknown.
    Unlisted,
}

impl NoRoll {
    /// Whether the API server refuses another name of a source in the pod template once the object
    /// exists in the cluster.
    pub fn refuses_changes(self) -> bool {
        matches!(self, Self::StartedJob | Self::StartedRun | Self::RunningPod | Self::FixedName)
    }
}

const TEMPLATE: &[&str] = &["spec/template"];

macro_rules! kinds {
    ($($source:literal $kind:literal [$($group:literal)+] $templates:expr, $rolls:expr, $built_in:literal, $since:ident)*) => {
        /// One row for each kind.
        pub static WORKLOADS: LazyLock<Vec<WorkloadKind>> = LazyLock::new(|| vec![$(
            WorkloadKind {
                groups: vec![$(SmolStr::new_static($group)),+],
                kind: SmolStr::new_static($kind),
                templates: FieldPath::all($templates),
                rolls: $rolls,
                built_in: $built_in,
                released: None,
                since: Since::$since,
            },
        )*]);

        /// The documentation of each kind, in the order of [`WORKLOADS`].
        pub const ORIGINS: &[&str] = &[$($source,)*];
    };
}

kinds! {
    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1"
    "Deployment" ["apps" "extensions"] TEMPLATE, Rolls::Yes, true, V1

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1"
    "StatefulSet" ["apps"] TEMPLATE, Rolls::Yes, true, V1

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1"
    "DaemonSet" ["apps" "extensions"] TEMPLATE, Rolls::Yes, true, V1

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/replica-set-v1; kube-apiserver 1.36: accepted, the same pods stay"
    "ReplicaSet" ["apps" "extensions"] TEMPLATE,
    Rolls::No(NoRoll::LaterPods), true, V1

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/replication-controller-v1"
    "ReplicationController" [""] TEMPLATE,
    Rolls::No(NoRoll::LaterPods), true, V1

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1; kube-apiserver 1.36: `spec.template: field is immutable` once started"
    "Job" ["batch"] TEMPLATE,
    Rolls::No(NoRoll::StartedJob), true, V1

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1"
    "CronJob" ["batch"] &["spec/jobTemplate/spec/template"],
    Rolls::No(NoRoll::LaterCronJobs), true, V1

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1; kube-apiserver 1.36: the annotation changes, nothing restarts"
    "Pod" [""] &[""],
    Rolls::No(NoRoll::RunningPod), true, V1

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-template-v1"
    "PodTemplate" [""] &["template"],
    Rolls::No(NoRoll::NoController), true, V1

    "github.com/openshift/api apps/v1 DeploymentConfig: a ConfigChange trigger, the default, rolls on a change of the template; older than API groups, so in the core group as well"
    "DeploymentConfig" ["apps.openshift.io" ""] TEMPLATE, Rolls::Yes, false, V1

    "github.com/argoproj/argo-rollouts v1alpha1; with `workloadRef` the template is that of the Deployment it names, which has a row of its own"
    "Rollout" ["argoproj.io"] TEMPLATE, Rolls::Yes, false, V1

    "github.com/argoproj/argo-rollouts v1alpha1 Experiment"
    "Experiment" ["argoproj.io"] &["spec/templates[]/template"],
    Rolls::No(NoRoll::RunningExperiment), false, V1

    "github.com/argoproj/argo-rollouts v1alpha1 AnalysisTemplate"
    "AnalysisTemplate" ["argoproj.io"] &["spec/metrics[]/provider/job/spec/template"], Rolls::No(NoRoll::LaterRuns), false, V1

    "github.com/argoproj/argo-rollouts v1alpha1 ClusterAnalysisTemplate"
    "ClusterAnalysisTemplate" ["argoproj.io"] &["spec/metrics[]/provider/job/spec/template"], Rolls::No(NoRoll::LaterRuns), false, V1

    "github.com/argoproj/argo-rollouts v1alpha1 AnalysisRun"
    "AnalysisRun" ["argoproj.io"] &["spec/metrics[]/provider/job/spec/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "github.com/openkruise/kruise apps/v1alpha1 CloneSet"
    "CloneSet" ["apps.kruise.io"] TEMPLATE, Rolls::Yes, false, V1

    "github.com/openkruise/kruise apps/v1beta1 StatefulSet"
    "StatefulSet" ["apps.kruise.io"] TEMPLATE, Rolls::Yes, false, V1

    "github.com/openkruise/kruise apps/v1alpha1 DaemonSet"
    "DaemonSet" ["apps.kruise.io"] TEMPLATE, Rolls::Yes, false, V1

    "github.com/openkruise/kruise apps/v1alpha1 BroadcastJob"
    "BroadcastJob" ["apps.kruise.io"] TEMPLATE, Rolls::No(NoRoll::StartedRun), false, V1

    "github.com/openkruise/kruise apps/v1alpha1 AdvancedCronJob"
    "AdvancedCronJob" ["apps.kruise.io"]
    &["spec/template/jobTemplate/spec/template", "spec/template/broadcastJobTemplate/spec/template"],
    Rolls::No(NoRoll::LaterRuns), false, V1

    "github.com/openkruise/kruise apps/v1alpha1 UnitedDeployment"
    "UnitedDeployment" ["apps.kruise.io"]
    &[
        "spec/template/statefulSetTemplate/spec/template",
        "spec/template/advancedStatefulSetTemplate/spec/template",
        "spec/template/cloneSetTemplate/spec/template",
        "spec/template/deploymentTemplate/spec/template",
    ],
    Rolls::Yes, false, V1

    "knative.dev/docs/serving/reference/serving-api Service: a change of the template makes a new Revision"
    "Service" ["serving.knative.dev"] TEMPLATE,
    Rolls::UnlessNamed, false, V1

    "knative.dev/docs/serving/reference/serving-api Configuration"
    "Configuration" ["serving.knative.dev"] TEMPLATE,
    Rolls::UnlessNamed, false, V1

    "lws.sigs.k8s.io/docs/reference/leaderworkerset.v1"
    "LeaderWorkerSet" ["leaderworkerset.x-k8s.io"]
    &["spec/leaderWorkerTemplate/leaderTemplate", "spec/leaderWorkerTemplate/workerTemplate"], Rolls::Yes, false, V1

    "keda.sh/docs ScaledJob spec"
    "ScaledJob" ["keda.sh"] &["spec/jobTargetRef/template"], Rolls::No(NoRoll::LaterRuns), false, V1

    "volcano.sh/en/docs/vcjob"
    "Job" ["batch.volcano.sh"] &["spec/tasks[]/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "volcano.sh/en/docs CronJob"
    "CronJob" ["batch.volcano.sh"] &["spec/jobTemplate/spec/tasks[]/template"], Rolls::No(NoRoll::LaterRuns), false, V1

    "volcano.sh/en/docs/jobflow JobTemplate"
    "JobTemplate" ["flow.volcano.sh"] &["spec/tasks[]/template"], Rolls::No(NoRoll::LaterRuns), false, V1

    "kubeflow.org/docs/components/trainer/legacy-v1 PyTorchJob"
    "PyTorchJob" ["kubeflow.org"] &["spec/pytorchReplicaSpecs/*/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "kubeflow.org/docs/components/trainer/legacy-v1 TFJob"
    "TFJob" ["kubeflow.org"] &["spec/tfReplicaSpecs/*/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "kubeflow.org/docs/components/trainer/legacy-v1 MPIJob"
    "MPIJob" ["kubeflow.org"] &["spec/mpiReplicaSpecs/*/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "kubeflow.org/docs/components/trainer/legacy-v1 XGBoostJob"
    "XGBoostJob" ["kubeflow.org"] &["spec/xgbReplicaSpecs/*/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "kubeflow.org/docs/components/trainer/legacy-v1 PaddleJob"
    "PaddleJob" ["kubeflow.org"] &["spec/paddleReplicaSpecs/*/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "kubeflow.org/docs/components/trainer/legacy-v1 JAXJob"
    "JAXJob" ["kubeflow.org"] &["spec/jaxReplicaSpecs/*/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "kubeflow.org/docs/components/trainer TrainingRuntime"
    "TrainingRuntime" ["trainer.kubeflow.org"] &["spec/template/spec/replicatedJobs[]/template/spec/template"],
    Rolls::No(NoRoll::LaterRuns), false, V1

    "kubeflow.org/docs/components/trainer ClusterTrainingRuntime"
    "ClusterTrainingRuntime" ["trainer.kubeflow.org"] &["spec/template/spec/replicatedJobs[]/template/spec/template"],
    Rolls::No(NoRoll::LaterRuns), false, V1

    "jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2"
    "JobSet" ["jobset.x-k8s.io"] &["spec/replicatedJobs[]/template/spec/template"], Rolls::No(NoRoll::StartedRun), false, V1

    "docs.ray.io/en/latest/cluster/kubernetes/references RayCluster; KubeRay does not recreate pods when the spec changes"
    "RayCluster" ["ray.io"] &["spec/headGroupSpec/template", "spec/workerGroupSpecs[]/template"],
    Rolls::No(NoRoll::NotRecreated), false, V1

    "docs.ray.io/en/latest/cluster/kubernetes/references RayService"
    "RayService" ["ray.io"]
    &["spec/rayClusterConfig/headGroupSpec/template", "spec/rayClusterConfig/workerGroupSpecs[]/template"],
    Rolls::No(NoRoll::NewCluster), false, V1

    "docs.ray.io/en/latest/cluster/kubernetes/references RayJob"
    "RayJob" ["ray.io"]
    &[
        "spec/rayClusterSpec/headGroupSpec/template",
        "spec/rayClusterSpec/workerGroupSpecs[]/template",
        "spec/submitterPodTemplate",
    ],
    Rolls::No(NoRoll::StartedRun), false, V1

    "docs.ray.io/en/latest/cluster/kubernetes/references RayCronJob"
    "RayCronJob" ["ray.io"]
    &[
        "spec/jobTemplate/rayClusterSpec/headGroupSpec/template",
        "spec/jobTemplate/rayClusterSpec/workerGroupSpecs[]/template",
        "spec/jobTemplate/submitterPodTemplate",
    ],
    Rolls::No(NoRoll::LaterRuns), false, V1

    "github.com/kubeflow/spark-operator v1beta2 SparkApplication"
    "SparkApplication" ["sparkoperator.k8s.io"] &["spec/driver/template", "spec/executor/template"],
    Rolls::No(NoRoll::StartedRun), false, V1

    "github.com/kubeflow/spark-operator v1beta2 ScheduledSparkApplication"
    "ScheduledSparkApplication" ["sparkoperator.k8s.io"] &["spec/template/driver/template", "spec/template/executor/template"],
    Rolls::No(NoRoll::LaterRuns), false, V1
}

/// The row for all kinds without a row of their own. Their pod templates are found by shape only,
/// so the effect of a changed annotation is unknown.
pub static UNLISTED: LazyLock<WorkloadKind> = LazyLock::new(|| WorkloadKind {
    groups: Vec::new(),
    kind: SmolStr::default(),
    templates: FieldPath::all(&["**"]),
    rolls: Rolls::No(NoRoll::Unlisted),
    built_in: false,
    released: None,
    since: Since::V1,
});

impl WorkloadKind {
    /// Whether it is the row for kinds without a row.
    pub fn is_unlisted(&self) -> bool {
        self.kind.is_empty()
    }

    /// Whether it is the row of this kind.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.groups.iter().any(|known| known == group)
    }
}

/// Kinds that are never searched for the shape of a pod template, because they hold schemas.
pub const SHAPELESS: &[&str] = &["CustomResourceDefinition"];

/// A field in which an object names, by `kind` and `name`, another workload whose pod template it uses.
pub struct DelegateField {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The field of the `spec` that names the other workload.
    pub field: &'static str,
}

/// One row for each kind.
pub const DELEGATES: &[DelegateField] = &[
    // argo-rollouts.readthedocs.io/en/stable/migrating/#reference-deployment-from-rollout
    DelegateField { group: "argoproj.io", kind: "Rollout", field: "workloadRef" },
];

/// The field of the `spec` that names another workload, if the kind has one.
pub fn delegate(group: &str, kind: &str) -> Option<&'static str> {
    let row = DELEGATES.iter().find(|row| row.kind == kind && row.group == group);
    row.map(|row| row.field)
}

/// The default row of a kind, if it holds pod templates.
pub fn workload(group: &str, kind: &str) -> Option<&'static WorkloadKind> {
    let mut rows = WORKLOADS.iter().filter(|row| row.since == Since::V1);
    rows.find(|row| row.is(group, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_an_origin_and_a_kind_of_its_own() {
        assert_eq!(ORIGINS.len(), WORKLOADS.len());
        for (i, row) in WORKLOADS.iter().enumerate() {
            for other in &WORKLOADS[..i] {
                let same_group = row.groups.iter().any(|g| other.groups.contains(g));
                assert!(row.kind != other.kind || !same_group, "{} occurs twice", row.kind);
            }
        }
    }
}
