//! Compares two pod templates field by field, as the API server sees them: layout does not count, null
//! equals an absent field, and so does a field with its default value.

use super::known_texts::ChangedSpot;
use super::leaves::{ChangedLeaf, FieldStep, ITEM_NAMES};
use super::{Class, HowChanged, Name, RollReason};
use crate::config::foreign::ForeignRules;
use crate::extract::KnownTextKind;
use crate::k8s::controllers::RELOADER_ENV;
use crate::k8s::foreign::{CHECKSUMS, MarkPattern, RESTARTS, VersionLabel};
use crate::k8s::template::{EMPTY_IS_NONE, TEMPLATE_DEFAULTS};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The settings for the comparison of two pod templates.
pub(super) struct FieldContext<'a> {
    /// The annotation key of the stamp.
    pub(super) stamp: &'a str,
    /// The renamed sources, by both names.
    pub(super) renamed: &'a BTreeMap<(String, String), Name>,
    /// The rules of the configuration for checksums and version labels of other tools.
    pub(super) foreign: &'a ForeignRules,
}

/// The differences, in the order of the fields.
pub(super) fn compare(before: &Value, after: &Value, known: &FieldContext<'_>) -> Vec<RollReason> {
    let mut walk = Walk { known, way: Vec::new(), found: Vec::new() };
    walk.both(Some(before), Some(after));
    each_name_once(walk.found)
}

/// The differences between two pod templates that differ in these leaves only, in the order of the fields.
pub(super) fn of_leaves(leaves: Vec<ChangedLeaf>, known: &FieldContext<'_>) -> Vec<RollReason> {
    let mut walk = Walk { known, way: Vec::new(), found: Vec::new() };
    for leaf in leaves {
        walk.way = leaf.way;
        walk.both(Some(&leaf.before), Some(&leaf.after));
    }
    each_name_once(walk.found)
}

/// The differences; several references to one renamed source are one difference.
fn each_name_once(mut found: Vec<RollReason>) -> Vec<RollReason> {
    let mut said = BTreeSet::new();
    found.retain(|reason| match reason {
        RollReason::Renamed { source } => said.insert(source.clone()),
        _ => true,
    });
    found
}

/// The reasons for a roll if one known text of a pod template changed, and nothing else in it.
pub(super) fn of_text(changed: &ChangedSpot<'_>, known: &FieldContext<'_>) -> Vec<RollReason> {
    let field = |name: &str| FieldStep::Field(name.to_owned());
    let way = match changed.is {
        KnownTextKind::Annotation(name) => {
            vec![field("metadata"), field("annotations"), field(name)]
        }
        KnownTextKind::Label(name) => vec![field("metadata"), field("labels"), field(name)],
        KnownTextKind::Image(list, container) => {
            vec![field("spec"), field(list), FieldStep::Item(container.to_string()), field("image")]
        }
    };
    let mut walk = Walk { known, way, found: Vec::new() };
    let (before, after) = (Value::from(&*changed.before), Value::from(&*changed.after));
    walk.both(Some(&before), Some(&after));
    walk.found
}

struct Walk<'a> {
    known: &'a FieldContext<'a>,
    way: Vec<FieldStep>,
    found: Vec<RollReason>,
}

