//! Decides, for every workload, what happens to its stamp, and why. Works on facts, never on text.

use crate::digest::Lines;
use crate::extract::{Entry, Facts, Flaw, Keys, Object, Reference, Source, Workload, refused};
use crate::finding::{Code, Finding, Severity};
use crate::index::{Index, ObjectRef, object};
use crate::k8s::kinds::Rolls;
use crate::options::{Goal, Options};
use crate::resolve::{Resolution, resolve};
use crate::span::{Place, Span};
use crate::unit::{Input, UnitId};
use crate::yaml::insert::Slot;
use std::collections::{BTreeMap, BTreeSet};

/// What happens to every workload, in the order of the input.
#[derive(Default)]
pub struct Plan {
    /// One entry a workload.
    pub workloads: Vec<Planned>,
}

/// What happens to one workload.
pub struct Planned {
    /// Which one.
    pub object: ObjectRef,
    /// The decision.
    pub decision: Decision,
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
    /// A kind that gets no stamp.
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

/// Decides about all workloads.
pub fn decide(
    inputs: &[Input],
    facts: &[Facts],
    units: &[UnitId],
    index: &Index,
    options: &Options,
) -> (Plan, Vec<Finding>) {
    let mut planner = Planner {
        facts,
        index,
        options,
        findings: Vec::new(),
        clashes: BTreeMap::new(),
        flawed_reads: BTreeSet::new(),
    };
    let mut plan = Plan::default();
    for (file, (input, facts)) in inputs.iter().zip(facts).enumerate() {
        if input.kustomization.is_some() && options.goal == Goal::Stamp {
            planner.below_kustomization(file, input);
            continue;
        }
        for (position, object) in facts.objects.iter().enumerate() {
            let Some(workload) = &object.workload else {
                continue;
            };
            let at = ObjectRef {
                file,
                object: position,
            };
            let decision = match options.goal {
                Goal::Strip => planner.strip(object, workload),
                Goal::Stamp => planner.workload(units[file], object, workload),
            };
            let decision = planner.refuse_encrypted(file, object, decision);
            plan.workloads.push(Planned {
                object: at,
                decision,
            });
        }
    }
    planner.report_clashes();
    planner.report_unread_flaws(inputs);
    (plan, planner.findings)
}

struct Planner<'a> {
    facts: &'a [Facts],
    index: &'a Index,
    options: &'a Options,
    findings: Vec<Finding>,
    /// Of each clash, the readers that are left alone.
    clashes: BTreeMap<(ObjectRef, ObjectRef), BTreeSet<String>>,
    /// Values that are not strings and that a stamped workload reads: object and entry.
    flawed_reads: BTreeSet<(ObjectRef, usize)>,
}

