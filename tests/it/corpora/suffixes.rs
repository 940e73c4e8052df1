//! Suffix mode on all streams and trees: an independent reader, which uses no table of the program,
//! compares values before and after. Every text with the old name of a renamed source must have the new
//! name, except for the few places that name something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_yaml::Value;

use super::{in_parallel, none_wrong, repository, rollstamp, root, streams};
use crate::extent::sample;
use crate::oracle::read::{documents, objects, text};

/// An object before and after a run.
struct Pair {
    unit: String,
    kind: String,
    namespace: Option<String>,
    before: Value,
    after: Value,
}

/// The kind, the namespace and the name of a source.
type Known = (String, Option<String>, String);

/// The changes of one run.
#[derive(Default)]
struct Seen {
    renamed: usize,
    followed: usize,
    same: usize,
    wrong: Vec<String>,
}

fn pairs(unit: &str, before: &str, after: &str) -> Result<Vec<Pair>, String> {
    let (before, after) = (objects(&documents(before)?), objects(&documents(after)?));
    if before.len() != after.len() {
        return Err(format!("{} objects became {}", before.len(), after.len()));
    }
    let pair = |(one, two): (crate::oracle::read::Object, crate::oracle::read::Object)| Pair {
        unit: unit.to_owned(),
        kind: one.kind,
        namespace: text(&one.value, &["metadata", "namespace"]),
        before: one.value,
        after: two.value,
    };
    // Patches and parts of kustomizations are no objects.
    let is_object = |pair: &Pair| !pair.kind.is_empty() && pair.before["apiVersion"].is_string();
    Ok(before.into_iter().zip(after).map(pair).filter(is_object).collect())
}

fn is_source(pair: &Pair) -> bool {
    let core = pair.before["apiVersion"].as_str() == Some("v1");
    core && (pair.kind == "ConfigMap" || pair.kind == "Secret")
}

fn name(value: &Value) -> String {
    text(value, &["metadata", "name"]).unwrap_or_default()
}

/// Texts with the paths to them, without list steps.
fn texts(value: &Value, way: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, Vec<String>>) {
    match value {
        Value::String(text) => found.entry(way.clone()).or_default().push(text.clone()),
        Value::Sequence(items) => {
            for (i, item) in items.iter().enumerate() {
                way.push(i.to_string());
                texts(item, way, found);
                way.pop();
            }
        }
        Value::Mapping(fields) => {
            for (key, field) in fields {
                way.push(key.as_str().unwrap_or_default().to_owned());
                texts(field, way, found);
                way.pop();
            }
        }
        _ => {}
    }
}

/// Fields whose texts name something else, by the end of their paths. The list is not taken from the program.
fn is_of_something_else(way: &[String]) -> bool {
    let fields: Vec<&str> = way
        .iter()
        .map(String::as_str)
        .filter(|field| !field.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    let inside = ["labels", "matchLabels", "selector", "matchExpressions", "podSelector"];
    let ends: &[&[&str]] = &[
        &["containers", "name"],
        &["initContainers", "name"],
        &["volumes", "name"],
        &["volumeMounts", "name"],
        &["volumeClaimTemplates", "metadata", "name"],
        &["ports", "name"],
        &["template", "metadata", "name"],
        &["serviceName"],
        &["serviceAccountName"],
        &["serviceAccount"],
        &["claimName"],
        &["container"],
        &["hostname"],
        &["roleRef", "name"],
        &["subjects", "name"],
        &["scaleTargetRef", "name"],
        &["service", "name"],
        &["serviceAccountToken", "audience"],
        &["serviceAccountToken", "path"],
        &["annotations", "kubectl.kubernetes.io/default-container"],
        &["annotations", "kubectl.kubernetes.io/default-logs-container"],
        &["annotations", "meta.helm.sh/release-name"],
    ];
    fields == ["metadata", "name"]
        || fields == ["metadata", "namespace"]
        || fields == ["metadata", "generateName"]
        || fields.iter().any(|field| inside.contains(field))
        || ends.iter().any(|end| fields.ends_with(end))
}

/// The kind of source that a field names, by the words in its path; `None` if the words do not show it.
fn kind_of(way: &[String]) -> Option<&'static str> {
    let words = way.iter().rev().filter(|field| !field.bytes().all(|b| b.is_ascii_digit()));
    words.take(2).find_map(|field| {
        let field = field.to_lowercase();
        match (field.contains("secret"), field.contains("configmap")) {
            (true, false) => Some("Secret"),
            (false, true) => Some("ConfigMap"),
            _ => None,
        }
    })
}

