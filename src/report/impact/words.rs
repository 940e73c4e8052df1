//! Describes an impact in words: the effect on the pods of a workload, and the reasons.

use crate::extract::SiteLabel;
use crate::finding::arrival::arrival;
use crate::finding::workload as finding;
use crate::impact::Savings;
use crate::impact::disruption::{Disruption, Downtime, Stuck};
use crate::impact::{
    At, Counts, Held, HowChanged, IndirectChange, KeyReason, Name, RollReason, Side, Silent,
    SourceChange, TakenKey, ValuesChange, Workload,
};
use crate::k8s::disruption::{ON_DELETE, Order, RECREATE};
use crate::report::phrase::listed;
use crate::report::{count, explain};
use std::collections::BTreeSet;

/// `4 workloads roll, 1 should and will not, 2 roll for nothing; 11 pods are replaced`
pub(in crate::report) fn summary(counts: &Counts) -> String {
    let mut parts = Vec::new();
    if counts.rolls > 0 {
        let verb = if counts.rolls == 1 { "rolls" } else { "roll" };
        parts.push(format!("{} {verb}", count(counts.rolls, "workload")));
    }
    let mut say = |n: usize, what: &str| {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    };
    say(counts.stale, "should and will not");
    say(
        counts.needless,
        if counts.needless == 1 { "rolls for nothing" } else { "roll for nothing" },
    );
    say(
        counts.once,
        if counts.once == 1 { "rolls for its stamp" } else { "roll for their stamps" },
    );
    say(counts.downtime, "with no pod for a while");
    say(counts.stuck, "may get stuck");
    say(counts.new, "new");
    say(counts.gone, "gone");
    say(counts.unknown, "left to their overlays");
    match counts.values_readers {
        0 => {}
        1 => parts.push("1 object of Flux takes other values".to_owned()),
        n => parts.push(format!("{n} objects of Flux take other values")),
    }
    let errors = match counts.not_compared {
        0 => String::new(),
        n => format!("; not everything is compared, because of {}", count(n, "error")),
    };
    let rest = match counts.indirect {
        0 => errors,
        n => format!(
            "; what controllers make of {} is not compared{errors}",
            count(n, "changed object")
        ),
    };
    if parts.is_empty() {
        let what = if rest.is_empty() { "" } else { " in what is compared" };
        return format!("nothing rolls, and nothing is stale{what}{rest}");
    }
    let replaced = match counts.pods {
        0 => String::new(),
        1 => "; 1 pod is replaced".to_owned(),
        pods => format!("; {pods} pods are replaced"),
    };
    format!("{}{replaced}{rest}", parts.join(", "))
}

/// The savings of settings of `foreign`, and the cost of their first use; `None` if there are none.
pub(in crate::report) fn savings(savings: &Savings, counts: &Counts) -> Option<String> {
    let roll = |n: usize| {
        let verb = if n == 1 { "rolls" } else { "roll" };
        format!("{} {verb}", count(n, "workload"))
    };
    match *savings {
        Savings { is_on: true, once: 0, .. } => None,
        Savings { is_on: true, once, .. } => Some(format!(
            "besides, {} once when the settings under `foreign` are applied for the first time",
            roll(once)
        )),
        Savings { saved: 0, .. } => None,
        Savings { saved, once, .. } => {
            let all = counts.needless;
            let stay = match saved == all {
                true if all == 1 => "that one would stay".to_owned(),
                true => format!("all {all} of these would stay"),
                false => format!("{saved} of these {all} would stay"),
            };
            Some(format!(
                "{stay} with `foreign: {{checksums: steady, versionLabels: drop}}`; to take that up, {} once",
                roll(once)
            ))
        }
    }
}

