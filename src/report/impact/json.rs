//! Writes an impact for programs: `docs/impact.schema.json` describes it. The structs here define the
//! format.

use super::{ImpactView, Locators};
use crate::impact::Savings;
use crate::impact::disruption::{Disruption, Downtime, Range};
use crate::impact::{
    Answer, Assume, At, Counts, Held, IndirectChange, KeyChange, KeyReason, RollReason, Side,
    Silent, SourceChange, TakenKey, ValuesChange, Workload,
};
use crate::k8s::disruption::Order;
use crate::report::json::{ObjectRow, PlaceRow, SCHEMA_VERSION, document};
use serde::Serialize;
use std::io::{self, Write};

#[derive(Serialize)]
struct ImpactReport<'a> {
    schema_version: u32,
    verb: &'static str,
    assume: &'static str,
    #[serde(with = "CountsRow")]
    summary: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign: Option<SavingsRow>,
    workloads: Vec<ImpactWorkload<'a>>,
    sources: Vec<ImpactSource<'a>>,
    edges: Vec<Edge<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values_readers: Vec<ImpactValues<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_looked_into: Vec<IndirectRow<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_compared: Vec<ErrorRow<'a>>,
}

/// An object of which it is not known what its controller makes.
#[derive(Serialize)]
struct IndirectRow<'a> {
    #[serde(flatten)]
    id: ObjectRow<'a>,
    #[serde(flatten)]
    at: SidePlace<'a>,
    change: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    fields: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    overlays: &'a [String],
}

/// An error because of which a part of a state is not compared.
#[derive(Serialize)]
struct ErrorRow<'a> {
    side: &'static str,
    code: &'static str,
    message: &'a str,
    #[serde(flatten)]
    at: Option<PlaceRow<'a>>,
}

#[derive(Serialize)]
#[serde(remote = "Counts")]
struct CountsRow {
    rolls: usize,
    pods: u64,
    stale: usize,
    needless: usize,
    once: usize,
    downtime: usize,
    stuck: usize,
    new: usize,
    gone: usize,
    unknown: usize,
    #[serde(skip_serializing_if = "is_zero")]
    values_readers: usize,
    #[serde(skip_serializing_if = "is_zero", rename = "not_looked_into")]
    indirect: usize,
    #[serde(skip_serializing_if = "is_zero")]
    not_compared: usize,
}

pub(super) fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// The savings and costs of settings of `foreign`.
#[derive(Serialize)]
struct SavingsRow {
    saved: usize,
    once: usize,
    on: bool,
}

#[derive(Serialize)]
struct SidePlace<'a> {
    /// `before`, if it does not exist afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<&'static str>,
    #[serde(flatten)]
    at: PlaceRow<'a>,
}

#[derive(Serialize)]
struct ImpactWorkload<'a> {
    #[serde(flatten)]
    id: ObjectRow<'a>,
    #[serde(flatten)]
    at: SidePlace<'a>,
    answer: &'static str,
    must: bool,
    does: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    resumed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_because: Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    overlays: &'a [String],
    reasons: Vec<ReasonRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disruption: Option<DisruptionRow<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum ReasonRow<'a> {
    Key(KeyRow<'a>),
    Field {
        path: &'a str,
        class: &'static str,
        change: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<&'a str>,
    },
    Foreign {
        key: &'a str,
    },
    VersionLabel {
        key: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<&'a str>,
    },
    Restart {
        key: &'a str,
    },
    Name {
        source: String,
    },
    Stamp {
        change: &'static str,
    },
}

#[derive(Serialize)]
struct KeyRow<'a> {
    source: String,
    key: &'a str,
    change: &'static str,
    site: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<&'a str>,
    #[serde(flatten)]
    at: SidePlace<'a>,
}

#[derive(Serialize)]
struct DisruptionRow<'a> {
    pods: Option<u64>,
    most_pods: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scaler: Option<String>,
    strategy: Option<&'a str>,
    surge: Option<u64>,
    unavailable: Option<u64>,
    order: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_ordinal: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_ordinal: Option<u64>,
    downtime: Option<&'static str>,
    stuck: Option<StuckRow<'a>>,
    at_least_seconds: Option<u64>,
    ready_at_once: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    budgets: Vec<String>,
}

#[derive(Serialize)]
struct StuckRow<'a> {
    claim: &'a str,
    access_mode: &'static str,
}

#[derive(Serialize)]
struct ImpactSource<'a> {
    #[serde(flatten)]
    id: ObjectRow<'a>,
    #[serde(flatten)]
    at: SidePlace<'a>,
    change: &'static str,
    renamed: bool,
    keys: Vec<ChangedKeyRow<'a>>,
    readers: Vec<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    overlays: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<&'static str>,
}

