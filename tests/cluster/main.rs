//! Compares the output of `impact` before an apply with the state of a real control plane after it.
//!
//! etcd, kube-apiserver and kube-controller-manager run on this machine, without a kubelet: no pod ever
//! runs, and what rolled is read from what the controllers write: the revision of a Deployment, the
//! update revision of a StatefulSet, the latest `ControllerRevision` of a DaemonSet. `.ci/control-plane`
//! builds the programs once. `ROLLSTAMP_TESTS=all` makes many rounds of changes, `ROLLSTAMP_ROUNDS` as many
//! as it says.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests drive the real program and print their figures"
)]

mod charts;
mod model;
#[path = "../common/piped.rs"]
mod piped;
mod plane;
mod streams;

use model::{Random, Unit, stream};
use plane::{Plane, Seen};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;
use streams::Figures;

/// The number of workloads that change in each round.
const UNITS: usize = 24;

/// The number of rounds in each mode: for a sample, and for a run of all tests.
const ROUNDS: (usize, usize) = (2, 20);

/// Whether a program is installed.
fn is_here(program: &str) -> bool {
    let version = match program {
        "kubectl" => "help",
        "openssl" | "helm3" => "version",
        _ => "--version",
    };
    let output = Command::new(program).arg(version).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn what_impact_says_is_what_the_api_server_shows() {
    let programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "openssl"];
    let missing: Vec<&&str> = programs.iter().filter(|program| !is_here(program)).collect();
    if !missing.is_empty() {
        let demanded = std::env::var("ROLLSTAMP_DEMAND").unwrap_or_default();
        let is_demanded = demanded.split(',').any(|name| name == "control-plane");
        assert!(!is_demanded, "a control plane is demanded: run .ci/control-plane ({missing:?})");
        println!("not run: no control plane is here ({missing:?}): .ci/control-plane builds it");
        return;
    }
    let number = |name: &str| std::env::var(name).ok();
    let all = number("ROLLSTAMP_TESTS").is_some_and(|which| which == "all");
    let rounds = number("ROLLSTAMP_ROUNDS").and_then(|n| n.parse().ok());
    let rounds = rounds.unwrap_or(if all { ROUNDS.1 } else { ROUNDS.0 });
    let plane = Plane::start();
    let mut total = Total::default();
    for mode in ["annotation", "suffix"] {
        changes(&plane, mode, rounds, &mut total);
    }
    println!("{total:?}");
    let mut figures = Figures::default();
    let (streams, changes) = if all { (12, 5) } else { (2, 2) };
    streams::real_streams(&plane, streams, changes, &mut figures);
    if is_here("helm3") {
        streams::releases(&plane, "helm3", &mut figures);
    }
    println!("{figures:?}");
    assert!(figures.wrong.is_empty(), "{}", figures.wrong.join("\n"));
    assert!(total.wrong.is_empty(), "{}", total.wrong.join("\n"));
    assert!(
        total.rolled > rounds && total.stayed > rounds,
        "nothing was put to the test: {total:?}"
    );
}

/// The counts of all rounds.
#[derive(Debug, Default)]
struct Total {
    changes: usize,
    rolled: usize,
    stayed: usize,
    held: usize,
    pods: u64,
    /// Deployments that were rolled back with `kubectl rollout undo` before the apply.
    undone: usize,
    /// Workloads whose rollout was held back before: two states do not show which changes reach their pods
    /// now.
    resumed: usize,
    wrong: Vec<String>,
}

/// Rounds of changes in one namespace: each workload may change, all are applied together.
fn changes(plane: &Plane, mode: &str, rounds: usize, total: &mut Total) {
    let namespace = format!("impact-{mode}");
    plane.kubectl(&["create", "namespace", &namespace], None);
    let mut random = Random(0x5eed + mode.len() as u64);
    let mut units: Vec<Unit> = (0..UNITS).map(|n| Unit::new(n, &mut random)).collect();
    let mut before = stream(&units);
    let mut applied = plane.stamped(&before, mode);
    plane.apply(&namespace, &applied);
    plane.settled(&namespace);
    for round in 0..rounds {
        // The next apply brings back what was undone in the cluster.
        let undone = match round % 3 {
            2 => plane.undo(&namespace, &units),
            _ => Vec::new(),
        };
        let seen = plane.settled(&namespace);
        let old = units.clone();
        let what: Vec<String> = units.iter_mut().map(|unit| unit.change(&mut random)).collect();
        let after = stream(&units);
        let stamped = plane.stamped(&after, mode);
        let mut said = plane.impact(&before, &after, mode);
        if !undone.is_empty() {
            // The state before is read from the cluster, with every default written out.
            let there = plane.with_cluster(&namespace, &plane.stamped(&before, mode), &undone);
            replace(&mut said, plane.written(&there, &stamped, mode), &undone);
        }
        // A workload that did not change and was not undone need not be applied.
        let is_undone = |text: &str| {
            undone.iter().any(|name| text.contains(&format!("name: {}\n", last(name))))
        };
        plane.apply(&namespace, &differing(&applied, &stamped, is_undone));
        applied = stamped;
        let shown = plane.settled(&namespace);
        judge(
            &Round { mode, round, seen: &seen, shown: &shown, what: &what, undone: &undone },
            &said,
            &units,
            total,
        );
        if round % 4 == 3 {
            // As `helm rollback` does: all manifests are those of the round before.
            let said = plane.impact(&after, &before, mode);
            let stamped = plane.stamped(&before, mode);
            plane.apply(&namespace, &differing(&applied, &stamped, |_| false));
            applied = stamped;
            let back = plane.settled(&namespace);
            let what = vec!["back".to_owned(); units.len()];
            judge(
                &Round { mode, round, seen: &shown, shown: &back, what: &what, undone: &[] },
                &said,
                &old,
                total,
            );
            units = old;
        } else {
            before = after;
        }
    }
}

