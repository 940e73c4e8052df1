//! `--build`: runs a builder over overlays, and holds what it prints against what is written down.

use super::Exit;
use super::args::Common;
use super::run::{Run, print, start};
use super::settings::options;
use crate::config::options::{Goal, Mode, Options};
use crate::config::settings::Settings;
use crate::digest::{HashKey, Lines, ValueDigest};
use crate::finding::{Code, Finding, Severity};
use crate::io::builds::{Builder, Failure, LIMIT};
use crate::io::cache::Cache;
use crate::io::overlays::{self as on_disk, Overlay, Prints};
use crate::io::progress::Progress;
use crate::io::{files, git, reload, stdin, write};
use crate::k8s::providers::Target;
use crate::outcome::{Built, Outcome};
use crate::overlays::{self, Summary};
use crate::parallel;
use crate::patches::{self, Wiring};
use crate::report::Verb;
use crate::scope::Unit;
use crate::text::FileId;
use crate::yaml::EditSet;
use anyhow::{Context, anyhow, bail};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// What the overlays below the named paths build.
pub(super) struct Builds {
    overlays: Vec<Overlay>,
    /// One entry for each overlay.
    summaries: Vec<Result<Summary, Failure>>,
    /// The overlays that were left out, because none of their files changed.
    unchanged: Vec<Overlay>,
    builder: Builder,
}

/// A stamps file that changes, with its entry in the kustomization.
pub(super) struct Change {
    /// The folder of the overlay.
    folder: String,
    stamps: PathBuf,
    before: Option<String>,
    after: Option<String>,
    kustomization: PathBuf,
    text: String,
    edits: EditSet,
}

/// Builds every overlay below the paths, `jobs` at a time; with `since`, only those of which a file
/// changed since that revision. An overlay that was built before, from the same bytes by the same builder
/// under the same settings, is not built again.
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
        (overlays, unchanged) =
            overlays.into_iter().partition(|overlay| overlay.reads_any(&changed));
    }
    // Each build is read by one thread, because many are read at a time.
    let one = std::num::NonZeroUsize::MIN;
    let options = options(settings, Some(one), Goal::Check)?;
    let names = Names::new(&builder, settings, &options);
    let mut prints = Prints::default();
    let names: Vec<Option<String>> =
        overlays.iter().map(|overlay| names.of(&prints.of(overlay)?)).collect();
    let cache = Cache::of_user();
    let progress = Progress::new(overlays.len(), "overlays");
    let summaries = parallel::map(overlays.len(), jobs, |at| {
        let known = names[at].as_ref().and_then(|name| overlays::decode(&cache.get(name)?));
        let summary = match known {
            Some(summary) => Ok(summary),
            None => builder.run(&overlays[at].folder).and_then(|text| sum_up(text, &options)),
        };
        if let (Some(name), Ok(summary)) = (&names[at], &summary) {
            cache.put(name, &overlays::encode(summary));
        }
        progress.step();
        summary
    });
    Ok(Builds { overlays, summaries, unchanged, builder })
}

fn sum_up(text: String, options: &Options) -> Result<Summary, Failure> {
    let outcome = reload::run(stdin::printed(text), options);
    // The text is in memory, so nothing is read again.
    let outcome = outcome.map_err(|changed| Failure::NotStarted(changed.to_string()))?;
    Ok(overlays::summary(&outcome))
}

/// Names entries of the cache by all that they depend on.
struct Names(Option<String>);

impl Names {
    fn new(builder: &Builder, settings: &Settings, options: &Options) -> Self {
        // What these files say is not among the settings.
        let reads_more = !settings.name_references.is_empty();
        let of_run = builder.version().filter(|_| !reads_more).map(|version| {
            let key = options.hash_key.as_ref().map_or_else(String::new, of_key);
            format!("{}\n{version}\n{settings:?}\n{key}", env!("CARGO_PKG_VERSION"))
        });
        Self(of_run)
    }

