//! The verb `migrate`: removes the annotations of a controller from manifests, and stamps for the sources
//! that they selected.

use super::Exit;
use super::args::{Common, Controller};
use super::in_place::{Extras, write_or_show};
use super::run::start_with;
use crate::compat::migration::LeftController;
use crate::compat::selection::{ControllerRules, Select};
use crate::config::file;
use crate::config::options::{Goal, Mode};
use crate::finding::Code;
use crate::finding::silence::Level;
use crate::report::{Verb, migration};
use anyhow::anyhow;
use std::path::PathBuf;

pub(super) fn migrate(
    from: Controller,
    paths: &[PathBuf],
    common: &Common,
    show_diffs: bool,
) -> anyhow::Result<Exit> {
    let run = start_with(paths, common, Verb::Migrate, Goal::Stamp, |settings, options| {
        let reloader = file::reloader(&settings.compat.reloader_options)
            .map_err(|error| anyhow!("the configuration: {error}"))?;
        let after = options.rules.compat.after;
        let rules =
            ControllerRules { select: Select::Annotated, after, ..ControllerRules::default() };
        let (from, rules) = match from {
            Controller::Reloader => (
                LeftController::Reloader(Box::new(reloader.clone())),
                ControllerRules { reloader: Some(reloader), ..rules },
            ),
            Controller::Wave => (LeftController::Wave, ControllerRules { wave: true, ..rules }),
        };
        options.migrate = Some(from);
        options.rules.compat = rules;
        options.mode = Mode::Annotation;
        // Only a person can find these annotations in the templates of a chart.
        let levels = &mut options.rules.findings.of_code;
        levels.entry(Code::ReloaderInValues).or_insert(Level::Warning);
        Ok(())
    })?;
    let Some(mut run) = run else { return Ok(Exit::Trouble) };
    let lines = migration::lines(&run.outcome);
    let shown = Extras { diff: show_diffs, statistics: false };
    let exit = write_or_show(&mut run, paths, common, Goal::Stamp, shown, None)?;
    if !common.quiet {
        lines.iter().for_each(|line| run.say(line));
    }
    Ok(exit)
}
