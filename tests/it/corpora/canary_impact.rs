//! No value, digest or length of a Secret in anything that compares two states or draws one: in every format
//! of `impact`, `graph` and `history`.

use super::canary::{Input, Tokens, real};
use super::{Ran, in_parallel, none_wrong, repository, rollstamp};
use crate::extent::sample;
use crate::oracle::hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The formats of each verb; the folders and options follow in the command.
const IMPACT: &[&str] =
    &["text", "json", "markdown", "github", "sarif", "junit", "mermaid", "dot", "svg"];
const GRAPH: &[&str] = &["text", "json", "mermaid", "dot", "svg"];
const HISTORY: &[&str] = &["text", "json", "svg"];

/// The texts and numbers that no output may contain.
struct Needles {
    texts: Vec<String>,
    /// Numbers that no output may contain between characters that are no digits.
    lengths: Vec<String>,
}

impl Needles {
    fn wrong(&self, said: &str) -> Option<String> {
        let text = self.texts.iter().find(|needle| said.contains(needle.as_str()));
        let is_alone = |length: &&String| {
            said.match_indices(length.as_str()).any(|(at, _)| {
                let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
                let bytes = said.as_bytes();
                !is_digit(at.checked_sub(1).and_then(|before| bytes.get(before)))
                    && !is_digit(bytes.get(at + length.len()))
            })
        };
        text.or_else(|| self.lengths.iter().find(is_alone)).cloned()
    }

    /// The texts and lengths of these values. The values are so long that no line, column or coordinate has
    /// the same number.
    fn of(values: &[String]) -> Self {
        let (mut texts, mut lengths) = (Vec::new(), Vec::new());
        for value in values {
            let encoded = STANDARD.encode(value);
            lengths.extend([value.len(), encoded.len()].map(|length| length.to_string()));
            for text in [value, &encoded] {
                texts.push(text[text.len() / 2..][..16].to_owned());
                texts.push(hex(text.as_bytes())[..32].to_owned());
                let digest = Sha256::digest(text);
                texts.push(hex(&digest)[..8].to_owned());
                texts.push(STANDARD.encode(digest)[..12].to_owned());
            }
        }
        Self { texts, lengths }
    }
}

/// A value with this number of letters; each seed gives other letters.
fn long(seed: &str, length: usize) -> String {
    let blocks = (0..).map(|block| hex(&Sha256::digest(format!("{seed} {block}"))));
    let mut value = String::new();
    for block in blocks {
        if value.len() >= length {
            break;
        }
        value.push_str(&block);
    }
    value.truncate(length);
    value
}

/// Both states of one input, each a text by its name.
struct Pair {
    name: String,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    needles: Needles,
}

/// A way to write a value: its name, and the fields of the Secret.
type Way = (&'static str, fn(&str) -> String);

/// Every way in which a Secret can hold a value, read in every way, with values that change, come and go.
fn written() -> Vec<Pair> {
    let ways: &[Way] = &[
        ("stringData", |value| format!("stringData: {{p: {value}}}")),
        ("data", |value| format!("data: {{p: {}}}", STANDARD.encode(value))),
        ("quoted", |value| format!("stringData: {{p: \"{value}\"}}")),
        ("block", |value| format!("stringData:\n  p: |\n    {value}")),
        ("folded data", |value| {
            let encoded = STANDARD.encode(value);
            let (one, two) = encoded.split_at(encoded.len() / 2);
            format!("data:\n  p: |\n    {one}\n    {two}")
        }),
        ("config map", |value| {
            format!(
                "stringData: {{q: {value}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\nbinaryData: {{p: aGk=}}"
            )
        }),
    ];
    let readers: &[&str] = &[
        "envFrom: [{secretRef: {name: s}}]",
        "env: [{name: P, valueFrom: {secretKeyRef: {name: s, key: p}}}]",
        "volumeMounts: [{name: v, mountPath: /v}]",
        "",
    ];
    let mut pairs = Vec::new();
    for (at, (way, secret)) in ways.iter().enumerate() {
        for (of, reader) in readers.iter().enumerate() {
            let seed = format!("{way} {reader}");
            let length = 20_011 + 97 * at + 13 * of;
            let values = [long(&seed, length), long(&format!("{seed} after"), length + 4_001)];
            let text = |value: Option<&String>| {
                let source = value.map_or_else(String::new, |value| {
                    format!(
                        "apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{}\n---\n",
                        secret(value)
                    )
                });
                format!(
                    "{source}apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      volumes: [{{name: v, secret: {{secretName: s}}}}]\n      containers:\n        - name: web\n          image: web\n          {reader}\n"
                )
            };
            let [one, two] = &values;
            let states = [
                ("changed", Some(one), Some(two)),
                ("added", None, Some(two)),
                ("gone", Some(one), None),
            ];
            // Each way of writing is combined with each reader once, with a value that changes, is added or
            // is removed.
            let (how, before, after) = states[(at + of) % states.len()];
            let file = |value| BTreeMap::from([("all.yaml".to_owned(), text(value))]);
            pairs.push(Pair {
                name: format!("{way}, {reader}, {how}"),
                before: file(before),
                after: file(after),
                needles: Needles::of(&values),
            });
        }
    }
    pairs
}

/// The manifests of our own cases that hold Secrets, each with other values.
fn of_cases() -> Vec<Pair> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut pairs = Vec::new();
    for file in walkdir::WalkDir::new(&cases).sort_by_file_name() {
        let file = file.unwrap();
        let name = file.path().strip_prefix(&cases).unwrap().display().to_string();
        let is_manifest = [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end));
        let Ok(text) = fs::read_to_string(file.path()) else { continue };
        if !is_manifest || !name.contains("/input/") || !text.contains("Secret") {
            continue;
        }
        let Some(Input { files, tokens, .. }) = real(&name, "all.yaml", &text) else { continue };
        let other = |text: &String| {
            let (one, two) = (STANDARD.encode("canary"), STANDARD.encode("canarx"));
            text.replace("canary", "canarx").replace(&one, &two)
        };
        let after = files.iter().map(|(name, text)| (name.clone(), other(text))).collect();
        let needles = Needles { texts: Tokens::needles(&tokens), lengths: Vec::new() };
        pairs.push(Pair { name, before: files, after, needles });
    }
    pairs
}

