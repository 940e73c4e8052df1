//! Compares the reading of YAML with recorded results of kubectl and its YAML library (testdata/parity).

use rollstamp::text::Span;
use rollstamp::yaml::resolve::{self, Value};
use rollstamp::yaml::{self, Document, Kind, NodeId};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/parity")
}

fn rows(name: &str) -> Vec<Json> {
    let text = std::fs::read_to_string(folder().join(name)).expect("parity file");
    serde_json::from_str(&text).expect("parity rows")
}

/// All documents of a stream, or the first refusal.
fn read(text: &str) -> Result<Vec<Document>, String> {
    let mut documents = Vec::new();
    for chunk in yaml::split::chunks(text) {
        let chunk = chunk.map_err(|e| e.message)?;
        documents.extend(yaml::parse(text, chunk.span).map_err(|e| e.message)?);
    }
    Ok(documents)
}

/// A node as kubectl turns it into JSON: merges are applied, and the last of equal keys counts.
fn to_json(document: &Document, text: &str, node: NodeId) -> Result<Json, String> {
    let node = document.target(node);
    Ok(match document.node(node).kind {
        Kind::Sequence => Json::Array(
            document
                .children(node)
                .map(|item| to_json(document, text, item))
                .collect::<Result<_, _>>()?,
        ),
        Kind::Mapping => {
            let mut map = serde_json::Map::new();
            fill(document, text, node, &mut map)?;
            Json::Object(map)
        }
        _ => match resolve::value(document, text, node).map_err(|e| e.0.to_owned())? {
            Value::Str(string) => Json::String(string.into_owned()),
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(value),
            Value::Int(value) => serde_json::from_str(&value.to_string()).expect("a number"),
            Value::Float(value) => serde_json::Number::from_f64(value)
                .map_or_else(|| Json::String(value.to_string()), Json::Number),
        },
    })
}

fn fill(
    document: &Document,
    text: &str,
    node: NodeId,
    map: &mut serde_json::Map<String, Json>,
) -> Result<(), String> {
    for (key, value) in document.pairs(node) {
        if document.node(node).has_merge && document.is_merge_key(text, key) {
            let target = document.target(value);
            if document.node(target).kind == Kind::Sequence {
                let items: Vec<NodeId> = document.items(target).collect();
                for item in items.into_iter().rev() {
                    fill(document, text, item, map)?;
                }
            } else {
                fill(document, text, target, map)?;
            }
            continue;
        }
        let key = resolve::key(document, text, key).map_err(|e| e.0.to_owned())?;
        map.insert(key.into_owned(), to_json(document, text, value)?);
    }
    Ok(())
}

fn field_k(text: &str) -> Result<(Document, NodeId), String> {
    let document = read(text)?.pop().ok_or("no document")?;
    let value = document.value(text, document.root(), "k").ok_or("no field")?;
    Ok((document, value))
}

