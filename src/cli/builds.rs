//! `--build`: runs a builder for overlays, and compares the stamps in its output with those in the files.

use super::run::Run;
use super::settings::options;
use super::stamps_file::{self, BuiltOverlay, StampsChange};
use crate::config::options::{Goal, Mode, Options};
use crate::config::settings::Settings;
use crate::digest::{HashKey, Lines, ValueDigest, push_hex};
use crate::finding::{Code, Finding, Severity};
use crate::io::builds::{Builder, Failure, LIMIT};
use crate::io::cache::Cache;
use crate::io::overlays::{self as on_disk, FileDigests, Overlay};
use crate::io::progress::Progress;
use crate::io::{git, reload, stdin};
use crate::k8s::providers::Target;
use crate::outcome::Outcome;
use crate::overlays::{self, Summary};
use crate::parallel;
use crate::scope::Unit;
use crate::text::FileId;
use anyhow::{Context, bail};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The builds of the overlays below the named paths.
pub(super) struct Builds {
    overlays: Vec<Overlay>,
    /// One entry for each overlay.
    summaries: Vec<Result<Summary, Failure>>,
    /// The overlays that were left out, because none of their files changed.
    unchanged: Vec<Overlay>,
    builder: Builder,
}

/// Builds every overlay below the paths, `jobs` at a time; with `since`, only overlays with a file that
/// changed since that revision. An overlay whose result is cached, for the same bytes, builder and
/// settings, is not built again.
pub(super) fn build(
    paths: &[PathBuf],
    builder: Builder,
    since: Option<&str>,
    settings: &Settings,
    jobs: usize,
) -> anyhow::Result<Builds> {
    if settings.mode == Some(Mode::Suffix) {
        bail!(
            "--build: in suffix mode a name is changed inside of the build; use rollstamp as the last transformer"
        );
    }
    let mut overlays = on_disk::below(paths);
    let mut unchanged = Vec::new();
    if let Some(revision) = since {
        let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
        let changed = git::Repository::around(first)?.changed_since(revision).context("--since")?;
        // Overlays of one folder share a stamps file.
        let reads_any = |overlay: &&Overlay| overlay.reads_any(&changed);
        let folders: BTreeSet<PathBuf> =
            overlays.iter().filter(reads_any).map(|overlay| overlay.path.clone()).collect();
        (overlays, unchanged) =
            overlays.into_iter().partition(|overlay| folders.contains(&overlay.path));
    }
    // Each output is read by one thread, because many outputs are read at a time.
    let one = std::num::NonZeroUsize::MIN;
    let options = options(settings, Some(one), Goal::Check)?;
    let names = CacheNames::new(&builder, settings, &options);
    let mut digests = FileDigests::default();
    let names: Vec<Option<String>> =
        overlays.iter().map(|overlay| names.of(&digests.of(overlay)?)).collect();
    let cache = Cache::of_user();
    let progress = Progress::new(overlays.len(), "overlays");
    let summaries = parallel::map(overlays.len(), jobs, |at| {
        let known = names[at].as_ref().and_then(|name| overlays::decode(&cache.get(name)?));
        let summary = match known {
            Some(summary) => Ok(summary),
            None => sum_up(&overlays[at], &builder, &options),
        };
        if let (Some(name), Ok(summary)) = (&names[at], &summary) {
            cache.put(name, &overlays::encode(summary));
        }
        progress.step();
        summary
    });
    Ok(Builds { overlays, summaries, unchanged, builder })
}

fn sum_up(overlay: &Overlay, builder: &Builder, options: &Options) -> Result<Summary, Failure> {
    let printed = overlay.printed(builder)?;
    let outcome = reload::run(stdin::printed(printed.text.clone()), options);
    // The text is in memory, so nothing is read again.
    let outcome = outcome.map_err(|changed| Failure::NotStarted(changed.to_string()))?;
    let mut summary = overlays::summary(&outcome);
    if let Some((variables, by)) = overlay.variables() {
        printed.amend(&mut summary, &outcome, variables, by);
    }
    Ok(summary)
}

/// Computes the names of cache entries from everything on which they depend.
struct CacheNames(Option<String>);

