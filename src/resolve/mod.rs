//! Which source each reference of a workload means.

pub mod index;

use crate::config::options::Options;
use crate::extract::{Facts, Object, Origin, Reference};
use crate::k8s::kustomize_names::renames;
use crate::resolve::index::{Index, Indexed, SourceRef, namespace, object};
use crate::scope::Seat;

/// The answer for one reference.
pub enum Resolution<'a> {
    /// This source.
    Found(&'a Indexed),
    /// A source whose copies in two files differ.
    Clash(&'a Indexed),
    /// Several sources fit, these; none is taken.
    Ambiguous(Vec<SourceRef>),
    /// This one, which a controller in the cluster fills.
    Filled(&'a Indexed),
    /// None in the unit: it comes from elsewhere.
    External,
}

/// The namespace in which a workload looks first.
fn own_namespace<'a>(
    seat: &'a Seat,
    workload: &'a Object,
    options: &'a Options,
) -> Option<&'a str> {
    let own = workload.id.namespace.as_deref();
    namespace(seat.namespace.as_deref().or(own), options)
}

fn exact<'a>(candidates: &'a [Indexed], own: Option<&str>) -> Option<&'a Indexed> {
    candidates.iter().find(|c| c.namespace.as_deref() == own)
}

/// Whether the source has the very namespace of the workload, so that one more source that nobody
/// sees could not be meant in its place.
pub fn is_exact(
    index: &Index,
    seat: &Seat,
    workload: &Object,
    reference: &Reference,
    options: &Options,
) -> bool {
    let candidates = index.get(seat.unit, reference.site.target, &reference.name);
    exact(candidates, own_namespace(seat, workload, options)).is_some()
}

/// Resolves one reference inside its unit. Inside of a kustomize build, where names are not final,
/// the source whose name kustomize will write there; else the one of that name.
pub fn resolve<'a>(
    facts: &[Facts],
    index: &'a Index,
    seat: &Seat,
    workload: &Object,
    reference: &Reference,
    options: &Options,
) -> Resolution<'a> {
    if !index.is_inside_kustomize() {
        return by_name(index, seat, workload, reference, options);
    }
    let field = reference.spot.list;
    let is_renamed = renames(&workload.id, reference.site, field);
    let named = match by_name(index, seat, workload, reference, options) {
        // Its name is about to change, and what kustomize does not rewrite will not follow.
        Resolution::Found(found) if is_hashed(facts, found) => Resolution::External,
        named => named,
    };
    let old = once(facts, index, seat, workload, reference);
    match (is_renamed, named, old.as_slice()) {
        (_, named, []) => named,
        (true, _, [only]) | (false, Resolution::External, [only]) => settled(only),
        // The user may have told kustomize of more places, and nothing here says so.
        (false, Resolution::Found(found), [only]) if found.copy == only.copy => settled(found),
        (_, named, several) => {
            let mut fitting: Vec<SourceRef> = several.iter().map(|c| c.copy).collect();
            if let (false, Resolution::Found(found)) = (is_renamed, named) {
                fitting.push(found.copy);
            }
            Resolution::Ambiguous(fitting)
        }
    }
}

fn is_hashed(facts: &[Facts], indexed: &Indexed) -> bool {
    let origin = object(facts, indexed.copy.object).origin.as_ref();
    origin.is_some_and(|origin| origin.hashed)
}

/// The sources whose name kustomize would write into a place that says this name: those that had it
/// and are in the namespace of the workload, then those with the same prefixes and suffixes
/// (api/filters/nameref/nameref.go, v5.8.1). Several, where kustomize itself would give up.
fn once<'a>(
    facts: &[Facts],
    index: &'a Index,
    seat: &Seat,
    workload: &Object,
    reference: &Reference,
) -> Vec<&'a Indexed> {
    let effective = |namespace: Option<&str>| namespace.unwrap_or("default").to_owned();
    let own = effective(workload.id.namespace.as_deref());
    let origin = |indexed: &Indexed| object(facts, indexed.copy.object).origin.as_deref();
    let mut found = index.once(seat.unit, reference.site.target, &reference.name);
    found.retain(|indexed| {
        let object = object(facts, indexed.copy.object);
        effective(object.id.namespace.as_deref()) == own
    });
    for empty_fits in [true, false] {
        if found.len() > 1 {
            let of = workload.origin.as_deref();
            found.retain(|indexed| Origin::fit(origin(indexed), of, empty_fits));
        }
    }
    found
}

/// The source of the same namespace; else, where exactly one candidate remains whose namespace is
/// missing on one of the two sides, that one (Helm leaves out the namespace of its release).
fn by_name<'a>(
    index: &'a Index,
    seat: &Seat,
    workload: &Object,
    reference: &Reference,
    options: &Options,
) -> Resolution<'a> {
    let candidates = index.get(seat.unit, reference.site.target, &reference.name);
    let own = own_namespace(seat, workload, options);
    if let Some(found) = exact(candidates, own) {
        return settled(found);
    }
    let mut fitting = candidates.iter().filter(|c| own.is_none() || c.namespace.is_none());
    match (fitting.next(), fitting.next()) {
        (None, _) => Resolution::External,
        (Some(only), None) => settled(only),
        (Some(_), Some(_)) => Resolution::Ambiguous(candidates.iter().map(|c| c.copy).collect()),
    }
}

fn settled(found: &Indexed) -> Resolution<'_> {
    if found.filled_in_cluster {
        Resolution::Filled(found)
    } else if found.clash.is_some() {
        Resolution::Clash(found)
    } else {
        Resolution::Found(found)
    }
}
