//! Inside of a kustomize build, which calls this program before it is done with names. There nothing is
//! renamed: a source gets the mark that its generators write, and kustomize itself gives it a suffix
//! and rewrites what refers to it, after all prefixes, suffixes and namespaces.
//!
//! So a source is marked only where kustomize would rewrite every place that says its name, and would
//! find it there (api/filters/nameref/nameref.go, v5.8.1).

use super::candidates::{Blocker, Group, Items};
use super::referrals::{Link, Run, asked, refuses};
use crate::extract::{
    Manifests, Meaning, Mention, MentionId, Object, Origin, Reference, ReferenceId,
};
use crate::k8s::kustomize_names::renames;
use crate::k8s::other_names::CLUSTER_WIDE;
use crate::k8s::providers::Target;
use crate::scope::UnitId;

/// Notes by which names kustomize would find each source, once those that can get a mark have one.
pub(super) fn note_names(items: &mut Items, manifests: &Manifests) {
    for number in 0..items.groups.len() {
        let group = &items.groups[number];
        let is_core = |o: &&Object| o.id.group.is_empty() && o.id.kind == group.target.name();
        let core = owner(manifests, items, group).filter(is_core);
        let Some(origin) = core.and_then(|owner| owner.origin.as_deref()) else {
            continue;
        };
        let mut names = origin.names.clone();
        if origin.hashed || !group.items.is_empty() {
            names.push(group.name.clone());
        }
        names.sort();
        names.dedup();
        for name in names {
            let key = (group.unit, group.target, name);
            items.once.entry(key).or_default().push(number);
        }
    }
}

/// The sources that a reference of a workload reads, wherever it stands: those that kustomize would
/// find, or the one that has the very name.
pub(super) fn meant_by(
    manifests: &Manifests,
    items: &Items,
    unit: UnitId,
    workload: &Object,
    reference: &Reference,
) -> Vec<usize> {
    let referrer = Referrer {
        namespace: workload.id.namespace.as_deref(),
        is_cluster_wide: false,
        origin: workload.origin.as_deref(),
    };
    let target = reference.site.target;
    let found = candidates(manifests, items, unit, &[target], &reference.name, &referrer);
    match found.is_empty() {
        true => items.resolve(unit, target, &reference.name, referrer.namespace, false),
        false => found,
    }
}

/// Takes up one mention, which is these references of pod templates or none: what kustomize would
/// rewrite there becomes a link, and what it would not holds the sources of the name.
pub(super) fn links(
    run: &Run<'_>,
    number: MentionId,
    references: &[ReferenceId],
    items: &mut Items,
) -> Vec<Link> {
    let mention = &run.mentions[number.index()];
    let mut links = Vec::new();
    if references.is_empty() {
        links.extend(link(run, number, mention, None, items));
    }
    for &reference in references {
        let of_pod = Some(reference);
        links.extend(link(run, number, mention, of_pod, items));
    }
    links
}

