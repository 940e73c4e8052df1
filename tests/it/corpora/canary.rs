//! No output contains a value of a Secret: each value is a token here, and every output is searched.
//!
//! Outputs that repeat the input by design (the standard output of the filter and of `strip`) are not
//! searched.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_yaml::Value;
use sha2::{Digest as _, Sha256};

use super::canary_inputs::INPUTS;
use super::{Ran, in_parallel, none_wrong, repository, rollstamp, root, streams};
use crate::extent::sample;
use crate::oracle::hex;
use crate::oracle::read::{documents, split, text};

/// The values of Secrets so far; all of them are different.
pub(super) struct Tokens {
    seed: String,
    given: Vec<String>,
}

impl Tokens {
    fn of(seed: &str) -> Self {
        Self { seed: seed.to_owned(), given: Vec::new() }
    }

    /// Letters and digits only, so that neither YAML nor JSON needs to escape it.
    fn token(&mut self) -> String {
        let digest = Sha256::digest(format!("{} {}", self.seed, self.given.len()));
        let token = format!("canary{}", &hex(&digest)[..24]);
        self.given.push(token.clone());
        token
    }

    /// A number with eighteen digits, for values that are no texts.
    fn number(&mut self) -> String {
        let digest = Sha256::digest(format!("{} {}", self.seed, self.given.len()));
        let number: String =
            digest.iter().take(18).map(|byte| char::from(b'1' + byte % 9)).collect();
        self.given.push(number.clone());
        number
    }

    /// The texts that must not be found: the values, their base64 and their digests, or half of any of
    /// them.
    pub(super) fn needles(&self) -> Vec<String> {
        let of_one = |token: &String| {
            let base64 = STANDARD.encode(token);
            let unpadded = base64.trim_end_matches('=');
            let digests = [hex(&Sha256::digest(token)), hex(&Sha256::digest(&base64))];
            // Only the first letters are the same for all tokens.
            let mut needles = vec![token[6..].to_owned(), unpadded[8..].to_owned()];
            needles.push(token[token.len() - 12..].to_owned());
            needles.push(unpadded[unpadded.len() - 12..].to_owned());
            needles.extend(
                digests
                    .iter()
                    .flat_map(|digest| [digest[..16].to_owned(), digest[48..].to_owned()]),
            );
            needles
        };
        self.given.iter().flat_map(of_one).collect()
    }
}

/// A text with Secrets, and the other files of its folder.
pub(super) struct Input {
    name: String,
    pub(super) files: BTreeMap<String, String>,
    pub(super) tokens: Tokens,
}

#[derive(Default)]
struct Searched {
    n_runs: usize,
    n_talking: usize,
    n_bytes: usize,
    n_refused: usize,
    wrong: Vec<String>,
}

#[test]
fn no_value_of_a_secret_is_said_about_written_inputs() {
    let inputs: Vec<Input> = INPUTS.iter().map(|(name, text)| written(name, text)).collect();
    search_all("canary, written", &inputs);
}

#[test]
fn no_value_of_a_secret_is_said_about_real_manifests() {
    let Some(root) = root() else { return };
    let mut inputs: Vec<Input> = streams(&root)
        .iter()
        .filter_map(|stream| real(&stream.name, "stream.yaml", &stream.text))
        .collect();
    for file in walkdir::WalkDir::new(root.join("corpora"))
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
    {
        let name = file.file_name().to_string_lossy();
        let is_manifest =
            [".yaml", ".yml", ".json"].iter().any(|extension| name.ends_with(extension));
        let Ok(text) = fs::read_to_string(file.path()) else {
            continue;
        };
        if is_manifest && text.contains("Secret") {
            inputs.extend(real(&file.path().display().to_string(), &name, &text));
        }
    }
    let inputs = sample("the files with Secrets", inputs, 6);
    search_all("canary, real", &inputs);
}

fn search_all(test: &str, inputs: &[Input]) {
    let mut sum = Searched::default();
    for searched in in_parallel(inputs, search) {
        sum.n_runs += searched.n_runs;
        sum.n_talking += searched.n_talking;
        sum.n_bytes += searched.n_bytes;
        sum.n_refused += searched.n_refused;
        sum.wrong.extend(searched.wrong);
    }
    let n_tokens: usize = inputs.iter().map(|input| input.tokens.given.len()).sum();
    println!(
        "{test}: {} inputs with {n_tokens} values, {} runs ({} said something, {} refused), {} kB searched",
        inputs.len(),
        sum.n_runs,
        sum.n_talking,
        sum.n_refused,
        sum.n_bytes / 1024
    );
    none_wrong(&sum.wrong);
}

