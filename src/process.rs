//! Calls the stages in order: from the loaded texts to an [`Outcome`]. No I/O.
//!
//! Texts that are no longer in memory are needed again at two moments: before the decisions
//! ([`Read::wanted`]) and before the edits ([`Decided::wanted`]). These methods return the list of
//! texts, and `io` reads them.

use crate::config::options::{Goal, Options};
use crate::edit::{self, Proofs};
use crate::extract::{self, Facts, Manifests, Mention, Part, UnreadableText};
use crate::finding::silence::{self, Silenced};
use crate::finding::{self, Code, Finding, Severity};
use crate::outcome::Outcome;
use crate::parallel;
use crate::plan::unread::UnnamedSources;
use crate::plan::{self, Plan};
use crate::rename::{self, Renames};
use crate::resolve::index;
use crate::scope::kustomize::{self, Kustomizations};
use crate::scope::{self, Units};
use crate::text::input::{Found, Input, Skipped};
use crate::text::{FileId, Place, Span, Texts, offset};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The input of a run: the texts, and findings about files that could not be read.
#[derive(Default)]
pub struct Loaded {
    /// The files, in the order of the arguments and then of the file names.
    pub inputs: Vec<Input>,
    /// Their texts, if they are in memory.
    pub texts: Texts,
    /// The facts of the texts that were read during loading; the last ones may be missing.
    pub facts: Vec<Option<Facts>>,
    /// The kustomizations that include one of the files.
    pub kustomizations: Kustomizations,
    /// The files that were skipped before they were read.
    pub skipped: Skipped,
    /// The findings about files that could not be read.
    pub findings: Vec<Finding>,
}

impl Loaded {
    /// Adds a file with its text, or with its facts if the text is not kept.
    pub fn push(&mut self, input: Input, text: Option<Cow<'static, str>>, facts: Option<Facts>) {
        self.facts.push(facts);
        self.inputs.push(input);
        self.texts.push(text);
    }
}

/// The facts of a run.
pub struct Read {
    /// All facts, without the output of generators.
    pub manifests: Manifests,
    /// The texts that are in memory.
    pub texts: Texts,
    kustomizations: Kustomizations,
    findings: Vec<Finding>,
    /// Problems that an apply of the objects would have.
    hints: Vec<Finding>,
    /// The findings about files that could not be read.
    unreadable: Vec<Finding>,
    skipped: Skipped,
}

/// The texts that are needed before the decisions, and for what.
pub struct Wanted {
    /// The files that kustomizations include.
    included: BTreeSet<FileId>,
    /// The names that are about to change: every mention of them in any text must be known.
    names: BTreeSet<String>,
}

/// The findings of the pass over one text.
pub struct Seen {
    build: Option<kustomize::IncludedText>,
    mentions: Vec<Mention>,
    /// The names in a text that could not be read.
    unread: BTreeSet<String>,
}

/// All decisions of a run. Nothing is edited yet.
pub struct Decided {
    /// The facts of all texts.
    pub manifests: Manifests,
    /// The texts that are in memory.
    pub texts: Texts,
    units: Units,
    plan: Plan,
    renames: Renames,
    /// The sources that no reference names: their names are searched for in the texts.
    unnamed: UnnamedSources,
    findings: Vec<Finding>,
    unreadable: Vec<Finding>,
    skipped: Skipped,
}

/// Extracts the facts of every text that has none yet, and frees the texts that can be read again.
pub fn read(loaded: Loaded, options: &Options) -> Read {
    let Loaded { inputs, mut texts, facts, kustomizations, mut skipped, findings: unreadable } =
        loaded;
    let mut facts = local(&texts, facts, options);
    let mut findings = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        let file = FileId(offset(number));
        settle(file, input, &mut facts[number], &mut findings, &mut skipped);
        if input.fingerprint.is_some() {
            texts.forget(file);
        }
    }
    let files = inputs.into_iter().zip(facts);
    let (manifests, said, hints) = Manifests::of(files, options.namespace.as_deref());
    // `strip` removes a stamp even if there are other problems.
    if options.goal != Goal::Strip {
        findings.extend(said);
    }
    Read { manifests, texts, kustomizations, findings, hints, unreadable, skipped }
}

impl Read {
    /// The texts that are needed before the decisions.
    pub fn wanted(&self, options: &Options) -> Wanted {
        Wanted {
            included: match options.goal {
                Goal::Strip => BTreeSet::new(),
                Goal::Stamp | Goal::Check => self.kustomizations.included(),
            },
            names: rename::names(&self.manifests, options),
        }
    }
}

