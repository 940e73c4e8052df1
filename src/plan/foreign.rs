//! Decides about checksums and version labels that charts and other tools wrote into pod templates.
//!
//! A checksum of a chart changes with a template file, but the rendered manifests do not show which
//! file. So a steady value covers all configuration data of the chart: it never changes less often
//! than the chart meant, as far as the chart meant data.

use super::chart_data::lines;
use super::{Decision, Planner, Reason};
use crate::config::foreign::{Checksums, Tie, VersionLabels};
use crate::config::options::UnitRule;
use crate::extract::{Checksum, Object, Rendered, SourceId, Template, TemplateId};
use crate::finding::Code;
use crate::finding::foreign::{ChecksumStays, VersionLabelStays, chart};
use crate::k8s::foreign::NOT_DATA;
use crate::k8s::providers::Target;
use crate::resolve::Resolution;
use crate::scope::Membership;
use crate::text::input::Found;
use std::collections::{BTreeMap, BTreeSet};

/// The decisions about the checksums and labels of other tools (the *marks*) in a pod template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlannedForeign {
    /// The marks that change.
    pub marks: Vec<PlannedMark>,
    /// The forecast of the changes that the configuration could ask for; only if the run asks for
    /// it.
    pub weighed: Option<Box<ForeignForecast>>,
}

/// A mark of another tool that gets a new value or is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedMark {
    /// The mapping in the metadata of the pod template.
    pub on: MarkMapping,
    /// The key of the mark.
    pub key: String,
    /// The value of the mark afterwards; `None` if it is removed.
    pub value: Option<String>,
}

/// A mapping in the metadata of a pod template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkMapping {
    /// `annotations`
    Annotations,
    /// `labels`
    Labels,
}

impl MarkMapping {
    /// The name of the field.
    pub fn field(self) -> &'static str {
        match self {
            Self::Annotations => "annotations",
            Self::Labels => "labels",
        }
    }
}

/// The changes of the marks of a pod template with `checksums: steady` and `versionLabels: drop`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignForecast {
    /// The new value of each checksum that would change.
    pub steady: BTreeMap<String, String>,
    /// The labels that would be removed.
    pub dropped: BTreeSet<String>,
    /// Whether the pod template would change.
    pub would_change: bool,
}

/// A pod template, and what was decided about its stamp.
struct ForeignSubject<'a> {
    membership: &'a Membership,
    at: TemplateId,
    object: &'a Object,
    template: &'a Template,
    decision: &'a Decision,
    reasons: &'a [Reason],
}

impl<'a> ForeignSubject<'a> {
    fn rendered(&self) -> Option<&'a Rendered> {
        self.object.rendered.as_deref()
    }

    fn chart(&self) -> String {
        chart(self.rendered().map(|rendered| rendered.chart.as_str()))
    }
}

impl<'p> Planner<'p> {
    /// Decides about the marks of one pod template in one unit.
    pub(super) fn foreign(
        &mut self,
        membership: &Membership,
        at: TemplateId,
        decision: &Decision,
        reasons: &[Reason],
    ) -> PlannedForeign {
        let manifests = self.manifests;
        let template = &manifests[at];
        let object = &manifests[template.object];
        let rules = &self.options.rules.foreign;
        let is_left = matches!(
            decision,
            Decision::Refused | Decision::Ignored | Decision::LeftAlone(_) | Decision::NotStamped
        );
        let marks = template.marks();
        let has_none = marks.repairable.is_empty() && marks.droppable.is_empty();
        let is_asked = rules.is_on() || self.options.weighs_foreign;
        if has_none || marks.stay || is_left || !is_asked || self.options.migrate.is_some() {
            return PlannedForeign::default();
        }
        let subject = ForeignSubject { membership, at, object, template, decision, reasons };
        let mut found = PlannedForeign::default();
        if self.options.weighs_foreign {
            found.weighed = Some(Box::new(self.weighed(&subject)));
        }
        if !rules.is_on() {
            return found;
        }
        let (mut follows_reads, mut follows_all) = (false, false);
        for checksum in &marks.repairable {
            let (becomes, is_tied) = match rules.tie(&checksum.key) {
                Some(Tie::Sources(names)) => {
                    let value = self.tied(&subject, checksum, names);
                    found.marks.extend(self.repaired(&subject, checksum, value.transpose()));
                    continue;
                }
                Some(Tie::To(to)) => (*to, true),
                None => (rules.checksums, false),
            };
            let value = match becomes {
                Checksums::Keep => continue,
                Checksums::Steady => {
                    let value = self.steady(&subject, checksum, is_tied);
                    follows_all |= value.is_ok();
                    value.map(Some)
                }
                Checksums::Reads | Checksums::Drop => {
                    let value = self.instead(&subject, checksum, becomes);
                    follows_reads |= value.is_ok();
                    value
                }
            };
            found.marks.extend(self.repaired(&subject, checksum, Some(value)));
        }
        if follows_reads && !follows_all {
            self.say_unread(&subject);
        }
        if rules.version_labels == VersionLabels::Drop {
            for (row, place) in &marks.droppable {
                let chart = subject.chart();
                let name = row.name;
                match self.label_stays(&subject, name) {
                    None => {
                        let text =
                            format!("loses the label `{name}`, which says the version of {chart}");
                        let shared =
                            format!("lose the label `{name}`, which says the version of {chart}");
                        let message = format!("the pod template of {} {text}", object.id);
                        let finding = object.finding_at(Code::VersionLabelDropped, *place, message);
                        self.say(finding.shared(shared));
                        let (on, key) = (MarkMapping::Labels, name.to_owned());
                        found.marks.push(PlannedMark { on, key, value: None });
                    }
                    Some(why) => {
                        let text = format!("the label `{name}` in the pod template: {why}");
                        let message = format!("{} keeps {text}", object.id);
                        let finding =
                            object.finding_at(Code::VersionLabelSelected, *place, message);
                        self.say(finding.shared(format!("keep {text}")));
                    }
                }
            }
        }
        found
    }