impl Planner<'_> {
    /// One finding for a file whose workloads would be stamped if they were what is applied.
    fn below_kustomization(&mut self, file: usize, input: &Input) {
        let reads = |o: &&Object| {
            o.workload.as_ref().is_some_and(|w| {
                w.kind.rolls == Rolls::Yes && w.references.iter().any(Reference::reads)
            })
        };
        let facts = &self.facts[file];
        let Some(object) = facts.objects.iter().find(reads) else {
            return;
        };
        let kustomization = input.kustomization.as_deref().unwrap_or_default();
        self.findings.push(
            Finding::new(
                Code::KustomizeSource,
                format!("{} lies below {kustomization} and is left alone: what is applied is decided there", object.id),
            )
            .about(object.id.to_string())
            .at(object.place_of_name())
            .help("stamp what kustomize prints: `kustomize build DIR | rollstamp | kubectl apply -f -`"),
        );
    }

    fn strip(&mut self, object: &Object, workload: &Workload) -> Decision {
        match &workload.slot {
            None => Decision::NotStamped,
            Some(Ok(Slot::Present(_))) => self.removable(object, workload, true),
            Some(_) => Decision::None { left_over: false },
        }
    }

    /// A file under a SOPS checksum is read, but never written.
    fn refuse_encrypted(&mut self, file: usize, object: &Object, decision: Decision) -> Decision {
        let edits = matches!(
            decision,
            Decision::Stamp {
                state: State::Missing | State::Stale,
                ..
            } | Decision::None { left_over: true }
        );
        if !edits || !self.facts[file].encrypted {
            return decision;
        }
        self.findings.push(
            Finding::new(
                Code::EncryptedFile,
                format!(
                    "{} stands in a file that is encrypted with SOPS, which is never rewritten",
                    object.id
                ),
            )
            .about(object.id.to_string())
            .at(object.place_of_name())
            .help("move the workload to a file of its own")
            .refusing(),
        );
        Decision::Refused
    }

    fn workload(&mut self, unit: UnitId, object: &Object, workload: &Workload) -> Decision {
        let stamped = workload.kind.rolls == Rolls::Yes;
        let file = object.place.file;
        let reading: Vec<&Reference> = workload.references.iter().filter(|r| r.reads()).collect();
        if stamped && let Some((code, refusal)) = &workload.refusal {
            let help = match code {
                Code::DuplicateKey => "remove one of the two keys",
                _ => "put the value in quotes",
            };
            let finding = refused(*code, refusal, &object.id.to_string(), file).help(help);
            self.findings.push(finding);
            return Decision::Refused;
        }
        let mut lines = Lines::default();
        let (mut counted, mut external, mut left_alone) = (0, 0, false);
        let mut named: BTreeSet<(&str, &str)> = BTreeSet::new();
        for reference in &reading {
            match resolve(self.index, unit, object, reference, self.options) {
                Resolution::Found(indexed) => {
                    let Some(source) = &self::object(self.facts, indexed.object).source else {
                        continue;
                    };
                    self.missing_keys(object, reference, source);
                    if indexed.content_named {
                        continue;
                    }
                    counted += 1;
                    for (position, entry) in read_entries(source, &reference.keys) {
                        if let Some(Flaw::NotAString(what)) = entry.flaw {
                            if stamped {
                                self.flawed(indexed.object, position, entry, what, object);
                                left_alone = true;
                            }
                            continue;
                        }
                        let name = &self::object(self.facts, indexed.object).id.name;
                        lines.add(source.target, name, &entry.key, &entry.digest);
                    }
                }
                Resolution::Clash(indexed) => {
                    if let Some(other) = indexed.clash
                        && stamped
                    {
                        left_alone = true;
                        let readers = self.clashes.entry((indexed.object, other)).or_default();
                        readers.insert(object.id.to_string());
                    }
                }
                Resolution::Ambiguous(candidates) => {
                    if stamped {
                        left_alone = true;
                        if named.insert((reference.site.target.name(), &reference.name)) {
                            self.ambiguous(object, reference, candidates);
                        }
                    }
                }
                Resolution::External => {
                    external += 1;
                    if !reference.optional
                        && named.insert((reference.site.target.name(), &reference.name))
                    {
                        self.external(object, reference);
                    }
                }
            }
        }
        if !stamped {
            if counted > 0 {
                self.not_rolled(object, workload);
            }
            return Decision::NotStamped;
        }
        if left_alone {
            return Decision::Refused;
        }
        if counted > 0 {
            if let Some(later) = workload.later {
                self.findings.push(
                    Finding::new(
                        Code::RollsLater,
                        format!(
                            "{} is stamped, but its pods are replaced only {later}",
                            object.id
                        ),
                    )
                    .about(object.id.to_string())
                    .at(object.place_of_name()),
                );
            }
            return self.stamped(object, workload, lines.stamp());
        }
        let present = matches!(&workload.slot, Some(Ok(Slot::Present(_))));
        // Sources named after their content add no line; what comes from elsewhere may have.
        if external > 0 {
            return Decision::Unverifiable { present };
        }
        self.removable(object, workload, present)
    }

    fn stamped(&mut self, object: &Object, workload: &Workload, value: String) -> Decision {
        let state = match &workload.slot {
            Some(Ok(Slot::Absent(_))) => State::Missing,
            Some(Ok(Slot::Present(present))) if present.value.as_deref() == Some(&value) => {
                State::Current
            }
            Some(Ok(Slot::Present(_))) => State::Stale,
            Some(Err(refusal)) => {
                self.edit_refused(object, refusal);
                return Decision::Refused;
            }
            None => return Decision::NotStamped,
        };
        Decision::Stamp { value, state }
    }

    fn removable(&mut self, object: &Object, workload: &Workload, present: bool) -> Decision {
        if let Some(Ok(Slot::Present(slot))) = &workload.slot
            && let Err(refusal) = &slot.removal
        {
            self.edit_refused(object, refusal);
            return Decision::Refused;
        }
        Decision::None { left_over: present }
    }

    fn edit_refused(&mut self, object: &Object, refusal: &crate::yaml::insert::Refusal) {
        let finding = refused(Code::EditRefused, refusal, &object.id.to_string(), object.place.file)
            .help("write the pod template's metadata out in place, with each key once and without anchors");
        self.findings.push(finding);
    }

    fn missing_keys(&mut self, object: &Object, reference: &Reference, source: &Source) {
        if reference.optional {
            return;
        }
        let (keys, env): (&[String], bool) = match &reference.keys {
            Keys::One(key) => (std::slice::from_ref(key), true),
            Keys::Listed(keys) => (keys, false),
            _ => return,
        };
        for key in keys {
            if source.get(key).iter().any(|e| e.env || !env) {
                continue;
            }
            let target = source.target.name();
            let message = format!(
                "{} reads the key `{key}` of {target} {}, which does not have it",
                object.id, reference.name
            );
            self.findings.push(
                Finding::new(Code::MissingKey, message)
                    .about(object.id.to_string())
                    .quoting(place(object, reference.name_span))
                    .help("add the key, or mark the reference as optional; without it the container does not start"),
            );
        }
    }

    fn flawed(
        &mut self,
        at: ObjectRef,
        position: usize,
        entry: &Entry,
        what: &str,
        reader: &Object,
    ) {
        if !self.flawed_reads.insert((at, position)) {
            return;
        }
        let source = object(self.facts, at);
        let message = format!(
            "the value of `{}` of {} is {what}, not a string; {} reads it",
            entry.key, source.id, reader.id
        );
        self.findings.push(
            Finding::new(Code::NonStringValue, message)
                .about(source.id.to_string())
                .at(place(source, entry.at.0))
                .help("put the value in quotes")
                .refusing(),
        );
    }

    fn ambiguous(
        &mut self,
        object: &Object,
        reference: &Reference,
        candidates: &[crate::index::Indexed],
    ) {
        let target = reference.site.target.name();
        let namespaces: Vec<&str> = candidates
            .iter()
            .filter_map(|c| c.namespace.as_deref())
            .collect();
        let mut finding = Finding::new(
            Code::AmbiguousReference,
            format!(
                "{} names {target} {}, which is there in the namespaces {}; it is left alone",
                object.id,
                reference.name,
                namespaces.join(", ")
            ),
        )
        .about(object.id.to_string())
        .quoting(place(object, reference.name_span))
        .help("write `metadata.namespace` into the workload, or name the namespace of the apply with --namespace")
        .refusing();
        for candidate in candidates {
            let source = self::object(self.facts, candidate.object);
            finding = finding.related(source.place_of_name(), "one of them");
        }
        self.findings.push(finding);
    }

    fn external(&mut self, object: &Object, reference: &Reference) {
        let target = reference.site.target.name();
        let mut finding = Finding::new(
            Code::ExternalReference,
            format!(
                "{} reads {target} {}, which is not in this apply unit; changes of it do not change the stamp",
                object.id, reference.name
            ),
        )
        .about(object.id.to_string())
        .quoting(place(object, reference.name_span));
        if self.options.strict {
            finding.severity = Severity::Error;
            finding = finding
                .help("add the source to the unit, or mark the reference as optional")
                .refusing();
        }
        self.findings.push(finding);
    }

    fn not_rolled(&mut self, object: &Object, workload: &Workload) {
        let Rolls::No(reason) = &workload.kind.rolls else {
            return;
        };
        self.findings.push(
            Finding::new(
                Code::NotRolled,
                format!("{} gets no stamp: it {reason}", object.id),
            )
            .about(object.id.to_string())
            .at(object.place_of_name()),
        );
    }

    fn report_clashes(&mut self) {
        for ((one, two), readers) in std::mem::take(&mut self.clashes) {
            let (a, b) = (object(self.facts, one), object(self.facts, two));
            let readers: Vec<String> = readers.into_iter().collect();
            self.findings.push(
                Finding::new(
                    Code::ClashingSources,
                    format!(
                        "{} has different content in two files; left alone because of it: {}",
                        a.id,
                        readers.join(", ")
                    ),
                )
                .about(a.id.to_string())
                .at(a.place_of_name())
                .related(b.place_of_name(), "the other one")
                .help("apply the two apart: name fewer files, or put the alternatives into folders of their own")
                .refusing(),
            );
        }
    }

    fn report_unread_flaws(&mut self, inputs: &[Input]) {
        for (file, facts) in self.facts.iter().enumerate() {
            if inputs[file].kustomization.is_some() || self.options.goal == Goal::Strip {
                continue;
            }
            for (position, source) in facts.objects.iter().enumerate() {
                let at = ObjectRef {
                    file,
                    object: position,
                };
                for (entry_position, entry) in source
                    .source
                    .iter()
                    .flat_map(|s| s.entries.iter().enumerate())
                {
                    let Some(Flaw::NotAString(what)) = entry.flaw else {
                        continue;
                    };
                    if self.flawed_reads.contains(&(at, entry_position)) {
                        continue;
                    }
                    let message = format!(
                        "the value of `{}` of {} is {what}, not a string",
                        entry.key, source.id
                    );
                    self.findings.push(
                        Finding::new(Code::NonStringUnread, message)
                            .about(source.id.to_string())
                            .at(place(source, entry.at.0))
                            .help("put the value in quotes"),
                    );
                }
            }
        }
    }
}

