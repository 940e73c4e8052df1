//! WORKLOADS: which kinds hold pod templates, where, and whether a change of one rolls pods.
//!
//! The default stamped kinds are part of scheme v1 and never change; later kinds are opt-in.

/// A kind that holds pod templates.
#[derive(Debug, PartialEq, Eq)]
pub struct WorkloadKind {
    /// The API groups in which the kind exists; the version does not matter.
    pub groups: &'static [&'static str],
    /// The kind.
    pub kind: &'static str,
    /// The ways from the object to its pod templates, with `/` between fields. `[]` behind a field
    /// means each of its items, `*` each value of a mapping; empty, the object is one itself.
    /// [`BY_SHAPE`]: whatever looks like one.
    pub templates: &'static [&'static str],
    /// Whether a changed annotation of a template replaces running pods.
    pub rolls: Rolls,
    /// Whether Kubernetes itself runs it, so that nobody adds mounts to its template.
    pub built_in: bool,
}

/// What a changed annotation of a pod template does.
#[derive(Debug, PartialEq, Eq)]
pub enum Rolls {
    /// Running pods are replaced: it gets a stamp.
    Yes,
    /// As [`Rolls::Yes`], unless the template's own metadata has a name: the reason completes "a
    /// stamp ...".
    UnlessNamed(&'static str),
    /// Running pods stay, or the apply is refused: it gets none. The reason completes "a stamp ...".
    No(&'static str),
}

/// SHIM
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "shim")]
pub enum NoRoll {
    StartedJob,
    StartedRun,
    RunningPod,
    LaterPods,
    LaterRuns,
    LaterCronJobs,
    NoController,
    RunningExperiment,
    NotRecreated,
    NewCluster,
    FixedName,
    Configured,
    Unlisted,
}
impl NoRoll {
    /// SHIM
    pub fn shim(text: &str) -> Self {
        match text {
            STARTED => Self::StartedRun,
            STARTED_JOB => Self::StartedJob,
            RUNNING_POD => Self::RunningPod,
            LATER_RUNS => Self::LaterRuns,
            t if t.contains("each run of a CronJob") => Self::LaterCronJobs,
            t if t.contains("starts later") => Self::LaterPods,
            t if t.contains("no controller") => Self::NoController,
            t if t.contains("not written") => Self::Unlisted,
            _ => Self::Configured,
        }
    }
}

impl Rolls {
    /// Whether templates of the kind are stamped at all.
    pub fn is_stamped(&self) -> bool {
        !matches!(self, Self::No(_))
    }
}

const TEMPLATE: &[&str] = &["spec/template"];
const STARTED: &str = "would break the apply: a started job refuses any change of its pod template";
const STARTED_JOB: &str =
    "would break the apply: a started Job refuses any change of its pod template";
const RUNNING_POD: &str = "does not restart a running Pod; only deleting it does";
const LATER_RUNS: &str = "is not needed: each run reads its configuration anew";

macro_rules! kinds {
    ($($source:literal $kind:literal [$($group:literal)+] $templates:expr, $rolls:expr, $built_in:literal)*) => {
        /// One row a kind.
        pub const WORKLOADS: &[WorkloadKind] = &[$(
            WorkloadKind {
                groups: &[$($group),+],
                kind: $kind,
                templates: $templates,
                rolls: $rolls,
                built_in: $built_in,
            },
        )*];

        /// Where the shape of each kind is written down, in the order of [`WORKLOADS`].
        pub const ORIGINS: &[&str] = &[$($source,)*];
    };
}

