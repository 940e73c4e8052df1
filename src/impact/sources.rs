//! Pairs the sources of both states, and finds their changes.

use super::pairs::{Item, pair};
use super::state::{ComparedState, ProvidedSource, SideWorkload};
use super::{At, HowChanged, Name, Side};
use crate::digest::ValueDigest;
use crate::digest::name_hash::looks_suffixed;
use crate::extract::{Entry, Reference, SourceId};
use crate::k8s::providers::Target;
use crate::text::Place;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A source in both states.
pub(super) struct SourcePair<'a> {
    /// Its identity, without the suffix of its content.
    pub(super) name: Name,
    pub(super) target: Target,
    pub(super) before: Option<ProvidedSource<'a>>,
    pub(super) after: Option<ProvidedSource<'a>>,
    /// The differing keys, by name.
    pub(super) keys: Vec<Differing>,
}

/// A differing key.
pub(super) struct Differing {
    pub(super) key: String,
    pub(super) change: HowChanged,
    pub(super) at: At,
}

/// The sources of both states, with an index for references.
pub(super) struct BothSources<'a> {
    pub(super) pairs: Vec<SourcePair<'a>>,
    /// Whether something in any of them changed, or may have.
    pub(super) is_changed: bool,
    before: BTreeMap<SourceId, usize>,
    after: BTreeMap<SourceId, usize>,
    /// The sources of both states by the names in references, when the first reference asks for them.
    by_name: (OnceLock<SourcesByName>, OnceLock<SourcesByName>),
    old: Vec<ProvidedSource<'a>>,
    new: Vec<ProvidedSource<'a>>,
}

/// The sources to which a reference may refer by name and namespace only, by their apply unit.
type SourcesByName = BTreeMap<SourceIdentity, BTreeMap<String, SourceId>>;

type SourceIdentity = (Target, Option<String>, String);

impl<'a> BothSources<'a> {
    /// Pairs the sources of two states.
    pub(super) fn new(before: &ComparedState<'a>, after: &ComparedState<'a>) -> Self {
        let old = before.sources();
        let new = after.sources();
        let exact = |state: &ComparedState<'a>,
                     all: &[ProvidedSource<'a>]|
         -> Vec<Item<SourceIdentity>> {
            all.iter().map(|source| item(state, source, source.source.name.to_string())).collect()
        };
        let mut found = Self {
            pairs: Vec::new(),
            is_changed: false,
            before: BTreeMap::new(),
            after: BTreeMap::new(),
            by_name: <(OnceLock<SourcesByName>, OnceLock<SourcesByName>)>::default(),
            old: Vec::new(),
            new: Vec::new(),
        };
        let (mut old_left, mut new_left) = (Vec::new(), Vec::new());
        for pair in pair(&exact(before, &old), &exact(after, &new)) {
            match (pair.before.is_empty(), pair.after.is_empty()) {
                (false, false) => found.add(before, after, &old, &new, &pair.before, &pair.after),
                (false, true) => old_left.push(pair.before),
                (true, _) => new_left.push(pair.after),
            }
        }
        // The remaining sources may have another suffix: a source without a suffix, or with the suffix of
        // other content, is the same source.
        let base = |state: &ComparedState<'a>, all: &[ProvidedSource<'a>], left: &[Vec<usize>]| {
            let items = left.iter().map(|copies| {
                let source = &all[copies[0]];
                item(state, source, base_name(&source.source.name).to_owned())
            });
            items.collect::<Vec<Item<SourceIdentity>>>()
        };
        let (old_items, new_items) = (base(before, &old, &old_left), base(after, &new, &new_left));
        for pair in pair(&old_items, &new_items) {
            // Two sources of one unit with the same base name are generations of one source, or two
            // sources: each stays alone.
            let is_one = pair.before.len() == 1 && pair.after.len() == 1;
            if is_one {
                let (b, a) = (&old_left[pair.before[0]], &new_left[pair.after[0]]);
                found.add(before, after, &old, &new, b, a);
                continue;
            }
            for at in pair.before {
                found.add(before, after, &old, &new, &old_left[at], &[]);
            }
            for at in pair.after {
                found.add(before, after, &old, &new, &[], &new_left[at]);
            }
        }
        (found.old, found.new) = (old, new);
        found.is_changed = found.pairs.iter().any(SourcePair::is_changed);
        found
    }

