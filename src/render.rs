//! Turns decisions into edits of the original text, and proves each edited document by reading it
//! again. Decides nothing.

use crate::extract::Facts;
use crate::finding::{Code, Finding};
use crate::index::object;
use crate::options::Options;
use crate::parallel;
use crate::plan::{Decision, Plan, State};
use crate::rename::Renames;
use crate::span::{Changed, FileId, Place, Span, offset};
use crate::unit::Input;
use crate::yaml::insert::Slot;
use crate::yaml::verify::{Change, Read, Step, Wrote, only_changes};
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

/// An edit, and the one thing that it changes.
struct Pending {
    /// The object, as people call it.
    object: String,
    /// Where the object is.
    place: Span,
    /// The document that it is in.
    document: Span,
    edit: Edit,
    change: Change,
    /// Whether it changes a name, which other files follow.
    of_name: bool,
}

/// The edits of all files, in their order. Where the proof fails, the file is left alone; and if it
/// holds names, so is every other file that does, because they follow one another. The texts of these
/// files stay in memory.
pub fn render(
    inputs: &[Input],
    facts: &[Facts],
    plan: &Plan,
    renames: &Renames,
    options: &Options,
) -> (Vec<FileChange>, Vec<Finding>) {
    let mut by_file: BTreeMap<usize, Vec<Pending>> = BTreeMap::new();
    for planned in &plan.workloads {
        let object = object(facts, planned.object);
        let template = &object.templates[planned.template];
        let Some(Ok(slot)) = &template.slot else {
            continue;
        };
        let (edit, value) = match (&planned.decision, slot) {
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
                (insertion.with(value), Some(value.clone()))
            }
            (Decision::None { left_over: true }, Slot::Present(present)) => {
                match &present.removal {
                    Ok(edit) => (edit.clone(), None),
                    Err(_) => continue,
                }
            }
            _ => continue,
        };
        let metadata = ["metadata", "annotations", options.annotation.as_str()]
            .into_iter()
            .map(|field| Step::Field(field.into()));
        let way = [object.route.as_slice(), template.path.as_slice()].concat();
        let pending = Pending {
            object: object.id.to_string(),
            place: object.place.span,
            document: object.document,
            edit,
            change: Change {
                path: way.into_iter().chain(metadata).collect(),
                value,
                wrote: Wrote::Anew,
            },
            of_name: false,
        };
        by_file
            .entry(planned.object.file)
            .or_default()
            .push(pending);
    }
    for name in &renames.edits {
        by_file.entry(name.file).or_default().push(Pending {
            object: name.object.clone(),
            place: name.place,
            document: name.document,
            edit: name.edit.clone(),
            change: name.change.clone(),
            of_name: true,
        });
    }
    let mut findings = Vec::new();
    let mut files: Vec<Edited> = Vec::new();
    let mut names_fail = false;
    let numbers: Vec<usize> = by_file.keys().copied().collect();
    let changed = parallel::map(numbers.len(), options.jobs, |i| {
        inputs[numbers[i]].file.text.get().err()
    });
    for ((file, pending), changed) in by_file.into_iter().zip(changed) {
        let of_names = pending.iter().any(|p| p.of_name);
        let edited = match changed {
            None => edited(file, pending),
            Some(Changed { name }) => Err(Finding::changed(&name)),
        };
        match edited {
            Ok(edited) => files.push(edited),
            Err(finding) => {
                names_fail |= of_names;
                findings.push(finding);
            }
        }
    }
    // Only the documents that change are read again, each on its own.
    let proofs: Vec<(&Edited, Span, &[Change])> = files
        .iter()
        .flat_map(|file| {
            let documents = file.documents.iter();
            documents.map(move |(span, changes)| (file, *span, changes.as_slice()))
        })
        .collect();
    let mut proven = parallel::map(proofs.len(), options.jobs, |i| {
        let (file, span, changes) = proofs[i];
        let text = inputs[file.change.file].file.text.known();
        text.is_some_and(|text| proven(text, span, &file.change.edits, changes))
    })
    .into_iter();
    let mut changes: Vec<(bool, FileChange)> = Vec::new();
    for file in files {
        let wrong = proven
            .by_ref()
            .take(file.documents.len())
            .zip(file.documents.keys())
            .fold(None, |wrong, (good, span)| {
                wrong.or((!good).then_some(*span))
            });
        match wrong {
            None => {
                let of_names = file.pending.iter().any(|p| p.of_name);
                changes.push((of_names, file.change));
            }
            Some(culprit) => {
                names_fail |= file.pending.iter().any(|p| p.of_name);
                findings.push(unproven(file.change.file, &file.pending, culprit));
            }
        }
    }
    // Files with names follow one another, so all of them change or none.
    changes.retain(|(of_names, _)| !(names_fail && *of_names));
    let changes = changes.into_iter().map(|(_, change)| change).collect();
    (changes, findings)
}

/// The edits of a file, and the changes that they must make to each document.
struct Edited {
    change: FileChange,
    pending: Vec<Pending>,
    documents: BTreeMap<Span, Vec<Change>>,
}

fn unproven(file: usize, pending: &[Pending], culprit: Span) -> Finding {
    let object = pending
        .iter()
        .find(|p| p.document == culprit)
        .unwrap_or(&pending[0]);
    Finding::new(
        Code::EditRefused,
        format!("{}: after the edit the document would not mean the same; the file is left alone", object.object),
    )
    .about(object.object.clone())
    .at(Place {
        file: FileId(offset(file)),
        span: object.place,
    })
    .help("please report this layout; writing the pod template's metadata out in block style avoids it")
    .refusing()
}

fn edited(file: usize, pending: Vec<Pending>) -> Result<Edited, Finding> {
    let Ok(edits) = EditSet::new(pending.iter().map(|p| p.edit.clone()).collect()) else {
        return Err(unproven(file, &pending, pending[0].document));
    };
    let mut documents: BTreeMap<Span, Vec<Change>> = BTreeMap::new();
    for p in &pending {
        let changes = documents.entry(p.document).or_default();
        changes.push(p.change.clone());
    }
    let mut objects: Vec<Span> = pending.iter().map(|p| p.place).collect();
    objects.sort_unstable();
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
