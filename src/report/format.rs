//! What every format of reports has: its properties, and one method for each subject.

use super::impact::ImpactView;
use super::view::{ExplainView, View};
use crate::impact::graph::{self, Graph};
use crate::impact::history::History;
use std::io::{self, Write};

/// A format with its properties for the command line.
pub struct FormatRow {
    /// The name of the format for `--output`.
    pub name: &'static str,
    /// The description in the help: a phrase without a full stop.
    pub about: &'static str,
    /// The subjects that it can report. A verb offers only the formats that can report its subject.
    pub subjects: &'static [Subject],
    /// Whether each report is one document for a program. Such a report holds the findings of the run,
    /// whatever its subject is, and no line for people is printed with it.
    pub is_document: bool,
    /// The format.
    pub format: &'static dyn Format,
}

impl std::ops::Deref for FormatRow {
    type Target = dyn Format;

    fn deref(&self) -> &Self::Target {
        self.format
    }
}

/// A format of reports. Every method writes a report about one subject; a format implements those of its
/// [`FormatRow::subjects`].
pub trait Format: Sync {
    /// Writes the findings of a run, and the diffs if the user asked for them.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        let _ = (view, out);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes diffs in a way that no text in them acts on the reader (terminal, workflow log).
    ///
    /// # Errors
    /// When `out` cannot be written to.
    fn diffs(
        &self,
        diffs: &mut dyn Iterator<Item = String>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for diff in diffs {
            out.write_all(diff.as_bytes())?;
        }
        Ok(())
    }

    /// Writes the reads of each of these workloads, and their reasons.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn explain(&self, view: &ExplainView<'_>, out: &mut dyn Write) -> io::Result<()> {
        let _ = (view, out);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes the keys of all sources with the workloads that read them.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn graph(&self, graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
        let _ = (graph, out);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes the effects of many applies on running pods.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn history(&self, history: &History, out: &mut dyn Write) -> io::Result<()> {
        let _ = (history, out);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes the effect of an apply on running pods. A format that only draws graphs draws the workloads
    /// that read changed keys.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn impact(&self, view: &ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.graph(&graph::of_impact(view.impact), out)
    }
}

/// The subject of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One run: its findings and changes.
    Outcome,
    /// The reads of workloads.
    Explanation,
    /// The effect of an apply on running pods.
    Impact,
    /// The keys and the workloads that read them.
    Graph,
    /// The effects of many applies on running pods.
    History,
}
