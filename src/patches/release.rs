//! The patch that removes checksums and version labels from the pod templates of a release, for
//! every version of the chart: it names kinds and keys, but no values and no workloads.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The keys to remove from the pod templates of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Keys of annotations.
    pub annotations: BTreeSet<String>,
    /// Keys of labels.
    pub labels: BTreeSet<String>,
}

/// The keys to remove, by API group and kind of the workloads.
pub type ByKind = BTreeMap<(String, String), Dropped>;

/// The field `postRenderers` of a Flux HelmRelease (helm.toolkit.fluxcd.io, `spec`) that removes
/// these keys from the pod templates at `spec.template`. A null in a strategic merge patch removes
/// an existing key, and is not an error if the key is absent (sigs.k8s.io/kustomize/api 0.20).
pub fn steady_release(dropped: &ByKind) -> String {
    let mut block = String::from("postRenderers:\n  - kustomize:\n      patches:");
    let kinds = dropped.iter().filter(|(_, keys)| **keys != Dropped::default());
    let mut is_empty = true;
    for ((group, kind), keys) in kinds {
        if is_empty {
            block.push('\n');
            is_empty = false;
        }
        let nulls = |keys: &BTreeSet<String>| {
            let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\": null")).collect();
            keys.join(", ")
        };
        let mut metadata = Vec::new();
        if !keys.annotations.is_empty() {
            metadata.push(format!("annotations: {{{}}}", nulls(&keys.annotations)));
        }
        if !keys.labels.is_empty() {
            metadata.push(format!("labels: {{{}}}", nulls(&keys.labels)));
        }
        let _ = write!(
            block,
            "        - target: {{group: {group}, kind: {kind}}}\n          patch: |\n            apiVersion: {group}/v1\n            kind: {kind}\n            metadata: {{name: all}}\n            spec: {{template: {{metadata: {{{}}}}}}}\n",
            metadata.join(", ")
        );
    }
    if is_empty {
        block.push_str(" []\n");
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_from_which_nothing_goes_has_no_patch() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        let of = |kind: &str| ("apps".to_owned(), kind.to_owned());
        let dropped = ByKind::from([
            (of("DaemonSet"), Dropped::default()),
            (
                of("Deployment"),
                Dropped { annotations: keys(&["checksum/b"]), labels: keys(&["helm.sh/chart"]) },
            ),
        ]);
        let text = steady_release(&dropped);
        assert!(!text.contains("DaemonSet"), "{text}");
        assert!(
            text.contains(
                "{annotations: {\"checksum/b\": null}, labels: {\"helm.sh/chart\": null}}"
            )
        );
        assert!(steady_release(&ByKind::new()).ends_with("patches: []\n"));
    }
}
