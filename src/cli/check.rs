//! Changes nothing, and says what is not as it should be.

use super::Exit;
use super::args::{Building, Common};
use super::run::{print, start};
use crate::config::options::Goal;
use crate::finding::Severity;
use crate::report::{Subject, Verb, View, summary};
use std::path::PathBuf;

pub(super) fn check(
    paths: &[PathBuf],
    common: &Common,
    show_diffs: bool,
    building: &Building,
) -> anyhow::Result<Exit> {
    let common = &Common { makes_stamps_files: building.build.is_some(), ..common.clone() };
    let Some(mut run) = start(paths, common, Verb::Check, Goal::Check)? else {
        return Ok(Exit::Trouble);
    };
    if let Some(builder) = &building.build {
        run.check_builds(paths, builder, building.all_patches)?;
    }
    run.quote(Subject::Outcome);
    let least = if common.quiet { Severity::Error } else { Severity::Note };
    let view = View { least, show_diffs, ..run.view() };
    print(|out| common.output.outcome(&view, out))?;
    if !common.quiet {
        let counts = summary::counts(&run.outcome.findings);
        let summary = format!("{counts}; {}", summary::read(&run.outcome));
        run.say(&summary);
    }
    let any_error = run.outcome.findings.iter().any(|f| f.severity == Severity::Error);
    Ok(match run.exit() {
        Exit::Clean if any_error => Exit::Findings,
        exit => exit,
    })
}
