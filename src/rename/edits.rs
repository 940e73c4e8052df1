//! Decisions as edits of the text, and as what the facts say from now on.

use super::candidates::{Items, naming, owner};
use super::referrals::Links;
use super::{NameEdit, Renamed, Renames};
use crate::config::options::{Goal, Options};
use crate::extract::{BASE_NAME, Facts, Frozen, Mention, NEEDS_HASH_SUFFIX};
use crate::resolve::index::SourceRef;
use crate::yaml::insert::Slot;
use crate::yaml::path::Step;
use crate::yaml::resolve::is_plain_string;
use crate::yaml::verify::{Change, Wrote};
use crate::yaml::{Edit, Style};

/// The edits of all names and markers.
pub(super) fn edits(
    facts: &[Facts],
    mentions: &[Vec<Mention>],
    items: &Items,
    links: &Links,
    options: &Options,
) -> Renames {
    let mut renames = Renames::default();
    for item in items.all.iter().filter(|item| item.hold.is_none() && item.wanted) {
        if item.inside {
            renames.edits.extend(for_kustomize(facts, item.at));
            renames.edits.extend(frozen(facts, item.at, options));
            continue;
        }
        let Some((file, number)) = item.definition else {
            continue;
        };
        if item.moves() {
            renames.sources.push(Renamed {
                at: item.at,
                from: item.current.clone(),
                to: item.new.clone(),
            });
            renames.edits.push(renamed(file, &mentions[file][number], &item.new));
        }
        renames.edits.extend(marked(facts, item.at, &item.base, options));
        renames.edits.extend(frozen(facts, item.at, options));
    }
    let links = links.all.iter().filter(|_| !items.inside);
    for link in links {
        let mention = &mentions[link.file][link.mention];
        if let Some(name) = follows(items, &link.groups, mention) {
            renames.edits.push(renamed(link.file, mention, name));
        }
    }
    renames
}

/// The name that a reference must say, if it says another one.
pub(super) fn follows<'a>(
    items: &'a Items,
    groups: &[usize],
    mention: &Mention,
) -> Option<&'a str> {
    let first = *groups.first()?;
    let of = &items.groups[first];
    // What follows a source that keeps its name would be an edit that nobody asked for; what says the
    // name without the suffix of one that is right must follow all the same.
    let item = &items.all[*of.items.first()?];
    let name = items.final_name(first)?;
    (item.hold.is_none() && item.wanted && name != mention.name).then_some(name)
}

fn renamed(file: usize, mention: &Mention, name: &str) -> NameEdit {
    let text = format!("{}{name}", mention.before);
    let replacement = match mention.style {
        Style::Plain if is_plain_string(&text) => text.clone(),
        Style::Single => format!("'{text}'"),
        _ => format!("\"{text}\""),
    };
    NameEdit {
        file,
        object: mention.id.to_string(),
        place: mention.object,
        document: mention.document,
        edit: Edit { span: mention.span, replacement },
        change: Change { path: mention.path.clone(), value: Some(text), wrote: Wrote::Over },
    }
}

/// The marker comes with a suffix of ours, and goes with it.
fn marked(facts: &[Facts], at: SourceRef, base: &str, options: &Options) -> Option<NameEdit> {
    let naming = naming(facts, at)?;
    let slot = naming.marker.as_ref().ok()?;
    let (edit, value) = match (options.goal, slot) {
        (Goal::Strip, Slot::Present(present)) => (present.removal.as_ref().ok()?.clone(), None),
        (Goal::Strip, Slot::Absent(_)) | (_, Slot::Present(_)) => return None,
        (_, Slot::Absent(insertion)) => (insertion.with(base), Some(base.to_owned())),
    };
    let way = ["metadata", "annotations", BASE_NAME];
    Some(of_source(facts, at, edit, &way, value, Wrote::Anew))
}

/// What makes kustomize give a source its suffix, and rewrite what refers to it.
fn for_kustomize(facts: &[Facts], at: SourceRef) -> Option<NameEdit> {
    let Ok(Slot::Absent(insertion)) = &naming(facts, at)?.marker else {
        return None;
    };
    let value = "enabled";
    let way = ["metadata", "annotations", NEEDS_HASH_SUFFIX];
    let edit = insertion.with(value);
    Some(of_source(facts, at, edit, &way, Some(value.to_owned()), Wrote::Anew))
}

/// Whether a source is immutable; what is ours goes with the suffix.
fn frozen(facts: &[Facts], at: SourceRef, options: &Options) -> Option<NameEdit> {
    let (edit, value) = match (options.goal, &naming(facts, at)?.frozen) {
        (Goal::Strip, Frozen::Ours(edit)) => (edit, None),
        (Goal::Stamp | Goal::Check, Frozen::Absent(edit)) if options.naming.immutable => {
            (edit, Some("true".to_owned()))
        }
        _ => return None,
    };
    Some(of_source(facts, at, edit.clone(), &["immutable"], value, Wrote::True))
}

fn of_source(
    facts: &[Facts],
    at: SourceRef,
    edit: Edit,
    way: &[&str],
    value: Option<String>,
    wrote: Wrote,
) -> NameEdit {
    let owner = owner(facts, at);
    let steps = way.iter().map(|field| Step::Field((*field).into()));
    NameEdit {
        file: at.object.file,
        object: owner.id.to_string(),
        place: owner.place.span,
        document: owner.document,
        edit,
        change: Change { path: owner.route.iter().cloned().chain(steps).collect(), value, wrote },
    }
}

/// Lets the facts know: a source with a name of its content adds nothing to a stamp, and a reference
/// without its suffix means it all the same. The names stay as they are written, so that what is said
/// later is about the text that people have, and no name that tells a Secret's content is said.
pub(super) fn tell(facts: &mut [Facts], items: &Items, links: &Links, options: &Options) {
    if options.goal == Goal::Strip {
        return;
    }
    for link in links.all.iter().filter(|_| !items.inside) {
        let item = link.groups.first().and_then(|&group| items.groups[group].items.first());
        let Some(item) = item.map(|&item| &items.all[item]) else {
            continue;
        };
        if let Some((object, template, reference)) = link.reference
            && item.hold.is_none()
            && item.wanted
        {
            let template = &mut facts[link.file].objects[object].templates[template];
            template.references[reference].name = item.current.as_str().into();
        }
    }
    for item in items.all.iter().filter(|item| item.hold.is_none() && item.wanted) {
        let object = &mut facts[item.at.object.file].objects[item.at.object.object];
        object.sources[item.at.source].content_named = true;
        if let Some(origin) = &mut object.origin {
            origin.hashed |= item.inside;
        }
    }
}
