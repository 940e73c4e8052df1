//! What a pod template reads, and where its stamp goes.

use super::By;
use super::Reader;
use super::carried::{self, Said};
use super::foreign::{self, Marks};
use super::ids::{Ids, ObjectId, ReferenceId};
use super::references::{Reference, Walk};
use super::sidecars::{self, Sidecar};
use super::site_label::Within;
use super::unknown_kinds;
use crate::config::policy::HotReload;
use crate::finding::{Code, Finding};
use crate::k8s::id::Identity;
use crate::k8s::kinds::{self, NoRoll, Rolls, WorkloadKind};
use crate::k8s::sites::SITE_TREE;
use crate::k8s::waits::{Is, Until, WAITS};
use crate::yaml::insert::{self, Refusal, Slot};
use crate::yaml::resolve::{self, Value};
use crate::yaml::verify::Step;
use crate::yaml::{Kind, NodeId};

/// A pod template and what it reads.
pub struct Template {
    /// The workload that holds it.
    pub object: ObjectId,
    /// The row of its kind.
    pub kind: &'static WorkloadKind,
    /// The way from the object to the template.
    pub path: Vec<Step>,
    /// What it reads, in the order of the text.
    pub references: Ids<ReferenceId>,
    /// The place of the stamp; of templates that are not stamped, nothing.
    pub slot: Option<Result<Slot, Refusal>>,
    /// Whether a stamp is there, also where it cannot be edited.
    pub stamp_seen: bool,
    /// Why it is not stamped.
    pub not_stamped: Option<NoRoll>,
    /// Why the references cannot be trusted; the workload is then left alone.
    pub refusal: Option<(Code, Refusal)>,
    /// What its controller waits for before a stamp rolls its pods.
    pub later: Option<Until>,
    /// Whether a control annotation or a rule says to leave it alone.
    pub ignored: Option<By>,
    /// Sources that take no part, by name.
    pub ignored_sources: Vec<String>,
    /// The config-reload sidecars among the containers.
    pub sidecars: Vec<Sidecar>,
    /// What other tools wrote into its metadata.
    pub marks: Marks,
    /// What annotations say about its reads; nothing, where they say nothing.
    pub said: Option<Box<Said>>,
}

/// Reads the pod templates of a workload.
pub(super) fn read(
    reader: &mut Reader<'_>,
    node: NodeId,
    ancestors: &[NodeId],
    row: &'static WorkloadKind,
    id: &Identity,
) -> Vec<(Template, Vec<Reference>)> {
    let mut found = Vec::new();
    for path in row.templates {
        let start = Way {
            at: node,
            holder: None,
            nodes: ancestors.to_vec(),
            steps: Vec::new(),
            doubled: None,
        };
        if *path == kinds::BY_SHAPE {
            let ways = unknown_kinds::find(reader, node).into_iter();
            found.extend(ways.filter_map(|steps| start.clone().along(reader, steps)));
            continue;
        }
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
        start.follow(reader, &steps, &mut found);
    }
    found.into_iter().filter_map(|way| template(reader, node, row, id, way)).collect()
}

/// A way from an object to one of its pod templates.
#[derive(Clone)]
struct Way {
    /// Where it has come to.
    at: NodeId,
    /// The mapping that holds the last field, and that field.
    holder: Option<(NodeId, String)>,
    /// Every node on the way, aliases not followed.
    nodes: Vec<NodeId>,
    steps: Vec<Step>,
    /// A field on the way that stands twice.
    doubled: Option<(NodeId, NodeId, String)>,
}

