//! Selects a part of an impact: some workloads, or the effects of some sources.

use super::{Impact, Name, RollReason};

impl Impact {
    /// Keeps only some workloads, and the sources that they read. Names are those of both states.
    pub fn keep_workloads(&mut self, is_wanted: impl Fn(&Name) -> bool) {
        let kept: Vec<bool> = self.workloads.iter().map(|w| is_wanted(&w.name)).collect();
        self.keep(&kept);
        self.sources.retain(|source| !source.readers.is_empty());
        self.values_readers.retain(|reader| is_wanted(&reader.name));
        self.indirect.retain(|object| is_wanted(&object.name));
    }

    /// Keeps only some of the changed sources, and the workloads that roll or are stale because of their
    /// keys.
    pub fn keep_sources(&mut self, is_wanted: impl Fn(&Name) -> bool) {
        self.sources.retain(|source| is_wanted(&source.name));
        self.indirect.clear();
        for reader in &mut self.values_readers {
            reader.keys.retain(|key| is_wanted(&key.source));
        }
        self.values_readers.retain(|reader| !reader.keys.is_empty());
        let reads_it = |reason: &RollReason| match reason {
            RollReason::Key(key) => is_wanted(&key.source),
            RollReason::Renamed { source } => is_wanted(source),
            _ => false,
        };
        let kept: Vec<bool> =
            self.workloads.iter().map(|w| w.reasons.iter().any(reads_it)).collect();
        self.keep(&kept);
    }

    /// Keeps the workloads at these positions.
    fn keep(&mut self, kept: &[bool]) {
        let mut positions = Vec::with_capacity(kept.len());
        let mut next = 0;
        for &is_kept in kept {
            positions.push(is_kept.then_some(next));
            next += usize::from(is_kept);
        }
        let mut is_kept = kept.iter();
        self.workloads.retain(|_| is_kept.next() == Some(&true));
        for source in &mut self.sources {
            let of_keys = source.keys.iter_mut().map(|key| &mut key.readers);
            for readers in of_keys.chain([&mut source.readers]) {
                *readers = readers.iter().filter_map(|&reader| positions[reader]).collect();
            }
        }
    }
}
