//! The stages in order: texts in, an [`Outcome`] out. No I/O.

use crate::config::options::{Goal, Options};
use crate::config::policy;
use crate::edit::{self};
use crate::extract::{self, Facts};
use crate::finding::{Code, Finding, Severity};
use crate::outcome::Outcome;
use crate::plan::unread;
use crate::plan::{self};
use crate::rename::{self, Renames};
use crate::resolve::index;
use crate::scope::kustomize::{self, Kustomizations};
use crate::scope::{self, Units};
use crate::text::input::{Found, Input, Skipped};
use crate::text::{Changed, FileId, Place, Span, offset};
use crate::{parallel, yaml};

/// What a run starts from: the texts, and what could not be read.
#[derive(Default)]
pub struct Loaded {
    /// The texts, in the order of the arguments and then of the file names.
    pub inputs: Vec<Input>,
    /// What they say, of those that were read while they came in; the last ones may be missing.
    pub facts: Vec<Option<Facts>>,
    /// The kustomizations that reach one of the texts.
    pub kustomizations: Kustomizations,
    /// What was walked past before it was read.
    pub skipped: Skipped,
    /// What could not be read.
    pub findings: Vec<Finding>,
}

impl Loaded {
    /// Adds a text, and what it says if that is known.
    pub fn push(&mut self, input: Input, facts: Option<Facts>) {
        self.facts.resize_with(self.inputs.len(), || None);
        self.facts.push(facts);
        self.inputs.push(input);
    }
}

/// Runs the stages.
///
/// # Errors
/// When a text must be read again for one of them, and is not what it was.
pub fn run(loaded: Loaded, options: &Options) -> Result<Outcome, Changed> {
    let Loaded { mut inputs, facts: known, kustomizations, mut skipped, findings: unreadable } =
        loaded;
    let mut facts = local(&inputs, known, options)?;
    let mut findings = Vec::new();
    for (file, input) in inputs.iter().enumerate() {
        settle_text(file, input, &mut facts[file], &mut findings, &mut skipped)?;
    }
    for (input, facts) in inputs.iter_mut().zip(&mut facts) {
        let dropped = input.file.text.forget();
        facts.marked |= dropped.is_some_and(|text| policy::has_marks(&text));
    }
    let units = kustomize::units(&inputs, &mut facts, &kustomizations, options, |raw| {
        scope::assign(&inputs, options.unit, &options.rules.units, raw)
    })?;
    let (index, found) = index::build(&facts, &units, options);
    if options.goal != Goal::Strip {
        let named = inputs.iter().zip(&mut facts);
        let named = named.filter(|(input, _)| input.found != Found::Context);
        findings.extend(named.flat_map(|(_, facts)| std::mem::take(&mut facts.findings)));
        findings.extend(found);
        for (file, (input, facts)) in inputs.iter().zip(&mut facts).enumerate() {
            // What an overlay changes may not be applied as it is written.
            if input.found != Found::Context && units.applies_as_written(file) {
                findings.append(&mut facts.hints);
            }
        }
    }
    let (renames, found) = names(&inputs, &mut facts, &units, options)?;
    findings.extend(found);
    let index = match renames {
        Some(_) => index::build(&facts, &units, options).0,
        None => index,
    };
    let as_written = renames.is_none();
    let renames = renames.unwrap_or_default();
    let (plan, found) = plan::decide(&inputs, &facts, &units, &index, options);
    findings.extend(found);
    if options.goal == Goal::Check {
        // What `check` finds beyond what every verb says: stamps that are not right, and sources
        // that nobody reads.
        let drift = plan.workloads.iter();
        findings.extend(drift.filter_map(|planned| plan::drift(&inputs, &facts, planned)));
        findings.extend(unread::unread(&facts, &inputs, &units, as_written, options.jobs)?);
    }
    // Nobody asks for sources by name any more.
    drop(index);
    let (changes, found) = edit::render(&inputs, &facts, &plan, &renames, options);
    findings.extend(found);
    let may_have_marks = |file: usize| facts[file].marked;
    policy::apply(&options.rules, &inputs, may_have_marks, &mut findings)?;
    if options.strict {
        for finding in &mut findings {
            // What `check` is there to find is no refusal.
            let drift = matches!(
                finding.code,
                Code::MissingStamp | Code::StaleStamp | Code::LeftOverStamp | Code::StaleName
            );
            finding.refuses |= finding.severity == Severity::Error && !drift;
        }
    }
    // What cannot be read is no matter of policy.
    findings.extend(unreadable);
    sort(&mut findings);
    Ok(Outcome { inputs, facts, plan, renames: renames.sources, changes, findings, skipped })
}

/// By file, place and code, so that the order of work never shows.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (a.place, &a.file, a.code, &a.message).cmp(&(b.place, &b.file, b.code, &b.message))
    });
}

