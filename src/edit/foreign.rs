//! Edits the checksums and labels that other tools wrote into pod templates: checksums get another
//! value, or checksums and labels are removed. If the stamp is in the same mapping, it is edited
//! together with them.

use super::metadata::{self, Rewrite};
use super::{Pending, is_written, stamp_edit};
use crate::config::options::Options;
use crate::extract::Manifests;
use crate::finding::Finding;
use crate::plan::{MarkMapping, Plan, Planned};
use crate::text::Texts;
use crate::yaml::path::Step;

/// Whether the stamp of a pod template is edited together with other keys of the same mapping.
pub(super) fn has_stamp(planned: &Planned) -> bool {
    planned.foreign.marks.iter().any(|mark| mark.on == MarkMapping::Annotations)
}

/// Adds the edits of all checksums and labels. If one edit is impossible, the workload is not
/// edited at all: a stamp without the other edits would roll the pods once more later.
pub(super) fn add(
    manifests: &Manifests,
    texts: &Texts,
    plan: &Plan,
    options: &Options,
    by_file: &mut Pending,
) -> Vec<Finding> {
    let written = plan.workloads.iter().filter(|planned| is_written(manifests, planned));
    let marked = written.filter(|planned| !planned.foreign.marks.is_empty());
    let rewrites = marked.map(|planned| {
        let object = &manifests[planned.object];
        let route: Vec<Step> =
            object.route.iter().chain(manifests[planned.template].path.iter()).cloned().collect();
        let of_mapping = |on: MarkMapping| {
            let marks = planned.foreign.marks.iter().filter(|mark| mark.on == on);
            let mut keys: Vec<(&str, Option<String>)> =
                marks.map(|mark| (mark.key.as_str(), mark.value.clone())).collect();
            if keys.is_empty() {
                return None;
            }
            if on == MarkMapping::Annotations
                && let Some((_, stamp)) = stamp_edit(manifests, planned)
            {
                keys.push((options.annotation.as_str(), stamp));
            }
            Some(Rewrite { route: route.clone(), field: on.field(), keys })
        };
        let mappings = [MarkMapping::Annotations, MarkMapping::Labels];
        (object, mappings.into_iter().filter_map(of_mapping).collect())
    });
    let help = "write the metadata of its pod template out in block style, or annotate it with `rollstamp.dev/foreign: keep`";
    metadata::add(texts, rewrites, help, by_file)
}
