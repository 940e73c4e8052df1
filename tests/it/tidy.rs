//! The architecture, as tests: import arrows, and tables and documents that must agree.

use rollstamp::finding::Code;
use rollstamp::k8s::{kinds, providers, sidecars, sites};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each module of the crate may import. A module that is not listed fails the test.
const ARROWS: &[(&str, &[&str])] = &[
    ("span", &[]),
    ("yaml", &["span"]),
    ("k8s", &[]),
    ("finding", &["span"]),
    ("options", &["digest", "k8s", "rules"]),
    ("config", &["finding", "k8s", "name_reference", "options", "rules", "unit"]),
    ("parallel", &[]),
    ("rules", &["finding", "k8s", "span", "unit"]),
    (
        "front",
        &[
            "extract",
            "finding",
            "k8s",
            "kustomization",
            "options",
            "parallel",
            "span",
            "unit",
            "yaml",
        ],
    ),
    ("unit", &["options", "span"]),
    ("extract", &["digest", "finding", "k8s", "options", "rules", "span", "suffix", "yaml"]),
    ("name_reference", &["k8s", "options", "rules"]),
    (
        "rename",
        &["extract", "finding", "index", "k8s", "options", "span", "suffix", "unit", "yaml"],
    ),
    ("suffix", &["digest", "k8s", "yaml"]),
    ("digest", &["k8s"]),
    ("kustomization", &["digest", "extract", "k8s", "options", "rules", "span", "unit", "yaml"]),
    ("index", &["extract", "finding", "k8s", "options", "span", "unit"]),
    ("resolve", &["extract", "index", "k8s", "options", "unit"]),
    (
        "plan",
        &[
            "digest", "extract", "finding", "index", "k8s", "options", "parallel", "resolve",
            "rules", "span", "unit", "yaml",
        ],
    ),
    (
        "render",
        &[
            "extract", "finding", "index", "options", "parallel", "plan", "rename", "span", "unit",
            "yaml",
        ],
    ),
    ("mentions", &["extract", "finding", "index", "k8s", "parallel", "span", "unit"]),
    (
        "process",
        &[
            "extract",
            "finding",
            "index",
            "kustomization",
            "mentions",
            "options",
            "parallel",
            "plan",
            "rename",
            "render",
            "rules",
            "span",
            "unit",
            "yaml",
        ],
    ),
    ("keep", &["extract", "index", "k8s", "options", "process", "suffix"]),
    (
        "report",
        &[
            "extract", "finding", "index", "k8s", "parallel", "plan", "process", "render", "span",
            "unit", "yaml",
        ],
    ),
    (
        "cli",
        &[
            "config",
            "digest",
            "finding",
            "front",
            "index",
            "k8s",
            "keep",
            "name_reference",
            "options",
            "plan",
            "process",
            "render",
            "report",
            "span",
            "unit",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(root().join("src")).sort_by_file_name() {
        let entry = entry.expect("readable source tree");
        if entry.path().extension().is_some_and(|e| e == "rs") {
            let name = entry.path().strip_prefix(root().join("src")).expect("below src");
            let text = std::fs::read_to_string(entry.path()).expect("source text");
            files.push((name.to_string_lossy().into_owned(), text));
        }
    }
    files
}

/// The modules that a text imports from the crate, its tests left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    let without_comments = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    for line in without_comments {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let names = group.split('}').next().unwrap_or_default().split(',');
                found.extend(
                    names.map(|n| n.trim().split("::").next().unwrap_or_default().to_owned()),
                );
            } else {
                let name: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.insert(name);
            }
        }
    }
    found
}

