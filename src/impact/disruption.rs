//! Derives how the pods of a workload are replaced, from its manifest and those near it. All numbers come
//! from the manifests; the cluster may have other ones.

use super::Name;
use super::claims;
use crate::extract::RolloutFacts;
use crate::k8s::disruption::{
    NEIGHBOURS, ON_DELETE, Order, PROGRESS_DEADLINE, RECREATE, Rollout, SCALERS, Scaler, rollout,
};
use crate::yaml::path::{FieldPath, PathStep};
use serde_json::Value;

/// How the pods of a workload are replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disruption {
    /// The number of pods that are replaced; `None` for one pod on each node, and if the kind has no
    /// number.
    pub pods: Option<Range>,
    /// The object that sets the number of pods in the cluster, if any.
    pub scaler: Option<Name>,
    /// The strategy, in the words of the kind.
    pub strategy: Option<String>,
    /// The number of pods that may be added.
    pub surge: Option<Range>,
    /// The number of pods that may be missing.
    pub unavailable: Option<Range>,
    /// The order in which pods are replaced.
    pub order: Option<Order>,
    /// The ordinals of a StatefulSet that are replaced: the first is the highest.
    pub ordinals: Option<(u64, u64)>,
    /// The reason why no pod serves for a while, if this happens.
    pub downtime: Option<Downtime>,
    /// The reason why the rollout may never end, if this may happen.
    pub stuck: Option<Stuck>,
    /// The minimum duration of the rollout in seconds; `None` if the manifests do not show it.
    pub at_least_seconds: Option<u64>,
    /// Whether every new pod counts as ready at once, because no container has a readiness probe.
    pub is_ready_at_once: bool,
    /// The deadline in seconds after which the rollout is reported as failed, if no pod can be available
    /// earlier.
    pub deadline: Option<u64>,
    /// The budgets (`PodDisruptionBudget`) that select its pods: they limit evictions, not a rollout.
    pub budgets: Vec<Name>,
}

/// A range of numbers that a scaler may set, or a fixed number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The smallest number.
    pub least: u64,
    /// The largest number.
    pub most: u64,
}

impl Range {
    /// One number.
    pub fn one(number: u64) -> Self {
        Self { least: number, most: number }
    }
}

impl std::fmt::Display for Range {
    /// `3`, or `2-10`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.least == self.most {
            true => write!(f, "{}", self.least),
            false => write!(f, "{}-{}", self.least, self.most),
        }
    }
}

/// The reason why no pod serves for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downtime {
    /// All pods are deleted before the first new one starts.
    Recreate,
    /// There is only one pod, and it is deleted before the new one starts.
    OnePod,
    /// All pods may be missing at once.
    AllAtOnce,
}

/// The reason why a rollout may never end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The claim that an old and a new pod both need.
    pub claim: String,
    /// Whether only one pod may use it at a time; otherwise only the pods of one node.
    pub is_one_pod: bool,
}

/// A manifest near a workload that affects how its pods are replaced.
pub struct NearbyObject {
    /// The API group.
    pub group: String,
    /// The identity of the object.
    pub name: Name,
    /// The object.
    pub object: Value,
}

impl NearbyObject {
    /// Whether objects of this kind can be a [`NearbyObject`].
    pub fn is_one(group: &str, kind: &str) -> bool {
        NEIGHBOURS.iter().any(|(g, k)| *g == group && *k == kind)
    }
}

