//! Compares two states: whether each workload must roll, whether it does, and why.

use super::disruption;
use super::fields::{self, FieldContext};
use super::known_texts::{self, ChangedSpot, SpottedDocument};
use super::leaves;
use super::neighbours::Neighbours;
use super::objects::{self, AppliedObject};
use super::pairs::{Item, pair};
use super::reads::{self, ChangedKey, ReadChanges, ReadKeys, Standing, changed};
use super::sources::BothSources;
use super::state::{ComparedState, SideWorkload, Sights};
use super::{
    Answer, Assume, At, Held, HowChanged, Impact, KeyReason, Name, RollReason, Workload, foreign,
    indirect, not_compared, source_changes, values,
};
use crate::config::foreign::ForeignRules;
use crate::config::options::Options;
use crate::extract::{KnownTextKind, RolloutFacts, Template};
use crate::k8s::kinds::NoRoll;
use crate::k8s::waits::RolloutWait;
use crate::parallel;
use crate::plan::{Decision, Planned, State as Stamped};
use crate::yaml::Cursor;
use crate::yaml::value::{differing, value};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The settings of the comparison.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Which stamps count; `None`: the written ones if either state has any.
    pub assume: Option<Assume>,
    /// The annotation of the stamp.
    pub annotation: &'a str,
    /// The rules of the configuration for checksums and version labels of other tools.
    pub foreign: &'a ForeignRules,
    /// The number of threads; the result does not depend on it.
    pub jobs: usize,
}

impl<'a> Asked<'a> {
    /// The settings from the options of a run.
    pub fn new(assume: Option<Assume>, options: &'a Options) -> Self {
        let (annotation, foreign) = (&options.annotation, &options.rules.foreign);
        Self { assume, annotation, foreign, jobs: options.jobs }
    }
}

/// Compares two states.
pub fn compare(before: &ComparedState<'_>, after: &ComparedState<'_>, asked: &Asked<'_>) -> Impact {
    let written = || before.has_stamps() || after.has_stamps();
    let assume = asked.assume.unwrap_or_else(|| match written() {
        true => Assume::Written,
        false => Assume::Stamped,
    });
    let sources = BothSources::new(before, after);
    let (old, new) = (before.subjects(), after.subjects());
    let pairs = pair(&items(before, &old), &items(after, &new));
    let comparison = Comparison {
        states: (before, after),
        sources: &sources,
        assume,
        annotation: asked.annotation,
        foreign: asked.foreign,
        renamed: sources.renamed(),
        neighbours: Neighbours::of(after, new.iter().map(|subject| after.name(subject.object))),
        sights: after.sights(),
    };
    let one = |i: usize| comparison.pair(last(&old, &pairs[i].before), last(&new, &pairs[i].after));
    let mut compared = parallel::map(pairs.len(), asked.jobs, one);
    compared.sort_by(|a, b| {
        let (a, b) = (&a.workload, &b.workload);
        (a.urgency(), &a.name, a.at).cmp(&(b.urgency(), &b.name, b.at))
    });
    let (mut workloads, mut read) = (Vec::new(), Vec::new());
    for one in compared {
        workloads.push(*one.workload);
        read.push(one.read);
    }
    let (values_readers, taken) = values::changes(before, after, &sources);
    let sources = source_changes::changes(before, after, &sources, &workloads, &read, &taken);
    let errors = |state: &ComparedState<'_>| not_compared(state.outcome).count();
    Impact {
        assume,
        workloads,
        sources,
        values_readers,
        indirect: indirect::changes(before, after, asked.annotation),
        has_foreign: asked.foreign.is_on(),
        not_compared: errors(before) + errors(after),
    }
}

/// The copy that counts if a unit has several: the last one, because `kubectl` applies them in order.
fn last<'s, 'a>(
    subjects: &'s [SideWorkload<'a>],
    copies: &[usize],
) -> Option<&'s SideWorkload<'a>> {
    let not_hook = copies.iter().rev().find(|&&i| !subjects[i].object.hook);
    not_hook.or(copies.last()).map(|&i| &subjects[i])
}

type WorkloadIdentity = (String, String, Option<String>, String);

