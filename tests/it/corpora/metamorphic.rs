//! Checks which changes change a stamp, for every source of every rendered stream and of every folder of
//! the corpora.
//!
//! The oracle computes the stamps of each changed stream. A second law needs no digest: the workloads whose
//! stamp changes are those whose references read the changed key.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_yaml::Value;

use super::{Stream, in_parallel, none_wrong, present, rollstamp, root, streams};
use crate::extent::sample;
use crate::oracle::read::{documents, split, text};
use crate::oracle::sites::Keys;
use crate::oracle::{Expected, Identity, Workload, decode_base64, key_text, kustomize, stamps};

/// The maximum number of keys of one source that are changed.
const N_KEYS_MAX: usize = 3;

/// A change of one source, and the workloads that must roll.
struct Change {
    name: &'static str,
    source: Value,
    rolls: Box<dyn Fn(&Keys) -> bool>,
}

fn change(name: &'static str, source: Value, rolls: impl Fn(&Keys) -> bool + 'static) -> Change {
    Change { name, source, rolls: Box::new(rolls) }
}

#[derive(Default)]
struct Results {
    numbers: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

#[test]
fn exactly_the_readers_of_a_changed_key_roll() {
    let Some(root) = root() else { return };
    let mut sum = Results::default();
    let mut all = streams(&root);
    all.extend(folders(&root));
    let all = sample("streams and folders with their sources changed", all, 8);
    for results in in_parallel(&all, of_stream) {
        for (what, number) in results.numbers {
            *sum.numbers.entry(what).or_default() += number;
        }
        sum.wrong.extend(results.wrong);
    }
    let numbers: Vec<String> =
        sum.numbers.iter().map(|(what, number)| format!("{number} {what}")).collect();
    println!("changes: {}", numbers.join(", "));
    none_wrong(&sum.wrong);
}

/// The manifests of each folder of the corpora that holds a ConfigMap or a Secret, as one stream each:
/// those that can be read alone. A folder of alternatives is taken file by file.
fn folders(root: &Path) -> Vec<Stream> {
    let mut folders: BTreeMap<String, Vec<Stream>> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root.join("corpora")).sort_by_file_name() {
        let entry = entry.unwrap();
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
        if !entry.file_type().is_file() || !is_yaml {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let folder = folders.entry(folder.to_owned()).or_default();
        folder.push(Stream { name, text });
    }
    let has_source = |stream: &Stream| {
        let mut lines = stream.text.lines();
        lines.any(|line| ["kind: ConfigMap", "kind: Secret"].contains(&line.trim_end()))
    };
    let mut left_out = 0;
    let mut joined = Vec::new();
    for (folder, mut files) in folders {
        if !files.iter().any(has_source) {
            continue;
        }
        let before = files.len();
        files.retain(|file| is_readable(&file.text));
        left_out += before - files.len();
        let texts: Vec<&str> = files.iter().map(|file| file.text.trim_end()).collect();
        let text = texts.join("\n---\n") + "\n";
        if is_readable(&text) && is_without_copies(&text) {
            joined.push(Stream { name: folder, text });
        } else {
            files.retain(has_source);
            joined.extend(files);
        }
    }
    println!(
        "changes: {} streams of folders; {left_out} files beside them are templates, patches or no manifests",
        joined.len()
    );
    joined
}

/// Only one of two copies of a source counts, so a change of the other one changes nothing.
fn is_without_copies(text: &str) -> bool {
    let sources = split(text).unwrap().into_iter();
    let mut identities = std::collections::BTreeSet::new();
    sources.filter_map(|piece| Some(source(&piece)?.0)).all(|identity| identities.insert(identity))
}

fn is_readable(text: &str) -> bool {
    let is_split = split(text).is_ok_and(|pieces| pieces.iter().all(|p| documents(p).is_ok()));
    is_split && stamps(text, None).is_ok() && rollstamp(&[], text, None).exit == 0
}

fn of_stream(stream: &Stream) -> Results {
    let mut results = Results::default();
    let mut count =
        |what: String, number: usize| *results.numbers.entry(what).or_default() += number;
    let pieces = split(&stream.text).unwrap();
    let workloads = stamps(&stream.text, None).unwrap();
    let before = rollstamp(&[], &stream.text, None);
    let Ok(before) = present(&before.stdout) else {
        return results;
    };
    for (number, piece) in pieces.iter().enumerate() {
        let Some((identity, source)) = source(piece) else {
            continue;
        };
        count("sources".to_owned(), 1);
        let is_content_named = kustomize::is_content_named(identity.0, &source);
        for change in changes(&identity, &source) {
            let mut changed = pieces.clone();
            changed[number] = spelled_out(&change.source);
            let changed = changed.join("---\n");
            let ran = rollstamp(&[], &changed, None);
            let what = format!("{}: {}: {} {}", stream.name, change.name, identity.0, identity.1);
            let after = match present(&ran.stdout) {
                Ok(after) if ran.exit == 0 && after.len() == workloads.len() => after,
                _ => {
                    results.wrong.push(format!("{what}: exit {}: {}", ran.exit, ran.stderr.trim()));
                    continue;
                }
            };
            let rolled: Vec<bool> =
                before.iter().zip(&after).map(|(before, after)| before != after).collect();
            count(format!("x {}", change.name), 1);
            let whose = if is_content_named { " of a content-named source" } else { "" };
            count(
                format!("rolls by {}{whose}", change.name),
                rolled.iter().filter(|rolled| **rolled).count(),
            );
            let expected = stamps(&changed, None).unwrap();
            if !expected
                .iter()
                .zip(&after)
                .all(|(workload, after)| is_expected(workload, after.as_ref()))
            {
                results.wrong.push(format!("{what}: not the oracle's stamps"));
            }
            // A content-named source counts as soon as its content changes, because its name no longer fits.
            let law = workloads.iter().map(|workload| must_roll(workload, &identity, &change));
            if !is_content_named && !law.eq(rolled.iter().copied()) {
                results.wrong.push(format!("{what}: other workloads roll than those that read it"));
            }
        }
    }
    results
}

fn is_expected(workload: &Workload, stamp: Option<&String>) -> bool {
    match &workload.expected {
        Expected::Stamp(expected) => stamp == Some(expected),
        Expected::Refused => false,
        _ => stamp.is_none(),
    }
}

fn must_roll(workload: &Workload, identity: &Identity, change: &Change) -> bool {
    matches!(workload.expected, Expected::Stamp(_))
        && workload
            .reads
            .iter()
            .any(|(read, source)| source.as_ref() == Some(identity) && (change.rolls)(&read.keys))
}

/// The source in a document.
fn source(piece: &str) -> Option<(Identity, Value)> {
    let value = documents(piece).unwrap().pop()?.value;
    let target = match (text(&value, &["apiVersion"])?.as_str(), text(&value, &["kind"])?.as_str())
    {
        ("v1", "ConfigMap") => "ConfigMap",
        ("v1", "Secret") => "Secret",
        _ => return None,
    };
    let name = text(&value, &["metadata", "name"])?;
    let fields = ["data", "stringData", "binaryData"].map(|field| value.get(field));
    let is_refused = |field: &Value| !field.is_mapping() && !field.is_null();
    if fields.into_iter().flatten().any(is_refused) {
        return None;
    }
    Some(((target, name, text(&value, &["metadata", "namespace"])), value))
}

fn changes(identity: &Identity, source: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    let with = |edit: &dyn Fn(&mut Value)| {
        let mut source = source.clone();
        edit(&mut source);
        source
    };
    let is_secret = identity.0 == "Secret";
    let nobody = |_: &Keys| false;
    changes.push(change("other spelling", source.clone(), nobody));
    let relabelled = with(&|source| {
        set(source, &["metadata", "labels", "rollstamp-test"], "changed");
        set(source, &["metadata", "annotations", "rollstamp-test"], "changed");
    });
    changes.push(change("other label", relabelled, nobody));
    changes.push(change(
        "a null entry",
        with(&|source| *child(source, &["data", "zz-null"]) = Value::Null),
        nobody,
    ));
    if is_secret {
        changes.push(change("stringData for data", with(&to_string_data), nobody));
        changes.push(change("wrapped base64", with(&wrap), nobody));
    }
    let added = with(&|source| set(source, &["data", "zz-rollstamp-test"], "bmV3"));
    changes.push(change("a new key", added, |keys| keys.has("zz-rollstamp-test")));
    for field in ["data", "stringData", "binaryData"] {
        let is_encoded = field == "binaryData" || is_secret && field == "data";
        let entries = source.get(field).and_then(Value::as_mapping).into_iter().flatten();
        let texts =
            entries.filter_map(|(key, value)| Some((key_text(key), value.as_str()?.to_owned())));
        for (key, value) in texts.take(N_KEYS_MAX) {
            let is_shadowed =
                is_secret && field == "data" && source["stringData"].get(&key).is_some();
            let value = match decode_base64(&value).filter(|_| is_encoded) {
                Some(bytes) => STANDARD.encode([bytes.as_slice(), b"\nchanged"].concat()),
                None => value + "\nchanged",
            };
            let edited = with(&|source| set(source, &[field, &key], &value));
            let rolls = move |keys: &Keys| {
                !is_shadowed && keys.has(&key) && (keys.with_binary() || field != "binaryData")
            };
            changes.push(change("another value", edited, rolls));
        }
    }
    changes
}

fn child<'v>(value: &'v mut Value, path: &[&str]) -> &'v mut Value {
    path.iter().fold(value, |value, key| {
        if value.is_null() {
            *value = Value::Mapping(serde_yaml::Mapping::new());
        }
        value.as_mapping_mut().unwrap().entry((*key).into()).or_insert(Value::Null)
    })
}

