//! What each reference contributes to a stamp.

use crate::compat::selection::NotSelected;
use crate::extract::{By, SourceId};

/// What a reference contributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Entries of this source are part of the stamp.
    Counted(Counted),
    /// The source is named after its content, so that its name rolls the pods.
    ContentNamed(SourceId),
    /// A control annotation or a rule says that it takes no part.
    Ignored(Ignored),
    /// It reads no key.
    ReadsNothing,
    /// A controller in the cluster fills the source.
    Filled(SourceId),
    /// The source is not in the apply unit.
    External,
    /// Two files define the source differently.
    Clash(SourceId, SourceId),
    /// Several sources fit, these.
    Ambiguous(Vec<SourceId>),
}

/// What a reference reads of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The source.
    pub source: SourceId,
    /// The entries that are part of the stamp.
    pub entries: Vec<usize>,
    /// The entries that it reads, but that a control annotation or a rule leaves out.
    pub ignored: Vec<usize>,
    /// The keys that it names and that the source does not have.
    pub missing: Vec<String>,
}

/// What says that a reference takes no part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The workload as a whole.
    Workload(By),
    /// The workload as a whole: what annotations decide, and these do not ask for it.
    NotSelected(NotSelected),
    /// The source: Reloader is followed, and its annotations do not select it.
    Unselected(SourceId),
    /// The workload, of this source.
    OnWorkload,
    /// The source as a whole.
    Source(SourceId, By),
    /// The source, for all keys that are read of it: the positions of all its ignored entries.
    Keys(SourceId, Vec<usize>),
}