fn place(object: &Object, span: Span) -> Place {
    Place {
        file: object.place.file,
        span,
    }
}

/// The entries of a source that a reference reads, with their positions.
fn read_entries<'s>(source: &'s Source, keys: &Keys) -> Vec<(usize, &'s Entry)> {
    let all = source.entries.iter().enumerate();
    match keys {
        Keys::None => Vec::new(),
        Keys::All => all.collect(),
        Keys::Env => all.filter(|(_, e)| e.env).collect(),
        Keys::One(key) => by_key(source, key).filter(|(_, e)| e.env).collect(),
        Keys::Listed(keys) => keys.iter().flat_map(|key| by_key(source, key)).collect(),
        Keys::Under(parts) => all
            .filter(|(_, e)| {
                parts
                    .iter()
                    .any(|part| part.first().is_some_and(|first| *first == e.key))
            })
            .collect(),
    }
}

fn by_key<'s>(source: &'s Source, key: &str) -> impl Iterator<Item = (usize, &'s Entry)> {
    let entries = source.get(key);
    let start = entries.first().map_or(0, |first| {
        source.entries.partition_point(|e| e.key < first.key)
    });
    entries.iter().enumerate().map(move |(i, e)| (start + i, e))
}

/// The finding that `check` makes of a decision, if it is one.
pub fn drift(facts: &[Facts], planned: &Planned) -> Option<Finding> {
    let object = object(facts, planned.object);
    let (code, message) = match &planned.decision {
        Decision::Stamp {
            state: State::Missing,
            ..
        } => (Code::MissingStamp, format!("{} has no stamp", object.id)),
        Decision::Stamp {
            state: State::Stale,
            ..
        } => (
            Code::StaleStamp,
            format!(
                "the stamp of {} is not that of what it reads now",
                object.id
            ),
        ),
        Decision::None { left_over: true } => (
            Code::LeftOverStamp,
            format!("{} has a stamp but reads nothing that needs one", object.id),
        ),
        Decision::Unverifiable { present: true } => (
            Code::UnverifiableStamp,
            format!(
                "the stamp of {} cannot be checked: none of its sources is in this apply unit",
                object.id
            ),
        ),
        _ => return None,
    };
    let span = match object.workload.as_ref().map(|w| &w.slot) {
        Some(Some(Ok(Slot::Present(present)))) => present.key,
        _ => object.name_span,
    };
    let finding = Finding::new(code, message)
        .about(object.id.to_string())
        .quoting(place(object, span));
    Some(match code {
        Code::UnverifiableStamp => finding,
        _ => finding.help("run `rollstamp write` on the same paths"),
    })
}
