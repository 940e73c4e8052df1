//! Decides, for every pod template, what happens to its stamp, and why. Works on facts, never on
//! text.

mod agree;
mod hints;
mod reason;
mod say;

pub use reason::{Counted, Ignored, Reason};
pub use say::drift;

use crate::digest::Lines;
use crate::extract::{Facts, Keys, Object, Reference, Source, Template};
use crate::finding::Finding;
use crate::index::{Index, ObjectRef, SourceRef, object, source};
use crate::options::{Goal, Options};
use crate::resolve::{Resolution, resolve};
use crate::unit::{Found, Home, Input, Seat, Units, Why};
use crate::yaml::insert::Slot;
use std::collections::{BTreeMap, BTreeSet};

/// What happens to every pod template, in the order of the input.
#[derive(Default)]
pub struct Plan {
    /// One entry a template.
    pub workloads: Vec<Planned>,
}

/// What happens to one pod template.
pub struct Planned {
    /// The workload.
    pub object: ObjectRef,
    /// Which of its templates.
    pub template: usize,
    /// The decision.
    pub decision: Decision,
    /// Why: one entry for each reference of the template, in its order.
    pub reasons: Vec<Reason>,
}

/// The decision about a stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It must read this, and does or does not.
    Stamp {
        /// The stamp.
        value: String,
        /// What is there now.
        state: State,
    },
    /// There must be none; the flag says whether one is there.
    None {
        /// Whether a left-over stamp must go.
        left_over: bool,
    },
    /// Nothing is known about it: it stays, if it is there.
    Unverifiable {
        /// Whether there is one.
        present: bool,
    },
    /// The workload is left alone, for the reason in a finding.
    Refused,
    /// The user wants it left alone.
    Ignored,
    /// What is applied is decided elsewhere, and may differ from what the text says.
    LeftAlone(Why),
    /// A template that gets no stamp.
    NotStamped,
}

/// How a stamp compares with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not there.
    Missing,
    /// It is another one.
    Stale,
    /// It is up to date.
    Current,
}

/// Decides about all pod templates.
pub fn decide(
    inputs: &[Input],
    facts: &[Facts],
    units: &Units,
    index: &Index,
    options: &Options,
) -> (Plan, Vec<Finding>) {
    let mut planner = Planner {
        facts,
        units,
        index,
        options,
        findings: Vec::new(),
        clashes: BTreeMap::new(),
        flawed_reads: BTreeSet::new(),
    };
    let mut plan = Plan::default();
    for (file, (input, file_facts)) in inputs.iter().zip(facts).enumerate() {
        if input.found == Found::Context {
            continue;
        }
        // Of each reason to leave workloads of the file alone, the first one and how many.
        let mut left_alone: BTreeMap<Why, (usize, usize)> = BTreeMap::new();
        for (position, object) in file_facts.objects.iter().enumerate() {
            for (number, template) in object.templates.iter().enumerate() {
                let decided = match (options.goal, &units.homes[file]) {
                    (Goal::Strip, _) => Ok((planner.strip(object, template), Vec::new())),
                    _ if object.raw_material_of.is_some() => Err(agree::raw_material(object)),
                    (Goal::Stamp | Goal::Check, Home::Unknown(why)) => Err(why.clone()),
                    (Goal::Stamp | Goal::Check, Home::In(seats)) => {
                        planner.in_all(seats, (file, position), object, template)
                    }
                };
                let (decision, reasons) = decided.unwrap_or_else(|why: Why| {
                    if agree::matters(template) {
                        left_alone.entry(why.clone()).or_insert((position, 0)).1 += 1;
                    }
                    (Decision::LeftAlone(why), Vec::new())
                });
                let decision = match input.found {
                    Found::Stream => decision,
                    _ => planner.refuse_encrypted(file_facts, object, decision),
                };
                plan.workloads.push(Planned {
                    object: ObjectRef {
                        file,
                        object: position,
                    },
                    template: number,
                    decision,
                    reasons,
                });
            }
        }
        for (why, (first, count)) in left_alone {
            let first = &file_facts.objects[first];
            let finding = say::left_alone(first, count, &why);
            planner.findings.push(finding);
        }
    }
    for ((one, two), readers) in std::mem::take(&mut planner.clashes) {
        planner.findings.push(say::clash(facts, one, two, &readers));
    }
    if options.goal != Goal::Strip {
        planner.report_unread_flaws(inputs, units);
        let found = hints::about_delegates(inputs, facts, units);
        planner.findings.extend(found);
    }
    (plan, planner.findings)
}