fn items(state: &ComparedState<'_>, subjects: &[SideWorkload<'_>]) -> Vec<Item<WorkloadIdentity>> {
    let of = |subject: &SideWorkload<'_>| {
        let id = &subject.object.id;
        // A kind may exist in several API groups; the older groups come first.
        let row = state.manifests().templates_of(subject.at).next();
        let row = row.map(|(_, template)| &template.kind).filter(|row| !row.is_unlisted());
        let group = row.and_then(|row| row.groups.first());
        let group = group.map_or_else(|| id.group.to_string(), ToString::to_string);
        let namespace = state.namespace(id.namespace.as_deref());
        Item {
            key: (id.kind.to_string(), group, namespace, id.name.to_string()),
            unit: state.unit(subject.object.place.file),
        }
    };
    subjects.iter().map(of).collect()
}

struct Comparison<'a, 's> {
    states: (&'s ComparedState<'a>, &'s ComparedState<'a>),
    sources: &'s BothSources<'a>,
    assume: Assume,
    annotation: &'s str,
    foreign: &'s ForeignRules,
    renamed: BTreeMap<(String, String), Name>,
    neighbours: Neighbours,
    /// The apply units that see each file, after.
    sights: Sights,
}

/// A workload, and its reads of what changed.
struct Compared<'a> {
    workload: Box<Workload>,
    read: ReadChanges<'a>,
}

