//! WAITS: settings of a workload under which its controller does not replace pods at once when the
//! pod template changes.

use crate::yaml::path::FieldPath;
use std::sync::LazyLock;

/// A setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Wait {
    /// The kinds that have it, in any group; empty, every kind.
    pub kinds: &'static [&'static str],
    /// The way from the object to the field.
    pub path: FieldPath,
    /// What stands there.
    pub is: Is,
    /// Completes "its pods are replaced only ...".
    pub until: &'static str,
}

/// What a field says.
#[derive(Debug, PartialEq, Eq)]
pub enum Is {
    /// The boolean `true`.
    True,
    /// This text.
    Text(&'static str),
    /// A number, or a percentage, greater than zero.
    Positive,
    /// A list of mappings, none of which has this field with this text.
    ListWithout(&'static str, &'static str),
}

const RESUMED: &str = "when the paused rollout is resumed";
const ORDINALS: &str = "at and above the ordinal that the `partition` of its update strategy names";

/// One row a setting; the first that holds counts.
pub static WAITS: LazyLock<Vec<Wait>> = LazyLock::new(|| {
    vec![
        // Deployment, DeploymentConfig, Rollout
        Wait { kinds: &[], path: FieldPath::parse("spec/paused"), is: Is::True, until: RESUMED },
        // kubernetes.io/docs/tasks/manage-daemon/update-daemon-set, .../workloads/controllers/statefulset
        Wait {
            kinds: &["StatefulSet", "DaemonSet"],
            path: FieldPath::parse("spec/updateStrategy/type"),
            is: Is::Text("OnDelete"),
            until: "when somebody deletes them: its update strategy is OnDelete",
        },
        // kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions
        Wait {
            kinds: &["StatefulSet"],
            path: FieldPath::parse("spec/updateStrategy/rollingUpdate/partition"),
            is: Is::Positive,
            until: ORDINALS,
        },
        // openkruise.io/docs/user-manuals: CloneSet keeps `partition` pods as they are
        Wait {
            kinds: &["CloneSet"],
            path: FieldPath::parse("spec/updateStrategy/partition"),
            is: Is::Positive,
            until: "up to the `partition` of its update strategy, which keeps some as they are",
        },
        Wait {
            kinds: &["CloneSet"],
            path: FieldPath::parse("spec/updateStrategy/paused"),
            is: Is::True,
            until: RESUMED,
        },
        Wait {
            kinds: &["StatefulSet", "DaemonSet"],
            path: FieldPath::parse("spec/updateStrategy/rollingUpdate/paused"),
            is: Is::True,
            until: RESUMED,
        },
        // docs.okd.io, deployment triggers: without any list the API server adds a ConfigChange trigger
        Wait {
            kinds: &["DeploymentConfig"],
            path: FieldPath::parse("spec/triggers"),
            is: Is::ListWithout("type", "ConfigChange"),
            until: "when somebody starts a rollout: none of its triggers is ConfigChange",
        },
    ]
});