/// Decides about names, where a source asks for one of its content. The texts are read again for every
/// place that says one of them.
fn names(
    inputs: &[Input],
    facts: &mut [Facts],
    units: &Units,
    options: &Options,
) -> Result<(Option<Renames>, Vec<Finding>), Changed> {
    let names = rename::names(facts, options);
    if names.is_empty() {
        return Ok((None, Vec::new()));
    }
    let read = |i: usize| match facts[i].unread {
        true => Ok(Vec::new()),
        false => {
            let text = inputs[i].file.text.lend()?;
            Ok(extract::mentions(FileId(offset(i)), &text, options, &names))
        }
    };
    let mentions = parallel::map(inputs.len(), options.jobs, read).into_iter();
    let mentions = mentions.collect::<Result<Vec<_>, Changed>>()?;
    let (renames, findings) = rename::decide(inputs, facts, &mentions, units, options);
    Ok((Some(renames), findings))
}

/// Reads every text that was not read as it came in, large ones in parts, on as many threads as asked
/// for; the result is in the order of the input.
fn local(
    inputs: &[Input],
    mut known: Vec<Option<Facts>>,
    options: &Options,
) -> Result<Vec<Facts>, Changed> {
    known.resize_with(inputs.len(), || None);
    let mut parts: Vec<(usize, &str, Span)> = Vec::new();
    for (i, input) in inputs.iter().enumerate().filter(|(i, _)| known[*i].is_none()) {
        let text = input.file.text.get()?;
        let of_text = extract::parts(text).into_iter();
        parts.extend(of_text.map(|part| (i, text, part)));
    }
    let read = |at: usize| {
        let (i, text, part) = parts[at];
        extract::extract_part(FileId(offset(i)), text, part, options)
    };
    let mut read = parallel::map(parts.len(), options.jobs, read).into_iter();
    for of_text in parts.chunk_by(|a, b| a.0 == b.0) {
        known[of_text[0].0] = Some(extract::join(read.by_ref().take(of_text.len())));
    }
    Ok(known.into_iter().map(Option::unwrap_or_default).collect())
}

/// What becomes of a text that cannot be read, or that is no manifest: one that was named is an
/// error; one that was met in a folder is walked past, with a count.
fn settle_text(
    file: usize,
    input: &Input,
    facts: &mut Facts,
    findings: &mut Vec<Finding>,
    skipped: &mut Skipped,
) -> Result<(), Changed> {
    let unread = Facts { unread: true, marked: facts.marked, ..Facts::default() };
    if input.found == Found::Context {
        // Nobody named it, so nobody is told; who needs it is left alone.
        if facts.ytt || facts.broken.is_some() {
            *facts = unread;
        }
        return Ok(());
    }
    let walked = matches!(input.found, Found::Walked(_));
    if facts.ytt && input.found != Found::Stream {
        if walked {
            skipped.ytt += 1;
        } else {
            let message = "a ytt program: its `#@` comments are code";
            findings.push(
                Finding::new(Code::UnsupportedYaml, message)
                    .at(start_of(file))
                    .help("render it first: `ytt -f FILE | rollstamp`")
                    .refusing(),
            );
        }
        *facts = unread;
        return Ok(());
    }
    let Some(error) = facts.broken.take() else {
        if walked && facts.object_count == 0 {
            skipped.without_objects += 1;
        }
        return Ok(());
    };
    *facts = unread;
    let code = if error.refused { Code::UnsupportedYaml } else { Code::YamlSyntax };
    let place = Place { file: FileId(offset(file)), span: Span { start: error.at, end: error.at } };
    if !walked {
        findings.push(Finding::new(code, error.message).at(place).refusing());
        return Ok(());
    }
    let text = input.file.text.lend()?;
    if looks_like_template(&text) {
        skipped.templates += 1;
    } else if looks_like_manifest(&text) {
        skipped.unreadable += 1;
        findings.push(
            Finding::new(Code::BrokenManifest, format!("left alone: {}", error.message))
                .at(place)
                .help("mend it, or leave it out with --exclude"),
        );
    } else {
        skipped.unreadable += 1;
    }
    Ok(())
}

fn start_of(file: usize) -> Place {
    Place { file: FileId(offset(file)), span: Span { start: 0, end: 0 } }
}

/// Only asked of a text that is not YAML: many good manifests hold `{{` in a value.
fn looks_like_template(text: &str) -> bool {
    ["{{", "{%", "<%", "@@"].iter().any(|mark| text.contains(mark))
        || yaml::split::chunks(text).next().is_none()
        || text.lines().any(|line| {
            let value = line.rsplit(": ").next().unwrap_or_default().trim();
            value.len() > 2 && value.starts_with('@') && value.ends_with('@')
        })
}

fn looks_like_manifest(text: &str) -> bool {
    let has = |field: &str| text.lines().any(|line| line.starts_with(field));
    has("apiVersion:") && has("kind:")
}