impl Walk<'_> {
    fn both(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let (before, after) = (self.present(before), self.present(after));
        match (before, after) {
            (None, None) => {}
            (Some(only), None) => self.one(only, HowChanged::Removed),
            (None, Some(only)) => self.one(only, HowChanged::Added),
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
                for name in names {
                    self.way.push(FieldStep::Field(name.clone()));
                    let (mut was, mut is) = (before.get(name), after.get(name));
                    if name == PULL_POLICY && (was.is_none() || is.is_none()) {
                        (was, is) = (or_default(was, before), or_default(is, after));
                    }
                    self.both(was, is);
                    self.way.pop();
                }
            }
            (Some(Value::Array(before)), Some(Value::Array(after))) => self.lists(before, after),
            (Some(before), Some(after)) => {
                if before != after && !self.same_quantity(before, after) {
                    self.say(HowChanged::Changed, Some(before), Some(after));
                }
            }
        }
    }

    /// Reports a field that exists on one side only: a mapping of names is compared name by name.
    fn one(&mut self, only: &Value, change: HowChanged) {
        if let (Some("labels" | "annotations" | "metadata"), Value::Object(fields)) =
            (self.last(), only)
        {
            for (name, value) in fields {
                self.way.push(FieldStep::Field(name.clone()));
                match change {
                    HowChanged::Removed => self.both(Some(value), None),
                    _ => self.both(None, Some(value)),
                }
                self.way.pop();
            }
            return;
        }
        // If all items are variables of a controller, each of them is reported.
        if let (Some("env"), Value::Array(items)) = (self.last(), only)
            && items.iter().all(|item| item["name"].as_str().is_some_and(is_of_reloader))
        {
            return match change {
                HowChanged::Removed => self.lists(items, &[]),
                _ => self.lists(&[], items),
            };
        }
        match change {
            HowChanged::Removed => self.say(change, Some(only), None),
            _ => self.say(change, None, Some(only)),
        }
    }

    /// Lists of named items are compared item by item; other lists, and the order of both, as a whole.
    fn lists(&mut self, before: &[Value], after: &[Value]) {
        let (Some(old), Some(new)) = (named(before), named(after)) else {
            if before.len() != after.len() {
                return self.say(HowChanged::Changed, None, None);
            }
            for (i, (before, after)) in before.iter().zip(after).enumerate() {
                self.way.push(FieldStep::Item(i.to_string()));
                self.both(Some(before), Some(after));
                self.way.pop();
            }
            return;
        };
        let kept: Vec<&&str> =
            old.keys_in_order.iter().filter(|n| new.items.contains_key(**n)).collect();
        let same: Vec<&&str> =
            new.keys_in_order.iter().filter(|n| old.items.contains_key(**n)).collect();
        if kept != same {
            self.say(HowChanged::Changed, None, None);
        }
        let names: Vec<&str> =
            old.keys_in_order.iter().chain(&new.keys_in_order).copied().collect();
        let mut said = BTreeSet::new();
        for name in names.into_iter().filter(|name| said.insert(*name)) {
            self.way.push(FieldStep::Item(name.to_owned()));
            self.both(old.items.get(name).copied(), new.items.get(name).copied());
            self.way.pop();
        }
    }

    /// The value; `None` if it means the same as an absent field.
    fn present<'v>(&self, value: Option<&'v Value>) -> Option<&'v Value> {
        let value = value.filter(|value| !value.is_null())?;
        let empty = match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => false,
        };
        let last = self.last().unwrap_or_default();
        if empty && EMPTY_IS_NONE.contains(&last) {
            return None;
        }
        let rows = DEFAULTS.get(last).map_or(&[][..], Vec::as_slice);
        let is_default = rows.iter().any(|(way, default)| default == value && self.ends_with(way));
        (!is_default).then_some(value)
    }

    /// The last field of the path.
    fn last(&self) -> Option<&str> {
        match self.way.last() {
            Some(FieldStep::Field(name)) => Some(name),
            _ => None,
        }
    }

    /// Whether the path ends in these fields, with `*` for an item of a list; if `way` begins with `spec/`,
    /// whether the path equals it.
    fn ends_with(&self, way: &str) -> bool {
        let steps: Vec<&str> = way.split('/').collect();
        if steps[0] == "spec" && self.way.len() != steps.len() {
            return false;
        }
        steps.len() <= self.way.len()
            && self.way[self.way.len() - steps.len()..].iter().zip(steps).all(|(own, step)| {
                match own {
                    FieldStep::Field(name) => name == step,
                    FieldStep::Item(_) => step == "*",
                }
            })
    }

    /// `100m` and `0.1` are the same amount of CPU.
    fn same_quantity(&self, before: &Value, after: &Value) -> bool {
        let in_resources = self.way.iter().any(|step| match step {
            FieldStep::Field(name) => {
                ["limits", "requests", "sizeLimit", "divisor"].contains(&name.as_str())
            }
            FieldStep::Item(_) => false,
        });
        in_resources && matches!((quantity(before), quantity(after)), (Some(a), Some(b)) if a == b)
    }

    fn say(&mut self, change: HowChanged, before: Option<&Value>, after: Option<&Value>) {
        let texts = (before.and_then(Value::as_str), after.and_then(Value::as_str));
        if let (Some(from), Some(to)) = texts
            && let Some(source) = self.known.renamed.get(&(from.to_owned(), to.to_owned()))
            && matches!(self.last(), Some("name" | "secretName"))
        {
            self.found.push(RollReason::Renamed { source: source.clone() });
            return;
        }
        let reason = match self.way.as_slice() {
            [FieldStep::Field(metadata), FieldStep::Field(list), FieldStep::Field(key)]
                if metadata == "metadata" && (list == "annotations" || list == "labels") =>
            {
                mark(list, key, change, texts, self.known)
            }
            [.., FieldStep::Field(env), FieldStep::Item(name)]
            | [.., FieldStep::Field(env), FieldStep::Item(name), FieldStep::Field(_)]
                if env == "env" && is_of_reloader(name) =>
            {
                Some(RollReason::Restart { key: name.clone() })
            }
            _ => None,
        };
        let reason = reason.unwrap_or_else(|| {
            let class = class(&self.way);
            let shown = match (class, texts) {
                (Class::Image, (Some(from), Some(to))) => Some((from.to_owned(), to.to_owned())),
                _ => None,
            };
            RollReason::Field { path: path(&self.way), class, change, shown }
        });
        self.found.push(reason);
    }
}