/// Derives how the pods of a workload are replaced; for a kind without a row, only from its pod template.
/// `neighbours` are the objects in its namespace.
pub fn of(
    group: &str,
    name: &Name,
    facts: &RolloutFacts,
    neighbours: &[&NearbyObject],
) -> Disruption {
    let mut found = Disruption { budgets: budgets(facts, neighbours), ..Disruption::default() };
    found.is_ready_at_once = !facts.has_readiness_probe;
    let Some(row) = rollout(group, &name.kind) else {
        return found;
    };
    let strategy = facts.strategy.as_deref().unwrap_or(row.default);
    let partition = facts.partition.filter(|_| row.order == Order::Ordinals);
    // Several autoscalers of one workload: each may be the one that acts.
    let scaler =
        neighbours.iter().filter_map(|n| scaled_by(n, name)).reduce(|(of, one), (_, other)| {
            let (least, most) = (one.least.min(other.least), one.most.max(other.most));
            (of, Range { least, most })
        });
    let has_number = row.replicas != FieldPath::default();
    let written = has_number.then(|| facts.replicas.unwrap_or(1));
    let all = match (&scaler, written) {
        // If the manifest asks for no pods, the autoscaler is off.
        (Some((_, range)), Some(1..)) => Some(*range),
        (_, Some(number)) => Some(Range::one(number)),
        (_, None) => None,
    };
    let (surge, unavailable) = room(row, facts, strategy, all);
    let kept = partition.unwrap_or(0);
    let replaced = |number: u64| number.saturating_sub(kept);
    found.pods = all.map(|all| Range { least: replaced(all.least), most: replaced(all.most) });
    if row.order == Order::Ordinals
        && strategy != ON_DELETE
        && let Some(all) = all
        && replaced(all.least) > 0
    {
        let first = facts.first_ordinal.unwrap_or(0);
        found.ordinals = Some((first + all.least - 1, first + kept));
    }
    found.scaler = scaler.map(|(name, _)| name);
    found.order = Some(row.order);
    found.downtime = downtime(row, strategy, all, unavailable);
    found.stuck = match (&found.downtime, surge, unavailable) {
        (None, Some(Range { most: 1.., .. }), Some(Range { most: 0, .. })) => {
            claims::exclusive(&facts.claims, neighbours)
        }
        _ => None,
    };
    // The minimum time from the start of a new pod until it counts as available, in seconds: the first probe
    // runs after its delay, counted from the start of the container (pkg/kubelet/prober/worker.go), and
    // `minReadySeconds` count from then on.
    let wait = facts.slowest_probe + facts.min_ready_seconds;
    if let (Some(pods), Some(surge), Some(unavailable)) = (found.pods, surge, unavailable) {
        let step = (surge.least + unavailable.least).max(1);
        let seconds = match strategy == RECREATE {
            true => wait,
            false => pods.least.div_ceil(step) * wait,
        };
        found.at_least_seconds = Some(seconds).filter(|s| *s > 0 && pods.least > 0);
    }
    if row.kind == "Deployment" {
        let deadline = facts.deadline.unwrap_or(PROGRESS_DEADLINE);
        found.deadline = Some(deadline).filter(|deadline| *deadline <= wait);
    }
    (found.surge, found.unavailable) = (surge, unavailable);
    found.strategy = Some(strategy.to_owned());
    found
}

/// The value at the end of a path of fields.
fn at<'a>(value: &'a Value, path: &FieldPath) -> Option<&'a Value> {
    path.steps().iter().try_fold(value, |at, step| match step {
        PathStep::Field(name) => at.get(name.as_str()),
        _ => None,
    })
}

/// The row of a scaler, and the name of the workload that it scales.
pub(super) fn scaled(neighbour: &NearbyObject) -> Option<(&'static Scaler, &str)> {
    let mut rows = SCALERS.iter();
    let row = rows.find(|r| r.group == neighbour.group && r.kind == neighbour.name.kind)?;
    let name = at(&neighbour.object, &row.target)?.get("name")?;
    Some((row, name.as_str()?))
}

/// The range that a scaler sets for a workload.
fn scaled_by(neighbour: &NearbyObject, workload: &Name) -> Option<(Name, Range)> {
    let (row, name) = scaled(neighbour)?;
    let target = at(&neighbour.object, &row.target)?;
    let kind = target.get("kind").and_then(Value::as_str).unwrap_or(row.default_kind);
    if kind != workload.kind || name != workload.name {
        return None;
    }
    let number = |(path, default): &(FieldPath, u64)| {
        at(&neighbour.object, path).and_then(Value::as_u64).unwrap_or(*default)
    };
    let least = number(&row.least);
    let range = Range { least, most: number(&row.most).max(least) };
    Some((neighbour.name.clone(), range))
}