/// A text of this test. `TOKEN`, `BASE64` and `NUMBER` are replaced by values; `=== name` begins a file.
fn written(name: &str, text: &str) -> Input {
    let mut tokens = Tokens::of(name);
    let mut filled = String::new();
    let mut rest = text;
    while let Some(place) =
        ["TOKEN", "BASE64", "NUMBER"].iter().filter_map(|word| rest.find(word)).min()
    {
        filled.push_str(&rest[..place]);
        let (value, length) = match &rest[place..=place] {
            "T" => (tokens.token(), 5),
            "B" => (STANDARD.encode(tokens.token()), 6),
            _ => (tokens.number(), 6),
        };
        filled.push_str(&value);
        rest = &rest[place + length..];
    }
    filled.push_str(rest);
    let mut files = BTreeMap::new();
    for (number, file) in filled.split("=== ").enumerate() {
        let (file_name, text) =
            if number == 0 { ("a.yaml", file) } else { file.split_once('\n').unwrap() };
        files.insert(file_name.to_owned(), text.to_owned());
    }
    files.retain(|_, text| !text.is_empty());
    Input { name: name.to_owned(), files, tokens }
}

/// A real text with new values in its Secrets; `None` if it has no Secret.
pub(super) fn real(name: &str, file: &str, text: &str) -> Option<Input> {
    let mut tokens = Tokens::of(name);
    let is_json = text.trim_start().starts_with('{');
    let pieces = if is_json { vec![text.to_owned()] } else { split(text).ok()? };
    let mut filled = Vec::new();
    for piece in pieces {
        let Some(mut value) = documents(&piece).ok()?.pop().map(|document| document.value) else {
            filled.push(piece);
            continue;
        };
        let n_before = tokens.given.len();
        fill(&mut value, &mut tokens);
        filled.push(match tokens.given.len() - n_before {
            0 => piece,
            _ if is_json => serde_json::to_string_pretty(&value).unwrap(),
            _ => serde_yaml::to_string(&value).unwrap(),
        });
    }
    let files = BTreeMap::from([(file.to_owned(), filled.join("---\n"))]);
    (!tokens.given.is_empty()).then(|| Input { name: name.to_owned(), files, tokens })
}

fn fill(value: &mut Value, tokens: &mut Tokens) {
    for item in value.get_mut("items").and_then(Value::as_sequence_mut).into_iter().flatten() {
        fill(item, tokens);
    }
    if text(value, &["kind"]).as_deref() != Some("Secret") {
        return;
    }
    for field in ["data", "stringData"] {
        let Some(entries) = value.get_mut(field).and_then(Value::as_mapping_mut) else {
            continue;
        };
        for value in entries.values_mut() {
            let token = tokens.token();
            *value = Value::from(if field == "data" { STANDARD.encode(token) } else { token });
        }
    }
}

/// The arguments of a run, and whether its standard output repeats its input.
const OF_A_STREAM: [(&[&str], bool); 18] = [
    (&[], true),
    (&["-v"], true),
    (&["-o", "json"], true),
    (&["--strict", "-v"], true),
    (&["-n", "other", "-v"], true),
    (&["--hash-key-file", "key", "-v"], true),
    (&["--log-file", "log", "-v"], true),
    (&["strip", "-v"], true),
    (&["check"], false),
    (&["check", "-v", "--strict"], false),
    (&["check", "-v", "-o", "json"], false),
    (&["check", "--diff"], false),
    (&["check", "--diff", "-v", "-o", "json"], false),
    (&["check", "--color", "always", "-v", "--diff"], false),
    (&["check", "--hash-key-file", "key", "-v"], false),
    (&["explain", "-v"], false),
    (&["explain", "-o", "json"], false),
    (&["explain", "-v", "--hash-key-file", "key", "--strict"], false),
];

