//! WAITS: settings of a workload with which its controller does not replace pods at once when the
//! pod template changes.

use crate::yaml::path::FieldPath;
use std::sync::LazyLock;

/// A setting with this effect.
#[derive(Debug, PartialEq, Eq)]
pub struct Wait {
    /// The kinds that have it, in any group; empty for every kind.
    pub kinds: &'static [&'static str],
    /// The path from the object to the field.
    pub path: FieldPath,
    /// The value that makes the controller wait.
    pub is: FieldTest,
    /// What the controller waits for.
    pub until: RolloutWait,
}

/// What a controller waits for before it replaces pods. The sentences are in
/// [`crate::finding::workload`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutWait {
    /// Somebody resumes a paused rollout.
    Resumed,
    /// Somebody deletes the pods (`OnDelete`).
    Deleted,
    /// No event ends the wait: pods below the ordinal of the `partition` are not replaced
    /// (StatefulSet).
    Ordinal,
    /// No event ends the wait: the number of pods in `partition` is not replaced (`CloneSet`).
    Partition,
    /// Somebody starts a rollout, because no trigger does (DeploymentConfig).
    Started,
}

/// A condition on the value of a field.
#[derive(Debug, PartialEq, Eq)]
pub enum FieldTest {
    /// The boolean `true`.
    True,
    /// This text.
    Text(&'static str),
    /// A number, or a percentage, greater than zero.
    Positive,
    /// A list of mappings, none of which has this field with this text.
    ListWithout(&'static str, &'static str),
}

/// One row for each setting; the first that holds counts.
pub static WAITS: LazyLock<Vec<Wait>> = LazyLock::new(|| {
    vec![
        // Deployment, DeploymentConfig, Rollout
        Wait {
            kinds: &[],
            path: FieldPath::parse("spec/paused"),
            is: FieldTest::True,
            until: RolloutWait::Resumed,
        },
        // kubernetes.io/docs/tasks/manage-daemon/update-daemon-set, .../workloads/controllers/statefulset
        Wait {
            kinds: &["StatefulSet", "DaemonSet"],
            path: FieldPath::parse("spec/updateStrategy/type"),
            is: FieldTest::Text("OnDelete"),
            until: RolloutWait::Deleted,
        },
        // kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions
        Wait {
            kinds: &["StatefulSet"],
            path: FieldPath::parse("spec/updateStrategy/rollingUpdate/partition"),
            is: FieldTest::Positive,
            until: RolloutWait::Ordinal,
        },
        // openkruise.io/docs/user-manuals: CloneSet keeps `partition` pods as they are
        Wait {
            kinds: &["CloneSet"],
            path: FieldPath::parse("spec/updateStrategy/partition"),
            is: FieldTest::Positive,
            until: RolloutWait::Partition,
        },
        Wait {
            kinds: &["CloneSet"],
            path: FieldPath::parse("spec/updateStrategy/paused"),
            is: FieldTest::True,
            until: RolloutWait::Resumed,
        },
        Wait {
            kinds: &["StatefulSet", "DaemonSet"],
            path: FieldPath::parse("spec/updateStrategy/rollingUpdate/paused"),
            is: FieldTest::True,
            until: RolloutWait::Resumed,
        },
        // docs.okd.io, deployment triggers: without any list the API server adds a ConfigChange trigger
        Wait {
            kinds: &["DeploymentConfig"],
            path: FieldPath::parse("spec/triggers"),
            is: FieldTest::ListWithout("type", "ConfigChange"),
            until: RolloutWait::Started,
        },
    ]
});
