//! Objects of one kind, namespace and name in several apply units: of two overlays, or two clusters.

use super::{Impact, Name, SourceChange, Workload};
use std::collections::BTreeSet;

/// The names that mean several objects of an impact.
pub struct Namesakes<'a>(BTreeSet<&'a Name>);

impl Impact {
    /// The names that several of its workloads, or several of its sources, have.
    pub fn namesakes(&self) -> Namesakes<'_> {
        let workloads = self.workloads.iter().map(|w| (&w.name, &*w.unit, &*w.overlays));
        let sources = self.sources.iter().map(|s| (&s.name, &*s.unit, &*s.overlays));
        let mut places: Vec<(&Name, &str, &[String])> = workloads.chain(sources).collect();
        // Both lists are nearly sorted by name.
        places.sort();
        places.dedup();
        let several = places.windows(2).filter(|two| two[0].0 == two[1].0);
        Namesakes(several.map(|two| two[0].0).collect())
    }
}

impl Namesakes<'_> {
    /// The apply unit of a workload, if another one has its name.
    pub fn unit<'w>(&self, workload: &'w Workload) -> Option<&'w str> {
        self.of(&workload.name, &workload.unit)
    }

    /// The apply unit of a source, if another one has its name.
    pub fn unit_of_source<'s>(&self, source: &'s SourceChange) -> Option<&'s str> {
        self.of(&source.name, &source.unit)
    }

    fn of<'u>(&self, name: &Name, unit: &'u str) -> Option<&'u str> {
        let unit = if unit.is_empty() { "." } else { unit };
        self.0.contains(name).then_some(unit)
    }
}
