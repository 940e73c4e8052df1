//! Measures builds of overlays, and comparisons of states.

use super::{Files, ROLLSTAMP, data, size};
use crate::timing::{Run, is_there, medians};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

/// The number of overlays.
const OVERLAYS: usize = 600;

/// A repository of overlays: one base for six overlays, each with its own prefix and patch.
fn repository(root: &Path) {
    let write = |path: String, text: String| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for base in 0..OVERLAYS / 6 {
        let mut text = String::new();
        for i in 0..5 {
            let _ = write!(
                text,
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{base}-{i}}}\nspec:\n  selector: {{matchLabels: {{app: a{i}}}}}\n  template:\n    metadata: {{labels: {{app: a{i}}}}}\n    spec: {{containers: [{{name: app, image: app, envFrom: [{{configMapRef: {{name: config-{base}}}}}]}}]}}\n"
            );
        }
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: config-{base}}}\ndata: {{A: base, B: base}}\n"
        );
        write(format!("bases/{base}/all.yaml"), text);
        write(format!("bases/{base}/kustomization.yaml"), "resources: [all.yaml]\n".to_owned());
    }
    for overlay in 0..OVERLAYS {
        let base = overlay / 6;
        let patch = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: config-{base}}}\ndata: {{A: of-{overlay}}}\n"
        );
        write(format!("overlays/{overlay}/patch.yaml"), patch);
        write(
            format!("overlays/{overlay}/kustomization.yaml"),
            format!(
                "resources: [../../bases/{base}]\nnamePrefix: x{overlay}-\npatches: [{{path: patch.yaml}}]\n"
            ),
        );
    }
}

/// The first run, the second one, and one after a change of one file.
pub(super) fn overlays(_: &Files) {
    println!("\n### {OVERLAYS} overlays, 3,000 workloads\n\n| run | time |\n|---|---|");
    if !is_there("kustomize") {
        println!("| did not run: kustomize is not there | |");
        return;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = folder.path().join("tree");
    repository(&root);
    let git = "git init -q . && git add -A && git -c user.name=a -c user.email=a@example.com commit -qm a";
    let shell = |line: &str| {
        let mut run = Run::shell("", line);
        run.folder = Some(root.clone());
        run.may_fail = true;
        run
    };
    let cache = folder.path().join("cache");
    let run = |arguments: &str| {
        shell(&format!(
            "XDG_CACHE_HOME={} {ROLLSTAMP} {arguments} --no-config --build kustomize .",
            cache.display()
        ))
    };
    let time = |what: &str, run: Run| {
        let took = run.time().map_or(f64::NAN, |time| time.as_secs_f64());
        println!("| {what} | {took:.2} s |");
    };
    time("git, to be compared with", shell(git));
    let start = Instant::now();
    let built = shell("for d in overlays/*; do kustomize build $d || exit 1; done").time();
    println!(
        "| `kustomize build` of each, one after the other | {:.2} s |",
        built.map_or(f64::NAN, |_| start.elapsed().as_secs_f64())
    );
    time("`check`, first run: every overlay is built", run("check -q"));
    time("`write`: every overlay is built once more, as the proof", run("write -q"));
    time("`check`, nothing changed since: no builder starts", run("check -q"));
    fs::write(
        root.join("overlays/7/patch.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-1}\ndata: {A: other}\n",
    )
    .unwrap();
    time("`check`, one file of one overlay changed", run("check -q"));
    time("`write`, for that change", run("write -q"));
    time(
        "git, to be compared with",
        shell("git add -A && git -c user.name=a -c user.email=a@example.com commit -qm b"),
    );
    let base = root.join("bases/9/all.yaml");
    let text = fs::read_to_string(&base).unwrap();
    fs::write(base, text.replace("B: base", "B: new")).unwrap();
    time("`impact --base HEAD`, a base of six overlays changed", run("impact --base HEAD"));
}

/// Two states of 6,000 workloads: nothing changes, one value changes, every value changes.
pub(super) fn impact(files: &Files) {
    let before = files.file("states-before.yaml", || data::objects(18_000));
    let text = fs::read_to_string(&before).unwrap();
    let one = files.file("states-one.yaml", || changed(&text, 1));
    let all = files.file("states-all.yaml", || changed(&text, usize::MAX));
    let run = |name: &str, arguments: &[&str]| {
        let words: Vec<&str> = [ROLLSTAMP].iter().chain(arguments).copied().collect();
        let mut run = Run::new(name, &words, None);
        run.may_fail = true;
        run
    };
    for (what, after) in [("nothing", &before), ("one value", &one), ("every value", &all)] {
        let (old, new) = (before.to_str().unwrap(), after.to_str().unwrap());
        let impact = run("rollstamp impact", &["impact", "--no-config", "-q", old, new]);
        let check = run("rollstamp check of one", &["check", "--no-config", "-q", old]);
        let times = medians(&[impact, check], 7);
        let seconds: Vec<f64> =
            times.iter().map(|t| t.map_or(f64::NAN, |t| t.as_secs_f64())).collect();
        println!(
            "\nimpact, {what} changes: {:.0} ms, {:.2} times two checks",
            seconds[0] * 1e3,
            seconds[0] / (2.0 * seconds[1])
        );
        let peak = run("", &["impact", "--no-config", "-q", old, new]).memory();
        println!(
            "peak memory: {:.0} MB, both sides are {:.0} MB",
            peak.map_or(f64::NAN, |peak| peak as f64 / 1e6),
            (size(&before) + size(after)) as f64 / 1e6
        );
    }
}

/// The text with one more key in so many ConfigMaps.
fn changed(text: &str, most: usize) -> String {
    text.replacen("\ndata:\n", "\ndata:\n  more: \"1\"\n", most)
}
