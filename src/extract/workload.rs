//! Reads the references of a pod template, and the place of its stamp.

use super::carried::{self, ReadAnnotations};
use super::foreign::{self, Marks};
use super::ids::{Ids, ObjectId, ReferenceId};
use super::objects::ObjectNode;
use super::references::{Reference, SiteWalk, UnknownName, UserPlace};
use super::rollout::Foreseen;
use super::sidecars::{self, Sidecar};
use super::{IgnoredBy, Reader, text_of, unknown_kinds};
use crate::config::policy::HotReload;
use crate::finding::{Code, Finding};
use crate::k8s::TableRow;
use crate::k8s::id::Identity;
use crate::k8s::kinds::{NoRoll, Rolls, WorkloadKind};
use crate::k8s::waits::{FieldTest, RolloutWait, WAITS, Wait};
use crate::yaml::Cursor;
use crate::yaml::insert::{self, Refusal, Related, Slot};
use crate::yaml::path::{FieldPath, Route, SelectedNode, Step};
use crate::yaml::resolve::Value;
use smol_str::SmolStr;

/// A pod template and its references.
pub struct Template {
    /// The workload that holds it.
    pub object: ObjectId,
    /// The row of its kind.
    pub kind: TableRow<WorkloadKind>,
    /// The path from the object to the template. For annotations without a template, the path to the
    /// annotations.
    pub path: Route,
    /// Whether a program in the cluster creates the pods from values in the object, so that the object holds
    /// only their annotations.
    pub is_released: bool,
    /// Its references, in the order of the text.
    pub references: Ids<ReferenceId>,
    /// The texts in values from which a chart builds the names of sources; the names are not known.
    pub unknown_names: Box<[UnknownName]>,
    /// The place of the stamp; `None` for templates that are not stamped.
    pub slot: Option<Result<Slot, Refusal>>,
    /// The number of fields at the end of the path to the annotations that are absent.
    pub missing: usize,
    /// Whether it has a stamp, even one that cannot be edited.
    pub stamp_seen: bool,
    /// The reason why it is not stamped.
    pub not_stamped: Option<NoRoll>,
    /// The reason why the references cannot be trusted; the workload is then not changed.
    pub refusal: Option<Box<(Code, Refusal)>>,
    /// The event for which its controller waits before a stamp rolls its pods.
    pub later: Option<RolloutWait>,
    /// Whether a control annotation or a rule ignores it.
    pub ignored: Option<IgnoredBy>,
    /// The ignored sources, by name.
    pub ignored_sources: Box<[SmolStr]>,
    /// The config-reload sidecars among the containers.
    pub sidecars: Box<[Sidecar]>,
    /// The checksums and labels of other tools in its metadata, if there are any.
    pub(super) marks: Option<Box<Marks>>,
    /// Whether the workload has a selector. One without may select its pods by all labels.
    pub has_selector: bool,
    /// The annotations about its reads; `None` if there are none.
    pub said: Option<Box<ReadAnnotations>>,
    /// The facts for a comparison of two states; `None` in other runs.
    pub foreseen: Option<Box<Foreseen>>,
}

impl Template {
    /// The path from the object to the annotations of the pods.
    pub fn annotations(&self) -> Vec<Step> {
        let mut way = self.path.to_vec();
        if !self.is_released {
            way.extend(["metadata", "annotations"].map(|field| Step::Field(field.into())));
        }
        way
    }

    /// The checksums and labels of other tools in its metadata.
    pub fn marks(&self) -> &Marks {
        self.marks.as_deref().unwrap_or(&foreign::NONE)
    }

    /// The value of the existing stamp, if it is one string.
    pub fn present(&self) -> Option<&str> {
        match &self.slot {
            Some(Ok(Slot::Present(present))) => present.value.as_deref(),
            _ => None,
        }
    }
}

/// Reads the pod templates of a workload.
pub(super) fn read(
    reader: &mut Reader<'_>,
    object: &ObjectNode<'_>,
    row: &TableRow<WorkloadKind>,
    id: &Identity,
) -> Vec<(Template, Vec<Reference>)> {
    let (node, above) = (object.node, object.ancestors());
    let select = |path: &FieldPath| match path.is_any_way() {
        false => path.select(node, above),
        true => {
            let routes = unknown_kinds::find(node).into_iter();
            routes.filter_map(|route| SelectedNode::along(node, above, &route)).collect()
        }
    };
    let found = row.templates.iter().flat_map(select).filter(|found| found.node.is_mapping());
    found.filter_map(|found| template(reader, node, row, id, found)).collect()
}