impl<'a> Comparison<'a, '_> {
    fn pair<'s>(
        &'s self,
        old: Option<&'s SideWorkload<'a>>,
        new: Option<&'s SideWorkload<'a>>,
    ) -> Compared<'a>
    where
        'a: 's,
    {
        let (before, after) = self.states;
        let of = |state: &ComparedState<'a>, subject: Option<&SideWorkload<'a>>| {
            subject.map_or_else(ReadKeys::default, |s| reads::of(state, self.sources, s))
        };
        let (was, is) = (of(before, old), of(after, new));
        let mut workload = match (old, new) {
            (Some(old), Some(new)) => self.both(old, new, &was, &is),
            (only_old, only_new) => {
                let (state, answer) = match only_new {
                    Some(_) => (after, Answer::New),
                    None => (before, Answer::Gone),
                };
                let object = only_new.or(only_old).map(|subject| subject.object);
                let Some(object) = object else { unreachable!("a pair has a side") };
                Workload::plain(state.name(object), state.at(object.place_of_name()), answer)
            }
        };
        let side = |state: &ComparedState<'_>, subject: Option<&SideWorkload<'_>>| {
            subject.map(|subject| state.unit(subject.object.place.file))
        };
        workload.unit = side(after, new).or_else(|| side(before, old)).unwrap_or_default();
        let mut read = ReadChanges::default();
        for reads in [&is, &was] {
            read.named.extend(reads.named.iter().map(|(pair, _)| *pair));
            read.candidates.extend(&reads.candidates);
            let keys = reads.keys.iter().map(|((pair, key, _), read)| (*pair, *key, read.standing));
            read.keys.extend(keys.filter(|(pair, ..)| !self.sources.pairs[*pair].keys.is_empty()));
        }
        Compared { workload: Box::new(workload), read }
    }

    fn both(
        &self,
        old: &SideWorkload<'a>,
        new: &SideWorkload<'a>,
        was: &ReadKeys<'a>,
        is: &ReadKeys<'a>,
    ) -> Workload {
        let (before, after) = self.states;
        let name = after.name(new.object);
        let at = after.at(new.object.place_of_name());
        let mut workload = Workload::plain(name, at, Answer::Quiet);
        let files = (old.object.place.file, new.object.place.file);
        workload.is_unknown = before.recipes(files.0) != after.recipes(files.1)
            || ((was.is_unknown || is.is_unknown) && self.sources.is_changed);
        workload.takes_up = foreign::takes_up(old, new, self.foreign);
        let waits =
            |state, subject| matches!(hold(state, subject), Some(Held::Waits(_) | Held::Partition));
        workload.is_resumed = waits(before, old) && !waits(after, new);
        let keys = changed(was, is, self.sources);
        let standing = keys.iter().map(|key| key.standing).min();
        workload.must = standing.is_some_and(Standing::is_a_must);
        let texts = self.only_texts(old, new);
        let mut in_fields = texts.unwrap_or_else(|| self.in_documents(old, new));
        if self.assume == Assume::Stamped && (is_refused(old) || is_refused(new)) {
            // The stamp of a workload that rollstamp does not stamp is unknown.
            in_fields.retain(|reason| !matches!(reason, RollReason::Stamp { .. }));
        }
        in_fields.extend(self.named_by_build(&keys, &in_fields));
        in_fields.extend(self.stamp_elsewhere(old, new));
        let template_changed = !in_fields.is_empty();
        workload.reasons =
            keys.iter().filter(|key| key.standing.is_a_must()).map(|k| self.reason(k)).collect();
        workload.reasons.extend(in_fields);
        if !workload.must && !template_changed {
            return workload;
        }
        let facts = self.rollout(new);
        let together = self.sights.of(after, new.object.place.file);
        let near = self.neighbours.near(&workload.name, &facts, &together);
        let disruption = disruption::of(&new.object.id.group, &workload.name, &facts, &near);
        let hold = hold(after, new);
        let all_stay = match hold {
            Some(Held::Partition) => disruption.pods.is_some_and(|p| p.most == 0),
            Some(Held::Waits(RolloutWait::Partition)) | None => false,
            Some(_) => true,
        };
        workload.does = template_changed && !all_stay;
        workload.held = match (template_changed, hold) {
            (true, hold) => hold,
            // If a change does not roll pods of this kind, this is the reason, whatever the template
            // contains.
            (false, Some(hold @ Held::Kind(_))) => Some(hold),
            (false, _) => standing.map(|standing| self.uncovered(new, standing)),
        };
        workload.answer = self.answer(&workload, (old, new), was, is);
        workload.is_savable = foreign::is_savable(old, new, &workload.reasons);
        workload.disruption = Some(disruption);
        if !workload.answer.replaces_pods() && workload.answer != Answer::Stale {
            workload.disruption = None;
        }
        workload
    }

    /// The differences between the documents of a workload, which are parsed again.
    fn in_documents(&self, old: &SideWorkload<'a>, new: &SideWorkload<'a>) -> Vec<RollReason> {
        let (before, after) = self.states;
        let old_object = AppliedObject::new(before, old.object, self.assume);
        let new_object = AppliedObject::new(after, new.object, self.assume);
        if before.list(old.object).is_none()
            && old_object.document.text == new_object.document.text
            && old.object.route == new.object.route
        {
            return Vec::new();
        }
        self.templates(old, new, old_object.node(), new_object.node())
    }

    /// The changed stamp of a workload whose file was not named, but which a named overlay builds. This run does
    /// not write the stamp; a run over the whole state does.
    fn stamp_elsewhere(
        &self,
        old: &SideWorkload<'a>,
        new: &SideWorkload<'a>,
    ) -> Option<RollReason> {
        let input = &self.states.1.manifests()[new.object.place.file].input;
        if self.assume != Assume::Stamped || input.is_named() {
            return None;
        }
        let stamps = |subject: &SideWorkload<'a>| {
            let values = subject.planned.iter().map(|planned| match &planned.decision {
                Decision::Stamp { value, .. } => Some(value.clone()),
                _ => None,
            });
            values.collect::<Vec<_>>()
        };
        let change = HowChanged::Changed;
        (stamps(old) != stamps(new)).then_some(RollReason::Stamp { change })
    }

    /// The new names that a build gives to sources with a changed key that the pods read. No text holds these
    /// names.
    fn named_by_build(&self, keys: &[ChangedKey<'_, '_>], known: &[RollReason]) -> Vec<RollReason> {
        let keys = keys.iter().filter(|key| key.read.is_named_by_build);
        let pairs = keys.map(|key| key.of.0).collect::<BTreeSet<usize>>().into_iter();
        let names = pairs.map(|pair| &self.sources.pairs[pair].name);
        let is_new = |name: &&Name| {
            let mut known = known.iter();
            !known.any(|reason| matches!(reason, RollReason::Renamed { source } if source == *name))
        };
        names.filter(is_new).map(|name| RollReason::Renamed { source: name.clone() }).collect()
    }

    /// The differences between the two documents of a workload, without parsing them. `None` if the documents
    /// may differ in more than known texts, or if rollstamp would write more than stamps into them.
    fn only_texts(
        &self,
        old: &SideWorkload<'a>,
        new: &SideWorkload<'a>,
    ) -> Option<Vec<RollReason>> {
        let (before, after) = self.states;
        if old.object.route != new.object.route {
            return None;
        }
        let changed = self.changed_texts(old, new)?;
        let (stamp_key, renamed) = (self.annotation, &self.renamed);
        let known = FieldContext { stamp: stamp_key, renamed, foreign: self.foreign };
        let reasons = |changed: &ChangedSpot<'_>| fields::of_text(changed, &known);
        let is_written = |state: &ComparedState<'a>, subject: &SideWorkload<'a>| {
            let change = state.change(subject.object.place.file);
            change.is_none_or(|c| c.edits.within(subject.object.document).next().is_none())
        };
        if self.assume == Assume::Written || (is_written(before, old) && is_written(after, new)) {
            return Some(changed.iter().flat_map(reasons).collect());
        }
        let has_other_names = |state: &ComparedState<'a>, subject: &SideWorkload<'a>| {
            state.change(subject.object.place.file).is_some_and(|change| change.of_names)
        };
        if has_other_names(before, old)
            || has_other_names(after, new)
            || old.planned.len() != new.planned.len()
        {
            return None;
        }
        // The stamps that both documents get stand where annotations do, by their names.
        let goes_first = |changed: &&ChangedSpot<'_>| match changed.is {
            KnownTextKind::Annotation(key) => key.as_str() < stamp_key,
            _ => false,
        };
        let is_stamp = |changed: &&ChangedSpot<'_>| match changed.is {
            KnownTextKind::Annotation(key) => key == stamp_key,
            _ => false,
        };
        let others: Vec<&ChangedSpot<'_>> = changed.iter().filter(|one| !is_stamp(one)).collect();
        let (first, then) =
            others.split_at(others.iter().take_while(|one| goes_first(one)).count());
        let mut found: Vec<RollReason> = first.iter().copied().flat_map(reasons).collect();
        for (was, is) in old.planned.iter().zip(&new.planned) {
            let (was, is) = (stamp(before, was)?, stamp(after, is)?);
            found.extend((was != is).then_some(RollReason::Stamp { change: HowChanged::Changed }));
        }
        found.extend(then.iter().copied().flat_map(reasons));
        Some(found)
    }

    /// The known texts in which the two documents of a workload differ, before rollstamp writes into them.
    /// `None` if the documents may also differ in another place.
    fn changed_texts(
        &self,
        old: &SideWorkload<'a>,
        new: &SideWorkload<'a>,
    ) -> Option<Vec<ChangedSpot<'a>>> {
        let (before, after) = self.states;
        if objects::has_same_text((before, old.object), (after, new.object)) {
            return Some(Vec::new());
        }
        let text = |state: &ComparedState<'a>, subject: &SideWorkload<'a>| {
            state.text(subject.object.place.file)
        };
        let (was, is) = (text(before, old), text(after, new));
        let (old_template, new_template) =
            (only_template(before, old)?, only_template(after, new)?);
        // Objects in a list share their document.
        if !old.object.route.is_empty() || old_template.path != new_template.path {
            return None;
        }
        let document = |text, subject: &SideWorkload<'a>, template: &'a Template| {
            let spots = template.foreseen.as_ref()?.spots.as_deref()?;
            Some(SpottedDocument { text, span: subject.object.document, spots })
        };
        known_texts::changed(document(was, old, old_template)?, document(is, new, new_template)?)
    }

    /// The differences between the pod templates of the two objects.
    fn templates<'c>(
        &self,
        old: &SideWorkload<'a>,
        new: &SideWorkload<'a>,
        was: Option<Cursor<'c>>,
        is: Option<Cursor<'c>>,
    ) -> Vec<RollReason> {
        let (stamp, renamed) = (self.annotation, &self.renamed);
        let known = FieldContext { stamp, renamed, foreign: self.foreign };
        let mut found = Vec::new();
        let before: Vec<&Template> = objects::templates(self.states.0, old.at).collect();
        let after: Vec<&Template> = objects::templates(self.states.1, new.at).collect();
        for i in 0..before.len().max(after.len()) {
            let (of_old, of_new) = (before.get(i).copied(), after.get(i).copied());
            let node = |object: Option<Cursor<'c>>, template: Option<&Template>| {
                objects::follow(object?, &template?.path)
            };
            let (was, is) = (node(was, of_old), node(is, of_new));
            let is_written = |template: Option<&Template>| template.is_some_and(|t| !t.is_released);
            if let (Some(was), Some(is)) = (was, is)
                && is_written(of_old)
                && is_written(of_new)
                && let Some(leaves) = leaves::changed(was, is)
            {
                found.extend(fields::of_leaves(leaves, &known));
                continue;
            }
            let (was, is) = match (was, is) {
                (Some(was), Some(is)) => differing(was, is).unwrap_or_default(),
                // A pod template that exists in one state only is one change.
                (was, is) => {
                    let whole = |node: Option<Cursor<'_>>| node.and_then(value).unwrap_or_default();
                    (whole(was), whole(is))
                }
            };
            let as_template = |template: Option<&Template>, value: Value| match template {
                Some(template) => objects::comparable(template, value),
                None => value,
            };
            let (was, is) = (as_template(of_old, was), as_template(of_new, is));
            found.extend(fields::compare(&was, &is, &known));
        }
        found
    }

    /// How the apply replaces the pods of a workload.
    fn rollout(&self, subject: &SideWorkload<'a>) -> Cow<'a, RolloutFacts> {
        let first = objects::templates(self.states.1, subject.at).find(|first| !first.is_released);
        // A stamp does not change these facts, but a version label of another tool is one of the labels.
        let is_as_written = self.assume == Assume::Written
            || subject.planned.iter().all(|planned| planned.foreign.marks.is_empty());
        let foreseen = first.and_then(|first| first.foreseen.as_ref()?.rollout.as_deref());
        if let Some(rollout) = foreseen.filter(|_| is_as_written) {
            return Cow::Borrowed(rollout);
        }
        let applied = AppliedObject::new(self.states.1, subject.object, self.assume);
        let facts = applied.node().map(|object| {
            let template = first.and_then(|first| objects::follow(object, &first.path));
            let id = &subject.object.id;
            RolloutFacts::read(&id.group, &id.kind, object, template)
        });
        Cow::Owned(facts.unwrap_or_default())
    }

    /// The reason why the pod template did not change although the reads of the pods did.
    fn uncovered(&self, subject: &SideWorkload<'a>, standing: Standing) -> Held {
        match standing {
            Standing::IgnoredWorkload => Held::Ignored,
            Standing::External => Held::External,
            Standing::Counts | Standing::Ignored | Standing::Live => {
                let templates = self.states.1.manifests().templates_of(subject.at);
                let mut templates = templates.map(|(_, template)| template);
                match (self.assume, is_refused(subject)) {
                    (Assume::Stamped, true) => Held::Refused,
                    _ if templates.any(|template| template.stamp_seen) => Held::StaleStamp,
                    _ => Held::NoStamp,
                }
            }
        }
    }

    fn answer(
        &self,
        workload: &Workload,
        (old, new): (&SideWorkload<'a>, &SideWorkload<'a>),
        was: &ReadKeys<'a>,
        is: &ReadKeys<'a>,
    ) -> Answer {
        let later = matches!(
            workload.held,
            Some(Held::Kind(NoRoll::LaterRuns | NoRoll::LaterCronJobs | NoRoll::NoController))
        );
        match (workload.must, workload.does) {
            (true, true) => Answer::Rolls,
            (true, false) if later => Answer::Quiet,
            (true, false) => Answer::Stale,
            (false, false) => Answer::Quiet,
            (false, true) => {
                // If a name changes with content that the pods do not read, the roll is needless; the first
                // name after content rolls them once.
                let content_changed = |name: &Name| {
                    let named = was.named.iter().chain(&is.named);
                    let mut pairs = named.map(|(pair, _)| &self.sources.pairs[*pair]);
                    pairs.any(|pair| pair.name == *name && !pair.keys.is_empty())
                };
                let mut answer = Answer::Once;
                for reason in &workload.reasons {
                    let of_one = match reason {
                        RollReason::Field { .. } | RollReason::Key(_) => Answer::Template,
                        RollReason::Stamp { change: HowChanged::Removed } => Answer::Needless,
                        RollReason::Stamp { .. } => Answer::Once,
                        RollReason::Renamed { source } if content_changed(source) => {
                            Answer::Needless
                        }
                        RollReason::Renamed { .. } => Answer::Once,
                        RollReason::Foreign { key } | RollReason::VersionLabel { key, .. }
                            if foreign::is_taken_up(old, new, key) =>
                        {
                            Answer::Once
                        }
                        RollReason::Foreign { .. }
                        | RollReason::VersionLabel { .. }
                        | RollReason::Restart { .. } => Answer::Needless,
                    };
                    answer = answer.min(of_one);
                }
                answer
            }
        }
    }

    fn reason(&self, key: &ChangedKey<'_, '_>) -> RollReason {
        let source = &self.sources.pairs[key.of.0];
        RollReason::Key(KeyReason {
            source: source.name.clone(),
            key: key.of.1.to_owned(),
            change: key.change,
            site: key.read.reference.site.clone(),
            spot: key.read.reference.spot.clone(),
            reference: key.read.reference.name.to_string(),
            at: key.at,
        })
    }
}

