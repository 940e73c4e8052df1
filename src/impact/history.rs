//! The effects of many consecutive applies on running pods.

use super::{Answer, Impact, Name, Workload};
use std::collections::BTreeMap;

/// The impacts of consecutive commits, the oldest first.
#[derive(Debug, Default)]
pub struct History {
    /// One entry for each commit.
    pub steps: Vec<CommitStep>,
    /// One entry for each workload whose pods were replaced or stale, the most restarts first.
    pub workloads: Vec<WorkloadHistory>,
    /// By name and apply unit.
    open: BTreeMap<(Name, String), WorkloadHistory>,
}

/// A commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The time of the commit, in seconds since 1970.
    pub time: i64,
    /// Its first line.
    pub subject: String,
}

/// The effect of one commit.
#[derive(Debug)]
pub struct CommitStep {
    /// The commit.
    pub commit: Commit,
    /// The number of workloads whose pods were replaced because of their reads or their template.
    pub rolls: usize,
    /// The number of workloads whose pods were replaced needlessly.
    pub needless: usize,
    /// The number of workloads that became stale.
    pub stale: usize,
    /// The minimum number of pods that were replaced.
    pub pods: u64,
    /// Workloads about which overlays decide.
    pub unknown: usize,
    /// Errors because of which a part of the commit, or of the one before it, is not compared.
    pub not_compared: usize,
}

/// The effects of all commits on one workload.
#[derive(Clone, Debug)]
pub struct WorkloadHistory {
    /// The identity of the workload.
    pub name: Name,
    /// The folder or file of its apply unit.
    pub unit: String,
    /// The number of times that its pods were replaced, needlessly or not.
    pub restarts: usize,
    /// The number of needless times.
    pub needless: usize,
    /// The number of times that they became stale.
    pub stale: usize,
    /// The total time that they were stale, in seconds, up to the last commit.
    pub stale_seconds: i64,
    /// The time since which they are stale, if they still are.
    pub stale_since: Option<i64>,
}

impl History {
    /// Adds the impact of the next commit.
    pub fn add(&mut self, commit: Commit, impact: &Impact) {
        for workload in &impact.workloads {
            let replaced = workload.answer.replaces_pods();
            if !replaced && !workload.is_stale() && workload.answer != Answer::Gone {
                continue;
            }
            let known = self.open_of(workload, impact);
            let known = self.open.entry(known).or_insert_with(|| WorkloadHistory {
                name: workload.name.clone(),
                unit: workload.unit.clone(),
                restarts: 0,
                needless: 0,
                stale: 0,
                stale_seconds: 0,
                stale_since: None,
            });
            known.restarts += usize::from(replaced);
            known.needless += usize::from(workload.answer == Answer::Needless);
            // New pods read the current content.
            if (replaced || workload.answer == Answer::Gone)
                && let Some(since) = known.stale_since.take()
            {
                known.stale_seconds += (commit.time - since).max(0);
            }
            if workload.is_stale() {
                known.stale += 1;
                known.stale_since.get_or_insert(commit.time);
            }
        }
        let counts = impact.counts();
        self.steps.push(CommitStep {
            rolls: counts.rolls + counts.once,
            needless: counts.needless,
            stale: counts.stale,
            pods: counts.pods,
            unknown: counts.unknown,
            not_compared: counts.not_compared,
            commit,
        });
    }

    /// The key of the entry of a workload; a workload that moved to another folder keeps its entry.
    fn open_of(&mut self, workload: &Workload, impact: &Impact) -> (Name, String) {
        let key = (workload.name.clone(), workload.unit.clone());
        let namesakes = || impact.workloads.iter().filter(|other| other.name == workload.name);
        if !self.open.contains_key(&key) && namesakes().count() == 1 {
            let first = (workload.name.clone(), String::new());
            let mut others = self.open.range(first..).take_while(|((name, _), _)| *name == key.0);
            let moved = others.next().map(|(old, _)| old.clone());
            if let (Some(old), None) = (moved, others.next())
                && let Some(entry) = self.open.remove(&old)
            {
                self.open.insert(key.clone(), WorkloadHistory { unit: key.1.clone(), ..entry });
            }
        }
        key
    }

    /// Completes the workloads after the last commit.
    pub fn finish(&mut self) {
        let end = self.steps.last().map_or(0, |step| step.commit.time);
        let workloads = std::mem::take(&mut self.open).into_values().map(|mut workload| {
            if let Some(since) = workload.stale_since {
                workload.stale_seconds += (end - since).max(0);
            }
            workload
        });
        self.workloads = workloads.filter(|w| w.restarts > 0 || w.stale > 0).collect();
        self.workloads.sort_by(|a, b| {
            let key = |w: &WorkloadHistory| std::cmp::Reverse((w.restarts, w.stale));
            (key(a), &a.name, &a.unit).cmp(&(key(b), &b.name, &b.unit))
        });
    }
}