    fn add(
        &mut self,
        before: &ComparedState<'a>,
        after: &ComparedState<'a>,
        old: &[ProvidedSource<'a>],
        new: &[ProvidedSource<'a>],
        old_copies: &[usize],
        new_copies: &[usize],
    ) {
        let number = self.pairs.len();
        self.before.extend(old_copies.iter().map(|&i| (old[i].at, number)));
        self.after.extend(new_copies.iter().map(|&i| (new[i].at, number)));
        let counting = |all: &[ProvidedSource<'a>], copies: &[usize]| counting(all, copies);
        let (old, new) = (counting(old, old_copies), counting(new, new_copies));
        let (state, any) = match (new, old) {
            (Some(new), _) => (after, new),
            (None, Some(old)) => (before, old),
            (None, None) => return,
        };
        let was_renamed = old.zip(new).is_some_and(|(o, n)| o.source.name != n.source.name);
        let is_suffixed = was_renamed || any.source.content_named;
        let written = any.source.name.as_str();
        let name = if is_suffixed { base_name(written) } else { written };
        let keys = differing(before, after, old, new);
        self.pairs.push(SourcePair {
            name: Name {
                kind: any.object.id.kind.to_string(),
                namespace: state.namespace(namespace(&any)),
                name: name.to_owned(),
            },
            target: any.source.target,
            before: old,
            after: new,
            keys,
        });
    }

    /// The renamed sources, by both names.
    pub(super) fn renamed(&self) -> BTreeMap<(String, String), Name> {
        let renamed = self.pairs.iter().filter_map(|pair| {
            let (from, to) = pair.renamed()?;
            Some(((from.to_owned(), to.to_owned()), pair.name.clone()))
        });
        renamed.collect()
    }

    /// The pair of a source of the first state.
    pub(super) fn before(&self, at: SourceId) -> Option<usize> {
        self.before.get(&at).copied()
    }

    /// The only source of a state to which a reference can refer by its kind, name and namespace; sources
    /// of the same apply unit have priority. `None` if there are several.
    pub(super) fn named(
        &self,
        state: &ComparedState<'a>,
        subject: &SideWorkload<'a>,
        reference: &Reference,
    ) -> Option<SourceId> {
        let fitting = self.fitting(state, subject, reference)?;
        let here = fitting.get(&state.unit(subject.object.place.file));
        here.or_else(|| fitting.values().next().filter(|_| fitting.len() == 1)).copied()
    }

    /// The pairs of all sources of a state to which a reference can refer by its kind, name and namespace.
    pub(super) fn candidates(
        &self,
        state: &ComparedState<'a>,
        subject: &SideWorkload<'a>,
        reference: &Reference,
    ) -> Vec<usize> {
        let fitting =
            self.fitting(state, subject, reference).into_iter().flat_map(BTreeMap::values);
        let pairs = fitting.filter_map(|&at| match state.side {
            Side::Before => self.before(at),
            Side::After => self.after(at),
        });
        pairs.collect()
    }

    fn fitting(
        &self,
        state: &ComparedState<'a>,
        subject: &SideWorkload<'a>,
        reference: &Reference,
    ) -> Option<&BTreeMap<String, SourceId>> {
        let (names, all) = match state.side {
            Side::Before => (&self.by_name.0, &self.old),
            Side::After => (&self.by_name.1, &self.new),
        };
        let by_name = names.get_or_init(|| by_name(state, all));
        let own = state.namespace(subject.object.namespace_of_pods());
        by_name.get(&(reference.site.target, own, reference.name.to_string()))
    }

    /// The pair of a source of the second state.
    pub(super) fn after(&self, at: SourceId) -> Option<usize> {
        self.after.get(&at).copied()
    }
}

impl SourcePair<'_> {
    /// Whether something in it changed, or may have.
    fn is_changed(&self) -> bool {
        !self.keys.is_empty() || self.before.is_some() != self.after.is_some()
    }

    /// Both names, if its name changed with its content.
    pub(super) fn renamed(&self) -> Option<(&str, &str)> {
        let (before, after) = (self.before?, self.after?);
        let (from, to) = (before.source.name.as_str(), after.source.name.as_str());
        (from != to).then_some((from, to))
    }

    /// Whether a controller in the cluster fills it.
    pub(super) fn is_filled_in_cluster(&self) -> bool {
        [self.before, self.after].into_iter().flatten().any(|s| s.source.filled_in_cluster)
    }
}

fn namespace<'s>(source: &ProvidedSource<'s>) -> Option<&'s str> {
    let own = source.source.namespace.as_deref();
    own.or(source.object.id.namespace.as_deref())
}

