//! Finds the sources to which each mention refers, and derives which sources can be renamed.

use super::candidates::{Blocker, BySpace, Candidate, Candidates};
use super::inside_build;
use super::link::{Context, Link, fixed, refuses};
use crate::config::options::{Goal, Options};
use crate::extract::{Manifests, Meaning, Mention, MentionId, ReferenceId, SourceId};
use crate::finding::naming::KeepsName;
use crate::k8s::providers::Target;
use crate::resolve::index::namespace;
use crate::text::FileId;
use std::collections::BTreeMap;

/// The places that follow sources, in the order of the input.
pub(super) struct Links {
    pub(super) all: Vec<Link>,
}

impl Links {
    pub(super) fn find(run: &Context<'_>, items: &mut Candidates<'_>) -> Self {
        let mut links = Self { all: Vec::new() };
        for file in run.manifests.files() {
            note_reads(run, file, items);
        }
        let references = references(run.manifests);
        let definitions = definitions(run.manifests, items);
        for (number, mention) in run.mentions.iter().enumerate() {
            let number = MentionId::at(number);
            if let Meaning::Definition(_) = mention.what {
                if let Some(&item) = definitions.get(&(mention.file, mention.span.start)) {
                    define(number, mention, &mut items.all[item]);
                }
                continue;
            }
            // Because of aliases, one text can be several references.
            let several = references.get(&(mention.file, mention.span.start));
            if items.inside {
                let several = several.map_or(&[][..], Vec::as_slice);
                links.all.extend(inside_build::links(run, number, several, items));
                continue;
            }
            match several {
                None => links.mention(run, number, None, items),
                Some(several) => {
                    for &reference in several {
                        links.mention(run, number, Some(reference), items);
                    }
                }
            }
        }
        for item in &mut items.all {
            if item.definition.is_none() && item.blocker.is_none() && !item.inside {
                item.blocker = Some(Blocker::Kind(KeepsName::NoEditableName));
            }
        }
        links.refuse(run.mentions, items);
        links
    }

    /// Handles one mention, which is this reference of a pod template or none.
    fn mention(
        &mut self,
        run: &Context<'_>,
        number: MentionId,
        reference: Option<ReferenceId>,
        items: &mut Candidates<'_>,
    ) {
        let mention = &run.mentions[number.index()];
        let of_pod = reference.map(|reference| run.manifests[reference].site.target);
        let targets: &[Target] = match (&mention.what, &of_pod) {
            (_, Some(target)) => std::slice::from_ref(target),
            (Meaning::Reference(targets), None) => targets,
            (Meaning::Unknown, None) => &Target::ALL,
            (Meaning::Other | Meaning::Definition(_), None) => return,
        };
        let is_unknown = mention.what == Meaning::Unknown && of_pod.is_none();
        let groups = resolve(mention, targets, run, items);
        if groups.is_empty() {
            let own = mention.namespace.as_deref().or(run.options.namespace.as_deref());
            let own = own.filter(|_| !mention.anywhere);
            let elsewhere: Vec<usize> = items.anywhere(&mention.name, own).collect();
            for group in elsewhere {
                if targets.contains(&items.groups[group].target) {
                    items.block(group, &Blocker::Elsewhere(number));
                }
            }
            return;
        }
        let blocker = match is_unknown {
            true => Some(Blocker::Unknown(number)),
            false => fixed(run, mention, reference).map(|why| Blocker::Fixed(number, why)),
        };
        if let Some(blocker) = blocker {
            for &group in &groups {
                items.block(group, &blocker);
            }
        }
        if !is_unknown {
            self.all.push(Link {
                mention: number,
                groups,
                reference,
                immutable: refuses(run, reference),
            });
        }
    }

    /// Keeps the names of sources that an immutable object refers to.
    fn refuse(&self, mentions: &[Mention], items: &mut Candidates<'_>) {
        for link in self.all.iter().filter(|link| link.immutable) {
            let name = &mentions[link.mention.index()].name;
            for &group in &link.groups {
                if items.final_name(group).is_some_and(|new| new != name) {
                    items.block(group, &Blocker::Immutable(link.mention));
                }
            }
        }
    }

    /// Spreads blockers until nothing changes. Afterwards, all copies of a source have the same
    /// name, all sources of one mention have the same name, and no two sources share a new name.
    pub(super) fn settle(&self, items: &mut Candidates<'_>, options: &Options) {
        loop {
            let mut changed = false;
            for group in 0..items.groups.len() {
                let of = &items.groups[group];
                let held = of.items.iter().find(|&&item| !items.all[item].moves());
                let holder = of.foreign.or(held.map(|&item| items.all[item].at));
                let some_move = of.items.iter().any(|&item| items.all[item].moves());
                let differ = items.final_name(group).is_none() || of.foreign.is_some();
                if some_move && differ {
                    let other = holder.unwrap_or(items.all[of.items[0]].at);
                    changed |= items.block(group, &Blocker::Copy(other));
                }
            }
            for link in &self.all {
                let names: Vec<Option<&str>> =
                    link.groups.iter().map(|&g| items.final_name(g)).collect();
                if names.windows(2).any(|pair| pair[0] != pair[1]) {
                    for &group in &link.groups {
                        changed |= items.block(group, &Blocker::Ambiguous(link.mention));
                    }
                }
            }
            changed |= clashes(items, options.goal);
            if !changed {
                return;
            }
        }
    }
}

