//! What the documents say is what the program does.

use super::root;
use rollstamp::finding::Code;

#[test]
fn the_table_of_findings_is_that_of_the_code() {
    let text = std::fs::read_to_string(root().join("docs/findings.md")).expect("docs/findings.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| [`")).collect();
    let expected: Vec<String> = Code::ALL
        .iter()
        .map(|code| {
            let name = code.name();
            let link = format!("[`{name}`](findings/{name}.md)");
            format!("| {link} | {} | {} |", code.severity().name(), code.description())
        })
        .collect();
    assert_eq!(rows, expected, "docs/findings.md and src/finding/mod.rs differ");
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