/// The defaults of a pod template by the last field of their ways.
static DEFAULTS: LazyLock<BTreeMap<&str, Vec<(&str, Value)>>> = LazyLock::new(|| {
    let mut rows: BTreeMap<&str, Vec<(&str, Value)>> = BTreeMap::new();
    for (way, default) in TEMPLATE_DEFAULTS {
        let last = way.rsplit('/').next().unwrap_or(way);
        let value = serde_json::from_str(default).ok().map(|value| (*way, value));
        rows.entry(last).or_default().extend(value);
    }
    rows
});

const PULL_POLICY: &str = "imagePullPolicy";

/// The pull policy of a container, or the one that the API server writes, which depends on the image.
// kubernetes/pkg/apis/core/v1/defaults.go SetDefaults_Container
fn or_default<'v>(
    written: Option<&'v Value>,
    container: &serde_json::Map<String, Value>,
) -> Option<&'v Value> {
    static ALWAYS: LazyLock<Value> = LazyLock::new(|| Value::from("Always"));
    static IF_NOT_PRESENT: LazyLock<Value> = LazyLock::new(|| Value::from("IfNotPresent"));
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or_default();
    let tag = last.split_once(':').map(|(_, tag)| tag);
    let is_moving = !image.contains('@') && tag.is_none_or(|tag| tag == "latest");
    written.or(Some(if is_moving { &*ALWAYS } else { &*IF_NOT_PRESENT }))
}

/// Whether Reloader created an environment variable to roll pods.
fn is_of_reloader(variable: &str) -> bool {
    variable.starts_with(RELOADER_ENV)
}

/// The reason for a changed annotation or label, if a tool wrote it.
fn mark(
    list: &str,
    key: &str,
    change: HowChanged,
    texts: (Option<&str>, Option<&str>),
    known: &FieldContext<'_>,
) -> Option<RollReason> {
    let is = |patterns: &[MarkPattern]| patterns.iter().any(|pattern| pattern.matches(key));
    let key_of = key.to_owned();
    if list == "labels" {
        let said = [texts.0, texts.1].into_iter().flatten();
        let rows: Vec<bool> =
            said.map(|text| VersionLabel::of(key, Some(text)).is_some()).collect();
        let is_version = match rows.is_empty() {
            true => VersionLabel::of(key, None).is_some(),
            false => rows.into_iter().all(|is_one| is_one),
        };
        return is_version.then(|| RollReason::VersionLabel {
            key: key_of,
            shown: texts.0.zip(texts.1).map(|(from, to)| (from.to_owned(), to.to_owned())),
        });
    }
    if key == known.stamp {
        return Some(RollReason::Stamp { change });
    }
    if is(CHECKSUMS) || (known.foreign.is_on() && known.foreign.is_checksum(key)) {
        return Some(RollReason::Foreign { key: key_of });
    }
    is(RESTARTS).then_some(RollReason::Restart { key: key_of })
}

