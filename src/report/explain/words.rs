//! Describes the places and reasons of references in words.

use super::Explained;
use crate::extract::{
    Grounds, IGNORE, IGNORE_KEYS, IGNORE_SOURCES, IgnoredBy, Keys, LIVE, Mount, Reference,
    SiteLabel, Source, ValuesReader, ValuesReference,
};
use crate::finding::arrival::arrival;
use crate::finding::controllers::not_selected;
use crate::finding::workload::{no_stamp, until};
use crate::k8s::sites::{Reads, Site, SiteRoot};
use crate::plan::{CountedRead, Decision, Ignored, MeantSource, Reason};
use crate::report::locator::Locator;

/// The phrase for rules of the configuration.
const CONFIGURATION: &str = "a rule of the configuration";

/// `env LOG_LEVEL of container web`, `volume config at /etc/nginx/nginx.conf (subPath nginx.conf)`. The
/// name of a volume with the name of its source is left out, and so are the containers that mount it if
/// there is only one container.
pub(in crate::report) fn site(
    site: &Site,
    spot: &SiteLabel,
    name: &str,
    one_container: bool,
) -> String {
    match site.under {
        SiteRoot::Container => {
            let what = match (site.reads, &spot.env) {
                (Reads::Key, Some(name)) => format!("env {name}"),
                _ => site.field().to_owned(),
            };
            format!("{what} of {}", container(spot.list, &spot.owner))
        }
        SiteRoot::Volume => {
            let kind = if site.reads == Reads::Files {
                String::new()
            } else {
                format!(" ({})", site.field())
            };
            let name = match &spot.owner {
                owner if owner == name && !spot.mounts.is_empty() => String::new(),
                owner => format!(" {owner}"),
            };
            let mounts = mounts(&spot.mounts, one_container);
            format!("volume{name}{kind}{mounts}")
        }
        // `configured: spec.settingsFrom[].name`, as written in the configuration.
        SiteRoot::Object => site.id.to_string(),
        SiteRoot::PodSpec => site.field().to_owned(),
    }
}

fn container(list: &str, name: &str) -> String {
    let kind = match list {
        "initContainers" => "init container",
        "ephemeralContainers" => "ephemeral container",
        _ => "container",
    };
    match name {
        "" => format!("a {kind}"),
        _ => format!("{kind} {name}"),
    }
}

/// ` at /etc/app in web and init, at /data in web`
fn mounts(mounts: &[Mount], one_container: bool) -> String {
    let mut places: Vec<(String, Vec<&str>)> = Vec::new();
    for mount in mounts {
        let place = match (&mount.sub_path_expr, &mount.sub_path) {
            (Some(part), _) => format!("{} (subPathExpr {part})", mount.path),
            (None, Some(part)) => format!("{} (subPath {part})", mount.path),
            (None, None) => mount.path.to_string(),
        };
        match places.iter_mut().find(|(other, _)| *other == place) {
            Some((_, containers)) => containers.push(&mount.container),
            None => places.push((place, vec![&mount.container])),
        }
    }
    let places: Vec<String> = places
        .into_iter()
        .map(|(place, containers)| match one_container {
            true => format!(" at {place}"),
            false => format!(" at {place} in {}", containers.join(" and ")),
        })
        .collect();
    places.join(",")
}

/// The phrase for a source whose keys are not known separately.
pub(super) const MIXED: &str = "all entries, because a template mixes them";

/// The reason why a reference that counts reads exactly its keys.
pub(super) fn why(reference: &Reference, counted: &CountedRead, source: &Source) -> String {
    let missing = counted.missing.join(", ");
    if !counted.missing.is_empty() && counted.entries.is_empty() && counted.ignored.is_empty() {
        let optional = if reference.optional { "optional, " } else { "" };
        return format!("{optional}not there");
    }
    let binary = reference.keys == Keys::Env && source.entries.iter().any(|e| !e.env);
    let mut text = match reference.why {
        _ if source.whole => MIXED,
        Grounds::Named => "the key it names",
        Grounds::All if binary => "all keys but binaryData",
        Grounds::Items => "only its items",
        Grounds::SubPaths => "only by subPath",
        Grounds::ItemsInSubPaths => "its items, only by subPath",
        Grounds::Operator => "all keys: an operator may add mounts",
        Grounds::LiveSubPaths => "only by subPath, which never refreshes",
        Grounds::All
        | Grounds::Site
        | Grounds::NotMounted
        | Grounds::NothingShown
        | Grounds::Live => "all keys",
    }
    .to_owned();
    if !missing.is_empty() {
        text.push_str(&format!(", without {missing}, not there"));
    }
    text
}

/// The phrase for keys that references read and that a control annotation or a rule ignores.
pub(super) fn left_out(source: &Source, entries: &[usize], keys: &str) -> String {
    format!("left out by {}: {keys}", keys_by(source, entries))
}

/// The phrase for what ignores these entries.
fn keys_by(source: &Source, entries: &[usize]) -> String {
    let mut by: Vec<&str> = Vec::new();
    for &entry in entries {
        let what = match source.entries[entry].ignored {
            Some(IgnoredBy::Rule) => CONFIGURATION,
            _ => IGNORE_KEYS,
        };
        if !by.contains(&what) {
            by.push(what);
        }
    }
    by.join(" and ")
}

/// `rollstamp.dev/ignore on the workload`, or the configuration.
fn whole(by: IgnoredBy, what: &str) -> String {
    match by {
        IgnoredBy::Annotation => format!("{IGNORE} on the {what}"),
        IgnoredBy::Rule => CONFIGURATION.to_owned(),
    }
}

