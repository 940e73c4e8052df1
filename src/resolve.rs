//! Which source each reference of a workload means.

use crate::extract::{Object, Reference};
use crate::index::{Index, Indexed, namespace};
use crate::options::Options;
use crate::unit::Seat;

/// The answer for one reference.
#[derive(Clone, Copy)]
pub enum Resolution<'a> {
    /// This source.
    Found(&'a Indexed),
    /// A source whose copies in two files differ.
    Clash(&'a Indexed),
    /// Several sources fit, in these namespaces; none is taken.
    Ambiguous(&'a [Indexed]),
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

/// Resolves one reference inside its unit: the source of the same namespace; else, where exactly
/// one candidate remains whose namespace is missing on one of the two sides, that one (Helm
/// leaves out the namespace of its release).
pub fn resolve<'a>(
    index: &'a Index,
    seat: &Seat,
    workload: &Object,
    reference: &Reference,
    options: &Options,
) -> Resolution<'a> {
    let candidates = index.get(seat.unit, reference.site.target, &reference.name);
    let own = own_namespace(seat, workload, options);
    let found = match exact(candidates, own) {
        Some(found) => found,
        None => {
            let mut fitting = candidates
                .iter()
                .filter(|c| own.is_none() || c.namespace.is_none());
            match (fitting.next(), fitting.next()) {
                (None, _) => return Resolution::External,
                (Some(only), None) => only,
                (Some(_), Some(_)) => return Resolution::Ambiguous(candidates),
            }
        }
    };
    if found.filled_in_cluster {
        Resolution::Filled(found)
    } else if found.clash.is_some() {
        Resolution::Clash(found)
    } else {
        Resolution::Found(found)
    }
}