/// The items of a list by their names.
struct NamedItems<'a> {
    keys_in_order: Vec<&'a str>,
    items: BTreeMap<&'a str, &'a Value>,
}

/// The items by the field that identifies them, if every item has it and no two are equal.
fn named(list: &[Value]) -> Option<NamedItems<'_>> {
    ITEM_NAMES.iter().find_map(|field| {
        let mut named = NamedItems { keys_in_order: Vec::new(), items: BTreeMap::new() };
        for item in list {
            let name = item.get(field)?.as_str()?;
            named.keys_in_order.push(name);
            if named.items.insert(name, item).is_some() {
                return None;
            }
        }
        Some(named)
    })
}

/// `spec.containers[web].image`
fn path(way: &[FieldStep]) -> String {
    let mut text = String::new();
    for step in way {
        match step {
            FieldStep::Field(name) if text.is_empty() => text.push_str(name),
            FieldStep::Field(name) if !name.contains(['.', '/']) => {
                text.extend([".", name.as_str()]);
            }
            FieldStep::Field(name) | FieldStep::Item(name) => {
                text.extend(["[", name.as_str(), "]"]);
            }
        }
    }
    text
}

/// Fields and their classes; the outermost field with a row counts.
const CLASSES: &[(&str, Class)] = &[
    ("labels", Class::Label),
    ("annotations", Class::Annotation),
    ("image", Class::Image),
    ("env", Class::Env),
    ("envFrom", Class::Env),
    ("command", Class::Command),
    ("args", Class::Command),
    ("resources", Class::Resources),
    ("livenessProbe", Class::Probe),
    ("readinessProbe", Class::Probe),
    ("startupProbe", Class::Probe),
    ("lifecycle", Class::Probe),
    ("volumes", Class::Volume),
    ("volumeMounts", Class::Volume),
    ("volumeDevices", Class::Volume),
    ("nodeSelector", Class::Scheduling),
    ("nodeName", Class::Scheduling),
    ("affinity", Class::Scheduling),
    ("tolerations", Class::Scheduling),
    ("topologySpreadConstraints", Class::Scheduling),
    ("priorityClassName", Class::Scheduling),
    ("securityContext", Class::Security),
    ("serviceAccountName", Class::Security),
    ("serviceAccount", Class::Security),
    ("automountServiceAccountToken", Class::Security),
];

fn class(way: &[FieldStep]) -> Class {
    let fields = way.iter().filter_map(|step| match step {
        FieldStep::Field(name) => Some(name.as_str()),
        FieldStep::Item(_) => None,
    });
    let rows = fields.filter_map(|field| CLASSES.iter().find(|(name, _)| *name == field));
    rows.map(|(_, class)| *class).next().unwrap_or(Class::Other)
}

