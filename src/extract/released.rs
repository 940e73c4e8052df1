//! Pods that a program in the cluster creates from the values of an object: the rows of the configuration
//! for the object, the reads of the pods at the paths of these rows, and the place of the annotations.

use super::carried;
use super::ids::{Ids, ObjectId};
use super::objects::ObjectNode;
use super::references::{Reference, SiteWalk};
use super::workload::{self, Template, WorkloadControl};
use super::{Reader, references};
use crate::config::options::Options;
use crate::k8s::TableRow;
use crate::k8s::id::Identity;
use crate::k8s::kinds::{Rolls, WorkloadKind};
use crate::k8s::releases::{self, ReleasedPods};
use crate::yaml::Cursor;
use crate::yaml::insert;
use crate::yaml::path::{Route, SelectedNode, Step};
use smol_str::SmolStr;

/// The rows of the configuration that apply to an object.
pub(super) fn rows(
    options: &Options,
    object: Cursor<'_>,
    group: &str,
    kind: &str,
) -> Vec<TableRow<WorkloadKind>> {
    let is_of = |pods: &ReleasedPods| {
        pods.chart.as_deref().is_none_or(|chart| is_of_chart(object, group, kind, chart))
    };
    options.released(group, kind).filter(|row| row.released.as_deref().is_some_and(is_of)).collect()
}

fn is_of_chart(object: Cursor<'_>, group: &str, kind: &str, chart: &str) -> bool {
    let release = releases::release(group, kind);
    let mut names = release.into_iter().flat_map(|release| &release.charts);
    names.any(|path| {
        let name = path.end(object).and_then(Cursor::str);
        name.is_some_and(|name| releases::names_chart(&name, chart))
    })
}

/// The namespace of the pods, if the object sets one.
pub(super) fn namespace(object: Cursor<'_>, group: &str, kind: &str) -> Option<SmolStr> {
    let path = &releases::release(group, kind)?.namespace;
    path.end(object)?.str().filter(|name| !name.is_empty()).map(SmolStr::from)
}

/// The pods of one row, each with their reads.
pub(super) fn read(
    reader: &mut Reader<'_>,
    object: &ObjectNode<'_>,
    row: &TableRow<WorkloadKind>,
    id: &Identity,
) -> Vec<(Template, Vec<Reference>)> {
    let Some(pods) = &row.released else {
        return Vec::new();
    };
    let heads = pods.head.select(object.node, object.ancestors()).into_iter();
    let heads = heads.filter(|head| head.node.is_mapping() && !is_left_out(pods, head.node));
    heads.map(|head| template(reader, object.node, row, pods, id, head)).collect()
}

fn is_left_out(pods: &ReleasedPods, head: Cursor<'_>) -> bool {
    let says = |field: &str, text: &str| head.string(field).as_deref() == Some(text);
    pods.unless.iter().any(|(field, text)| says(field, text))
}

fn template(
    reader: &mut Reader<'_>,
    object: Cursor<'_>,
    row: &TableRow<WorkloadKind>,
    pods: &ReleasedPods,
    id: &Identity,
    head: SelectedNode<'_>,
) -> (Template, Vec<Reference>) {
    let control = WorkloadControl::read(object, object);
    let mut walk = SiteWalk::new(false, &[]);
    if let Some(duplicate) = &head.duplicate {
        walk.refuse_duplicate(&duplicate.name, duplicate.last, duplicate.first);
    }
    for reference in &pods.references {
        let place = references::UserPlace::of_released(reference, &pods.head, &head.route);
        walk.user_site(object, &place);
    }
    for user in reader.options.rules.sites.iter().filter(|user| user.fits(&id.group, &id.kind)) {
        walk.user_site(object, &references::UserPlace::of(user));
    }
    let SiteWalk { references, refusal, unknown, .. } = walk;
    control.report(reader, &references, &[], id);
    let not_stamped = match &row.rolls {
        Rolls::No(reason) => Some(*reason),
        Rolls::Yes | Rolls::UnlessNamed => None,
    };
    let stamp = reader.options.annotation.as_str();
    let fields: Vec<&str> = pods.fields.iter().map(SmolStr::as_str).collect();
    let (there, annotations) = along(head.node, &fields);
    let path = head.route.iter().cloned();
    let path = path.chain(pods.fields.iter().map(|field| Step::Field(field.clone()))).collect();
    let slot = not_stamped.is_none().then(|| {
        // The search starts at the field that holds the head: a mapping that is an item of a list has no line
        // of its own, below which lines could be inserted.
        let (holder, above) = match (head.holder, head.route.last()) {
            (Some(holder), Some(Step::Field(field))) => (holder, Some(field.as_str())),
            _ => (head.node, None),
        };
        let way: Vec<&str> = above.into_iter().chain(fields).collect();
        insert::find(object.document(), object.text(), &head.nodes, holder.id(), &way, stamp)
    });
    let template = Template {
        object: ObjectId::at(0),
        kind: row.clone(),
        path: Route(path),
        is_released: true,
        missing: pods.fields.len() - there,
        references: Ids::default(),
        unknown_names: unknown.into(),
        slot,
        stamp_seen: annotations.is_some_and(|annotations| annotations.get(stamp).is_some()),
        not_stamped,
        refusal: refusal.map(Box::new),
        later: workload::later(object, row),
        ignored: reader.ignored(control.ignored, object, id),
        ignored_sources: control.ignored_sources.into_iter().map(|(name, _)| name).collect(),
        sidecars: Box::default(),
        marks: None,
        has_selector: false,
        said: carried::of_workload(reader, object, object, id),
        foreseen: None,
    };
    (template, references)
}

/// The number of these fields, from the first one, that exist and hold a mapping; and the last mapping, if
/// all of them do.
fn along<'a>(from: Cursor<'a>, fields: &[&str]) -> (usize, Option<Cursor<'a>>) {
    let mut at = from;
    for (depth, field) in fields.iter().enumerate() {
        match at.get(field).filter(|next| next.is_mapping()) {
            Some(next) => at = next,
            None => return (depth, None),
        }
    }
    (fields.len(), Some(at))
}