kinds! {
    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1"
    "Deployment" ["apps" "extensions"] TEMPLATE, Rolls::Yes, true

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1"
    "StatefulSet" ["apps"] TEMPLATE, Rolls::Yes, true

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1"
    "DaemonSet" ["apps" "extensions"] TEMPLATE, Rolls::Yes, true

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/replica-set-v1; kube-apiserver 1.36: accepted, the same pods stay"
    "ReplicaSet" ["apps" "extensions"] TEMPLATE,
    Rolls::No("changes only the pods that a ReplicaSet starts later"), true

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/replication-controller-v1"
    "ReplicationController" [""] TEMPLATE,
    Rolls::No("changes only the pods that a ReplicationController starts later"), true

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/job-v1; kube-apiserver 1.36: `spec.template: field is immutable` once started"
    "Job" ["batch"] TEMPLATE,
    Rolls::No(STARTED_JOB), true

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/cron-job-v1"
    "CronJob" ["batch"] &["spec/jobTemplate/spec/template"],
    Rolls::No("is not needed: each run of a CronJob reads its configuration anew"), true

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1; kube-apiserver 1.36: the annotation changes, nothing restarts"
    "Pod" [""] &[""],
    Rolls::No(RUNNING_POD), true

    "kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-template-v1"
    "PodTemplate" [""] &["template"],
    Rolls::No("on a PodTemplate rolls nothing: no controller runs it"), true

    "github.com/openshift/api apps/v1 DeploymentConfig: a ConfigChange trigger, the default, rolls on a change of the template; older than API groups, so in the core group as well"
    "DeploymentConfig" ["apps.openshift.io" ""] TEMPLATE, Rolls::Yes, false

    "github.com/argoproj/argo-rollouts v1alpha1; with `workloadRef` the template is that of the Deployment it names, which has a row of its own"
    "Rollout" ["argoproj.io"] TEMPLATE, Rolls::Yes, false

    "github.com/argoproj/argo-rollouts v1alpha1 Experiment"
    "Experiment" ["argoproj.io"] &["spec/templates[]/template"],
    Rolls::No("would change an experiment that is running"), false

    "github.com/argoproj/argo-rollouts v1alpha1 AnalysisTemplate"
    "AnalysisTemplate" ["argoproj.io"] &["spec/metrics[]/provider/job/spec/template"], Rolls::No(LATER_RUNS), false

    "github.com/argoproj/argo-rollouts v1alpha1 ClusterAnalysisTemplate"
    "ClusterAnalysisTemplate" ["argoproj.io"] &["spec/metrics[]/provider/job/spec/template"], Rolls::No(LATER_RUNS), false

    "github.com/argoproj/argo-rollouts v1alpha1 AnalysisRun"
    "AnalysisRun" ["argoproj.io"] &["spec/metrics[]/provider/job/spec/template"], Rolls::No(STARTED), false

    "github.com/openkruise/kruise apps/v1alpha1 CloneSet"
    "CloneSet" ["apps.kruise.io"] TEMPLATE, Rolls::Yes, false

    "github.com/openkruise/kruise apps/v1beta1 StatefulSet"
    "StatefulSet" ["apps.kruise.io"] TEMPLATE, Rolls::Yes, false

    "github.com/openkruise/kruise apps/v1alpha1 DaemonSet"
    "DaemonSet" ["apps.kruise.io"] TEMPLATE, Rolls::Yes, false

    "github.com/openkruise/kruise apps/v1alpha1 BroadcastJob"
    "BroadcastJob" ["apps.kruise.io"] TEMPLATE, Rolls::No(STARTED), false

    "github.com/openkruise/kruise apps/v1alpha1 AdvancedCronJob"
    "AdvancedCronJob" ["apps.kruise.io"]
    &["spec/template/jobTemplate/spec/template", "spec/template/broadcastJobTemplate/spec/template"],
    Rolls::No(LATER_RUNS), false

    "github.com/openkruise/kruise apps/v1alpha1 UnitedDeployment"
    "UnitedDeployment" ["apps.kruise.io"]
    &[
        "spec/template/statefulSetTemplate/spec/template",
        "spec/template/advancedStatefulSetTemplate/spec/template",
        "spec/template/cloneSetTemplate/spec/template",
        "spec/template/deploymentTemplate/spec/template",
    ],
    Rolls::Yes, false

    "knative.dev/docs/serving/reference/serving-api Service: a change of the template makes a new Revision"
    "Service" ["serving.knative.dev"] TEMPLATE,
    Rolls::UnlessNamed("would be refused: its template has a fixed name, so it names one Revision that cannot change"), false

    "knative.dev/docs/serving/reference/serving-api Configuration"
    "Configuration" ["serving.knative.dev"] TEMPLATE,
    Rolls::UnlessNamed("would be refused: its template has a fixed name, so it names one Revision that cannot change"), false

    "lws.sigs.k8s.io/docs/reference/leaderworkerset.v1"
    "LeaderWorkerSet" ["leaderworkerset.x-k8s.io"]
    &["spec/leaderWorkerTemplate/leaderTemplate", "spec/leaderWorkerTemplate/workerTemplate"], Rolls::Yes, false

    "keda.sh/docs ScaledJob spec"
    "ScaledJob" ["keda.sh"] &["spec/jobTargetRef/template"], Rolls::No(LATER_RUNS), false

    "volcano.sh/en/docs/vcjob"
    "Job" ["batch.volcano.sh"] &["spec/tasks[]/template"], Rolls::No(STARTED), false

    "volcano.sh/en/docs CronJob"
    "CronJob" ["batch.volcano.sh"] &["spec/jobTemplate/spec/tasks[]/template"], Rolls::No(LATER_RUNS), false

    "volcano.sh/en/docs/jobflow JobTemplate"
    "JobTemplate" ["flow.volcano.sh"] &["spec/tasks[]/template"], Rolls::No(LATER_RUNS), false

    "kubeflow.org/docs/components/trainer/legacy-v1 PyTorchJob"
    "PyTorchJob" ["kubeflow.org"] &["spec/pytorchReplicaSpecs/*/template"], Rolls::No(STARTED), false

    "kubeflow.org/docs/components/trainer/legacy-v1 TFJob"
    "TFJob" ["kubeflow.org"] &["spec/tfReplicaSpecs/*/template"], Rolls::No(STARTED), false

    "kubeflow.org/docs/components/trainer/legacy-v1 MPIJob"
    "MPIJob" ["kubeflow.org"] &["spec/mpiReplicaSpecs/*/template"], Rolls::No(STARTED), false

    "kubeflow.org/docs/components/trainer/legacy-v1 XGBoostJob"
    "XGBoostJob" ["kubeflow.org"] &["spec/xgbReplicaSpecs/*/template"], Rolls::No(STARTED), false

    "kubeflow.org/docs/components/trainer/legacy-v1 PaddleJob"
    "PaddleJob" ["kubeflow.org"] &["spec/paddleReplicaSpecs/*/template"], Rolls::No(STARTED), false

    "kubeflow.org/docs/components/trainer/legacy-v1 JAXJob"
    "JAXJob" ["kubeflow.org"] &["spec/jaxReplicaSpecs/*/template"], Rolls::No(STARTED), false

    "kubeflow.org/docs/components/trainer TrainingRuntime"
    "TrainingRuntime" ["trainer.kubeflow.org"] &["spec/template/spec/replicatedJobs[]/template/spec/template"],
    Rolls::No(LATER_RUNS), false

    "kubeflow.org/docs/components/trainer ClusterTrainingRuntime"
    "ClusterTrainingRuntime" ["trainer.kubeflow.org"] &["spec/template/spec/replicatedJobs[]/template/spec/template"],
    Rolls::No(LATER_RUNS), false

    "jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2"
    "JobSet" ["jobset.x-k8s.io"] &["spec/replicatedJobs[]/template/spec/template"], Rolls::No(STARTED), false

    "docs.ray.io/en/latest/cluster/kubernetes/references RayCluster; KubeRay does not recreate pods when the spec changes"
    "RayCluster" ["ray.io"] &["spec/headGroupSpec/template", "spec/workerGroupSpecs[]/template"],
    Rolls::No("changes nothing that runs: KubeRay does not recreate the pods of a RayCluster"), false

    "docs.ray.io/en/latest/cluster/kubernetes/references RayService"
    "RayService" ["ray.io"]
    &["spec/rayClusterConfig/headGroupSpec/template", "spec/rayClusterConfig/workerGroupSpecs[]/template"],
    Rolls::No("would make a whole new cluster"), false

    "docs.ray.io/en/latest/cluster/kubernetes/references RayJob"
    "RayJob" ["ray.io"]
    &[
        "spec/rayClusterSpec/headGroupSpec/template",
        "spec/rayClusterSpec/workerGroupSpecs[]/template",
        "spec/submitterPodTemplate",
    ],
    Rolls::No(STARTED), false

    "docs.ray.io/en/latest/cluster/kubernetes/references RayCronJob"
    "RayCronJob" ["ray.io"]
    &[
        "spec/jobTemplate/rayClusterSpec/headGroupSpec/template",
        "spec/jobTemplate/rayClusterSpec/workerGroupSpecs[]/template",
        "spec/jobTemplate/submitterPodTemplate",
    ],
    Rolls::No(LATER_RUNS), false

    "github.com/kubeflow/spark-operator v1beta2 SparkApplication"
    "SparkApplication" ["sparkoperator.k8s.io"] &["spec/driver/template", "spec/executor/template"],
    Rolls::No(STARTED), false

    "github.com/kubeflow/spark-operator v1beta2 ScheduledSparkApplication"
    "ScheduledSparkApplication" ["sparkoperator.k8s.io"] &["spec/template/driver/template", "spec/template/executor/template"],
    Rolls::No(LATER_RUNS), false
}

