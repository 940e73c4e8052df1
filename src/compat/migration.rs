//! Decides how a workload migrates from Reloader or Wave: which annotations are removed, and which
//! are added.
//!
//! The stamp rolls pods for sources of the repository, so the controller no longer needs to watch
//! them. Sources that are filled in the cluster stay with the controller, as a list of exactly
//! these names, because Reloader follows a list even without a reference, and only an exclude has
//! priority over it. A workload for which this is not certain is not changed.

use super::reloader::{self, Tags};
use super::selection::{After, Carried, NotSelected, Select, Selection, carries_reloader};
use super::wave;
use crate::k8s::controllers::{RELOADER_KEYS, Role, WAVE_EXTRAS, WAVE_REQUIRED};
use crate::k8s::providers::Target;
use std::collections::BTreeSet;

/// The controller to migrate from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftController {
    /// Reloader, with the user's flags.
    Reloader(Box<reloader::ReloaderFlags>),
    /// Wave.
    Wave,
}

impl LeftController {
    /// The name of the controller, as people write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reloader(_) => "Reloader",
            Self::Wave => "Wave",
        }
    }
}

/// The keys of the annotations of rollstamp.
#[derive(Clone, Copy, Debug)]
pub struct OwnKeys<'a> {
    /// The key that excludes a workload.
    pub ignore: &'a str,
    /// The key that lists its sources that do not count.
    pub ignore_sources: &'a str,
    /// The key that lists more sources that it reads.
    pub also: &'a str,
    /// The key that selects a workload if only annotated workloads are stamped.
    pub stamp: &'a str,
}

/// A source by kind, namespace and name; without a namespace, it is in the namespace of the
/// workload.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceName {
    /// Its kind.
    pub target: Target,
    /// The namespace of the source, if it is not that of the workload.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// A source that the pod template references, or that is in the apply unit.
#[derive(Clone, Debug)]
pub struct KnownSource {
    /// The kind, the namespace and the name of the source.
    pub source: SourceName,
    /// The meaning of its annotations for Reloader.
    pub tags: Tags,
    /// Whether the pod template references it, so that its content is read.
    pub is_referenced: bool,
    /// Whether its content is in the apply unit, and not filled in the cluster.
    pub is_inside: bool,
}

/// A workload, as far as the decision needs it.
pub struct WorkloadFacts<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its annotations.
    pub carried: &'a Carried,
    /// Every source that it references or that a list could name, each once.
    pub sources: &'a [KnownSource],
    /// Whether it mounts a class of the secrets store CSI driver.
    pub has_provider_class: bool,
    /// Whether its pods roll with a stamp.
    pub is_stamped: bool,
    /// Whether it already has a stamp, which covers all its reads, so the stamp stays.
    pub has_stamp: bool,
}

/// The owner of an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnnotationOwner {
    /// On the workload.
    Workload,
    /// On its pod template.
    Template,
}

/// An annotation that is removed, added or changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnnotationChange {
    /// The object or the pod template that has the annotation.
    pub on: AnnotationOwner,
    /// The key of the annotation.
    pub key: String,
    /// The new value of the annotation; `None` if it is removed.
    pub value: Option<String>,
}

/// The reason why a workload is not migrated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MigrationBlocker {
    /// Reloader restarts its pods without a new pod template.
    Restarted,
    /// A stamp does not roll its pods.
    NotStamped,
    /// A kustomization decides the applied manifests, or the workload has several pod templates.
    Elsewhere,
    /// It cannot be stamped, for the reason in a finding.
    Refused,
    /// An entry of a list is a pattern, so the other sources that it matches in the cluster are
    /// unknown.
    Pattern(String),
    /// A ConfigMap and a Secret have this name, and only one of them counts.
    OneName(String),
    /// Wave cannot keep only these sources, which are filled in the cluster.
    Outside(Vec<SourceName>),
}

/// The decision about a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The annotations of the workload have no effect on the controller.
    Untouched,
    /// The workload is not changed, for this reason.
    LeftAlone(MigrationBlocker),
    /// The annotations of the workload change.
    Moves(WorkloadMove),
}

/// The changes of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadMove {
    /// The sources that the stamp covers from now on.
    pub inside: BTreeSet<SourceName>,
    /// The sources that stay with the controller.
    pub outside: BTreeSet<SourceName>,
    /// The annotations, by place and key.
    pub changes: Vec<AnnotationChange>,
    /// Whether the controller ignored the workload, so that rollstamp ignores it too.
    pub ignored: bool,
}

