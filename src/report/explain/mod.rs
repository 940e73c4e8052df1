//! Explains what each workload reads, and why: a view of the outcome by workloads.

pub(super) mod json;
mod layout;
pub(super) mod text;
pub(super) mod words;

use super::ExplainView;
use crate::extract::{Keys, Object, Reference, Source, Template, ValuesReference};
use crate::outcome::Outcome;
use crate::plan::{Decision, Planned, Reason, TakenValues, read_entries};
use crate::text::{FileId, Place};
use std::collections::BTreeSet;

/// A pod template and its decision.
struct Explained<'a> {
    outcome: &'a Outcome,
    object: &'a Object,
    template: &'a Template,
    planned: &'a Planned,
    /// The path of the template, if the object has several.
    path: Option<String>,
}

/// A reference, and the name of its source.
#[derive(Clone, Copy)]
struct NamedReference<'a> {
    reference: &'a Reference,
    name: &'a str,
}

impl std::ops::Deref for NamedReference<'_> {
    type Target = Reference;

    fn deref(&self) -> &Reference {
        self.reference
    }
}

/// The texts that are needed for line numbers in the explanation of all workloads.
pub(super) fn wanted(outcome: &Outcome) -> BTreeSet<FileId> {
    let manifests = &outcome.manifests;
    let planned = outcome.plan.workloads.iter();
    let reasons = planned.clone().flat_map(|planned| {
        planned.reasons.iter().chain(planned.added.iter().map(|added| &added.reason))
    });
    let sources = reasons.flat_map(|reason| {
        let other = match reason {
            Reason::Clash(_, other) => Some(*other),
            _ => None,
        };
        reason.source().into_iter().chain(other)
    });
    let taken = outcome.plan.taken.iter().flat_map(|taken| &taken.sources);
    let sources = sources
        .chain(taken.filter_map(|means| means.one()))
        .map(|source| manifests.owner(source).place.file);
    let readers = outcome.plan.taken.iter().map(|taken| taken.file);
    let workloads = planned.map(|planned| manifests[planned.object].place.file);
    let written = outcome.written.values().map(|place| place.file);
    workloads.chain(sources).chain(readers).chain(written).collect()
}

/// The templates of the chosen objects, in the order of the input.
fn explained<'a>(asked: &ExplainView<'a>) -> Vec<Explained<'a>> {
    let outcome = asked.view.outcome;
    let planned = outcome.plan.workloads.iter();
    let planned = planned.filter(|planned| asked.workloads.contains(&planned.object));
    planned
        .map(|planned| {
            let object = &outcome.manifests[planned.object];
            let template = &outcome.manifests[planned.template];
            Explained {
                outcome,
                object,
                template,
                planned,
                path: (object.templates.len() > 1).then(|| template.path.to_string()),
            }
        })
        .collect()
}

/// The chosen objects of Flux that take values, in the order of the input.
fn taken<'a>(asked: &ExplainView<'a>) -> Vec<&'a TakenValues> {
    let all = &asked.view.outcome.plan.taken;
    asked.taken.iter().filter_map(|&at| all.get(at)).collect()
}

/// The existing keys of a source from which an object of Flux takes values.
fn taken_keys<'a>(reference: &ValuesReference, source: &'a Source) -> Vec<&'a str> {
    let read = read_entries(source, &reference.keys());
    read.into_iter().map(|entry| source.entries[entry].key.as_str()).collect()
}

/// The overlay whose output is in a file, if builds of overlays are explained.
fn overlay(outcome: &Outcome, file: FileId) -> Option<&str> {
    (!outcome.written.is_empty()).then(|| outcome.manifests.name(file))
}

impl<'a> Explained<'a> {
    /// The references with their contributions; empty if no reference was resolved.
    fn reads(&self) -> impl Iterator<Item = (NamedReference<'a>, &'a Reason)> + use<'a> {
        let Outcome { manifests, renames, .. } = self.outcome;
        let named = self.template.references.iter().zip(&self.planned.reasons);
        let named = named.map(|(at, reason)| {
            let reference = &manifests[at];
            (NamedReference { reference, name: renames.name(at, reference) }, reason)
        });
        let added = self.planned.added.iter().map(|added| {
            (
                NamedReference { reference: &added.reference, name: &added.reference.name },
                &added.reason,
            )
        });
        named.chain(added)
    }

    /// The references of a workload without a decision about its stamp, as its file has them.
    fn undecided(&self) -> impl Iterator<Item = NamedReference<'a>> + use<'a> {
        let is_undecided =
            self.planned.reasons.is_empty() && *self.decision() != Decision::NotStamped;
        let Outcome { manifests, renames, .. } = self.outcome;
        let references = self.template.references.iter().filter(move |_| is_undecided);
        references.map(|at| {
            let reference = &manifests[at];
            NamedReference { reference, name: renames.name(at, reference) }
        })
    }

    /// All references.
    fn references(&self) -> impl Iterator<Item = &'a Reference> + use<'a> {
        let manifests = &self.outcome.manifests;
        self.template.references.iter().map(|at| &manifests[at])
    }

    fn decision(&self) -> &'a Decision {
        &self.planned.decision
    }

    /// The place of the name in a reference.
    fn place(&self, reference: &Reference) -> Place {
        Place { file: self.object.place.file, span: reference.name_span }
    }

    /// The messages of the findings that refused it.
    fn refusals(&self) -> impl Iterator<Item = &'a str> {
        let refusals = self.outcome.refusals(self.object);
        refusals.map(|finding| finding.cause.as_ref().unwrap_or(&finding.message).as_str())
    }
}

/// The keys that a reference names itself.
fn named_keys(reference: &Reference) -> Vec<&str> {
    match &reference.keys {
        Keys::One(key) => vec![key],
        Keys::Listed(keys) => keys.iter().map(|key| key.as_str()).collect(),
        Keys::None | Keys::Env | Keys::All | Keys::Under(_) => Vec::new(),
    }
}
