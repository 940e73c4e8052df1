//! ADDED: what names a source for a workload beside its pod spec. Opt-in, and no part of scheme v1.

use super::Since;
use super::providers::Target;
use super::sites::{Reads, Site, Under};

/// What adds a read to a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The annotation `rollstamp.dev/also`.
    Own,
    /// A list of Reloader's.
    Reloader,
    /// Wave's annotations for more sources.
    Wave,
    /// A row of the configuration that collects sources by label.
    Label,
}

const fn row(id: &'static str, target: Target) -> Site {
    Site {
        id,
        under: Under::Object,
        path: "",
        name: "",
        target,
        reads: Reads::Files,
        kustomize: &[],
        since: Since::OptIn,
    }
}

const ADDED: &[(By, Site)] = &[
    (By::Own, row("annotation rollstamp.dev/also", Target::ConfigMap)),
    (By::Own, row("annotation rollstamp.dev/also", Target::Secret)),
    (By::Reloader, row("list of Reloader", Target::ConfigMap)),
    (By::Reloader, row("list of Reloader", Target::Secret)),
    (By::Wave, row("annotation of Wave", Target::ConfigMap)),
    (By::Wave, row("annotation of Wave", Target::Secret)),
    (By::Label, row("collected by label", Target::ConfigMap)),
    (By::Label, row("collected by label", Target::Secret)),
];

/// The site of an added read.
pub fn site(by: By, target: Target) -> &'static Site {
    let found = ADDED.iter().find(|(own, site)| *own == by && site.target == target);
    found.map_or(&ADDED[0].1, |(_, site)| site)
}

/// Whether a read at this site was added, so that no pod spec says the name.
pub fn is_added(site: &Site) -> bool {
    site.name.is_empty()
}
