//! Turns decisions into edits of the text, and into the new meaning of references.

use super::candidates::Candidates;
use super::referrals::Links;
use crate::config::options::{Goal, Options};
use crate::extract::{
    BASE_NAME, FROZEN, ImmutableField, Manifests, Mention, NEEDS_HASH_SUFFIX, ObjectId, Reference,
    ReferenceId, SourceId,
};
use crate::text::{FileId, Span};
use crate::yaml::insert::Slot;
use crate::yaml::path::Step;
use crate::yaml::resolve::is_plain_string;
use crate::yaml::verify::{Change, Wrote};
use crate::yaml::{Edit, Style};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// The names that change, their edits, and the meaning of references afterwards. The manifests
/// still hold the written names.
#[derive(Default)]
pub struct Renames {
    /// The renamed sources, in the order of the input.
    pub sources: Vec<Renamed>,
    /// The edits, in no particular order.
    pub edits: Vec<NameEdit>,
    /// The sources that are named after their content once the edits are made.
    content_named: BTreeSet<SourceId>,
    /// The references that refer to a source by another name than the written one: the present name
    /// of the source.
    meant: BTreeMap<ReferenceId, SmolStr>,
    /// The objects to whose names kustomize will append a hash, in addition to those with the
    /// annotation.
    hashed: BTreeSet<ObjectId>,
}

impl Renames {
    /// Whether a source is named after its content after the edits.
    pub fn is_content_named(&self, manifests: &Manifests, source: SourceId) -> bool {
        manifests[source].content_named || self.content_named.contains(&source)
    }

    /// The present name of the source to which a reference refers.
    pub fn name<'a>(&'a self, id: ReferenceId, reference: &'a Reference) -> &'a str {
        if self.meant.is_empty() {
            return &reference.name;
        }
        self.meant.get(&id).unwrap_or(&reference.name)
    }

    /// The objects to whose names kustomize will append a hash.
    pub fn hashed(&self) -> &BTreeSet<ObjectId> {
        &self.hashed
    }
}

/// A renamed source.
pub struct Renamed {
    /// The source.
    pub at: SourceId,
    /// The name of the source as it is written.
    pub from: String,
    /// The name of the source after the edit.
    pub to: String,
}

/// One edit of a name or a marker.
pub struct NameEdit {
    /// The file.
    pub file: FileId,
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// Where the object is.
    pub place: Span,
    /// The document that it is in.
    pub document: Span,
    /// The edit.
    pub edit: Edit,
    /// What the edit changes in the document.
    pub change: Change,
}

/// The edits of all names and markers.
pub(super) fn edits(
    manifests: &Manifests,
    mentions: &[Mention],
    items: &Candidates<'_>,
    links: &Links,
    options: &Options,
) -> Renames {
    let mut renames = Renames::default();
    for item in items.all.iter().filter(|item| item.blocker.is_none() && item.wanted) {
        if item.inside {
            renames.edits.extend(for_kustomize(manifests, item.at));
            renames.edits.extend(frozen(manifests, item.at, options));
            continue;
        }
        let Some(number) = item.definition else { continue };
        if item.moves() {
            renames.sources.push(Renamed {
                at: item.at,
                from: item.current.clone(),
                to: item.new.clone(),
            });
            renames.edits.push(renamed(&mentions[number.index()], &item.new));
        }
        renames.edits.extend(marked(manifests, item.at, &item.base, options));
        renames.edits.extend(frozen(manifests, item.at, options));
    }
    let links = links.all.iter().filter(|_| !items.inside);
    for link in links {
        let mention = &mentions[link.mention.index()];
        if let Some(name) = follows(items, &link.groups, mention) {
            renames.edits.push(renamed(mention, name));
        }
    }
    renames
}

/// The new name in a reference, if it changes.
pub(super) fn follows<'a>(
    items: &'a Candidates<'_>,
    groups: &[usize],
    mention: &Mention,
) -> Option<&'a str> {
    let first = *groups.first()?;
    let of = &items.groups[first];
    // If a source keeps its name, its references are not edited. But a reference to a right name
    // with a suffix that lacks the suffix must be edited.
    let item = &items.all[*of.items.first()?];
    let name = items.final_name(first)?;
    (item.blocker.is_none() && item.wanted && name != mention.name).then_some(name)
}

