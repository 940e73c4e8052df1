//! Turns decisions into edits of the original text, and proves each edited document by reading it
//! again. Decides nothing.

use crate::extract::{Facts, Object};
use crate::finding::{Code, Finding};
use crate::index::object;
use crate::options::Options;
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
    let mut changes = Vec::new();
    let mut findings = Vec::new();
    for (file, pending) in by_file {
        match file_change(&inputs[file].file.text, file, &pending, options) {
            Ok(change) => changes.push(change),
            Err(culprit) => findings.push(unproven(&pending, culprit)),
        }
    }
    (changes, findings)
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

/// The edits of a file, or the span of the document that they would damage.
fn file_change(
    text: &str,
    file: usize,
    pending: &[Pending<'_>],
    options: &Options,
) -> Result<FileChange, Span> {
    let edits = EditSet::new(pending.iter().map(|p| p.edit.clone()).collect())
        .map_err(|_| pending[0].object.document)?;
    let mut documents: BTreeMap<Span, Vec<Change>> = BTreeMap::new();
    for p in pending {
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
    for (&span, changes) in &documents {
        if !proven(text, span, &edits, changes) {
            return Err(span);
        }
    }
    let mut objects: Vec<Span> = pending.iter().map(|p| p.object.place.span).collect();
    objects.dedup();
    Ok(FileChange {
        file,
        edits,
        objects,
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
