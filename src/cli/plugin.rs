//! A run by kustomize as an exec plugin (the older protocol), under the name of a kind.

use super::args::Cli;
use crate::config::file;
use anyhow::{Context, anyhow, bail};
use std::ffi::OsString;

/// The command line for a call with this configuration. `arguments` are those after the configuration, from
/// `argsOneLiner` and `argsFromFile`: ordinary options.
pub(super) fn arguments(arguments: Vec<OsString>) -> impl Iterator<Item = OsString> {
    std::iter::once(OsString::from("rollstamp")).chain(arguments)
}

/// Applies the configuration that kustomize passes.
pub(super) fn configure(cli: &mut Cli, config: std::io::Result<String>) -> anyhow::Result<()> {
    if cli.verb.is_some() || !cli.paths.is_empty() {
        bail!("a kustomize plugin takes options, no verbs and no paths");
    }
    let json = config.context("failed to read the configuration of the plugin")?;
    let config = file::of_function(&json)
        .map_err(|error| anyhow!("the configuration of the plugin: {error}"))?;
    cli.common.given = Some(config);
    Ok(())
}
