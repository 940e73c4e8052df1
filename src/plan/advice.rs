//! Findings that help before the apply: other causes of rolls beside the stamp, and reads that the
//! stamp does not cover.

use super::{Decision, Reason};
use crate::config::foreign::{Checksums, VersionLabels};
use crate::config::options::Options;
use crate::config::policy::HotReload;
use crate::extract::{Manifests, Object, Reference, Sidecar, Template, Watched};
use crate::finding::foreign::chart;
use crate::finding::{Code, Finding};
use crate::scope::{Membership, Units};
use std::iter::Zip;
use std::slice::Iter;

/// `a`, or `a`, `b`
fn names<'a>(names: impl IntoIterator<Item = &'a (impl std::fmt::Display + 'a)>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The references of a template, each with its contribution to the stamp.
pub(super) type ReadReasons<'a> = Zip<Iter<'a, Reference>, Iter<'a, Reason>>;

/// The findings about a template that could be stamped.
pub(super) fn about_template(
    object: &Object,
    template: &Template,
    decision: &Decision,
    read: ReadReasons<'_>,
    options: &Options,
) -> Vec<Finding> {
    let mut found: Vec<Finding> = template
        .sidecars
        .iter()
        .filter_map(|sidecar| match options.rules.hot_reload {
            _ if sidecar.row.label.is_some() => Some(by_label(object, sidecar)),
            HotReload::Roll => rolls_all_the_same(object, sidecar, &read),
            HotReload::Skip => skipped(object, sidecar, &read),
        })
        .collect();
    if matches!(decision, Decision::Stamp { .. }) {
        found.extend(marks(object, template, options));
    }
    found
}

/// Whether a reference inside a watched volume has a reason like this one.
fn any_reason(read: &ReadReasons<'_>, volume: &Watched, is: fn(&Reason) -> bool) -> bool {
    read.clone().any(|(reference, reason)| {
        volume.span.start <= reference.name_span.start
            && reference.name_span.end <= volume.span.end
            && is(reason)
    })
}

fn counted<'a>(sidecar: &'a Sidecar, read: &ReadReasons<'_>) -> Vec<&'a Watched> {
    let is_counted = |reason: &Reason| matches!(reason, Reason::Counted(..));
    let volumes = sidecar.volumes.iter();
    volumes.filter(|volume| any_reason(read, volume, is_counted)).collect()
}

fn rolls_all_the_same(
    object: &Object,
    sidecar: &Sidecar,
    read: &ReadReasons<'_>,
) -> Option<Finding> {
    let volumes = counted(sidecar, read);
    if volumes.is_empty() {
        return None;
    }
    let list = names(volumes.iter().map(|volume| &volume.name));
    let message = format!(
        "the sidecar `{}` of {} watches {} {list}; changes still roll the pods",
        sidecar.container,
        object.id,
        if volumes.len() == 1 { "the volume" } else { "the volumes" },
    );
    let bare: Vec<&str> = volumes.iter().map(|volume| volume.name.as_str()).collect();
    let help = format!(
        "if the program reloads what it read from there, annotate the workload with `rollstamp.dev/live: \"{}\"`; env and subPath reads still roll the pods",
        bare.join(",")
    );
    Some(object.finding_at(Code::HotReload, sidecar.at, message).help(help))
}

fn skipped(object: &Object, sidecar: &Sidecar, read: &ReadReasons<'_>) -> Option<Finding> {
    let is_spared = |reason: &Reason| *reason == Reason::ReadsNothing;
    let spared = sidecar
        .volumes
        .iter()
        .filter(|volume| volume.doubt.is_none())
        .filter(|volume| any_reason(read, volume, is_spared));
    let spared: Vec<&Watched> = spared.collect();
    let doubted =
        counted(sidecar, read).into_iter().find_map(|volume| Some((volume, volume.doubt?)));
    let (sidecar_name, id) = (&sidecar.container, &object.id);
    let message = match (spared.is_empty(), doubted) {
        (true, None) => return None,
        (true, Some((volume, doubt))) => format!(
            "the sidecar `{sidecar_name}` of {id} watches the volume `{}`, but {}: changes roll the pods",
            volume.name,
            doubt.text()
        ),
        (false, _) => format!(
            "the sidecar `{sidecar_name}` of {id} reloads {}; mounts of it without a subPath are no part of the stamp",
            names(spared.iter().map(|volume| &volume.name))
        ),
    };
    Some(object.finding_at(Code::HotReload, sidecar.at, message))
}

fn by_label(object: &Object, sidecar: &Sidecar) -> Finding {
    let label = sidecar.label.as_ref();
    let by =
        label.map_or_else(|| "by a label".to_owned(), |label| format!("by the label `{label}`"));
    let ending = if sidecar.once {
        "reads them once, at the start of a pod: nothing replaces the pods when they change"
    } else {
        "follows them itself: they are no part of the stamp"
    };
    let message = format!(
        "the container `{}` of {} finds ConfigMaps or Secrets {by} and {ending}",
        sidecar.container, object.id
    );
    object.finding_at(Code::FoundByLabel, sidecar.at, message)
}

/// Other causes of rolls in the pod template, with the setting that ends them, once for each chart.
/// A cause that a setting already handles is not reported.
fn marks(object: &Object, template: &Template, options: &Options) -> Vec<Finding> {
    let marks = template.marks();
    let rules = &options.rules.foreign;
    let of_chart = object.rendered.as_ref().map(|rendered| chart(Some(&rendered.chart)));
    let mut found = Vec::new();
    if let Some((_, at)) = marks.checksums.first()
        && rules.checksums == Checksums::Keep
    {
        let message = format!(
            "the pod template of {} also carries {}: the pods roll whenever the data behind it changes, even if no pod reads it",
            object.id,
            names(marks.checksums.iter().map(|(name, _)| name))
        );
        let finding = object.finding_at(Code::ForeignChecksum, *at, message).help(
            "with `foreign: {checksums: steady}` it changes with the configuration data of its chart only (docs/charts.md)",
        );
        found.push(match &of_chart {
            Some(chart) => finding.shared(format!(
                "carry checksums of {chart} in their pod templates: the pods roll whenever the data behind these checksums changes, even if no pod reads it"
            )),
            None => finding,
        });
    }
    let is_dropped = rules.version_labels == VersionLabels::Drop && !marks.droppable.is_empty();
    if let Some((_, at)) = marks.versions.first().filter(|_| !is_dropped) {
        let message = format!(
            "the pod template of {} carries the {} {}, so that each new version rolls the pods whatever the stamp says",
            object.id,
            if marks.versions.len() == 1 { "label" } else { "labels" },
            names(marks.versions.iter().map(|(name, _)| name))
        );
        let finding = object.finding_at(Code::VersionLabel, *at, message);
        let finding = match marks.droppable.is_empty() {
            true => finding.help("keep it on the workload's own metadata"),
            false => finding.help(
                "with `foreign: {versionLabels: drop}` the label of the chart stays on the workload's own metadata only, unless something selects by it (docs/charts.md)",
            ),
        };
        found.push(match &of_chart {
            Some(chart) => finding.shared(format!(
                "carry versions of {chart} as labels in their pod templates, so that each new version rolls the pods whatever the stamps say"
            )),
            None => finding,
        });
    }
    found
}

/// The finding about a pod template of a kind without a row.
pub(super) fn unlisted(
    manifests: &Manifests,
    object: &Object,
    template: &Template,
) -> Option<Finding> {
    let read = template.references.iter().map(|at| &manifests[at]).find(|r| r.reads())?;
    let message = format!(
        "{} holds what looks like a pod template at `{}`, which reads {} {}; its kind is not known, so it gets no stamp",
        object.id,
        template.path,
        read.site.target.name(),
        read.name
    );
    Some(object.finding_at(Code::UnknownWorkload, read.name_span, message))
}

/// The findings about workloads that use the pod template of another workload, which is not in
/// their unit.
pub(super) fn about_delegates(manifests: &Manifests, units: &Units) -> Vec<Finding> {
    let mut found = Vec::new();
    for (_, object) in manifests.objects() {
        let (Some(delegate), file) = (&object.delegate, object.place.file) else {
            continue;
        };
        if !manifests[file].input.is_looked_at() || !units.takes_part(file) {
            continue;
        }
        let is_there = |membership: &Membership| {
            let mut objects = units
                .get(membership.unit)
                .sees
                .iter()
                .flat_map(|member| manifests.objects_of(member.file).map(|(_, object)| object));
            objects.any(|o| o.id.kind == delegate.kind && o.id.name == delegate.name)
        };
        if !units.memberships(file).unwrap_or_default().iter().all(is_there) {
            let message = format!(
                "{} takes its pod template from {} {}, which is not in this apply unit: nothing is stamped",
                object.id, delegate.kind, delegate.name
            );
            found.push(object.finding_at(Code::MissingWorkload, delegate.at, message));
        }
    }
    found
}
