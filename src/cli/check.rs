//! The verb `check`: changes nothing, and reports problems.

use super::Exit;
use super::args::{CheckArguments, Common};
use super::run::{Run, print, start_ungrouped};
use crate::config::options::Goal;
use crate::config::{baseline, file};
use crate::finding::Severity;
use crate::io::files;
use crate::io::write::{self, Replacement, WriteGroup};
use crate::report::{Subject, Verb, View, count, summary};
use crate::text::input::IS_ON_A_MACHINE;
use crate::yaml::EditSet;
use anyhow::{Context, anyhow, bail};
use std::path::PathBuf;

pub(super) fn check(asked: &CheckArguments) -> anyhow::Result<Exit> {
    if asked.diff && !IS_ON_A_MACHINE {
        bail!("no diffs in a page: install rollstamp and run it in a shell");
    }
    if asked.fix {
        bail!("check changes nothing: run `rollstamp write` on the same paths");
    }
    let (paths, since) = (&asked.paths, asked.since.as_deref());
    let request = asked.building.request(paths, since).filter(|_| IS_ON_A_MACHINE);
    let common = &Common { makes_stamps_files: request.is_some(), ..asked.common.clone() };
    let Some(mut run) = start_ungrouped(paths, common, Verb::Check, Goal::Check)? else {
        return Ok(Exit::Trouble);
    };
    if let Some(request) = &request {
        run.check_builds(request)?;
    }
    if let Some(revision) = since.filter(|_| IS_ON_A_MACHINE) {
        run.keep_since(revision, paths)?;
    }
    run.outcome.group();
    if asked.add_silence && IS_ON_A_MACHINE {
        return add_silence(paths, &mut run);
    }
    run.quote(Subject::Outcome);
    let view = View { show_diffs: asked.diff, ..run.view() };
    print(|out| common.output.outcome(&view, out))?;
    let coverage = run.outcome.coverage();
    if asked.statistics {
        run.say(&summary::statistics(&run.outcome, &coverage));
    }
    // A build has objects even if the named files have none.
    let n_built = coverage.built.as_ref().map_or(0, |built| built.overlays + built.unchanged);
    let is_empty = coverage.objects == 0 && n_built == 0 && !run.outcome.refused();
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

/// Writes a rule into the configuration for each present finding; if there is no configuration, creates one
/// in the first named folder.
fn add_silence(paths: &[PathBuf], run: &mut Run<'_>) -> anyhow::Result<Exit> {
    let known = baseline::known(&run.outcome.findings);
    let (path, before) = match run.configuration.take() {
        Some(configuration) => configuration,
        None => match paths.iter().find(|path| files::is_folder(path)) {
            Some(folder) => (folder.join(file::FILE_NAME), String::new()),
            None => bail!("--add-silence: name a folder, which gets the configuration"),
        },
    };
    let name = path.strip_prefix("./").unwrap_or(&path).display().to_string();
    if !known.is_empty() {
        let edit = baseline::add(&before, &known);
        let edit = edit.map_err(|why| anyhow!("--add-silence: {name}: {why}"))?;
        if before.is_empty() && !files::exists(&path) {
            let made = write::create(&path, &edit.replacement);
            made.with_context(|| format!("failed to write {name}"))?;
        } else if let Ok(edits) = EditSet::new(vec![edit]) {
            let replacement = Replacement {
                path: &path,
                name: &name,
                before: &before,
                edits: &edits,
                kind: WriteGroup::Alone,
            };
            let (_, findings) = write::all(&[replacement]);
            if let Some(finding) = findings.iter().find(|finding| finding.refuses) {
                bail!("{}", finding.message);
            }
        }
    }
    let refused = run.outcome.findings.iter().filter(|finding| finding.refuses).count();
    let rest = match refused {
        0 => String::new(),
        n => format!("; {} cannot be silenced, because something is refused", count(n, "finding")),
    };
    run.say(&format!("{name}: {} added{rest}", count(known.len(), "rule")));
    Ok(run.exit())
}
