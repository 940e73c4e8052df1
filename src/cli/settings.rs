//! What a run is asked to do: the command line, and the configuration that goes with it.

use super::validate::annotation_key;
use super::{Common, UnitArg};
use crate::config::file::{self, Config};
use crate::config::name_reference;
use crate::config::options::{Goal, Mode, NamingRule, Options, STAMP_KEY, SuffixHash, UnitRule};
use crate::digest::HashKey;
use crate::io::{files, krm};
use anyhow::{Context, bail};
use clap::ValueEnum;
use std::path::PathBuf;

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum ModeArg {
    /// A stamp in the pod template
    Annotation,
    /// ConfigMaps and Secrets are named after their content, and every reference follows
    Suffix,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum HashArg {
    /// As kustomize's generators
    Kustomize,
    /// As `kubectl create --append-hash`
    Kubectl,
}

/// The configuration of a run and its folder: the named file, or the one found above the paths.
pub(super) fn configuration(
    paths: &[PathBuf],
    common: &Common,
    call: Option<&krm::Call>,
) -> anyhow::Result<(Config, Option<PathBuf>)> {
    let of_call = call.and_then(|call| call.config.as_ref());
    let wrong = |error: String| anyhow::anyhow!("the functionConfig of the list: {error}");
    let handed_over = match (&common.given, of_call) {
        (Some(config), _) => Some(config.clone()),
        (None, Some(Err(error))) => return Err(wrong(error.to_string())),
        (None, Some(Ok(json))) => Some(file::of_function(json).map_err(wrong)?),
        (None, None) => None,
    };
    if let Some(config) = handed_over {
        if common.config.is_some() {
            bail!(
                "two configurations apply: the caller hands one over, and --config names another"
            );
        }
        return Ok((config, None));
    }
    if common.no_config {
        return Ok((Config::default(), None));
    }
    let path = match &common.config {
        Some(path) => path.clone(),
        None => {
            let mut found: Vec<PathBuf> = paths
                .iter()
                .filter(|path| path.as_os_str() != "-")
                .filter_map(|path| files::above(path, file::FILE_NAME))
                .collect();
            found.dedup();
            match found.as_slice() {
                [] => return Ok((Config::default(), None)),
                [path] => path.clone(),
                [one, two, ..] => bail!(
                    "two configurations apply, {} and {}: name one with --config",
                    one.display(),
                    two.display()
                ),
            }
        }
    };
    let text = files::text(&path)
        .with_context(|| format!("failed to read the configuration {}", path.display()))?;
    let config =
        file::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    let folder = path.parent().map(|folder| match folder.as_os_str() {
        name if name.is_empty() => PathBuf::from("."),
        _ => folder.to_path_buf(),
    });
    Ok((config, folder))
}

pub(super) fn options(
    common: &Common,
    config: &Config,
    root: Option<&std::path::Path>,
    goal: Goal,
) -> anyhow::Result<Options> {
    // A path in a file means what it says from there; of a call, from the folder of the caller.
    let configured = config
        .hash_key_file
        .as_ref()
        .map(|path| root.map_or_else(|| PathBuf::from(path), |root| root.join(path)));
    let hash_key = match common.hash_key_file.as_ref().or(configured.as_ref()) {
        None => None,
        Some(path) => {
            let bytes = files::key(path)
                .with_context(|| format!("failed to read the hash key {}", path.display()))?;
            match HashKey::new(bytes) {
                Some(key) => Some(key),
                None => bail!("the hash key {} is empty", path.display()),
            }
        }
    };
    if config.require_hash_key && hash_key.is_none() {
        bail!("the configuration requires a hash key: name its file with --hash-key-file");
    }
    let annotation = match (&common.annotation, &config.annotation) {
        (Some(key), _) => key.clone(),
        (None, Some(key)) => {
            annotation_key(key).map_err(|error| anyhow::anyhow!("annotation: {error}"))?
        }
        (None, None) => STAMP_KEY.to_owned(),
    };
    let mut rules =
        file::rules(config).map_err(|error| anyhow::anyhow!("the configuration: {error}"))?;
    for file in &config.name_references {
        let path = root.unwrap_or(std::path::Path::new("")).join(file);
        let text =
            files::text(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let rows = name_reference::rows(&text)
            .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        rules.names.extend(rows);
    }
    let available = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    Ok(Options {
        annotation,
        namespace: common.namespace.clone().or_else(|| config.namespace.clone()),
        hash_key,
        goal,
        strict: common.strict || config.strict,
        rules,
        mode: match common.mode {
            Some(ModeArg::Annotation) => Mode::Annotation,
            Some(ModeArg::Suffix) => Mode::Suffix,
            None => config.mode.into(),
        },
        naming: NamingRule {
            hash: match common.suffix_hash {
                Some(HashArg::Kustomize) => SuffixHash::Kustomize,
                Some(HashArg::Kubectl) => SuffixHash::Kubectl,
                None => config.suffix.hash.into(),
            },
            all_sources: common.all_sources || config.suffix.all_sources,
            immutable: common.immutable || config.suffix.immutable,
        },
        unit: match common.unit {
            Some(UnitArg::Dir) => UnitRule::Dir,
            Some(UnitArg::Tree) => UnitRule::Tree,
            Some(UnitArg::File) => UnitRule::File,
            None => config.unit.map_or_else(UnitRule::default, UnitRule::from),
        },
        migrate: None,
        jobs: common.jobs.map_or_else(available, std::num::NonZeroUsize::get),
    })
}

pub(super) fn exclude(common: &Common) -> anyhow::Result<globset::GlobSet> {
    let mut set = globset::GlobSetBuilder::new();
    for glob in &common.exclude {
        set.add(
            globset::Glob::new(glob)
                .with_context(|| format!("failed to read the glob `{glob}`"))?,
        );
    }
    set.build().context("failed to read the globs of --exclude")
}
