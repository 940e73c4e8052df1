//! Compares the suffixes of the program with recorded suffixes of the real programs
//! (`testdata/parity/name-hashes.json`).

use crate::sandbox::{Sandbox, Tree};

#[derive(serde::Deserialize)]
struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    id: String,
    algorithm: String,
    /// `None` for objects that only generators create; they are found by the hashed text.
    input_manifest: Option<String>,
    preimage_json: String,
    expected_suffix: String,
    produced_by: Vec<String>,
}

#[test]
fn recorded_suffixes_hold() {
    let text = include_str!("../../../testdata/parity/name-hashes.json");
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    let sandbox = Sandbox::new(&Tree::new());
    let (mut same, mut refused, mut unmade) = (0, 0, 0);
    let mut wrong = Vec::new();
    for vector in vectors.vectors {
        // The test of kubectl has objects without a name, which no manifest can contain.
        let is_nameless = vector.preimage_json.contains("\"name\":\"\"");
        if vector.produced_by.is_empty() || (vector.algorithm == "kubectl" && is_nameless) {
            unmade += 1;
            continue;
        }
        let arguments =
            ["--mode", "suffix", "--all-sources", "--suffix-hash", vector.algorithm.as_str()]
                .map(str::to_owned);
        let manifest = vector.input_manifest.unwrap_or_else(|| manifest(&vector.preimage_json));
        let output = sandbox.run(&arguments, Some(manifest.as_bytes()));
        let said = String::from_utf8_lossy(&output.stdout);
        let ends = ["\n", "\""].map(|end| format!("-{}{end}", vector.expected_suffix));
        if ends.iter().any(|end| said.contains(end)) {
            same += 1;
        } else if output.exit != 0 || output.stderr.contains("not a string") {
            // The API server refuses such an object, so it gets no name.
            refused += 1;
        } else {
            wrong.push(format!("{}: {said}: {}", vector.id, output.stderr));
        }
    }
    println!(
        "{same} recorded suffixes, {refused} objects that the API server refuses, {unmade} that are no manifests of a program"
    );
    assert!(wrong.is_empty(), "{} wrong: {:#?}", wrong.len(), &wrong[..wrong.len().min(9)]);
    assert!(same > 200);
}

/// The object whose hashed text this is.
fn manifest(preimage: &str) -> String {
    let mut object: serde_json::Value = serde_json::from_str(preimage).unwrap();
    let fields = object.as_object_mut().unwrap();
    fields.remove("name");
    if fields["data"] == "" {
        fields.remove("data");
    }
    fields.insert("apiVersion".to_owned(), "v1".into());
    fields.insert("metadata".to_owned(), serde_json::json!({"name": "x"}));
    object.to_string()
}
