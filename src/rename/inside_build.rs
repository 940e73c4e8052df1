//! Handles a run inside a kustomize build, in which names are not final. Nothing is renamed there:
//! a source gets the mark that kustomize's generators write, and kustomize itself appends a suffix
//! and rewrites the references, after all prefixes, suffixes and namespaces.
//!
//! So a source is marked only if kustomize rewrites every place with its name, and finds the source
//! from there (api/filters/nameref/nameref.go, v5.8.1).

use super::candidates::{Blocker, Candidates};
use super::link::{Context, Link, asked, refuses};
use crate::extract::{Meaning, Mention, MentionId, ReferenceId};
use crate::k8s::kustomize_names::renames;
use crate::k8s::other_names::CLUSTER_WIDE;
use crate::k8s::providers::Target;
use crate::resolve::{ReferringObject, effective};
use crate::text::Place;

/// Handles one mention, which is these references of pod templates or none: if kustomize rewrites
/// it, it becomes a link; otherwise the sources with this name keep their names.
pub(super) fn links(
    run: &Context<'_>,
    number: MentionId,
    references: &[ReferenceId],
    items: &mut Candidates<'_>,
) -> Vec<Link> {
    let mention = &run.mentions[number.index()];
    let alone = references.is_empty().then_some(None);
    let each = references.iter().copied().map(Some).chain(alone);
    each.filter_map(|reference| link(run, number, mention, reference, items)).collect()
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
    // The meaning of the place, and the meaning for kustomize.
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
        // The pod uses the name in any case, and kustomize finds the source if it sees no
        // namespace, or sees one on one side only.
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
        // kustomize would treat the place as a reference to this source, which it is not.
        items.block(*only, &Blocker::NotRewritten(number));
        return None;
    }
    // kustomize rewrites every text, so only requests of the user prevent a change.
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
