//! Measures the speed of rollstamp, compared with programs of the system and with similar programs.
//!
//! `cargo bench --bench speed` prints every table; `cargo bench --bench speed -- stream tree` only these.
//! Programs that are not installed are listed as not run. The corpora, for the stream of real manifests,
//! are looked for where the tests look for them (`ROLLSTAMP_CORPORA`).
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark runs programs, reads the clock and prints what it saw"
)]

mod data;
mod states;
mod timing;

use rollstamp::yaml::{self, fast, split};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use timing::{LIMIT, Run, is_there, medians, table};

const ROLLSTAMP: &str = env!("CARGO_BIN_EXE_rollstamp");

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| word == name);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speed");
    fs::create_dir_all(&folder).unwrap();
    let files = Files { folder };
    let tables: [(&str, Table); 9] = [
        ("parse", parse),
        ("stream", streams),
        ("tree", tree),
        ("start", start),
        ("memory", memory),
        ("growth", growth),
        ("peers", peers),
        ("overlays", states::overlays),
        ("impact", states::impact),
    ];
    for (name, run) in tables {
        if is_wanted(name) {
            run(&files);
        }
    }
}

/// A function that prints a table.
type Table = fn(&Files);

/// The input files, created on demand.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn file(&self, name: &str, make: impl FnOnce() -> String) -> PathBuf {
        let path = self.folder.join(name);
        if !path.exists() {
            fs::write(&path, make()).unwrap();
        }
        path
    }

    fn synthetic(&self, megabytes: usize) -> PathBuf {
        self.file(&format!("synthetic-{megabytes}.yaml"), || data::stream(megabytes * 1_000_000))
    }

    /// The stream with stamps, as in the repository of a user.
    fn dense(&self) -> PathBuf {
        self.file("dense.yaml", || {
            let bare = self.file("dense-bare.yaml", || data::dense(10_000));
            let mut program = std::process::Command::new(ROLLSTAMP);
            program.arg("--no-config").stdin(fs::File::open(bare).unwrap());
            String::from_utf8(program.output().unwrap().stdout).unwrap()
        })
    }

    /// Copies of the rendered streams in separate namespaces, 104 MB in total.
    fn rendered(&self) -> Option<PathBuf> {
        let root = corpora()?;
        Some(self.file("rendered.yaml", || {
            let once = real_once(&root, &["rendered"]);
            let mut out = String::new();
            let mut copies = 0..;
            while out.len() < 104_000_000 {
                let namespace = format!("copy-{}", copies.next().unwrap());
                data::in_namespace(&once, &namespace, &mut out);
            }
            out
        }))
    }

    /// The real streams, repeated up to 100 MB.
    fn real(&self) -> Option<PathBuf> {
        let root = corpora()?;
        let path = self.folder.join("real.yaml");
        if !path.exists() {
            let once = real_once(&root, &["corpora", "rendered"]);
            println!("the real stream: {} bytes, over and over", once.len());
            let times = 100_000_000_usize.div_ceil(once.len());
            fs::write(&path, once.repeat(times)).unwrap();
        }
        Some(path)
    }
}

/// The folder of the manifests of other projects.
fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let root = std::env::var_os("ROLLSTAMP_CORPORA").map_or(beside, PathBuf::from);
    if !root.join("corpora").is_dir() {
        println!("did not run: no corpora at {}", root.display());
        return None;
    }
    Some(root)
}