struct Planner<'a> {
    facts: &'a [Facts],
    units: &'a Units,
    index: &'a Index,
    options: &'a Options,
    findings: Vec<Finding>,
    /// Of each clash, the readers that are left alone.
    clashes: BTreeMap<(SourceRef, SourceRef), BTreeSet<String>>,
    /// Values that are not strings and that a stamped workload reads: source and entry.
    flawed_reads: BTreeSet<(SourceRef, usize)>,
}

/// What the references of a template add up to.
#[derive(Default)]
struct Sum {
    lines: Lines,
    counted: usize,
    external: usize,
    left_alone: bool,
}

impl Planner<'_> {
    fn strip(&mut self, object: &Object, template: &Template) -> Decision {
        match &template.slot {
            None => Decision::NotStamped,
            Some(_) => self.removable(object, template),
        }
    }

    /// A file under a SOPS checksum is read, but never written.
    fn refuse_encrypted(&mut self, facts: &Facts, object: &Object, decision: Decision) -> Decision {
        let edits = matches!(
            decision,
            Decision::Stamp {
                state: State::Missing | State::Stale,
                ..
            } | Decision::None { left_over: true }
        );
        if !edits || !facts.encrypted {
            return decision;
        }
        self.findings.push(say::encrypted(object));
        Decision::Refused
    }

    fn template(
        &mut self,
        seat: &Seat,
        object: &Object,
        template: &Template,
    ) -> (Decision, Vec<Reason>) {
        if let Some(by) = template.ignored {
            return (
                Decision::Ignored,
                vec![Reason::Ignored(Ignored::Workload(by)); template.references.len()],
            );
        }
        let stamped = template.not_stamped.is_none();
        if stamped && let Some((code, refusal)) = &template.refusal {
            self.findings.push(say::untrusted(*code, refusal, object));
            return (Decision::Refused, Vec::new());
        }
        let mut sum = Sum::default();
        let mut said: BTreeSet<(&str, &str)> = BTreeSet::new();
        let mut reasons = Vec::with_capacity(template.references.len());
        for reference in &template.references {
            let reason = self.reason(seat, object, template, reference, &mut sum);
            let source = (reference.site.target.name(), reference.name.as_str());
            if !template.kind.is_unlisted()
                && !said.contains(&source)
                && let Some(finding) = self.say_reason(object, template, reference, &reason)
            {
                said.insert(source);
                self.findings.push(finding);
            }
            reasons.push(reason);
        }
        let decision = self.sum_up(object, template, sum);
        if matches!(decision, Decision::Stamp { .. } | Decision::None { .. }) {
            let found = hints::about_template(object, template, &decision, &reasons, self.options);
            self.findings.extend(found);
        }
        (decision, reasons)
    }

    /// What one reference contributes; its lines go into the sum.
    fn reason(
        &mut self,
        seat: &Seat,
        workload: &Object,
        template: &Template,
        reference: &Reference,
        sum: &mut Sum,
    ) -> Reason {
        if !reference.reads() {
            return Reason::ReadsNothing;
        }
        let mut ignored = template.ignored_sources.iter();
        if ignored.any(|ignored| *ignored == reference.name) {
            return Reason::Ignored(Ignored::OnWorkload);
        }
        let stamped = template.not_stamped.is_none();
        let indexed = match resolve(
            self.facts,
            self.index,
            seat,
            workload,
            reference,
            self.options,
        ) {
            Resolution::Found(indexed) => indexed,
            Resolution::Filled(indexed) => {
                sum.external += 1;
                return Reason::Filled(indexed.copy);
            }
            Resolution::External => {
                sum.external += 1;
                return Reason::External;
            }
            Resolution::Ambiguous(candidates) => {
                sum.left_alone |= stamped;
                return Reason::Ambiguous(candidates);
            }
            Resolution::Clash(indexed) => {
                let other = indexed.clash.unwrap_or(indexed.copy);
                if stamped {
                    sum.left_alone = true;
                    let readers = self.clashes.entry((indexed.copy, other)).or_default();
                    readers.insert(workload.id.to_string());
                }
                return Reason::Clash(indexed.copy, other);
            }
        };
        let source = source(self.facts, indexed.copy);
        let missing = missing_keys(reference, source);
        if !reference.optional && !template.kind.is_unlisted() {
            self.findings
                .extend(say::missing_keys(workload, reference, &missing));
        }
        if let Some(by) = source.ignored {
            return Reason::Ignored(Ignored::Source(indexed.copy, by));
        }
        if stamped && self.refuse_flaws(indexed.copy, workload) {
            sum.left_alone = true;
        }
        if indexed.content_named {
            return Reason::ContentNamed(indexed.copy);
        }
        let read = read_entries(source, &reference.keys);
        let (ignored, kept): (Vec<usize>, Vec<usize>) = read
            .into_iter()
            .partition(|&i| source.entries[i].ignored.is_some());
        if kept.is_empty() && !ignored.is_empty() {
            return Reason::Ignored(Ignored::Keys(indexed.copy));
        }
        sum.counted += 1;
        for &position in &kept {
            let entry = &source.entries[position];
            sum.lines
                .add(source.target, &source.name, &entry.key, &entry.digest);
        }
        Reason::Counted(Counted {
            source: indexed.copy,
            entries: kept,
            ignored,
            missing: missing.into_iter().map(str::to_owned).collect(),
        })
    }

    /// The API server refuses a source as a whole, so one bad value is enough: whoever reads any key
    /// of it would roll for content that never arrives.
    fn refuse_flaws(&mut self, at: SourceRef, workload: &Object) -> bool {
        let (owner, source) = (object(self.facts, at.object), source(self.facts, at));
        let mut any = false;
        if let Some(malformed) = &source.malformed {
            any = true;
            if self.flawed_reads.insert((at, usize::MAX)) {
                let finding = say::malformed(owner, malformed, Some(workload));
                self.findings.push(finding);
            }
        }
        for (position, entry) in source.entries.iter().enumerate() {
            let Some(flaw) = entry.flaw else { continue };
            any = true;
            if self.flawed_reads.insert((at, position)) {
                self.findings
                    .push(say::flawed(owner, entry, flaw, workload));
            }
        }
        any
    }

    /// What there is to say about a source that is not simply there, once a workload.
    fn say_reason(
        &self,
        object: &Object,
        template: &Template,
        reference: &Reference,
        reason: &Reason,
    ) -> Option<Finding> {
        match reason {
            Reason::External if !reference.optional => {
                Some(say::external(object, reference, self.options.strict))
            }
            Reason::Filled(at) => {
                let provider = self::object(self.facts, at.object);
                Some(say::filled(object, reference, provider))
            }
            Reason::Ambiguous(candidates) if template.not_stamped.is_none() => {
                Some(say::ambiguous(self.facts, object, reference, candidates))
            }
            _ => None,
        }
    }

    fn sum_up(&mut self, object: &Object, template: &Template, sum: Sum) -> Decision {
        if template.kind.is_unlisted() {
            self.findings.extend(hints::unlisted(object, template));
            return Decision::NotStamped;
        }
        if let Some(reason) = template.not_stamped {
            if sum.counted > 0 {
                self.findings.push(say::not_rolled(object, reason));
            }
            return Decision::NotStamped;
        }
        if sum.left_alone {
            return Decision::Refused;
        }
        if sum.counted > 0 {
            if let Some(later) = template.later {
                self.findings.push(say::rolls_later(object, later));
            }
            return self.stamped(object, template, sum.lines.stamp());
        }
        // Sources named after their content add no line; what comes from elsewhere may have.
        if sum.external > 0 {
            return Decision::Unverifiable {
                present: template.stamp_seen,
            };
        }
        self.removable(object, template)
    }

    fn stamped(&mut self, object: &Object, template: &Template, value: String) -> Decision {
        let state = match &template.slot {
            Some(Ok(Slot::Absent(_))) => State::Missing,
            Some(Ok(Slot::Present(present))) if present.value.as_deref() == Some(&value) => {
                State::Current
            }
            Some(Ok(Slot::Present(_))) => State::Stale,
            Some(Err(refusal)) => {
                self.findings.push(say::edit_refused(object, refusal));
                return Decision::Refused;
            }
            None => return Decision::NotStamped,
        };
        Decision::Stamp { value, state }
    }

    fn removable(&mut self, object: &Object, template: &Template) -> Decision {
        let refusal = match &template.slot {
            Some(Ok(Slot::Present(slot))) => slot.removal.as_ref().err(),
            Some(Err(refusal)) if template.stamp_seen => Some(refusal),
            _ => None,
        };
        if let Some(refusal) = refusal {
            self.findings.push(say::edit_refused(object, refusal));
            return Decision::Refused;
        }
        Decision::None {
            left_over: template.stamp_seen,
        }
    }

    fn report_unread_flaws(&mut self, inputs: &[Input], units: &Units) {
        for (file, facts) in self.facts.iter().enumerate() {
            if inputs[file].found == Found::Context || !units.takes_part(file) {
                continue;
            }
            for (position, owner) in facts.objects.iter().enumerate() {
                let object = ObjectRef {
                    file,
                    object: position,
                };
                for (number, source) in owner.sources.iter().enumerate() {
                    let at = SourceRef {
                        object,
                        source: number,
                    };
                    if let Some(malformed) = &source.malformed
                        && !self.flawed_reads.contains(&(at, usize::MAX))
                    {
                        self.findings.push(say::malformed(owner, malformed, None));
                    }
                    for (i, entry) in source.entries.iter().enumerate() {
                        if let Some(flaw) = entry.flaw
                            && !self.flawed_reads.contains(&(at, i))
                        {
                            self.findings.push(say::unread_flaw(owner, entry, flaw));
                        }
                    }
                }
            }
        }
    }
}