/// Blocks sources whose new name another source has after the run.
fn clashes(items: &mut Candidates<'_>, goal: Goal) -> bool {
    let mut by_final: BTreeMap<(u32, Target, String), Vec<usize>> = BTreeMap::new();
    for group in 0..items.groups.len() {
        if let Some(name) = items.final_name(group) {
            let of = &items.groups[group];
            let key = (of.unit.0, of.target, name.to_owned());
            by_final.entry(key).or_default().push(group);
        }
    }
    let mut changed = false;
    let at = |items: &Candidates<'_>, group: usize| -> Option<SourceId> {
        let of = &items.groups[group];
        of.foreign.or(of.items.first().map(|&item| items.all[item].at))
    };
    for groups in by_final.into_values().filter(|groups| groups.len() > 1) {
        let mut spaces = BySpace::default();
        for &group in &groups {
            spaces.add(items.groups[group].namespace, group);
        }
        for &one in &groups {
            let space = |group: usize| items.groups[group].namespace;
            // Groups in other namespaces do not matter.
            let other = spaces.maybe(space(one)).into_iter().find(|&other| {
                let same_space = space(one) == space(other);
                // Two sources that already shared a name may still share it: they are in different
                // namespaces, or one of them has none.
                let apart = items.groups[one].name == items.groups[other].name;
                // Sources that get the same name back had it before.
                let apart = apart || goal == Goal::Strip;
                other != one
                    && (same_space || (!apart && (space(one).is_none() || space(other).is_none())))
            });
            let moves = items.groups[one].items.iter().any(|&i| items.all[i].moves());
            if let (Some(other), true) = (other, moves)
                && let Some(other) = at(items, other)
            {
                changed |= items.block(one, &Blocker::Clash(other));
            }
        }
    }
    changed
}

/// The references of pod templates by where their names begin.
fn references(manifests: &Manifests) -> BTreeMap<(FileId, u32), Vec<ReferenceId>> {
    let mut found: BTreeMap<(FileId, u32), Vec<ReferenceId>> = BTreeMap::new();
    for (_, template) in manifests.templates().filter(|(_, t)| !t.kind.is_unlisted()) {
        let file = manifests[template.object].place.file;
        for at in template.references.iter() {
            let place = (file, manifests[at].name_span.start);
            found.entry(place).or_default().push(at);
        }
    }
    found
}

/// Records the sources that the workloads of a file read.
fn note_reads(run: &Context<'_>, file: FileId, items: &mut Candidates<'_>) {
    let manifests = run.manifests;
    let Some(memberships) = run.units.memberships(file) else { return };
    for (number, object) in manifests.objects_of(file) {
        let templates = manifests.templates_of(number);
        let known = templates.filter(|(_, t)| !t.kind.is_unlisted() && t.ignored.is_none());
        let references = known.flat_map(|(at, _)| manifests.references_of(at));
        for reference in references.filter(|r| r.reads()) {
            for membership in memberships {
                let own = object.id.namespace.as_deref();
                let own = namespace(membership.namespace.as_deref().or(own), run.options);
                let groups = items.read_by(run.resolver, membership.unit, object, own, reference);
                for group in groups {
                    if items.groups[group].foreign.is_some() {
                        items.foreign_reads.insert(group);
                    }
                    for item in items.groups[group].items.clone() {
                        items.all[item].wanted = true;
                    }
                }
            }
        }
    }
}

/// The candidates by the offset of their names; if one object provides two, the first.
fn definitions(manifests: &Manifests, items: &Candidates<'_>) -> BTreeMap<(FileId, u32), usize> {
    let mut found = BTreeMap::new();
    for (number, item) in items.all.iter().enumerate() {
        let owner = manifests.owner(item.at);
        found.entry((owner.place.file, owner.name_span.start)).or_insert(number);
    }
    found
}

/// Records the mention that is the own name of a candidate.
fn define(number: MentionId, mention: &Mention, item: &mut Candidate) {
    item.definition = Some(number);
    if let Some(why) = mention.fixed
        && item.blocker.is_none()
        && !item.inside
    {
        item.blocker = Some(Blocker::Fixed(number, why));
    }
}

fn resolve(
    mention: &Mention,
    targets: &[Target],
    run: &Context<'_>,
    items: &Candidates<'_>,
) -> Vec<usize> {
    let mut groups = Vec::new();
    for membership in run.units.memberships(mention.file).unwrap_or_default() {
        let own = mention.namespace.as_deref();
        let own = namespace(membership.namespace.as_deref().or(own), run.options);
        let own = own.filter(|_| !mention.anywhere);
        for &target in targets {
            let (unit, name) = (membership.unit, &mention.name);
            groups.extend(items.meant(run.resolver, unit, target, name, own, mention.anywhere));
        }
    }
    groups.sort_unstable();
    groups.dedup();
    groups
}