impl Way {
    fn follow(self, reader: &Reader<'_>, steps: &[&str], found: &mut Vec<Self>) {
        let document = reader.document;
        let Some((step, rest)) = steps.split_first() else {
            found.push(self);
            return;
        };
        if *step == "*" {
            for (key, value) in document.pairs(self.at) {
                if let Ok(name) = resolve::key(document, reader.text, key) {
                    let way = self.clone().step(reader, Step::Field(name.into()), value);
                    way.follow(reader, rest, found);
                }
            }
            return;
        }
        let (name, each) = match step.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (*step, false),
        };
        let Some(way) = self.field(reader, name) else {
            return;
        };
        if !each {
            way.follow(reader, rest, found);
            return;
        }
        if document.node(way.at).kind != Kind::Sequence {
            return;
        }
        for (i, item) in document.children(way.at).enumerate() {
            way.clone().step(reader, Step::Item(i), item).follow(reader, rest, found);
        }
    }

    /// Follows steps that are known one by one.
    fn along(mut self, reader: &Reader<'_>, steps: Vec<Step>) -> Option<Self> {
        for step in steps {
            self = match step {
                Step::Field(name) => self.field(reader, &name)?,
                Step::Item(i) => {
                    let item = reader.document.children(self.at).nth(i)?;
                    self.step(reader, Step::Item(i), item)
                }
            };
        }
        Some(self)
    }

    fn field(self, reader: &Reader<'_>, name: &str) -> Option<Self> {
        let field = reader.document.field(reader.text, self.at, name)?;
        let mut way = self.step(reader, Step::Field(name.into()), field.value);
        if let Some(first) = field.duplicate {
            way.doubled.get_or_insert((field.key, first, name.to_owned()));
        }
        Some(way)
    }

    fn step(mut self, reader: &Reader<'_>, step: Step, value: NodeId) -> Self {
        self.holder = match &step {
            Step::Field(name) => Some((self.at, name.to_string())),
            Step::Item(_) => None,
        };
        self.nodes.push(self.at);
        self.nodes.push(value);
        self.steps.push(step);
        self.at = reader.document.target(value);
        self
    }
}

fn template(
    reader: &mut Reader<'_>,
    object: NodeId,
    row: &'static WorkloadKind,
    id: &Identity,
    way: Way,
) -> Option<(Template, Vec<Reference>)> {
    let document = reader.document;
    if document.node(way.at).kind != Kind::Mapping {
        return None;
    }
    let control = Control::read(reader, object, way.at);
    let stamped = row.rolls.is_stamped();
    let sidecars = match document.value(reader.text, way.at, "spec") {
        Some(pod_spec) if stamped => sidecars::read(reader, pod_spec),
        _ => Vec::new(),
    };
    let said = carried::of_workload(reader, object, way.at, id);
    let mut live = control.live.clone();
    if reader.options.rules.hot_reload == HotReload::Skip {
        let sure = sidecars.iter().flat_map(|sidecar| &sidecar.volumes);
        let sure = sure.filter(|volume| volume.doubt.is_none());
        live.extend(sure.map(|volume| (volume.name.clone(), way.at)));
    }
    let mut walk = Walk {
        reader,
        row,
        references: Vec::new(),
        refusal: None,
        mounts: None,
        volumes: Vec::new(),
        live: &live,
        pod_spec: way.at,
    };
    if let Some((key, first, name)) = &way.doubled {
        walk.refuse(
            Code::DuplicateKey,
            *key,
            format!("the key `{name}` stands twice in one mapping"),
            Some(*first),
        );
    }
    walk.pod_spec = walk.field(way.at, "spec")?;
    walk.visit(walk.pod_spec, &SITE_TREE, Within::default());
    for user in &reader.options.rules.sites {
        if user.fits(&id.group, &id.kind) {
            walk.user_site(object, user);
        }
    }
    let Walk { references, refusal, volumes, pod_spec, .. } = walk;
    control.report(reader, &references, &volumes, id);
    let metadata = document.value(reader.text, way.at, "metadata");
    let named = metadata.is_some_and(|m| document.value(reader.text, m, "name").is_some());
    let not_stamped = match &row.rolls {
        Rolls::No(reason) => Some(*reason),
        Rolls::UnlessNamed if named => Some(NoRoll::FixedName),
        Rolls::Yes | Rolls::UnlessNamed => None,
    };
    let marks = match metadata {
        Some(metadata) if stamped => foreign::read(reader, metadata, pod_spec),
        _ => Marks::default(),
    };
    let slot = match (&way.holder, not_stamped) {
        (Some((holder, field)), None) => Some(insert::find(
            document,
            reader.text,
            &way.nodes,
            *holder,
            &[field, "metadata", "annotations"],
            &reader.options.annotation,
        )),
        _ => None,
    };
    let stamp_seen = metadata.is_some_and(|m| {
        let annotations = document.value(reader.text, m, "annotations");
        let key = &reader.options.annotation;
        annotations.is_some_and(|a| document.value(reader.text, a, key).is_some())
    });
    let template = Template {
        object: ObjectId::at(0),
        kind: row,
        path: way.steps,
        references: Ids::default(),
        slot,
        stamp_seen,
        not_stamped,
        refusal,
        later: later(reader, object, row),
        ignored: reader.ignored(control.ignored, object, id),
        ignored_sources: control.ignored_sources.into_iter().map(|(name, _)| name).collect(),
        sidecars,
        marks,
        said,
    };
    Some((template, references))
}

