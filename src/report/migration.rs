//! What `migrate` says: a line for each object that changes or is left alone, and how many do what.

use super::count;
use crate::compat::migration::{Fate, From, Named, Why};
use crate::config::options::Options;
use crate::extract::Object;
use crate::outcome::Outcome;
use crate::plan::{Decision, State};
use std::collections::BTreeSet;

/// The lines of a run, the last one with the counts.
pub fn lines(outcome: &Outcome, options: &Options) -> Vec<String> {
    let name = match options.migrate {
        Some(From::Wave) => "Wave",
        _ => "Reloader",
    };
    let manifests = &outcome.manifests;
    let (mut leave, mut keep, mut alone) = (0, 0, 0);
    let mut outside: BTreeSet<(Option<&str>, &Named)> = BTreeSet::new();
    let mut lines = Vec::new();
    for moved in &outcome.plan.moves {
        let object = &manifests[moved.object];
        let said = match &moved.fate {
            Fate::Untouched => continue,
            Fate::Moves(_) if is_refused(outcome, object) => {
                alone += 1;
                format!("left alone: {}", reason(&Why::Refused))
            }
            Fate::LeftAlone(why) => {
                alone += 1;
                format!("left alone: {}", reason(why))
            }
            Fate::Moves(_) if moved.template.is_none() => {
                "`rollstamp.dev/ignore` says what Reloader's annotation says".to_owned()
            }
            Fate::Moves(fate) if fate.ignored => {
                leave += 1;
                format!("ignored, as {name} leaves it alone")
            }
            Fate::Moves(fate) => {
                let stays = fate.outside.is_empty();
                *(if stays { &mut leave } else { &mut keep }) += 1;
                let namespace = object.id.namespace.as_deref();
                outside.extend(fate.outside.iter().map(|source| (namespace, source)));
                let stamped = match fate.inside.is_empty() {
                    true => "no stamp".to_owned(),
                    false => format!("stamped for {}", names(&fate.inside)),
                };
                match stays {
                    true => stamped,
                    false => format!("{stamped}; {name} keeps {}", names(&fate.outside)),
                }
            }
        };
        lines.push(format!("{}: {}: {said}", manifests.name(object.place.file), object.id));
    }
    let rolls = outcome.plan.workloads.iter().filter(|planned| {
        matches!(planned.decision, Decision::Stamp { state: State::Missing | State::Stale, .. })
            && !is_refused(outcome, &manifests[planned.object])
    });
    let mut parts = vec![format!("{leave} without {name} from now on")];
    if keep > 0 {
        parts.push(format!("{keep} keep it for {}", count(outside.len(), "outside source")));
    }
    if alone > 0 {
        parts.push(format!("{alone} left alone"));
    }
    let all = count(leave + keep + alone, "workload");
    let rolls = match rolls.count() {
        0 => "no pods roll".to_owned(),
        1 => "the pods of 1 roll once".to_owned(),
        more => format!("the pods of {more} roll once"),
    };
    lines.push(format!("{all}: {}; {rolls} when this is applied", parts.join(", ")));
    lines
}

/// Whether an object was refused, for the reason in a finding.
fn is_refused(outcome: &Outcome, object: &Object) -> bool {
    let id = object.id.to_string();
    outcome.findings.iter().any(|finding| {
        finding.refuses
            && finding.object.as_deref() == Some(&id)
            && finding.place.is_none_or(|place| place.file == object.place.file)
    })
}

fn names<'a>(sources: impl IntoIterator<Item = &'a Named>) -> String {
    let names = sources.into_iter().map(|source| match &source.namespace {
        Some(namespace) => format!("{} {namespace}/{}", source.target.name(), source.name),
        None => format!("{} {}", source.target.name(), source.name),
    });
    names.collect::<Vec<_>>().join(", ")
}

fn reason(why: &Why) -> String {
    match why {
        Why::Restarted => "Reloader restarts its pods without a new pod template, and a stamp would start a rollout in steps".to_owned(),
        Why::NotStamped => "a stamp does not roll its pods".to_owned(),
        Why::Elsewhere => "what is applied is decided elsewhere, or it has several pod templates".to_owned(),
        Why::Refused => "it cannot be stamped, see the finding".to_owned(),
        Why::Pattern(entry) => format!("the entry `{entry}` is a pattern, and nobody knows what else it matches in the cluster"),
        Why::OneName(name) => format!("a ConfigMap and a Secret are called `{name}`, and only one of them counts"),
        Why::Outside(sources) => format!("Wave cannot be told to keep only {}", names(sources)),
    }
}
