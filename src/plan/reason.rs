//! The contribution of each reference to a stamp.

use crate::compat::selection::NotSelected;
use crate::extract::{IgnoredBy, SourceId};
use crate::resolve::MadeBy;
use std::sync::Arc;

/// The contribution of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Entries of this source are part of the stamp.
    Counted(Arc<CountedRead>),
    /// The name of the source changes with its content, so the name rolls the pods.
    ContentNamed(SourceId),
    /// A control annotation or a rule ignores it.
    Ignored(Ignored),
    /// The reference reads no key.
    ReadsNothing,
    /// A controller in the cluster writes the content of the source.
    Filled(SourceId),
    /// A program in the cluster creates the source, and no manifest holds it.
    Made(MadeBy),
    /// The source is not in the apply unit.
    External,
    /// Two files define the source differently.
    Clash(SourceId, SourceId),
    /// All of these sources match.
    Ambiguous(Vec<SourceId>),
}

impl Reason {
    /// The source that a reference found, if it found one.
    pub fn source(&self) -> Option<SourceId> {
        match self {
            Self::Counted(counted) => Some(counted.source),
            Self::ContentNamed(at)
            | Self::Filled(at)
            | Self::Clash(at, _)
            | Self::Ignored(
                Ignored::Source(at, _) | Ignored::Keys(at, _) | Ignored::Unselected(at),
            ) => Some(*at),
            Self::Ignored(Ignored::Workload(_) | Ignored::NotSelected(_) | Ignored::OnWorkload)
            | Self::ReadsNothing
            | Self::Made(_)
            | Self::External
            | Self::Ambiguous(_) => None,
        }
    }
}

/// The part of a source that a reference reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedRead {
    /// The source.
    pub source: SourceId,
    /// The entries that are part of the stamp.
    pub entries: Vec<usize>,
    /// The positions of the entries that it reads and that a control annotation or a rule ignores.
    pub ignored: Vec<usize>,
    /// The keys that the reference names and that the source does not have.
    pub missing: Vec<String>,
}

/// The reason why a reference is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The whole workload is ignored.
    Workload(IgnoredBy),
    /// The whole workload is not selected: annotations select workloads, and it has none.
    NotSelected(NotSelected),
    /// Reloader is followed, and its annotations do not select the source.
    Unselected(SourceId),
    /// An annotation of the workload ignores the source.
    OnWorkload,
    /// The whole source is ignored.
    Source(SourceId, IgnoredBy),
    /// All keys that the reference reads are ignored; with the positions of all ignored entries of the
    /// source.
    Keys(SourceId, Vec<usize>),
}
