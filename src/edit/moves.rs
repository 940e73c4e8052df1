//! The edits of workloads that leave a controller: annotations that go and come, the stamp among them
//! where it stands in the same mapping.

use super::{Owner, Pending, stamp_edit};
use crate::compat::migration::{AnnotationChange as Annotation, Fate, On};
use crate::config::options::Options;
use crate::extract::{Manifests, Object, refused};
use crate::finding::{Code, Finding};
use crate::plan::{Plan, PlannedMove};
use crate::text::{FileId, Span, Texts};
use crate::yaml::insert::Refusal;
use crate::yaml::insert::entries::{self, EntryEdit};
use crate::yaml::path::Step;
use crate::yaml::verify::{Change, Wrote};
use crate::yaml::{self, Edit};
use smol_str::ToSmolStr as _;
use std::collections::{BTreeMap, BTreeSet};

/// The files whose annotations change.
pub(super) fn wanted(manifests: &Manifests, plan: &Plan) -> BTreeSet<FileId> {
    changed(plan).map(|(moved, _)| manifests[moved.object].place.file).collect()
}

/// The moves that change something.
fn changed(plan: &Plan) -> impl Iterator<Item = (&PlannedMove, &[Annotation])> {
    plan.moves.iter().filter_map(|moved| match &moved.fate {
        Fate::Moves(fate) if !fate.changes.is_empty() => Some((moved, fate.changes.as_slice())),
        _ => None,
    })
}

/// Whether the stamp of a pod template is written together with its other annotations.
pub(super) fn has_stamp(plan: &Plan, template: crate::extract::TemplateId) -> bool {
    changed(plan).any(|(moved, changes)| {
        moved.template == Some(template) && changes.iter().any(|change| change.on == On::Template)
    })
}

/// Adds the edits of all moves. One that cannot be made leaves its workload as it is.
pub(super) fn add(
    manifests: &Manifests,
    texts: &Texts,
    plan: &Plan,
    options: &Options,
    by_file: &mut BTreeMap<FileId, Pending>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut added: Vec<(FileId, Pending)> = Vec::new();
    for (moved, changes) in changed(plan) {
        let object = &manifests[moved.object];
        let Some(text) = texts.get(object.place.file) else {
            continue;
        };
        let mut edits = Vec::new();
        let mut made = Vec::new();
        for on in [On::Workload, On::Template] {
            let mut own: Vec<(&str, Option<String>)> = changes
                .iter()
                .filter(|change| change.on == on)
                .map(|change| (change.key.as_str(), change.value.clone()))
                .collect();
            if own.is_empty() {
                continue;
            }
            let mut route = object.route.to_vec();
            if let (On::Template, Some(template)) = (on, moved.template) {
                route.extend(manifests[template].path.iter().cloned());
                let planned = plan.workloads.iter().find(|planned| planned.template == template);
                let stamp = planned.and_then(|planned| stamp_edit(manifests, planned));
                own.extend(stamp.map(|(_, value)| (options.annotation.as_str(), value)));
            }
            match rewritten(text, object, &route, "annotations", &own) {
                Ok(more) => edits.extend(more),
                Err(refusal) => {
                    let id = object.id.to_string();
                    let finding = refused(Code::EditRefused, &refusal, &id, object.place.file);
                    findings.push(finding.help("write its annotations out in block style"));
                    edits.clear();
                    made.clear();
                    // Both or neither: with a stamp and the annotations it would roll twice.
                    if let Some(pending) = by_file.get_mut(&object.place.file) {
                        pending.leave(object.place.span);
                    }
                    break;
                }
            }
            for (key, value) in own {
                let fields = ["metadata", "annotations", key].map(|name| Step::Field(name.into()));
                let path = route.iter().cloned().chain(fields).collect();
                made.push(Change { path, value, wrote: Wrote::Anew });
            }
        }
        if edits.is_empty() {
            continue;
        }
        let owners = made.iter().map(|_| owner(object)).collect();
        let changes = made.into_iter().map(|change| (object.document, change)).collect();
        added.push((object.place.file, Pending { edits, changes, owners }));
    }
    for (file, more) in added {
        let pending = by_file.entry(file).or_default();
        pending.edits.extend(more.edits);
        pending.changes.extend(more.changes);
        pending.owners.extend(more.owners);
    }
    by_file.retain(|_, pending| !pending.edits.is_empty());
    findings
}

pub(super) fn owner(object: &Object) -> Owner {
    Owner {
        object: object.id.to_smolstr(),
        place: object.place.span,
        document: object.document,
        of_name: false,
    }
}

/// The edits that change keys of a mapping in the metadata of what a route leads to.
pub(super) fn rewritten(
    text: &str,
    object: &Object,
    route: &[Step],
    field: &str,
    own: &[(&str, Option<String>)],
) -> Result<Vec<Edit>, Refusal> {
    let unreadable = || Refusal {
        at: Span { start: object.place.span.start, end: object.place.span.start },
        message: "the text is another one by now".to_owned(),
        related: None,
    };
    let documents = yaml::parse(text, object.document).map_err(|_| unreadable())?;
    let [document] = documents.as_slice() else {
        return Err(unreadable());
    };
    let entries: Vec<EntryEdit<'_>> =
        own.iter().map(|(name, value)| EntryEdit { name, value: value.as_deref() }).collect();
    entries::rewrite(document, text, route, &["metadata", field], &entries)
}