/// Decides about a workload. If `after` requires an annotation to select workloads, the decision
/// adds it.
pub fn decide(
    from: &LeftController,
    workload: &WorkloadFacts<'_>,
    own: OwnKeys<'_>,
    after: After,
) -> Fate {
    let fate = match from {
        LeftController::Reloader(options) => leave_reloader(options, workload, own, after),
        LeftController::Wave => leave_wave(workload, own, after),
    };
    match fate {
        Fate::Moves(mut moved) => {
            // An annotation that already has this value needs no change.
            moved.changes.retain(|change| {
                let there = match change.on {
                    AnnotationOwner::Workload => workload.carried.workload.get(&change.key),
                    AnnotationOwner::Template => workload.carried.template.get(&change.key),
                };
                there != change.value.as_deref()
            });
            Fate::Moves(moved)
        }
        other => other,
    }
}

fn leave_reloader(
    options: &reloader::ReloaderFlags,
    workload: &WorkloadFacts<'_>,
    own: OwnKeys<'_>,
    after: After,
) -> Fate {
    let carried = workload.carried;
    if !carries_reloader(options, carried) && !options.auto_reload_all {
        return Fate::Untouched;
    }
    let selection = Selection::by_reloader(options, workload.kind, carried);
    match selection {
        Selection::None(NotSelected::Restarted) => {
            return Fate::LeftAlone(MigrationBlocker::Restarted);
        }
        Selection::None(_) | Selection::All if !workload.is_stamped || workload.has_stamp => {
            return Fate::Untouched;
        }
        Selection::None(_) | Selection::All => {
            let mut changes =
                if options.auto_reload_all { Vec::new() } else { removals(options, carried, true) };
            set(&mut changes, own.ignore, "true");
            return Fate::Moves(WorkloadMove { changes, ignored: true, ..WorkloadMove::default() });
        }
        Selection::Reloader(_) | Selection::Both(_) if !workload.is_stamped => {
            return Fate::LeftAlone(MigrationBlocker::NotStamped);
        }
        Selection::Reloader(_) | Selection::Both(_) => {}
    }
    let mut moved = WorkloadMove::default();
    let (mut dropped, mut also) = (BTreeSet::new(), BTreeSet::new());
    for known in workload.sources.iter().filter(|known| known.source.namespace.is_none()) {
        let SourceName { target, name, .. } = &known.source;
        let is_named = selection.names(*target, name, known.tags);
        let counts = known.is_referenced && selection.counts(*target, name, known.tags);
        if !counts && !is_named {
            // The annotations of the source exclude it for Reloader, so they exclude it for
            // rollstamp as well.
            if known.is_referenced && known.is_inside && workload.has_stamp {
                moved.inside.insert(known.source.clone());
            } else if known.is_referenced && known.is_inside && !known.tags.ignored {
                dropped.insert(name.clone());
            }
        } else if known.is_inside {
            moved.inside.insert(known.source.clone());
            if !known.is_referenced {
                also.insert(known.source.clone());
            }
        } else {
            moved.outside.insert(known.source.clone());
        }
    }
    for (target, selector) in Target::ALL.into_iter().zip(selection.selectors()) {
        for entry in selector.listed() {
            let Some(name) = plain_name(entry) else {
                return Fate::LeftAlone(MigrationBlocker::Pattern(entry.to_owned()));
            };
            let is_known =
                |known: &KnownSource| known.source.target == target && known.source.name == name;
            if !workload.sources.iter().any(is_known)
                && selection.names(target, &name, Tags::default())
            {
                moved.outside.insert(SourceName { target, namespace: None, name });
            }
        }
    }
    if let Some(one) = moved.inside.iter().find(|source| dropped.contains(&source.name)) {
        return Fate::LeftAlone(MigrationBlocker::OneName(one.name.clone()));
    }
    let mut changes = removals(options, carried, moved.outside.is_empty());
    for target in Target::ALL {
        let names = moved.outside.iter().filter(|source| source.target == target);
        let names: Vec<String> = names.map(|source| source.name.replace('.', "\\.")).collect();
        if !names.is_empty() {
            set(&mut changes, options.key(Role::List(target)), &names.join(","));
        }
    }
    if options.auto_reload_all {
        set(&mut changes, options.key(Role::Auto), "false");
    }
    if workload.has_provider_class && selection.is_auto() {
        set(&mut changes, PROVIDER_CLASS_AUTO, "true");
    }
    let keeps = options.auto_reload_all || !moved.outside.is_empty();
    let says = after.select == Select::Annotated || (after.follows && keeps);
    finish(&mut changes, carried, own, says, &also, &dropped);
    Fate::Moves(WorkloadMove { changes, ..moved })
}

