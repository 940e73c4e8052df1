//! ADDED: the ways to add a read to a workload that its pod spec does not show. They are opt-in,
//! and not part of scheme v1.

use super::providers::Target;
use super::sites::{Reads, Site, SiteRoot};
use super::{Since, TableRow};
use crate::yaml::path::FieldPath;
use smol_str::SmolStr;
use std::sync::{Arc, LazyLock};

/// The origin of an added read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AddedBy {
    /// The annotation `rollstamp.dev/also`.
    Own,
    /// A list of Reloader.
    Reloader,
    /// Wave's annotations for further sources.
    Wave,
    /// A row of the configuration that collects sources by label.
    Label,
}

fn row(id: &'static str, target: Target) -> TableRow<Site> {
    TableRow::Configured(Arc::new(Site {
        id: SmolStr::new_static(id),
        under: SiteRoot::Object,
        path: FieldPath::default(),
        name: SmolStr::default(),
        target,
        reads: Reads::Files,
        kustomize: &[],
        since: Since::OptIn,
    }))
}

static ADDED: LazyLock<Vec<(AddedBy, TableRow<Site>)>> = LazyLock::new(|| {
    let rows = [
        (AddedBy::Own, "annotation rollstamp.dev/also"),
        (AddedBy::Reloader, "list of Reloader"),
        (AddedBy::Wave, "annotation of Wave"),
        (AddedBy::Label, "collected by label"),
    ];
    let targets = Target::ALL;
    rows.iter().flat_map(|&(by, id)| targets.map(|target| (by, row(id, target)))).collect()
});

/// The site of an added read.
pub fn site(by: AddedBy, target: Target) -> TableRow<Site> {
    let found = ADDED.iter().find(|(own, site)| *own == by && site.target == target);
    found.map_or_else(|| row("added", target), |(_, site)| site.clone())
}

/// Whether a read at this site was added, so that no pod spec contains the name.
pub fn is_added(site: &Site) -> bool {
    site.name.is_empty()
}
