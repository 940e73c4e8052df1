//! Decides which workloads migrate from Reloader or Wave, and how.

use super::{Decision, Plan, Planned, Reason};
use crate::compat::migration::{
    self, AnnotationChange, AnnotationOwner, Fate, KnownSource, LeftController, MigrationBlocker,
    OwnKeys, SourceName, WorkloadFacts, WorkloadMove,
};
use crate::compat::reloader::Tags;
use crate::compat::selection::Carried;
use crate::config::options::Options;
use crate::extract::{
    ALSO, IGNORE, IGNORE_SOURCES, IgnoredBy, Manifests, ObjectId, STAMP, TemplateId,
};
use crate::k8s::added;
use crate::k8s::controllers::Role;
use std::collections::BTreeMap;

/// The decision about one object.
pub struct PlannedMove {
    /// The workload, or a source with annotations of Reloader.
    pub object: ObjectId,
    /// Its pod template; `None` for a source.
    pub template: Option<TemplateId>,
    /// The decision about the annotations of the object.
    pub fate: Fate,
}

const OWN: OwnKeys<'_> =
    OwnKeys { ignore: IGNORE, ignore_sources: IGNORE_SOURCES, also: ALSO, stamp: STAMP };

/// Decides for all workloads of a plan, and for the sources that Reloader ignores.
pub(super) fn decide(
    manifests: &Manifests,
    plan: &mut Plan,
    options: &Options,
) -> Vec<PlannedMove> {
    let Some(from) = &options.migrate else {
        return Vec::new();
    };
    let mut moves: Vec<PlannedMove> = plan
        .workloads
        .iter()
        .map(|planned| PlannedMove {
            object: planned.object,
            template: Some(planned.template),
            fate: of_workload(manifests, planned, from, options),
        })
        .filter(|moved| moved.fate != Fate::Untouched)
        .collect();
    for moved in moves.iter().filter(|moved| matches!(moved.fate, Fate::LeftAlone(_))) {
        let planned = plan.workloads.iter_mut();
        planned
            .filter(|planned| Some(planned.template) == moved.template)
            .filter(|planned| matches!(planned.decision, Decision::Stamp { .. }))
            .for_each(|planned| planned.decision = Decision::Ignored);
    }
    if let LeftController::Reloader(reloader) = from {
        // A workload that is not changed still uses Reloader, which must not roll it for such a
        // source.
        let stays = moves.iter().any(|moved| matches!(moved.fate, Fate::LeftAlone(_)));
        for (at, object) in manifests.objects() {
            let named = manifests[object.place.file].input.is_named();
            let mut told =
                manifests.sources_of(at).map(|(_, source)| source).filter(|s| s.tags.is_told);
            let Some(source) = told.next().filter(|_| named) else {
                continue;
            };
            let change = |key: &str, value: Option<&str>| AnnotationChange {
                on: AnnotationOwner::Workload,
                key: key.to_owned(),
                value: value.map(str::to_owned),
            };
            let mut changes = Vec::new();
            if source.ignored != Some(IgnoredBy::Annotation) {
                changes.push(change(IGNORE, Some("true")));
            }
            if !stays {
                changes.push(change(reloader.key(Role::Ignore), None));
            }
            if changes.is_empty() {
                continue;
            }
            let fate = Fate::Moves(WorkloadMove { changes, ..WorkloadMove::default() });
            moves.push(PlannedMove { object: at, template: None, fate });
        }
    }
    moves
}

fn of_workload(
    manifests: &Manifests,
    planned: &Planned,
    from: &LeftController,
    options: &Options,
) -> Fate {
    let template = &manifests[planned.template];
    let object = &manifests[planned.object];
    let nothing = Carried::default();
    let said = template.said.as_deref();
    let carried = said.map_or(&nothing, |said| &said.carried);
    let sources = known(manifests, planned);
    let workload = WorkloadFacts {
        kind: &object.id.kind,
        carried,
        sources: &sources,
        has_provider_class: said.is_some_and(|said| said.provider_class),
        is_stamped: template.not_stamped.is_none(),
        has_stamp: template.stamp_seen,
    };
    let fate = migration::decide(from, &workload, OWN, options.rules.compat.after);
    if fate == Fate::Untouched || template.ignored.is_some() {
        return Fate::Untouched;
    }
    match planned.decision {
        Decision::LeftAlone(_) => Fate::LeftAlone(MigrationBlocker::Elsewhere),
        Decision::Refused => Fate::LeftAlone(MigrationBlocker::Refused),
        _ if object.templates.len() > 1 => Fate::LeftAlone(MigrationBlocker::Elsewhere),
        _ => fate,
    }
}

/// The sources that a workload references or that were added to them, each once.
fn known(manifests: &Manifests, planned: &Planned) -> Vec<KnownSource> {
    let mut found: BTreeMap<SourceName, KnownSource> = BTreeMap::new();
    let references = manifests.references_of(planned.template).iter().zip(&planned.reasons);
    let references = references.map(|(reference, reason)| (reference, None, reason, true));
    let added = planned.added.iter().filter(|added| added.by != added::AddedBy::Own);
    let added =
        added.map(|added| (&added.reference, added.namespace.as_deref(), &added.reason, false));
    for (reference, namespace, reason, is_referenced) in references.chain(added) {
        if *reason == Reason::ReadsNothing {
            continue;
        }
        let source = reason.source();
        let own = manifests[planned.object].id.namespace.as_deref();
        let named = SourceName {
            target: reference.site.target,
            namespace: namespace.filter(|other| own != Some(*other)).map(str::to_owned),
            name: reference.name.to_string(),
        };
        found.entry(named.clone()).or_insert_with(|| KnownSource {
            source: named,
            tags: source.map_or_else(Tags::default, |at| manifests[at].tags),
            is_referenced,
            is_inside: source.is_some() && !matches!(reason, Reason::Filled(_)),
        });
    }
    found.into_values().collect()
}