impl Wanted {
    /// The files of these texts.
    pub fn files(&self, manifests: &Manifests) -> Vec<FileId> {
        let is_wanted = |file: &FileId| !self.names.is_empty() || self.included.contains(file);
        manifests.files().filter(is_wanted).collect()
    }

    /// Reads the text of one of these files.
    pub fn look(&self, manifests: &Manifests, file: FileId, text: &str, options: &Options) -> Seen {
        let has_objects = !manifests[file].objects.is_empty();
        let is_included = self.included.contains(&file);
        let mut seen = Seen {
            build: is_included.then(|| kustomize::IncludedText::at(text, has_objects)),
            mentions: Vec::new(),
            unread: BTreeSet::new(),
        };
        match manifests[file].unread {
            true => seen.unread = extract::words(text, &self.names),
            false => seen.mentions = extract::mentions(file, text, options, &self.names),
        }
        seen
    }
}

/// Makes all decisions: the apply units, the source of each name, the sources that are renamed, and
/// the changes of each pod template. `seen` has an entry for each [wanted](Read::wanted) text.
pub fn decide(
    read: Read,
    wanted: &Wanted,
    seen: BTreeMap<FileId, Seen>,
    options: &Options,
) -> Decided {
    let Read { manifests, texts, kustomizations, mut findings, hints, unreadable, skipped } = read;
    let mut looks = BTreeMap::new();
    let mut mentions = Vec::new();
    let mut unread = BTreeMap::new();
    for (file, seen) in seen {
        looks.extend(seen.build.map(|look| (file, look)));
        unread.extend(seen.unread.into_iter().map(|name| (name, file)));
        mentions.extend(seen.mentions);
    }
    let (units, generated) =
        kustomize::units(&manifests, &kustomizations, &looks, options, |raw| {
            scope::assign(&manifests, options.unit, &options.rules.units, raw)
        });
    let manifests = match options.goal {
        Goal::Strip => manifests,
        Goal::Stamp | Goal::Check => manifests.with(generated.0, kustomizations.secrets()),
    };
    let (index, found) = index::build(&manifests, &units, options);
    if options.goal != Goal::Strip {
        findings.extend(found);
        // A file that an overlay changes may be applied otherwise than written.
        let applies = |hint: &Finding| {
            hint.place.is_none_or(|place| units.applies_as_written(&manifests, place.file))
        };
        findings.extend(hints.into_iter().filter(applies));
    }
    let (renames, found) = match wanted.names.is_empty() {
        true => (Renames::default(), Vec::new()),
        false => rename::decide(&manifests, &mentions, &unread, &units, &index, options),
    };
    findings.extend(found);
    let (plan, found) = plan::decide(&manifests, &units, &index, &renames, options);
    findings.extend(found);
    if options.goal == Goal::Stamp {
        let not_written = plan.workloads.iter();
        findings.extend(not_written.filter_map(|planned| plan::not_written(&manifests, planned)));
    }
    let mut unnamed = UnnamedSources::default();
    if options.goal == Goal::Check {
        // The findings of `check` only: stamps that are not right, and sources that nothing reads.
        let drift = plan.workloads.iter();
        findings.extend(drift.filter_map(|planned| plan::drift(&manifests, planned)));
        let marks = plan.workloads.iter();
        findings.extend(marks.filter_map(|planned| plan::stale_marks(&manifests, planned)));
        unnamed = UnnamedSources::of(&manifests, &units);
    }
    Decided { manifests, texts, units, plan, renames, unnamed, findings, unreadable, skipped }
}

impl Decided {
    /// The files that change; their texts are needed, and stay in memory.
    pub fn wanted(&self) -> BTreeSet<FileId> {
        edit::wanted(&self.manifests, &self.plan, &self.renames)
    }

    /// The sources that no reference names: their [files](UnnamedSources::files) are searched.
    pub fn unnamed(&self) -> &UnnamedSources {
        &self.unnamed
    }
}

