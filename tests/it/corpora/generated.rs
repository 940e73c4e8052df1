//! The laws over generated streams. A failure names its seed and prints its stream.

use std::collections::BTreeMap;

use super::edits::added_stamps;
use super::explained::differences;
use super::generator::stream;
use super::{STAMP, in_parallel, none_wrong, present, repository, rollstamp};
use crate::extent;
use crate::oracle::read::documents;
use crate::oracle::{Expected, stamps, unit};

const N_STREAMS: usize = 3000;

#[test]
fn generated_streams_are_stamped_as_the_oracle_says() {
    let n_streams = extent::count("generated streams", N_STREAMS, 400);
    let seeds: Vec<u64> = (1..).take(n_streams).collect();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (counts, failure) in in_parallel(&seeds, |seed| of_seed(*seed)) {
        for count in counts {
            *numbers.entry(count).or_default() += 1;
        }
        wrong.extend(failure);
    }
    println!("generated: {n_streams} streams, {numbers:?}");
    none_wrong(&wrong);
}

fn of_seed(seed: u64) -> (Vec<&'static str>, Option<String>) {
    let before = stream(seed);
    let mut counts = Vec::new();
    let failure =
        laws(&before, &mut counts).err().map(|why| format!("seed {seed}: {why}\n{before}"));
    (counts, failure)
}

fn laws(before: &str, counts: &mut Vec<&'static str>) -> Result<(), String> {
    let workloads = stamps(before, None)?;
    let ran = rollstamp(&[], before, None);
    let is_refused = workloads.iter().any(|workload| workload.expected == Expected::Refused);
    if is_refused || ran.exit != 0 {
        counts.push("refused");
        let is_right = is_refused && ran.exit == 2 && ran.stdout.is_empty();
        let expected = if is_refused { "a refusal" } else { "none" };
        return if is_right {
            Ok(())
        } else {
            Err(format!("exit {} for {expected}: {}", ran.exit, ran.stderr))
        };
    }
    let after = ran.stdout;
    for ((workload, was), is) in workloads.iter().zip(present(before)?).zip(present(&after)?) {
        let (count, is_right) = match &workload.expected {
            Expected::Stamp(stamp) => ("stamped", is.as_ref() == Some(stamp)),
            Expected::None => ("read nothing", is.is_none()),
            Expected::Unverifiable => ("unverifiable", is == was),
            _ => ("not stamped", is == was),
        };
        counts.push(count);
        if !is_right {
            let sites: Vec<_> = workload
                .reads
                .iter()
                .map(|(read, source)| (&read.site, &read.name, &read.keys, source))
                .collect();
            return Err(format!(
                "{} {}: {:?} but {is:?}; {sites:?}",
                workload.kind, workload.name, workload.expected
            ));
        }
    }
    if !before.contains(STAMP) {
        added_stamps(before, &after)?;
        let stripped = rollstamp(&["strip"], &after, None);
        // A parent that held nothing may come back in another spelling, or not at all.
        let was_bare = pruned(before)? != values(before)?;
        let is_same =
            stripped.stdout == before || was_bare && pruned(&stripped.stdout)? == pruned(before)?;
        if !is_same {
            return Err("strip does not give the first bytes".to_owned());
        }
    }
    // What `explain` says does not tell the Deployment of another group from a real one.
    if !before.contains("example.org")
        && let Some(difference) = differences(before).pop()
    {
        return Err(difference);
    }
    let again = rollstamp(&[], &after, None);
    if again.stdout != after {
        return Err("a second run changes something".to_owned());
    }
    let check = rollstamp(&["check"], &after, None);
    let is_stale = ["missing-stamp", "stale-stamp", "left-over-stamp"]
        .iter()
        .any(|code| check.stdout.contains(code));
    if is_stale { Err(format!("check after: {}", check.stdout)) } else { Ok(()) }
}

fn values(stream: &str) -> Result<Vec<serde_yaml::Value>, String> {
    Ok(documents(stream)?.into_iter().map(|document| document.value).collect())
}

/// The documents without parents of a stamp that hold nothing.
fn pruned(stream: &str) -> Result<Vec<serde_yaml::Value>, String> {
    fn prune(value: &mut serde_yaml::Value) {
        match value {
            serde_yaml::Value::Mapping(mapping) => {
                mapping.values_mut().for_each(prune);
                mapping.retain(|key, value| {
                    let is_parent = key == "metadata" || key == "annotations";
                    let is_empty = value.is_null()
                        || value.as_mapping().is_some_and(serde_yaml::Mapping::is_empty);
                    !(is_parent && is_empty)
                });
            }
            serde_yaml::Value::Sequence(values) => values.iter_mut().for_each(prune),
            _ => {}
        }
    }
    let mut values = values(stream)?;
    values.iter_mut().for_each(prune);
    Ok(values)
}

/// docs/scheme.md: a value that SOPS has encrypted counts as written.
#[test]
fn values_that_sops_encrypted_count_as_they_stand() {
    let secret = "\
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {a: 'ENC[AES256_GCM,data:x]', b: YQ==}
stringData: {c: 'ENC[AES256_GCM,data:y]'}
sops: {mac: 'ENC[AES256_GCM,data:z]'}
";
    let reader = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {template: {spec: {containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]}}}
";
    let folder = repository();
    std::fs::write(folder.path().join("a.yaml"), secret).unwrap();
    std::fs::write(folder.path().join("b.yaml"), reader).unwrap();
    let ran = rollstamp(&["write", "."], "", Some(folder.path()));
    let after = std::fs::read_to_string(folder.path().join("b.yaml")).unwrap();
    let expected = unit(&[secret, reader], None).unwrap().remove(1).remove(0).expected;
    let stamp = present(&after).unwrap().remove(0).unwrap();
    assert_eq!((ran.exit, Expected::Stamp(stamp)), (0, expected), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(folder.path().join("a.yaml")).unwrap(), secret);
}
