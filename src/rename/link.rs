//! One place that follows sources, and why its object does not allow that.

use crate::config::options::{Goal, Mode, Options};
use crate::extract::{Manifests, Mention, MentionId, ReferenceId};
use crate::finding::naming::CannotFollow;
use crate::k8s::kinds::NoRoll;
use crate::resolve::Resolver;
use crate::scope::Units;
use crate::text::input::Found;

/// A place that follows the sources that it means.
pub(super) struct Link {
    pub(super) mention: MentionId,
    pub(super) groups: Vec<usize>,
    /// The reference, if the place is in a pod template.
    pub(super) reference: Option<ReferenceId>,
    /// Whether the API server refuses another name there.
    pub(super) immutable: bool,
}

/// The input for finding referrals.
pub(super) struct Context<'a> {
    pub(super) manifests: &'a Manifests,
    pub(super) mentions: &'a [Mention],
    pub(super) units: &'a Units,
    pub(super) options: &'a Options,
    pub(super) resolver: &'a Resolver<'a>,
}

/// Why a reference cannot follow.
pub(super) fn fixed(
    run: &Context<'_>,
    mention: &Mention,
    reference: Option<ReferenceId>,
) -> Option<CannotFollow> {
    let file = &run.manifests[mention.file];
    if mention.fixed.is_some() {
        return mention.fixed;
    }
    if file.encrypted && file.input.found != Found::Stream {
        return Some(CannotFollow::Encrypted);
    }
    if !file.input.is_named() {
        return Some(CannotFollow::OnlyRead);
    }
    if run.options.goal == Goal::Strip {
        return None;
    }
    asked(run, reference?)
}

/// The reason why a reference cannot get a new name because of its workload: its reads are uncertain, or
/// annotations of the user exclude it.
pub(super) fn asked(run: &Context<'_>, reference: ReferenceId) -> Option<CannotFollow> {
    let reference = &run.manifests[reference];
    let template = &run.manifests[reference.template];
    let object = &run.manifests[template.object];
    let name = &reference.name;
    if template.refusal.is_some() {
        Some(CannotFollow::UnsureReads)
    } else if template.ignored.is_some() {
        Some(CannotFollow::IgnoredWorkload)
    } else if template.ignored_sources.iter().any(|ignored| ignored == name) {
        Some(CannotFollow::IgnoredSource)
    } else if object.follows.mode == Some(Mode::Annotation) {
        Some(CannotFollow::AsksForStamps)
    } else {
        None
    }
}

/// Whether the API server refuses another name at this reference once the object exists.
pub(super) fn refuses(run: &Context<'_>, reference: Option<ReferenceId>) -> bool {
    let Some(reference) = reference else { return false };
    let template = &run.manifests[run.manifests[reference].template];
    let object = &run.manifests[template.object];
    run.options.goal != Goal::Strip
        && template.not_stamped.is_some_and(NoRoll::refuses_changes)
        && !object.follows.recreated
        && object.follows.mode != Some(Mode::Suffix)
}