/// The pod template of a workload that has one.
fn only_template<'a>(
    state: &ComparedState<'a>,
    subject: &SideWorkload<'a>,
) -> Option<&'a Template> {
    let mut templates = objects::templates(state, subject.at);
    let only = templates.next()?;
    templates.next().is_none().then_some(only)
}

/// Whether rollstamp refuses to stamp a pod template of the workload.
fn is_refused(subject: &SideWorkload<'_>) -> bool {
    let mut decisions = subject.planned.iter().map(|planned| &planned.decision);
    decisions.any(|decision| matches!(decision, Decision::Refused | Decision::LeftAlone(_)))
}

/// The stamp of a pod template after a run of rollstamp, if the run changes nothing else in it.
fn stamp<'p>(state: &ComparedState<'_>, planned: &'p Planned) -> Option<&'p str> {
    let Decision::Stamp { value, state: standing } = &planned.decision else { return None };
    let file = state.manifests()[planned.object].place.file;
    // A refused edit is not among the changes.
    let is_there = *standing == Stamped::Current || state.change(file).is_some();
    (is_there && planned.foreign.marks.is_empty()).then_some(value)
}

/// The reason why a changed pod template would not replace the pods.
fn hold(state: &ComparedState<'_>, subject: &SideWorkload<'_>) -> Option<Held> {
    let templates = || state.manifests().templates_of(subject.at).map(|(_, template)| template);
    if let Some(reason) = templates().find_map(|template| template.not_stamped) {
        // An object that each apply creates again always runs with the new content.
        return Some(Held::Kind(match subject.object.follows.recreated {
            true => NoRoll::LaterRuns,
            false => reason,
        }));
    }
    match templates().find_map(|template| template.later)? {
        RolloutWait::Ordinal => Some(Held::Partition),
        other => Some(Held::Waits(other)),
    }
}

impl Workload {
    fn plain(name: Name, at: At, answer: Answer) -> Self {
        Self {
            name,
            unit: String::new(),
            at,
            answer,
            must: false,
            does: false,
            reasons: Vec::new(),
            held: None,
            is_resumed: false,
            is_savable: false,
            takes_up: false,
            is_unknown: false,
            disruption: None,
            overlays: Vec::new(),
        }
    }

    /// The order of reports: the most urgent workloads first.
    fn urgency(&self) -> usize {
        match self.answer {
            Answer::Stale => 0,
            _ if self.may_be_stuck() => 1,
            _ if self.has_downtime() => 2,
            answer => 3 + Answer::ALL.iter().position(|a| *a == answer).unwrap_or_default(),
        }
    }
}
