//! The program of the page "Try it here" prints the same as the program for a shell, byte for byte.
//!
//! `integrations/try/build.sh` builds it, and CI does so before the tests (`ROLLSTAMP_DEMAND` names `page`).

use super::root;
use crate::extent::{demanded, say};
use crate::sandbox::{Entry, Output, Sandbox, Tree, read_tree};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program, if it was built since the sources changed.
fn program() -> Option<PathBuf> {
    let program = root().join("target/wasm32-wasip1/page/rollstamp.wasm");
    let changed = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    let sources = walkdir::WalkDir::new(root().join("src")).into_iter().filter_map(Result::ok);
    let newest = sources.filter_map(|entry| changed(entry.path())).max();
    let why = match changed(&program) {
        Some(built) if Some(built) >= newest => None,
        Some(_) => Some("is older than its sources"),
        None => Some("was not built"),
    };
    let has_node = Command::new("node").arg("--version").output().is_ok();
    let why = why.or((!has_node).then_some("has no node to run in"));
    if let Some(why) = why {
        assert!(!demanded("page"), "the program of the page {why}: integrations/try/build.sh");
        say(&format!("not run: the program of the page {why}"));
        return None;
    }
    Some(program)
}

/// One run of both programs.
struct Call {
    name: String,
    args: Vec<String>,
    stdin: Vec<u8>,
    files: Tree,
}

/// The cases that print a stream, every manifest of every case as a stream, and the cases that compare two
/// texts.
fn calls() -> Vec<Call> {
    let cases = root().join("testdata/cases");
    let mut calls = Vec::new();
    for entry in walkdir::WalkDir::new(&cases).min_depth(2).max_depth(2).sort_by_file_name() {
        let folder = entry.expect("a readable tree").into_path();
        let name = folder.strip_prefix(&cases).expect("below").display().to_string();
        let text = std::fs::read_to_string(folder.join("case.yaml")).expect("case.yaml");
        let spec: serde_yaml::Value = serde_yaml::from_str(&text).expect("case.yaml");
        let words = spec["args"].as_sequence().into_iter().flatten();
        let args: Vec<String> = words.filter_map(|word| Some(word.as_str()?.to_owned())).collect();
        let input = read_tree(&folder.join("input"));
        // Files that a page does not have and cannot make, and diffs, which its program leaves out.
        let of_disk = ["--log-file", "--hash-key-file", "--diff"];
        let plain = spec.get("links").is_none()
            && spec.get("rename").is_none()
            && !args.iter().any(|arg| of_disk.contains(&arg.as_str()));
        let first = args.first().map_or("", String::as_str);
        if let (Some(stdin), true) = (spec["stdin"].as_str(), plain)
            && let Some(Entry::File(bytes)) = input.get(stdin)
            && (first.starts_with('-') || ["", "check", "strip", "explain"].contains(&first))
            && !args.iter().any(|arg| !arg.starts_with('-') && input.contains_key(arg))
        {
            let files = Tree::new();
            calls.push(Call {
                name: name.clone(),
                args: args.clone(),
                stdin: bytes.clone(),
                files,
            });
        }
        // A page has two texts, no folders, no configuration and no kustomization.
        let only = |folder: &str| {
            let below = input.keys().filter(|file| file.starts_with(&format!("{folder}/")));
            let below: Vec<&String> = below.collect();
            (below.len() == 1).then(|| below[0].clone())
        };
        let as_texts: Vec<String> =
            args.iter().map(|arg| only(arg).unwrap_or_else(|| arg.clone())).collect();
        if first == "impact"
            && plain
            && input.len() == 2
            && as_texts.iter().filter(|arg| arg.contains('/')).count() == 2
        {
            let (stdin, files) = (Vec::new(), input.clone());
            calls.push(Call { name: name.clone(), args: as_texts, stdin, files });
        }
        for (file, content) in input {
            let is_manifest = [".yaml", ".yml", ".json"].iter().any(|end| file.ends_with(end));
            if let (Entry::File(stdin), true) = (content, is_manifest) {
                let name = format!("{name}/input/{file}");
                calls.push(Call { name, args: Vec::new(), stdin, files: Tree::new() });
            }
        }
    }
    assert!(calls.len() > 500, "only {} calls", calls.len());
    calls
}

/// The output of the program of the page for each call.
fn said(program: &Path, calls: &[Call]) -> Vec<Output> {
    let mut node = Command::new("node")
        .arg(root().join("integrations/try/run.mjs"))
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    let mut pipe = node.stdin.take().expect("a pipe");
    let lines: String = calls
        .iter()
        .map(|call| {
            let files = call.files.iter().filter_map(|(name, entry)| match entry {
                Entry::File(bytes) => Some((name.clone(), json!(BASE64.encode(bytes)))),
                Entry::Link(_) => None,
            });
            let args: Vec<&str> =
                std::iter::once("rollstamp").chain(call.args.iter().map(String::as_str)).collect();
            let files: serde_json::Map<String, Value> = files.collect();
            let line = json!({"args": args, "stdin": BASE64.encode(&call.stdin), "files": files});
            format!("{line}\n")
        })
        .collect();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(lines.as_bytes()).expect("node reads"));
        node.wait_with_output().expect("node ends")
    });
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let answer = |line: &str| {
        let answer: Value = serde_json::from_str(line).expect("JSON");
        let bytes = |field: &str| {
            BASE64.decode(answer[field].as_str().unwrap_or_default()).expect("base64")
        };
        Output {
            exit: answer["code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(-1),
            stdout: bytes("stdout"),
            stderr: String::from_utf8_lossy(&bytes("stderr")).into_owned(),
        }
    };
    text.lines().map(answer).collect()
}

#[test]
fn the_page_prints_what_a_shell_prints() {
    let Some(program) = program() else { return };
    let calls = calls();
    let said = said(&program, &calls);
    assert_eq!(said.len(), calls.len(), "an answer to each call");
    let mut wrong = Vec::new();
    for (call, said) in calls.iter().zip(&said) {
        let expected = Sandbox::new(&call.files).run(&call.args, Some(&call.stdin));
        if expected != *said {
            let text = |output: &Output| {
                let stdout = String::from_utf8_lossy(&output.stdout);
                format!("{}\n{stdout}{}", output.exit, output.stderr)
            };
            let (name, said, expected) = (&call.name, text(said), text(&expected));
            wrong.push(format!("{name} {:?}: {said}\nexpected: {expected}", call.args));
        }
    }
    println!("{} runs of the program of the page", calls.len());
    let first = wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {} differ:\n{first}", wrong.len(), calls.len());
}