/// The documents of a stream that are not in another stream, and some others.
fn differing(before: &str, after: &str, wanted: impl Fn(&str) -> bool) -> String {
    let there: std::collections::BTreeSet<&str> = before.split("---\n").collect();
    let documents = after.split("---\n").filter(|text| !text.trim().is_empty());
    let new = documents.filter(|text| !there.contains(text) || wanted(text));
    new.map(|text| format!("---\n{text}")).collect()
}

/// The name in `Kind name`.
fn last(object: &str) -> &str {
    object.rsplit(' ').next().unwrap_or_default()
}

/// One apply: the state before it and after it.
struct Round<'a> {
    mode: &'a str,
    round: usize,
    seen: &'a BTreeMap<String, Seen>,
    shown: &'a BTreeMap<String, Seen>,
    what: &'a [String],
    undone: &'a [String],
}

/// Copies the results for some workloads from another report.
fn replace(said: &mut Value, other: Value, names: &[String]) {
    let is_meant = |row: &Value| names.iter().any(|name| row["object"] == name.as_str());
    let Some(rows) = said["workloads"].as_array_mut() else { return };
    rows.retain(|row| !is_meant(row));
    rows.extend(
        other["workloads"].as_array().into_iter().flatten().filter(|r| is_meant(r)).cloned(),
    );
}

/// Compares the forecast with the state of the cluster.
fn judge(round: &Round<'_>, said: &Value, units: &[Unit], total: &mut Total) {
    let rows = said["workloads"].as_array().cloned().unwrap_or_default();
    let rows: BTreeMap<String, Value> = rows
        .into_iter()
        .map(|row| (row["object"].as_str().unwrap_or_default().to_owned(), row))
        .collect();
    let first = total.wrong.len();
    for (unit, what) in units.iter().zip(round.what) {
        let name = unit.object();
        total.changes += 1;
        let (Some(before), Some(after)) = (round.seen.get(&name), round.shown.get(&name)) else {
            total.wrong.push(format!("{name} is not in the cluster"));
            continue;
        };
        let row = rows.get(&name).cloned().unwrap_or(Value::Null);
        // A paused Deployment numbers its ReplicaSets anew, but gives none of them first pods.
        let rolled = match unit.is_paused() {
            true => !after.sets.is_subset(&before.sets),
            false => before.revision != after.revision,
        };
        total.undone += usize::from(round.undone.contains(&name));
        if row["resumed"] == true {
            total.resumed += 1;
            continue;
        }
        // A changed template is a new revision in the API server even if the rollout is held back.
        let is_held = ["waits", "partition"].contains(&row["held"].as_str().unwrap_or_default());
        let changed = row["reasons"]
            .as_array()
            .is_some_and(|reasons| reasons.iter().any(|reason| reason["kind"] != "key"));
        let expected = match unit.is_paused() {
            true => false,
            false => row["does"] == true || (is_held && changed),
        };
        let said = format!(
            "{} round {}: {name}: {what}: said {}, rolled {rolled}\n  {}",
            round.mode, round.round, row["answer"], row["reasons"]
        );
        if expected != rolled {
            total.wrong.push(said);
            continue;
        }
        if is_held {
            total.held += 1;
            if unit.is_paused() && row["does"] == true {
                total.wrong.push(format!("{said}\n  a paused rollout replaces no pod"));
            }
        }
        match rolled {
            true => total.rolled += 1,
            false => total.stayed += 1,
        }
        if row["does"] == true
            && let (Some(pods), Some(written)) =
                (row["disruption"]["pods"].as_u64(), after.replicas)
        {
            let expected = written.saturating_sub(unit.partition());
            if pods != expected {
                total.wrong.push(format!("{said}\n  said {pods} pods of {expected}"));
            }
            total.pods += pods;
        }
    }
    println!("{} round {}: {} changes so far", round.mode, round.round, total.changes);
    total.wrong[first..].iter().for_each(|wrong| println!("{wrong}"));
}