/// `3 pods, rolling (1 more, none missing)`: how many pods, and how they are replaced.
pub(in crate::report) fn pods(found: &Disruption, name: &str) -> String {
    let mut text = match (found.pods, found.order) {
        (Some(pods), _) if pods.least == 1 && pods.most == 1 => "1 pod".to_owned(),
        (Some(pods), _) => format!("{pods} pods"),
        (None, Some(Order::Nodes)) => "one pod a node".to_owned(),
        (None, _) => return String::new(),
    };
    if let Some(scaler) = &found.scaler {
        text.push_str(&format!(" ({scaler})"));
    }
    if found.pods.is_some_and(|pods| pods.most == 0) {
        return text;
    }
    let strategy = found.strategy.as_deref().unwrap_or_default();
    let room = |n: Option<crate::impact::disruption::Range>| n.map(|n| n.to_string());
    if strategy == RECREATE {
        text.push_str(", all at once");
    } else if strategy == ON_DELETE {
        text.push_str(", replaced when somebody deletes them");
    } else if let Some((first, last)) = found.ordinals {
        match room(found.unavailable).as_deref() {
            Some("1") | None => text.push_str(", one by one"),
            Some(several) => text.push_str(&format!(", {several} at a time")),
        }
        text.push_str(&match first == last {
            true => format!(", {name}-{first}"),
            false => format!(" from {name}-{first} down to {name}-{last}"),
        });
    } else if let (Some(Order::Ordinals), Some("1")) =
        (found.order, room(found.unavailable).as_deref())
    {
        text.push_str(", one by one");
    } else if let Some(Order::Steps) = found.order {
        text.push_str(&format!(", in the steps of its {strategy} strategy"));
    } else if let (Some(Order::Nodes), Some("0"), Some(missing)) =
        (found.order, room(found.surge).as_deref(), room(found.unavailable))
    {
        text.push_str(&match missing.as_str() {
            "1" => ", node by node".to_owned(),
            several => format!(", {several} nodes at a time"),
        });
    } else if let (Some(surge), Some(missing)) = (room(found.surge), room(found.unavailable)) {
        text.push_str(&format!(", rolling (surge {surge}, down {missing})"));
    }
    if let Some(seconds) = found.at_least_seconds {
        text.push_str(&format!(", at least {}", duration(seconds)));
    }
    text
}

/// The number of overlays that are named.
const FEW_OVERLAYS: usize = 3;

/// `in overlays/dev, overlays/prod and 4 more`, if builds of overlays are compared.
pub(in crate::report) fn overlays(overlays: &[String], show_all: bool) -> Option<String> {
    let few = if show_all { overlays.len() } else { FEW_OVERLAYS };
    let named = overlays.get(..few).unwrap_or(overlays).join(", ");
    match overlays.len().saturating_sub(few) {
        _ if overlays.is_empty() => None,
        0 => Some(format!("in {named}")),
        more => Some(format!("in {named} and {more} more")),
    }
}

/// The advice for workloads about which only a build of the overlays can decide.
pub(in crate::report) fn unknown(counts: &Counts) -> Option<&'static str> {
    (counts.unknown > 0).then_some("`--build kustomize` compares what overlays build as well")
}

/// The phrase for the place of an object: the overlays, if builds of overlays are compared; the apply unit,
/// if an object in another unit has the same name.
pub(in crate::report) fn place(
    in_overlays: &[String],
    unit: Option<&str>,
    show_all: bool,
) -> Option<String> {
    overlays(in_overlays, show_all).or_else(|| unit.map(|unit| format!("in {unit}")))
}

/// `2m30s`
pub(in crate::report) fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let parts = [(hours, "h"), (minutes, "m"), (rest, "s")];
    let parts = parts.into_iter().filter(|(n, _)| *n > 0);
    parts.map(|(n, unit)| format!("{n}{unit}")).collect()
}

/// The problems that may occur while the pods are replaced, one sentence for each.
pub(in crate::report) fn troubles(workload: &Workload) -> Vec<String> {
    let Some(found) = &workload.disruption else {
        return Vec::new();
    };
    let mut said = Vec::new();
    if let Some(downtime) = found.downtime.filter(|_| workload.has_downtime()) {
        said.push(format!("no pod serves for a while: {}", self::downtime(downtime)));
    }
    if let Some(stuck) = found.stuck.as_ref().filter(|_| workload.may_be_stuck()) {
        said.push(format!("may get stuck: {}", self::stuck(stuck)));
    }
    if let Some(deadline) = found.deadline {
        said.push(format!(
            "is reported as failed: progressDeadlineSeconds is {}, and no pod can be available before",
            duration(deadline)
        ));
    }
    said
}

/// Details that are shown only on request.
pub(in crate::report) fn notes(found: &Disruption) -> Vec<String> {
    let mut said = Vec::new();
    for budget in &found.budgets {
        said.push(format!("{budget} limits evictions, and does not limit this"));
    }
    if found.is_ready_at_once {
        said.push("no readiness probe: each new pod counts as ready at once".to_owned());
    }
    said
}

fn downtime(downtime: Downtime) -> &'static str {
    match downtime {
        Downtime::Recreate => "all pods go before the first new one comes (Recreate)",
        Downtime::OnePod => "its only pod goes before the new one comes",
        Downtime::AllAtOnce => "all pods may be missing at once",
    }
}