#[derive(Serialize)]
struct ChangedKeyRow<'a> {
    key: &'a str,
    change: &'static str,
    #[serde(flatten)]
    at: SidePlace<'a>,
}

/// An object of Flux that takes changed values.
#[derive(Serialize)]
struct ImpactValues<'a> {
    #[serde(flatten)]
    id: ObjectRow<'a>,
    #[serde(flatten)]
    at: SidePlace<'a>,
    keys: Vec<TakenKeyRow<'a>>,
    /// The interval within which the change arrives; absent if it arrives at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    overlays: &'a [String],
    says: String,
}

#[derive(Serialize)]
struct TakenKeyRow<'a> {
    source: String,
    key: &'a str,
    change: &'static str,
    #[serde(flatten)]
    at: SidePlace<'a>,
}

#[derive(Serialize)]
struct Edge<'a> {
    source: String,
    key: &'a str,
    workload: String,
}

/// Writes the whole impact as one JSON object and a newline.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(view: &ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let locators = view.locators();
    let changed =
        |w: &&Workload| w.answer != Answer::Quiet || w.is_resumed || !w.reasons.is_empty();
    let edges = view.impact.sources.iter().flat_map(|source| {
        source.keys.iter().flat_map(move |key| {
            key.readers.iter().map(move |&reader| Edge {
                source: source.name.to_string(),
                key: &key.key,
                workload: view.impact.workloads[reader].name.to_string(),
            })
        })
    });
    let errors = view.not_compared(&locators).into_iter().map(|(side, located)| ErrorRow {
        side: side.name(),
        code: located.finding.code.name(),
        message: &located.finding.message,
        at: located.spot.map(PlaceRow::from),
    });
    let report = ImpactReport {
        schema_version: SCHEMA_VERSION,
        verb: "impact",
        assume: match view.impact.assume {
            Assume::Stamped => "stamped",
            Assume::Written => "written",
        },
        summary: view.impact.counts(),
        foreign: savings(view),
        workloads: view.workloads().filter(changed).map(|w| workload(w, &locators)).collect(),
        sources: view.impact.sources.iter().map(|s| source(s, view, &locators)).collect(),
        edges: edges.collect(),
        values_readers: view.values_readers().into_iter().map(|v| values(v, &locators)).collect(),
        not_looked_into: view.indirect().iter().map(|o| indirect(o, &locators)).collect(),
        not_compared: errors.collect(),
    };
    document(&report, out)
}

fn savings(view: &ImpactView<'_>) -> Option<SavingsRow> {
    let Savings { saved, once, is_on } = view.impact.savings();
    let has_something = if is_on { once > 0 } else { saved > 0 };
    has_something.then_some(SavingsRow { saved, once, on: is_on })
}

fn place<'a>(at: At, locators: &Locators<'a>) -> SidePlace<'a> {
    let side = (at.side == Side::Before).then_some("before");
    SidePlace { side, at: locators.spot(at).into() }
}

fn workload<'a>(workload: &'a Workload, locators: &Locators<'a>) -> ImpactWorkload<'a> {
    ImpactWorkload {
        id: (&workload.name).into(),
        at: place(workload.at, locators),
        answer: workload.answer.name(),
        must: workload.must,
        does: workload.does,
        resumed: workload.is_resumed,
        unknown: workload.is_unknown,
        held: workload.held.map(held),
        held_because: super::words::held(workload),
        overlays: &workload.overlays,
        reasons: workload.reasons.iter().map(|r| reason(r, locators)).collect(),
        disruption: workload.disruption.as_ref().map(disruption),
    }
}

/// The word for the reason why pods are not replaced.
fn held(held: Held) -> &'static str {
    match held {
        Held::NoStamp => "no-stamp",
        Held::StaleStamp => "stale-stamp",
        Held::Ignored => "ignored",
        Held::External => "external",
        Held::Refused => "refused",
        Held::Waits(_) => "waits",
        Held::Partition => "partition",
        Held::Kind(_) => "kind",
    }
}

