//! The verb `explain`: what each workload reads, why, and its stamp.

use super::Exit;
use super::args::Common;
use super::run::{print, start_ungrouped};
use crate::config::options::Goal;
use crate::extract::ObjectId;
use crate::k8s::id::Identity;
use crate::k8s::short_names;
use crate::outcome::Outcome;
use crate::plan::Reason;
use crate::report::{ExplainView, Subject, Verb, summary};
use crate::text::Place;
use anyhow::bail;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A workload that `--workload` names.
#[derive(Clone)]
pub(super) struct AskedWorkload {
    kind: String,
    name: String,
}

impl AskedWorkload {
    /// Its kind, or a short name of it, as it was typed.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether it names an object of this kind and name.
    pub(super) fn means(&self, kind: &str, name: &str) -> bool {
        short_names::means(&self.kind, kind) && self.name == name
    }
}

impl std::fmt::Display for AskedWorkload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// Parses `KIND/NAME`.
pub(super) fn wanted(value: &str) -> Result<AskedWorkload, String> {
    match value.split_once('/') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(AskedWorkload { kind: kind.to_owned(), name: name.to_owned() })
        }
        _ => {
            Err("not KIND/NAME, such as deployment/web; --namespace says which of several"
                .to_owned())
        }
    }
}

pub(super) fn explain(
    paths: &[PathBuf],
    wanted: &[AskedWorkload],
    common: &Common,
) -> anyhow::Result<Exit> {
    let Some(mut run) = start_ungrouped(paths, common, Verb::Explain, Goal::Stamp)? else {
        return Ok(Exit::Trouble);
    };
    let chosen = choose(&run.outcome, wanted, common.settings.namespace.as_deref());
    if let (Ok(chosen), false) = (&chosen, wanted.is_empty()) {
        keep_about(&mut run.outcome, chosen);
    }
    run.outcome.group();
    // A document contains the findings.
    if !common.output.is_document {
        run.say_findings()?;
    }
    let chosen = chosen?;
    run.quote(Subject::Explanation);
    let view = ExplainView { view: run.view(), workloads: &chosen.workloads, taken: &chosen.taken };
    print(|out| common.output.explain(&view, out))?;
    if common.verbose {
        let summary = summary::read(&run.outcome);
        run.say(&summary);
    }
    Ok(run.exit())
}

/// Keeps the findings about these workloads and their sources, and those about files that could not be
/// read, because such files may hold more sources.
fn keep_about(outcome: &mut Outcome, chosen: &Chosen) {
    let manifests = &outcome.manifests;
    let chosen = &chosen.workloads;
    let planned = outcome.plan.workloads.iter().filter(|p| chosen.contains(&p.object));
    let reasons = planned.flat_map(|planned| &planned.reasons);
    let sources = reasons.filter_map(Reason::source).map(|source| manifests.owner(source).place);
    let places: Vec<Place> = chosen.iter().map(|&at| manifests[at].place).chain(sources).collect();
    let is_inside = |place: Place| {
        places.iter().any(|object| {
            let whole = object.span;
            let part = place.span;
            object.file == place.file && whole.start <= part.start && part.end <= whole.end
        })
    };
    outcome.findings.retain(|finding| match finding.place {
        Some(place) if finding.object.is_some() => is_inside(place),
        _ => finding.refuses,
    });
}

/// The objects to explain.
#[derive(Default)]
struct Chosen {
    /// Workloads.
    workloads: BTreeSet<ObjectId>,
    /// Objects of Flux that take values, by their positions in the plan.
    taken: BTreeSet<usize>,
}

/// The workloads and the objects of Flux to explain: all of them, or those that the options name.
fn choose(
    outcome: &Outcome,
    wanted: &[AskedWorkload],
    namespace: Option<&str>,
) -> anyhow::Result<Chosen> {
    let planned = outcome.plan.workloads.iter();
    let all: BTreeSet<ObjectId> = planned.map(|planned| planned.object).collect();
    let readers = outcome.plan.taken.iter().map(|taken| &taken.reader(&outcome.manifests).id);
    if wanted.is_empty() {
        return Ok(Chosen { workloads: all, taken: (0..readers.len()).collect() });
    }
    let mut chosen = Chosen::default();
    for wanted in wanted {
        let mut found = false;
        let is_wanted = |id: &Identity| {
            let own = id.namespace.as_deref().or(namespace);
            let is_here = namespace.is_none_or(|namespace| own == Some(namespace));
            is_here && wanted.means(&id.kind, &id.name)
        };
        for &at in all.iter().filter(|&&at| is_wanted(&outcome.manifests[at].id)) {
            found = true;
            chosen.workloads.insert(at);
        }
        for (at, _) in readers.clone().enumerate().filter(|(_, id)| is_wanted(id)) {
            found = true;
            chosen.taken.insert(at);
        }
        if !found {
            if let Some(delegate) = delegate(outcome, wanted) {
                bail!("{delegate}");
            }
            let ids = all.iter().map(|&at| &outcome.manifests[at].id);
            bail!("{}", nothing_is(wanted, ids, namespace));
        }
    }
    Ok(chosen)
}

/// The workload that holds the pod template, for a workload without its own.
fn delegate(outcome: &Outcome, wanted: &AskedWorkload) -> Option<String> {
    let objects = outcome.manifests.objects().map(|(_, object)| object);
    let mut objects = objects.filter(|object| !outcome.units.is_patch(object.place.file));
    objects.find_map(|object| {
        let delegate = object.delegate.as_ref()?;
        wanted.means(&object.id.kind, &object.id.name).then(|| {
            format!(
                "{} takes its pod template from another workload: ask for --workload {}/{}",
                object.id,
                delegate.kind.to_lowercase(),
                delegate.name
            )
        })
    })
}

/// The error if no object has the requested name, with the most similar name.
fn nothing_is<'a>(
    wanted: &AskedWorkload,
    ids: impl Iterator<Item = &'a Identity>,
    namespace: Option<&str>,
) -> String {
    let AskedWorkload { kind, name } = wanted;
    let place = namespace.map_or_else(String::new, |n| format!(" in the namespace {n}"));
    let distance = |id: &Identity| {
        let kinds = if short_names::means(kind, &id.kind) {
            0
        } else {
            // An unknown short name is very different from its kind, so the name decides.
            strsim::damerau_levenshtein(&kind.to_lowercase(), &id.kind.to_lowercase()).min(3)
        };
        kinds + strsim::damerau_levenshtein(name, &id.name)
    };
    let nearest = ids.map(|id| (distance(id), id)).min();
    let Some((_, id)) = nearest else {
        return format!("no workload {kind}/{name}: no workload at all was read");
    };
    let mut message = format!(
        "no workload {kind}/{name}{place}; the nearest is {}/{}",
        id.kind.to_lowercase(),
        id.name
    );
    if let (Some(_), Some(own)) = (namespace, &id.namespace) {
        message.push_str(&format!(" in {own}"));
    }
    message
}