const OF_A_FOLDER: [(&[&str], bool); 23] = [
    (&["-v", "m"], true),
    (&["check", "-v", "m"], false),
    (&["check", "--diff", "-v", "--unit", "tree", "m"], false),
    (&["check", "-o", "json", "--strict", "-v", "--unit", "file", "m"], false),
    (&["write", "--diff", "m"], false),
    (&["write", "--diff", "-v", "-o", "json", "m"], false),
    (&["write", "-v", "--strict", "m"], false),
    (&["check", "--diff", "--hash-key-file", "key", "m"], false),
    (&["write", "-v", "--log-file", "log", "m"], false),
    (&["check", "-v", "-n", "other", "m"], false),
    (&["explain", "-v", "--unit", "tree", "m"], false),
    (&["explain", "-o", "json", "m"], false),
    (&["check", "-o", "sarif", "m"], false),
    (&["check", "-o", "junit", "m"], false),
    (&["graph", "-o", "svg", "m"], false),
    (&["impact", "-v", "m", "n"], false),
    (&["impact", "-o", "json", "--assume", "written", "m", "n"], false),
    (&["impact", "-o", "markdown", "--hash-key-file", "key", "m", "n"], false),
    (&["impact", "-o", "github", "--mode", "suffix", "m", "n"], false),
    (&["impact", "-o", "sarif", "n", "m"], false),
    (&["impact", "-o", "junit", "n", "m"], false),
    (&["impact", "-o", "mermaid", "m", "n"], false),
    (&["strip", "-v", "m"], false),
];

fn search(input: &Input) -> Searched {
    let mut searched = Searched::default();
    let mut key = Tokens::of(&format!("key of {}", input.name));
    let key_text = key.token();
    let needles = [input.tokens.needles(), key.needles()].concat();
    let mut look = |arguments: &[&str], ran: &Ran, repeats: bool, folder: &Path| {
        searched.n_runs += 1;
        searched.n_refused += usize::from(ran.exit == 2);
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        let outputs = [
            ("stdout", if repeats { "" } else { &ran.stdout }),
            ("stderr", &ran.stderr),
            ("log", &log),
        ];
        searched.n_talking += usize::from(outputs.iter().any(|(_, output)| !output.is_empty()));
        for (which, output) in outputs {
            searched.n_bytes += output.len();
            if let Some(needle) = needles.iter().find(|needle| output.contains(needle.as_str())) {
                let line =
                    output.lines().find(|line| line.contains(needle.as_str())).unwrap_or_default();
                searched
                    .wrong
                    .push(format!("{}: {arguments:?}: {which} says {line:.200}", input.name));
            }
        }
        if !(0..=2).contains(&ran.exit) || ran.stderr.contains("panicked") {
            searched
                .wrong
                .push(format!("{}: {arguments:?}: exit {}: {}", input.name, ran.exit, ran.stderr));
        }
        if ran.exit == 2 && repeats && !ran.stdout.is_empty() {
            searched.wrong.push(format!(
                "{}: {arguments:?}: refused, and yet something was printed",
                input.name
            ));
        }
    };
    let fresh = || {
        let folder = repository();
        fs::write(folder.path().join("key"), &key_text).unwrap();
        // The same text with another letter before each value.
        let other = |text: &str| {
            let (one, two) = (STANDARD.encode("canary"), STANDARD.encode("canarx"));
            text.replace("canary", "canarx").replace(&one, &two)
        };
        for side in ["m", "n"] {
            fs::create_dir(folder.path().join(side)).unwrap();
        }
        for (name, text) in &input.files {
            fs::write(folder.path().join("m").join(name), text).unwrap();
            fs::write(folder.path().join("n").join(name), other(text)).unwrap();
        }
        folder
    };
    let folder = fresh();
    let first = input.files.values().next().unwrap();
    let stamped = rollstamp(&[], first, None);
    let stale = stamped.stdout.replace("checksum/rollstamp: \"", "checksum/rollstamp: \"0");
    for stream in [first.as_str(), stale.as_str()] {
        if !stream.is_empty() {
            for (arguments, repeats) in OF_A_STREAM {
                look(
                    arguments,
                    &rollstamp(arguments, stream, Some(folder.path())),
                    repeats,
                    folder.path(),
                );
            }
        }
    }
    // A truncated stream, and one with a byte that is not UTF-8.
    let bytes = first.as_bytes();
    let cuts = (1..4).map(|quarter| bytes[..bytes.len() * quarter / 4].to_vec());
    for broken in cuts.chain([[bytes, b"\n# \xe9\n"].concat()]) {
        for (arguments, repeats) in [OF_A_STREAM[1], OF_A_STREAM[10], OF_A_STREAM[13]] {
            look(
                arguments,
                &rollstamp(arguments, &broken, Some(folder.path())),
                repeats,
                folder.path(),
            );
        }
    }
    let folder = fresh();
    for (arguments, repeats) in OF_A_FOLDER {
        look(arguments, &rollstamp(arguments, "", Some(folder.path())), repeats, folder.path());
    }
    searched
}