fn link(
    run: &Run<'_>,
    number: MentionId,
    mention: &Mention,
    reference: Option<ReferenceId>,
    items: &mut Items,
) -> Option<Link> {
    let of_pod = reference.map(|at| {
        let reference = &run.manifests[at];
        let object = run.manifests.workload(reference.template);
        let is_known = renames(&object.id, &reference.site, reference.spot.list);
        (reference.site.target, is_known)
    });
    // What the place means, and what kustomize takes it for.
    let meant: Vec<Target> = match (&of_pod, &mention.what) {
        (Some((target, _)), _) => vec![*target],
        (None, Meaning::Reference(targets)) => targets.clone(),
        (None, Meaning::Unknown) => vec![Target::ConfigMap, Target::Secret],
        (None, Meaning::Other | Meaning::Definition(_)) => Vec::new(),
    };
    let rewritten = match &of_pod {
        Some((target, true)) => vec![*target],
        _ => mention.rewritten.clone(),
    };
    if rewritten.is_empty() {
        let own = mention.namespace.as_deref().filter(|_| !mention.anywhere);
        let named: Vec<usize> = items.anywhere(&mention.name, own).collect();
        let hold = match (&mention.what, of_pod) {
            (Meaning::Unknown, None) => Blocker::Unknown(number),
            _ => Blocker::NotRewritten(number),
        };
        for group in named {
            if meant.contains(&items.groups[group].target) {
                items.hold(group, &hold);
            }
        }
        return None;
    }
    let mut objects = run.manifests.objects_of(mention.file).map(|(_, object)| object);
    let holder = objects.find(|object| object.place.span == mention.object);
    let referrer = Referrer {
        namespace: mention.id.namespace.as_deref(),
        is_cluster_wide: CLUSTER_WIDE.contains(&mention.id.kind.as_str()),
        origin: holder.and_then(|holder| holder.origin.as_deref()),
    };
    let unit = run.units.seats(mention.file)?.first()?.unit;
    let name = &mention.name;
    let found = candidates(run.manifests, items, unit, &rewritten, name, &referrer);
    if found.is_empty() {
        // A pod looks for the name all the same, and finds it where kustomize sees no namespace, or sees
        // one on one of the two sides alone.
        let own = mention.namespace.as_deref();
        for target in meant {
            for group in items.resolve(unit, target, name, own, mention.anywhere) {
                items.hold(group, &Blocker::NotRewritten(number));
            }
        }
        return None;
    }
    let [only] = found.as_slice() else {
        for group in found {
            items.hold(group, &Blocker::Ambiguous(number));
        }
        return None;
    };
    let group = &items.groups[*only];
    let is_there = match mention.namespace.as_deref() {
        _ if mention.anywhere => true,
        Some(said) => namespace_of(run.manifests, items, *only) == said,
        None => true,
    };
    if !meant.contains(&group.target) || !is_there {
        // It would take the place for a reference to this source, and it is none.
        items.hold(*only, &Blocker::NotRewritten(number));
        return None;
    }
    // kustomize writes every text anew, so nothing is fixed but what people ask for.
    if let Some(why) = reference.and_then(|reference| asked(run, reference)) {
        items.hold(*only, &Blocker::Fixed(number, why));
    }
    Some(Link {
        mention: number,
        groups: vec![*only],
        reference,
        immutable: refuses(run, reference),
    })
}

/// What kustomize asks about an object that refers to something.
struct Referrer<'a> {
    namespace: Option<&'a str>,
    is_cluster_wide: bool,
    origin: Option<&'a Origin>,
}

fn candidates(
    manifests: &Manifests,
    items: &Items,
    unit: UnitId,
    targets: &[Target],
    name: &str,
    referrer: &Referrer<'_>,
) -> Vec<usize> {
    let of = |target: &Target| items.once.get(&(unit, *target, name.to_owned()));
    let mut found: Vec<usize> = targets.iter().filter_map(of).flatten().copied().collect();
    let own = effective(referrer.namespace);
    let space = |group: usize| namespace_of(manifests, items, group);
    found.retain(|&group| referrer.is_cluster_wide || space(group) == own);
    for empty_fits in [true, false] {
        if found.len() > 1 {
            found.retain(|&group| {
                let of = owner(manifests, items, &items.groups[group]);
                Origin::fit(
                    of.and_then(|owner| owner.origin.as_deref()),
                    referrer.origin,
                    empty_fits,
                )
            });
        }
    }
    found
}

fn namespace_of<'a>(manifests: &'a Manifests, items: &Items, group: usize) -> &'a str {
    let owner = owner(manifests, items, &items.groups[group]);
    effective(owner.and_then(|owner| owner.id.namespace.as_deref()))
}

fn effective(namespace: Option<&str>) -> &str {
    namespace.unwrap_or("default")
}

/// The object of a group; in a build there is one of each identity.
fn owner<'a>(manifests: &'a Manifests, items: &Items, group: &Group) -> Option<&'a Object> {
    let of_item = group.items.first().map(|&item| items.all[item].at);
    let at = of_item.or(group.foreign);
    at.map(|at| manifests.owner(at))
}
