//! The objects of a state that affect how the pods of workloads are replaced, indexed by what they name: a
//! workload only checks the objects that may refer to it, however many there are.
//!
//! An object counts for the workloads of its apply unit, as a source does. An object of another unit may be
//! in another cluster or namespace. It counts only if both objects have a namespace, and if each of them is
//! in one unit only.

use super::Name;
use super::disruption::{NearbyObject, scaled};
use super::objects::LastDocument;
use super::state::{ComparedState, Together};
use crate::extract::RolloutFacts;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The objects of a state, with the index.
#[derive(Default)]
pub(super) struct Neighbours {
    /// In the order of the input.
    all: Vec<NearbyObject>,
    by_unit: BTreeMap<(Together, Hold), Vec<usize>>,
    /// The objects with a namespace that are in one unit only, by namespace.
    by_namespace: BTreeMap<(String, Hold), Vec<usize>>,
    /// The names of workloads that are in several units.
    several: BTreeSet<Name>,
}

/// A condition that a workload must meet so that an object may refer to it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Hold {
    /// The workload has this name, which a scaler names.
    Name(String),
    /// A volume is this claim.
    Claim(String),
    /// The pods have this label.
    Label(String, String),
    /// No condition: every workload of the namespace checks the object.
    Any,
}

impl Neighbours {
    /// The objects of a state. `workloads` are the names of all its workloads.
    pub(super) fn of(state: &ComparedState<'_>, workloads: impl Iterator<Item = Name>) -> Self {
        let (mut all, mut together) = (Vec::new(), Vec::new());
        let sights = state.sights();
        let files = state.manifests().files().zip(state.manifests().all_files());
        for (file, said) in files.filter(|(_, said)| said.input.is_looked_at()) {
            let (text, mut last) = (state.text(file), LastDocument::default());
            for near in &said.neighbours {
                let Some(object) = last.object(text, file, near.document, &near.route) else {
                    continue;
                };
                let id = &near.id;
                let namespace = state.namespace(id.namespace.as_deref());
                all.push(NearbyObject {
                    group: id.group.to_string(),
                    name: Name { kind: id.kind.to_string(), namespace, name: id.name.to_string() },
                    object,
                });
                together.push(sights.of(state, file));
            }
        }
        let mut known = BTreeSet::new();
        let several = workloads.filter(|name| !known.insert(name.clone())).collect();
        Self::new(all, &together, several)
    }

    /// `together` has the sets of objects that are applied with each object.
    fn new(all: Vec<NearbyObject>, together: &[Vec<Together>], several: BTreeSet<Name>) -> Self {
        let mut common: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for label in all.iter().flat_map(labels) {
            *common.entry(label).or_default() += 1;
        }
        let hold = |near: &NearbyObject| match near.name.kind.as_str() {
            "PersistentVolumeClaim" => Hold::Claim(near.name.name.clone()),
            "PodDisruptionBudget" => {
                // If pods must have several labels, the label that the fewest budgets require.
                let rarest = labels(near).min_by_key(|label| common.get(label));
                rarest.map_or(Hold::Any, |(k, v)| Hold::Label(k.to_owned(), v.to_owned()))
            }
            _ => scaled(near).map_or(Hold::Any, |(_, name)| Hold::Name(name.to_owned())),
        };
        let mut times: BTreeMap<&Name, usize> = BTreeMap::new();
        for near in &all {
            *times.entry(&near.name).or_default() += 1;
        }
        let mut by_unit: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut by_namespace: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (i, near) in all.iter().enumerate() {
            let hold = hold(near);
            for unit in &together[i] {
                by_unit.entry((unit.clone(), hold.clone())).or_default().push(i);
            }
            if let Some(namespace) = near.name.namespace.clone().filter(|_| times[&near.name] == 1)
            {
                by_namespace.entry((namespace, hold)).or_default().push(i);
            }
        }
        Self { all, by_unit, by_namespace, several }
    }

