//! Changes nothing, and says what is not as it should be.

use super::Exit;
use super::args::Common;
use super::run::{print, start};
use crate::config::options::Goal;
use crate::finding::Severity;
use crate::report::{Subject, Verb, View, summary};
use anyhow::bail;
use std::path::PathBuf;

/// What a check is asked for beside the options of all verbs.
pub(super) struct Asked {
    pub(super) diff: bool,
    pub(super) allow_empty: bool,
    pub(super) statistics: bool,
}

pub(super) fn check(paths: &[PathBuf], common: &Common, asked: &Asked) -> anyhow::Result<Exit> {
    let Some(mut run) = start(paths, common, Verb::Check, Goal::Check)? else {
        return Ok(Exit::Trouble);
    };
    run.quote(Subject::Outcome);
    let view = View { show_diffs: asked.diff, ..run.view() };
    print(|out| common.output.outcome(&view, out))?;
    let coverage = run.outcome.coverage();
    if asked.statistics {
        run.say(&summary::statistics(&run.outcome, &coverage));
    }
    let is_empty = coverage.objects == 0 && !run.outcome.refused();
    if is_empty && !asked.allow_empty {
        bail!("{}", summary::nothing(&run.outcome, paths.is_empty(), "check"));
    }
    if !common.quiet {
        let counts = summary::counts(&run.outcome.findings, common.least());
        let summary = format!("{counts}; {}", summary::coverage(&run.outcome, &coverage, false));
        run.say(&summary);
    }
    let any_error = run.outcome.findings.iter().any(|f| f.severity == Severity::Error);
    Ok(match run.exit() {
        Exit::Clean if any_error => Exit::Findings,
        exit => exit,
    })
}