/// The sources by the names in references; if a unit has several copies, the last one.
fn by_name(state: &ComparedState<'_>, all: &[ProvidedSource<'_>]) -> SourcesByName {
    let mut names = SourcesByName::new();
    // The readers of a source in a file that the command line does not name are known only in part.
    let is_looked_at =
        |p: &&ProvidedSource<'_>| state.manifests()[p.object.place.file].input.is_looked_at();
    for provided in all.iter().filter(is_looked_at) {
        let known = item(state, provided, provided.source.name.to_string());
        names.entry(known.key).or_default().insert(known.unit, provided.at);
    }
    names
}

fn item(
    state: &ComparedState<'_>,
    source: &ProvidedSource<'_>,
    name: String,
) -> Item<SourceIdentity> {
    let namespace = state.namespace(namespace(source));
    Item {
        key: (source.source.target, namespace, name),
        unit: state.unit(source.object.place.file),
    }
}

/// A name without the suffix of its content: a dash and ten letters.
pub(super) fn base_name(name: &str) -> &str {
    match looks_suffixed(name) {
        true => &name[..name.len() - 11],
        false => name,
    }
}

/// The copy that counts: the last one; but an object that is not a Helm hook has priority over a hook, and
/// written content has priority over a source that a controller fills.
fn counting<'a>(all: &[ProvidedSource<'a>], copies: &[usize]) -> Option<ProvidedSource<'a>> {
    let rank = |i: usize| (!all[i].source.filled_in_cluster, !all[i].object.hook);
    copies.iter().max_by_key(|&&i| (rank(i), i)).map(|&i| all[i])
}

/// The differing keys. A key may occur for text and for bytes; for its readers it is one key.
fn differing(
    before: &ComparedState<'_>,
    after: &ComparedState<'_>,
    old: Option<ProvidedSource<'_>>,
    new: Option<ProvidedSource<'_>>,
) -> Vec<Differing> {
    let mut keys: BTreeMap<&str, [Vec<&Entry>; 2]> = BTreeMap::new();
    for (side, source) in [old, new].iter().enumerate() {
        for entry in source.iter().flat_map(|s| &s.source.entries) {
            keys.entry(&entry.key).or_default()[side].push(entry);
        }
    }
    let place =
        |state: &ComparedState<'_>, source: Option<ProvidedSource<'_>>, entries: &[&Entry]| {
            let file = source.map(|s| s.object.place.file);
            let span = entries.first().map(|e| e.at);
            file.zip(span).map(|(file, span)| state.at(Place { file, span }))
        };
    let found = keys.into_iter().filter_map(|(key, [was, is])| {
        let change = match (was.is_empty(), is.is_empty()) {
            (false, true) => HowChanged::Removed,
            (true, false) => HowChanged::Added,
            _ if same(&was, &is) => return None,
            _ => HowChanged::Changed,
        };
        let at = place(after, new, &is).or_else(|| place(before, old, &was))?;
        Some(Differing { key: key.to_owned(), change, at })
    });
    found.collect()
}

fn same(one: &[&Entry], other: &[&Entry]) -> bool {
    let content = |e: &Entry| -> (bool, ValueDigest) { (e.env, e.digest) };
    one.len() == other.len()
        && one.iter().zip(other).all(|(a, b)| {
            let ((env, digest), (other_env, other_digest)) = (content(a), content(b));
            env == other_env && digest == other_digest
        })
}
