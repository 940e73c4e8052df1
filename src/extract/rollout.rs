//! The facts about a workload that only a comparison of two states needs. Extraction collects them in a run that
//! compares, so that the comparison does not parse the document again.

use crate::config::options::Options;
use crate::k8s::disruption::{Order, Rollout, rollout};
use crate::k8s::id::Identity;
use crate::k8s::sites::CONTAINER_LISTS;
use crate::text::Span;
use crate::yaml::resolve::Value;
use crate::yaml::value::value;
use crate::yaml::{Cursor, Style};
use smol_str::{SmolStr, ToSmolStr as _};

/// The facts that a comparison needs about a workload and its pod template.
pub struct Foreseen {
    /// How the pods are replaced; only for the state after the apply.
    pub rollout: Option<Box<RolloutFacts>>,
    /// The known texts of the pod template. `None` if the document is JSON or has anchors or tags: with an
    /// anchor, one text can be the value of several fields.
    pub spots: Option<Box<[KnownText]>>,
}

/// How the pods of a workload are replaced, as the manifest says. A field is `None` if the manifest does not set
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolloutFacts {
    /// The number of pods.
    pub replicas: Option<u64>,
    /// The strategy.
    pub strategy: Option<SmolStr>,
    /// The maximum number of additional pods during a rollout: a number or a percentage.
    pub surge: Option<SmolStr>,
    /// The maximum number of unavailable pods during a rollout: a number or a percentage.
    pub unavailable: Option<SmolStr>,
    /// The ordinal below which pods are not replaced.
    pub partition: Option<u64>,
    /// The ordinal of the first pod.
    pub first_ordinal: Option<u64>,
    /// How long a pod must be ready before it counts as available, in seconds.
    pub min_ready_seconds: u64,
    /// The time after which a rollout without progress is reported, in seconds.
    pub deadline: Option<u64>,
    /// The longest time before a container can be ready for the first time, in seconds.
    pub slowest_probe: u64,
    /// Whether a container has a readiness probe.
    pub has_readiness_probe: bool,
    /// The names of the `PersistentVolumeClaim`s of its volumes.
    pub claims: Vec<SmolStr>,
    /// The labels of the pods; each name occurs once.
    pub labels: Vec<(SmolStr, SmolStr)>,
}

/// A text in a pod template whose meaning is known: an annotation, a label or an image. Such texts often change
/// while the rest of the document stays the same.
pub struct KnownText {
    /// The bytes of the text in the file, including quotes.
    pub place: Span,
    /// The style in which it is written.
    pub style: Style,
    /// The field that holds it.
    pub is: KnownTextKind,
}

/// The field that holds a [`KnownText`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownTextKind {
    /// The annotation of this name.
    Annotation(SmolStr),
    /// The label of this name.
    Label(SmolStr),
    /// The image of a container: its list, and its name.
    Image(&'static str, SmolStr),
}

impl Foreseen {
    pub(super) fn read(
        id: &Identity,
        object: Cursor<'_>,
        template: Cursor<'_>,
        options: &Options,
    ) -> Self {
        let rollout = options
            .foresees_rollouts
            .then(|| Box::new(RolloutFacts::read(&id.group, &id.kind, object, Some(template))));
        Self { rollout, spots: spots(template) }
    }
}

impl RolloutFacts {
    /// The facts of an object of this group and kind, and of its pod template.
    pub fn read(group: &str, kind: &str, object: Cursor<'_>, template: Option<Cursor<'_>>) -> Self {
        let mut facts = template.map_or_else(Self::default, Self::of_template);
        facts.min_ready_seconds =
            object.at(["spec", "minReadySeconds"]).and_then(number).unwrap_or(0);
        let Some(row) = rollout(group, kind) else {
            return facts;
        };
        facts.replicas = row.replicas.end(object).and_then(number);
        facts.strategy = strategy(row, object);
        facts.surge = row.surge.0.end(object).and_then(amount);
        facts.unavailable = row.unavailable.0.end(object).and_then(amount);
        if row.order == Order::Ordinals {
            facts.partition = object
                .at(["spec", "updateStrategy", "rollingUpdate", "partition"])
                .and_then(number);
            facts.first_ordinal = object.at(["spec", "ordinals", "start"]).and_then(number);
        }
        facts.deadline = object.at(["spec", "progressDeadlineSeconds"]).and_then(number);
        facts
    }

