//! Inside of a kustomize build, which calls this program before it is done with names. There nothing is
//! renamed: a source gets the mark that its generators write, and kustomize itself gives it a suffix
//! and rewrites what refers to it, after all prefixes, suffixes and namespaces.
//!
//! So a source is marked only where kustomize would rewrite every place that says its name, and would
//! find it there (api/filters/nameref/nameref.go, v5.8.1).

use super::candidates::{Blocker, Candidates};
use super::link::{Context, Link, asked, refuses};
use crate::extract::{Meaning, Mention, MentionId, ReferenceId};
use crate::k8s::kustomize_names::renames;
use crate::k8s::other_names::CLUSTER_WIDE;
use crate::k8s::providers::Target;
use crate::resolve::{ReferringObject, effective};
use crate::text::Place;

/// Takes up one mention, which is these references of pod templates or none: what kustomize would
/// rewrite there becomes a link, and what it would not holds the sources of the name.
pub(super) fn links(
    run: &Context<'_>,
    number: MentionId,
    references: &[ReferenceId],
    items: &mut Candidates<'_>,
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
    run: &Context<'_>,
    number: MentionId,
    mention: &Mention,
    reference: Option<ReferenceId>,
    items: &mut Candidates<'_>,
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
        (None, Meaning::Unknown) => Target::ALL.to_vec(),
        (None, Meaning::Other | Meaning::Definition(_)) => Vec::new(),
    };
    let rewritten = match &of_pod {
        Some((target, true)) => vec![*target],
        _ => mention.rewritten.clone(),
    };
    if rewritten.is_empty() {
        let own = mention.namespace.as_deref().filter(|_| !mention.anywhere);
        let named: Vec<usize> = items.anywhere(&mention.name, own).collect();
        let blocker = match (&mention.what, of_pod) {
            (Meaning::Unknown, None) => Blocker::Unknown(number),
            _ => Blocker::NotRewritten(number),
        };
        for group in named {
            if meant.contains(&items.groups[group].target) {
                items.block(group, &blocker);
            }
        }
        return None;
    }
    let holder = run.manifests.object_at(Place { file: mention.file, span: mention.object });
    let referrer = ReferringObject {
        namespace: mention.id.namespace.as_deref(),
        is_cluster_wide: CLUSTER_WIDE.contains(&mention.id.kind.as_str()),
        origin: holder.and_then(|holder| holder.origin.as_deref()),
        sees_raw: true,
    };
    let unit = run.units.memberships(mention.file)?.first()?.unit;
    let name = &mention.name;
    let found = run.resolver.by_old_name(unit, &rewritten, name, &referrer);
    let found: Vec<usize> = found.into_iter().map(|(at, _)| items.position(at)).collect();
    if found.is_empty() {
        // A pod looks for the name all the same, and finds it where kustomize sees no namespace, or sees
        // one on one of the two sides alone.
        let own = mention.namespace.as_deref();
        for target in meant {
            for group in items.meant(run.resolver, unit, target, name, own, mention.anywhere) {
                items.block(group, &Blocker::NotRewritten(number));
            }
        }
        return None;
    }
    let [only] = found.as_slice() else {
        for group in found {
            items.block(group, &Blocker::Ambiguous(number));
        }
        return None;
    };
    let group = &items.groups[*only];
    let is_there = match mention.namespace.as_deref() {
        _ if mention.anywhere => true,
        Some(said) => effective(run.manifests.owner(group.copy).id.namespace.as_deref()) == said,
        None => true,
    };
    if !meant.contains(&group.target) || !is_there {
        // It would take the place for a reference to this source, and it is none.
        items.block(*only, &Blocker::NotRewritten(number));
        return None;
    }
    // kustomize writes every text anew, so nothing is fixed but what people ask for.
    if let Some(why) = reference.and_then(|reference| asked(run, reference)) {
        items.block(*only, &Blocker::Fixed(number, why));
    }
    Some(Link {
        mention: number,
        groups: vec![*only],
        reference,
        immutable: refuses(run, reference),
    })
}
