//! Checks on the cases of yaml-test-suite that the parsers agree, and that the fast parser reads the expected
//! value of each case that it accepts.

use super::chunks;
use super::same::{Verdict, compare};
use rollstamp::yaml::tape::{Document, Kind, NodeId, Style};
use rollstamp::yaml::{fast, scalar};
use std::fmt::Write as _;

/// Texts that are not valid YAML, but that go-yaml reads: lines of quoted scalars and of brackets without
/// indentation.
const READ_BY_KUBECTL: &[&str] = &["QB6E", "9C9N"];

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    yaml: String,
    #[serde(default)]
    fail: bool,
    tree: Option<String>,
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/yaml-test-suite/cases.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn both_parsers_read_the_cases_of_yaml_test_suite_alike() {
    let cases = cases();
    assert!(cases.len() >= 400);
    let (mut taken, mut declined, mut compared) = (0, 0, 0);
    for case in &cases {
        let mut accepted = true;
        for chunk in chunks(&case.yaml) {
            match compare(&case.yaml, chunk) {
                Verdict::Same => taken += 1,
                Verdict::Declined { .. } => {
                    declined += 1;
                    accepted = false;
                }
                Verdict::Differs(how) => panic!("{}: {how}\n{}", case.id, case.yaml),
            }
        }
        // A chunk that starts with a brace is read as JSON first, so it says nothing here.
        if !accepted || case.yaml.trim_start().starts_with('{') {
            continue;
        }
        let documents: Vec<Document> = chunks(&case.yaml)
            .filter_map(|chunk| fast::parse(&case.yaml, chunk).unwrap())
            .collect();
        if documents.is_empty() {
            continue;
        }
        assert!(
            !case.fail || READ_BY_KUBECTL.contains(&case.id.as_str()),
            "{} is no YAML",
            case.id
        );
        if let Some(tree) = &case.tree {
            let mut read = String::new();
            for document in &documents {
                write_tree(document, &case.yaml, document.root(), &mut read);
            }
            assert_eq!(read, expected(tree), "{}", case.id);
            compared += 1;
        }
    }
    println!(
        "yaml-test-suite: {} cases; the fast parser took {taken} chunks and declined {declined}; {compared} trees compared",
        cases.len()
    );
    assert!(compared > 40);
}

/// The lines of a tree without what our tape does not hold: streams, documents without content,
/// bracket marks.
fn expected(tree: &str) -> String {
    let mut out = String::new();
    let mut document = String::new();
    for line in tree.lines() {
        let line = line.trim_start_matches(' ');
        let line = match line.split(' ').next() {
            Some("+STR" | "-STR" | "+DOC") => continue,
            Some("-DOC") => {
                if document != "=VAL :\n" {
                    out.push_str(&document);
                }
                document.clear();
                continue;
            }
            Some(open @ ("+MAP" | "+SEQ")) => match line.find(" &") {
                Some(anchor) => format!("{open}{}", &line[anchor..]),
                None => open.to_owned(),
            },
            _ => line.to_owned(),
        };
        document.push_str(&line);
        document.push('\n');
    }
    out
}

fn write_tree(document: &Document, text: &str, id: NodeId, out: &mut String) {
    let node = document.node(id);
    let anchor = document.tape.props(id).and_then(|props| props.anchor);
    let anchor = anchor.map_or(String::new(), |span| format!("{} ", span.of(text)));
    match node.kind {
        Kind::Mapping | Kind::Sequence => {
            let name = if node.kind == Kind::Mapping { "MAP" } else { "SEQ" };
            writeln!(out, "{}", format!("+{name} {anchor}").trim_end()).unwrap();
            for child in document.children(id) {
                write_tree(document, text, child, out);
            }
            writeln!(out, "-{name}").unwrap();
        }
        Kind::Scalar => {
            let mark = match node.style {
                Style::Single => '\'',
                Style::Double => '"',
                Style::Literal => '|',
                Style::Folded => '>',
                _ => ':',
            };
            let value = scalar::decode(text, node).unwrap();
            let value = value
                .replace('\\', "\\\\")
                .replace('\n', "\\n")
                .replace('\t', "\\t")
                .replace('\r', "\\r")
                .replace('\u{8}', "\\b");
            writeln!(out, "=VAL {anchor}{mark}{value}").unwrap();
        }
        Kind::Alias => writeln!(out, "=ALI {}", node.span.of(text)).unwrap(),
    }
}
