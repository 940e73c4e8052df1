//! Decides for every pod template what happens to its stamp, and why. This stage uses facts, never texts.

mod added;
mod chart_data;
mod controllers;
mod listings;
mod entries;
mod foreign;
mod moves;
mod overlays;
mod advice;
mod reason;
mod shared;
mod collector;
pub mod rules;
pub mod unread;
mod values;
mod findings;

pub use added::AddedRead;
pub(crate) use entries::{missing_keys, read_entries};
pub use findings::{drift, not_written, stale_marks};
pub use foreign::{ForeignForecast, MarkMapping, PlannedForeign, PlannedMark};
pub use listings::Listing;
pub use moves::PlannedMove;
pub use reason::{CountedRead, Ignored, Reason};
use shared::{Shared, SharedRead};
pub use values::{MeantSource, TakenValues};

use crate::compat::migration::LeftController;
use crate::compat::selection::Selection;
use crate::config::options::{Goal, Options};
use crate::extract::{Manifests, Object, ObjectId, Reference, SourceId, Template, TemplateId};
use crate::finding::Finding;
use crate::finding::divergence::Divergence;
use crate::k8s::added::is_added;
use crate::k8s::providers::Target;
use crate::parallel;
use crate::rename::Renames;
use crate::resolve::index::{Index, Indexed};
use crate::resolve::{Resolution, Resolver};
use crate::scope::{Membership, Placement, UnitId, Units};
use crate::text::input::Found;
use crate::yaml::insert::Slot;
use collector::PlanFindings;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// What happens to every pod template, in the order of the input.
#[derive(Default)]
pub struct Plan {
    /// One entry for each template.
    pub workloads: Vec<Planned>,
    /// The changes of annotations of a controller, if the user asked for a migration.
    pub moves: Vec<PlannedMove>,
    /// The name of that controller.
    pub leaves: Option<&'static str>,
    /// The sources of values of Flux objects.
    pub taken: Vec<TakenValues>,
}

/// What happens to one pod template.
pub struct Planned {
    /// The workload.
    pub object: ObjectId,
    /// The pod template.
    pub template: TemplateId,
    /// The decision about the stamp.
    pub decision: Decision,
    /// The decisions about checksums and labels of other tools in the same pod template, if the user asked
    /// for them.
    pub foreign: PlannedForeign,
    /// The reasons: one entry for each reference of the template, in order.
    pub reasons: Vec<Reason>,
    /// The reads that annotations or the configuration add.
    pub added: Vec<AddedRead>,
    /// If overlays decide about the workload: the result of checking their stamps files, if each has one
    /// for it.
    pub listed: Option<Listing>,
}

/// The decisions about a pod template in one apply unit; the fields are those of [`Planned`].
struct DecidedTemplate {
    decision: Decision,
    reasons: Vec<Reason>,
    added: Vec<AddedRead>,
    foreign: PlannedForeign,
}

impl From<Decision> for DecidedTemplate {
    /// A decision without regard to references.
    fn from(decision: Decision) -> Self {
        let foreign = PlannedForeign::default();
        Self { decision, reasons: Vec::new(), added: Vec::new(), foreign }
    }
}

/// The decision about a stamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The template must have this stamp.
    Stamp {
        /// The stamp.
        value: String,
        /// The state of the text.
        state: State,
    },
    /// The template must have no stamp.
    None {
        /// Whether a left-over stamp must be removed.
        left_over: bool,
    },
    /// None of the sources is in the input, so an existing stamp does not change.
    Unverifiable {
        /// Whether the template has a stamp.
        present: bool,
    },
    /// The workload is not stamped, for the reason in a finding.
    Refused,
    /// The user excluded the workload.
    Ignored,
    /// The workload may be applied otherwise than written, for this reason.
    LeftAlone(Box<Divergence>),
    /// A template that gets no stamp.
    NotStamped,
}

/// How a stamp compares with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The text has no stamp.
    Missing,
    /// The text has another stamp.
    Stale,
    /// The text has the right stamp.
    Current,
}