    /// Reports in `strip` the values that this program wrote, because their original values are not
    /// known.
    pub(super) fn say_stripped(&mut self, memberships: &[Membership], at: TemplateId) {
        let manifests = self.manifests;
        let template = &manifests[at];
        let object = &manifests[template.object];
        let is_on = self.options.rules.foreign.is_on();
        let is_ours = |planner: &mut Self, checksum: &Checksum| {
            memberships.iter().any(|membership| {
                let data = planner.data(membership, object.rendered.as_deref());
                let now = checksum.value.as_deref().unwrap_or_default();
                data.value.as_deref().is_some_and(|value| now == fitted(now, value))
            })
        };
        for checksum in &template.marks().repairable {
            if template.marks().stay || !(is_on || is_ours(self, checksum)) {
                continue;
            }
            let key = &checksum.key;
            let text = format!("`{key}`, whose previous value is not known any more");
            let message = format!("the pod template of {} keeps {text}", object.id);
            let finding = object.finding_at(Code::ForeignRepaired, checksum.at, message);
            let help =
                "render the chart again to get back what it wrote: values, annotations and labels";
            self.say(finding.shared(format!("keep {text}")).help(help));
        }
    }

    fn weighed(&mut self, subject: &ForeignSubject<'_>) -> ForeignForecast {
        let mut weighed = ForeignForecast::default();
        for checksum in &subject.template.marks().repairable {
            if let Ok(value) = self.steady(subject, checksum, false) {
                weighed.would_change |= checksum.value.as_ref() != Some(&value);
                weighed.steady.insert(checksum.key.clone(), value);
            }
        }
        for (row, _) in &subject.template.marks().droppable {
            if self.label_stays(subject, row.name).is_none() {
                weighed.would_change = true;
                weighed.dropped.insert(row.name.to_owned());
            }
        }
        weighed
    }

    /// The change of a mark, if any, with its findings. `None` without a finding if another finding
    /// was reported before.
    fn repaired(
        &mut self,
        subject: &ForeignSubject<'_>,
        checksum: &Checksum,
        value: Option<Result<Option<String>, ChecksumStays>>,
    ) -> Option<PlannedMark> {
        let (object, key) = (subject.object, &checksum.key);
        match value? {
            Ok(value) if value == checksum.value => None,
            Ok(value) => {
                let chart = subject.chart();
                let (verb, text) = match value {
                    Some(_) => (
                        "get",
                        format!("a value for `{key}` of {chart} that changes with data only"),
                    ),
                    None => ("lose", format!("`{key}` of {chart}; the stamp takes its place")),
                };
                let message = format!("{} {verb}s {text}", object.id);
                let finding = object.finding_at(Code::ForeignRepaired, checksum.at, message);
                let help = "the pods roll once when this is applied for the first time";
                self.say(finding.shared(format!("{verb} {text}")).help(help));
                Some(PlannedMark { on: MarkMapping::Annotations, key: key.clone(), value })
            }
            Err(why) => {
                let text = format!("`{key}` as it is: {why}");
                let message = format!("{} keeps {text}", object.id);
                let finding = object.finding_at(Code::ForeignKept, checksum.at, message);
                let finding = finding.shared(format!("keep {text}")).help(why.help());
                self.say(finding);
                None
            }
        }
    }