/// The annotation that rolls pods only for classes of the secrets store CSI driver.
const PROVIDER_CLASS_AUTO: &str = "secretproviderclass.reloader.stakater.com/auto";

fn leave_wave(workload: &WorkloadFacts<'_>, own: OwnKeys<'_>, after: After) -> Fate {
    let carried = workload.carried;
    if !wave::is_enabled(workload.kind, &carried.workload) {
        return Fate::Untouched;
    }
    let mut moved = WorkloadMove::default();
    let mut also = BTreeSet::new();
    for known in workload.sources.iter().filter(|known| known.is_referenced) {
        let side = if known.is_inside { &mut moved.inside } else { &mut moved.outside };
        side.insert(known.source.clone());
    }
    for extra in wave::extras(&carried.workload) {
        let source = SourceName {
            target: extra.target,
            namespace: extra.namespace.map(str::to_owned),
            name: extra.name.to_owned(),
        };
        if moved.inside.contains(&source) {
            continue;
        }
        let known = workload.sources.iter().find(|known| known.source == source);
        if known.is_some_and(|known| known.is_inside) {
            moved.inside.insert(source.clone());
            also.insert(source);
        } else {
            moved.outside.insert(source);
        }
    }
    if !moved.outside.is_empty() {
        return Fate::LeftAlone(MigrationBlocker::Outside(moved.outside.into_iter().collect()));
    }
    let keys = WAVE_EXTRAS.iter().map(|(key, _)| *key).chain([WAVE_REQUIRED]);
    let mut changes: Vec<AnnotationChange> = keys
        .filter(|key| carried.workload.get(key).is_some())
        .map(|key| gone(AnnotationOwner::Workload, key))
        .collect();
    let says = after.select == Select::Annotated;
    finish(&mut changes, carried, own, says, &also, &BTreeSet::new());
    Fate::Moves(WorkloadMove { changes, ..moved })
}

/// Adds the sources to the annotations of rollstamp, beside their present values; with `says`, also
/// adds the annotation that selects the workload.
fn finish(
    changes: &mut Vec<AnnotationChange>,
    carried: &Carried,
    own: OwnKeys<'_>,
    says: bool,
    also: &BTreeSet<SourceName>,
    dropped: &BTreeSet<String>,
) {
    let also = also.iter().map(|source| {
        let parts = [Some(source.target.name()), source.namespace.as_deref(), Some(&source.name)];
        parts.into_iter().flatten().collect::<Vec<_>>().join("/")
    });
    for (key, more) in [
        (own.also, also.collect::<Vec<_>>()),
        (own.ignore_sources, dropped.iter().cloned().collect()),
    ] {
        if more.is_empty() {
            continue;
        }
        let before = carried.workload.get(key).map(str::trim).filter(|list| !list.is_empty());
        let list: Vec<&str> = before.into_iter().chain(more.iter().map(String::as_str)).collect();
        set(changes, key, &list.join(", "));
    }
    if says {
        set(changes, own.stamp, "true");
    }
    changes.sort();
}

fn gone(on: AnnotationOwner, key: &str) -> AnnotationChange {
    AnnotationChange { on, key: key.to_owned(), value: None }
}

/// Sets an annotation of the workload, even if it was to be removed.
fn set(changes: &mut Vec<AnnotationChange>, key: &str, value: &str) {
    changes.retain(|change| change.on != AnnotationOwner::Workload || change.key != key);
    let value = Some(value.to_owned());
    changes.push(AnnotationChange { on: AnnotationOwner::Workload, key: key.to_owned(), value });
}

/// The removal of the annotations that say which sources roll the workload, and how. Annotations
/// for provider classes stay; annotations about the way pods roll stay as long as Reloader rolls
/// them.
fn removals(
    options: &reloader::ReloaderFlags,
    carried: &Carried,
    leaves: bool,
) -> Vec<AnnotationChange> {
    let goes = |role: Role| match role {
        Role::Auto | Role::TypedAuto(_) | Role::List(_) | Role::Exclude(_) | Role::Search => true,
        Role::PausePeriod | Role::RolloutStrategy => leaves,
        Role::Match | Role::Ignore | Role::ProviderClass | Role::PausedAt => false,
    };
    let keys = RELOADER_KEYS.iter().filter(|row| goes(row.role)).map(|row| options.key(row.role));
    let places = [
        (AnnotationOwner::Workload, &carried.workload),
        (AnnotationOwner::Template, &carried.template),
    ];
    let changes = keys.flat_map(|key| {
        let there = places.iter().filter(move |(_, annotations)| annotations.get(key).is_some());
        there.map(move |(on, _)| gone(*on, key))
    });
    changes.collect()
}