fn template(
    reader: &mut Reader<'_>,
    object: Cursor<'_>,
    row: &TableRow<WorkloadKind>,
    id: &Identity,
    found: SelectedNode<'_>,
) -> Option<(Template, Vec<Reference>)> {
    let template = found.node;
    let control = WorkloadControl::read(object, template);
    let is_stamped = row.rolls.is_stamped();
    let sidecars = match template.get("spec") {
        Some(pod_spec) if is_stamped => sidecars::read(pod_spec),
        _ => Vec::new(),
    };
    let said = carried::of_workload(reader, object, template, id);
    let mut live: Vec<SmolStr> = control.live.iter().map(|(name, _)| name.clone()).collect();
    if reader.options.rules.hot_reload == HotReload::Skip {
        let sure = sidecars.iter().flat_map(|sidecar| &sidecar.volumes);
        live.extend(sure.filter(|volume| volume.doubt.is_none()).map(|volume| volume.name.clone()));
    }
    let mut walk = SiteWalk::new(row.built_in, &live);
    if let Some(duplicate) = &found.duplicate {
        walk.refuse_duplicate(&duplicate.name, duplicate.last, duplicate.first);
    }
    let pod_spec = walk.field(template, "spec")?;
    walk.pod_spec(pod_spec);
    for user in &reader.options.rules.sites {
        if user.fits(&id.group, &id.kind) {
            walk.user_site(object, &UserPlace::of(user));
        }
    }
    let SiteWalk { references, refusal, volumes, .. } = walk;
    control.report(reader, &references, &volumes, id);
    let metadata = template.get("metadata");
    let named = metadata.is_some_and(|metadata| metadata.get("name").is_some());
    let not_stamped = match &row.rolls {
        Rolls::No(reason) => Some(*reason),
        Rolls::UnlessNamed if named => Some(NoRoll::FixedName),
        Rolls::Yes | Rolls::UnlessNamed => None,
    };
    let stamp = reader.options.annotation.as_str();
    let marks = match metadata {
        Some(metadata) if is_stamped => {
            let rules = &reader.options.rules.foreign;
            let read = foreign::read(metadata, pod_spec, stamp, rules);
            Marks { stay: control.marks_stay(reader, id), ..read }.if_any()
        }
        _ => None,
    };
    let slot = match (found.holder, found.route.last()) {
        (Some(holder), Some(Step::Field(field))) if not_stamped.is_none() => Some(insert::find(
            holder.document(),
            holder.text(),
            &found.nodes,
            holder.id(),
            &[field, "metadata", "annotations"],
            stamp,
        )),
        _ => None,
    };
    let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
    let foreseen = reader.options.compares;
    let foreseen = foreseen.then(|| Foreseen::read(id, object, template, reader.options).into());
    let template = Template {
        object: ObjectId::at(0),
        kind: row.clone(),
        path: found.route,
        is_released: false,
        missing: match (metadata, annotations) {
            (_, Some(annotations)) if annotations.is_mapping() => 0,
            (Some(metadata), _) if metadata.is_mapping() => 1,
            _ => 2,
        },
        references: Ids::default(),
        unknown_names: Box::default(),
        slot,
        stamp_seen: annotations.is_some_and(|annotations| annotations.get(stamp).is_some()),
        not_stamped,
        refusal: refusal.map(Box::new),
        later: later(object, row),
        ignored: reader.ignored(control.ignored, object, id),
        ignored_sources: control.ignored_sources.into_iter().map(|(name, _)| name).collect(),
        sidecars: sidecars.into(),
        marks,
        has_selector: foreign::has_selector(object),
        said,
        foreseen,
    };
    Some((template, references))
}