fn stuck(stuck: &Stuck) -> String {
    match stuck.is_one_pod {
        true => format!(
            "claim {} is ReadWriteOncePod, and the old pod keeps it until the new one is ready",
            stuck.claim
        ),
        false => format!(
            "claim {} is ReadWriteOnce, and the old pod keeps it if the new one lands on another node",
            stuck.claim
        ),
    }
}

/// The reason why pods are not replaced although something changed.
pub(in crate::report) fn held(workload: &Workload) -> Option<String> {
    Some(match workload.held? {
        Held::NoStamp => "it has no stamp: run `rollstamp write`".to_owned(),
        Held::StaleStamp => "its stamp did not change: run `rollstamp write`".to_owned(),
        Held::Ignored => "it is ignored by rollstamp.dev/ignore or by a rule".to_owned(),
        Held::External => "its source is in another apply unit, so no stamp covers it".to_owned(),
        Held::Refused => "it cannot be stamped, see `rollstamp check`".to_owned(),
        Held::Waits(until) => format!("its pods are replaced only {}", finding::until(until)),
        Held::Partition => "pods below the `partition` of its update strategy stay".to_owned(),
        Held::Kind(reason) => {
            format!("a stamp {}", finding::no_stamp(reason, &workload.name.kind))
        }
    })
}

/// The sentence about a workload whose rollout was held back before.
pub(in crate::report) const RESUMED: &str =
    "its controller waits no more: what changed in the meantime reaches its pods now";

/// The reason why a changed source rolls no workload.
fn silent(silent: Silent) -> &'static str {
    match silent {
        Silent::NoReader => "no workload reads it",
        Silent::Ambiguous => {
            "a workload elsewhere names it, and sources of several apply units fit"
        }
        Silent::OtherKeys => "no workload reads these keys",
        Silent::Live => "its readers reload it while they run",
        Silent::Ignored => "it is ignored on purpose",
        Silent::FilledInCluster => "a controller fills it later: nothing rolls then either",
        Silent::LaterRuns => "its readers read it again in each run",
        Silent::WithReader => "its readers come or go with it",
        Silent::StaleReaders => "its readers keep the old configuration, see above",
        Silent::ValuesReader => "no workload reads it, and an object of Flux takes values from it",
    }
}

/// The effect of changed values in an object of Flux, as far as it is known.
pub(in crate::report) fn values(reader: &ValuesChange) -> String {
    let what = match reader.name.kind.as_str() {
        "HelmRelease" => "its release changes",
        _ => "what it applies changes",
    };
    let late = arrival(reader.late.is_none(), reader.late.as_deref().unwrap_or_default());
    format!("{what} when Flux reconciles it, {late}; which pods that replaces is not known here")
}

/// The change of an object of which it is not known what its controller makes, and what is not known.
pub(in crate::report) fn indirect(object: &IndirectChange) -> String {
    let change = indirect_change(object, false);
    format!("{change}: what its controller makes of it is not compared")
}

/// The change of an object of which it is not known what its controller makes.
pub(in crate::report) fn indirect_change(object: &IndirectChange, show_all: bool) -> String {
    let fields = object.fields.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut said = [fields.as_str(), object.change.name()].join(" ").trim_start().to_owned();
    if let Some(overlays) = overlays(&object.overlays, show_all) {
        said.push_str(&format!(" {overlays}"));
    }
    said
}

/// The changed keys from which an object of Flux takes values, the keys of one source on one line.
pub(in crate::report) fn taken(reader: &ValuesChange) -> Vec<Line> {
    let mut groups: Vec<(&Name, Vec<&TakenKey>)> = Vec::new();
    for key in &reader.keys {
        match groups.iter_mut().find(|(source, _)| **source == key.source) {
            Some((_, group)) => group.push(key),
            None => groups.push((&key.source, vec![key])),
        }
    }
    let line = |(source, group): (&Name, Vec<&TakenKey>)| {
        let there = group.iter().find(|key| key.at.side == Side::After);
        Line {
            head: format!("{} {}", source.kind, source.name),
            said: changes(group.iter().map(|key| (key.key.as_str(), key.change))),
            site: String::new(),
            at: there.or(group.first()).map(|key| key.at),
        }
    };
    groups.into_iter().map(line).collect()
}

/// A line about the reason of a roll: one reason, or several keys of one source.
pub(in crate::report) struct Line {
    /// Its subject: a source, or the class of the change.
    pub(in crate::report) head: String,
    /// The change.
    pub(in crate::report) said: String,
    /// The place at which pods read it.
    pub(in crate::report) site: String,
    /// Its place in the manifests.
    pub(in crate::report) at: Option<At>,
}

