//! Counts the needless rolls that the settings of `foreign` avoid, and the rolls of their first use.

use super::state::SideWorkload;
use super::{Answer, Impact, RollReason, Workload};
use crate::config::foreign::ForeignRules;
use crate::plan::ForeignForecast;
use std::collections::BTreeMap;

/// The savings and costs of the settings of `foreign`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Savings {
    /// The number of needlessly rolled workloads that would not roll with `checksums: steady` and
    /// `versionLabels: drop`.
    pub saved: usize,
    /// The number of workloads that roll once at the first use of the settings: those of the configuration,
    /// or otherwise these two.
    pub once: usize,
    /// Whether the configuration has settings of `foreign`.
    pub is_on: bool,
}

impl Impact {
    /// The savings and costs for the reported workloads.
    pub fn savings(&self) -> Savings {
        let count = |is: fn(&Workload) -> bool| self.workloads.iter().filter(|w| is(w)).count();
        Savings {
            saved: count(|w| w.answer == Answer::Needless && w.is_savable),
            once: count(|w| w.takes_up),
            is_on: self.has_foreign,
        }
    }
}

/// Whether the pods of a workload roll once at the first use of the settings: the present state is not yet
/// as the configuration asks, or, without settings, would not be as both settings ask.
pub(super) fn takes_up(
    old: &SideWorkload<'_>,
    new: &SideWorkload<'_>,
    rules: &ForeignRules,
) -> bool {
    match rules.is_on() {
        true => old.planned.iter().any(|planned| !planned.foreign.marks.is_empty()),
        false => weighed(new).any(|weighed| weighed.would_change),
    }
}

fn weighed<'s>(subject: &'s SideWorkload<'_>) -> impl Iterator<Item = &'s ForeignForecast> {
    subject.planned.iter().filter_map(|planned| planned.foreign.weighed.as_deref())
}

/// Whether a workload rolls only because of marks of other tools that would not change with the settings.
pub(super) fn is_savable(
    old: &SideWorkload<'_>,
    new: &SideWorkload<'_>,
    reasons: &[RollReason],
) -> bool {
    let steady = |subject: &SideWorkload<'_>, key: &str| -> BTreeMap<usize, String> {
        let all = weighed(subject).enumerate();
        all.filter_map(|(i, weighed)| Some((i, weighed.steady.get(key)?.clone()))).collect()
    };
    let drops = |subject: &SideWorkload<'_>, key: &str| {
        weighed(subject).any(|weighed| weighed.dropped.contains(key))
    };
    !reasons.is_empty()
        && reasons.iter().all(|reason| match reason {
            RollReason::Foreign { key } => {
                let (was, is) = (steady(old, key), steady(new, key));
                !was.is_empty() && was == is
            }
            RollReason::VersionLabel { key, .. } => drops(old, key) && drops(new, key),
            _ => false,
        })
}

/// Whether a mark changed only because of the first use of the settings: before, it was not as they ask,
/// and now it is.
pub(super) fn is_taken_up(old: &SideWorkload<'_>, new: &SideWorkload<'_>, key: &str) -> bool {
    let waits = |subject: &SideWorkload<'_>| {
        let mut marks = subject.planned.iter().flat_map(|planned| &planned.foreign.marks);
        marks.any(|mark| mark.key == key)
    };
    waits(old) && !waits(new)
}
