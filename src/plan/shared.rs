//! Results that workloads share: a thousand workloads may read a thousand keys of one source and
//! have the same stamp. The result is computed for the first of them.

use super::reason::CountedRead;
use crate::digest::Lines;
use crate::extract::{Keys, Manifests, SourceId};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// The read part of a source; without keys for a source that always counts as a whole.
pub(super) type SharedRead = (SourceId, Option<Keys>);

/// The results for earlier workloads.
#[derive(Default)]
pub(super) struct Shared {
    counted: BTreeMap<SharedRead, Arc<CountedRead>>,
    stamps: BTreeMap<Vec<SharedRead>, String>,
}

impl Shared {
    /// The result of a read, if an earlier workload had the same read.
    pub(super) fn counted(&self, read: &SharedRead) -> Option<Arc<CountedRead>> {
        self.counted.get(read).map(Arc::clone)
    }

    /// Stores the result of a read.
    pub(super) fn keep(&mut self, read: SharedRead, counted: CountedRead) -> Arc<CountedRead> {
        let counted = Arc::new(counted);
        self.counted.insert(read, Arc::clone(&counted));
        counted
    }

    /// The stamp of a workload with these reads.
    pub(super) fn stamp(
        &mut self,
        manifests: &Manifests,
        reads: &BTreeMap<SharedRead, Arc<CountedRead>>,
    ) -> String {
        let key: Vec<SharedRead> = reads.keys().cloned().collect();
        let vacant = match self.stamps.entry(key) {
            Entry::Occupied(stamp) => return stamp.get().clone(),
            Entry::Vacant(vacant) => vacant,
        };
        let mut lines = Lines::default();
        for counted in reads.values() {
            let source = &manifests[counted.source];
            for &position in &counted.entries {
                let entry = &source.entries[position];
                lines.add(source.target, &source.name, &entry.key, &entry.digest);
            }
        }
        vacant.insert(lines.stamp()).clone()
    }
}