fn reason<'a>(reason: &'a RollReason, locators: &Locators<'a>) -> ReasonRow<'a> {
    let pair = |shown: &'a Option<(String, String)>| {
        let shown = shown.as_ref();
        (shown.map(|s| s.0.as_str()), shown.map(|s| s.1.as_str()))
    };
    match reason {
        RollReason::Key(key) => ReasonRow::Key(key_row(key, locators)),
        RollReason::Field { path, class, change, shown } => {
            let (from, to) = pair(shown);
            ReasonRow::Field { path, class: class.name(), change: change.name(), from, to }
        }
        RollReason::Foreign { key } => ReasonRow::Foreign { key },
        RollReason::VersionLabel { key, shown } => {
            let (from, to) = pair(shown);
            ReasonRow::VersionLabel { key, from, to }
        }
        RollReason::Restart { key } => ReasonRow::Restart { key },
        RollReason::Renamed { source } => ReasonRow::Name { source: source.to_string() },
        RollReason::Stamp { change } => ReasonRow::Stamp { change: change.name() },
    }
}

fn key_row<'a>(key: &'a KeyReason, locators: &Locators<'a>) -> KeyRow<'a> {
    let owner = |is: bool| Some(key.spot.owner.as_str()).filter(|o| is && !o.is_empty());
    let in_volume = key.spot.list == "volumes";
    KeyRow {
        source: key.source.to_string(),
        key: &key.key,
        change: key.change.name(),
        site: &key.site.id,
        container: owner(!in_volume),
        volume: owner(in_volume),
        at: place(key.at, locators),
    }
}

fn disruption(found: &Disruption) -> DisruptionRow<'_> {
    let least = |range: Option<Range>| range.map(|range| range.least);
    DisruptionRow {
        pods: least(found.pods),
        most_pods: found.pods.map(|range| range.most),
        scaler: found.scaler.as_ref().map(ToString::to_string),
        strategy: found.strategy.as_deref(),
        surge: least(found.surge),
        unavailable: least(found.unavailable),
        order: found.order.map(|order| match order {
            Order::Free => "free",
            Order::Ordinals => "ordinals",
            Order::Nodes => "nodes",
            Order::Steps => "steps",
        }),
        first_ordinal: found.ordinals.map(|(first, _)| first),
        last_ordinal: found.ordinals.map(|(_, last)| last),
        downtime: found.downtime.map(|downtime| match downtime {
            Downtime::Recreate => "recreate",
            Downtime::OnePod => "one-pod",
            Downtime::AllAtOnce => "all-at-once",
        }),
        stuck: found.stuck.as_ref().map(|stuck| StuckRow {
            claim: &stuck.claim,
            access_mode: match stuck.is_one_pod {
                true => "ReadWriteOncePod",
                false => "ReadWriteOnce",
            },
        }),
        at_least_seconds: found.at_least_seconds,
        ready_at_once: found.is_ready_at_once,
        deadline_seconds: found.deadline,
        budgets: found.budgets.iter().map(ToString::to_string).collect(),
    }
}

fn source<'a>(
    source: &'a SourceChange,
    view: &ImpactView<'a>,
    locators: &Locators<'a>,
) -> ImpactSource<'a> {
    let key = |key: &'a KeyChange| ChangedKeyRow {
        key: &key.key,
        change: key.change.name(),
        at: place(key.at, locators),
    };
    let reader = |&w: &usize| view.impact.workloads[w].name.to_string();
    ImpactSource {
        id: (&source.name).into(),
        at: place(source.at, locators),
        change: source.change.name(),
        renamed: source.is_renamed,
        keys: source.keys.iter().map(key).collect(),
        readers: source.readers.iter().map(reader).collect(),
        overlays: &source.overlays,
        silent: source.silent.map(|silent| match silent {
            Silent::NoReader => "no-reader",
            Silent::Ambiguous => "ambiguous",
            Silent::OtherKeys => "other-keys",
            Silent::Live => "live",
            Silent::Ignored => "ignored",
            Silent::FilledInCluster => "filled-in-cluster",
            Silent::LaterRuns => "later-runs",
            Silent::WithReader => "with-reader",
            Silent::StaleReaders => "stale-readers",
            Silent::ValuesReader => "values-reader",
        }),
    }
}

fn indirect<'a>(object: &'a IndirectChange, locators: &Locators<'a>) -> IndirectRow<'a> {
    IndirectRow {
        id: (&object.name).into(),
        at: place(object.at, locators),
        change: object.change.name(),
        fields: &object.fields,
        overlays: &object.overlays,
    }
}

fn values<'a>(reader: &'a ValuesChange, locators: &Locators<'a>) -> ImpactValues<'a> {
    let key = |key: &'a TakenKey| TakenKeyRow {
        source: key.source.to_string(),
        key: &key.key,
        change: key.change.name(),
        at: place(key.at, locators),
    };
    ImpactValues {
        id: (&reader.name).into(),
        at: place(reader.at, locators),
        keys: reader.keys.iter().map(key).collect(),
        late: reader.late.as_deref(),
        overlays: &reader.overlays,
        says: super::words::values(reader),
    }
}