/// A quantity in millionths, if it is valid and fits.
// kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity
fn quantity(value: &Value) -> Option<i128> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    const SUFFIXES: &[(&str, i128)] = &[
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
    ];
    const MICRO: i128 = 1_000_000;
    let (number, factor) = match SUFFIXES.iter().find(|(suffix, _)| text.ends_with(suffix)) {
        Some((suffix, factor)) => (text.strip_suffix(suffix)?, factor * MICRO),
        None => match (text.strip_suffix('m'), text.strip_suffix('u')) {
            (Some(milli), _) => (milli, 1_000),
            (_, Some(micro)) => (micro, 1),
            _ => (text.as_str(), MICRO),
        },
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if part.len() > 6 || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = 10_i128.pow(u32::try_from(part.len()).ok()?);
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let scaled = digits.checked_mul(factor)?;
    (scaled % scale == 0).then_some(scaled / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differ(before: Value, after: Value) -> Vec<String> {
        let renamed = BTreeMap::new();
        let foreign = ForeignRules::default();
        let known =
            FieldContext { stamp: "checksum/rollstamp", renamed: &renamed, foreign: &foreign };
        compare(&before, &after, &known)
            .into_iter()
            .map(|reason| match reason {
                RollReason::Field { path, class, change, .. } => {
                    format!("{path} {} {}", class.name(), change.name())
                }
                other => {
                    format!("{other:?}").split([' ', '{']).next().unwrap_or_default().to_owned()
                }
            })
            .collect()
    }

    fn of(container: Value) -> Value {
        json!({ "spec": { "containers": [container] } })
    }

    #[test]
    fn a_change_is_named_by_its_field() {
        let before = json!({ "metadata": { "labels": { "a": "1" } }, "spec": { "containers": [
            { "name": "web", "image": "web:1", "env": [{ "name": "A", "value": "1" }] } ] } });
        let after = json!({ "metadata": { "labels": { "a": "2" } }, "spec": { "containers": [
            { "name": "web", "image": "web:2", "env": [{ "name": "A", "value": "2" }] } ] } });
        assert_eq!(
            differ(before, after),
            [
                "metadata.labels.a label changed",
                "spec.containers[web].env[A].value env changed",
                "spec.containers[web].image image changed",
            ]
        );
    }

    #[test]
    fn what_means_the_same_is_no_difference() {
        let short = of(json!({ "name": "web", "resources": { "limits": { "cpu": "0.1" } },
            "ports": [{ "containerPort": 80 }] }));
        let long = of(json!({ "name": "web", "resources": { "limits": { "cpu": "100m" } },
            "ports": [{ "containerPort": 80, "protocol": "TCP" }], "env": [], "args": null }));
        assert!(differ(short, long).is_empty());
        let policy =
            of(json!({ "name": "web", "image": "web:1", "imagePullPolicy": "IfNotPresent" }));
        assert!(differ(of(json!({ "name": "web", "image": "web:1" })), policy.clone()).is_empty());
        assert_eq!(differ(of(json!({ "name": "web", "image": "web" })), policy).len(), 2);
        let none = json!({ "spec": { "volumes": [{ "name": "tmp" }] } });
        let empty_folder = json!({ "spec": { "volumes": [{ "name": "tmp", "emptyDir": {} }] } });
        assert_eq!(differ(none, empty_folder).len(), 1);
    }

    #[test]
    fn marks_of_tools_are_told_apart() {
        let with = |annotations: Value| json!({ "metadata": { "annotations": annotations } });
        let before = with(json!({ "checksum/config": "a" }));
        let after = with(json!({ "checksum/config": "b", "checksum/rollstamp": "c",
            "kubectl.kubernetes.io/restartedAt": "d" }));
        assert_eq!(differ(before, after), ["Foreign", "Stamp", "Restart"]);
        let none = json!({});
        assert_eq!(differ(none, with(json!({ "checksum/rollstamp": "c" }))), ["Stamp"]);
    }

    #[test]
    fn another_order_of_named_things_is_one_change() {
        let one = of(json!({ "name": "web", "env": [{ "name": "A" }, { "name": "B" }] }));
        let two = of(json!({ "name": "web", "env": [{ "name": "B" }, { "name": "A" }] }));
        assert_eq!(differ(one, two), ["spec.containers[web].env env changed"]);
    }

    #[test]
    fn quantities_are_amounts() {
        for (one, other) in [("1", "1000m"), ("1Gi", "1024Mi"), ("0.5", "500m"), ("1k", "1000")] {
            assert_eq!(quantity(&json!(one)), quantity(&json!(other)), "{one}");
        }
        assert_ne!(quantity(&json!("1G")), quantity(&json!("1Gi")));
    }
}
