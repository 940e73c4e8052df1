//! The reasons why a workload gets no stamp, and why a stamp rolls its pods later.

use crate::k8s::kinds::NoRoll;
use crate::k8s::waits::RolloutWait;

/// The reason why a pod template of this kind gets no stamp: completes "a stamp ..." and "it ...".
pub fn no_stamp(reason: NoRoll, kind: &str) -> String {
    let text = match reason {
        NoRoll::LaterPods => {
            return format!("changes only the pods that a {kind} starts later");
        }
        NoRoll::StartedJob => {
            "would break the apply: a started Job refuses any change of its pod template"
        }
        NoRoll::StartedRun => {
            "would break the apply: a started job refuses any change of its pod template"
        }
        NoRoll::RunningPod => "does not restart a running Pod; only deleting it does",
        NoRoll::LaterRuns => "is not needed: each run reads its configuration again",
        NoRoll::LaterCronJobs => {
            "is not needed: each run of a CronJob reads its configuration again"
        }
        NoRoll::NoController => "on a PodTemplate rolls nothing: no controller runs it",
        NoRoll::RunningExperiment => "would change an experiment that is running",
        NoRoll::NotRecreated => {
            "changes nothing that runs: KubeRay does not recreate the pods of a RayCluster"
        }
        NoRoll::NewCluster => "would make a whole new cluster",
        NoRoll::FixedName => {
            "would be refused: its template has a fixed name, so it names one Revision that cannot change"
        }
        NoRoll::Configured => "is not wanted: the configuration says that it rolls nothing",
        NoRoll::Unlisted => {
            "is not written: the effect of a change of its pod template is not known"
        }
    };
    text.to_owned()
}

/// The event after which the pods of a stamped workload are replaced: completes "its pods are
/// replaced only ...".
pub fn until(until: RolloutWait) -> &'static str {
    match until {
        RolloutWait::Resumed => "when the paused rollout is resumed",
        RolloutWait::Deleted => "when somebody deletes them: its update strategy is OnDelete",
        RolloutWait::Ordinal => {
            "at and above the ordinal that the `partition` of its update strategy names"
        }
        RolloutWait::Partition => {
            "up to the `partition` of its update strategy, which keeps some as they are"
        }
        RolloutWait::Started => {
            "when somebody starts a rollout: none of its triggers is ConfigChange"
        }
    }
}