/// The number of pods that may be added, and of pods that may be missing. `None` if the manifests do not
/// show it: a percentage of the nodes, or a strategy that replaces pods in another way.
fn room(
    row: &Rollout,
    facts: &RolloutFacts,
    strategy: &str,
    pods: Option<Range>,
) -> (Option<Range>, Option<Range>) {
    if strategy == RECREATE {
        return (Some(Range::one(0)), pods);
    }
    if strategy != row.default {
        return (None, None);
    }
    let surge = facts.surge.as_deref().unwrap_or(row.surge.1);
    let unavailable = facts.unavailable.as_deref().unwrap_or(row.unavailable.1);
    let each = |pods: u64| -> Option<(u64, u64)> {
        let surge = share(surge, pods, true)?;
        let mut missing = share(unavailable, pods, row.round_up)?;
        if missing == 0 && (surge == 0 || row.order == Order::Ordinals) {
            missing = 1;
        }
        Some((surge, missing))
    };
    let Some(pods) = pods else {
        let fixed = |text: &str| text.parse().ok().map(Range::one);
        return (fixed(surge), fixed(unavailable));
    };
    // A workload with zero pods replaces its first pod later, so the limits are those of one pod.
    let (Some(least), Some(most)) = (each(pods.least.max(1)), each(pods.most.max(1))) else {
        return (None, None);
    };
    let range = |a: u64, b: u64| Some(Range { least: a.min(b), most: a.max(b) });
    (range(least.0, most.0), range(least.1, most.1))
}

/// A number, or a percentage of `whole`.
fn share(text: &str, whole: u64, round_up: bool) -> Option<u64> {
    match text.strip_suffix('%') {
        None => text.parse().ok(),
        Some(percent) => {
            let hundredfold = percent.parse::<u64>().ok()?.checked_mul(whole)?;
            Some(if round_up { hundredfold.div_ceil(100) } else { hundredfold / 100 })
        }
    }
}

fn downtime(
    row: &Rollout,
    strategy: &str,
    pods: Option<Range>,
    unavailable: Option<Range>,
) -> Option<Downtime> {
    let pods = pods.filter(|pods| pods.most > 0)?;
    if strategy == RECREATE {
        return Some(Downtime::Recreate);
    }
    if strategy != row.default || row.order == Order::Steps {
        return None;
    }
    let least = pods.least.max(1);
    let missing = unavailable?.least;
    match (least, missing >= least) {
        (_, false) => None,
        (1, true) => Some(Downtime::OnePod),
        (_, true) => Some(Downtime::AllAtOnce),
    }
}

/// The budgets whose selector fits the labels of the pods.
fn budgets(facts: &RolloutFacts, neighbours: &[&NearbyObject]) -> Vec<Name> {
    let label = |key: &str| facts.label(key);
    let fits = |neighbour: &&&NearbyObject| {
        let Some(selector) = neighbour.object.pointer("/spec/selector") else {
            return false;
        };
        let wanted = selector.get("matchLabels").and_then(Value::as_object);
        let mut wanted = wanted.into_iter().flatten();
        let expressions = selector.get("matchExpressions").and_then(Value::as_array);
        let mut expressions = expressions.into_iter().flatten();
        wanted.all(|(key, value)| label(key) == value.as_str())
            && expressions.all(|expression| expression_fits(expression, label))
    };
    let budgets = neighbours.iter().filter(|n| n.name.kind == "PodDisruptionBudget");
    budgets.filter(fits).map(|n| n.name.clone()).collect()
}

