//! The patches for a folder that several controllers apply: they share one stamps file.

use super::Summary;
use crate::patches::StampPatch;
use std::collections::BTreeSet;

/// The patches that the stamps file of a folder must hold: `wanted` are those of the overlays that
/// are built from it, and `summaries` are their summaries. Overlays that give a workload the same
/// name must need the same stamps, or use different namespaces.
///
/// # Errors
/// A workload that needs different stamps, so that one file cannot hold all of them.
pub fn together(
    wanted: Vec<Vec<StampPatch>>,
    summaries: &[&Summary],
) -> Result<Vec<StampPatch>, StampPatch> {
    if summaries.len() < 2 {
        return Ok(wanted.into_iter().flatten().collect());
    }
    let name = |patch: &StampPatch| (patch.group.clone(), patch.kind.clone(), patch.name.clone());
    let names: BTreeSet<_> = wanted.iter().flatten().map(name).collect();
    let mut patches = Vec::new();
    for wanted in names {
        let needs = summaries.iter().flat_map(|summary| &summary.needs).map(|need| &need.patch);
        let same: Vec<&StampPatch> = needs.filter(|patch| name(patch) == wanted).collect();
        let Some(first) = same.first() else { continue };
        if same.iter().all(|patch| patch.stamps == first.stamps) {
            patches.push((*first).clone());
            continue;
        }
        for patch in &same {
            let clashes = same.iter().any(|other| {
                patch.stamps != other.stamps
                    && (patch.namespace.is_none() || patch.namespace == other.namespace)
            });
            if clashes {
                return Err((*patch).clone());
            }
            if !patches.contains(*patch) {
                patches.push((*patch).clone());
            }
        }
    }
    Ok(patches)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overlays::Need;
    use crate::patches::Stamp;

    fn summary(namespace: Option<&str>, value: &str) -> Summary {
        let patch = StampPatch {
            group: "apps".into(),
            kind: "Deployment".into(),
            name: "web".into(),
            namespace: namespace.map(Into::into),
            version: "v1".into(),
            stamps: vec![Stamp { way: Vec::new(), missing: 0, value: value.into() }],
        };
        Summary { needs: vec![Need { patch, is_right: false }], told: Vec::new() }
    }

    fn count(one: &Summary, two: &Summary) -> Option<usize> {
        let wanted = [one, two].map(|s| s.needs.iter().map(|need| need.patch.clone()).collect());
        together(wanted.to_vec(), &[one, two]).ok().map(|patches| patches.len())
    }

    #[test]
    fn one_file_holds_what_names_or_namespaces_tell_apart() {
        assert_eq!(count(&summary(None, "a"), &summary(None, "a")), Some(1));
        assert_eq!(count(&summary(Some("x"), "a"), &summary(Some("y"), "a")), Some(1));
        assert_eq!(count(&summary(Some("x"), "a"), &summary(Some("y"), "b")), Some(2));
        assert_eq!(count(&summary(None, "a"), &summary(None, "b")), None);
        assert_eq!(count(&summary(Some("x"), "a"), &summary(None, "b")), None);
    }
}
