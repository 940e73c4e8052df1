//! Edits of workloads that migrate from a controller: annotations are removed and added. If the
//! stamp is in the same mapping, it is edited together with them.

use super::metadata::{self, Rewrite};
use super::{Pending, stamp_edit};
use crate::compat::migration::{AnnotationChange as Annotation, AnnotationOwner, Fate};
use crate::config::options::Options;
use crate::extract::Manifests;
use crate::finding::Finding;
use crate::plan::{Plan, PlannedMove};
use crate::text::{FileId, Texts};
use std::collections::BTreeSet;

/// The files whose annotations change.
pub(super) fn wanted(manifests: &Manifests, plan: &Plan) -> BTreeSet<FileId> {
    changed(plan).map(|(moved, _)| manifests[moved.object].place.file).collect()
}

/// The moves with changes.
fn changed(plan: &Plan) -> impl Iterator<Item = (&PlannedMove, &[Annotation])> {
    plan.moves.iter().filter_map(|moved| match &moved.fate {
        Fate::Moves(fate) if !fate.changes.is_empty() => Some((moved, fate.changes.as_slice())),
        _ => None,
    })
}

/// Whether the stamp of a pod template is written together with its other annotations.
pub(super) fn has_stamp(plan: &Plan, template: crate::extract::TemplateId) -> bool {
    changed(plan).any(|(moved, changes)| {
        moved.template == Some(template)
            && changes.iter().any(|change| change.on == AnnotationOwner::Template)
    })
}

/// Adds the edits of all moves. If an edit is impossible, its workload is not edited.
pub(super) fn add(
    manifests: &Manifests,
    texts: &Texts,
    plan: &Plan,
    options: &Options,
    by_file: &mut Pending,
) -> Vec<Finding> {
    let rewrites = changed(plan).map(|(moved, changes)| {
        let object = &manifests[moved.object];
        let of_mapping = |on: AnnotationOwner| {
            let of = changes.iter().filter(|change| change.on == on);
            let mut keys: Vec<(&str, Option<String>)> =
                of.map(|change| (change.key.as_str(), change.value.clone())).collect();
            if keys.is_empty() {
                return None;
            }
            let mut route = object.route.to_vec();
            if let (AnnotationOwner::Template, Some(template)) = (on, moved.template) {
                route.extend(manifests[template].path.iter().cloned());
                let planned = plan.workloads.iter().find(|planned| planned.template == template);
                let stamp = planned.and_then(|planned| stamp_edit(manifests, planned));
                keys.extend(stamp.map(|(_, value)| (options.annotation.as_str(), value)));
            }
            Some(Rewrite { route, field: "annotations", keys })
        };
        (
            object,
            [AnnotationOwner::Workload, AnnotationOwner::Template]
                .into_iter()
                .filter_map(of_mapping)
                .collect(),
        )
    });
    metadata::add(texts, rewrites, "write its annotations out in block style", by_file)
}
