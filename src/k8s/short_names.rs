//! SHORT NAMES of workload kinds, as `kubectl` and the definitions of the projects list them.

use super::kinds::WORKLOADS;

/// Pairs of a short name and its kind.
pub const SHORT_NAMES: &[(&str, &str)] = &[
    ("deploy", "Deployment"),
    ("sts", "StatefulSet"),
    ("ds", "DaemonSet"),
    ("rs", "ReplicaSet"),
    ("rc", "ReplicationController"),
    ("cj", "CronJob"),
    ("po", "Pod"),
    ("dc", "DeploymentConfig"),
    ("ro", "Rollout"),
    ("ksvc", "Service"),
    ("clone", "CloneSet"),
    ("asts", "StatefulSet"),
    ("daemon", "DaemonSet"),
    ("lws", "LeaderWorkerSet"),
    ("sj", "ScaledJob"),
    ("vcjob", "Job"),
    ("sparkapp", "SparkApplication"),
];

/// Pairs of a short name and its kind, for kinds that provide a ConfigMap or a Secret.
const SOURCE_SHORT_NAMES: &[(&str, &str)] = &[("cm", "ConfigMap"), ("es", "ExternalSecret")];

/// Whether a word means a kind: the kind itself, its plural or a short name, in any case.
pub fn means(word: &str, kind: &str) -> bool {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    is(kind)
        || word.strip_suffix(['s', 'S']).is_some_and(|word| word.eq_ignore_ascii_case(kind))
        || SHORT_NAMES
            .iter()
            .chain(SOURCE_SHORT_NAMES)
            .any(|(short, long)| is(short) && *long == kind)
}

/// Whether a word means the kind of some workload.
pub fn is_kind(word: &str) -> bool {
    WORKLOADS.iter().any(|row| means(word, &row.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_short_name_is_that_of_a_workload() {
        for (short, kind) in SHORT_NAMES {
            assert!(WORKLOADS.iter().any(|row| row.kind == *kind), "{short}");
        }
        assert!(means("deployments", "Deployment") && means("STS", "StatefulSet"));
        assert!(!means("deploy", "DeploymentConfig") && !means("s", "Pod"));
    }
}