fn compatible(one: Option<&String>, other: Option<&String>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Compares all objects of a run. Its units have different names.
fn compare(pairs: &[Pair]) -> Seen {
    let mut seen = Seen::default();
    let mut defined: [BTreeMap<&str, BTreeSet<Known>>; 2] = Default::default();
    let mut moved: BTreeSet<Known> = BTreeSet::new();
    for pair in pairs.iter().filter(|pair| is_source(pair)) {
        let known = |value| (pair.kind.clone(), pair.namespace.clone(), name(value));
        let (before, after) = (known(&pair.before), known(&pair.after));
        if before != after {
            seen.renamed += 1;
            let suffixed = format!("{}-", before.2);
            let good = after.2.starts_with(&suffixed) && after.2.len() == suffixed.len() + 10;
            if !good {
                seen.wrong.push(format!("{} became {}", before.2, after.2));
            }
            moved.insert(before.clone());
        }
        defined[0].entry(&pair.unit).or_default().insert(before);
        defined[1].entry(&pair.unit).or_default().insert(after);
    }
    let is_meant = |known: &Known, pair: &Pair, way: &[String], name: &str| {
        let (kind, namespace, known) = known;
        known == name
            && kind_of(way).is_none_or(|wanted| wanted == kind)
            && compatible(namespace.as_ref(), pair.namespace.as_ref())
    };
    let says = |when: usize, unit: Option<&str>, pair: &Pair, way: &[String], name: &str| {
        let units = defined[when].iter();
        let units = units.filter(|(other, _)| unit.is_none_or(|unit| unit == **other));
        units.flat_map(|(_, known)| known).any(|known| is_meant(known, pair, way, name))
    };
    for pair in pairs {
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        texts(&pair.before, &mut Vec::new(), &mut before);
        texts(&pair.after, &mut Vec::new(), &mut after);
        for (way, old) in before {
            let old = &old[0];
            let new = after.remove(&way).map(|texts| texts[0].clone()).unwrap_or_default();
            let at = format!("{} {} {}", pair.kind, name(&pair.before), way.join("."));
            if *old != new {
                let is_own = is_source(pair) && way == ["metadata", "name"];
                let is_stamp = way.last().is_some_and(|key| key == "checksum/rollstamp");
                if is_stamp || is_own {
                    continue;
                }
                seen.followed += 1;
                if !says(1, Some(&pair.unit), pair, &way, &new) {
                    seen.wrong.push(format!("{at}: {old} became {new}, which nobody defines"));
                }
                continue;
            }
            let is_moved = moved.iter().any(|known| is_meant(known, pair, &way, old));
            if !is_moved
                || (is_of_something_else(&way) && !(is_source(pair) && way == ["metadata", "name"]))
            {
                continue;
            }
            let unit = Some(pair.unit.as_str());
            let scope = if says(0, unit, pair, &way, old) { unit } else { None };
            if says(0, scope, pair, &way, old) && !says(1, scope, pair, &way, old) {
                seen.wrong.push(format!("{at}: {old} dangles"));
            }
            seen.same += 1;
        }
        for way in after.keys() {
            let key = way.last().map(String::as_str).unwrap_or_default();
            if key != "checksum/rollstamp" && key != "rollstamp.dev/base-name" {
                seen.wrong.push(format!(
                    "{} {}: {} is new",
                    pair.kind,
                    name(&pair.before),
                    way.join(".")
                ));
            }
        }
    }
    seen
}

#[test]
fn no_name_dangles_in_a_stream() {
    let Some(root) = root() else { return };
    for arguments in [&["--mode", "suffix"][..], &["--mode", "suffix", "--all-sources"]] {
        let all = in_parallel(&sample("the rendered streams", streams(&root), 4), |stream| {
            let ran = rollstamp(arguments, &stream.text, None);
            let wrong = |why: String| Seen {
                wrong: vec![format!("{}: {why}", stream.name)],
                ..Seen::default()
            };
            if ran.exit != 0 {
                // Only Jobs and Pods may be refused.
                let good = ran.exit == 2
                    && ran.stdout.is_empty()
                    && ran.stderr.contains("[immutable-referrer]");
                return (true, if good { Seen::default() } else { wrong(ran.stderr) });
            }
            let mut seen = match pairs("", &stream.text, &ran.stdout) {
                Ok(pairs) => compare(&pairs),
                Err(why) => return (false, wrong(why)),
            };
            for found in &mut seen.wrong {
                *found = format!("{}: {found}", stream.name);
            }
            let mut law = |holds: bool, why: &str| {
                if !holds {
                    seen.wrong.push(format!("{}: {why}", stream.name));
                }
            };
            let again = rollstamp(arguments, &ran.stdout, None);
            law(again.exit == 0 && again.stdout == ran.stdout, "a second run changes something");
            let stripped = rollstamp(&["strip"], &ran.stdout, None);
            law(stripped.stdout == stream.text, "strip does not give the first bytes");
            let check = rollstamp(&[&["check"], arguments].concat(), &ran.stdout, None);
            law(!check.stdout.contains("[stale-name]"), "check finds a stale name");
            (false, seen)
        });
        let refused = all.iter().filter(|(refused, _)| *refused).count();
        let seen: Vec<Seen> = all.into_iter().map(|(_, seen)| seen).collect();
        print(&arguments.join(" "), seen.len(), refused, &seen);
        none_wrong(&seen.into_iter().flat_map(|seen| seen.wrong).collect::<Vec<_>>());
    }
}

fn print(what: &str, count: usize, refused: usize, seen: &[Seen]) {
    let sum = |number: fn(&Seen) -> usize| seen.iter().map(number).sum::<usize>();
    println!(
        "{what}: {count} inputs, {refused} refused for Jobs and Pods, {} sources renamed, {} references followed, {} other texts kept",
        sum(|seen| seen.renamed),
        sum(|seen| seen.followed),
        sum(|seen| seen.same)
    );
}

fn read(folder: &Path) -> BTreeMap<String, String> {
    let walk = walkdir::WalkDir::new(folder).into_iter();
    walk.filter_entry(|entry| entry.file_name() != ".git")
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            let name = entry.path().strip_prefix(folder).unwrap();
            let text = String::from_utf8(fs::read(entry.path()).unwrap()).ok()?;
            Some((name.to_string_lossy().into_owned(), text))
        })
        .collect()
}