/// The keys that a reference names and that its source does not have.
fn missing_keys<'a>(reference: &'a Reference, source: &Source) -> Vec<&'a str> {
    let (keys, env): (&[String], bool) = match &reference.keys {
        _ if source.whole => return Vec::new(),
        Keys::One(key) => (std::slice::from_ref(key), true),
        Keys::Listed(keys) => (keys, false),
        _ => return Vec::new(),
    };
    keys.iter()
        .filter(|key| !source.get(key).iter().any(|e| e.env || !env))
        .map(String::as_str)
        .collect()
}

/// The positions of the entries of a source that a reference reads.
fn read_entries(source: &Source, keys: &Keys) -> Vec<usize> {
    let all = 0..source.entries.len();
    let with_key = |key: &str| {
        let start = source.entries.partition_point(|e| e.key.as_str() < key);
        start..start + source.get(key).len()
    };
    match keys {
        Keys::None => Vec::new(),
        _ if source.whole => all.collect(),
        Keys::All => all.collect(),
        Keys::Env => all.filter(|&i| source.entries[i].env).collect(),
        Keys::One(key) => with_key(key).filter(|&i| source.entries[i].env).collect(),
        Keys::Listed(keys) => keys.iter().flat_map(|key| with_key(key)).collect(),
        Keys::Under(parts) => all
            .filter(|&i| {
                let key = &source.entries[i].key;
                parts
                    .iter()
                    .any(|part| part.first().is_some_and(|first| first == key))
            })
            .collect(),
    }
}
