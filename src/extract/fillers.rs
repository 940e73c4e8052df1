//! Finds the objects that make a program in the cluster create or fill sources, by the table of
//! [`crate::k8s::fillers`].

use super::foreign::{Rendered, is_of_upgrade};
use super::objects::ObjectNode;
use super::source::recipe;
use super::{Reader, annotation, is_local};
use crate::digest::ValueDigest;
use crate::k8s::fillers::{Condition, Filler, Fills, Reach, fillers};
use crate::k8s::id::Identity;
use crate::k8s::providers::Target;
use crate::text::Span;
use crate::yaml::Cursor;
use smol_str::SmolStr;

/// An object because of which a program in the cluster creates a source.
pub struct Maker {
    /// The identity of the object.
    pub id: Identity,
    /// Where the name of the source is written.
    pub at: Span,
    /// The kind of the source.
    pub target: Target,
    /// The name of the source.
    pub name: SmolStr,
    /// The row of the table.
    pub row: &'static Filler,
    /// The namespaces in which the source is created.
    pub reach: Reach,
    /// The digest of the fields that describe the content.
    pub recipe: Option<ValueDigest>,
    /// The chart and template of the object, if Helm rendered it.
    pub rendered: Option<Rendered>,
    /// Whether an upgrade of Helm applies it.
    pub upgraded: bool,
}

impl Maker {
    /// The sources that are created because of an object.
    pub(super) fn of(reader: &Reader<'_>, object: &ObjectNode<'_>) -> Vec<Self> {
        let (group, _) = Identity::split_api_version(&object.api_version);
        let node = object.node;
        let mut rows = fillers(group, &object.kind).peekable();
        let mut found = Vec::new();
        if rows.peek().is_none() {
            return found;
        }
        let metadata = node.get("metadata");
        let marked = Marked::of(metadata);
        for row in rows {
            let Fills::Makes { target, name, reach } = &row.fills else { continue };
            if !marked.meets(row, node) || metadata.is_some_and(is_local) {
                continue;
            }
            name.each(node, &mut |at| {
                if let Some(name) = at.str().filter(|name| !name.is_empty()) {
                    let hook = metadata.and_then(|metadata| annotation(metadata, "helm.sh/hook"));
                    found.push(Self {
                        id: object.identity(),
                        at: at.span(),
                        target: *target,
                        name: name.into(),
                        row,
                        reach: *reach,
                        recipe: recipe(reader, node, *target),
                        rendered: Rendered::of(node),
                        upgraded: hook.is_none_or(|(hooks, _)| is_of_upgrade(&hooks)),
                    });
                }
            });
        }
        found
    }
}

/// The row of the program that fills a source itself, if any.
pub(super) fn fills(object: Cursor<'_>, group: &str, kind: &str) -> Option<&'static Filler> {
    let marked = Marked::of(object.get("metadata"));
    let mut rows = fillers(group, kind).filter(|row| matches!(row.fills, Fills::Itself));
    rows.find(|row| marked.meets(row, object))
}

/// The metadata of an object that conditions are about.
#[derive(Clone, Copy)]
struct Marked<'a> {
    annotations: Option<Cursor<'a>>,
    labels: Option<Cursor<'a>>,
}

impl<'a> Marked<'a> {
    fn of(metadata: Option<Cursor<'a>>) -> Self {
        let [annotations, labels] = ["annotations", "labels"]
            .map(|field| metadata.and_then(|metadata| metadata.get(field)));
        Self { annotations, labels }
    }

    /// Whether the object meets a condition of the row.
    fn meets(self, row: &Filler, object: Cursor<'a>) -> bool {
        let is = |at: Cursor<'_>, value: &str| at.str().is_some_and(|text| text == value);
        let has = |condition: &Condition| match condition {
            Condition::Annotation(key, value) => {
                let at = self.annotations.and_then(|annotations| annotations.get(key));
                at.is_some_and(|at| value.map_or_else(|| !at.is_null(), |value| is(at, value)))
            }
            Condition::Label(key, value) => {
                let at = self.labels.and_then(|labels| labels.get(key));
                at.is_some_and(|at| is(at, value))
            }
            Condition::Field(path) => path.end(object).is_some_and(|at| !at.is_null()),
        };
        row.when.is_empty() || row.when.iter().any(has)
    }
}