#[test]
fn modules_import_along_the_arrows() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, text) in sources() {
        let module = name.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        if module == "main" || module == "lib" {
            continue;
        }
        let Some(allowed) = arrows.get(module.as_str()) else {
            wrong.push(format!("{name}: the module {module} has no arrows in tests/it/tidy.rs"));
            continue;
        };
        for import in imports(&text) {
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{name} imports {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_plan_touches_no_text_and_the_report_opens_no_file() {
    for (name, text) in sources() {
        if name == "plan.rs" || name == "resolve.rs" || name == "index.rs" {
            assert!(!text.contains(".text"), "{name} reads text");
        }
        if name.starts_with("report/") {
            assert!(!text.contains("std::fs"), "{name} does I/O");
        }
    }
}

#[test]
fn secret_bytes_cannot_be_printed() {
    let digest = std::fs::read_to_string(root().join("src/digest.rs")).expect("digest.rs");
    for name in ["pub struct HashKey", "pub struct ValueDigest"] {
        let at = digest.find(name).expect("the type");
        let derive = digest[..at].rsplit("#[derive(").next().expect("a derive");
        assert!(!derive.contains("Debug") && !derive.contains("Display"), "{name} can be printed");
    }
    assert!(
        !digest.contains("impl fmt::") && !digest.contains("impl std::fmt::"),
        "a type of digest.rs can be printed"
    );
}

/// What the cases say that they cover.
fn covered() -> BTreeSet<String> {
    #[derive(Debug)]
    struct Missing;
    let mut covered = BTreeSet::new();
    for entry in walkdir::WalkDir::new(root().join("testdata/cases")) {
        let entry = entry.expect("readable cases");
        if entry.file_name() != "case.yaml" {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).expect("case text");
        let case: serde_yaml::Value =
            serde_yaml::from_str(&text).map_err(|_| Missing).expect("a case");
        for item in case["covers"].as_sequence().into_iter().flatten() {
            covered.extend(item.as_str().map(str::to_owned));
        }
    }
    covered
}

#[test]
fn every_row_of_every_table_has_a_case() {
    let covered = covered();
    let rows = kinds::WORKLOADS
        .iter()
        .map(|row| format!("kind:{}", row.kind))
        .chain(sites::SITES.iter().map(|site| format!("site:{}", site.id)))
        .chain(providers::PROVIDERS.iter().map(|row| format!("provider:{}", row.kind)))
        .chain(sidecars::RELOADERS.iter().map(|row| format!("reloader:{}", row.name)))
        .chain(Code::ALL.iter().map(|code| format!("code:{}", code.name())));
    let missing: Vec<String> = rows
        .filter(|row| !covered.contains(row) && !ELSEWHERE.iter().any(|(name, _)| name == row))
        .collect();
    assert!(missing.is_empty(), "no case covers {}", missing.join(", "));
}

/// Codes that a folder cannot show, and the test that does.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "code:file-too-large",
        "1 GiB is too much for a test; front::utf8 and extract refuse by length",
    ),
    ("code:file-changed", "writing.rs changes a file between reading and writing"),
    ("code:hard-link", "writing.rs makes a hard link, which git does not keep"),
];

#[test]
fn the_table_of_findings_is_that_of_the_code() {
    let text = std::fs::read_to_string(root().join("docs/findings.md")).expect("docs/findings.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = Code::ALL
        .iter()
        .map(|code| {
            format!("| `{}` | {} | {} |", code.name(), code.severity().name(), code.description())
        })
        .collect();
    assert_eq!(rows, expected, "docs/findings.md and src/finding.rs differ");
}

#[test]
fn files_are_of_a_size_to_read() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "look for the second noun in {}", long.join(", "));
}

#[test]
fn no_test_is_switched_off_and_nothing_is_left_behind() {
    let mut wrong = Vec::new();
    let files = walkdir::WalkDir::new(root().join("src"))
        .into_iter()
        .chain(walkdir::WalkDir::new(root().join("tests")));
    for entry in files {
        let path: PathBuf = entry.expect("readable tree").into_path();
        if path.extension().is_none_or(|e| e != "rs") || path.ends_with("tidy.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("source text");
        for mark in ["#[ignore", "todo!(", "unimplemented!("] {
            if text.contains(mark) {
                wrong.push(format!("{}: {mark}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rollstamp"))
        .args(["write", "--diff", "testdata/example/shop"])
        .current_dir(root())
        .output()
        .expect("the program");
    let diff = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        readme.contains(&format!("```diff\n{diff}```")),
        "README.md does not show this:\n{diff}"
    );
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rollstamp"))
        .args(["explain", "--workload", "deploy/shop", "testdata/example/shop"])
        .current_dir(root())
        .output()
        .expect("the program");
    let explanation = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        readme.contains(&format!("```text\n{explanation}```")),
        "README.md does not show this:\n{explanation}"
    );
    for source in
        ["rollstamp/v1", "33b46b4c8cf00d06dbb5241b02781dfc6f1bffe1d9d798fa9347c702a9e3a5d0"]
    {
        assert!(readme.contains(source), "README.md lost {source}");
    }
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let names = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .take_while(|line| !line.starts_with("[profile"))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .filter(|name| !name.starts_with(['#', '[']));
    for name in names {
        assert!(
            readme.contains(&format!("`{name}`")),
            "README.md does not say why {name} is there"
        );
    }
}

#[test]
fn the_schema_the_example_and_the_reader_of_the_configuration_agree() {
    let docs = root().join("docs");
    let text = std::fs::read_to_string(docs.join("configuration.md")).expect("configuration.md");
    let example = text
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an example");
    let config = rollstamp::config::file::parse(example).expect("the example is understood");
    rollstamp::config::file::rules(&config).expect("the example makes sense");
    let schema = std::fs::read_to_string(docs.join("rollstamp.schema.json")).expect("the schema");
    let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
    let example: serde_json::Value = serde_yaml::from_str(example).expect("YAML");
    compare(&schema, &example, "");

    /// The example says everything that the schema knows, and nothing else. A key that only the
    /// schema knew would be refused by the reader, which knows no other than those of the example.
    fn compare(schema: &serde_json::Value, example: &serde_json::Value, path: &str) {
        if let Some(properties) = schema["properties"].as_object() {
            let known: Vec<&String> = properties.keys().collect();
            let mut said: Vec<&String> = example.as_object().expect(path).keys().collect();
            said.sort();
            let mut known_sorted = known.clone();
            known_sorted.sort();
            assert_eq!(said, known_sorted, "{path}");
            for key in known {
                compare(&properties[key], &example[key], &format!("{path}.{key}"));
            }
        } else if schema["items"].is_object() {
            compare(&schema["items"], &example[0], &format!("{path}[]"));
        }
    }
    for key in ["mode", "annotation", "ignore", "silence"] {
        assert!(text.contains(&format!("| `{key}` |")), "docs/configuration.md lost {key}");
    }
}
