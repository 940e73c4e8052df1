//! Wave: `hasRequiredAnnotation` and `getChildNamesByType` in `pkg/core` of 0.11.

use super::Annotations;
use crate::k8s::controllers::{WAVE_EXTRAS, WAVE_KINDS, WAVE_REQUIRED};
use crate::k8s::providers::Target;

/// Whether Wave manages a workload of this kind with these annotations. Annotations of the pod
/// template have no effect.
pub fn is_enabled(kind: &str, workload: &Annotations) -> bool {
    WAVE_KINDS.contains(&kind) && workload.is_true(WAVE_REQUIRED)
}

/// A source that Wave counts even if the pod template does not reference it. All of its keys count,
/// and it may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveExtra<'a> {
    /// The kind of the source.
    pub target: Target,
    /// The namespace of the source; if absent, the namespace of the workload.
    pub namespace: Option<&'a str>,
    /// The name of the source. Nothing is trimmed, so it can be a name that no object has.
    pub name: &'a str,
}

/// The sources that the annotations of a workload add, in their order.
pub fn extras(workload: &Annotations) -> impl Iterator<Item = WaveExtra<'_>> {
    WAVE_EXTRAS.iter().flat_map(|&(key, target)| {
        let entries = workload.get(key).into_iter().flat_map(|list| list.split(','));
        entries.filter_map(move |entry| {
            let mut parts = entry.split('/');
            match (parts.next()?, parts.next(), parts.next()) {
                (name, None, _) => Some(WaveExtra { target, namespace: None, name }),
                (namespace, Some(name), None) => {
                    Some(WaveExtra { target, namespace: Some(namespace), name })
                }
                // Wave drops an entry with two slashes.
                (_, Some(_), Some(_)) => None,
            }
        })
    })
}
