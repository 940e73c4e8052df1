//! The explanation for programs. The structs here define the format; nothing else is serialized.

use super::{Explained, NamedReference, explained, named_keys, overlay, taken, taken_keys, words};
use crate::extract::{Grounds, Mount, SourceId};
use crate::plan::{MeantSource, Reason, TakenValues};
use crate::report::json::SCHEMA_VERSION;
use crate::report::locator::Locator;
use crate::report::rows::{ObjectRow, PlaceRow};
use crate::report::{ExplainView, json};
use crate::text::Place;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(in crate::report) struct Report<'a> {
    schema_version: u32,
    verb: &'static str,
    workloads: Vec<ExplainedWorkload<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values_readers: Vec<ExplainedValues<'a>>,
    findings: Vec<json::FindingRow<'a>>,
}

#[derive(Serialize)]
struct ExplainedWorkload<'a> {
    #[serde(flatten)]
    id: ObjectRow<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(flatten)]
    at: PlaceRow<'a>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    present: Option<&'a str>,
    /// The overlays to which this applies, if builds of overlays are explained.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overlays: Vec<&'a str>,
    references: Vec<ExplainedReference<'a>>,
}

#[derive(Serialize)]
struct ExplainedReference<'a> {
    site: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    list: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mounts: Vec<MountRow<'a>>,
    kind: &'static str,
    name: &'a str,
    optional: bool,
    line: usize,
    column: usize,
    outcome: &'static str,
    why: &'static str,
    reason: String,
    /// The keys that are part of the stamp.
    keys: Vec<&'a str>,
    /// The keys that the reference names itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    named_keys: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored_keys: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_keys: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ExplainedSource<'a>>,
}

/// An object of Flux that takes values.
#[derive(Serialize)]
struct ExplainedValues<'a> {
    #[serde(flatten)]
    id: ObjectRow<'a>,
    #[serde(flatten)]
    at: PlaceRow<'a>,
    references: Vec<ValuesReferenceRow<'a>>,
}

#[derive(Serialize)]
struct ValuesReferenceRow<'a> {
    field: &'static str,
    kind: &'static str,
    name: &'a str,
    optional: bool,
    line: usize,
    column: usize,
    outcome: &'static str,
    reason: String,
    keys: Vec<&'a str>,
    /// The only key that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    named_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<ExplainedSource<'a>>,
}

#[derive(Serialize)]
struct MountRow<'a> {
    list: &'static str,
    container: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_path_expr: Option<&'a str>,
}

#[derive(Serialize)]
struct ExplainedSource<'a> {
    object: String,
    #[serde(flatten)]
    at: PlaceRow<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<String>,
}

/// The explanation of the chosen workloads, and all findings.
pub(in crate::report) fn report<'a>(asked: &ExplainView<'a>) -> Report<'a> {
    let view = &asked.view;
    let locator = view.locator();
    let explained = explained(asked);
    Report {
        schema_version: SCHEMA_VERSION,
        verb: view.verb.name(),
        workloads: workloads(&explained, &locator),
        values_readers: taken(asked).into_iter().map(|t| values_reader(t, &locator)).collect(),
        findings: json::finding_rows(view, &locator),
    }
}

/// The rows; a row that is equal in several overlays is written once.
fn workloads<'a>(explained: &[Explained<'a>], locator: &Locator<'a>) -> Vec<ExplainedWorkload<'a>> {
    let mut rows: Vec<ExplainedWorkload<'a>> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for one in explained {
        let row = workload(one, locator);
        let Some(overlay) = overlay(one.outcome, one.object.place.file) else {
            rows.push(row);
            continue;
        };
        let sense = serde_json::to_string(&row).unwrap_or_default();
        let at = *known.entry(sense).or_insert(rows.len());
        if at == rows.len() {
            rows.push(row);
        }
        rows[at].overlays.push(overlay);
    }
    rows
}

fn values_reader<'a>(taken: &'a TakenValues, locator: &Locator<'a>) -> ExplainedValues<'a> {
    let manifests = &locator.outcome.manifests;
    let reader = taken.reader(manifests);
    let place = |span| Place { file: taken.file, span };
    let references = taken.references(manifests).map(|(reference, means)| {
        let position = locator.position(place(reference.at));
        let source = means.one();
        ValuesReferenceRow {
            field: reader.field,
            kind: reference.target.name(),
            name: &reference.name,
            optional: reference.optional,
            line: position.line,
            column: position.column,
            outcome: match means {
                MeantSource::One(_) => "found",
                MeantSource::Several => "ambiguous",
                MeantSource::Nowhere => "external",
            },
            reason: words::meant_source(reference, means, reader, locator),
            keys: source.map(|at| taken_keys(reference, &manifests[at])).unwrap_or_default(),
            named_key: reference.key.as_deref(),
            source: source.map(|source| source_row(source, locator)),
        }
    });
    ExplainedValues {
        id: (&reader.id).into(),
        at: locator.spot(place(reader.name_span)).into(),
        references: references.collect(),
    }
}

