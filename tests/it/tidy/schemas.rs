//! Checks the reports for programs against the published schemas: every field is in the schema, and no
//! field of the schema is invented.

use super::root;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// A schema, and the runs whose reports it describes: the folder below `testdata/cases` and the arguments.
type Row = (&'static str, &'static [(&'static str, &'static [&'static str])]);

const SCHEMAS: &[Row] = &[
    (
        "docs/report.schema.json",
        &[
            ("controllers/migrate-report", &["migrate", "--from", "reloader"]),
            ("controllers/migrate-wave", &["migrate", "--from", "wave"]),
            ("controllers/migrate-wave-outside", &["migrate", "--from", "wave"]),
            ("controllers/migrate-off", &["migrate", "--from", "reloader"]),
            ("controllers/migrate-release", &["migrate", "--from", "reloader"]),
            ("controllers/migrate-split", &["check", "--diff"]),
            ("findings", &["check"]),
            ("kinds", &["check", "--diff"]),
            ("suffix", &["check", "--mode", "suffix"]),
            ("editing", &["check"]),
        ],
    ),
    ("docs/impact.schema.json", &[("impact/as-json", &["impact", "before", "after"])]),
];

/// The schema of the format that code scanning services read, of its makers.
const SARIF: &[Row] = &[(
    "testdata/sarif-2.1.0.schema.json",
    &[
        ("findings", &["check"]),
        ("controllers", &["check"]),
        ("foreign", &["check"]),
        ("impact/as-json", &["impact", "before", "after"]),
        ("impact/disruption", &["impact", "before", "after"]),
        ("impact/stale-stamp", &["impact", "before", "after"]),
        ("impact/quiet-sources", &["impact", "before", "after"]),
    ],
)];

#[test]
fn reports_for_programs_are_as_the_schemas_say() {
    are_as_said(SCHEMAS, "json");
}

#[test]
fn sarif_is_as_its_makers_say() {
    are_as_said(SARIF, "sarif");
}

fn are_as_said(schemas: &[Row], format: &str) {
    for (name, runs) in schemas {
        let text = std::fs::read_to_string(root().join(name)).expect(name);
        let schema: Value = serde_json::from_str(&text).expect(name);
        let mut wrong = BTreeSet::new();
        for (case, args) in *runs {
            let folder = tempfile::tempdir().expect("a folder");
            copy(&root().join("testdata/cases").join(case), folder.path());
            let at = folder.path().join("input");
            let at = if at.is_dir() { at } else { folder.path().to_owned() };
            let mut command = Command::new(env!("CARGO_BIN_EXE_rollstamp"));
            command.args(*args).args(["--no-config", "-o", format]).current_dir(at);
            if args[0] != "impact" {
                command.arg(".");
            }
            let output = command.output().expect("the program");
            let said = if args[0] == "migrate" { output.stderr } else { output.stdout };
            let said: Value = serde_json::from_slice(&said).expect(case);
            conforms(&said, &schema, &schema, "", &mut wrong);
        }
        assert!(wrong.is_empty(), "{name}:\n  {}", Vec::from_iter(wrong).join("\n  "));
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("a readable tree");
        let target = to.join(entry.path().strip_prefix(from).expect("below"));
        match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(target).expect("a folder"),
            false => drop(std::fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}

/// Collects where a value is not as the schema says, or has a field of which it says nothing.
fn conforms(value: &Value, schema: &Value, root: &Value, at: &str, wrong: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        let target = root.pointer(target.trim_start_matches('#')).expect("a definition");
        return conforms(value, target, root, at, wrong);
    }
    let is_of = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        other => panic!("{at}: no such type: {other:?}"),
    };
    let fits = match &schema["type"] {
        Value::Null => true,
        Value::Array(names) => names.iter().any(is_of),
        name => is_of(name),
    };
    let is_listed = schema["enum"].as_array().is_none_or(|all| all.contains(value));
    let is_const = schema.get("const").is_none_or(|only| only == value);
    if !fits || !is_listed || !is_const {
        wrong.insert(format!("{at}: {value}"));
    }
    if let Some(options) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
        let fits = options.iter().any(|option| {
            let mut wrong = BTreeSet::new();
            conforms(value, option, root, at, &mut wrong);
            wrong.is_empty()
        });
        if !fits {
            wrong.insert(format!("{at}: none of the choices fits {value}"));
        }
        // Beside fields, choices say which of them must be there.
        if schema.get("properties").is_none() {
            return;
        }
    }
    for field in schema["required"].as_array().into_iter().flatten() {
        if value.get(field.as_str().unwrap_or_default()).is_none() {
            wrong.insert(format!("{at}: no {field}"));
        }
    }
    // What says nothing about fields allows any.
    let says_fields = schema.get("properties").is_some() || schema.get("type").is_some();
    for (field, inner) in value.as_object().into_iter().flatten().filter(|_| says_fields) {
        let of_field = schema["properties"].get(field).or(schema.get("additionalProperties"));
        match of_field.filter(|of_field| of_field.is_object()) {
            Some(of_field) => conforms(inner, of_field, root, &format!("{at}.{field}"), wrong),
            None => drop(wrong.insert(format!("{at}.{field} is not described"))),
        }
    }
    for item in value.as_array().into_iter().flatten() {
        if let Some(items) = schema.get("items") {
            conforms(item, items, root, &format!("{at}[]"), wrong);
        }
    }
}
