//! What a run is asked to do: flags over the configuration file.

use super::Common;
use super::names::annotation_key;
use crate::config::{self, Config};
use crate::digest::HashKey;
use crate::front::files;
use crate::name_reference;
use crate::options::{Goal, Mode, NamingRule, Options, STAMP_KEY, SuffixHash};
use anyhow::{Context, bail};
use clap::ValueEnum;
use std::path::Path;

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

/// Settles the options of a run; `root` is the folder of the configuration.
pub(super) fn options(
    common: &Common,
    config: &Config,
    root: Option<&Path>,
    goal: Goal,
) -> anyhow::Result<Options> {
    let hash_key = match &common.hash_key_file {
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
        config::rules(config).map_err(|error| anyhow::anyhow!("the configuration: {error}"))?;
    for file in &config.name_references {
        let path = root.unwrap_or(Path::new("")).join(file);
        let text =
            files::text(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let rows = name_reference::rows(&text)
            .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        rules.names.extend(rows);
    }
    let available = || std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    Ok(Options {
        annotation,
        namespace: common
            .namespace
            .clone()
            .or_else(|| config.namespace.clone()),
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
        jobs: common
            .jobs
            .map_or_else(available, std::num::NonZeroUsize::get),
    })
}
