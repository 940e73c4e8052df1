//! Names after content: decides which sources get one, and which places follow. Works on facts, never on
//! text.
//!
//! A source moves only when every place that says its name is known and can follow, wherever in the run
//! it stands; otherwise it keeps its name, and a finding says what holds it. So no name is left dangling,
//! and a stamp does for the readers what the name cannot.

mod inside_build;
mod edits;
mod candidates;
mod referrals;
mod findings;

use crate::config::options::{Goal, Options};
use crate::digest::name_hash::is_suffixed;
use crate::extract::{Facts, Mention};
use crate::finding::Finding;
use crate::resolve::index::SourceRef;
use crate::scope::Units;
use crate::text::Span;
use crate::text::input::Input;
use crate::yaml::Edit;
use crate::yaml::verify::Change;
use candidates::Items;
use referrals::Links;
use std::collections::BTreeSet;

/// The names that change, and the edits that change them.
#[derive(Default)]
pub struct Renames {
    /// The sources, in the order of the input.
    pub sources: Vec<Renamed>,
    /// The edits, in no particular order.
    pub edits: Vec<NameEdit>,
}

/// A source that gets another name.
pub struct Renamed {
    /// The source.
    pub at: SourceRef,
    /// Its name as it is written.
    pub from: String,
    /// Its name after the edit.
    pub to: String,
}

/// One edit of a name or a marker.
pub struct NameEdit {
    /// The position of the file among the inputs.
    pub file: usize,
    /// The object, as people call it.
    pub object: String,
    /// Where the object is.
    pub place: Span,
    /// The document that it is in.
    pub document: Span,
    /// The edit.
    pub edit: Edit,
    /// What it changes.
    pub change: Change,
}

/// The names whose mentions must all be found: names that change, and names without our suffix.
pub fn names(facts: &[Facts], options: &Options) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let objects = facts.iter().flat_map(|f| &f.objects);
    for (object, source) in objects.flat_map(|o| o.sources.iter().map(move |s| (o, s))) {
        let Some(naming) = &source.naming else {
            continue;
        };
        if options.goal == Goal::Strip && naming.base.is_none() {
            continue;
        }
        names.insert(source.name.to_string());
        if let Some(origin) = &object.origin {
            names.extend(origin.names.iter().cloned());
        }
        if let Some(base) = &naming.base
            && is_suffixed(&source.name, base)
        {
            names.insert(base.clone());
        }
    }
    names
}

/// Decides about all sources, and lets the facts know, so that what is decided later holds for the
/// manifests as they will be. `mentions` has one entry a file.
pub fn decide(
    inputs: &[Input],
    facts: &mut [Facts],
    mentions: &[Vec<Mention>],
    units: &Units,
    options: &Options,
) -> (Renames, Vec<Finding>) {
    let mut items = Items::collect(inputs, facts, units, options);
    let links = Links::find(inputs, facts, mentions, units, options, &mut items);
    links.settle(&mut items, options);
    let mut findings = findings::held(facts, mentions, &items, options);
    let renames = edits::edits(facts, mentions, &items, &links, options);
    if options.goal == Goal::Check {
        findings.extend(findings::stale(facts, mentions, &items, &links));
    }
    edits::tell(facts, &items, &links, options);
    (renames, findings)
}