fn source_row<'a>(source: SourceId, locator: &Locator<'a>) -> ExplainedSource<'a> {
    let manifests = &locator.outcome.manifests;
    let owner = manifests.owner(source);
    ExplainedSource {
        object: owner.id.to_string(),
        at: locator.spot(owner.place_of_name()).into(),
        refused: words::flaws(&manifests[source]),
    }
}

fn workload<'a>(view: &Explained<'a>, locator: &Locator<'a>) -> ExplainedWorkload<'a> {
    let (state, stamp) = json::state(view.decision());
    ExplainedWorkload {
        id: (&view.object.id).into(),
        template: view.path.clone(),
        at: locator.spot(view.object.place_of_name()).into(),
        state,
        reason: words::state(view),
        stamp,
        present: view.template.present(),
        overlays: Vec::new(),
        references: view
            .reads()
            .map(|(reference, reason)| row(view, reference, Some(reason), locator))
            .chain(view.undecided().map(|reference| row(view, reference, None, locator)))
            .collect(),
    }
}

fn row<'a>(
    view: &Explained<'a>,
    reference: NamedReference<'a>,
    reason: Option<&'a Reason>,
    locator: &Locator<'a>,
) -> ExplainedReference<'a> {
    let spot = &reference.reference.spot;
    let position = locator.position(view.place(&reference));
    let owner = |is: bool| Some(spot.owner.as_str()).filter(|owner| is && !owner.is_empty());
    let in_volume = spot.list == "volumes";
    let source = reason.and_then(Reason::source);
    let mut row = ExplainedReference {
        site: &reference.reference.site.id,
        list: spot.list,
        container: owner(!in_volume),
        env: spot.env.as_deref(),
        volume: owner(in_volume),
        mounts: spot.mounts.iter().map(mount).collect(),
        kind: reference.site.target.name(),
        name: reference.name,
        optional: reference.optional,
        line: position.line,
        column: position.column,
        outcome: reason.map_or("undecided", outcome_word),
        why: why_word(reference.why),
        reason: reason
            .and_then(|reason| words::why_not(&reference, reason, locator))
            .unwrap_or_default(),
        keys: Vec::new(),
        named_keys: named_keys(reference.reference),
        ignored_keys: Vec::new(),
        missing_keys: Vec::new(),
        source: source.map(|found| source_row(found, locator)),
    };
    if let (Some(Reason::Counted(counted)), Some(source)) = (reason, source) {
        let source = &locator.outcome.manifests[source];
        let keys = |entries: &[usize]| -> Vec<&'a str> {
            let key = |&i: &usize| source.entries[i].key.as_str();
            entries.iter().map(key).collect()
        };
        row.reason = words::why(&reference, counted, source);
        row.keys = keys(&counted.entries);
        row.ignored_keys = keys(&counted.ignored);
        row.missing_keys = counted.missing.iter().map(String::as_str).collect();
    }
    row
}

fn mount(mount: &Mount) -> MountRow<'_> {
    MountRow {
        list: mount.list,
        container: &mount.container,
        path: &mount.path,
        sub_path: mount.sub_path.as_deref(),
        sub_path_expr: mount.sub_path_expr.as_deref(),
    }
}

fn outcome_word(reason: &Reason) -> &'static str {
    match reason {
        Reason::Counted(_) => "counted",
        Reason::ContentNamed(_) => "content-named",
        Reason::Ignored(_) => "ignored",
        Reason::ReadsNothing => "reads-nothing",
        Reason::Filled(_) | Reason::Made(_) => "filled",
        Reason::External => "external",
        Reason::Clash(..) => "clash",
        Reason::Ambiguous(_) => "ambiguous",
    }
}

fn why_word(why: Grounds) -> &'static str {
    match why {
        Grounds::Named => "named",
        Grounds::All => "all",
        Grounds::Items => "items",
        Grounds::SubPaths => "sub-paths",
        Grounds::ItemsInSubPaths => "items-in-sub-paths",
        Grounds::Operator => "operator",
        Grounds::LiveSubPaths => "live-sub-paths",
        Grounds::Site => "site",
        Grounds::NotMounted => "not-mounted",
        Grounds::NothingShown => "nothing-shown",
        Grounds::Live => "live",
    }
}