    fn of(&self, print: &[u8; 32]) -> Option<String> {
        let mut whole = Sha256::new();
        whole.update(self.0.as_ref()?);
        whole.update([0]);
        whole.update(print);
        let mut name = String::new();
        for byte in whole.finalize() {
            let _ = write!(name, "{byte:02x}");
        }
        Some(name)
    }
}

/// Tells keys apart without saying anything about them.
fn of_key(key: &HashKey) -> String {
    let mut lines = Lines::default();
    let digest = ValueDigest::of(Target::Secret, b"rollstamp build cache", Some(key));
    lines.add(Target::Secret, "cache", "key", &digest);
    lines.stamp()
}

impl Builds {
    /// Which stamps files must change, and what is wrong with them. `outcome` is what the files
    /// themselves come to; `all` gives a patch to workloads that a shared file stamps as well.
    pub(super) fn changes(
        &self,
        outcome: &Outcome,
        annotation: &str,
        all: bool,
    ) -> (Vec<Change>, Vec<Finding>) {
        let shared = overlays::in_place(outcome);
        let (mut changes, mut findings) = (Vec::new(), Vec::new());
        for (overlay, summary) in self.overlays.iter().zip(&self.summaries) {
            let Ok(summary) = summary else { continue };
            let shared = shared.get(&overlay.folder);
            match change(overlay, summary, shared, annotation, all) {
                Ok(change) => changes.extend(change),
                Err(finding) => findings.push(finding),
            }
        }
        (changes, findings)
    }

