//! The laws over the 435 streams that real kustomizations render to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::edits::added_stamps;
use super::{Stream, in_parallel, none_wrong, present, rollstamp, root, set_stamp, streams};
use crate::extent::sample;
use crate::oracle::read::{documents, objects, split};
use crate::oracle::sites::is_known;
use crate::oracle::{Expected, Workload, stamps};

/// The counts of the streams of one test.
#[derive(Default)]
struct Counts {
    numbers: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Counts {
    fn add(&mut self, what: &'static str, number: usize) {
        *self.numbers.entry(what).or_default() += number;
    }

    fn law(&mut self, holds: bool, stream: &Stream, law: &str) {
        if !holds {
            self.wrong.push(format!("{}: {law}", stream.name));
        }
    }

    /// Adds the counts of all streams, prints them, and fails if there is a problem.
    fn finish(test: &str, all: Vec<Self>) {
        let mut sum = Self::default();
        for counts in all {
            counts.numbers.into_iter().for_each(|(what, number)| sum.add(what, number));
            sum.wrong.extend(counts.wrong);
        }
        let numbers: Vec<String> =
            sum.numbers.iter().map(|(what, number)| format!("{number} {what}")).collect();
        println!("{test}: {}", numbers.join(", "));
        none_wrong(&sum.wrong);
    }
}

/// The names of the oracle's results in the counts.
fn name(expected: &Expected) -> &'static str {
    match expected {
        Expected::Stamp(_) => "stamped",
        Expected::None => "read nothing",
        Expected::Unverifiable => "unverifiable",
        Expected::NotStamped => "of a kind that is not stamped",
        Expected::Refused => "refused",
    }
}

/// Whether the stamp of a workload is the one of the oracle.
fn agrees(workload: &Workload, present: Option<&String>, before: Option<&String>) -> bool {
    match &workload.expected {
        Expected::Stamp(stamp) => present == Some(stamp),
        Expected::None => present.is_none(),
        Expected::Unverifiable | Expected::NotStamped => present == before,
        Expected::Refused => false,
    }
}

/// Compares all stamps of a stamped stream with the oracle's and counts them.
fn compare(
    counts: &mut Counts,
    stream: &Stream,
    law: &str,
    before: &str,
    after: &str,
    hash_key: Option<&[u8]>,
) {
    let expected = stamps(before, hash_key).unwrap();
    let (was, is) = (present(before).unwrap(), present(after).unwrap());
    counts.law(
        expected.len() == is.len() && was.len() == is.len(),
        stream,
        "the number of workloads changed",
    );
    for ((workload, is), was) in expected.iter().zip(&is).zip(&was) {
        counts.add(name(&workload.expected), 1);
        if !agrees(workload, is.as_ref(), was.as_ref()) {
            let Workload { kind, name, expected, .. } = workload;
            counts.law(
                false,
                stream,
                &format!("{law}: {kind} {name}: expected {expected:?}, got {is:?}"),
            );
        }
    }
}

fn stamped(
    counts: &mut Counts,
    stream: &Stream,
    law: &str,
    arguments: &[&str],
    text: &str,
) -> Option<String> {
    let ran = rollstamp(arguments, text, None);
    if ran.exit == 0 {
        return Some(ran.stdout);
    }
    println!("refused ({law}): {}: exit {}: {}", stream.name, ran.exit, ran.stderr.trim());
    counts.add("streams refused", 1);
    counts.law(
        ran.exit == 2 && ran.stdout.is_empty(),
        stream,
        "a refusal ends with 2 and prints nothing",
    );
    let is_expected =
        stamps(text, None).is_ok_and(|all| all.iter().any(|one| one.expected == Expected::Refused));
    counts.law(
        is_expected,
        stream,
        &format!("{law}: refused, and the oracle would not: {}", ran.stderr.trim()),
    );
    None
}

#[test]
fn stamps_are_the_oracles_and_nothing_else_moves() {
    let Some(root) = root() else { return };
    let all = in_parallel(&sample("the rendered streams", streams(&root), 4), |stream| {
        let mut counts = Counts::default();
        counts.add("streams", 1);
        let before = &stream.text;
        let Some(after) = stamped(&mut counts, stream, "filter", &[], before) else {
            return counts;
        };
        compare(&mut counts, stream, "filter", before, &after, None);
        match added_stamps(before, &after) {
            Ok(n_stamps) => {
                counts.add("stamps added", n_stamps);
                counts.add("lines added", after.lines().count() - before.lines().count());
                counts.law(
                    (n_stamps == 0) == (*before == after),
                    stream,
                    "no stamp, and yet a change",
                );
            }
            Err(why) => counts.law(false, stream, &format!("other bytes moved: {why}")),
        }
        counts.law(
            same_meaning(before, &after),
            stream,
            "the meaning is not the old one with the stamps",
        );
        let again = rollstamp(&[], &after, None);
        counts.law(
            again.exit == 0 && again.stdout == after,
            stream,
            "a second run changes something",
        );
        let stripped = rollstamp(&["strip"], &after, None);
        counts.law(
            stripped.exit == 0 && stripped.stdout == *before,
            stream,
            "strip does not give the first bytes",
        );
        counts
    });
    Counts::finish("streams", all);
}