/// Decides about all pod templates.
pub fn decide(
    manifests: &Manifests,
    units: &Units,
    index: &Index,
    renames: &Renames,
    options: &Options,
) -> (Plan, Vec<Finding>) {
    let is_named = |at: &TemplateId| {
        let file = manifests.workload(*at).place.file;
        manifests[file].input.is_looked_at() && !units.is_patch(file)
    };
    let templates: Vec<TemplateId> =
        manifests.templates().map(|(at, _)| at).filter(is_named).collect();
    let parts: Vec<&[TemplateId]> = templates.chunks(PART).collect();
    let resolver = Resolver::new(manifests, index, renames.hashed(), options);
    let decided = parallel::map(parts.len(), options.jobs, |part| {
        let said = PlanFindings::default();
        let resolver = &resolver;
        let (in_unit, charts) = (BTreeMap::new(), chart_data::Charts::default());
        let shared = Shared::default();
        let mut planner =
            Planner { manifests, units, resolver, renames, options, in_unit, charts, shared, said };
        let workloads = parts[part].iter().map(|&at| planner.planned(at));
        (workloads.collect::<Vec<Planned>>(), planner.said)
    });
    let mut plan = Plan::default();
    let mut said = PlanFindings::default();
    for (workloads, of_part) in decided {
        plan.workloads.extend(workloads);
        said.add(of_part);
    }
    plan.moves = moves::decide(manifests, &mut plan, options);
    plan.taken = values::taken(manifests, units, &resolver);
    plan.leaves = options.migrate.as_ref().map(LeftController::name);
    let mut findings = said.findings;
    for ((one, two), readers) in said.clashes {
        findings.push(findings::clash(manifests, one, two, &readers));
    }
    if options.goal != Goal::Strip {
        findings.extend(unread_flaws(manifests, units, &said.flawed));
        findings.extend(advice::about_delegates(manifests, units));
    }
    if options.goal == Goal::Check {
        findings.extend(listings::findings(manifests, units, options));
        findings.extend(values::unwatched(manifests, units, &resolver));
    }
    findings.extend(said.flawed.into_values());
    (plan, findings)
}

/// The number of pod templates that a thread processes at a time.
const PART: usize = 256;

struct Planner<'a> {
    manifests: &'a Manifests,
    units: &'a Units,
    resolver: &'a Resolver<'a>,
    renames: &'a Renames,
    options: &'a Options,
    /// The sources of units that were looked up, by kind.
    in_unit: BTreeMap<(UnitId, Target), Rc<[&'a Indexed]>>,
    shared: Shared,
    /// The cached data of charts.
    charts: chart_data::Charts,
    said: PlanFindings,
}

/// The sum of the references of a template.
#[derive(Default)]
struct Sum {
    /// The counted reads.
    reads: BTreeMap<SharedRead, Arc<CountedRead>>,
    counted: usize,
    external: usize,
    left_alone: bool,
}

