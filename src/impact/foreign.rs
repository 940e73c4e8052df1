//! What the settings of `foreign` save of the needless rolls, and what it costs to take them up.

use super::state::SideWorkload;
use super::{Answer, Impact, RollReason, Workload};
use crate::config::foreign::ForeignRules;
use crate::plan::ForeignForecast;
use std::collections::BTreeMap;

/// What the settings of `foreign` save and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Savings {
    /// How many workloads that roll for nothing would not under `checksums: steady` and `versionLabels:
    /// drop`.
    pub saved: usize,
    /// How many workloads roll once when the settings are taken up: those of the configuration, or else
    /// these two.
    pub once: usize,
    /// Whether the configuration has settings of `foreign`.
    pub is_on: bool,
}

impl Impact {
    /// What the settings save and cost, of the workloads that are reported.
    pub fn savings(&self) -> Savings {
        let count = |is: fn(&Workload) -> bool| self.workloads.iter().filter(|w| is(w)).count();
        Savings {
            saved: count(|w| w.answer == Answer::Needless && w.is_savable),
            once: count(|w| w.takes_up),
            is_on: self.has_foreign,
        }
    }
}

/// Whether the pods of a workload roll once when the settings are taken up: what is applied now is not yet as
/// the configuration asks, or, where that asks for nothing, would not be under both settings.
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

/// Whether all that rolls a workload are marks of other tools that would not change under the settings.
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

/// Whether a mark changed only because the settings were taken up: before, it was not yet as they ask,
/// and now it is.
pub(super) fn is_taken_up(old: &SideWorkload<'_>, new: &SideWorkload<'_>, key: &str) -> bool {
    let waits = |subject: &SideWorkload<'_>| {
        let mut marks = subject.planned.iter().flat_map(|planned| &planned.foreign.marks);
        marks.any(|mark| mark.key == key)
    };
    waits(old) && !waits(new)
}
