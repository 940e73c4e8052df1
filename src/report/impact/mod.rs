//! Reports the effect of an apply on running pods, for people and for programs. No report prints a value, a
//! digest or a length: for keys and fields, only that they changed.

pub mod dot;
pub mod github;
pub(super) mod history;
pub mod json;
pub mod markdown;
pub mod mermaid;
mod paint;
pub mod svg;
pub mod text;
pub(super) mod words;

use crate::impact::{
    Answer, At, Impact, IndirectChange, Side, ValuesChange, Workload, not_compared,
};
use crate::outcome::Outcome;
use crate::report::locator::Locator;
use crate::report::{Located, Spot};

/// An impact, and the settings of the report.
pub struct ImpactView<'a> {
    /// The impact.
    pub impact: &'a Impact,
    /// The state before the apply.
    pub before: &'a Outcome,
    /// The state after the apply.
    pub after: &'a Outcome,
    /// The title of the comparison: it identifies the comment of a pull request.
    pub title: &'a str,
    /// The answers that are shown; empty for all.
    pub only: &'a [Answer],
    /// Whether notes are shown as well.
    pub show_all: bool,
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// The width of the terminal in characters.
    pub width: usize,
    /// The maximum number of characters of a comment.
    pub max_length: usize,
}

impl<'a> ImpactView<'a> {
    /// The workloads that are shown, in the order of the impact.
    pub(super) fn workloads(&self) -> impl Iterator<Item = &'a Workload> + use<'a, '_> {
        let workloads = self.impact.workloads.iter();
        workloads.filter(|w| self.only.is_empty() || self.only.contains(&w.answer))
    }

    /// The objects of Flux that take changed values; empty if only some answers are shown.
    pub(super) fn values_readers(&self) -> Vec<&'a ValuesChange> {
        let readers = self.impact.values_readers.iter();
        readers.filter(|reader| self.only.is_empty() && !reader.is_new).collect()
    }

    /// The objects that differ and of which it is not known what their controllers make; empty if only some
    /// answers are shown.
    pub(super) fn indirect(&self) -> &'a [IndirectChange] {
        if self.only.is_empty() { &self.impact.indirect } else { &[] }
    }

    /// Counts lines. It caches its counts, so one report needs one.
    pub(super) fn locators(&self) -> Locators<'a> {
        Locators { before: Locator::new(self.before), after: Locator::new(self.after) }
    }

    /// The findings because of which a part of a state is not compared, with their places.
    pub(super) fn not_compared(&self, locators: &Locators<'a>) -> Vec<(Side, Located<'a>)> {
        let states = [
            (Side::Before, self.before, &locators.before),
            (Side::After, self.after, &locators.after),
        ];
        let located = states.into_iter().flat_map(|(side, outcome, locator)| {
            not_compared(outcome).map(move |finding| (side, locator.locate(finding)))
        });
        located.collect()
    }
}

/// Turns places of both states into lines and columns.
pub(super) struct Locators<'a> {
    before: Locator<'a>,
    after: Locator<'a>,
}

impl<'a> Locators<'a> {
    pub(super) fn spot(&self, at: At) -> Spot<'a> {
        match at.side {
            Side::Before => self.before.spot(at.place),
            Side::After => self.after.spot(at.place),
        }
    }
}