fn expression_fits<'a>(expression: &Value, label: impl Fn(&str) -> Option<&'a str>) -> bool {
    let text = |field| expression.get(field).and_then(Value::as_str).unwrap_or_default();
    let values = expression.get("values").and_then(Value::as_array);
    let has = label(text("key"));
    let listed = has
        .is_some_and(|has| values.into_iter().flatten().any(|value| value.as_str() == Some(has)));
    match text("operator") {
        "In" => listed,
        "NotIn" => !listed,
        "Exists" => has.is_some(),
        "DoesNotExist" => has.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Cursor, parse, split};
    use serde_json::json;

    fn name(kind: &str) -> Name {
        Name { kind: kind.to_owned(), namespace: None, name: "web".to_owned() }
    }

    fn facts(kind: &str, object: &Value) -> RolloutFacts {
        let text = object.to_string();
        let chunk = split::chunks(&text).next().unwrap().unwrap();
        let document = parse(&text, chunk.span).unwrap().remove(0);
        let object = Cursor::root(&document, &text);
        RolloutFacts::read("apps", kind, object, object.at(["spec", "template"]))
    }

    fn deployment(spec: Value) -> Disruption {
        let facts = facts("Deployment", &json!({ "spec": spec }));
        of("apps", &name("Deployment"), &facts, &[])
    }

    #[test]
    fn the_defaults_of_a_deployment_round_surge_up_and_unavailable_down() {
        for (replicas, surge, unavailable) in [(1, 1, 0), (3, 1, 0), (4, 1, 1), (10, 3, 2)] {
            let found = deployment(json!({ "replicas": replicas }));
            assert_eq!(found.surge, Some(Range::one(surge)), "{replicas}");
            assert_eq!(found.unavailable, Some(Range::one(unavailable)), "{replicas}");
            assert_eq!(found.downtime, None);
        }
    }

    #[test]
    fn no_room_at_all_means_one_pod_may_be_missing() {
        let none = json!({ "replicas": 3, "strategy": {
            "rollingUpdate": { "maxSurge": 0, "maxUnavailable": "10%" } } });
        assert_eq!(deployment(none).unavailable, Some(Range::one(1)));
        let one = json!({ "replicas": 1, "strategy": {
            "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 0 } } });
        assert_eq!(deployment(one).downtime, Some(Downtime::OnePod));
    }

    #[test]
    fn recreate_is_downtime_unless_there_are_no_pods() {
        let with =
            |replicas: u64| json!({ "replicas": replicas, "strategy": {"type": "Recreate"} });
        assert_eq!(deployment(with(2)).downtime, Some(Downtime::Recreate));
        assert_eq!(deployment(with(0)).downtime, None);
    }

    #[test]
    fn an_autoscaler_makes_a_range() {
        let object = json!({ "spec": { "replicas": 3 } });
        let scaler = NearbyObject {
            group: "autoscaling".to_owned(),
            name: Name { kind: "HorizontalPodAutoscaler".to_owned(), ..name("") },
            object: json!({ "spec": { "minReplicas": 2, "maxReplicas": 10,
                "scaleTargetRef": { "kind": "Deployment", "name": "web" } } }),
        };
        let facts = facts("Deployment", &object);
        let found = of("apps", &name("Deployment"), &facts, &[&scaler]);
        assert_eq!(found.pods, Some(Range { least: 2, most: 10 }));
        assert_eq!(found.surge, Some(Range { least: 1, most: 3 }));
    }

    #[test]
    fn a_rollout_takes_at_least_the_time_of_its_waves() {
        let found = deployment(json!({ "replicas": 4, "minReadySeconds": 10, "template": {
            "spec": { "containers": [{ "readinessProbe": { "initialDelaySeconds": 5 } }] } } }));
        // One additional pod and one unavailable pod: two rounds of two pods, each of 15 seconds.
        assert_eq!(found.at_least_seconds, Some(30));
        assert!(!found.is_ready_at_once);
    }

    #[test]
    fn a_partition_keeps_the_pods_below_it() {
        let object = json!({ "spec": { "replicas": 5,
            "updateStrategy": { "rollingUpdate": { "partition": 2 } } } });
        let facts = facts("StatefulSet", &object);
        let found = of("apps", &name("StatefulSet"), &facts, &[]);
        assert_eq!((found.pods, found.ordinals), (Some(Range::one(3)), Some((4, 2))));
    }
}
