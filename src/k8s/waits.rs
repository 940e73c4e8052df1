//! WAITS: settings of a workload under which its controller does not replace pods at once when the
//! pod template changes.

/// A setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Wait {
    /// The kinds that have it, in any group; empty, every kind.
    pub kinds: &'static [&'static str],
    /// The way to the field, with `/` between names.
    pub path: &'static str,
    /// What stands there.
    pub is: Is,
    /// Completes "its pods are replaced only ...".
    pub until: &'static str,
}

/// SHIM
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "shim")]
pub enum Until {
    Resumed,
    Deleted,
    Ordinal,
    Partition,
    Started,
}
impl Until {
    /// SHIM
    pub fn shim(text: &str) -> Self {
        match text {
            RESUMED => Self::Resumed,
            ORDINALS => Self::Ordinal,
            t if t.contains("OnDelete") => Self::Deleted,
            t if t.contains("up to") => Self::Partition,
            _ => Self::Started,
        }
    }
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
pub const WAITS: &[Wait] = &[
    // Deployment, DeploymentConfig, Rollout
    Wait { kinds: &[], path: "spec/paused", is: Is::True, until: RESUMED },
    // kubernetes.io/docs/tasks/manage-daemon/update-daemon-set, .../workloads/controllers/statefulset
    Wait {
        kinds: &["StatefulSet", "DaemonSet"],
        path: "spec/updateStrategy/type",
        is: Is::Text("OnDelete"),
        until: "when somebody deletes them: its update strategy is OnDelete",
    },
    // kubernetes.io/docs/concepts/workloads/controllers/statefulset/#partitions
    Wait {
        kinds: &["StatefulSet"],
        path: "spec/updateStrategy/rollingUpdate/partition",
        is: Is::Positive,
        until: ORDINALS,
    },
    // openkruise.io/docs/user-manuals: CloneSet keeps `partition` pods as they are
    Wait {
        kinds: &["CloneSet"],
        path: "spec/updateStrategy/partition",
        is: Is::Positive,
        until: "up to the `partition` of its update strategy, which keeps some as they are",
    },
    Wait { kinds: &["CloneSet"], path: "spec/updateStrategy/paused", is: Is::True, until: RESUMED },
    Wait {
        kinds: &["StatefulSet", "DaemonSet"],
        path: "spec/updateStrategy/rollingUpdate/paused",
        is: Is::True,
        until: RESUMED,
    },
    // docs.okd.io, deployment triggers: without any list the API server adds a ConfigChange trigger
    Wait {
        kinds: &["DeploymentConfig"],
        path: "spec/triggers",
        is: Is::ListWithout("type", "ConfigChange"),
        until: "when somebody starts a rollout: none of its triggers is ConfigChange",
    },
];
