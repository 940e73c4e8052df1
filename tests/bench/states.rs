//! Measures builds of overlays, and comparisons of states.

use super::{Files, ROLLSTAMP, data, size};
use crate::timing::{Run, cpu_medians, is_there};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
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

/// Measures the first run, the second run, and a run after a change of one file.
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

/// Measures comparisons of two states, with 6,000 workloads and with other sizes. The unit is the CPU time of
/// a `check` of both states.
pub(super) fn impact(files: &Files) {
    let before = data::objects(18_000);
    let stamped = |text: &str, name: &str| {
        let path = files.file(&format!("{name}.yaml"), || text.to_owned());
        let line = format!("{ROLLSTAMP} --no-config -q <{} || true", path.display());
        let printed = Command::new("sh").args(["-c", &line]).output().unwrap().stdout;
        String::from_utf8(printed).unwrap()
    };
    let (values, images) = (changed(&before, usize::MAX), before.replace(":v1.2.", ":v1.3."));
    let stamps = stamped(&before, "states-plain");
    let wide = data::shared(3_000);
    let spread = data::namespaces(10_000);
    let half = &before[..before.match_indices("---\n").nth(9_000).unwrap().0];
    let cases: [Case<'_>; 12] = [
        ("nothing", &before, before.clone(), &[]),
        ("one value", &before, changed(&before, 1), &[]),
        ("every value: all 6,000 roll", &before, values.clone(), &[]),
        ("every image", &before, images.clone(), &[]),
        ("every value, with stamps", &stamps, stamped(&values, "states-values"), &[]),
        ("every image, with stamps", &stamps, stamps.replace(":v1.2.", ":v1.3."), &[]),
        ("the name of every source", &before, renamed(&before), &[]),
        ("half is removed", &before, half.to_owned(), &[]),
        ("a third is new", half, before.clone(), &[]),
        ("every value, `--mode suffix`", &before, values.clone(), &["--mode", "suffix"]),
        ("one source with 3,000 readers", &wide, changed(&wide, 1), &[]),
        ("one name in 10,000 namespaces", &spread, changed(&spread, usize::MAX), &[]),
    ];
    println!("\n### Two states compared\n");
    println!("| what changes | CPU | times two checks | peak memory | both sides |");
    println!("|---|---|---|---|---|");
    for (what, before, after, more) in cases {
        let [before, after] =
            [("states-before", before), ("states-after", &after)].map(|(name, text)| {
                let path = files.folder.join(format!("{name}.yaml"));
                fs::write(&path, text).unwrap();
                path
            });
        let run = |verb: &str, paths: &[&Path]| {
            let paths = paths.iter().map(|path| path.to_str().unwrap());
            let words = [ROLLSTAMP, verb, "--no-config", "-q"].into_iter();
            let words: Vec<&str> = words.chain(more.iter().copied()).chain(paths).collect();
            Run::new("", &words, None)
        };
        let impact = run("impact", &[&before, &after]);
        let runs =
            [run("impact", &[&before, &after]), run("check", &[&before]), run("check", &[&after])];
        let cpu = cpu_medians(&runs, 7);
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        println!(
            "| {what} | {:.2} s | {:.2} | {:.0} MB | {:.0} MB |",
            cpu[0],
            cpu[0] / (cpu[1] + cpu[2]),
            impact.memory().map_or(f64::NAN, megabytes),
            megabytes(size(&before) + size(&after))
        );
    }
}

/// A comparison: its name, the text before, the text after, and the options.
type Case<'a> = (&'static str, &'a str, String, &'static [&'static str]);

/// The text with one more key in this number of ConfigMaps.
fn changed(text: &str, most: usize) -> String {
    text.replacen("\ndata:\n", "\ndata:\n  more: \"1\"\n", most)
}

/// The text with a new name for every ConfigMap and in its references.
fn renamed(text: &str) -> String {
    let mut renamed =
        text.replace("ConfigMap\nmetadata:\n  name: ", "ConfigMap\nmetadata:\n  name: x-");
    for reference in ["configMapRef:\n                name: ", "configMap:\n            name: "] {
        renamed = renamed.replace(reference, &format!("{reference}x-"));
    }
    renamed
}