/// The control annotations of a workload; those of the object have priority over those of its template.
pub(super) struct WorkloadControl<'a> {
    pub(super) ignored: bool,
    pub(super) ignored_sources: Vec<(SmolStr, Cursor<'a>)>,
    live: Vec<(SmolStr, Cursor<'a>)>,
    foreign: Option<(String, Cursor<'a>)>,
}

impl<'a> WorkloadControl<'a> {
    pub(super) fn read(object: Cursor<'a>, template: Cursor<'a>) -> Self {
        let annotations = [object, template].map(|at| at.at(["metadata", "annotations"]));
        let find = |name| annotations.into_iter().flatten().find_map(|at| text_of(at, name));
        let list = |name| -> Vec<(SmolStr, Cursor<'a>)> {
            find(name).map_or_else(Vec::new, |(list, at)| {
                super::names_in(&list).map(|name| (name.into(), at)).collect()
            })
        };
        Self {
            ignored: find(super::IGNORE).is_some_and(|(value, _)| value == "true"),
            ignored_sources: list(super::IGNORE_SOURCES),
            live: list(super::LIVE),
            foreign: find(super::FOREIGN),
        }
    }

    /// Whether the checksums and labels of other tools in the pod template stay. An unknown word is
    /// an error.
    fn marks_stay(&self, reader: &mut Reader<'_>, id: &Identity) -> bool {
        let Some((word, at)) = &self.foreign else {
            return false;
        };
        if word != "keep" {
            let key = super::FOREIGN;
            let message = format!("{id} says `{word}` in `{key}`, which is not a known word");
            let finding = Finding::new(Code::UnknownName, message)
                .about(id.to_string())
                .quoting(reader.place(*at))
                .help("write `keep`, or take the annotation out");
            reader.facts.findings.push(finding);
        }
        true
    }

    /// Reports a name that matches nothing as an error; otherwise a typo would have no visible effect.
    pub(super) fn report(
        &self,
        reader: &mut Reader<'_>,
        references: &[Reference],
        volumes: &[SmolStr],
        id: &Identity,
    ) {
        let sources = self.ignored_sources.iter();
        let sources = sources.filter(|(name, _)| !references.iter().any(|r| r.name == *name));
        let sources = sources.map(|(name, at)| {
            let key = super::IGNORE_SOURCES;
            (format!("{id} names no source `{name}` that `{key}` could ignore"), *at)
        });
        let unknown = self.live.iter().filter(|(name, _)| !volumes.contains(name));
        let unknown = unknown.map(|(name, at)| {
            let key = super::LIVE;
            (format!("{id} has no volume `{name}` that `{key}` could mean"), *at)
        });
        for (message, at) in sources.chain(unknown) {
            let finding = Finding::new(Code::UnknownName, message)
                .about(id.to_string())
                .quoting(reader.place(at))
                .help("write the name as it stands in the pod spec");
            reader.facts.findings.push(finding);
        }
    }
}

/// The setting with which the controller waits before it replaces pods, if any.
pub(super) fn later(object: Cursor<'_>, row: &WorkloadKind) -> Option<RolloutWait> {
    let is_about = |wait: &Wait| wait.kinds.is_empty() || wait.kinds.contains(&row.kind.as_str());
    let holds = |wait: &Wait| wait.path.end(object).is_some_and(|at| says(at, &wait.is));
    WAITS.iter().find(|wait| is_about(wait) && holds(wait)).map(|wait| wait.until)
}

fn says(at: Cursor<'_>, is: &FieldTest) -> bool {
    match is {
        FieldTest::True => at.is_true(),
        FieldTest::Text(text) => at.str().is_some_and(|found| found == *text),
        FieldTest::Positive => match at.value() {
            Ok(Value::Int(number)) => number > 0,
            Ok(Value::Str(text)) => {
                let number = text.strip_suffix('%').and_then(|digits| digits.parse().ok());
                number.is_some_and(|number: u64| number > 0)
            }
            _ => false,
        },
        FieldTest::ListWithout(field, text) => {
            let mut items = at.items();
            at.is_sequence() && items.all(|item| item.string(field).as_deref() != Some(*text))
        }
    }
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
    match refusal.related {
        Some(Related::FirstKey(span)) => finding = finding.related(place(span), "the first one"),
        Some(Related::OtherEnd(span)) => finding = finding.related(place(span), "the other end"),
        None => {}
    }
    finding
}