/// Sets the oracle's stamps at value level and compares the documents.
fn same_meaning(before: &str, after: &str) -> bool {
    let mut expected: Vec<_> =
        documents(before).unwrap().into_iter().map(|document| document.value).collect();
    for workload in stamps(before, None).unwrap() {
        let Expected::Stamp(stamp) = &workload.expected else {
            continue;
        };
        let (document, item, path) = workload.place;
        let mut value = &mut expected[document];
        if let Some(item) = item {
            value = &mut value["items"][item];
        }
        set_stamp(path.iter().fold(value, |value, key| &mut value[*key]), stamp);
    }
    let after: Vec<_> =
        documents(after).unwrap().into_iter().map(|document| document.value).collect();
    expected == after
}

#[test]
fn check_finds_exactly_the_missing_stamps() {
    let Some(root) = root() else { return };
    let all = in_parallel(&sample("the rendered streams", streams(&root), 4), |stream| {
        let mut counts = Counts::default();
        let Some(after) = stamped(&mut counts, stream, "filter", &[], &stream.text) else {
            return counts;
        };
        for output in ["text", "json"] {
            let first = rollstamp(&["check", "--allow-empty", "-o", output], &stream.text, None);
            let wanted = i32::from(stream.text != after);
            counts.add(if wanted == 1 { "missing" } else { "nothing missing" }, 1);
            let said = format!("{} {}", first.stdout.trim(), first.stderr.trim());
            // Two of the streams contain Secrets with a slash in a key, which is another error.
            let is_wrong = i32::from(first.stdout.contains("invalid-key"));
            counts.law(
                first.exit == wanted.max(is_wrong),
                stream,
                &format!("check before: {} for {wanted}: {said}", first.exit),
            );
            let then = rollstamp(&["check", "--allow-empty", "-o", output], &after, None);
            counts.law(
                then.exit == is_wrong,
                stream,
                &format!("check after: {}: {}", then.exit, then.stdout.trim()),
            );
            if output == "json" {
                let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
                counts.law(
                    is_json(&first.stdout) && is_json(&then.stdout),
                    stream,
                    "check -o json is not JSON",
                );
                let is_said = said_stamps(&first.stdout) == wanted_stamps(&stream.text);
                counts.law(is_said, stream, "check -o json has other stamps than the oracle");
            }
        }
        counts
    });
    Counts::finish("check", all);
}

/// The stamps in the output of `check -o json`, for the kinds that the oracle knows.
fn said_stamps(said: &str) -> Vec<Option<String>> {
    let said: serde_json::Value = serde_json::from_str(said).unwrap_or_default();
    let workloads = said["workloads"].as_array().cloned().unwrap_or_default();
    let mut known = workloads;
    known.retain(|workload| is_known(workload["kind"].as_str().unwrap_or_default()));
    known.iter().map(|workload| workload["stamp"].as_str().map(str::to_owned)).collect()
}

fn wanted_stamps(stream: &str) -> Vec<Option<String>> {
    let stamp = |workload: Workload| match workload.expected {
        Expected::Stamp(stamp) => Some(stamp),
        _ => None,
    };
    stamps(stream, None).unwrap().into_iter().map(stamp).collect()
}

