//! The documentation of the options is generated from the one place that declares them. With
//! `ROLLSTAMP_BLESS=1` in the environment, the files are written again.

use super::root;
use rollstamp::config::{file, settings::Settings, workload_row};
use serde_json::Value;
use std::fs;

/// Compares a file with what it must be, or writes it.
fn is_up_to_date(name: &str, expected: &str) {
    let path = root().join(name);
    if std::env::var_os("ROLLSTAMP_BLESS").is_some() {
        fs::write(path, expected).expect("a file that can be written");
    } else {
        let text = fs::read_to_string(path).expect(name);
        assert_eq!(text, expected, "{name} is out of date: run this test with ROLLSTAMP_BLESS=1");
    }
}

#[test]
fn the_schema_is_that_of_the_settings() {
    let schema = serde_json::to_string_pretty(&Settings::schema()).expect("JSON");
    is_up_to_date("docs/rollstamp.schema.json", &format!("{schema}\n"));
}

#[test]
fn the_page_of_presets_is_their_table() {
    is_up_to_date("docs/reference/presets.md", &workload_row::presets_page());
}

#[test]
fn the_table_of_keys_is_that_of_the_settings() {
    const HEAD: &str = "| key | option | meaning |\n|---|---|---|\n";
    let name = "docs/configuration.md";
    let text = fs::read_to_string(root().join(name)).expect(name);
    let (before, rest) = text.split_once(HEAD).expect("a table of keys");
    let after = &rest[rest.find("\n\n").expect("text behind the table")..];
    let mut rows = Vec::new();
    rows_of(&Settings::schema(), "", &mut rows);
    is_up_to_date(name, &format!("{before}{HEAD}{}{after}", rows.join("\n")));
}

/// A row for each key below a schema.
fn rows_of(schema: &Value, path: &str, rows: &mut Vec<String>) {
    for (key, of_key) in schema["properties"].as_object().into_iter().flatten() {
        let key = format!("{path}{key}");
        let option = option(&key).map_or_else(String::new, |option| format!("`--{option}`"));
        rows.push(format!("| `{key}` | {option} | {} |", meaning(of_key)));
        rows_of(of_key, &format!("{key}."), rows);
        rows_of(&of_key["items"], &format!("{key}[]."), rows);
    }
}

/// The option of the command line that says the same: `suffix.hash` is `--suffix-hash`,
/// `suffix.allSources` is `--all-sources`.
fn option(key: &str) -> Option<String> {
    let kebab = |key: &str| {
        let dashed = |c: char| match c {
            '.' => "-".to_owned(),
            c if c.is_ascii_uppercase() => format!("-{}", c.to_ascii_lowercase()),
            c => c.to_string(),
        };
        key.chars().map(dashed).collect::<String>()
    };
    let command = rollstamp::cli::command();
    let is_there = |name: &String| {
        !key.contains("[]") && command.get_arguments().any(|arg| arg.get_long() == Some(name))
    };
    let own = key.rsplit('.').next().unwrap_or(key);
    [kebab(key), kebab(own)].into_iter().find(is_there)
}

/// The comment of a key on one line, and the values that it can have.
fn meaning(schema: &Value) -> String {
    let text = schema["description"].as_str().expect("a description");
    let text = text.replace(".\n\n", "\n\n").replace("\n\n", ". ").replace('\n', " ");
    let several = [&schema["anyOf"][0], schema, &schema["additionalProperties"]];
    let values = several.into_iter().find_map(|schema| schema["oneOf"].as_array());
    let values: Vec<String> = values
        .into_iter()
        .flatten()
        .map(|value| {
            let (name, what) = (&value["const"], value["description"].as_str());
            let what = what.expect("a description").trim_end_matches('.');
            format!("`{}`: {what}", name.as_str().expect("a name"))
        })
        .collect();
    match values.as_slice() {
        [] => text,
        values => format!("{}. {}", text.trim_end_matches('.'), values.join("; ")),
    }
}

#[test]
fn the_example_says_everything_that_can_be_said() {
    let text = fs::read_to_string(root().join("docs/configuration.md")).expect("configuration.md");
    let example = text
        .split("```yaml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("an example");
    let settings = file::parse(example).expect("the example is understood");
    file::rules(&settings).expect("the example makes sense");
    let example: Value = serde_yaml::from_str(example).expect("YAML");
    compare(&Settings::schema(), &example, "");

    fn compare(schema: &Value, example: &Value, path: &str) {
        if let Some(properties) = schema["properties"].as_object() {
            let mut known: Vec<&String> = properties.keys().collect();
            let mut said: Vec<&String> = example.as_object().expect(path).keys().collect();
            said.sort();
            known.sort();
            assert_eq!(said, known, "{path}");
            for key in known {
                compare(&properties[key], &example[key], &format!("{path}.{key}"));
            }
        } else if schema["items"].is_object() {
            // Rows can exclude one another, so all of them together say everything.
            let rows = example.as_array().expect(path);
            let mut all = rows[0].clone();
            for row in rows.iter().filter_map(Value::as_object) {
                let into = all.as_object_mut().expect(path);
                into.extend(row.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            compare(&schema["items"], &all, &format!("{path}[]"));
        }
    }
}

#[test]
fn an_option_goes_over_its_key_and_every_key_counts_without_it() {
    let of_file = file::parse("strict: true\nnamespace: file\nsuffix: {hash: kubectl}").unwrap();
    let named = Settings { namespace: Some("named".to_owned()), ..Settings::default() };
    let both = named.over(of_file);
    assert!(both.strict);
    assert_eq!(both.namespace.as_deref(), Some("named"));
    assert_eq!(format!("{:?}", both.suffix.hash), "Some(Kubectl)");
}