    /// The value that covers all configuration data of the chart of a workload.
    fn steady(
        &mut self,
        subject: &ForeignSubject<'_>,
        checksum: &Checksum,
        is_tied: bool,
    ) -> Result<String, ChecksumStays> {
        let now = checksum.value.as_deref().ok_or(ChecksumStays::NotText)?;
        let key = &checksum.key;
        let is_known = is_tied || self.options.rules.foreign.named.contains(key);
        if !is_known && NOT_DATA.iter().any(|pattern| pattern.matches(key)) {
            return Err(ChecksumStays::NotData);
        }
        if !is_known && !is_digest(now) {
            return Err(ChecksumStays::NotDigest);
        }
        self.is_whole(subject)?;
        if !is_tied && let Some(source) = self.unseen(subject) {
            return Err(ChecksumStays::HookUnseen(source));
        }
        let data = self.data(subject.membership, subject.rendered());
        match &data.value {
            _ if data.clashes => Err(ChecksumStays::Clash),
            None => Err(ChecksumStays::NoData),
            Some(value) => Ok(fitted(now, value)),
        }
    }

    /// Whether all files of the chart of a workload are in its unit.
    fn is_whole(&self, subject: &ForeignSubject<'_>) -> Result<(), ChecksumStays> {
        let unit = self.units.get(subject.membership.unit);
        if unit.built {
            return Err(ChecksumStays::Built);
        }
        // The user declares that a declared unit is what one apply receives.
        let sees_all = !unit.name.is_empty()
            || (self.options.unit == UnitRule::Tree && self.has_whole_chart(subject));
        if self.is_of_output_dir(subject) && !sees_all {
            Err(ChecksumStays::Spread)
        } else {
            Ok(())
        }
    }

    /// Whether the file of a workload comes from `helm template --output-dir`, which writes one
    /// file for each template.
    fn is_of_output_dir(&self, subject: &ForeignSubject<'_>) -> bool {
        subject.rendered().is_some_and(|rendered| {
            let of_template = format!("{}/{}", rendered.chart, rendered.template);
            let name = &self.manifests[subject.object.place.file].input.name;
            let above = name.strip_suffix(&of_template);
            above.is_some_and(|above| above.is_empty() || above.ends_with('/'))
        })
    }

    /// Whether the named folder holds the whole chart of a workload.
    fn has_whole_chart(&self, subject: &ForeignSubject<'_>) -> bool {
        let input = &self.manifests[subject.object.place.file].input;
        matches!(input.found, Found::Walked(_))
            && subject
                .rendered()
                .is_some_and(|rendered| input.depth >= rendered.template.split('/').count())
    }

    /// A source that the pods need and that is absent from a stream which may lack hooks.
    fn unseen(&mut self, subject: &ForeignSubject<'_>) -> Option<String> {
        let rendered = subject.rendered()?;
        let manifests = self.manifests;
        if rendered.shows_hooks
            || manifests[subject.object.place.file].input.found != Found::Stream
            || self.shows_hooks(subject.membership)
        {
            return None;
        }
        let references = manifests.references_of(subject.at).iter().zip(subject.reasons);
        let mut outside = references.filter(|(reference, reason)| {
            !reference.optional && matches!(reason, Reason::External)
        });
        let (reference, _) = outside.next()?;
        Some(format!("{} {}", reference.site.target.name(), reference.name))
    }

    /// The replacement of a checksum that covers the reads of the pods: the stamp, or `None`.
    fn instead(
        &self,
        subject: &ForeignSubject<'_>,
        checksum: &Checksum,
        becomes: Checksums,
    ) -> Result<Option<String>, ChecksumStays> {
        if self.units.get(subject.membership.unit).built {
            return Err(ChecksumStays::Built);
        }
        match (becomes, subject.decision) {
            (Checksums::Drop, Decision::Stamp { .. }) => Ok(None),
            // The names of its sources roll the pods.
            (Checksums::Drop, Decision::None { .. })
                if subject.reasons.iter().any(|r| matches!(r, Reason::ContentNamed(_))) =>
            {
                Ok(None)
            }
            (_, Decision::Stamp { value, .. }) => {
                let now = checksum.value.as_deref().ok_or(ChecksumStays::NotText)?;
                Ok(Some(fitted(now, value)))
            }
            _ => Err(ChecksumStays::NoStamp),
        }
    }