/// The name that an entry of a list means; `None` if the entry is a pattern.
pub fn plain_name(entry: &str) -> Option<String> {
    let name = entry.replace("\\.", ".").replace("\\-", "-");
    let is_name = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compat::Annotations;

    const OWN: OwnKeys<'_> = OwnKeys { ignore: "i", ignore_sources: "s", also: "a", stamp: "o" };

    fn known(target: Target, name: &str, is_referenced: bool, is_inside: bool) -> KnownSource {
        let source = SourceName { target, namespace: None, name: name.to_owned() };
        KnownSource { source, tags: Tags::default(), is_referenced, is_inside }
    }

    fn changes(
        options: reloader::ReloaderFlags,
        annotations: &[(&str, &str)],
        sources: &[KnownSource],
        has_stamp: bool,
    ) -> String {
        let annotations = annotations.iter().map(|(k, v)| ((*k).into(), (*v).to_owned()));
        let carried =
            Carried { workload: Annotations(annotations.collect()), ..Carried::default() };
        let workload = WorkloadFacts {
            kind: "Deployment",
            carried: &carried,
            sources,
            has_provider_class: false,
            is_stamped: true,
            has_stamp,
        };
        let from = LeftController::Reloader(Box::new(options));
        match decide(&from, &workload, OWN, After::default()) {
            Fate::Moves(moved) => {
                let said = moved.changes.iter().map(|change| {
                    format!("{}={}", change.key, change.value.as_deref().unwrap_or("-"))
                });
                said.collect::<Vec<_>>().join(" ")
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_is_outside_stays_as_an_exact_list() {
        use Target::{ConfigMap, Secret};
        let auto = ("reloader.stakater.com/auto", "true");
        let list = "secret.reloader.stakater.com/reload";
        let inside = known(ConfigMap, "app", true, true);
        let outside = known(Secret, "tls.old", true, false);
        let all =
            reloader::ReloaderFlags { auto_reload_all: true, ..reloader::ReloaderFlags::default() };
        let none = reloader::ReloaderFlags::default;
        for (options, annotations, sources, expected) in [
            (none(), vec![auto], vec![inside.clone()], "reloader.stakater.com/auto=-"),
            (
                none(),
                vec![auto],
                vec![inside.clone(), outside.clone()],
                "reloader.stakater.com/auto=- secret.reloader.stakater.com/reload=tls\\.old",
            ),
            (all, vec![], vec![inside.clone()], "reloader.stakater.com/auto=false"),
            (
                none(),
                vec![(list, "db, gone")],
                vec![inside.clone(), known(Secret, "db", false, true)],
                "a=Secret/db s=app secret.reloader.stakater.com/reload=gone",
            ),
            (none(), vec![(list, "db-.*")], vec![inside.clone()], "LeftAlone(Pattern(\"db-.*\"))"),
            (
                none(),
                vec![("reloader.stakater.com/auto", "false")],
                vec![inside],
                "reloader.stakater.com/auto=- i=true",
            ),
        ] {
            let got = changes(options, &annotations, &sources, false);
            assert_eq!(got, expected, "{annotations:?}");
        }
    }

    #[test]
    fn who_has_a_stamp_keeps_what_it_covers() {
        use Target::{ConfigMap, Secret};
        let sources = [known(ConfigMap, "app", true, true), known(Secret, "tls", true, false)];
        let list = "secret.reloader.stakater.com/reload";
        let all =
            reloader::ReloaderFlags { auto_reload_all: true, ..reloader::ReloaderFlags::default() };
        let none = reloader::ReloaderFlags::default;
        for (options, annotations, expected) in [
            (none(), vec![(list, "tls")], ""),
            (
                none(),
                vec![(list, "tls,gone\\.x")],
                "secret.reloader.stakater.com/reload=gone\\.x,tls",
            ),
            (none(), vec![("reloader.stakater.com/auto", "false")], "Untouched"),
            (all.clone(), vec![("reloader.stakater.com/auto", "false")], "Untouched"),
            (all, vec![("reloader.stakater.com/auto", "false"), (list, "tls")], ""),
        ] {
            assert_eq!(changes(options, &annotations, &sources, true), expected, "{annotations:?}");
        }
    }
}