impl CacheNames {
    fn new(builder: &Builder, settings: &Settings, options: &Options) -> Self {
        // The content of these files is not part of the settings.
        let reads_more = !settings.name_references.is_empty();
        let of_run = builder.version().filter(|_| !reads_more).map(|version| {
            let key = options.hash_key.as_ref().map_or_else(String::new, of_key);
            format!("{}\n{version}\n{settings:?}\n{key}", env!("CARGO_PKG_VERSION"))
        });
        Self(of_run)
    }

    fn of(&self, digest: &[u8; 32]) -> Option<String> {
        let mut whole = Sha256::new();
        whole.update(self.0.as_ref()?);
        whole.update([0]);
        whole.update(digest);
        let mut name = String::new();
        push_hex(&mut name, &whole.finalize());
        Some(name)
    }
}

/// A digest that distinguishes keys and does not reveal them.
fn of_key(key: &HashKey) -> String {
    let mut lines = Lines::default();
    let digest = ValueDigest::of(Target::Secret, b"rollstamp build cache", Some(key));
    lines.add(Target::Secret, "cache", "key", &digest);
    lines.stamp()
}

impl Builds {
    /// The stamps files that must change, and findings about them. `outcome` is the result for the files
    /// themselves; with `all`, workloads that a shared file stamps get a patch too.
    pub(super) fn changes(
        &self,
        outcome: &Outcome,
        annotation: &str,
        all: bool,
    ) -> (Vec<StampsChange>, Vec<Finding>) {
        let shared = overlays::in_place(outcome);
        let built = self.overlays.iter().zip(&self.summaries).map(|(overlay, summary)| {
            let shared = shared.get(&overlay.folder);
            let built =
                summary.as_ref().ok().map(|summary| BuiltOverlay { overlay, summary, shared });
            (overlay.path.as_path(), built)
        });
        stamps_file::changes(built, annotation, all)
    }

    /// The findings about the builds; about wrong stamps only with `drift`. `outcome` is the result for the
    /// files themselves: the place of a finding is the source file of the object.
    pub(super) fn findings(&self, outcome: &Outcome, drift: bool) -> Vec<Finding> {
        let built = self.overlays.iter().zip(&self.summaries);
        let kustomizations: Vec<String> =
            self.overlays.iter().map(|overlay| on_disk::name(overlay.file())).collect();
        let summaries =
            built.clone().zip(&kustomizations).filter_map(|((overlay, summary), file)| {
                Some((overlay.folder.as_str(), file.as_str(), summary.as_ref().ok()?))
            });
        let origin = |folder: &str, object: &str| overlays::origin(outcome, folder, object);
        let mut findings = overlays::findings(summaries, origin);
        findings.retain(|finding| drift || !is_drift(finding.code));
        for ((overlay, summary), file) in built.zip(&kustomizations) {
            if let Err(failure) = summary {
                findings.push(failed(&self.builder, &overlay.folder, file, failure));
            }
        }
        findings
    }

    /// Removes from an outcome the findings that the builds decide: whether files below kustomizations need
    /// other stamps, and whether their stamps are right.
    pub(super) fn answer(&self, outcome: &mut Outcome) {
        let built = self.overlays.iter().zip(&self.summaries);
        let built = built
            .filter_map(|(overlay, summary)| summary.is_ok().then_some(overlay.folder.as_str()));
        let unchanged = self.unchanged.iter().map(|overlay| overlay.folder.as_str());
        let built: BTreeSet<&str> = built.chain(unchanged).collect();
        let mut answered: BTreeSet<FileId> = BTreeSet::new();
        let is_built = |unit: &&Unit| unit.built && built.contains(unit.name.as_str());
        for unit in outcome.units.all.iter().filter(is_built) {
            answered.extend(unit.sees.iter().map(|member| member.file));
        }
        outcome.findings.retain(|finding| {
            let is_answered = finding.place.is_some_and(|place| answered.contains(&place.file));
            !(is_answered
                && (is_drift(finding.code)
                    || matches!(finding.code, Code::KustomizeSource | Code::SubstitutedValue)))
        });
        let needs = self.summaries.iter().flatten().flat_map(|summary| &summary.needs);
        let (right, wrong): (Vec<_>, Vec<_>) = needs.partition(|need| need.is_right);
        outcome.built = Some(crate::outcome::Built {
            files: answered,
            overlays: self.summaries.iter().flatten().count(),
            unchanged: self.unchanged.len(),
            failed: self.summaries.iter().filter(|summary| summary.is_err()).count(),
            right: right.len(),
            wrong: wrong.len(),
        });
    }

