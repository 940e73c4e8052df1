//! Edits of mappings in the metadata of an object or of its pod template. Of one workload all are made, or
//! none: what is written in part would roll its pods twice.

use super::{Owner, Pending};
use crate::extract::Object;
use crate::text::{FileId, Span};
use crate::yaml::insert::Refusal;
use crate::yaml::insert::entries::{self, EntryEdit};
use crate::yaml::path::Step;
use crate::yaml::verify::{Change, Wrote};
use crate::yaml::{self, Edit};
use smol_str::ToSmolStr as _;
use std::collections::BTreeMap;

/// Keys of one mapping that get a value, or that go.
pub(super) struct Rewrite<'a> {
    /// The way to what has the metadata.
    pub(super) route: Vec<Step>,
    /// The mapping: `annotations` or `labels`.
    pub(super) field: &'static str,
    /// The keys; one without a value goes.
    pub(super) keys: Vec<(&'a str, Option<String>)>,
}

/// The edits of all these mappings.
///
/// # Errors
/// A mapping that cannot be edited safely.
pub(super) fn edits<'a>(
    text: &str,
    object: &Object,
    rewrites: impl IntoIterator<Item = Rewrite<'a>>,
) -> Result<Pending, Refusal> {
    let mut pending = Pending::default();
    for rewrite in rewrites {
        pending.edits.extend(rewritten(text, object, &rewrite)?);
        for (key, value) in rewrite.keys {
            let fields = ["metadata", rewrite.field, key].map(|name| Step::Field(name.into()));
            let path = rewrite.route.iter().cloned().chain(fields).collect();
            pending.changes.push((object.document, Change { path, value, wrote: Wrote::Anew }));
            pending.owners.push(owner(object));
        }
    }
    Ok(pending)
}

/// Takes back what waits for an object of which other edits cannot be made.
pub(super) fn leave(by_file: &mut BTreeMap<FileId, Pending>, object: &Object) {
    if let Some(pending) = by_file.get_mut(&object.place.file) {
        pending.leave(object.place.span);
    }
}

/// Puts more edits to those that wait.
pub(super) fn join(by_file: &mut BTreeMap<FileId, Pending>, added: Vec<(FileId, Pending)>) {
    for (file, more) in added.into_iter().filter(|(_, more)| !more.edits.is_empty()) {
        let pending = by_file.entry(file).or_default();
        pending.edits.extend(more.edits);
        pending.changes.extend(more.changes);
        pending.owners.extend(more.owners);
    }
    by_file.retain(|_, pending| !pending.edits.is_empty());
}

fn owner(object: &Object) -> Owner {
    Owner {
        object: object.id.to_smolstr(),
        place: object.place.span,
        document: object.document,
        of_name: false,
    }
}

fn rewritten(text: &str, object: &Object, rewrite: &Rewrite<'_>) -> Result<Vec<Edit>, Refusal> {
    let unreadable = || Refusal {
        at: Span { start: object.place.span.start, end: object.place.span.start },
        message: "the text is another one by now".to_owned(),
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