#[test]
fn no_value_digest_or_length_of_a_secret_is_in_an_impact() {
    let mut pairs = written();
    let n_written = pairs.len();
    pairs.extend(sample("the cases with Secrets", of_cases(), 6));
    let searched: Vec<(usize, usize, Vec<String>)> = in_parallel(&pairs, search);
    let runs: usize = searched.iter().map(|(runs, _, _)| runs).sum();
    let bytes: usize = searched.iter().map(|(_, bytes, _)| bytes).sum();
    println!(
        "{n_written} written pairs and {} of our own cases: {runs} runs, {} kB searched",
        pairs.len() - n_written,
        bytes / 1024
    );
    none_wrong(&searched.into_iter().flat_map(|(_, _, wrong)| wrong).collect::<Vec<_>>());
}

/// The number of runs, the number of bytes of their outputs, and the problems in them.
fn search(pair: &Pair) -> (usize, usize, Vec<String>) {
    let (mut runs, mut bytes, mut wrong) = (0, 0, Vec::new());
    let folder = repository();
    for (side, files) in [("m", &pair.before), ("n", &pair.after)] {
        fs::create_dir(folder.path().join(side)).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(side).join(name), text).unwrap();
        }
    }
    let mut look = |arguments: &[&str], ran: &Ran| {
        runs += 1;
        for (which, said) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            bytes += said.len();
            if let Some(needle) = pair.needles.wrong(said) {
                wrong.push(format!("{}: {arguments:?}: {which} says {needle}", pair.name));
            }
        }
        if !(0..=2).contains(&ran.exit) {
            wrong.push(format!("{}: {arguments:?}: exit {}", pair.name, ran.exit));
        }
    };
    let mut run = |arguments: &[&str]| {
        let ran = rollstamp(arguments, "", Some(folder.path()));
        look(arguments, &ran);
    };
    for format in IMPACT {
        for rest in [&["m", "n"][..], &["--assume", "written", "-v", "n", "m"]] {
            run(&[&["impact", "-o", format], rest].concat());
        }
    }
    for format in GRAPH {
        run(&["graph", "-v", "-o", format, "n"]);
    }
    if committed(pair, folder.path()) {
        for format in HISTORY {
            let git = Command::new(env!("CARGO_BIN_EXE_rollstamp"))
                .args(["history", "-v", "-o", format, "m"])
                .current_dir(folder.path())
                .output()
                .unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let exit = git.status.code().unwrap_or(-1);
            let ran = Ran { exit, stdout: text(&git.stdout), stderr: text(&git.stderr) };
            look(&["history", format], &ran);
        }
    }
    (runs, bytes, wrong)
}

/// Whether git made two commits of the states.
fn committed(pair: &Pair, folder: &Path) -> bool {
    fs::remove_dir_all(folder.join(".git")).unwrap();
    let git = |arguments: &[&str]| {
        let settings = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
        let mut git = Command::new("git");
        let output = git.args(settings).args(arguments).current_dir(folder).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !(git(&["init", "-q", "."]) && git(&["add", "m"]) && git(&["commit", "-qm", "one"])) {
        return false;
    }
    for (name, text) in &pair.after {
        fs::write(folder.join("m").join(name), text).unwrap();
    }
    git(&["commit", "-qam", "two"])
}