fn renamed(mention: &Mention, name: &str) -> NameEdit {
    let text = format!("{}{name}", mention.before);
    let replacement = match mention.style {
        Style::Plain if is_plain_string(&text) => text.clone(),
        Style::Single => format!("'{text}'"),
        _ => format!("\"{text}\""),
    };
    NameEdit {
        file: mention.file,
        object: mention.id.to_string(),
        place: mention.object,
        document: mention.document,
        edit: Edit { span: mention.span, replacement },
        change: Change { path: mention.path.clone(), value: Some(text), wrote: Wrote::Over },
    }
}

/// The edit of the marker, which is added and removed together with a suffix of rollstamp.
fn marked(manifests: &Manifests, at: SourceId, base: &str, options: &Options) -> Option<NameEdit> {
    let naming = manifests[at].naming.as_deref()?;
    let slot = naming.marker.as_ref().ok()?;
    let way = ["metadata", "annotations", BASE_NAME];
    let freezes = options.naming.immutable && matches!(naming.frozen, ImmutableField::Absent(_));
    let says = match freezes || (naming.froze && matches!(naming.frozen, ImmutableField::Ours(_))) {
        true => format!("{base}{FROZEN}"),
        false => base.to_owned(),
    };
    let (edit, value, wrote) = match (options.goal, slot) {
        (Goal::Strip, Slot::Present(present)) => {
            (present.removal.as_ref().ok()?.clone(), None, Wrote::Anew)
        }
        (Goal::Strip, Slot::Absent(_)) => return None,
        (_, Slot::Present(present)) if freezes && present.value.as_deref() != Some(&*says) => {
            (present.replacement.with(&says), Some(says), Wrote::Anew)
        }
        (_, Slot::Present(_)) => return None,
        (_, Slot::Absent(insertion)) => (insertion.with(&says), Some(says), Wrote::Anew),
    };
    Some(of_source(manifests, at, edit, &way, value, wrote))
}

/// The edit of the marker that makes kustomize append the suffix and rewrite references to the
/// source.
fn for_kustomize(manifests: &Manifests, at: SourceId) -> Option<NameEdit> {
    let Ok(Slot::Absent(insertion)) = &manifests[at].naming.as_deref()?.marker else { return None };
    let value = "enabled";
    let way = ["metadata", "annotations", NEEDS_HASH_SUFFIX];
    let edit = insertion.with(value);
    Some(of_source(manifests, at, edit, &way, Some(value.to_owned()), Wrote::Anew))
}

/// The edit of the field `immutable`; a field that rollstamp wrote is removed together with the
/// suffix.
fn frozen(manifests: &Manifests, at: SourceId, options: &Options) -> Option<NameEdit> {
    let (edit, value) = match (options.goal, &manifests[at].naming.as_deref()?.frozen) {
        (Goal::Strip, ImmutableField::Ours(edit)) => (edit, None),
        (Goal::Stamp | Goal::Check, ImmutableField::Absent(edit)) if options.naming.immutable => {
            (edit, Some("true".to_owned()))
        }
        _ => return None,
    };
    Some(of_source(manifests, at, edit.clone(), &["immutable"], value, Wrote::True))
}

fn of_source(
    manifests: &Manifests,
    at: SourceId,
    edit: Edit,
    way: &[&str],
    value: Option<String>,
    wrote: Wrote,
) -> NameEdit {
    let owner = manifests.owner(at);
    let steps = way.iter().map(|field| Step::Field((*field).into()));
    NameEdit {
        file: owner.place.file,
        object: owner.id.to_string(),
        place: owner.place.span,
        document: owner.document,
        edit,
        change: Change { path: owner.route.iter().cloned().chain(steps).collect(), value, wrote },
    }
}

/// The facts for later stages: a source with a name after its content adds nothing to a stamp, and
/// a reference without the suffix still refers to the source. The facts keep the written names. So
/// messages refer to the present text, and no message shows a name that reveals the content of a
/// Secret.
pub(super) fn meanings(
    renames: &mut Renames,
    manifests: &Manifests,
    items: &Candidates<'_>,
    links: &Links,
    options: &Options,
) {
    if options.goal == Goal::Strip {
        return;
    }
    for link in links.all.iter().filter(|_| !items.inside) {
        let item = link.groups.first().and_then(|&group| items.groups[group].items.first());
        let Some(item) = item.map(|&item| &items.all[item]) else { continue };
        if let Some(reference) = link.reference
            && item.blocker.is_none()
            && item.wanted
            && manifests[reference].name != item.current
        {
            renames.meant.insert(reference, item.current.as_str().into());
        }
    }
    for item in items.all.iter().filter(|item| item.blocker.is_none() && item.wanted) {
        renames.content_named.insert(item.at);
        if item.inside {
            renames.hashed.insert(manifests[item.at].object);
        }
    }
}