fn copy(corpus: &Path, bare: bool) -> tempfile::TempDir {
    let folder = repository();
    for entry in walkdir::WalkDir::new(corpus).into_iter().map(Result::unwrap) {
        let name = entry.path().strip_prefix(corpus).unwrap();
        let is_kustomization = name.to_string_lossy().to_lowercase().contains("kustomization");
        if entry.file_type().is_file() && !(bare && is_kustomization) {
            let to = folder.path().join(name);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            // The mode is not copied, because some files are read-only.
            fs::write(to, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
    folder
}

#[test]
fn no_name_dangles_in_a_tree() {
    let Some(root) = root() else { return };
    let corpora = fs::read_dir(root.join("corpora")).unwrap();
    let mut corpora: Vec<_> =
        corpora.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    corpora.sort();
    let corpora = sample("the corpora", corpora, 3);
    for (rule, bare) in [("dir", true), ("tree", true), ("dir", false)] {
        let seen = in_parallel(&corpora, |corpus| in_tree(corpus, rule, bare));
        let kustomizations = if bare { "without" } else { "with" };
        print(&format!("--unit {rule}, {kustomizations} kustomizations"), seen.len(), 0, &seen);
        none_wrong(&seen.into_iter().flat_map(|seen| seen.wrong).collect::<Vec<_>>());
    }
}

fn in_tree(corpus: &Path, rule: &str, bare: bool) -> Seen {
    let folder = copy(corpus, bare);
    let before = read(folder.path());
    let run = |arguments: &[&str]| rollstamp(arguments, "", Some(folder.path()));
    let arguments = ["write", "--mode", "suffix", "--all-sources", "--unit", rule, "."];
    let ran = run(&arguments);
    let after = read(folder.path());
    let mut all = Vec::new();
    let mut unread = Vec::new();
    for (name, text) in &before {
        let unit = match rule {
            "dir" => name.rsplit_once('/').map_or("", |(folder, _)| folder),
            _ => "",
        };
        match pairs(unit, text, &after[name]) {
            Ok(found) => all.extend(found),
            Err(_) if text == &after[name] => {}
            Err(why) => unread.push(format!("{name}: {why}")),
        }
    }
    let mut seen = compare(&all);
    seen.wrong.extend(unread);
    run(&arguments);
    let mut law = |holds: bool, why: &str| {
        if !holds {
            seen.wrong.push(why.to_owned());
        }
    };
    law(read(folder.path()) == after, "a second run changes something");
    run(&["strip", "--unit", rule, "."]);
    law(read(folder.path()) == before, "strip does not give the first bytes");
    law(ran.exit == 0 || ran.exit == 2, "an odd exit code");
    for found in &mut seen.wrong {
        *found = format!("{}: {found}", corpus.display());
    }
    seen
}