    /// The value of a checksum that covers these sources; `None` if one of them is absent.
    fn tied(
        &mut self,
        subject: &ForeignSubject<'_>,
        checksum: &Checksum,
        names: &[(Target, String)],
    ) -> Result<Option<Option<String>>, ChecksumStays> {
        if self.units.get(subject.membership.unit).built {
            return Err(ChecksumStays::Built);
        }
        let now = checksum.value.as_deref().ok_or(ChecksumStays::NotText)?;
        let mut found = Vec::new();
        for (target, name) in names {
            let named =
                self.resolver.named(subject.membership, subject.object, *target, None, name);
            match named {
                Resolution::Found(indexed) | Resolution::Filled(indexed) => found.push(indexed),
                Resolution::Clash(_) => return Err(ChecksumStays::Clash),
                Resolution::External | Resolution::Ambiguous(_) => {
                    let (id, key, kind) = (&subject.object.id, &checksum.key, target.name());
                    let message = format!(
                        "`foreign.tie` ties `{key}` of {id} to {kind} {name}, which is not in its apply unit; the checksum stays"
                    );
                    let finding =
                        subject.object.finding_at(Code::UnknownName, checksum.at, message);
                    self.say(finding);
                    return Ok(None);
                }
            }
        }
        let value = lines(self.manifests, &found, &[]).foreign();
        Ok(Some(Some(fitted(now, &value))))
    }

    /// Reports the sources of the chart that no longer roll the pods.
    fn say_unread(&mut self, subject: &ForeignSubject<'_>) {
        let data = self.data(subject.membership, subject.rendered());
        let manifests = self.manifests;
        let read: BTreeSet<SourceId> = subject.reasons.iter().filter_map(Reason::source).collect();
        let unread = data.sources.iter().filter(|source| !read.contains(source));
        let mut names: Vec<String> = unread
            .map(|&at| format!("{} {}", manifests[at].target.name(), manifests[at].name))
            .collect();
        names.dedup();
        if names.is_empty() {
            return;
        }
        let more = names.len().saturating_sub(MOST_NAMES);
        names.truncate(MOST_NAMES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (chart, names) = (subject.chart(), names.join(", "));
        let text = format!(
            "for changes of sources that the pods do not read through their pod spec, although a checksum of {chart} may have covered them: {names}{more}"
        );
        let object = subject.object;
        let message = format!("{} no longer rolls {text}", object.id);
        let at =
            subject.template.marks().repairable.first().map_or(object.name_span, |mark| mark.at);
        let finding = object.finding_at(Code::ForeignUnread, at, message);
        let help = "if the program reads them through the API server, say so: `rollstamp.dev/also` on the workload, or `foreign.tie`";
        self.say(finding.shared(format!("no longer roll {text}")).help(help));
    }

    /// The reason why a version label must stay, if there is one.
    fn label_stays(&self, subject: &ForeignSubject<'_>, label: &str) -> Option<VersionLabelStays> {
        if self.units.get(subject.membership.unit).built {
            return Some(VersionLabelStays::Built);
        }
        if !subject.template.kind.built_in {
            return Some(VersionLabelStays::Kind);
        }
        if !subject.template.has_selector {
            return Some(VersionLabelStays::NoSelector);
        }
        if self.is_of_output_dir(subject) && !self.has_whole_chart(subject) {
            return Some(VersionLabelStays::Spread);
        }
        // The selecting object may be in another folder, so every text counts.
        let mut files = self.manifests.all_files().iter();
        if files.any(|file| file.unread) {
            return Some(VersionLabelStays::Unread);
        }
        let mut uses = self.manifests.all_files().iter().flat_map(|file| &file.label_uses);
        let found = uses.find(|found| found.label == label)?;
        let (path, object) = (found.path.clone(), found.object.clone());
        Some(match found.is_selector {
            true => VersionLabelStays::Selects(path, object),
            false => VersionLabelStays::MaySelect(path, object),
        })
    }
}

/// The maximum number of sources in a finding.
const MOST_NAMES: usize = 8;

/// The minimum length of a hex text that counts as a digest, possibly a shortened one.
const LEAST: usize = 16;

/// Whether a text is a digest that a chart computes, in lower-case hex. Any other text may be
/// written by hand to roll the pods.
fn is_digest(text: &str) -> bool {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.len() >= LEAST && text.bytes().all(is_hex)
}

/// A digest, cut to the length of the present digest: `sha256sum | trunc 63`. Any other text is
/// replaced by the whole digest.
fn fitted(now: &str, digest: &str) -> String {
    let is_cut = is_digest(now) && now.len() < digest.len();
    digest[..if is_cut { now.len() } else { digest.len() }].to_owned()
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn a_cut_digest_keeps_its_length() {
        let digest = "0123456789abcdef".repeat(4);
        for (now, length) in [
            ("f".repeat(64), 64),
            ("f".repeat(63), 63),
            ("f".repeat(40), 40),
            ("2863311530".to_owned(), 64),
            ("F".repeat(40), 64),
            ("randomtext".to_owned(), 64),
            (String::new(), 64),
            ("f".repeat(90), 64),
        ] {
            assert_eq!(fitted(&now, &digest), digest[..length], "{now}");
        }
    }
}