#[test]
fn scalars_mean_what_the_library_of_kubectl_says() {
    let mut wrong = Vec::new();
    let mut refused = 0;
    let rows = rows("scalars.json");
    for row in &rows {
        let scalar = row["text"].as_str().expect("text");
        let text = format!("k: {scalar}\n");
        let got = field_k(&text).and_then(|(document, node)| {
            let value = resolve::value(&document, &text, node).map_err(|e| e.0.to_owned())?;
            Ok(match value {
                Value::Str(string) => format!("string {string}"),
                Value::Null => "null".to_owned(),
                Value::Bool(_) => "bool".to_owned(),
                Value::Int(_) => "number".to_owned(),
                Value::Float(value) if value.is_finite() => "number".to_owned(),
                Value::Float(_) => "error".to_owned(),
            })
        });
        let expected = match row["type"].as_str().expect("type") {
            "string" => format!("string {}", row["string"].as_str().expect("string")),
            other => other.to_owned(),
        };
        match got {
            Ok(got) if got == expected => {}
            Err(_) if expected == "error" => {}
            // A refusal with a reason is allowed, because it is only stricter.
            Err(_) => refused += 1,
            Ok(got) => wrong.push(format!("{scalar:?}: expected {expected}, got {got}")),
        }
        let text = format!("{scalar}: v\n");
        let got = read(&text).and_then(|mut documents| {
            let document = documents.pop().ok_or("no document")?;
            let (key, _) = document.pairs(document.root()).next().ok_or("no key")?;
            let key = resolve::key(&document, &text, key).map_err(|e| e.0.to_owned())?;
            Ok(key.into_owned())
        });
        match (&row["key"], got) {
            (Json::String(expected), Ok(got)) if *expected != got => {
                wrong.push(format!("key {scalar:?}: expected {expected}, got {got}"));
            }
            (Json::Null, Ok(got)) => {
                wrong.push(format!("key {scalar:?}: expected an error, got {got}"));
            }
            (Json::String(_), Err(_)) => refused += 1,
            _ => {}
        }
    }
    println!("{} scalars, {refused} refused that kubectl reads, {} wrong", rows.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn short_scalars_mean_what_the_library_of_kubectl_says() {
    let text = std::fs::read_to_string(folder().join("scalar-sweep.txt")).expect("sweep");
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((scalar, expected)) = line.rsplit_once('\t') else {
            continue;
        };
        rows += 1;
        let document = format!("k: {scalar}\n");
        let got = match field_k(&document)
            .map(|(d, n)| resolve::value(&d, &document, n).map(Value::into_letter))
        {
            Ok(Ok(letter)) => letter,
            _ => "E",
        };
        if got != expected {
            wrong.push(format!("{scalar:?}: expected {expected}, got {got}"));
        }
    }
    println!("{rows} short scalars, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

trait Letter {
    fn into_letter(self) -> &'static str;
}

impl Letter for Value<'_> {
    fn into_letter(self) -> &'static str {
        match self {
            Value::Str(_) => "S",
            Value::Null => "Z",
            Value::Bool(_) => "B",
            Value::Int(_) => "N",
            Value::Float(value) if value.is_finite() => "N",
            Value::Float(_) => "E",
        }
    }
}

#[test]
fn scalars_of_several_lines_read_as_kubectl_prints_them() {
    let mut wrong = Vec::new();
    let mut refused = Vec::new();
    let rows = rows("block-scalars.json");
    for row in &rows {
        let name = row["name"].as_str().expect("name");
        // A row that is not UTF-8 has no text; such files are refused before they are read.
        let Some(text) = row["input"].as_str() else {
            continue;
        };
        let got = extracted(text).and_then(|()| read(text)).and_then(|documents| {
            let document = documents.into_iter().next().ok_or("no document")?;
            let json = to_json(&document, text, document.root())?;
            json["data"]["k"].as_str().map(str::to_owned).ok_or_else(|| "no string".to_owned())
        });
        match (row["value"].as_str(), got) {
            (Some(expected), Ok(got)) if expected == got => {}
            (Some(expected), Ok(got)) => {
                wrong.push(format!("{name}: expected {expected:?}, got {got:?}\n{text}"));
            }
            (Some(_), Err(why)) => refused.push(format!("{name}: {why}")),
            (None, Ok(got)) => {
                wrong.push(format!("{name}: kubectl refuses, we read {got:?}\n{text}"));
            }
            (None, Err(_)) => {}
        }
    }
    println!(
        "{} scalars, {} wrong, {} refused that kubectl reads:",
        rows.len(),
        wrong.len(),
        refused.len()
    );
    refused.iter().for_each(|r| println!("  {r}"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn streams_read_as_kubectl_prints_them() {
    let mut wrong = Vec::new();
    let mut refused = Vec::new();
    let rows = rows("documents.json");
    for row in &rows {
        let name = row["name"].as_str().expect("name");
        let Some(text) = row["input"].as_str() else {
            continue;
        };
        let got: Result<Vec<Json>, String> =
            extracted(text).and_then(|()| read(text)).and_then(|documents| {
                let mut objects = Vec::new();
                for document in &documents {
                    if document.node(document.root()).kind == Kind::Mapping {
                        flatten(to_json(document, text, document.root())?, &mut objects);
                    }
                }
                Ok(objects)
            });
        let expected = row["kubectl"].as_array();
        match (row["error"].is_string(), expected, got) {
            (true, _, Err(_)) => {}
            (false, _, Err(why)) => refused.push(format!("{name}: {why}")),
            (false, Some(expected), Ok(got)) if !alike(&got, expected) => {
                let json = |v: &[Json]| Json::Array(v.to_vec()).to_string();
                wrong.push(format!(
                    "{name}: expected {}\n  got {}\n{text}",
                    json(expected),
                    json(&got)
                ));
            }
            (true, _, Ok(_)) if READ_ALL_THE_SAME.contains(&name) => {}
            (true, _, Ok(got)) => wrong.push(format!(
                "{name}: kubectl refuses ({}), we read {got:?}\n{text}",
                row["error"]
            )),
            _ => {}
        }
    }
    println!(
        "{} streams, {} wrong, {} refused that kubectl reads:",
        rows.len(),
        wrong.len(),
        refused.len()
    );
    refused.iter().for_each(|r| println!("  {r}"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether the whole program, and not only the parser, accepts a stream.
fn extracted(text: &str) -> Result<(), String> {
    let options = rollstamp::config::options::Options::default();
    let facts = rollstamp::extract::extract(rollstamp::text::FileId(0), text, &options);
    if let Some(error) = facts.broken {
        return Err(error.message);
    }
    match facts.findings.iter().find(|f| f.refuses) {
        Some(finding) => Err(finding.message.clone()),
        None => Ok(()),
    }
}

/// Whether two values are equal except for the form of numbers, an added empty `metadata`, and empty lists.
fn alike(got: &[Json], expected: &[Json]) -> bool {
    fn plain(json: &Json) -> Json {
        match json {
            Json::Number(n) => {
                n.as_f64().map_or(Json::Null, |f| Json::String(format!("{:e}", f + 0.0)))
            }
            Json::Array(items) => items.iter().map(plain).collect(),
            Json::Object(map) => map
                .iter()
                .filter(|(_, v)| !v.as_object().is_some_and(serde_json::Map::is_empty))
                .map(|(k, v)| (k.clone(), plain(v)))
                .collect(),
            other => other.clone(),
        }
    }
    let got: Vec<Json> =
        got.iter().filter(|o| o.get("items") != Some(&Json::Null)).map(plain).collect();
    let expected: Vec<Json> = expected.iter().map(plain).collect();
    got == expected
}

/// Streams that kubectl refuses and that pass here unharmed, because no workload or source is read
/// in them otherwise than by kubectl: objects without a kind, lists of patches, the wrong type in a
/// field of an API; and JSON that is YAML as well, which kubectl reads from 1.33 on.
const READ_ALL_THE_SAME: &[&str] = &[
    "three documents, the second one without kind",
    "empty mapping document",
    "empty sequence document",
    "whole document as flow mapping",
    "top-level sequence",
    "no kind",
    "empty kind",
    "kind that is a number",
    "apiVersion that is a number",
    "key Kind with capital letter",
    "JSON, separator, JSON",
    "JSON, separator, YAML",
    "JSON with a number that is too big",
    "JSON with a raw control character",
    "JSON with a trailing comma",
    "JSON with a comment",
    "JSON array",
    "empty JSON object",
    "List with items without kind",
    "ConfigMapList with an item with kind and no apiVersion",
    "List with items as mapping",
    "List with a null item",
    "List with a string item",
    "List with an empty mapping item",
    "top-level items as mapping",
];

fn flatten(json: Json, objects: &mut Vec<Json>) {
    if let Some(items) = json["items"].as_array() {
        let kind = json["kind"].as_str().and_then(|k| k.strip_suffix("List")).unwrap_or_default();
        for item in items {
            let mut item = item.clone();
            if item["kind"].is_null() && item["apiVersion"].is_null() && !kind.is_empty() {
                item["kind"] = kind.into();
                item["apiVersion"] = json["apiVersion"].clone();
            }
            flatten(item, objects);
        }
    } else {
        objects.push(json);
    }
}

#[test]
fn spans_are_in_order_and_inside_their_document() {
    for row in rows("documents.json").iter().chain(&rows("block-scalars.json")) {
        let Some(text) = row["input"].as_str() else {
            continue;
        };
        for document in read(text).into_iter().flatten() {
            let mut last = 0;
            for node in &document.tape.nodes {
                assert!(
                    node.span.start >= last && node.span.end >= node.span.start,
                    "{}: {node:?}",
                    row["name"]
                );
                assert!(node.span.end <= document.span.end, "{}: {node:?}", row["name"]);
                assert!(
                    Span::of(node.span, text).len() == (node.span.end - node.span.start) as usize
                );
                last = node.span.start;
            }
        }
    }
}
