//! Collects the keys that the pods of a workload read in one state.

use super::sources::BothSources;
use super::state::{ComparedState, SideWorkload};
use super::{At, HowChanged, Side};
use crate::extract::{Entry, Grounds, Reference, SourceId};
use crate::plan::{Ignored, Reason, read_entries};
use crate::text::Place;
use std::collections::BTreeMap;

/// The relation of a key that pods read to their stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It is part of the stamp, or of a name that changes with it.
    Counts,
    /// The workload is ignored.
    IgnoredWorkload,
    /// Its source is in another apply unit.
    External,
    /// A rule of the user ignores it.
    Ignored,
    /// The program reads it again while the pods run.
    Live,
}

impl Standing {
    /// Whether the pods keep an old value if the key changes and they are not replaced.
    pub(super) fn is_a_must(self) -> bool {
        matches!(self, Self::Counts | Self::IgnoredWorkload | Self::External)
    }
}

/// A key that pods read.
#[derive(Clone, Copy)]
pub(super) struct ReadKey<'a> {
    pub(super) standing: Standing,
    pub(super) entry: &'a Entry,
    pub(super) reference: &'a Reference,
    /// The place of the key.
    pub(super) at: At,
    /// Whether the build gives the source a name after its content, which rolls the pods. The compared text
    /// does not contain this name.
    pub(super) is_named_by_build: bool,
    /// Whether several objects of this apply unit have the name of the source and different content, so that
    /// any of them may be read.
    pub(super) is_clash: bool,
}

/// A key by its source and name, and whether it can be an environment variable: a ConfigMap may have one
/// key for text and for bytes.
pub(super) type KeyOf<'a> = (usize, &'a str, bool);

/// The reads of the pods of a workload.
#[derive(Default)]
pub(super) struct ReadKeys<'a> {
    /// The keys. If several references read a key, the first one that counts is stored, otherwise the first
    /// one.
    pub(super) keys: BTreeMap<KeyOf<'a>, ReadKey<'a>>,
    /// All named sources, by their pair, including those of which no key is read.
    pub(super) named: Vec<(usize, Standing)>,
    /// The sources, by their pair, of references to which sources of several other apply units fit.
    pub(super) candidates: Vec<usize>,
    /// Whether a reference could not be followed, because overlays decide the applied manifests.
    pub(super) is_unknown: bool,
}

/// What a workload reads, before or after, of the sources that changed.
#[derive(Default)]
pub(super) struct ReadChanges<'a> {
    /// The sources that are named at all, by their pair.
    pub(super) named: Vec<usize>,
    /// The sources that may be named: several fit a reference.
    pub(super) candidates: Vec<usize>,
    /// The keys that the pods read, of the pairs of sources with a differing key.
    pub(super) keys: Vec<(usize, &'a str, Standing)>,
}

/// The reads of a workload in a state.
pub(super) fn of<'a>(
    state: &ComparedState<'a>,
    sources: &BothSources<'a>,
    subject: &SideWorkload<'a>,
) -> ReadKeys<'a> {
    let mut reads = ReadKeys::default();
    for planned in &subject.planned {
        let references = state.manifests().references_of(planned.template);
        if planned.reasons.len() < references.len() {
            reads.is_unknown |= references.iter().any(Reference::reads);
            continue;
        }
        let added = planned.added.iter().map(|added| (&added.reference, &added.reason));
        for (reference, reason) in references.iter().zip(&planned.reasons).chain(added) {
            let Some((at, standing)) = meant(state, sources, subject, reference, reason) else {
                if matches!(reason, Reason::External | Reason::Made(_)) {
                    reads.candidates.extend(sources.candidates(state, subject, reference));
                }
                continue;
            };
            reads.add(state, sources, at, standing, (reference, reason));
        }
    }
    reads
}

