//! Stamps that can never change: a new one would roll every stamped workload of every user.
//!
//! `testdata/golden/v1.json` was made once, by a seeded generator in another language, which writes
//! manifests for all sites, key selections and encodings, and computes their stamps only from the text of
//! the scheme. It is never made again; new vectors go into a separate file.
//!
//! `testdata/golden/v1-rows.txt` lists the rows that stamp by default: the kinds, sites and providers of
//! scheme v1. A row that is not in it must have [`Since::OptIn`].
#![expect(clippy::disallowed_methods, reason = "tests drive the real program")]

use crate::sandbox::{Entry, Sandbox, Tree};
use rollstamp::k8s::Since;
use rollstamp::k8s::fillers::{FILLERS, Fills};
use rollstamp::k8s::kinds::WORKLOADS;
use rollstamp::k8s::presets::PRESETS;
use rollstamp::k8s::providers::PROVIDERS;
use rollstamp::k8s::sites::{CONTAINER_LISTS, SITES};
use rollstamp::yaml::path::FieldPath;
use serde::Deserialize as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

#[derive(serde::Deserialize)]
struct Golden {
    hash_key: String,
    vectors: Vec<Vector>,
}

/// A workload and its sources, in a namespace of their own.
#[derive(serde::Deserialize)]
struct Vector {
    namespace: String,
    manifests: String,
    /// Absent: the workload reads nothing and gets no stamp.
    stamp: Option<String>,
    /// The stamp with the hash key.
    keyed: Option<String>,
}

fn golden() -> Golden {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/v1.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// All vectors as one stream, through the program once.
fn stamps(vectors: &[Vector], key: Option<Vec<u8>>) -> BTreeMap<String, String> {
    let manifests = vectors.iter().map(|v| v.manifests.as_str());
    annotations(manifests, &[], key, "checksum/rollstamp", "namespace")
}

/// The values that the program writes into an annotation of the pod templates of a stream of manifests, by
/// a field in the metadata of the workload.
fn annotations<'a>(
    manifests: impl Iterator<Item = &'a str>,
    options: &[&str],
    key: Option<Vec<u8>>,
    annotation: &str,
    by: &str,
) -> BTreeMap<String, String> {
    let stream: Vec<&str> = manifests.collect();
    let mut tree = Tree::new();
    let mut args: Vec<String> = ["-q"].iter().chain(options).map(|&arg| arg.to_owned()).collect();
    if let Some(key) = key {
        tree.insert("key".to_owned(), Entry::File(key));
        args.extend(["--hash-key-file".to_owned(), "key".to_owned()]);
    }
    let output = Sandbox::new(&tree).run(&args, Some(stream.join("---\n").as_bytes()));
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = BTreeMap::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let object = serde_yaml::Value::deserialize(document).unwrap();
        let value = &object["spec"]["template"]["metadata"]["annotations"][annotation];
        if let (Some(name), Some(value)) = (object["metadata"][by].as_str(), value.as_str()) {
            found.insert(name.to_owned(), value.to_owned());
        }
    }
    found
}

fn compare(
    vectors: &[Vector],
    found: &BTreeMap<String, String>,
    expected: impl Fn(&Vector) -> Option<&String>,
) {
    let wrong: Vec<&Vector> =
        vectors.iter().filter(|v| found.get(&v.namespace) != expected(v)).collect();
    let first = wrong.first().map(|v| (&v.manifests, expected(v), found.get(&v.namespace)));
    assert!(
        wrong.is_empty(),
        "{} of {} stamps changed; the first: {first:#?}",
        wrong.len(),
        vectors.len()
    );
}

#[test]
fn golden_stamps_never_change() {
    let golden = golden();
    assert!(golden.vectors.len() > 1_000);
    compare(&golden.vectors, &stamps(&golden.vectors, None), |v| v.stamp.as_ref());
}

#[test]
fn golden_stamps_with_a_hash_key_never_change() {
    use base64::Engine as _;
    let golden = golden();
    let key = base64::engine::general_purpose::STANDARD.decode(&golden.hash_key).unwrap();
    compare(&golden.vectors, &stamps(&golden.vectors, Some(key)), |v| v.keyed.as_ref());
}

#[test]
fn golden_file_never_changes() {
    use sha2::{Digest as _, Sha256};
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/v1.json");
    let digest: String =
        Sha256::digest(fs::read(path).unwrap()).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(digest, "504a4a606fa78e2d6d6a412180d634eab128b564a4305ac568d68ae7d581af26");
}

/// Paths as the frozen list has them, with slashes.
fn slashed(paths: &[FieldPath]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.to_string().replace('.', "/")).collect();
    paths.join(" ")
}

