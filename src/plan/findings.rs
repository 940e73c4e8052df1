//! The findings of the plan, one function for each.

use super::{Decision, MarkMapping, Planned, State};
use crate::extract::{
    Entry, Flaw, Malformed, Manifests, Object, Reference, Source, SourceId, Template, UnknownName,
    refused,
};
use crate::finding::divergence::Divergence;
use crate::finding::workload::{no_stamp, until};
use crate::finding::{Code, Finding, Severity};
use crate::k8s::fillers::Filler;
use crate::k8s::kinds::NoRoll;
use crate::k8s::waits::RolloutWait;
use crate::resolve::MadeBy;
use crate::scope::UnknownSubstitution;
use crate::text::input::Found;
use crate::text::{Place, Span};
use crate::yaml::insert::{Refusal, Slot};
use std::collections::BTreeSet;

fn place(object: &Object, span: Span) -> Place {
    Place { file: object.place.file, span }
}

/// The finding about a workload that is not stamped, with or without a stamp of an earlier run.
pub(super) fn left_alone(workload: &Object, stamped: bool, why: &Divergence) -> Finding {
    let id = &workload.id;
    let mut message = format!("{id} is left alone: {}", why.text());
    let mut shared = format!("are left alone: {}", why.text_shared_by(&id.kind, &id.name));
    if stamped {
        message.push_str("; the stamp there stays as it is, whatever changes");
        shared.push_str("; the stamps there stay as they are, whatever changes");
    }
    let mut finding = workload.finding(Code::KustomizeSource, message).shared(shared);
    if stamped {
        // A stamp that is not updated suggests that everything is right, so it is worse than no
        // stamp.
        finding.severity = Severity::Error;
    }
    if let Some(place) = why.place {
        finding = finding.related(place, "here");
    }
    finding.help(
        "run `rollstamp write --build kustomize .`, which stamps what each overlay builds; or stamp what kustomize prints: `kustomize build DIR | rollstamp | kubectl apply -f -`",
    )
}

/// The finding about a stamp in the stamps file of an overlay that is not the right one.
pub(super) fn stale_in(workload: &Object, stamps_file: &str) -> Finding {
    let message = format!("{}: the stamp in {stamps_file} is not up to date", workload.id);
    workload
        .finding(Code::StaleStamp, message)
        .help("run `rollstamp write --build kustomize` over the overlays")
}

/// The finding about a value that a workload reads and that a controller changes in an unknown way.
pub(super) fn substituted(
    workload: &Object,
    source: &Source,
    substitution: &UnknownSubstitution,
) -> Finding {
    let key = substitution.key.as_ref().map_or_else(String::new, |key| format!(" at `{key}`"));
    let message = format!(
        "{} reads {} {}, into which {} puts `${{{}}}`{key}; its value is not known, because {}, so a change of it does not roll the pods",
        workload.id,
        source.target,
        source.name,
        substitution.by,
        substitution.variable,
        substitution.why
    );
    Finding::new(Code::SubstitutedValue, message)
        .about(workload.id.to_string())
        .at(substitution.place)
        .related(substitution.said, "put in here")
        .help("do not use `postBuild` for values that must roll pods, or put the source of the variable into the repository without encryption")
}

/// The findings about texts in the values of a release from which only its chart can build the names.
pub(super) fn unknown_names(object: &Object, template: &Template) -> Vec<Finding> {
    let finding = |unknown: &UnknownName| {
        let what = match unknown.is_text {
            true => "a text stands where a list of references is expected",
            false => "a template stands where a name is expected",
        };
        let message = format!(
            "{}: {what}; only the chart knows the name, so a change of the named object does not roll the pods",
            object.id
        );
        object.finding_at(Code::SubstitutedValue, unknown.at, message).help(
            "write the name without a template, or stamp what the chart renders (`rollstamp patches --for-helmrelease`)",
        )
    };
    let stamped = template.not_stamped.is_none();
    template.unknown_names.iter().filter(|_| stamped).map(finding).collect()
}

