//! The verb `init`: writes a first configuration for a folder of manifests, and a hook.

use super::Exit;
use super::args::Common;
use super::run::{Run, start};
use crate::config::options::Goal;
use crate::finding::Code;
use crate::io::write;
use crate::report::{Verb, count, summary};
use anyhow::{Context, bail};
use std::io::ErrorKind;
use std::path::Path;

/// The settings that can handle the given findings. A line that begins with `#` and a space is a comment; a
/// line that begins with `#` without a space is a disabled setting.
const SETTINGS: &[(&[Code], &str)] = &[
    (
        &[Code::ExternalReference, Code::UnverifiableStamp],
        "# References without a source in the files that are applied together. If another folder is
# applied with them, say so; `also` is only read.
#units:
#  - name: shop
#    files: [\"apps/shop/**\"]
#    also: [\"platform/config/**\"]
",
    ),
    (
        &[Code::FilledInCluster],
        "# Secrets that a controller fills. The reference to the store can count in their place: it
# changes when you change it, not when the store does.
#sources:
#  - group: external-secrets.io
#    kind: ExternalSecret
#    provides: Secret
#    name: [spec.target.name, metadata.name]
#    content: [spec.data, spec.dataFrom]
",
    ),
    (
        &[Code::HotReload],
        "# Sidecars that tell the program when a volume changes. With `skip` these volumes roll nothing.
#hotReloadSidecars: skip
",
    ),
    (
        &[Code::UnknownWorkload],
        "# Objects of unknown kinds that hold pod templates; `rollstamp check` names them. With `stamp:
# true` they are stamped, with `stamp: false` the note goes.
#workloads:
#  - group: example.com
#    kind: Widget
#    templates: [\"spec.template\"]
#    stamp: true
",
    ),
    (
        &[Code::EncryptedFile],
        "# Files that SOPS has encrypted. With `skip` their cipher text does not count.
#encrypted: skip
",
    ),
];

const HEAD: &str =
    "# yaml-language-server: $schema={repository}/raw/HEAD/docs/rollstamp.schema.json
# Settings of rollstamp. Everything is optional; all settings are described in
# {repository}/blob/HEAD/docs/configuration.md

# What one apply receives of a folder: the files of each folder (dir), all of it (tree), each file
# by itself (file). Below a kustomization.yaml the kustomizations decide.
unit: dir

# A key for digests of Secrets, a file as secret as they are. Without one, who may read a stamp can
# test guesses of a weak Secret against it.
#hashKeyFile: ../keys/rollstamp
";

const HOOK: &str = "repos:
  - repo: {repository}
    rev: v{version}
    hooks:
      - id: rollstamp
";

/// The hook for workloads that `write` leaves alone below kustomizations. It is switched off, because it needs a
/// kustomize on `PATH`.
const OVERLAYS_HOOK: &str =
    "      # Stamps what each overlay builds, for the workloads that overlays change; needs kustomize.
      #- id: rollstamp-overlays
";

/// Reads the folder, writes the configuration and, in a repository without hooks, the hook.
pub(super) fn init(folder: &Path, common: &Common) -> anyhow::Result<Exit> {
    let configuration = folder.join(".rollstamp.yaml");
    let Some(mut run) = start(&[folder.to_path_buf()], common, Verb::Check, Goal::Check)? else {
        return Ok(Exit::Trouble);
    };
    match write::create(&configuration, &text(&run)) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("{} is there already; nothing was written", configuration.display())
        }
        result => {
            result.with_context(|| format!("failed to write {}", configuration.display()))?;
        }
    }
    run.say(&format!("{}: written", configuration.display()));
    if write::is_repository(folder) {
        let hooks = folder.join(".pre-commit-config.yaml");
        let mut hook = filled(HOOK);
        if of(&run, &[Code::KustomizeSource]) > 0 {
            hook.push_str(OVERLAYS_HOOK);
        }
        match write::create(&hooks, &hook) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                run.say(&format!("{} exists; add this to it:\n{hook}", hooks.display()));
            }
            result => {
                result.with_context(|| format!("failed to write {}", hooks.display()))?;
                run.say(&format!("{}: written", hooks.display()));
            }
        }
    }
    let missing = of(&run, &[Code::MissingStamp, Code::StaleStamp]);
    let left_alone: usize = run.outcome.coverage().left_alone.values().sum();
    run.say(&format!("{}; {}", count(missing, "missing stamp"), summary::read(&run.outcome)));
    if missing > 0 {
        let folder = folder.display();
        run.say(&format!(
            "next: `rollstamp write --diff {folder}`, then `rollstamp write {folder}`"
        ));
    }
    if left_alone > 0 {
        let what = count(left_alone, "workload");
        run.say(&format!(
            "{what} left alone below kustomizations: `rollstamp write --build kustomize {}` stamps what the overlays build",
            folder.display()
        ));
    }
    Ok(Exit::Clean)
}

/// The text of the configuration for the findings of a run.
fn text(run: &Run<'_>) -> String {
    let mut text = filled(HEAD);
    for (codes, setting) in SETTINGS {
        if of(run, codes) > 0 {
            text.extend(["\n", setting]);
        }
    }
    text
}

/// The number of findings with these codes.
fn of(run: &Run<'_>, codes: &[Code]) -> usize {
    run.outcome.findings.iter().filter(|finding| codes.contains(&finding.code)).count()
}

fn filled(text: &str) -> String {
    let text = text.replace("{repository}", env!("CARGO_PKG_REPOSITORY"));
    text.replace("{version}", env!("CARGO_PKG_VERSION"))
}