#[test]
fn line_ends_marks_and_order_do_not_matter() {
    let Some(root) = root() else { return };
    let all = in_parallel(&sample("the rendered streams", streams(&root), 4), |stream| {
        let mut counts = Counts::default();
        let before = &stream.text;
        let Some(after) = stamped(&mut counts, stream, "filter", &[], before) else {
            return counts;
        };
        let mut twin = |law: &'static str, is_meant: bool, twin: &dyn Fn(&str) -> String| {
            if is_meant {
                counts.add(law, 1);
                let got = stamped(&mut counts, stream, law, &[], &twin(before));
                let same = got.is_none_or(|got| got == twin(&after));
                counts.law(
                    same,
                    stream,
                    &format!("the {law} twin of the input does not give that of the output"),
                );
            }
        };
        twin("CRLF", !before.contains('\r'), &|text| text.replace('\n', "\r\n"));
        twin("BOM", !before.starts_with('\u{feff}'), &|text| format!("\u{feff}{text}"));
        twin("no final newline", before.ends_with('\n'), &|text| {
            text.trim_end_matches('\n').to_owned()
        });
        let is_clash = clashes(before);
        counts.add(if is_clash { "with one identity twice, not shuffled" } else { "shuffled" }, 1);
        if !is_clash {
            for seed in 1..=2 {
                let input = shuffled(before, seed);
                let Some(output) = stamped(&mut counts, stream, "shuffled", &[], &input) else {
                    continue;
                };
                counts.law(
                    by_workload(&output) == by_workload(&after),
                    stream,
                    "the order of documents matters",
                );
            }
        }
        counts
    });
    Counts::finish("twins", all);
}

/// Whether two documents are copies of one source, so that their order has a meaning.
fn clashes(stream: &str) -> bool {
    let documents = documents(stream).unwrap();
    let mut sources: Vec<String> = objects(&documents)
        .iter()
        .filter(|object| matches!(object.kind.as_str(), "ConfigMap" | "Secret"))
        .map(|object| {
            format!(
                "{} {:?} {:?}",
                object.kind,
                object.value["metadata"].get("namespace"),
                object.value["metadata"]["name"]
            )
        })
        .collect();
    let n_sources = sources.len();
    sources.sort();
    sources.dedup();
    sources.len() != n_sources
}

/// The stamps of a stream, by workload.
fn by_workload(stream: &str) -> Vec<(String, String, Option<String>, Option<String>)> {
    let workloads = stamps(stream, None).unwrap();
    let mut all: Vec<_> = workloads
        .into_iter()
        .zip(present(stream).unwrap())
        .map(|(workload, stamp)| (workload.kind, workload.name, workload.namespace, stamp))
        .collect();
    all.sort();
    all
}

/// The documents in another order: a Fisher-Yates shuffle with a fixed generator.
fn shuffled(stream: &str, seed: u64) -> String {
    let mut documents = split(stream).unwrap();
    let mut state = seed;
    for last in (1..documents.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        documents.swap(last, (state >> 33) as usize % (last + 1));
    }
    documents.join("---\n")
}

#[test]
fn other_forms_of_the_same_objects_give_the_same_stamps() {
    let Some(root) = root() else { return };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let key_file = folder.path().join("key");
    std::fs::write(&key_file, "a key\n").unwrap();
    let key_file = key_file.to_str().unwrap();
    let all = in_parallel(&sample("the rendered streams", streams(&root), 4), |stream| {
        let mut counts = Counts::default();
        let before = &stream.text;
        if let Some(after) =
            stamped(&mut counts, stream, "key", &["--hash-key-file", key_file], before)
        {
            compare(&mut counts, stream, "key", before, &after, Some(b"a key\n"));
        }
        let values: Vec<_> =
            documents(before).unwrap().into_iter().map(|document| document.value).collect();
        let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": values});
        let mut yaml_list = "apiVersion: v1\nitems:\n".to_owned();
        for document in split(before).unwrap().iter().filter(|document| !document.trim().is_empty())
        {
            let indented =
                document.lines().map(|line| format!("  {line}").trim_end_matches(' ').to_owned());
            let item = indented.collect::<Vec<_>>().join("\n");
            writeln!(yaml_list, "{}", item.replacen("  ", "- ", 1)).unwrap();
        }
        yaml_list.push_str("kind: List\n");
        let forms = [
            ("JSON", list.to_string()),
            ("indented JSON", serde_json::to_string_pretty(&list).unwrap()),
            ("YAML List", yaml_list),
        ];
        for (form, text) in forms {
            counts.add(form, 1);
            let Some(after) = stamped(&mut counts, stream, form, &[], &text) else {
                continue;
            };
            compare(&mut counts, stream, form, &text, &after, None);
            if let Err(why) = added_stamps(&text, &after) {
                counts.law(
                    false,
                    stream,
                    &format!("{form}: other bytes moved: {}", &why[..why.len().min(300)]),
                );
            }
            counts.law(
                same_meaning(&text, &after),
                stream,
                &format!("{form}: the meaning changed"),
            );
            let stripped = rollstamp(&["strip"], &after, None);
            counts.law(
                stripped.stdout == text,
                stream,
                &format!("{form}: strip does not give the first bytes"),
            );
        }
        counts
    });
    Counts::finish("forms", all);
}
