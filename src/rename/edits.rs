//! Decisions as edits of the text, and as what the facts say from now on.

use super::items::{Items, naming, owner};
use super::links::Links;
use super::{NameEdit, Renamed, Renames};
use crate::extract::{BASE_NAME, Facts, Mention};
use crate::index::SourceRef;
use crate::options::{Goal, Options};
use crate::yaml::insert::Slot;
use crate::yaml::resolve::is_plain_string;
use crate::yaml::verify::{Change, Step, Wrote};
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
    for item in items.all.iter().filter(|item| item.moves()) {
        let Some((file, number)) = item.definition else {
            continue;
        };
        renames.sources.push(Renamed {
            at: item.at,
            from: item.current.clone(),
            to: item.new.clone(),
        });
        renames
            .edits
            .push(renamed(file, &mentions[file][number], &item.new));
        renames
            .edits
            .extend(marked(facts, item.at, &item.base, options));
    }
    for link in &links.all {
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
        edit: Edit {
            span: mention.span,
            replacement,
        },
        change: Change {
            path: mention.path.clone(),
            value: Some(text),
            wrote: Wrote::Over,
        },
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
    let owner = owner(facts, at);
    let steps = ["metadata", "annotations", BASE_NAME];
    let steps = steps.map(|field| Step::Field(field.to_owned()));
    Some(NameEdit {
        file: at.object.file,
        object: owner.id.to_string(),
        place: owner.place.span,
        document: owner.document,
        edit,
        change: Change {
            path: owner.route.iter().cloned().chain(steps).collect(),
            value,
            wrote: Wrote::Anew,
        },
    })
}

/// Lets the facts say the new names. A source with a name of its content adds nothing to a stamp.
pub(super) fn tell(facts: &mut [Facts], items: &Items, links: &Links, options: &Options) {
    if options.goal == Goal::Strip {
        return;
    }
    let mut told = Vec::new();
    for link in &links.all {
        let Some((object, template, reference)) = link.reference else {
            continue;
        };
        let templates = &facts[link.file].objects[object].templates;
        let said = &templates[template].references[reference].name;
        let of = link
            .groups
            .first()
            .map(|&group| (group, &items.groups[group]));
        let follows = of.and_then(|(group, of)| {
            let item = &items.all[*of.items.first()?];
            let name = items.final_name(group)?;
            (item.hold.is_none() && item.wanted && name != said).then(|| name.to_owned())
        });
        if let Some(name) = follows {
            told.push((link.file, (object, template, reference), name));
        }
    }
    for (file, (object, template, reference), name) in told {
        facts[file].objects[object].templates[template].references[reference].name = name;
    }
    for item in &items.all {
        if item.hold.is_none() && item.wanted {
            let at = item.at;
            let object = &mut facts[at.object.file].objects[at.object.object];
            let source = &mut object.sources[at.source];
            source.name.clone_from(&item.new);
            source.content_named = true;
        }
    }
}