    fn of_template(template: Cursor<'_>) -> Self {
        let containers =
            |list| template.get("spec").into_iter().flat_map(move |spec| spec.list(list));
        let delay = |container: Cursor<'_>| {
            let probes = ["readinessProbe", "startupProbe"].into_iter();
            let delays =
                probes.filter_map(|probe| number(container.at([probe, "initialDelaySeconds"])?));
            delays.max().unwrap_or(0)
        };
        let has_probe =
            |container: Cursor<'_>| container.get("readinessProbe").is_some_and(Cursor::is_mapping);
        let claim = |volume: Cursor<'_>| volume.get("persistentVolumeClaim")?.string("claimName");
        let volumes = template.get("spec").into_iter().flat_map(|spec| spec.list("volumes"));
        let labels = template.at(["metadata", "labels"]).and_then(value);
        let labels = labels.as_ref().and_then(serde_json::Value::as_object).into_iter().flatten();
        Self {
            slowest_probe: containers("containers").map(delay).max().unwrap_or(0),
            has_readiness_probe: CONTAINER_LISTS
                .iter()
                .flat_map(|list| containers(list))
                .any(has_probe),
            claims: volumes.filter_map(claim).collect(),
            labels: labels.filter_map(|(k, v)| Some((k.into(), v.as_str()?.into()))).collect(),
            ..Self::default()
        }
    }

    /// The value of a label of the pods.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn number(at: Cursor<'_>) -> Option<u64> {
    match at.value() {
        Ok(Value::Int(number)) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// A number or a percentage, as it is written.
fn amount(at: Cursor<'_>) -> Option<SmolStr> {
    match at.value() {
        Ok(Value::Str(text)) => Some(text.into()),
        Ok(Value::Int(number)) => Some(number.to_smolstr()),
        // The API server refuses a fraction of a pod. The report shows the value as it is written.
        Ok(Value::Float(number)) => Some(serde_json::Value::from(number).to_smolstr()),
        _ => None,
    }
}

fn strategy(row: &Rollout, object: Cursor<'_>) -> Option<SmolStr> {
    if row.order == Order::Steps {
        let strategy = object.at(["spec", "strategy"])?;
        let is = |name: &&&str| strategy.get(name).is_some();
        return ["blueGreen", "canary"].iter().find(is).map(|name| SmolStr::new_static(name));
    }
    row.strategy.end(object)?.str().map(SmolStr::from)
}

/// The known texts of a pod template, in the order in which a comparison names them: sorted by the fields above
/// them; containers in the order of the manifest.
fn spots(template: Cursor<'_>) -> Option<Box<[KnownText]>> {
    if !template.document().is_plain_yaml() {
        return None;
    }
    let mut found = Vec::new();
    let metadata = template.get("metadata");
    for (list, is) in [
        ("annotations", KnownTextKind::Annotation as fn(SmolStr) -> KnownTextKind),
        ("labels", KnownTextKind::Label),
    ] {
        let marks = metadata.and_then(|metadata| metadata.get(list));
        let pairs = marks.into_iter().flat_map(Cursor::pairs);
        let names = pairs.map(|(key, value)| (key.key().map(SmolStr::from).ok(), value));
        let mut named: Vec<(Option<SmolStr>, Cursor<'_>)> = names.collect();
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        let is_sure = !marks.is_some_and(|marks| marks.node().has_merge)
            && !named.windows(2).any(|pair| pair[0].0 == pair[1].0);
        let named = named.into_iter().filter(|_| is_sure);
        found.extend(named.filter_map(|(name, value)| spot(value, is(name?))));
    }
    let mut lists = CONTAINER_LISTS.to_vec();
    lists.sort_unstable();
    for list in lists {
        let containers = template.get("spec").into_iter().flat_map(|spec| spec.list(list));
        let containers: Vec<(Option<SmolStr>, Cursor<'_>)> =
            containers.map(|container| (container.string("name"), container)).collect();
        let mut names: Vec<&Option<SmolStr>> = containers.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        if names.contains(&&None) || names.windows(2).any(|pair| pair[0] == pair[1]) {
            continue;
        }
        let sure = containers.into_iter().filter(|(_, container)| !container.node().has_merge);
        found.extend(sure.filter_map(|(name, container)| {
            spot(container.get("image")?, KnownTextKind::Image(list, name?))
        }));
    }
    Some(found.into())
}

fn spot(value: Cursor<'_>, is: KnownTextKind) -> Option<KnownText> {
    let style = value.style();
    let is_short = matches!(style, Style::Plain | Style::Single | Style::Double);
    (is_short && value.str().is_some()).then(|| KnownText { place: value.span(), style, is })
}