pub(super) fn encrypted(object: &Object) -> Finding {
    let message =
        format!("{} is in a file that is encrypted with SOPS, which is never edited", object.id);
    object
        .finding(Code::EncryptedFile, message)
        .help("move the workload to a file of its own")
        .refusing()
}

pub(super) fn untrusted(code: Code, refusal: &Refusal, object: &Object) -> Finding {
    let help = match code {
        Code::DuplicateKey => "remove one of the two keys",
        _ => "put the value in quotes",
    };
    refused(code, refusal, &object.id.to_string(), object.place.file).help(help)
}

pub(super) fn edit_refused(object: &Object, template: &Template, refusal: &Refusal) -> Finding {
    let what = match template.is_released {
        true => format!("the mapping at `{}`", template.path),
        false => "the pod template's metadata".to_owned(),
    };
    refused(Code::EditRefused, refusal, &object.id.to_string(), object.place.file)
        .help(format!("write {what} out in place, with each key once and without anchors"))
}

pub(super) fn missing_keys(
    object: &Object,
    reference: &Reference,
    name: &str,
    missing: &[&str],
) -> Vec<Finding> {
    missing
        .iter()
        .map(|key| {
            let target = reference.site.target.name();
            let message = format!(
                "{} reads the key `{key}` of {target} {}, which does not have it",
                object.id, name
            );
            object
                .finding_at(Code::MissingKey, reference.name_span, message)
                .help("add the key, or mark the reference as optional; without it the container does not start")
        })
        .collect()
}

pub(super) fn flawed(owner: &Object, entry: &Entry, flaw: &Flaw, reader: &Object) -> Finding {
    let message = format!(
        "the value of `{}` of {} is {}; {} reads the source",
        entry.key,
        owner.id,
        flaw.describe(),
        reader.id
    );
    owner
        .finding(Code::NonStringValue, message)
        .at(place(owner, entry.at))
        .help(flaw.help())
        .refusing()
}

/// The finding about a field of content that is not a mapping: it is refused if a stamped workload
/// reads the source.
pub(super) fn malformed(owner: &Object, malformed: &Malformed, reader: Option<&Object>) -> Finding {
    let (code, read) = match reader {
        Some(reader) => (Code::InvalidObject, format!("; {} reads it", reader.id)),
        None => (Code::NonStringUnread, String::new()),
    };
    let message = format!("`{}` of {} is not a mapping{read}", malformed.field, owner.id);
    let mut finding = owner.finding(code, message).at(place(owner, malformed.at));
    finding.refuses = reader.is_some();
    finding.help("write it as keys and values")
}

pub(super) fn unread_flaw(owner: &Object, entry: &Entry, flaw: &Flaw) -> Finding {
    let message = format!("the value of `{}` of {} is {}", entry.key, owner.id, flaw.describe());
    owner.finding(Code::NonStringUnread, message).at(place(owner, entry.at)).help(flaw.help())
}

pub(super) fn ambiguous(
    manifests: &Manifests,
    reader: &Object,
    reference: &Reference,
    name: &str,
    candidates: &[SourceId],
) -> Finding {
    let target = reference.site.target.name();
    let objects: Vec<&Object> =
        candidates.iter().map(|&candidate| manifests.owner(candidate)).collect();
    let namespaces: BTreeSet<&str> =
        objects.iter().filter_map(|object| object.id.namespace.as_deref()).collect();
    let (what, help) = if namespaces.len() > 1 {
        let namespaces: Vec<&str> = namespaces.into_iter().collect();
        (
            format!("which is there in the namespaces {}", namespaces.join(", ")),
            "write `metadata.namespace` into the workload, or name the namespace of the apply with --namespace",
        )
    } else {
        let ids: Vec<String> = objects.iter().map(|object| object.id.to_string()).collect();
        (
            format!("which may be {}", ids.join(" or ")),
            "give one of them another name, or stamp what kustomize prints: `kustomize build DIR | rollstamp`",
        )
    };
    let message = format!("{} names {target} {name}, {what}; it is left alone", reader.id);
    let mut finding = reader
        .finding_at(Code::AmbiguousReference, reference.name_span, message)
        .help(help)
        .refusing();
    for source in objects {
        finding = finding.related(source.place_of_name(), "one of them");
    }
    finding
}

