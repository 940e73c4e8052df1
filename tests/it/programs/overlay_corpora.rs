//! Every overlay of the real repositories: after `write --build`, its build is the same as before plus
//! right stamps. Builds that need the network fail at once, and are counted.

use super::{bash, below, found, tool};
use crate::corpora::{folders, in_parallel, root};
use crate::extent::{sample, say};
use crate::sandbox::Sandbox;
use serde_yaml::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A builder that stores the first and the last output of each overlay, and counts the builds. `$FIRST` and
/// `$LAST` are its folders, `$REAL` is kustomize.
const KEEPS: &str = r#"#!/bin/sh
[ "$1" = build ] || exec "$REAL" "$@"
name=$(printf %s "$2" | tr / %)
echo "$2" >>"$LAST.count"
"$REAL" "$@" >"$LAST/$name.new" || { rm -f "$LAST/$name.new"; exit 1; }
[ -e "$FIRST/$name" ] || cp "$LAST/$name.new" "$FIRST/$name"
mv "$LAST/$name.new" "$LAST/$name"
cat "$LAST/$name"
"#;

/// The counts for a repository.
#[derive(Clone, Copy, Default)]
struct Row {
    /// The number of overlays that build here, and of those that need the network or are broken.
    builds: usize,
    fails: usize,
    /// The number of workloads that the pipe stamps, in all overlays.
    wanted: usize,
    /// The number of these workloads whose stamp is in their own file, and in the stamps file of the overlay.
    in_place: usize,
    by_patch: usize,
    /// The number of streams that the pipe refuses.
    refused: usize,
    /// The number of overlays that a second run builds again.
    again: usize,
}

#[test]
fn overlays_of_real_repositories_build_what_they_built_and_are_stamped() {
    let Some(version) = found("kustomize", &["version"]) else { return };
    let Some(root) = root() else { return };
    let mut repositories = folders(&root.join("corpora"));
    repositories.retain(|folder| !kustomizations(folder).is_empty());
    // The largest repository takes half of the time, so only a run of all tests includes it.
    repositories.sort_by_key(|folder| kustomizations(folder).len());
    let repositories = sample("repositories with overlays", repositories, 3);
    let rows: Vec<Row> = repositories.iter().map(|folder| one_repository(folder)).collect();
    let name = |folder: &PathBuf| folder.file_name().map(|n| n.to_string_lossy().into_owned());
    let mut table = format!(
        "kustomize {}\n{:32} {:>6} {:>6} {:>6} {:>8} {:>8} {:>7} {:>6}\n",
        version.trim(),
        "repository",
        "built",
        "fail",
        "wanted",
        "in place",
        "patched",
        "refused",
        "again"
    );
    let mut sum = Row::default();
    let mut line = |name: &str, row: Row| {
        table.push_str(&format!(
            "{name:32} {:>6} {:>6} {:>6} {:>8} {:>8} {:>7} {:>6}\n",
            row.builds, row.fails, row.wanted, row.in_place, row.by_patch, row.refused, row.again
        ));
    };
    for (folder, row) in repositories.iter().zip(rows) {
        line(&name(folder).unwrap_or_default(), row);
        sum.builds += row.builds;
        sum.fails += row.fails;
        sum.wanted += row.wanted;
        sum.in_place += row.in_place;
        sum.by_patch += row.by_patch;
        sum.refused += row.refused;
        sum.again += row.again;
    }
    line("all", sum);
    say(&table);
    assert!(sum.builds > 0, "{table}");
    assert!(sum.again * 10 <= sum.builds, "{table}");
    assert_eq!(sum.in_place + sum.by_patch, sum.wanted, "{table}");
}

fn kustomizations(folder: &Path) -> Vec<PathBuf> {
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    let all = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let all = all.filter(|entry| names.iter().any(|name| entry.file_name() == *name));
    all.map(walkdir::DirEntry::into_path).collect()
}