/// The control annotations of a workload; those of the object win over those of its template.
struct Control {
    ignored: bool,
    ignored_sources: Vec<(String, NodeId)>,
    live: Vec<(String, NodeId)>,
}

impl Control {
    fn read(reader: &Reader<'_>, object: NodeId, template: NodeId) -> Self {
        let annotation = |name| {
            [object, template]
                .into_iter()
                .find_map(|at| reader.annotation(reader.at(at, "metadata")?, name))
        };
        let list = |name| -> Vec<(String, NodeId)> {
            annotation(name).map_or_else(Vec::new, |(list, at)| {
                super::names_in(&list).map(|name| (name.to_owned(), at)).collect()
            })
        };
        Self {
            ignored: annotation(super::IGNORE).is_some_and(|(value, _)| value == "true"),
            ignored_sources: list(super::IGNORE_SOURCES),
            live: list(super::LIVE),
        }
    }

    /// A name that matches nothing is a mistake: what was meant would be forgotten in silence.
    fn report(
        &self,
        reader: &mut Reader<'_>,
        references: &[Reference],
        volumes: &[String],
        id: &Identity,
    ) {
        let unknown_sources = self
            .ignored_sources
            .iter()
            .filter(|(name, _)| !references.iter().any(|r| r.name == *name))
            .map(|(name, at)| {
                let key = super::IGNORE_SOURCES;
                (format!("{id} names no source `{name}` that `{key}` could ignore"), *at)
            });
        let unknown_volumes =
            self.live.iter().filter(|(name, _)| !volumes.contains(name)).map(|(name, at)| {
                let key = super::LIVE;
                (format!("{id} has no volume `{name}` that `{key}` could mean"), *at)
            });
        let unknown: Vec<(String, NodeId)> = unknown_sources.chain(unknown_volumes).collect();
        for (message, at) in unknown {
            let finding = Finding::new(Code::UnknownName, message)
                .about(id.to_string())
                .quoting(reader.place(at))
                .help("write the name as it stands in the pod spec");
            reader.facts.findings.push(finding);
        }
    }
}

/// Settings under which the controller waits before it replaces pods.
fn later(reader: &Reader<'_>, object: NodeId, row: &WorkloadKind) -> Option<Until> {
    let document = reader.document;
    let rows = WAITS.iter().filter(|wait| wait.kinds.is_empty() || wait.kinds.contains(&row.kind));
    rows.filter(|wait| {
        let Some(at) = reader.at(object, wait.path) else {
            return false;
        };
        let value = resolve::value(document, reader.text, at);
        match &wait.is {
            Is::True => value == Ok(Value::Bool(true)),
            Is::Text(text) => matches!(value, Ok(Value::Str(found)) if found == *text),
            Is::Positive => match value {
                Ok(Value::Int(number)) => number > 0,
                Ok(Value::Str(text)) => text
                    .strip_suffix('%')
                    .and_then(|digits| digits.parse().ok())
                    .is_some_and(|number: u64| number > 0),
                _ => false,
            },
            Is::ListWithout(field, text) => {
                document.node(at).kind == Kind::Sequence
                    && document
                        .items(at)
                        .all(|item| reader.string(item, field).as_deref() != Some(*text))
            }
        }
    })
    .map(|wait| wait.until)
    .next()
}

/// A finding for a refusal, about the object `id` in `file`.
pub(crate) fn refused(
    code: Code,
    refusal: &Refusal,
    id: &str,
    file: crate::text::FileId,
) -> Finding {
    let place = |span| crate::text::Place { file, span };
    let mut finding =
        Finding::of(code, id, refusal.message.as_str()).quoting(place(refusal.at)).refusing();
    if let Some(related) = refusal.related {
        let label =
            if refusal.message.contains("twice") { "the first one" } else { "the other end" };
        finding = finding.related(place(related), label);
    }
    finding
}
