//! The objects of a state that affect how the pods of workloads are replaced, indexed by what they name: a
//! workload only checks the objects that may refer to it, however many there are.

use super::Name;
use super::disruption::{NearbyObject, at, scaled};
use super::objects::read;
use super::state::ComparedState;
use serde_json::Value;
use std::collections::BTreeMap;

/// The objects of a state, with the index.
#[derive(Default)]
pub(super) struct Neighbours {
    /// In the order of the input.
    all: Vec<NearbyObject>,
    by_hold: BTreeMap<(Option<String>, Hold), Vec<usize>>,
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
    /// No condition for the index: every workload of the namespace checks the object.
    Any,
}

impl Neighbours {
    /// Collects the objects of a state.
    pub(super) fn of(state: &ComparedState<'_>) -> Self {
        let mut all = Vec::new();
        let files = state.manifests().files().zip(state.manifests().all_files());
        for (file, said) in files.filter(|(_, said)| said.input.is_looked_at()) {
            let text = state.text(file);
            for near in &said.neighbours {
                let Some(object) = read(near.document.of(text), &near.route) else {
                    continue;
                };
                let id = &near.id;
                let namespace = state.namespace(id.namespace.as_deref());
                all.push(NearbyObject {
                    group: id.group.to_string(),
                    name: Name { kind: id.kind.to_string(), namespace, name: id.name.to_string() },
                    object,
                });
            }
        }
        Self::new(all)
    }

    fn new(all: Vec<NearbyObject>) -> Self {
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
        let mut by_hold: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (i, near) in all.iter().enumerate() {
            by_hold.entry((near.name.namespace.clone(), hold(near))).or_default().push(i);
        }
        Self { all, by_hold }
    }

    /// The objects that may refer to a workload, in the order of the input.
    pub(super) fn near(&self, workload: &Name, template: &Value) -> Vec<&NearbyObject> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let mut holds = vec![Hold::Any, Hold::Name(workload.name.clone())];
        let volumes = at(template, "spec/volumes").and_then(Value::as_array);
        let claims = volumes.into_iter().flatten().filter_map(claim);
        holds.extend(claims.map(|name| Hold::Claim(name.to_owned())));
        let labels = at(template, "metadata/labels").and_then(Value::as_object);
        let labels = labels.into_iter().flatten();
        holds.extend(labels.filter_map(|(k, v)| Some(Hold::Label(k.clone(), v.as_str()?.into()))));
        let namespace = &workload.namespace;
        let found =
            holds.into_iter().filter_map(|hold| self.by_hold.get(&(namespace.clone(), hold)));
        let mut found: Vec<usize> = found.flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|i| &self.all[i]).collect()
    }
}

/// The claim that a volume names.
pub(super) fn claim(volume: &Value) -> Option<&str> {
    at(volume, "persistentVolumeClaim/claimName").and_then(Value::as_str)
}

/// The labels that a budget requires of pods, as far as they are strings.
fn labels(near: &NearbyObject) -> impl Iterator<Item = (&str, &str)> {
    let selector = (near.name.kind == "PodDisruptionBudget").then_some("spec/selector/matchLabels");
    let wanted = selector.and_then(|way| at(&near.object, way)).and_then(Value::as_object);
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
        let all = Neighbours::new(vec![
            budget("of-web", json!({ "matchLabels": { "part": "shop", "app": "web" } })),
            budget("of-api", json!({ "matchLabels": { "part": "shop", "app": "api" } })),
            object("PersistentVolumeClaim", "files", json!({})),
            object("PersistentVolumeClaim", "other", json!({})),
            object("HorizontalPodAutoscaler", "a", json!({ "scaleTargetRef": { "name": "web" } })),
            object("HorizontalPodAutoscaler", "b", json!({ "scaleTargetRef": { "name": "api" } })),
            budget("of-all", json!({})),
        ]);
        let web = Name { kind: "Deployment".to_owned(), namespace: None, name: "web".to_owned() };
        let template = json!({ "metadata": { "labels": { "part": "shop", "app": "web" } },
            "spec": { "volumes": [{ "persistentVolumeClaim": { "claimName": "files" } }] } });
        let names = |workload: &Name| {
            let near = all.near(workload, &template).into_iter();
            near.map(|near| near.name.name.clone()).collect::<Vec<String>>()
        };
        assert_eq!(names(&web), ["of-web", "files", "a", "of-all"]);
        let elsewhere = Name { namespace: Some("other".to_owned()), ..web };
        assert!(names(&elsewhere).is_empty());
    }
}
