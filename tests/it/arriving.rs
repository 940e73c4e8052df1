//! A stream whose facts are extracted while it arrives gives the same result as the whole text, wherever it
//! is cut.

use crate::corpora;
use crate::extent::sample;
use rollstamp::config::options::{Goal, Mode, Options};
use rollstamp::finding::{Code, Severity};
use rollstamp::io::reload;
use rollstamp::io::stdin::Arriving;
use rollstamp::outcome::Outcome;
use rollstamp::process::Loaded;
use rollstamp::report::json::Json;
use rollstamp::report::{ExplainView, Format as _, Verb, View};
use rollstamp::text::FileId;
use std::fs;
use std::io;
use std::path::Path;

fn options(goal: Goal, mode: Mode, jobs: usize) -> Options {
    Options { goal, mode, jobs, ..Options::default() }
}

/// A reader that returns a few bytes at a time.
fn source(bytes: &[u8], at_a_time: usize) -> impl FnMut(&mut Vec<u8>) -> io::Result<usize> + use<> {
    let mut pieces: Vec<Vec<u8>> = bytes.chunks(at_a_time).map(<[u8]>::to_vec).collect();
    pieces.reverse();
    move |buffer| {
        let piece = pieces.pop().unwrap_or_default();
        buffer.extend_from_slice(&piece);
        Ok(piece.len())
    }
}

/// The result of a stream that is read in blocks of this size.
fn load(bytes: &[u8], block: usize, options: &Options) -> io::Result<Loaded> {
    let mut loaded = Loaded::default();
    let source = Box::new(source(bytes, block));
    Arriving::of(source, block, 0)?.finish(&mut loaded, options)?;
    Ok(loaded)
}

fn run(loaded: Loaded, options: &Options) -> Outcome {
    reload::run(loaded, options).unwrap()
}

/// All messages with their places, and every edit.
fn said(outcome: &Outcome) -> String {
    let edits: Vec<String> =
        outcome.changes.iter().map(|change| format!("{:?}", change.edits)).collect();
    let view = View {
        outcome,
        verb: Verb::Check,
        least: Severity::Note,
        show_diffs: true,
        show_all: true,
        colour: false,
        links: false,
        jobs: 1,
    };
    let workloads = outcome.plan.workloads.iter().map(|planned| planned.object);
    let mut report = Vec::new();
    Json.outcome(&view, &mut report).expect("a report");
    let taken = (0..outcome.plan.taken.len()).collect();
    let explained = ExplainView { view, workloads: &workloads.collect(), taken: &taken };
    Json.explain(&explained, &mut report).expect("an explanation");
    let report = String::from_utf8(report).expect("UTF-8");
    let findings = &outcome.findings;
    format!("{report}\n{findings:?}\n{}", edits.join("\n"))
}

fn same_in_parts(name: &str, bytes: &[u8], blocks: &[usize]) -> usize {
    let mut cut = 0;
    for (goal, mode) in [
        (Goal::Check, Mode::Annotation),
        (Goal::Stamp, Mode::Suffix),
        (Goal::Strip, Mode::Annotation),
    ] {
        let whole = options(goal, mode, 1);
        let whole = said(&run(load(bytes, bytes.len() + 1, &whole).unwrap(), &whole));
        for &block in blocks {
            let options = options(goal, mode, 3);
            let loaded = load(bytes, block, &options).unwrap();
            cut += usize::from(loaded.facts.iter().any(Option::is_some));
            let parts = said(&run(loaded, &options));
            assert_eq!(whole, parts, "{name}, in blocks of {block}");
        }
    }
    cut
}

fn streams(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = files.into_iter().filter_map(Result::ok);
    files
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            name.ends_with(".yaml") || name.ends_with(".yml") || name == "input"
        })
        .map(|entry| {
            let text = fs::read(entry.path()).unwrap();
            (entry.path().display().to_string(), text)
        })
        .collect()
}

#[test]
fn our_own_cases_are_the_same_in_parts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut cut = 0;
    for (name, bytes) in sample("our own cases", streams(&folder), 4) {
        cut += same_in_parts(&name, &bytes, &[1, 150]);
        // With the line ends of Windows, and after a byte order mark.
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let text = format!("\u{feff}{}", text.trim_start_matches('\u{feff}'));
            let twin = text.replace("\r\n", "\n").replace('\n', "\r\n");
            cut += same_in_parts(&name, twin.as_bytes(), &[150]);
        }
    }
    assert!(cut > 400, "only {cut} streams were cut");
}

#[test]
fn rendered_streams_are_the_same_in_parts() {
    let Some(root) = corpora::root() else { return };
    let mut all = Vec::new();
    let mut cut = 0;
    for (name, bytes) in streams(&root.join("rendered")) {
        cut += same_in_parts(&name, &bytes, &[4_000]);
        // The text is large enough for large pages.
        if all.len() < 5_000_000 {
            all.extend(b"---\n");
            all.extend(bytes);
            all.push(b'\n');
        }
    }
    assert!(cut > 300, "only {cut} streams were cut");
    assert!(all.len() > 4_500_000);
    same_in_parts("several streams as one", &all, &[1_000, 100_000]);
}

const MANIFEST: &str = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  k: v\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: a\n          envFrom:\n            - configMapRef:\n                name: c\n";

#[test]
fn what_cannot_be_cut_is_read_as_a_whole() {
    let options = options(Goal::Stamp, Mode::Annotation, 3);
    let odd = [
        // A text with two sorts of line ends.
        MANIFEST.to_owned() + &MANIFEST.replace('\n', "\r\n"),
        // A text with one document, and an empty text.
        MANIFEST[MANIFEST.find("---\napiVersion: apps").unwrap() + 4..].to_owned(),
        String::new(),
    ];
    for text in odd {
        let loaded = load(text.as_bytes(), 20, &options).unwrap();
        assert!(loaded.facts.iter().all(Option::is_none));
        assert_eq!(loaded.texts.get(FileId(0)), Some(text.as_str()));
        same_in_parts("odd", text.as_bytes(), &[1, 20]);
    }
}

#[test]
fn bytes_that_are_no_text_are_found_anywhere() {
    let options = options(Goal::Stamp, Mode::Annotation, 3);
    let mut bytes = MANIFEST.repeat(30).into_bytes();
    let at = bytes.len() - 3;
    bytes[at] = 0xFF;
    for block in [1, 100, 1_000, 100_000] {
        let loaded = load(&bytes, block, &options).unwrap();
        assert!(loaded.inputs.is_empty());
        let [finding] = loaded.findings.as_slice() else {
            panic!("{} findings", loaded.findings.len());
        };
        assert_eq!(finding.code, Code::NotUtf8);
        let line = 1 + bytes[..at].iter().filter(|&&b| b == b'\n').count();
        let place = format!("<stdin>:{line}:");
        assert!(finding.message.contains(&place), "{}", finding.message);
    }
}

#[test]
fn a_source_that_fails_ends_the_run() {
    let options = options(Goal::Stamp, Mode::Annotation, 3);
    for good in [1, 40] {
        let mut left = good;
        let mut source = source(MANIFEST.repeat(30).as_bytes(), 100);
        let failing = Box::new(move |buffer: &mut Vec<u8>| {
            left -= 1;
            match left {
                0 => Err(io::Error::other("gone")),
                _ => source(buffer),
            }
        });
        let mut loaded = Loaded::default();
        let read = Arriving::of(failing, 100, 0).and_then(|a| a.finish(&mut loaded, &options));
        assert_eq!(read.unwrap_err().to_string(), "gone");
        assert!(loaded.inputs.is_empty());
    }
}