impl<'a> ReadKeys<'a> {
    fn add(
        &mut self,
        state: &ComparedState<'a>,
        sources: &BothSources<'a>,
        at: SourceId,
        standing: Standing,
        (reference, reason): (&'a Reference, &Reason),
    ) {
        let pair = match state.side {
            Side::Before => sources.before(at),
            Side::After => sources.after(at),
        };
        let Some(pair) = pair else { return };
        self.named.push((pair, standing));
        let source = state.source(at);
        // The pods read the keys of a live volume, but need not roll for them.
        let entries = match standing {
            Standing::Live => (0..source.entries.len()).collect(),
            _ => read_entries(source, &reference.keys),
        };
        let file = state.manifests().owner(at).place.file;
        let is_named_by_build = source.content_named && state.is_generated(at);
        let is_clash = matches!(reason, Reason::Clash(..));
        for entry in entries.into_iter().map(|i| &source.entries[i]) {
            let ignored = entry.ignored.is_some() || source.ignored.is_some();
            let standing = match standing {
                Standing::Counts if ignored => Standing::Ignored,
                other => other,
            };
            let at = state.at(Place { file, span: entry.at });
            let read = ReadKey { standing, entry, reference, at, is_named_by_build, is_clash };
            let known = self.keys.entry((pair, entry.key.as_str(), entry.env)).or_insert(read);
            if standing < known.standing {
                *known = read;
            }
        }
    }
}

/// The source of a reference, and its relation to the stamp.
fn meant<'a>(
    state: &ComparedState<'a>,
    sources: &BothSources<'a>,
    subject: &SideWorkload<'a>,
    reference: &'a Reference,
    reason: &Reason,
) -> Option<(SourceId, Standing)> {
    let by_name = || sources.named(state, subject, reference);
    match reason {
        Reason::Counted(counted) => Some((counted.source, Standing::Counts)),
        Reason::ContentNamed(at) | Reason::Clash(at, _) => Some((*at, Standing::Counts)),
        Reason::Ignored(
            Ignored::Source(at, _) | Ignored::Keys(at, _) | Ignored::Unselected(at),
        ) => Some((*at, Standing::Ignored)),
        Reason::Ignored(Ignored::Workload(_) | Ignored::NotSelected(_)) if reference.reads() => {
            by_name().map(|at| (at, Standing::IgnoredWorkload))
        }
        Reason::Ignored(Ignored::OnWorkload) => by_name().map(|at| (at, Standing::Ignored)),
        Reason::ReadsNothing if reference.why == Grounds::Live => {
            by_name().map(|at| (at, Standing::Live))
        }
        Reason::External | Reason::Made(_) => by_name().map(|at| (at, Standing::External)),
        Reason::Filled(at) => Some((*at, Standing::External)),
        Reason::Ignored(Ignored::Workload(_) | Ignored::NotSelected(_))
        | Reason::ReadsNothing
        | Reason::Ambiguous(_) => None,
    }
}

/// A key that changed for the pods of a workload.
pub(super) struct ChangedKey<'r, 'a> {
    pub(super) of: KeyOf<'a>,
    pub(super) change: HowChanged,
    pub(super) standing: Standing,
    pub(super) read: &'r ReadKey<'a>,
    /// The place of the change.
    pub(super) at: At,
}

/// The keys that changed, in the order of their standing, then by source and key.
pub(super) fn changed<'r, 'a>(
    was: &'r ReadKeys<'a>,
    is: &'r ReadKeys<'a>,
    sources: &BothSources<'_>,
) -> Vec<ChangedKey<'r, 'a>> {
    let mut found = Vec::new();
    // Of several objects with one name, the one that is read may be the one that counts, or another one.
    let elsewhere = |(pair, key, _): &KeyOf<'a>| {
        let mut keys = sources.pairs[*pair].keys.iter();
        keys.find(|differing| differing.key == *key).map(|differing| differing.at)
    };
    for (of, read) in &is.keys {
        let mut at = read.at;
        let change = match was.keys.get(of) {
            Some(old) if old.entry.digest == read.entry.digest => {
                let is_clash = old.is_clash || read.is_clash;
                let Some(there) = elsewhere(of).filter(|_| is_clash) else { continue };
                at = there;
                HowChanged::Changed
            }
            Some(_) => HowChanged::Changed,
            None => HowChanged::Added,
        };
        found.push(ChangedKey { of: *of, change, standing: read.standing, read, at });
    }
    for (of, read) in was.keys.iter().filter(|(of, _)| !is.keys.contains_key(*of)) {
        found.push(ChangedKey {
            of: *of,
            change: HowChanged::Removed,
            standing: read.standing,
            read,
            at: read.at,
        });
    }
    found.sort_by_key(|key| (key.standing, key.of));
    found
}