/// Edits the texts, checks the edits, and completes the findings. `said` has the names that each
/// searched text [contains](UnnamedSources::said_in). Edits in `proofs` are not checked again.
pub fn edit(
    decided: Decided,
    said: &BTreeMap<FileId, BTreeSet<String>>,
    proofs: Option<&Proofs>,
    options: &Options,
) -> Outcome {
    let Decided { manifests, texts, units, plan, mut renames, unnamed, mut findings, .. } = decided;
    findings.extend(unnamed.findings(&manifests, said));
    let (changes, found) = edit::edits(&manifests, &texts, &plan, &renames, proofs, options);
    renames.edits = Vec::new();
    findings.extend(found);
    let marks = |file: FileId| manifests[file].marks.as_slice();
    let Silenced { count: silenced, by_rule } =
        silence::apply(&options.rules.findings, marks, &mut findings);
    if options.goal == Goal::Check {
        findings.extend(plan::rules::without_effect(&manifests, options, &by_rule));
    }
    if options.strict {
        for finding in &mut findings {
            // A problem that `check` should find is not a refusal.
            let drift = matches!(
                finding.code,
                Code::MissingStamp
                    | Code::StaleStamp
                    | Code::LeftOverStamp
                    | Code::StaleName
                    | Code::ForeignStale
            );
            finding.refuses |= finding.severity == Severity::Error && !drift;
        }
    }
    // Findings about unreadable files do not depend on the configuration.
    findings.extend(decided.unreadable);
    finding::sort(&mut findings);
    let skipped = decided.skipped;
    Outcome {
        manifests,
        texts,
        units,
        plan,
        renames,
        changes,
        findings,
        silenced,
        skipped,
        built: None,
        written: BTreeMap::new(),
    }
}

/// Extracts the facts of every text that has none yet, large texts in parts, on the requested
/// number of threads; the result is in the order of the input.
fn local(texts: &Texts, mut known: Vec<Option<Facts>>, options: &Options) -> Vec<Facts> {
    let mut parts: Vec<(usize, &str, Span)> = Vec::new();
    for (i, _) in known.iter().enumerate().filter(|(_, facts)| facts.is_none()) {
        let text = texts.get(FileId(offset(i))).unwrap_or_default();
        parts.extend(extract::parts(text).into_iter().map(|part| (i, text, part)));
    }
    let read = |at: usize| {
        let (i, text, part) = parts[at];
        extract::extract_part(FileId(offset(i)), Part::of(text, part), options)
    };
    let mut read = parallel::map(parts.len(), options.jobs, read).into_iter();
    for of_text in parts.chunk_by(|a, b| a.0 == b.0) {
        let (i, text, _) = of_text[0];
        let facts = extract::join(read.by_ref().take(of_text.len()));
        known[i] = Some(facts.seen(text, &options.annotation));
    }
    known.into_iter().map(Option::unwrap_or_default).collect()
}

/// Handles a text that cannot be read or is not a manifest: a named file is an error; a file found
/// in a folder is skipped and counted.
fn settle(
    file: FileId,
    input: &Input,
    facts: &mut Facts,
    findings: &mut Vec<Finding>,
    skipped: &mut Skipped,
) {
    let unread = Facts { unread: true, marks: facts.marks.clone(), ..Facts::default() };
    if !input.is_looked_at() {
        // The file was not named, so it has no finding; workloads that need it are not stamped.
        if facts.ytt || facts.broken.is_some() {
            *facts = unread;
        }
        return;
    }
    if facts.unread {
        // It was read only for the names in it, and it already has a finding.
        return;
    }
    let walked = matches!(input.found, Found::Walked(_) | Found::Built);
    if facts.ytt && input.found != Found::Stream {
        if walked {
            skipped.ytt += 1;
        } else {
            let message = "a ytt program: its `#@` comments are code";
            findings.push(
                Finding::new(Code::UnsupportedYaml, message)
                    .at(Place { file, span: Span { start: 0, end: 0 } })
                    .help("render it first: `ytt -f FILE | rollstamp`")
                    .refusing(),
            );
        }
        *facts = unread;
        return;
    }
    let Some(error) = facts.broken.take() else {
        if walked && facts.object_count == 0 {
            skipped.without_objects += 1;
        }
        return;
    };
    let looks = facts.looks;
    *facts = unread;
    let code = if error.refused { Code::UnsupportedYaml } else { Code::YamlSyntax };
    let place = Place { file, span: Span { start: error.at, end: error.at } };
    if !walked {
        findings.push(Finding::new(code, error.message).at(place).refusing());
        return;
    }
    match looks {
        UnreadableText::Template => skipped.templates += 1,
        UnreadableText::Manifest => {
            skipped.unreadable += 1;
            findings.push(
                Finding::new(Code::BrokenManifest, format!("left alone: {}", error.message))
                    .at(place)
                    .help("correct it, or leave it out with --exclude")
                    .refusing(),
            );
        }
        UnreadableText::Other => skipped.unreadable += 1,
    }
}
