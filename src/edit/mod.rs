//! Turns decisions into edits of the original text, and checks each edited document by reading it
//! again. This stage decides nothing.

mod foreign;
mod metadata;
mod moves;
mod proofs;

pub use proofs::Proofs;

use crate::config::options::Options;
use crate::extract::{Manifests, Object};
use crate::finding::{Code, Finding};
use crate::parallel;
use crate::plan::{Decision, Plan, Planned, State};
use crate::rename::Renames;
use crate::text::{FileId, Place, Span, Texts};
use crate::yaml::insert::Slot;
use crate::yaml::path::{Route, Step};
use crate::yaml::verify::{Change, Wrote, only_changes};
use crate::yaml::{self, Cursor, Edit, EditSet};
use smol_str::{SmolStr, ToSmolStr as _};
use std::collections::{BTreeMap, BTreeSet};

/// The edits of one file.
pub struct FileChange {
    /// The file.
    pub file: FileId,
    /// The edits.
    pub edits: EditSet,
    /// The objects that change, for a diff that shows nothing else.
    pub objects: Vec<Span>,
    /// Whether names change in it. The names in such files depend on one another: either all of the
    /// files are written, or none.
    pub of_names: bool,
}

/// Edits of one object that are not checked yet.
struct PendingEdits {
    /// The object, as `Kind namespace/name`.
    object: SmolStr,
    /// Where the object is.
    place: Span,
    /// The document that it is in.
    document: Span,
    /// Whether they change a name to which other files refer.
    of_name: bool,
    edits: Vec<Edit>,
    /// The changes that they make in the document.
    changes: Vec<Change>,
}

/// All edits that are not checked yet, by file.
type Pending = BTreeMap<FileId, Vec<PendingEdits>>;

impl PendingEdits {
    /// Edits of an object that change no name.
    fn of(object: &Object, edits: Vec<Edit>, changes: Vec<Change>) -> Self {
        Self {
            object: object.id.to_smolstr(),
            place: object.place.span,
            document: object.document,
            of_name: false,
            edits,
            changes,
        }
    }
}

/// The files that the decisions change; their texts are needed for the check.
pub fn wanted(manifests: &Manifests, plan: &Plan, renames: &Renames) -> BTreeSet<FileId> {
    let stamps =
        plan.workloads.iter().filter(|planned| is_written(manifests, planned)).filter(|planned| {
            !planned.foreign.marks.is_empty() || stamp_edit(manifests, planned).is_some()
        });
    let stamps = stamps.map(|planned| manifests[planned.object].place.file);
    let names = renames.edits.iter().map(|edit| edit.file);
    stamps.chain(names).chain(moves::wanted(manifests, plan)).collect()
}

/// Whether the file of a workload was named: only such files are written.
fn is_written(manifests: &Manifests, planned: &Planned) -> bool {
    manifests[manifests[planned.object].place.file].input.is_named()
}

/// The edit of the stamp of a pod template, and its value after the edit; `None` if the stamp does
/// not change.
fn stamp_edit(manifests: &Manifests, planned: &Planned) -> Option<(Edit, Option<String>)> {
    let slot = manifests[planned.template].slot.as_ref()?.as_ref().ok()?;
    match (&planned.decision, slot) {
        (Decision::Stamp { value, state: State::Missing | State::Stale }, slot) => {
            let insertion = match slot {
                Slot::Absent(insertion) => insertion,
                Slot::Present(present) => &present.replacement,
            };
            Some((insertion.with(value), Some(value.clone())))
        }
        (Decision::None { left_over: true }, Slot::Present(present)) => {
            Some((present.removal.as_ref().ok()?.clone(), None))
        }
        _ => None,
    }
}

/// The edits of stamps and names, without stamps that are edited together with other keys of the
/// same mapping.
fn pending(manifests: &Manifests, plan: &Plan, renames: &Renames, options: &Options) -> Pending {
    let mut by_file = Pending::new();
    for planned in plan.workloads.iter().filter(|planned| is_written(manifests, planned)) {
        let object = &manifests[planned.object];
        if let Some((edit, value)) = stamp_edit(manifests, planned)
            && !moves::has_stamp(plan, planned.template)
            && !foreign::has_stamp(planned)
        {
            let way = manifests[planned.template].annotations();
            let stamp = [Step::Field(options.annotation.as_str().into())];
            let path = [&object.route[..], &way, &stamp].concat();
            let change = Change { path: Route(path), value, wrote: Wrote::Anew };
            let edits = PendingEdits::of(object, vec![edit], vec![change]);
            by_file.entry(object.place.file).or_default().push(edits);
        }
    }
    for name in &renames.edits {
        by_file.entry(name.file).or_default().push(PendingEdits {
            object: name.object.as_str().into(),
            place: name.place,
            document: name.document,
            of_name: true,
            edits: vec![name.edit.clone()],
            changes: vec![name.change.clone()],
        });
    }
    by_file
}