    /// What to say about the builds; of stamps that are not right only with `drift`. `outcome` is what the
    /// files themselves come to: a finding points at the file that the object was made of.
    pub(super) fn findings(&self, outcome: &Outcome, drift: bool) -> Vec<Finding> {
        let built = self.overlays.iter().zip(&self.summaries);
        let kustomizations: Vec<String> =
            self.overlays.iter().map(|overlay| on_disk::name(&overlay.path)).collect();
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

    /// Takes out of an outcome what the builds answer: whether files below kustomizations need other
    /// stamps, and whether their stamps are right.
    pub(super) fn answer(&self, outcome: &mut Outcome) {
        let built = self.overlays.iter().zip(&self.summaries);
        let built = built
            .filter_map(|(overlay, summary)| summary.is_ok().then_some(overlay.folder.as_str()));
        let unchanged = self.unchanged.iter().map(|overlay| overlay.folder.as_str());
        let built: BTreeSet<&str> = built.chain(unchanged).collect();
        let mut answered: BTreeSet<FileId> = BTreeSet::new();
        let is_built = |unit: &&Unit| {
            let mut overlays = unit.overlays.iter();
            unit.built && unit.as_built && overlays.all(|name| built.contains(name.as_str()))
        };
        for unit in outcome.units.all.iter().filter(is_built) {
            answered.extend(unit.sees.iter().map(|member| member.file));
        }
        outcome.findings.retain(|finding| {
            let is_answered = finding.place.is_some_and(|place| answered.contains(&place.file));
            !(is_answered && (is_drift(finding.code) || finding.code == Code::KustomizeSource))
        });
        let needs = self.summaries.iter().flatten().flat_map(|summary| &summary.needs);
        let (right, wrong): (Vec<_>, Vec<_>) = needs.partition(|need| need.is_right);
        outcome.built = Some(Built {
            files: answered,
            overlays: self.summaries.iter().flatten().count(),
            unchanged: self.unchanged.len(),
            right: right.len(),
            wrong: wrong.len(),
        });
    }

    /// Whether every stamp is right in what this overlay builds.
    fn is_right(&self, folder: &str) -> bool {
        let at = self.overlays.iter().position(|overlay| overlay.folder == folder);
        let summary = at.and_then(|at| self.summaries[at].as_ref().ok());
        summary.is_none_or(|summary| {
            let mut told = summary.told.iter();
            told.all(|told| !(is_drift(told.code) && told.severity == Severity::Error))
        })
    }
}

/// What to say about an overlay that was not built.
pub(super) fn failed(builder: &Builder, folder: &str, file: &str, failure: &Failure) -> Finding {
    let command = builder.command(folder);
    let why = match failure {
        Failure::NotStarted(why) | Failure::Failed(why) => why.clone(),
        Failure::TooSlow => format!("it took longer than {} seconds", LIMIT.as_secs()),
        Failure::NotUtf8 => "what it prints is not UTF-8".to_owned(),
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

/// What `strip` changes: stamps files of ours go, with their entries.
pub(super) fn strip(paths: &[PathBuf], annotation: &str) -> (Vec<Change>, Vec<Finding>) {
    let (mut changes, mut findings) = (Vec::new(), Vec::new());
    for overlay in on_disk::below(paths) {
        match change(&overlay, &Summary::default(), None, annotation, false) {
            Ok(change) => changes.extend(change),
            Err(finding) => findings.push(finding),
        }
    }
    (changes, findings)
}

/// `rollstamp patches`: the stamps file of one overlay from what its builder printed, on the standard
/// input.
pub(super) fn patches(
    folder: &Path,
    wire: bool,
    show_diffs: bool,
    all: bool,
    common: &Common,
) -> anyhow::Result<Exit> {
    let Some(overlay) = on_disk::of(folder) else {
        bail!("{} holds no kustomization: name the folder of the overlay", folder.display());
    };
    let Some(mut run) = start(&[], common, Verb::Write, Goal::Stamp)? else {
        return Ok(Exit::Trouble);
    };
    let summary = overlays::summary(&run.outcome);
    let made = change(&overlay, &summary, None, &run.options.annotation, all);
    let mut lines = Vec::new();
    match made {
        Err(finding) => run.outcome.add(vec![finding]),
        Ok(None) => {}
        Ok(Some(mut change)) => {
            if !wire && !change.edits.is_empty() {
                change.edits = EditSet::default();
                run.outcome.add(vec![change.not_named()]);
            }
            if run.outcome.refused() {
                run.say("rollstamp: refused; nothing was written");
            } else if show_diffs {
                print(|out| common.output.diffs(&mut std::iter::once(change.diff()), out))?;
            } else {
                let findings = change.write();
                if findings.is_empty() {
                    lines.push(change.line());
                }
                run.outcome.add(findings);
            }
        }
    }
    run.say_findings()?;
    if !common.quiet {
        lines.iter().for_each(|line| run.say(line));
    }
    Ok(run.exit())
}

/// `rollstamp patches --for-helmrelease`: the stamps of a rendered release as patches for
/// `spec.postRenderers` of a Flux HelmRelease.
pub(super) fn for_helm_release(common: &Common) -> anyhow::Result<Exit> {
    let Some(mut run) = start(&[], common, Verb::Write, Goal::Stamp)? else {
        return Ok(Exit::Trouble);
    };
    run.say_findings()?;
    if run.outcome.refused() {
        run.say("rollstamp: refused; nothing was printed");
        return Ok(Exit::Trouble);
    }
    let needs = overlays::summary(&run.outcome).needs;
    let stamped: Vec<patches::Patch> = needs.into_iter().map(|need| need.patch).collect();
    let block = patches::post_renderers(&stamped, &run.options.annotation);
    let block = block.map_err(|nameless| {
        anyhow!("a {} without a name (`generateName`): no patch can name it", nameless.kind)
    })?;
    print(|out| out.write_all(block.as_bytes()))?;
    Ok(Exit::Clean)
}

/// What must change for one overlay; nothing if all is as it should be.
fn change(
    overlay: &Overlay,
    summary: &Summary,
    shared: Option<&BTreeMap<overlays::Key, Vec<patches::Stamp>>>,
    annotation: &str,
    all: bool,
) -> Result<Option<Change>, Finding> {
    let stamps = overlay.path.with_file_name(patches::FILE_NAME);
    let before = files::text(&stamps).ok();
    let entries = match &before {
        None => Vec::new(),
        Some(text) => patches::read(text, annotation).ok_or_else(|| {
            let name = on_disk::name(&stamps);
            let message = format!("{name} is not as rollstamp makes it; it is left alone");
            Finding::new(Code::EditRefused, message)
                .in_file(name)
                .help("move what was written by hand to another file and delete this one")
                .refusing()
        })?,
    };
    let wanted = overlays::patches(summary, shared, &entries, all);
    let after = match wanted.is_empty() {
        true => None,
        false => Some(patches::write(&wanted, annotation).map_err(|nameless| {
            let message = format!(
                "a {} without a name (`generateName`) has no stamp, and no patch can name it",
                nameless.kind
            );
            Finding::new(Code::EditRefused, message)
                .in_file(on_disk::name(&overlay.path))
                .help("give it a name, or stamp what the builder prints: `… | rollstamp`")
        })?),
    };
    let wiring = match after {
        Some(_) => patches::wire(&overlay.text, patches::FILE_NAME),
        None => patches::unwire(&overlay.text, patches::FILE_NAME),
    };
    let wiring = wiring.map_err(|refusal| {
        let name = on_disk::name(&overlay.path);
        let at = crate::text::position(&overlay.text, refusal.at.start as usize);
        let message = format!(
            "{name}:{}:{}: `transformers` cannot be edited: {}",
            at.line, at.column, refusal.message
        );
        Finding::new(Code::EditRefused, message)
            .in_file(name)
            .help(format!("name {} there by hand as the last transformer", patches::FILE_NAME))
            .refusing()
    })?;
    let edits = match wiring {
        Wiring::Done => EditSet::default(),
        Wiring::Edit(edit) => EditSet::new(vec![edit]).unwrap_or_default(),
    };
    // A checkout may end lines in another way.
    let same = |text: &String| text.replace("\r\n", "\n");
    let is_same = before.as_ref().map(same) == after.as_ref().map(same);
    if is_same && edits.is_empty() {
        return Ok(None);
    }
    Ok(Some(Change {
        folder: overlay.folder.clone(),
        stamps,
        after: if is_same { before.clone() } else { after },
        before,
        kustomization: overlay.path.clone(),
        text: overlay.text.clone(),
        edits,
    }))
}

impl Change {
    /// Writes it: the file before its entry, and the other way round where both go, so that no
    /// kustomization names a file that is not there.
    pub(super) fn write(&self) -> Vec<Finding> {
        let file = || {
            let name = on_disk::name(&self.stamps);
            write::file(&self.stamps, &name, self.before.as_deref(), self.after.as_deref())
        };
        let entry = || {
            let name = on_disk::name(&self.kustomization);
            write::all(&[write::Replacement {
                path: &self.kustomization,
                name: &name,
                before: &self.text,
                edits: &self.edits,
                kind: write::Together::Alone,
            }])
            .1
        };
        let mut findings = Vec::new();
        if self.after.is_some() {
            findings.extend(file());
            if findings.is_empty() && !self.edits.is_empty() {
                findings.extend(entry());
            }
        } else {
            if !self.edits.is_empty() {
                findings.extend(entry());
            }
            if findings.is_empty() {
                findings.extend(file());
            }
        }
        findings
    }

    /// A line for people: `overlays/prod/stamps.rollstamp.yaml: 2 stamps`.
    pub(super) fn line(&self) -> String {
        let name = on_disk::name(&self.stamps);
        match &self.after {
            None => format!("{name}: removed"),
            Some(text) => {
                let stamps = text.matches("\n---\n").count();
                format!("{name}: {}", crate::report::count(stamps, "stamp"))
            }
        }
    }

    /// The finding of `patches` without `--wire`.
    fn not_named(&self) -> Finding {
        let name = on_disk::name(&self.kustomization);
        let mut finding = match self.after {
            Some(_) => Finding::new(
                Code::UnwiredPatches,
                format!(
                    "{name} does not name {}, so its stamps have no effect",
                    patches::FILE_NAME
                ),
            )
            .help("add --wire, or name it there by hand as the last entry of `transformers`"),
            None => Finding::new(
                Code::UnwiredPatches,
                format!("{name} names {}, which holds no stamp any more", patches::FILE_NAME),
            )
            .help("add --wire, or take the entry out of `transformers` by hand"),
        };
        finding = finding.in_file(name);
        finding.severity = Severity::Warning;
        finding
    }

    /// The finding of `check`.
    pub(super) fn finding(&self) -> Finding {
        let name = on_disk::name(&self.stamps);
        let (code, message) = match (&self.before, &self.after) {
            (Some(_), None) => {
                (Code::OrphanPatches, format!("{name} has stamps that no workload needs"))
            }
            (Some(before), Some(after)) if before == after => (
                Code::UnwiredPatches,
                format!("{} does not name {}", self.folder, patches::FILE_NAME),
            ),
            (Some(_), _) => {
                (Code::OrphanPatches, format!("{name} has other stamps than it should have"))
            }
            (None, _) => {
                (Code::UnwiredPatches, format!("{} needs a {}", self.folder, patches::FILE_NAME))
            }
        };
        Finding::new(code, message)
            .in_file(name)
            .help("run `rollstamp write --build` with the same builder and paths")
    }

    /// What would change, as a unified diff without context: a kustomization can hold values of
    /// Secrets.
    pub(super) fn diff(&self) -> String {
        let mut diff = String::new();
        let before = self.before.as_deref().unwrap_or_default();
        let after = self.after.as_deref().unwrap_or_default();
        let exists = (self.before.is_some(), self.after.is_some());
        diff += &crate::report::diff::of_texts(&on_disk::name(&self.stamps), before, after, exists);
        let wired = self.edits.apply(&self.text);
        let name = on_disk::name(&self.kustomization);
        diff += &crate::report::diff::of_texts(&name, &self.text, &wired, (true, true));
        diff
    }
}

/// What is built, and of what.
pub(super) struct Asked<'a> {
    pub(super) paths: &'a [PathBuf],
    pub(super) builder: &'a Builder,
    /// The revision since which a file of an overlay must have changed.
    pub(super) since: Option<&'a str>,
    /// Whether workloads get a patch as well that come with the right stamp.
    pub(super) all: bool,
}

impl Run<'_> {
    fn builds(&self, asked: &Asked<'_>) -> anyhow::Result<Builds> {
        let builder = asked.builder.clone();
        build(asked.paths, builder, asked.since, &self.settings, self.options.jobs)
    }

    /// Builds the overlays, and says which stamps files must change beside what the outcome changes.
    pub(super) fn build(&mut self, asked: &Asked<'_>) -> anyhow::Result<Vec<Change>> {
        let builds = self.builds(asked)?;
        let annotation = &self.options.annotation;
        let (changes, mut findings) = builds.changes(&self.outcome, annotation, asked.all);
        findings.extend(builds.findings(&self.outcome, false));
        builds.answer(&mut self.outcome);
        self.outcome.add(findings);
        Ok(changes)
    }

    /// Builds the overlays again, and says which stamps are not right although all were written.
    pub(super) fn prove(&mut self, asked: &Asked<'_>) -> anyhow::Result<()> {
        let builds = self.builds(asked)?;
        let mut findings = builds.findings(&self.outcome, true);
        findings.retain(|finding| {
            let is_known =
                self.outcome.findings.iter().any(|known| known.message == finding.message);
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

    /// Builds the overlays, and says what is not right in what they build and in their stamps files.
    pub(super) fn check_builds(&mut self, asked: &Asked<'_>) -> anyhow::Result<()> {
        let builds = self.builds(asked)?;
        let annotation = &self.options.annotation;
        let (changes, mut findings) = builds.changes(&self.outcome, annotation, asked.all);
        // A stamp that is missing or stale in a build says it already.
        let left = changes.iter().filter(|change| builds.is_right(&change.folder));
        findings.extend(left.map(Change::finding));
        findings.extend(builds.findings(&self.outcome, true));
        builds.answer(&mut self.outcome);
        self.outcome.add(findings);
        Ok(())
    }
}
