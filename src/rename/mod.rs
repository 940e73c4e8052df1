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

use crate::config::options::{Goal, Options};
use crate::digest::name_hash::is_suffixed;
use crate::extract::{Manifests, Mention, ObjectId, Reference, ReferenceId, SourceId};
use crate::finding::Finding;
use crate::resolve::Resolver;
use crate::resolve::index::Index;
use crate::scope::Units;
use crate::text::{FileId, Span};
use crate::yaml::Edit;
use crate::yaml::verify::Change;
use candidates::Candidates;
use link::Context;
use referrals::Links;
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