    /// The objects that may refer to a workload, in the order of the input. `together` are the sets to which
    /// the workload belongs.
    pub(super) fn near(
        &self,
        workload: &Name,
        facts: &RolloutFacts,
        together: &[Together],
    ) -> Vec<&NearbyObject> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let mut holds = vec![Hold::Any, Hold::Name(workload.name.clone())];
        holds.extend(facts.claims.iter().map(|name| Hold::Claim(name.to_string())));
        let labels = facts.labels.iter();
        holds.extend(labels.map(|(k, v)| Hold::Label(k.to_string(), v.to_string())));
        let mut here: BTreeSet<usize> = BTreeSet::new();
        for unit in together {
            for hold in &holds {
                here.extend(self.by_unit.get(&(unit.clone(), hold.clone())).into_iter().flatten());
            }
        }
        let namespace = &workload.namespace;
        let mut found: BTreeSet<usize> = BTreeSet::new();
        for &i in &here {
            let Name { kind, name, namespace: own } = &self.all[i].name;
            // A namespace that one side leaves to the apply is meant where nothing else can be.
            let is_only = || {
                let of_name = |&&j: &&usize| {
                    let Name { kind: other, name: called, .. } = &self.all[j].name;
                    (other, called) == (kind, name)
                };
                (own.is_none() || namespace.is_none()) && here.iter().filter(of_name).count() == 1
            };
            if own == namespace || is_only() {
                found.insert(i);
            }
        }
        if let Some(namespace) = namespace.as_ref().filter(|_| !self.several.contains(workload)) {
            for hold in holds {
                found.extend(
                    self.by_namespace.get(&(namespace.clone(), hold)).into_iter().flatten(),
                );
            }
        }
        found.into_iter().map(|i| &self.all[i]).collect()
    }
}

/// The labels that a budget requires of pods, as far as they are strings.
fn labels(near: &NearbyObject) -> impl Iterator<Item = (&str, &str)> {
    let selector =
        (near.name.kind == "PodDisruptionBudget").then_some("/spec/selector/matchLabels");
    let wanted = selector.and_then(|path| near.object.pointer(path)).and_then(Value::as_object);
    wanted.into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(kind: &str, name: &str, spec: Value) -> NearbyObject {
        let group = match kind {
            "HorizontalPodAutoscaler" => "autoscaling",
            "PodDisruptionBudget" => "policy",
            _ => "",
        };
        let name = Name { kind: kind.to_owned(), namespace: None, name: name.to_owned() };
        NearbyObject { group: group.to_owned(), name, object: json!({ "spec": spec }) }
    }

    #[test]
    fn a_workload_meets_those_that_can_mean_it_in_the_order_of_the_input() {
        let budget = |name: &str, selector: Value| {
            object("PodDisruptionBudget", name, json!({ "selector": selector }))
        };
        let all = vec![
            budget("of-web", json!({ "matchLabels": { "part": "shop", "app": "web" } })),
            budget("of-api", json!({ "matchLabels": { "part": "shop", "app": "api" } })),
            object("PersistentVolumeClaim", "files", json!({})),
            object("PersistentVolumeClaim", "other", json!({})),
            object("HorizontalPodAutoscaler", "a", json!({ "scaleTargetRef": { "name": "web" } })),
            object("HorizontalPodAutoscaler", "b", json!({ "scaleTargetRef": { "name": "api" } })),
            budget("of-all", json!({})),
        ];
        let here = Together::Below("here".to_owned());
        let together = vec![vec![here.clone()]; all.len()];
        let all = Neighbours::new(all, &together, BTreeSet::new());
        let web = Name { kind: "Deployment".to_owned(), namespace: None, name: "web".to_owned() };
        let facts = RolloutFacts {
            labels: vec![("part".into(), "shop".into()), ("app".into(), "web".into())],
            claims: vec!["files".into()],
            ..RolloutFacts::default()
        };
        let names = |workload: &Name, unit: &Together| {
            let near = all.near(workload, &facts, std::slice::from_ref(unit)).into_iter();
            near.map(|near| near.name.name.clone()).collect::<Vec<String>>()
        };
        let all_four = ["of-web", "files", "a", "of-all"];
        assert_eq!(names(&web, &here), all_four);
        assert!(names(&web, &Together::Below("elsewhere".to_owned())).is_empty());
        let with_namespace = Name { namespace: Some("other".to_owned()), ..web };
        assert_eq!(names(&with_namespace, &here), all_four);
    }
}
