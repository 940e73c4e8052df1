//! What each reference contributes to a stamp.

use crate::extract::{By, SourceId};
use std::sync::Arc;

/// What a reference contributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Entries of this source are part of the stamp.
    Counted(Arc<Counted>),
    /// The name of the source changes with its content, so the name rolls the pods.
    ContentNamed(SourceId),
    /// A control annotation or a rule says that it takes no part.
    Ignored(Ignored),
    /// The reference reads no key.
    ReadsNothing,
    /// A controller in the cluster writes the content of the source.
    Filled(SourceId),
    /// The source is not in the apply unit.
    External,
    /// Two files define the source differently.
    Clash(SourceId, SourceId),
    /// All of these sources fit.
    Ambiguous(Vec<SourceId>),
}

/// What a reference reads of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The source.
    pub source: SourceId,
    /// The entries that are part of the stamp.
    pub entries: Vec<usize>,
    /// The positions of the entries that it reads and that a control annotation or a rule ignores.
    pub ignored: Vec<usize>,
    /// The keys that the reference names and that the source does not have.
    pub missing: Vec<String>,
}

/// Why a reference is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The whole workload is ignored.
    Workload(By),
    /// The workload says to ignore the source.
    OnWorkload,
    /// The whole source is ignored.
    Source(SourceId, By),
    /// All keys that the reference reads are ignored; with the positions of all ignored entries of the
    /// source.
    Keys(SourceId, Vec<usize>),
}
