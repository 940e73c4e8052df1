//! Decisions as edits of the text, and as what the manifests say from now on.

use super::candidates::Candidates;
use super::referrals::Links;
use super::{NameEdit, Renamed, Renames};
use crate::config::options::{Goal, Options};
use crate::extract::{
    BASE_NAME, FROZEN, ImmutableField, Manifests, Mention, NEEDS_HASH_SUFFIX, SourceId,
};
use crate::yaml::insert::Slot;
use crate::yaml::path::Step;
use crate::yaml::resolve::is_plain_string;
use crate::yaml::verify::{Change, Wrote};
use crate::yaml::{Edit, Style};

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
        let Some(number) = item.definition else {
            continue;
        };
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

/// The name that a reference must say, if it says another one.
pub(super) fn follows<'a>(
    items: &'a Candidates<'_>,
    groups: &[usize],
    mention: &Mention,
) -> Option<&'a str> {
    let first = *groups.first()?;
    let of = &items.groups[first];
    // What follows a source that keeps its name would be an edit that nobody asked for; what says the
    // name without the suffix of one that is right must follow all the same.
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

/// The marker comes with a suffix of ours, and goes with it.
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
        (_, Slot::Present(present)) if freezes && present.value.as_ref() != Some(&says) => {
            (present.replacement.with(&says), Some(says), Wrote::Anew)
        }
        (_, Slot::Present(_)) => return None,
        (_, Slot::Absent(insertion)) => (insertion.with(&says), Some(says), Wrote::Anew),
    };
    Some(of_source(manifests, at, edit, &way, value, wrote))
}

/// What makes kustomize give a source its suffix, and rewrite what refers to it.
fn for_kustomize(manifests: &Manifests, at: SourceId) -> Option<NameEdit> {
    let Ok(Slot::Absent(insertion)) = &manifests[at].naming.as_deref()?.marker else {
        return None;
    };
    let value = "enabled";
    let way = ["metadata", "annotations", NEEDS_HASH_SUFFIX];
    let edit = insertion.with(value);
    Some(of_source(manifests, at, edit, &way, Some(value.to_owned()), Wrote::Anew))
}

/// Whether a source is immutable; what is ours goes with the suffix.
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

/// What later stages must know: a source with a name of its content adds nothing to a stamp, and a
/// reference without its suffix means it all the same. The names of the facts stay as they are written, so
/// that what is said later is about the text that people have, and no name that tells a Secret's content
/// is said.
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
        let Some(item) = item.map(|&item| &items.all[item]) else {
            continue;
        };
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