fn one_repository(repository: &Path) -> Row {
    let sandbox = Sandbox::new(&below("tree/", repository));
    for folder in ["bin", "first", "last", "tree/.git"] {
        std::fs::create_dir_all(sandbox.path(folder)).expect("a folder");
    }
    std::fs::write(sandbox.path("bin/kustomize"), KEEPS).expect("a script");
    let real = bash(&sandbox, "chmod +x bin/kustomize; command -v kustomize").succeeds();
    let run = |arguments: &str| {
        let line = format!(
            "cd tree; PATH=\"$OLDPWD/bin:$PATH\" exec rollstamp {arguments} --no-config --build kustomize ."
        );
        let mut run = bash(&sandbox, &line).env("REAL", real.trim());
        for (name, value) in [
            ("FIRST", sandbox.path("first")),
            ("LAST", sandbox.path("last")),
            ("XDG_CACHE_HOME", sandbox.path("cache")),
        ] {
            run = run.env(name, value);
        }
        // Access to the network fails at once.
        run = run.env("GIT_ALLOW_PROTOCOL", "none");
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            run = run.env(name, "http://127.0.0.1:1");
        }
        run.run()
    };
    let said = run("write");
    assert!(matches!(said.exit, 0 | 2), "{}: {said:?}", repository.display());
    let proved = ["missing-stamp", "stale-stamp"].iter().all(|code| !said.stderr.contains(code));
    assert!(proved, "{}: {}", repository.display(), said.stderr);
    let fails = said.stderr.matches("error[build-failed]").count();
    let read = |of: &str| -> BTreeMap<String, String> {
        let entries = std::fs::read_dir(sandbox.path(of)).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let text = |path: PathBuf| {
            let name = path.file_name().expect("a name").to_string_lossy().replace('%', "/");
            (name, std::fs::read_to_string(&path).expect("a text"))
        };
        paths.map(text).collect()
    };
    let (first, last) = (read("first"), read("last"));
    let overlays: Vec<(&String, &String, &String)> =
        first.iter().map(|(folder, before)| (folder, before, &last[folder])).collect();
    let rows = in_parallel(&overlays, |(folder, before, after)| {
        let whose = format!("{}/{folder}", repository.display());
        let (old, new) = (objects(before), objects(after));
        let without = |objects: &[(String, Value, Option<String>)]| -> Vec<Value> {
            objects.iter().map(|(_, value, _)| value.clone()).collect()
        };
        assert_eq!(without(&old), without(&new), "{whose}: other objects than before");
        let pipe = tool(&sandbox, "rollstamp", &[]).stdin(after.as_bytes()).run();
        if pipe.exit != 0 {
            return Row { builds: 1, refused: 1, ..Row::default() };
        }
        let own = sandbox.path("tree").join(folder).join("stamps.rollstamp.yaml");
        let own = std::fs::read_to_string(own).unwrap_or_default();
        let mut row = Row { builds: 1, ..Row::default() };
        for ((name, _, stamp), (_, _, wanted)) in new.iter().zip(objects(&pipe.stdout)) {
            let Some(wanted) = wanted else { continue };
            row.wanted += 1;
            assert_eq!(stamp.as_ref(), Some(&wanted), "{whose}: {name}");
            match own.contains(&wanted) {
                true => row.by_patch += 1,
                false => row.in_place += 1,
            }
        }
        row
    });
    let mut sum = Row { fails, ..Row::default() };
    for row in rows {
        sum.builds += row.builds;
        sum.wanted += row.wanted;
        sum.in_place += row.in_place;
        sum.by_patch += row.by_patch;
        sum.refused += row.refused;
    }
    std::fs::remove_file(sandbox.path("last.count")).expect("the count");
    let said = run("write");
    assert!(said.stderr.contains("0 files changed"), "{}: {said:?}", repository.display());
    // Failed builds are tried again, and so are builds that may read more than the files that are here.
    let again = std::fs::read_to_string(sandbox.path("last.count")).unwrap_or_default();
    sum.again = again.lines().filter(|folder| first.contains_key(*folder)).count();
    sum
}

/// The objects of a stream, each with its kind and name, without its stamp, and the stamp.
pub(super) fn objects(stream: &str) -> Vec<(String, Value, Option<String>)> {
    let documents = serde_yaml::Deserializer::from_str(stream);
    let values = documents.map(|d| <Value as serde::Deserialize>::deserialize(d).expect("YAML"));
    let one = |mut value: Value| {
        let name = format!(
            "{} {}/{}",
            value["kind"].as_str().unwrap_or_default(),
            value["metadata"]["namespace"].as_str().unwrap_or_default(),
            value["metadata"]["name"].as_str().unwrap_or_default()
        );
        let stamp = take(&mut value);
        (name, value, stamp)
    };
    values.filter(|value| !value.is_null()).map(one).collect()
}

/// Removes the stamps from an object, with mappings that are empty then, and returns the first stamp.
fn take(value: &mut Value) -> Option<String> {
    let mut stamp = None;
    match value {
        Value::Mapping(fields) => {
            if let Some(Value::String(own)) = fields.remove("checksum/rollstamp") {
                stamp = Some(own);
            }
            let keys: Vec<Value> = fields.keys().cloned().collect();
            for key in keys {
                let below = fields.get_mut(&key).and_then(take);
                stamp = stamp.or(below);
                let is_metadata = ["metadata", "annotations"].iter().any(|name| key == *name);
                let is_empty =
                    |v: &Value| v.as_mapping().is_some_and(serde_yaml::Mapping::is_empty);
                if is_metadata && fields.get(&key).is_some_and(is_empty) {
                    fields.remove(&key);
                }
            }
        }
        Value::Sequence(items) => {
            for item in items {
                let below = take(item);
                stamp = stamp.or(below);
            }
        }
        _ => {}
    }
    stamp
}

#[test]
fn stamps_are_taken_out_whole() {
    let with = "kind: Deployment\nmetadata: {name: a}\nspec: {template: {metadata: {annotations: {checksum/rollstamp: x}}}}\n";
    let without = "kind: Deployment\nmetadata: {name: a}\nspec: {template: {}}\n";
    let (with, without) = (objects(with), objects(without));
    assert_eq!(with[0].1, without[0].1);
    assert_eq!((with[0].2.as_deref(), without[0].2.as_deref()), (Some("x"), None));
}