/// The edits of all files, in order. If the check of a file fails, the file is not edited. If the
/// file holds changed names, all other files with changed names are not edited either, because the
/// names depend on one another. A [wanted] text that is absent has changed on disk.
pub fn edits(
    manifests: &Manifests,
    texts: &Texts,
    plan: &Plan,
    renames: &Renames,
    proofs: Option<&Proofs>,
    options: &Options,
) -> (Vec<FileChange>, Vec<Finding>) {
    let mut by_file = pending(manifests, plan, renames, options);
    let mut findings = moves::add(manifests, texts, plan, options, &mut by_file);
    findings.extend(foreign::add(manifests, texts, plan, options, &mut by_file));
    let mut files: Vec<Edited> = Vec::new();
    let mut names_fail = false;
    for (file, pending) in by_file {
        let of_names = pending.iter().any(|edits| edits.of_name);
        let edited = match texts.get(file) {
            Some(_) => edited(file, pending),
            None => Err(Finding::changed(manifests.name(file))),
        };
        match edited {
            Ok(edited) => files.push(edited),
            Err(finding) => {
                names_fail |= of_names;
                findings.push(finding);
            }
        }
    }
    // Only the documents that change are read again, each separately.
    let open: Vec<(&Edited, &[(Span, Change)])> = files
        .iter()
        .flat_map(|file| file.documents().map(move |changes| (file, changes)))
        .collect();
    let mut proven = parallel::map(open.len(), options.jobs, |i| {
        let (file, changes) = open[i];
        let text = texts.get(file.change.file);
        text.is_some_and(|text| proven(text, &file.change.edits, changes, proofs))
    })
    .into_iter();
    let mut changes: Vec<FileChange> = Vec::new();
    for file in files {
        let documents = file.documents().map(|changes| changes[0].0);
        let wrong = documents
            .zip(proven.by_ref())
            .fold(None, |wrong, (document, good)| wrong.or((!good).then_some(document)));
        match wrong {
            None => changes.push(file.change),
            Some(culprit) => {
                names_fail |= file.change.of_names;
                findings.push(unproven(file.change.file, &file.pending, culprit));
            }
        }
    }
    changes.retain(|change| !(names_fail && change.of_names));
    (changes, findings)
}

/// The edits of a file, and the expected changes of each document.
struct Edited {
    change: FileChange,
    pending: Vec<PendingEdits>,
    /// Sorted by document, and in each document by position.
    changes: Vec<(Span, Change)>,
}

impl Edited {
    /// The changes of each document.
    fn documents(&self) -> impl Iterator<Item = &[(Span, Change)]> {
        self.changes.chunk_by(|one, other| one.0 == other.0)
    }
}

fn unproven(file: FileId, pending: &[PendingEdits], culprit: Span) -> Finding {
    let here = pending.iter().find(|edits| edits.document == culprit).unwrap_or(&pending[0]);
    let cause = "after the edit the document would not mean the same; the file is left alone";
    let help = "please report this layout; writing the pod template's metadata out in block style avoids it";
    let finding = Finding::of(Code::EditRefused, &here.object, cause).help(help).refusing();
    finding.at(Place { file, span: here.place })
}

fn edited(file: FileId, mut pending: Vec<PendingEdits>) -> Result<Edited, Finding> {
    let edits = pending.iter_mut().flat_map(|of_object| std::mem::take(&mut of_object.edits));
    let Ok(edits) = EditSet::new(edits.collect()) else {
        return Err(unproven(file, &pending, pending[0].document));
    };
    let mut changes: Vec<(Span, Change)> = Vec::new();
    for of_object in &mut pending {
        let document = of_object.document;
        changes.extend(of_object.changes.drain(..).map(|change| (document, change)));
    }
    changes.sort_by_key(|(document, _)| *document);
    let mut objects: Vec<Span> = pending.iter().map(|edits| edits.place).collect();
    objects.sort_unstable();
    objects.dedup();
    let of_names = pending.iter().any(|edits| edits.of_name);
    Ok(Edited { change: FileChange { file, edits, objects, of_names }, pending, changes })
}

/// Whether the edits of a document make the expected changes and no others. An edited document in
/// `proofs` is not checked again.
fn proven(
    text: &str,
    edits: &EditSet,
    changes: &[(Span, Change)],
    proofs: Option<&Proofs>,
) -> bool {
    let span = changes[0].0;
    let only_these = changes.iter().map(|(_, change)| change);
    let known = proofs.map(|p| (p, Proofs::key(text, span, edits, only_these.clone())));
    if known.as_ref().is_some_and(|(proofs, key)| proofs.has(key)) {
        return true;
    }
    let edited: String = edits.slices_within(text, span).collect();
    let whole = Span::new(0, edited.len());
    let (Ok(before), Ok(after)) = (yaml::parse(text, span), yaml::parse(&edited, whole)) else {
        return false;
    };
    let is_proven = match (before.as_slice(), after.as_slice()) {
        ([before], [after]) => {
            only_changes(Cursor::root(before, text), Cursor::root(after, &edited), only_these)
        }
        _ => false,
    };
    if let Some((proofs, key)) = known.filter(|_| is_proven) {
        proofs.add(key);
    }
    is_proven
}
