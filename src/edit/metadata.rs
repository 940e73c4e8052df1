//! Edits of mappings in the metadata of an object or of its pod template. Either all edits of a
//! workload are made, or none: a part of them would roll its pods twice.

use super::{Pending, PendingEdits};
use crate::extract::{Object, refused};
use crate::finding::{Code, Finding};
use crate::text::{FileId, Span, Texts};
use crate::yaml::insert::Refusal;
use crate::yaml::insert::entries::{self, EntryEdit};
use crate::yaml::path::Step;
use crate::yaml::verify::{Change, Wrote};
use crate::yaml::{self, Edit};

/// Keys of one mapping that get a value or are removed.
pub(super) struct Rewrite<'a> {
    /// The path to the node with the metadata.
    pub(super) route: Vec<Step>,
    /// The mapping: `annotations` or `labels`.
    pub(super) field: &'static str,
    /// The keys; a key without a value is removed.
    pub(super) keys: Vec<(&'a str, Option<String>)>,
}

/// Adds the edits of these mappings, each with its object. If an edit of an object is impossible,
/// none of its edits is made, including those that are already pending; `help` is the help for this
/// case.
pub(super) fn add<'a>(
    texts: &Texts,
    rewrites: impl IntoIterator<Item = (&'a Object, Vec<Rewrite<'a>>)>,
    help: &str,
    by_file: &mut Pending,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut added: Vec<(FileId, PendingEdits)> = Vec::new();
    for (object, rewrites) in rewrites {
        let file = object.place.file;
        let Some(text) = texts.get(file) else {
            continue;
        };
        match edits(text, object, rewrites) {
            Ok(edits) => added.push((file, edits)),
            Err(refusal) => {
                let finding = refused(Code::EditRefused, &refusal, &object.id.to_string(), file);
                findings.push(finding.help(help));
                if let Some(pending) = by_file.get_mut(&file) {
                    pending.retain(|edits| edits.place != object.place.span);
                }
            }
        }
    }
    for (file, edits) in added.into_iter().filter(|(_, edits)| !edits.edits.is_empty()) {
        by_file.entry(file).or_default().push(edits);
    }
    by_file.retain(|_, pending| !pending.is_empty());
    findings
}

/// The edits of all these mappings.
fn edits(text: &str, object: &Object, rewrites: Vec<Rewrite<'_>>) -> Result<PendingEdits, Refusal> {
    let mut pending = PendingEdits::of(object, Vec::new(), Vec::new());
    for rewrite in rewrites {
        pending.edits.extend(rewritten(text, object, &rewrite)?);
        for (key, value) in rewrite.keys {
            let fields = ["metadata", rewrite.field, key].map(|name| Step::Field(name.into()));
            let path = rewrite.route.iter().cloned().chain(fields).collect();
            pending.changes.push(Change { path, value, wrote: Wrote::Anew });
        }
    }
    Ok(pending)
}

fn rewritten(text: &str, object: &Object, rewrite: &Rewrite<'_>) -> Result<Vec<Edit>, Refusal> {
    let unreadable = || Refusal {
        at: Span { start: object.place.span.start, end: object.place.span.start },
        message: "the text has changed in the meantime".to_owned(),
        related: None,
    };
    let documents = yaml::parse(text, object.document).map_err(|_| unreadable())?;
    let [document] = documents.as_slice() else {
        return Err(unreadable());
    };
    let keys = rewrite.keys.iter();
    let entries: Vec<EntryEdit<'_>> =
        keys.map(|(name, value)| EntryEdit { name, value: value.as_deref() }).collect();
    entries::rewrite(document, text, &rewrite.route, &["metadata", rewrite.field], &entries)
}