    /// Whether every stamp is right in the builds of this kustomization.
    fn is_right(&self, kustomization: &Path) -> bool {
        let overlays = self.overlays.iter().zip(&self.summaries);
        let mut summaries = overlays
            .filter(|(overlay, _)| overlay.path == kustomization)
            .filter_map(|(_, summary)| summary.as_ref().ok());
        let is_wrong =
            |told: &overlays::Told| is_drift(told.code) && told.severity == Severity::Error;
        summaries.all(|summary| !summary.told.iter().any(is_wrong))
    }
}

/// The finding about an overlay whose build failed.
pub(super) fn failed(builder: &Builder, folder: &str, file: &str, failure: &Failure) -> Finding {
    let command = builder.command(folder);
    let why = match failure {
        Failure::NotStarted(why) | Failure::Failed(why) => why.clone(),
        Failure::TooSlow => format!("it took longer than {} seconds", LIMIT.as_secs()),
        Failure::NotUtf8 => "its output is not UTF-8".to_owned(),
    };
    Finding::new(Code::BuildFailed, format!("`{command}` failed: {why}"))
        .in_file(file)
        .help("run the command by hand; until it works, nothing is known about this overlay")
        .refusing()
}

fn is_drift(code: Code) -> bool {
    matches!(
        code,
        Code::MissingStamp | Code::StaleStamp | Code::LeftOverStamp | Code::UnverifiableStamp
    )
}

/// The overlays to build, and the builder.
pub(super) struct BuildRequest<'a> {
    /// The files and folders whose overlays are built.
    pub(super) paths: &'a [PathBuf],
    /// The builder.
    pub(super) builder: &'a Builder,
    /// Only overlays with a file that changed since this revision are built.
    pub(super) since: Option<&'a str>,
    /// Whether workloads with the right stamp also get a patch.
    pub(super) all: bool,
}

impl Run<'_> {
    fn builds(&self, request: &BuildRequest<'_>) -> anyhow::Result<Builds> {
        let builder = request.builder.clone();
        build(request.paths, builder, request.since, &self.settings, self.options.jobs)
    }

    /// Builds the overlays, and returns the stamps files that must change in addition to the changes of the
    /// outcome.
    pub(super) fn build(
        &mut self,
        request: &BuildRequest<'_>,
    ) -> anyhow::Result<Vec<StampsChange>> {
        let builds = self.builds(request)?;
        let annotation = &self.options.annotation;
        let (changes, mut findings) = builds.changes(&self.outcome, annotation, request.all);
        findings.extend(builds.findings(&self.outcome, false));
        builds.answer(&mut self.outcome);
        self.outcome.add(findings);
        Ok(changes)
    }

    /// Builds the overlays again, and reports stamps that are not right although all were written.
    pub(super) fn prove(&mut self, request: &BuildRequest<'_>) -> anyhow::Result<()> {
        let builds = self.builds(request)?;
        let mut findings = builds.findings(&self.outcome, true);
        findings.retain(|finding| {
            // A build that already failed before the stamps were written has its finding.
            let is_known = finding.code == Code::BuildFailed
                && self
                    .outcome
                    .findings
                    .iter()
                    .any(|known| known.code == Code::BuildFailed && known.file == finding.file);
            let matters = is_drift(finding.code) || finding.code == Code::BuildFailed;
            matters && !is_known && finding.severity == Severity::Error
        });
        for finding in &mut findings {
            finding.refuses = true;
        }
        builds.answer(&mut self.outcome);
        self.outcome.add(findings);
        Ok(())
    }

    /// Builds the overlays, and reports problems of the builds and of their stamps files.
    pub(super) fn check_builds(&mut self, request: &BuildRequest<'_>) -> anyhow::Result<()> {
        let builds = self.builds(request)?;
        let annotation = &self.options.annotation;
        let (changes, mut findings) = builds.changes(&self.outcome, annotation, request.all);
        // A missing or stale stamp in a build already reports this.
        let left = changes.iter().filter(|change| builds.is_right(&change.kustomization));
        findings.extend(left.map(StampsChange::finding));
        findings.extend(builds.findings(&self.outcome, true));
        builds.answer(&mut self.outcome);
        self.outcome.add(findings);
        Ok(())
    }
}
