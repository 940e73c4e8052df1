//! What an apply does to running pods, for people and for programs. Nothing here prints a value, a
//! digest or a length: of keys and fields only that they changed.

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

use crate::impact::{Answer, At, Impact, Side, ValuesChange, Workload};
use crate::outcome::Outcome;
use crate::report::Spot;
use crate::report::locator::Locator;

/// An impact, and how the user wants to see it.
pub struct ImpactView<'a> {
    /// The impact.
    pub impact: &'a Impact,
    /// What counts as before.
    pub before: &'a Outcome,
    /// What counts as after.
    pub after: &'a Outcome,
    /// What people call what was compared: it marks the comment of a pull request.
    pub title: &'a str,
    /// The answers that are shown; empty, all.
    pub only: &'a [Answer],
    /// Whether notes are shown as well.
    pub show_all: bool,
    /// Whether the reader shows ANSI colours.
    pub colour: bool,
    /// The width of the terminal in characters.
    pub width: usize,
    /// The most characters of a comment.
    pub max_length: usize,
}

impl<'a> ImpactView<'a> {
    /// The workloads that are shown, in the order of the impact.
    pub(super) fn workloads(&self) -> impl Iterator<Item = &'a Workload> + use<'a, '_> {
        let workloads = self.impact.workloads.iter();
        workloads.filter(|w| self.only.is_empty() || self.only.contains(&w.answer))
    }

    /// The objects of Flux that take other values than before; none, where only some answers are shown.
    pub(super) fn values_readers(&self) -> Vec<&'a ValuesChange> {
        let readers = self.impact.values_readers.iter();
        readers.filter(|reader| self.only.is_empty() && !reader.is_new).collect()
    }

    /// Counts lines; it remembers what it counted, so one report needs one.
    pub(super) fn locators(&self) -> Locators<'a> {
        Locators { before: Locator::new(self.before), after: Locator::new(self.after) }
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