/// The reasons of a workload, with the keys of one source at one place on one line.
pub(in crate::report) fn lines(workload: &Workload) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut groups: Vec<(String, String, Vec<&KeyReason>)> = Vec::new();
    let keys = || {
        workload.reasons.iter().filter_map(|reason| match reason {
            RollReason::Key(key) => Some(key),
            _ => None,
        })
    };
    let one = containers(keys()).len() < 2;
    for key in keys() {
        let head = format!("{} {}", key.source.kind, key.source.name);
        let site = explain::words::site(&key.site, &key.spot, &key.reference, one);
        match groups.iter_mut().find(|(h, s, _)| *h == head && *s == site) {
            Some((_, _, group)) => group.push(key),
            None => groups.push((head, site, vec![key])),
        }
    }
    for (head, site, group) in groups {
        // An existing key has a line that people can look at.
        let there = group.iter().find(|key| key.at.side == Side::After);
        let at = there.or(group.first()).map(|key| key.at);
        let said = changes(group.iter().map(|key| (key.key.as_str(), key.change)));
        lines.push(Line { head, said, site, at });
    }
    let plain = |head: &str, said: String| Line {
        head: head.to_owned(),
        said,
        site: String::new(),
        at: None,
    };
    for reason in &workload.reasons {
        lines.push(match reason {
            RollReason::Key(_) => continue,
            RollReason::Field { path, class, change, shown } => match shown {
                Some((from, to)) => plain(class.name(), format!("{from} -> {to}")),
                None => plain(class.name(), format!("{path} {}", change.name())),
            },
            RollReason::Foreign { key } => plain("checksum", format!("{key} of another tool")),
            RollReason::VersionLabel { key, shown: Some((from, to)) } => {
                plain("version label", format!("{key} {from} -> {to}"))
            }
            RollReason::VersionLabel { key, shown: None } => plain("version label", key.clone()),
            RollReason::Restart { key } => plain("restart", key.clone()),
            RollReason::Renamed { source } => {
                plain("name", format!("{source} has the suffix of other content"))
            }
            RollReason::Stamp { change } if workload.must => {
                plain("stamp", change.name().to_owned())
            }
            RollReason::Stamp { change } => plain(
                "stamp",
                match change {
                    HowChanged::Added => "the first one".to_owned(),
                    HowChanged::Changed => "brought up to date".to_owned(),
                    HowChanged::Removed => "removed".to_owned(),
                },
            ),
        });
    }
    // The keys already show the cause of changed stamps and names.
    if workload.must {
        lines.retain(|line| line.head != "stamp" && line.head != "name");
    }
    lines
}

fn containers<'k>(keys: impl Iterator<Item = &'k KeyReason>) -> BTreeSet<&'k str> {
    let mut found = BTreeSet::new();
    for key in keys {
        let SiteLabel { list, owner, mounts, .. } = &key.spot;
        if *list != "volumes" {
            found.insert(owner.as_str());
        }
        found.extend(mounts.iter().map(|mount| mount.container.as_str()));
    }
    found
}

/// `a, b changed, c added`
fn changes<'k>(keys: impl Iterator<Item = (&'k str, HowChanged)> + Clone) -> String {
    let of = |change| {
        let names = keys.clone().filter(|(_, how)| *how == change).map(|(key, _)| key);
        let names: Vec<&str> = names.collect();
        (!names.is_empty()).then(|| format!("{} {}", listed(&names, FEW_KEYS), change.name()))
    };
    let parts =
        [HowChanged::Changed, HowChanged::Added, HowChanged::Removed].into_iter().filter_map(of);
    parts.collect::<Vec<_>>().join(", ")
}

/// The number of keys that are named.
const FEW_KEYS: usize = 6;

/// The change of a source that rolls no workload, and the reason.
pub(in crate::report) fn silent_of(source: &SourceChange) -> String {
    match source.silent {
        Some(why) => format!("{}: {}", source_changes(source), silent(why)),
        None => {
            let keys = source.unread_keys();
            let unread = key_changes(source).filter(|(key, _)| keys.contains(key));
            format!("{}: {}", changes(unread), silent(Silent::OtherKeys))
        }
    }
}

/// `a, b changed`, or the change of the whole source.
fn source_changes(source: &SourceChange) -> String {
    match source.change {
        HowChanged::Added => "added".to_owned(),
        HowChanged::Removed => "removed".to_owned(),
        HowChanged::Changed if source.keys.is_empty() => "changed".to_owned(),
        HowChanged::Changed => changes(key_changes(source)),
    }
}

fn key_changes(source: &SourceChange) -> impl Iterator<Item = (&str, HowChanged)> + Clone {
    source.keys.iter().map(|key| (key.key.as_str(), key.change))
}
