//! Turns decisions into edits of the original text, and proves each edited document by reading it
//! again. Decides nothing.

use crate::extract::{Facts, Object};
use crate::finding::{Code, Finding};
use crate::index::object;
use crate::options::Options;
use crate::parallel;
use crate::plan::{Decision, Plan, State};
use crate::span::{Place, Span};
use crate::unit::Input;
use crate::yaml::insert::Slot;
use crate::yaml::verify::{Change, Read, Step, only_changes};
use crate::yaml::{self, Edit, EditSet};
use std::collections::BTreeMap;

/// The edits of one file.
pub struct FileChange {
    /// The position of the file among the inputs.
    pub file: usize,
    /// What changes.
    pub edits: EditSet,
    /// The objects that change, for a diff that shows nothing else.
    pub objects: Vec<Span>,
}

struct Pending<'a> {
    object: &'a Object,
    /// The way from the object to the pod template.
    template: &'a [Step],
    edit: Edit,
    value: Option<String>,
}

/// The edits of all files, in their order. Where the proof fails, the file is left alone.
pub fn render(
    inputs: &[Input],
    facts: &[Facts],
    plan: &Plan,
    options: &Options,
) -> (Vec<FileChange>, Vec<Finding>) {
    let mut by_file: BTreeMap<usize, Vec<Pending<'_>>> = BTreeMap::new();
    for planned in &plan.workloads {
        let object = object(facts, planned.object);
        let template = &object.templates[planned.template];
        let Some(Ok(slot)) = &template.slot else {
            continue;
        };
        let pending = match (&planned.decision, slot) {
            (
                Decision::Stamp {
                    value,
                    state: State::Missing | State::Stale,
                },
                slot,
            ) => {
                let insertion = match slot {
                    Slot::Absent(insertion) => insertion,
                    Slot::Present(present) => &present.replacement,
                };
                Pending {
                    object,
                    template: &template.path,
                    edit: insertion.with(value),
                    value: Some(value.clone()),
                }
            }
            (Decision::None { left_over: true }, Slot::Present(present)) => {
                match &present.removal {
                    Ok(edit) => Pending {
                        object,
                        template: &template.path,
                        edit: edit.clone(),
                        value: None,
                    },
                    Err(_) => continue,
                }
            }
            _ => continue,
        };
        by_file
            .entry(planned.object.file)
            .or_default()
            .push(pending);
    }
    let mut findings = Vec::new();
    let mut files: Vec<Edited<'_>> = Vec::new();
    for (file, pending) in by_file {
        match edited(file, pending, options) {
            Ok(edited) => files.push(edited),
            Err(finding) => findings.push(finding),
        }
    }
    // Only the documents that change are read again, each on its own.
    let proofs: Vec<(&Edited<'_>, Span, &[Change])> = files
        .iter()
        .flat_map(|file| {
            let documents = file.documents.iter();
            documents.map(move |(span, changes)| (file, *span, changes.as_slice()))
        })
        .collect();
    let mut proven = parallel::map(proofs.len(), options.jobs, |i| {
        let (file, span, changes) = proofs[i];
        proven(
            &inputs[file.change.file].file.text,
            span,
            &file.change.edits,
            changes,
        )
    })
    .into_iter();
    let mut changes = Vec::new();
    for file in files {
        let wrong = proven
            .by_ref()
            .take(file.documents.len())
            .zip(file.documents.keys())
            .fold(None, |wrong, (good, span)| {
                wrong.or((!good).then_some(*span))
            });
        match wrong {
            None => changes.push(file.change),
            Some(culprit) => findings.push(unproven(&file.pending, culprit)),
        }
    }
    (changes, findings)
}

/// The edits of a file, and the changes that they must make to each document.
struct Edited<'a> {
    change: FileChange,
    pending: Vec<Pending<'a>>,
    documents: BTreeMap<Span, Vec<Change>>,
}

fn unproven(pending: &[Pending<'_>], culprit: Span) -> Finding {
    let object = pending
        .iter()
        .map(|p| p.object)
        .find(|o| o.document == culprit)
        .unwrap_or(pending[0].object);
    Finding::new(
        Code::EditRefused,
        format!("{}: after the edit the document would not mean the same; the file is left alone", object.id),
    )
    .about(object.id.to_string())
    .at(Place {
        file: object.place.file,
        span: object.name_span,
    })
    .help("please report this layout; writing the pod template's metadata out in block style avoids it")
    .refusing()
}

fn edited<'a>(
    file: usize,
    pending: Vec<Pending<'a>>,
    options: &Options,
) -> Result<Edited<'a>, Finding> {
    let Ok(edits) = EditSet::new(pending.iter().map(|p| p.edit.clone()).collect()) else {
        return Err(unproven(&pending, pending[0].object.document));
    };
    let mut documents: BTreeMap<Span, Vec<Change>> = BTreeMap::new();
    for p in &pending {
        let metadata = ["metadata", "annotations", options.annotation.as_str()]
            .into_iter()
            .map(|field| Step::Field(field.to_owned()));
        let object = [p.object.route.as_slice(), p.template].concat();
        documents
            .entry(p.object.document)
            .or_default()
            .push(Change {
                path: object.into_iter().chain(metadata).collect(),
                value: p.value.clone(),
            });
    }
    let mut objects: Vec<Span> = pending.iter().map(|p| p.object.place.span).collect();
    objects.dedup();
    Ok(Edited {
        change: FileChange {
            file,
            edits,
            objects,
        },
        pending,
        documents,
    })
}

fn proven(text: &str, span: Span, edits: &EditSet, changes: &[Change]) -> bool {
    let edited: String = edits.slices_within(text, span).collect();
    let whole = Span::new(0, edited.len());
    let (Ok(before), Ok(after)) = (yaml::parse(text, span), yaml::parse(&edited, whole)) else {
        return false;
    };
    match (before.as_slice(), after.as_slice()) {
        ([before], [after]) => only_changes(
            Read {
                document: before,
                text,
            },
            Read {
                document: after,
                text: &edited,
            },
            changes,
        ),
        _ => false,
    }
}
