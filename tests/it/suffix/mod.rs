//! Tests suffix mode: the suffixes against the real programs, every row of the table of referrers, and the
//! way from an edit to the applied manifests.

#[cfg(unix)]
mod builds;
mod flows;
mod generations;
mod parity;
mod random;
mod referrers;
mod vectors;

use crate::extent;
use std::process::Command;

/// Whether a program is installed. If not, prints this, and fails if `ROLLSTAMP_DEMAND` names it.
fn is_found(program: &str, version: &[&str]) -> bool {
    let ran = Command::new(program).args(version).output();
    let found = ran.is_ok_and(|output| output.status.success());
    assert!(found || !extent::demanded(program), "{program} is demanded and was not found");
    if !found {
        extent::say(&format!("not run: tests with {program}, which is not installed"));
    }
    found
}

/// The documents of a stream, read by an independent reader.
fn documents(stream: &[u8]) -> Vec<serde_yaml::Value> {
    let text = std::str::from_utf8(stream).unwrap();
    serde_yaml::Deserializer::from_str(text)
        .map(|document| <serde_yaml::Value as serde::Deserialize>::deserialize(document).unwrap())
        .filter(|document| !document.is_null())
        .collect()
}

/// The names of a kind in a stream.
fn names(stream: &[u8], kind: &str) -> Vec<String> {
    documents(stream)
        .iter()
        .filter(|document| document["kind"].as_str() == Some(kind))
        .filter_map(|document| document["metadata"]["name"].as_str().map(str::to_owned))
        .collect()
}

/// The name without the suffix of ten letters.
fn base(name: &str) -> &str {
    &name[..name.len().saturating_sub(11)]
}