pub(super) fn external(
    reader: &Object,
    reference: &Reference,
    name: &str,
    strict: bool,
) -> Finding {
    let target = reference.site.target.name();
    let message = format!(
        "{} reads {target} {}, which is not in this apply unit; changes of it do not change the stamp",
        reader.id, name
    );
    let mut finding = reader
        .finding_at(Code::ExternalReference, reference.name_span, message)
        .shared(format!(
            "read {target} {name}, which is not in their apply units; changes of it do not change the stamps"
        ));
    if strict {
        finding.severity = Severity::Error;
        finding = finding
            .help("add the source to the unit, or mark the reference as optional")
            .refusing();
    }
    finding
}

/// The finding about a source that is filled in the cluster: `what` stands between "reads" and "the
/// stamp".
fn filled_in_cluster(reader: &Object, reference: &Reference, what: &str) -> Finding {
    let message = format!("{} reads {what} the stamp", reader.id);
    let finding = reader.finding_at(Code::FilledInCluster, reference.name_span, message);
    finding.shared(format!("read {what} the stamps"))
}

pub(super) fn filled(
    reader: &Object,
    reference: &Reference,
    name: &str,
    provider: &Object,
    filler: Option<&Filler>,
) -> Finding {
    let target = reference.site.target.name();
    let by = match filler {
        Some(filler) => format!("{} fills in the cluster", filler.by),
        None => format!("{} has filled in the cluster", provider.id),
    };
    let what = format!("{target} {name}, which {by}; changes of it do not change");
    filled_in_cluster(reader, reference, &what).related(provider.place_of_name(), "filled here")
}

/// The finding about a source that a program creates in the cluster, without a manifest.
pub(super) fn made(
    reader: &Object,
    reference: &Reference,
    name: &str,
    by: MadeBy,
    manifests: &Manifests,
) -> Finding {
    let target = reference.site.target.name();
    let program = by.program(manifests);
    let because = match by.maker(manifests) {
        Some(maker) => format!("makes in the cluster because of {}", maker.id),
        None => "makes in every namespace".to_owned(),
    };
    let what = format!("{target} {name}, which {program} {because}; changes of it do not change");
    let finding = filled_in_cluster(reader, reference, &what);
    match by.place(manifests) {
        Some(place) => finding.related(place, "named here"),
        None => finding,
    }
}

/// The finding about a source of which a manifest holds a part, and a program in the cluster fills
/// the rest.
pub(super) fn filled_beside(
    reader: &Object,
    reference: &Reference,
    owner: &Object,
    filler: &Filler,
) -> Finding {
    let what = format!(
        "{}, which {} fills in the cluster; only what its manifest holds changes",
        owner.id, filler.by
    );
    filled_in_cluster(reader, reference, &what)
        .related(owner.place_of_name(), "this one")
        .help("with `filledSources: external` in the configuration it does not count")
}

pub(super) fn not_rolled(object: &Object, reason: NoRoll) -> Finding {
    let reason = match object.hook {
        true => "is a hook, which Helm creates again".to_owned(),
        false => no_stamp(reason, &object.id.kind),
    };
    object.finding(Code::NotRolled, format!("{} gets no stamp: it {reason}", object.id))
}

pub(super) fn rolls_later(object: &Object, later: RolloutWait) -> Finding {
    let message =
        format!("{} is stamped, but its pods are replaced only {}", object.id, until(later));
    object.finding(Code::RollsLater, message)
}

pub(super) fn clash(
    manifests: &Manifests,
    one: SourceId,
    two: SourceId,
    readers: &BTreeSet<String>,
) -> Finding {
    let (a, b) = (manifests.owner(one), manifests.owner(two));
    let readers: Vec<&str> = readers.iter().map(String::as_str).collect();
    let message = format!(
        "{} has different content in two files; left alone because of it: {}",
        a.id,
        readers.join(", ")
    );
    a.finding(Code::ClashingSources, message)
        .related(b.place_of_name(), "the other one")
        .help("apply the two files separately: name fewer files, or put the alternatives into separate folders")
        .refusing()
}