/// Every file of these folders that rollstamp accepts as a stream.
fn real_once(root: &Path, folders: &[&str]) -> String {
    let mut all = String::new();
    for folder in folders {
        let files = walkdir::WalkDir::new(root.join(folder)).sort_by_file_name();
        for entry in files.into_iter().filter_map(Result::ok) {
            let known = ["yaml", "yml"].map(std::ffi::OsStr::new);
            if !entry.path().extension().is_some_and(|e| known.contains(&e)) {
                continue;
            }
            let Ok(text) = fs::read_to_string(entry.path()) else {
                continue;
            };
            let is_manifest = text.lines().any(|line| line.starts_with("apiVersion:"));
            let run = Run::new("", &[ROLLSTAMP, "--no-config"], Some(entry.path()));
            if !is_manifest || text.starts_with('\u{feff}') || run.time().is_none() {
                continue;
            }
            if !text.starts_with("---") {
                all.push_str("---\n");
            }
            all.push_str(&text);
            if !all.ends_with('\n') {
                all.push('\n');
            }
        }
    }
    all
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

fn parse(files: &Files) {
    println!(
        "\n### Parse only, one thread\n\n| text | fast parser | full parser | declined |\n|---|---|---|---|"
    );
    let texts = [Some(files.synthetic(100)), files.real()];
    for path in texts.into_iter().flatten() {
        let text = fs::read_to_string(&path).unwrap();
        let chunks: Vec<_> =
            split::chunks(&text).filter_map(Result::ok).map(|chunk| chunk.span).collect();
        let mut declined = 0;
        let speed = |work: &mut dyn FnMut()| {
            let start = Instant::now();
            work();
            text.len() as f64 / start.elapsed().as_secs_f64() / 1e6
        };
        let mut best = 0.0_f64;
        for _ in 0..5 {
            declined = 0;
            best = best.max(speed(&mut || {
                for &chunk in &chunks {
                    if fast::parse(&text, chunk).is_err() {
                        declined += chunk.range().len();
                    }
                }
            }));
        }
        let full = speed(&mut || {
            for &chunk in &chunks {
                // A text that only the JSON parser accepts is an error here, which costs almost no time.
                let _ = yaml::parse_fully(&text, chunk);
            }
        });
        println!(
            "| {} | {best:.0} MB/s | {full:.0} MB/s | {:.2} % of the bytes |",
            path.file_name().unwrap().display(),
            100.0 * declined as f64 / text.len() as f64
        );
    }
}

/// rollstamp, and programs that only copy or hash the bytes.
fn beside(path: &Path) -> Vec<Run> {
    let file = path.display();
    vec![
        Run::new("rollstamp < file", &[ROLLSTAMP, "--no-config"], Some(path)),
        Run::shell(
            "cat file \\| rollstamp \\| cat",
            &format!("cat {file} | {ROLLSTAMP} --no-config 2>&- | cat"),
        ),
        Run::new("rollstamp -j1 < file", &[ROLLSTAMP, "--no-config", "-j1"], Some(path)),
        Run::shell("cat file \\| cat", &format!("cat {file} | cat")),
        Run::shell("sha256sum file", &format!("sha256sum {file}")),
    ]
}

fn streams(files: &Files) {
    let texts = [
        ("synthetic", Some(files.synthetic(100))),
        ("real", files.real()),
        ("dense: 10,000 stamped Deployments, each with its ConfigMap", Some(files.dense())),
        ("rendered charts, each copy in a namespace of its own", files.rendered()),
    ];
    for (name, path) in texts {
        let Some(path) = path else { continue };
        let title = format!("Stream of {} MB, {name}", size(&path) / 1_000_000);
        table(&title, size(&path), &beside(&path), 7);
    }
}

/// Creates a tree with this number of files, unless it exists.
type Grow = fn(&Path, usize);

fn tree(files: &Files) {
    let trees: [(&str, Grow); 2] = [("mixed", data::mixed), ("configuration", data::configuration)];
    for (name, grow) in trees {
        let root = files.folder.join(format!("tree-{name}"));
        grow(&root, 30_000);
        let found = walkdir::WalkDir::new(&root).into_iter().filter_map(Result::ok);
        let bytes: u64 = found
            .filter(|entry| entry.path().extension().is_some_and(|e| e == "yaml"))
            .map(|entry| size(entry.path()))
            .sum();
        let mut check =
            Run::new("rollstamp check", &[ROLLSTAMP, "check", "--no-config", "-q", "."], None);
        // Nothing is stamped yet, so `check` reports findings.
        check.may_fail = true;
        let find = "find . -name '*.yaml' -print0 | xargs -0 -n 500 -P 2";
        let mut runs = [
            check,
            Run::shell("find, xargs cat", &format!("{find} cat")),
            Run::shell("find, xargs sha256sum", &format!("{find} sha256sum")),
        ];
        for run in &mut runs {
            run.folder = Some(root.clone());
        }
        let title = format!("Tree of 30,000 files, {name}, {} MB", bytes / 1_000_000);
        table(&title, bytes, &runs, 5);
        if let Some(peak) = runs[0].memory() {
            println!("\npeak memory: {} MB", peak / 1_000_000);
        }
    }
}

fn start(files: &Files) {
    let empty = files.file("empty.yaml", String::new);
    let small = files.file("small.yaml", || {
        let mut text = data::stream(10_000);
        text.truncate(text[..10_000.min(text.len())].rfind("\n---\n").unwrap() + 1);
        text
    });
    for (name, path) in [("an empty input", empty), ("10 kB", small)] {
        let runs = [
            Run::new("rollstamp", &[ROLLSTAMP, "--no-config"], Some(&path)),
            Run::new("cat", &["cat"], Some(&path)),
        ];
        table(&format!("Start-up, {name}"), size(&path), &runs, 51);
    }
}

fn memory(files: &Files) {
    println!("\n### Memory\n\n| input | bytes | peak | times the input |\n|---|---|---|---|");
    let inputs = [Some(files.synthetic(100)), files.real(), Some(files.synthetic(10))];
    for path in inputs.into_iter().flatten() {
        let run = Run::new("", &[ROLLSTAMP, "--no-config"], Some(&path));
        let Some(peak) = run.memory() else {
            println!("did not run: /usr/bin/time is not there");
            return;
        };
        let bytes = size(&path);
        println!(
            "| {} | {bytes} | {:.0} MB | {:.2} |",
            path.file_name().unwrap().display(),
            peak as f64 / 1e6,
            peak as f64 / bytes as f64
        );
    }
}

/// The exponent with which the time grows with the size, from the smallest to the largest input.
fn growth(files: &Files) {
    let bytes = |mb: usize| (format!("{mb} MB"), files.synthetic(mb), mb as f64);
    let objects = |n: usize| {
        let path = files.file(&format!("objects-{n}.yaml"), || data::objects(n));
        (format!("{n} objects"), path, n as f64)
    };
    let references = |n: usize| {
        let path = files.file(&format!("references-{n}.yaml"), || data::references(n));
        (format!("one workload, {n} references"), path, n as f64)
    };
    let shared = |n: usize| {
        let path = files.file(&format!("shared-{n}.yaml"), || data::shared(n));
        (format!("{n} readers of one 1 MB ConfigMap"), path, n as f64)
    };
    series(vec![bytes(1), bytes(10), bytes(100), bytes(1_000)]);
    series(vec![objects(1_000), objects(10_000), objects(100_000)]);
    series(vec![references(1_000), references(10_000), references(100_000)]);
    series(vec![shared(1_000), shared(10_000)]);
}

fn series(rows: Vec<(String, PathBuf, f64)>) {
    println!("\n### Growth\n\n| input | bytes | time | exponent |\n|---|---|---|---|");
    let mut before: Option<(f64, f64)> = None;
    for (name, path, size_of) in rows {
        let run = [Run::new("", &[ROLLSTAMP, "--no-config"], Some(&path))];
        let rounds = if size(&path) > 500_000_000 { 3 } else { 5 };
        let Some(time) = medians(&run, rounds)[0] else {
            println!("| {name} | {} | did not run | |", size(&path));
            continue;
        };
        let seconds = time.as_secs_f64();
        let exponent = before.map_or(String::new(), |(s, t): (f64, f64)| {
            format!("{:.2}", (seconds / t).ln() / (size_of / s).ln())
        });
        println!("| {name} | {} | {:.1} ms | {exponent} |", size(&path), seconds * 1e3);
        before = Some((size_of, seconds));
    }
}

/// The other programs also do different work; each row says how. They are looked for on the path.
fn peers(files: &Files) {
    // kustomize takes more than a minute for 10 MB; a program that exceeds the limit has a lower bound.
    for (megabytes, rounds) in [(1, 5), (10, 1)] {
        let path = files.synthetic(megabytes);
        let file = path.display();
        let folder = files.folder.join(format!("kustomize-{megabytes}"));
        fs::create_dir_all(&folder).unwrap();
        fs::copy(&path, folder.join("all.yaml")).unwrap();
        fs::write(folder.join("kustomization.yaml"), "resources:\n- all.yaml\n").unwrap();
        let folder = folder.display();
        let mut runs = vec![
            Run::new("rollstamp", &[ROLLSTAMP, "--no-config"], Some(&path)),
            Run::shell("cat file \\| cat", &format!("cat {file} | cat")),
        ];
        let lines = [
            (
                "PyYAML, C loader",
                "python3",
                format!(
                    "python3 -c 'import yaml,sys; [d for d in yaml.load_all(sys.stdin, yaml.CSafeLoader)]' < {file}"
                ),
            ),
            ("yq", "yq", format!("yq . {file}")),
            (
                "k8s-checksum-injector",
                "k8s-checksum-injector",
                format!("k8s-checksum-injector < {file}"),
            ),
            ("krm-filter", "krm-filter", format!("krm-filter < {file}")),
            ("kubectl kustomize", "kubectl", format!("kubectl kustomize {folder}")),
            ("kustomize build", "kustomize", format!("kustomize build {folder}")),
        ];
        for (name, program, line) in lines {
            if is_there(program) {
                runs.push(Run::shell(name, &format!("timeout {LIMIT} {line}")));
            } else {
                println!("did not run: {program} is not installed");
            }
        }
        table(&format!("Peers, {megabytes} MB"), size(&path), &runs, rounds);
    }
}