/// The way to every mapping in an object that has the shape of a pod template.
pub const BY_SHAPE: &str = "**";

/// What stands for a kind without a row: found by the shape of a pod template alone, so that nobody
/// knows what a changed annotation does.
pub static UNLISTED: WorkloadKind = WorkloadKind {
    groups: &[],
    kind: "",
    templates: &[BY_SHAPE],
    rolls: Rolls::No("is not written: nobody said what a change of its pod template does"),
    built_in: false,
};

impl WorkloadKind {
    /// Whether the API server refuses another name in its pod template once it is there.
    pub fn refuses_changes(&self) -> bool {
        match self.rolls {
            Rolls::No(reason) => [STARTED, STARTED_JOB, RUNNING_POD].contains(&reason),
            Rolls::Yes | Rolls::UnlessNamed(_) => false,
        }
    }

    /// Whether it stands for kinds without a row.
    pub fn is_unlisted(&self) -> bool {
        self.kind.is_empty()
    }
}

/// Kinds that are never searched for the shape of a pod template: what they hold is a schema.
pub const SHAPELESS: &[&str] = &["CustomResourceDefinition"];

/// Where an object names another workload, by `kind` and `name`, whose pod template it uses.
pub struct Delegate {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The way to the mapping that names the other one.
    pub path: &'static str,
}

/// One row a kind.
pub const DELEGATES: &[Delegate] = &[
    // argo-rollouts.readthedocs.io/en/stable/migrating/#reference-deployment-from-rollout
    Delegate { group: "argoproj.io", kind: "Rollout", path: "spec/workloadRef" },
];

/// The way to the name of another workload, if the kind has one.
pub fn delegate(group: &str, kind: &str) -> Option<&'static str> {
    let row = DELEGATES.iter().find(|row| row.kind == kind && row.group == group);
    row.map(|row| row.path)
}

/// The row of a kind, if it holds pod templates.
pub fn workload(group: &str, kind: &str) -> Option<&'static WorkloadKind> {
    WORKLOADS.iter().find(|row| row.kind == kind && row.groups.contains(&group))
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
                assert!(row.kind != other.kind || !same_group, "{} stands twice", row.kind);
            }
        }
    }
}
