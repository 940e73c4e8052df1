//! What each workload reads, and why: the outcome seen from the workloads.

pub(super) mod json;
mod layout;
pub(super) mod text;
mod words;

use crate::extract::{Keys, Object, Reference, Template};
use crate::outcome::Outcome;
use crate::plan::{Counted, Decision, Ignored, Planned, Reason};
use crate::resolve::index::{ObjectRef, SourceRef, object};
use crate::text::Place;
use crate::yaml::insert::Slot;
use crate::yaml::verify::Step;
use std::collections::BTreeSet;

/// A pod template and what was decided about it.
struct Explained<'a> {
    object: &'a Object,
    template: &'a Template,
    planned: &'a Planned,
    /// Which of several templates of the object it is.
    path: Option<String>,
}

/// The templates of the chosen objects, in the order of the input.
fn explained<'a>(outcome: &'a Outcome, chosen: &BTreeSet<ObjectRef>) -> Vec<Explained<'a>> {
    let planned = outcome.plan.workloads.iter();
    let planned = planned.filter(|planned| chosen.contains(&planned.object));
    planned
        .map(|planned| {
            let object = object(&outcome.facts, planned.object);
            let template = &object.templates[planned.template];
            Explained {
                object,
                template,
                planned,
                path: (object.templates.len() > 1).then(|| path(&template.path)),
            }
        })
        .collect()
}

/// `spec.tasks[0].template`
fn path(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => text.push_str(&format!(".{name}")),
            Step::Item(i) => text.push_str(&format!("[{i}]")),
        }
    }
    text
}

impl<'a> Explained<'a> {
    /// The references with what each contributes; none, where nothing was looked up for it.
    fn reads(&self) -> impl Iterator<Item = (&'a Reference, &'a Reason)> {
        self.template.references.iter().zip(&self.planned.reasons)
    }

    fn decision(&self) -> &'a Decision {
        &self.planned.decision
    }

    /// The stamp that is there.
    fn present(&self) -> Option<&'a str> {
        match &self.template.slot {
            Some(Ok(Slot::Present(present))) => present.value.as_deref(),
            _ => None,
        }
    }

    /// Where a reference names its source.
    fn place(&self, reference: &Reference) -> Place {
        Place { file: self.object.place.file, span: reference.name_span }
    }

    /// What refused it, in the words of the findings.
    fn refusals<'b>(&'b self, outcome: &'a Outcome) -> impl Iterator<Item = &'a str> + use<'a, 'b> {
        let name = self.object.id.to_string();
        let file = self.object.place.file;
        outcome
            .findings
            .iter()
            .filter(move |f| {
                f.refuses
                    && f.object.as_deref() == Some(&name)
                    && f.place.is_none_or(|place| place.file == file)
            })
            .map(|f| f.cause.as_ref().unwrap_or(&f.message).as_str())
    }
}

/// The source that a reference found, if it found one.
fn found(reason: &Reason) -> Option<SourceRef> {
    match reason {
        Reason::Counted(Counted { source: at, .. })
        | Reason::ContentNamed(at)
        | Reason::Filled(at)
        | Reason::Clash(at, _)
        | Reason::Ignored(Ignored::Source(at, _) | Ignored::Keys(at, _)) => Some(*at),
        Reason::Ignored(Ignored::Workload(_) | Ignored::OnWorkload)
        | Reason::ReadsNothing
        | Reason::External
        | Reason::Ambiguous(_) => None,
    }
}

/// The keys that a reference names itself.
fn named_keys(reference: &Reference) -> Vec<&str> {
    match &reference.keys {
        Keys::One(key) => vec![key],
        Keys::Listed(keys) => keys.iter().map(String::as_str).collect(),
        Keys::None | Keys::Env | Keys::All | Keys::Under(_) => Vec::new(),
    }
}