/// The finding about a workload that two declared units apply, each with its own sources.
pub(super) fn several_units(object: &Object, one: &str, two: &str) -> Finding {
    let message = format!(
        "{} is left alone: the units {one} and {two} of the configuration need different stamps",
        object.id
    );
    object
        .finding(Code::SeveralUnits, message)
        .help("let one unit hold its file under `files`; the others may name it under `also`")
        .refusing()
}

/// The finding about a workload that needs another stamp, and whose file is not written because
/// only a kustomization that builds it was named.
pub fn not_written(manifests: &Manifests, planned: &Planned) -> Option<Finding> {
    let object = &manifests[planned.object];
    let input = &manifests[object.place.file].input;
    let changes = matches!(
        planned.decision,
        Decision::Stamp { state: State::Missing | State::Stale, .. }
            | Decision::None { left_over: true }
    );
    if input.found != Found::Built || !changes {
        return None;
    }
    let name = &input.name;
    let message = format!("{} needs another stamp, but its file {name} was not named", object.id);
    Some(object.finding(Code::NotWritten, message).help(name_the_file(name)))
}

fn name_the_file(name: &str) -> String {
    format!(
        "run `rollstamp write {name}` with the sources that it reads, or stamp what kustomize prints: `kustomize build DIR | rollstamp`"
    )
}

/// The finding of `check` about checksums and labels of other tools that are not as the
/// configuration asks.
pub fn stale_marks(manifests: &Manifests, planned: &Planned) -> Option<Finding> {
    let object = &manifests[planned.object];
    let marks = &planned.foreign.marks;
    let first = marks.first()?;
    let names: Vec<String> = marks.iter().map(|mark| format!("`{}`", mark.key)).collect();
    let template = manifests[planned.template].marks();
    let at = match first.on {
        MarkMapping::Annotations => {
            template.repairable.iter().find(|m| m.key == first.key).map(|m| m.at)
        }
        MarkMapping::Labels => {
            template.droppable.iter().find(|m| m.0.name == first.key).map(|m| m.1)
        }
    };
    let message = format!(
        "the pod template of {} carries {}, not as the configuration asks",
        object.id,
        names.join(", ")
    );
    let finding = object.finding_at(Code::ForeignStale, at.unwrap_or(object.name_span), message);
    let help = "run `rollstamp write` on the same paths; the pods roll once for it";
    Some(finding.help(help))
}

/// The finding of `check` about a decision, if it is one.
pub fn drift(manifests: &Manifests, planned: &Planned) -> Option<Finding> {
    let object = &manifests[planned.object];
    let (code, message) = match &planned.decision {
        Decision::Stamp { state: State::Missing, .. } => {
            (Code::MissingStamp, format!("{} has no stamp", object.id))
        }
        Decision::Stamp { state: State::Stale, .. } => (
            Code::StaleStamp,
            format!("the stamp of {} does not match what it reads now", object.id),
        ),
        Decision::None { left_over: true } => (
            Code::LeftOverStamp,
            format!("{} has a stamp but reads nothing that needs one", object.id),
        ),
        Decision::Unverifiable { present: true } => (
            Code::UnverifiableStamp,
            format!(
                "the stamp of {} cannot be checked: none of its sources is in this apply unit",
                object.id
            ),
        ),
        _ => return None,
    };
    let span = match &manifests[planned.template].slot {
        Some(Ok(Slot::Present(present))) => present.key,
        _ => object.name_span,
    };
    let finding = object.finding_at(code, span, message);
    let input = &manifests[object.place.file].input;
    Some(match code {
        Code::UnverifiableStamp => finding,
        _ if input.found == Found::Stream => finding.help(
            "the program that printed these manifests did not run rollstamp last: append `| rollstamp` to it, or check that its plugin ran",
        ),
        _ if input.found == Found::Built => finding.help(name_the_file(&input.name)),
        _ => finding.help("run `rollstamp write` on the same paths"),
    })
}
