//! Names after content: decides which sources are renamed, and which places follow. This stage uses
//! facts, never texts.
//!
//! A source is renamed only if every place of the run with its name is known and can follow;
//! otherwise it keeps its name, and a finding gives the reason. So no reference breaks, and the
//! readers of a source that keeps its name are stamped.

mod candidates;
mod link;
mod inside_build;
mod referrals;
mod edits;
mod findings;

pub use edits::{NameEdit, Renamed, Renames};

use crate::config::options::{Goal, Options};
use crate::digest::name_hash::is_suffixed;
use crate::extract::{Manifests, Mention};
use crate::finding::Finding;
use crate::resolve::Resolver;
use crate::resolve::index::Index;
use crate::scope::Units;
use crate::text::FileId;
use candidates::Candidates;
use link::Context;
use referrals::Links;
use std::collections::{BTreeMap, BTreeSet};

/// The names whose mentions must all be found: names that change, and names without a suffix of
/// rollstamp.
pub fn names(manifests: &Manifests, options: &Options) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, source) in manifests.sources() {
        let Some(naming) = &source.naming else { continue };
        if options.goal == Goal::Strip && naming.base.is_none() {
            continue;
        }
        names.insert(source.name.to_string());
        if let Some(origin) = &manifests.owner(at).origin {
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

/// Decides about all sources. `mentions` are those of all [`names`], in the order of the input;
/// `unread` are names in texts that could not be read, each with one such text.
pub fn decide(
    manifests: &Manifests,
    mentions: &[Mention],
    unread: &BTreeMap<String, FileId>,
    units: &Units,
    index: &Index,
    options: &Options,
) -> (Renames, Vec<Finding>) {
    let candidates = candidates::candidates(manifests, units, options);
    let objects = candidates::objects(manifests, &candidates);
    let resolver = &Resolver::new(manifests, index, &objects, options);
    let run = Context { manifests, mentions, units, options, resolver };
    let mut items = Candidates::of(candidates, index, units);
    let links = Links::find(&run, &mut items);
    items.block_unread(unread);
    links.settle(&mut items, options);
    let mut findings = findings::held(manifests, mentions, &items, options);
    let mut renames = edits::edits(manifests, mentions, &items, &links, options);
    if options.goal == Goal::Check {
        findings.extend(findings::stale(manifests, mentions, &items, &links));
    }
    edits::meanings(&mut renames, manifests, &items, &links, options);
    (renames, findings)
}