/// The rows that stamp for all users, one row on each line.
fn default_rows() -> Vec<String> {
    let kinds = WORKLOADS
        .iter()
        .filter(|row| row.since == Since::V1 && row.rolls.is_stamped())
        .map(|row| {
            let groups: Vec<String> = row.groups.iter().map(|group| format!("{group:?}")).collect();
            let (groups, templates) = (groups.join(","), slashed(&row.templates));
            format!("kind {groups} {} {:?} {templates}", row.kind, row.rolls)
        });
    let sites = SITES.iter().filter(|row| row.since == Since::V1).map(|row| {
        let (under, target, reads) = (row.under, row.target, row.reads);
        let path = slashed(std::slice::from_ref(&row.path));
        format!("site {} {under:?} {path} {} {target:?} {reads:?}", row.id, row.name)
    });
    let providers = PROVIDERS.iter().filter(|row| row.since == Since::V1).flat_map(|row| {
        let head = format!("provider {:?} {}", row.group, row.kind);
        let (names, namespaces) = (slashed(&row.names), slashed(&row.namespaces));
        let (whole, filled) = (slashed(&row.whole_if), row.filled_if_type.join(" "));
        let fields = format!(
            "{head} {:?} names=[{names}] namespaces=[{namespaces}] whole_if=[{whole}] filled_if_type=[{filled}]",
            row.provides,
        );
        let contents = row.contents.iter().map(move |content| {
            let (env, overrides) = (content.env, content.overrides);
            let (encoding, prefix) = (content.encoding, content.prefix);
            let path = slashed(std::slice::from_ref(&content.path));
            format!("{head} {path} {encoding:?} env={env} overrides={overrides} prefix={prefix:?}")
        });
        std::iter::once(fields).chain(contents)
    });
    let containers = std::iter::once(format!("containers {}", CONTAINER_LISTS.join(" ")));
    containers.chain(kinds).chain(sites).chain(providers).collect()
}

/// The rows that were added after scheme v1, with the `since` of each: none of them may stamp for all
/// users.
#[test]
fn rows_that_came_later_are_listed() {
    let rows = FILLERS.iter().map(|row| {
        let groups: Vec<String> = row.groups.iter().map(|group| format!("{group:?}")).collect();
        let fills = match &row.fills {
            Fills::Itself => "itself".to_owned(),
            Fills::Makes { target, name, reach } => {
                format!("{target:?} {name} {reach:?}")
            }
        };
        format!("filler {} {} {} {fills} since={:?}", row.id, groups.join(","), row.kind, row.since)
    });
    let rows: Vec<String> = rows.collect();
    assert!(rows.iter().all(|row| row.ends_with("since=OptIn")), "{rows:#?}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/later-rows.txt");
    let listed = fs::read_to_string(path).unwrap();
    let listed: Vec<&str> = listed.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows, listed, "testdata/golden/later-rows.txt lists other rows");
}

/// A new row that stamps by default would roll pods of users who only upgraded.
#[test]
fn what_stamps_by_default_never_changes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/v1-rows.txt");
    let frozen = fs::read_to_string(path).unwrap();
    let frozen: Vec<&str> = frozen.lines().filter(|line| !line.starts_with('#')).collect();
    let rows = default_rows();
    let added: Vec<&String> = rows.iter().filter(|row| !frozen.contains(&row.as_str())).collect();
    assert!(added.is_empty(), "these rows stamp everybody; say `Since::OptIn`: {added:#?}");
    let gone: Vec<&&str> = frozen.iter().filter(|row| !rows.iter().any(|r| r == *row)).collect();
    assert!(gone.is_empty(), "these rows of scheme v1 are gone: {gone:#?}");
}

/// Another read in a preset would roll the pods of users who only upgraded. So a released preset keeps its
/// rows; other rows for the same chart are a preset with another name.
#[test]
fn presets_never_change() {
    let rows = PRESETS.iter().flat_map(|preset| {
        let pods = preset.pods.iter().flat_map(|pods| {
            let head = format!("{} unless {:?}", pods.annotations, pods.unless);
            let reads = pods.reads.iter().flat_map(|read| read.references());
            let reads = reads.map(|read| {
                format!("  {} {:?} {:?} {:?}", read.path, read.target, read.key, read.when)
            });
            std::iter::once(head).chain(reads.collect::<Vec<String>>())
        });
        std::iter::once(format!("preset {}", preset.chart)).chain(pods)
    });
    let rows: Vec<String> = rows.collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/presets.txt");
    let listed = fs::read_to_string(path).unwrap();
    let listed: Vec<&str> = listed.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows, listed, "testdata/golden/presets.txt lists other rows");
}

/// A workload of a chart of its own, and the value of its checksum under `foreign.checksums: steady`.
#[derive(serde::Deserialize)]
struct ForeignVector {
    name: String,
    manifests: String,
    value: String,
    keyed: String,
}

#[derive(serde::Deserialize)]
struct ForeignGolden {
    hash_key: String,
    vectors: Vec<ForeignVector>,
}

fn foreign_file() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden/foreign-v1.json");
    fs::read(path).unwrap()
}

/// The checksums of all vectors, by workload.
fn checksums(vectors: &[ForeignVector], key: Option<Vec<u8>>) -> BTreeMap<String, String> {
    let manifests = vectors.iter().map(|v| v.manifests.as_str());
    annotations(manifests, &["--foreign-checksums", "steady"], key, "checksum/config", "name")
}

/// The scheme `rollstamp/foreign/v1` is as frozen as v1: its vectors were made in the same way.
#[test]
fn golden_foreign_checksums_never_change() {
    use base64::Engine as _;
    use sha2::{Digest as _, Sha256};
    let digest: String =
        Sha256::digest(foreign_file()).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(digest, "1b2d2c003848b769b9dbe5dbff3ec3bdd8db2639368e52226eed3c06c257d3f0");
    let golden: ForeignGolden = serde_json::from_slice(&foreign_file()).unwrap();
    assert!(golden.vectors.len() > 100);
    let key = base64::engine::general_purpose::STANDARD.decode(&golden.hash_key).unwrap();
    let (plain, keyed) = (checksums(&golden.vectors, None), checksums(&golden.vectors, Some(key)));
    let wrong = golden.vectors.iter().filter(|vector| {
        plain.get(&vector.name) != Some(&vector.value)
            || keyed.get(&vector.name) != Some(&vector.keyed)
    });
    let wrong: Vec<&str> = wrong.map(|vector| vector.name.as_str()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