impl Planner<'_> {
    fn planned(&mut self, at: TemplateId) -> Planned {
        let manifests = self.manifests;
        let template = &manifests[at];
        let object = &manifests[template.object];
        let file = object.place.file;
        let mut listed = None;
        let decided = match (self.options.goal, self.units.placement(file)) {
            (Goal::Strip, placement) => {
                if let Placement::In(memberships) = placement {
                    self.say_stripped(memberships, at);
                }
                Ok(match &template.slot {
                    None => Decision::NotStamped.into(),
                    Some(_) => self.removable(object, template).into(),
                })
            }
            _ if object.raw_material_of().is_some() => Err(overlays::raw_material(object)),
            (Goal::Stamp | Goal::Check, Placement::Unknown(why)) => Err(why.clone()),
            (Goal::Stamp | Goal::Check, Placement::Patch) => self.in_all(&[], at),
            (Goal::Stamp | Goal::Check, Placement::In(memberships)) => self.in_all(memberships, at),
        };
        let mut decided = decided.unwrap_or_else(|why: Divergence| {
            listed = self.listing(at);
            match &listed {
                Some(Listing::Stale(name)) if self.options.goal == Goal::Check => {
                    self.say(findings::stale_in(object, name));
                }
                None if overlays::matters(manifests, template, &why) => {
                    self.say(findings::left_alone(object, template.stamp_seen, &why));
                }
                _ => {}
            }
            Decision::LeftAlone(why.into()).into()
        });
        // A file with SOPS is never written, but a stream can be printed.
        if manifests[file].encrypted && manifests[file].input.found != Found::Stream {
            decided.foreign.marks.clear();
            decided.decision = self.refuse_encrypted(object, decided.decision);
        }
        Planned {
            object: template.object,
            template: at,
            decision: decided.decision,
            foreign: decided.foreign,
            reasons: decided.reasons,
            added: decided.added,
            listed,
        }
    }

    fn say(&mut self, finding: Finding) {
        self.said.findings.push(finding);
    }

    /// Refuses a decision that requires writing an encrypted file.
    fn refuse_encrypted(&mut self, object: &Object, decision: Decision) -> Decision {
        let edits = matches!(
            decision,
            Decision::Stamp { state: State::Missing | State::Stale, .. }
                | Decision::None { left_over: true }
        );
        if !edits {
            return decision;
        }
        self.say(findings::encrypted(object));
        Decision::Refused
    }

    fn template(&mut self, membership: &Membership, at: TemplateId) -> DecidedTemplate {
        let manifests = self.manifests;
        let template = &manifests[at];
        let object = &manifests[template.object];
        if let Some(by) = template.ignored {
            let reason = Reason::Ignored(Ignored::Workload(by));
            return ignored(vec![reason; template.references.len()]);
        }
        let stamped = template.not_stamped.is_none();
        if stamped && let Some((code, refusal)) = template.refusal.as_deref() {
            self.say(findings::untrusted(*code, refusal, object));
            return Decision::Refused.into();
        }
        let selection = match self.selection(object, template) {
            Selection::None(why) => {
                let reason = Reason::Ignored(Ignored::NotSelected(why));
                return ignored(vec![reason; template.references.len()]);
            }
            selection => selection,
        };
        let mut sum = Sum::default();
        let mut said: BTreeSet<(&str, &str)> = BTreeSet::new();
        let mut reasons = Vec::with_capacity(template.references.len());
        for id in template.references.iter() {
            let reference = &manifests[id];
            let name = self.renames.name(id, reference);
            let reason = self.reason(membership, reference, name, &selection, &mut sum);
            let source = (reference.site.target.name(), name);
            if !template.kind.is_unlisted()
                && !said.contains(&source)
                && let Some(finding) = self.say_reason(object, template, reference, name, &reason)
            {
                said.insert(source);
                self.say(finding);
            }
            reasons.push(reason);
        }
        sum.external += template.unknown_names.len();
        self.said.findings.extend(findings::unknown_names(object, template));
        let added = self.added(membership, at, &selection, &mut sum);
        sum.left_alone |= self.about_controllers(object, template, &selection);
        let decision = self.sum_up(object, template, sum);
        if matches!(decision, Decision::Stamp { .. } | Decision::None { .. }) {
            let references = manifests.references_of(at);
            let read = references.iter().zip(&reasons);
            let found = advice::about_template(object, template, &decision, read, self.options);
            self.said.findings.extend(found);
            self.about_double_rolls(object, template, &decision, &reasons);
        }
        let foreign = self.foreign(membership, at, &decision, &reasons);
        DecidedTemplate { decision, reasons, added, foreign }
    }

    /// The contribution of one reference; its lines are added to the sum.
    fn reason(
        &mut self,
        membership: &Membership,
        reference: &Reference,
        name: &str,
        selection: &Selection,
        sum: &mut Sum,
    ) -> Reason {
        let workload = self.manifests.workload(reference.template);
        if !reference.reads() {
            return Reason::ReadsNothing;
        }
        let resolution = self.resolver.resolve(membership, workload, reference, name);
        let reason = self.contributes(resolution, reference, name, selection, sum);
        if reason != Reason::External {
            return reason;
        }
        let made = self.resolver.made(membership, workload, reference.site.target, name);
        made.map_or(Reason::External, Reason::Made)
    }

    /// The contribution of a reference with this resolution.
    fn contributes(
        &mut self,
        resolution: Resolution<'_>,
        reference: &Reference,
        name: &str,
        selection: &Selection,
        sum: &mut Sum,
    ) -> Reason {
        let manifests = self.manifests;
        let template = &manifests[reference.template];
        let workload = &manifests[template.object];
        let mut ignored = template.ignored_sources.iter();
        if ignored.any(|ignored| *ignored == name) {
            return Reason::Ignored(Ignored::OnWorkload);
        }
        let stamped = template.not_stamped.is_none();
        let counts = |at: SourceId| {
            let source = &manifests[at];
            selection.counts(source.target, &source.name, source.tags)
        };
        let indexed = match resolution {
            Resolution::Found(indexed) => indexed,
            Resolution::Clash(indexed) if !counts(indexed.copy) => {
                return Reason::Ignored(Ignored::Unselected(indexed.copy));
            }
            Resolution::Filled(indexed) => {
                sum.external += 1;
                return Reason::Filled(indexed.copy);
            }
            Resolution::External => {
                sum.external += 1;
                return Reason::External;
            }
            Resolution::Ambiguous(candidates) => {
                sum.left_alone |= stamped;
                return Reason::Ambiguous(candidates);
            }
            Resolution::Clash(indexed) => {
                let other = indexed.clash.unwrap_or(indexed.copy);
                if stamped {
                    sum.left_alone = true;
                    let readers = self.said.clashes.entry((indexed.copy, other)).or_default();
                    readers.insert(workload.id.to_string());
                }
                return Reason::Clash(indexed.copy, other);
            }
        };
        let source = &manifests[indexed.copy];
        let missing = missing_keys(&reference.keys, source);
        if !reference.optional && !template.kind.is_unlisted() {
            let found = findings::missing_keys(workload, reference, name, &missing);
            self.said.findings.extend(found);
        }
        if let Some(by) = source.ignored {
            return Reason::Ignored(Ignored::Source(indexed.copy, by));
        }
        if !counts(indexed.copy) {
            return Reason::Ignored(Ignored::Unselected(indexed.copy));
        }
        if stamped && self.refuse_flaws(indexed.copy, workload) {
            sum.left_alone = true;
        }
        // A pod spec does not contain the name of an added source, so a change of the name rolls nothing.
        let mut copies = self.resolver.copies(indexed).iter();
        if !is_added(&reference.site)
            && copies.all(|&copy| self.renames.is_content_named(manifests, copy))
        {
            return Reason::ContentNamed(indexed.copy);
        }
        // A text can repeat one reference a thousand times, and each may read a thousand keys.
        let known = (indexed.copy, (!source.whole).then(|| reference.keys.clone()));
        if let Some(counted) = self.shared.counted(&known) {
            sum.counted += 1;
            sum.reads.insert(known, Arc::clone(&counted));
            return Reason::Counted(counted);
        }
        let read = read_entries(source, &reference.keys);
        let (ignored, kept): (Vec<usize>, Vec<usize>) =
            read.into_iter().partition(|&i| source.entries[i].ignored.is_some());
        if kept.is_empty() && !ignored.is_empty() {
            let all = 0..source.entries.len();
            let ignored = all.filter(|&i| source.entries[i].ignored.is_some()).collect();
            return Reason::Ignored(Ignored::Keys(indexed.copy, ignored));
        }
        sum.counted += 1;
        let counted = CountedRead {
            source: indexed.copy,
            entries: kept,
            ignored,
            missing: missing.into_iter().map(str::to_owned).collect(),
        };
        let counted = self.shared.keep(known.clone(), counted);
        sum.reads.insert(known, Arc::clone(&counted));
        Reason::Counted(counted)
    }

    /// Reports bad values of a source. The API server refuses a whole source because of one bad value. So a
    /// workload that reads any key of it is refused: its pods would roll for content that never arrives.
    fn refuse_flaws(&mut self, at: SourceId, workload: &Object) -> bool {
        let (owner, source) = (self.manifests.owner(at), &self.manifests[at]);
        let mut any = false;
        if let Some(malformed) = &source.malformed {
            any = true;
            let said = self.said.flawed.entry((at, usize::MAX));
            said.or_insert_with(|| findings::malformed(owner, malformed, Some(workload)));
        }
        for (position, entry) in source.entries.iter().enumerate() {
            let Some(flaw) = &entry.flaw else { continue };
            any = true;
            let said = self.said.flawed.entry((at, position));
            said.or_insert_with(|| findings::flawed(owner, entry, flaw, workload));
        }
        any
    }

    /// Reports a source that is not simply found, once for each workload.
    fn say_reason(
        &self,
        object: &Object,
        template: &Template,
        reference: &Reference,
        name: &str,
        reason: &Reason,
    ) -> Option<Finding> {
        match reason {
            Reason::External if !reference.optional => {
                Some(findings::external(object, reference, name, self.options.strict))
            }
            Reason::Made(by) => Some(findings::made(object, reference, name, *by, self.manifests)),
            Reason::Counted(counted) => {
                let source = counted.source;
                let (owner, filler) = (self.manifests.owner(source), self.manifests[source].filler);
                Some(findings::filled_beside(object, reference, owner, filler?))
            }
            Reason::Filled(at) => {
                let provider = self.manifests.owner(*at);
                let filler = self.manifests[*at].filler;
                Some(findings::filled(object, reference, name, provider, filler))
            }
            Reason::Ambiguous(candidates) if template.not_stamped.is_none() => {
                Some(findings::ambiguous(self.manifests, object, reference, name, candidates))
            }
            _ => None,
        }
    }

    fn sum_up(&mut self, object: &Object, template: &Template, sum: Sum) -> Decision {
        if template.kind.is_unlisted() {
            let finding = advice::unlisted(self.manifests, object, template);
            self.said.findings.extend(finding);
            return Decision::NotStamped;
        }
        if let Some(reason) = template.not_stamped {
            if sum.counted > 0 {
                self.say(findings::not_rolled(object, reason));
            }
            return Decision::NotStamped;
        }
        if sum.left_alone {
            return Decision::Refused;
        }
        if sum.counted > 0 {
            if let Some(later) = template.later {
                self.say(findings::rolls_later(object, later));
            }
            let stamp = self.shared.stamp(self.manifests, &sum.reads);
            return self.stamped(object, template, stamp);
        }
        // Sources named after their content add no line; external sources may have changed.
        if sum.external > 0 {
            return Decision::Unverifiable { present: template.stamp_seen };
        }
        self.removable(object, template)
    }

    fn stamped(&mut self, object: &Object, template: &Template, value: String) -> Decision {
        let state = match &template.slot {
            Some(Ok(Slot::Absent(_))) => State::Missing,
            Some(Ok(Slot::Present(present))) if present.value.as_deref() == Some(&value) => {
                State::Current
            }
            Some(Ok(Slot::Present(_))) => State::Stale,
            Some(Err(refusal)) => {
                self.say(findings::edit_refused(object, template, refusal));
                return Decision::Refused;
            }
            None => return Decision::NotStamped,
        };
        Decision::Stamp { value, state }
    }

    fn removable(&mut self, object: &Object, template: &Template) -> Decision {
        let refusal = match &template.slot {
            Some(Ok(Slot::Present(slot))) => slot.removal.as_ref().err().map(|refusal| &**refusal),
            Some(Err(refusal)) if template.stamp_seen => Some(refusal),
            _ => None,
        };
        if let Some(refusal) = refusal {
            self.say(findings::edit_refused(object, template, refusal));
            return Decision::Refused;
        }
        Decision::None { left_over: template.stamp_seen }
    }
}

/// The decision for an ignored workload.
fn ignored(reasons: Vec<Reason>) -> DecidedTemplate {
    DecidedTemplate { reasons, ..Decision::Ignored.into() }
}

/// The findings about values that the API server refuses, in sources that no stamped workload reads.
fn unread_flaws(
    manifests: &Manifests,
    units: &Units,
    read: &BTreeMap<(SourceId, usize), Finding>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, source) in manifests.sources() {
        let owner = manifests.owner(at);
        let file = owner.place.file;
        if !manifests[file].input.is_looked_at() || !units.takes_part(file) {
            continue;
        }
        if let Some(malformed) = &source.malformed
            && !read.contains_key(&(at, usize::MAX))
        {
            findings.push(findings::malformed(owner, malformed, None));
        }
        for (i, entry) in source.entries.iter().enumerate() {
            if let Some(flaw) = &entry.flaw
                && !read.contains_key(&(at, i))
            {
                findings.push(findings::unread_flaw(owner, entry, flaw));
            }
        }
    }
    findings
}