fn set(value: &mut Value, path: &[&str], text: &str) {
    *child(value, path) = text.into();
}

/// Moves the entries whose bytes are a text from `data` to `stringData`.
fn to_string_data(secret: &mut Value) {
    let entries = secret.get("data").and_then(Value::as_mapping).cloned().unwrap_or_default();
    for (key, value) in entries {
        let bytes = value.as_str().and_then(decode_base64);
        let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            continue;
        };
        secret["data"].as_mapping_mut().unwrap().remove(&key);
        let is_shadowed = secret["stringData"].get(&key).is_some();
        if !is_shadowed {
            set(secret, &["stringData", &key_text(&key)], &text);
        }
    }
}

/// Breaks the lines of all base64, as kustomize does with long ones.
fn wrap(secret: &mut Value) {
    let Some(entries) = secret.get_mut("data").and_then(Value::as_mapping_mut) else {
        return;
    };
    for value in entries.values_mut() {
        if let Some(text) = value.as_str().filter(|text| decode_base64(text).is_some()) {
            let lines: Vec<&str> =
                text.as_bytes().chunks(7).map(|line| std::str::from_utf8(line).unwrap()).collect();
            *value = format!("{}\n", lines.join("\r\n")).into();
        }
    }
}

/// The object once more in another style: keys backwards, every text in double quotes with all
/// but printable ASCII escaped, comments and odd indentation.
fn spelled_out(value: &Value) -> String {
    let mut document = "# written by a test\n".to_owned();
    write_value(value, 0, &mut document);
    document
}

fn write_value(value: &Value, indent: usize, out: &mut String) {
    let Value::Mapping(mapping) = value else {
        let flow = match value {
            Value::String(text) => quoted(text),
            other => serde_json::to_string(other).unwrap(),
        };
        writeln!(out, " {flow}  # a comment").unwrap();
        return;
    };
    if mapping.is_empty() {
        writeln!(out, " {{ }}").unwrap();
        return;
    }
    if indent > 0 {
        writeln!(out, " # a comment").unwrap();
    }
    for (key, value) in mapping.iter().collect::<Vec<_>>().into_iter().rev() {
        write!(out, "{:indent$}{} :", "", quoted(&key_text(key))).unwrap();
        write_value(value, indent + 3, out);
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            ' '..='~' => quoted.push(char),
            _ => write!(quoted, "\\U{:08x}", u32::from(char)).unwrap(),
        }
    }
    quoted.push('"');
    quoted
}