/// The reason why a reference does not count; `None` for one that counts.
pub(super) fn why_not(
    reference: &Reference,
    reason: &Reason,
    locator: &Locator<'_>,
) -> Option<String> {
    let outcome = locator.outcome;
    let text = match reason {
        Reason::Counted(_) => return None,
        Reason::ContentNamed(_) => "named after its content, so its name rolls the pods".to_owned(),
        Reason::Ignored(Ignored::Workload(by)) => format!("ignored: {}", whole(*by, "workload")),
        Reason::Ignored(Ignored::NotSelected(why)) => format!("left out: {}", not_selected(*why)),
        Reason::Ignored(Ignored::Unselected(_)) => {
            "left out: the annotations for Reloader do not select it".to_owned()
        }
        Reason::Ignored(Ignored::OnWorkload) => {
            format!("ignored: {IGNORE_SOURCES} on the workload")
        }
        Reason::Ignored(Ignored::Source(_, by)) => format!("ignored: {}", whole(*by, "source")),
        Reason::Ignored(Ignored::Keys(at, ignored)) => {
            let source = &outcome.manifests[*at];
            let keys: Vec<&str> = ignored.iter().map(|&i| source.entries[i].key.as_str()).collect();
            format!("ignored: {} ({})", keys_by(source, ignored), keys.join(", "))
        }
        Reason::ReadsNothing => match reference.why {
            Grounds::NotMounted => "no container mounts the volume".to_owned(),
            Grounds::NothingShown => "no mount shows one of its items".to_owned(),
            Grounds::Live => format!("reloaded while the pods run ({LIVE}, or a reload sidecar)"),
            _ if reference.site.under == SiteRoot::PodSpec => {
                "acts when images are pulled".to_owned()
            }
            _ => "acts when the volume is mounted".to_owned(),
        },
        Reason::Filled(at) => {
            let provider = outcome.manifests.owner(*at);
            let line = locator.line(provider.place_of_name());
            format!("filled in the cluster by {} ({line})", provider.id)
        }
        Reason::Made(by) => {
            let program = by.program(&outcome.manifests);
            match (by.maker(&outcome.manifests), by.place(&outcome.manifests)) {
                (Some(maker), Some(place)) => format!(
                    "made in the cluster by {program} because of {} ({})",
                    maker.id,
                    locator.line(place)
                ),
                _ => format!("made in every namespace by {program}"),
            }
        }
        Reason::External if reference.optional => "not in this apply unit, and optional".to_owned(),
        Reason::External => "not in this apply unit".to_owned(),
        Reason::Clash(_, other) => {
            let line = locator.line(outcome.manifests.owner(*other).place_of_name());
            format!(
                "another file defines it differently ({line}), so it is unknown which one counts"
            )
        }
        Reason::Ambiguous(_) => {
            "several sources may be meant, so it is unknown which one counts".to_owned()
        }
    };
    Some(text)
}

/// The reason for the state of the stamp, if the list of sources does not show it.
pub(super) fn state(view: &Explained<'_>) -> Option<String> {
    let text = match view.decision() {
        Decision::LeftAlone(why) => match view.planned.listed {
            None => why.text(),
            Some(_) => format!("the stamps file of each overlay stamps it; {}", why.text()),
        },
        Decision::Stamp { .. } => {
            return Some(format!("its pods are replaced only {}", until(view.template.later?)));
        }
        Decision::None { .. } if view.template.references.is_empty() => {
            "it reads no ConfigMap or Secret".to_owned()
        }
        Decision::None { .. } => "nothing that it names counts".to_owned(),
        Decision::Unverifiable { .. } => "what it reads is not in this apply unit".to_owned(),
        Decision::Refused => {
            let said: Vec<&str> = view.refusals().collect();
            if said.is_empty() {
                "because of what it reads, see below".to_owned()
            } else {
                said.join("; ")
            }
        }
        Decision::Ignored => whole(view.template.ignored?, "workload"),
        Decision::NotStamped => {
            format!("a stamp {}", no_stamp(view.template.not_stamped?, &view.object.id.kind))
        }
    };
    Some(text)
}

/// The problems of a source for which the API server will refuse it.
pub(super) fn flaws(source: &Source) -> Vec<String> {
    let malformed = source.malformed.iter();
    let malformed = malformed.map(|m| format!("`{}` is not a mapping", m.field));
    let values = source.entries.iter().filter_map(|entry| {
        let flaw = entry.flaw.as_ref()?;
        Some(format!("the value of `{}` is {}", entry.key, flaw.describe()))
    });
    malformed.chain(values).collect()
}

/// The use of the values in Flux, as far as it is known.
pub(super) fn made_of_values(reader: &ValuesReader) -> &'static str {
    match reader.id.kind.as_str() {
        "HelmRelease" => {
            "its release takes them when Flux reconciles it; its pods are not known here"
        }
        _ => "they are put into what it applies when Flux reconciles it",
    }
}

/// The source from which an object of Flux takes values, and how late a change arrives.
pub(super) fn meant_source(
    reference: &ValuesReference,
    means: MeantSource,
    reader: &ValuesReader,
    locator: &Locator<'_>,
) -> String {
    match means {
        MeantSource::One(at) => {
            let source = &locator.outcome.manifests[at];
            let is_at_once = source.watched || source.content_named;
            let arrives = format!("a change arrives {}", arrival(is_at_once, &reader.interval));
            match source.filled_in_cluster {
                true => format!("filled in the cluster, and {arrives}"),
                false => arrives,
            }
        }
        MeantSource::Several => {
            "several sources may be meant, so it is unknown which one counts".to_owned()
        }
        MeantSource::Nowhere if reference.optional => {
            "not in what was read, and optional".to_owned()
        }
        MeantSource::Nowhere => "not in what was read".to_owned(),
    }
}
