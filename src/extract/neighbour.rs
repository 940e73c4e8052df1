//! Objects that say something about how the pods of workloads beside them are replaced. They are only
//! remembered here, and read where a workload near them rolls.

use super::Reader;
use crate::k8s::disruption::NEIGHBOURS;
use crate::k8s::id::ObjectId;
use crate::text::Span;
use crate::yaml::NodeId;
use crate::yaml::verify::Step;

/// A budget, an autoscaler or a claim.
pub struct Neighbour {
    /// Who it is.
    pub id: ObjectId,
    /// The document that it is in.
    pub document: Span,
    /// The way from the root of the document to it: none, or an item of a list.
    pub route: Vec<Step>,
}

impl Reader<'_> {
    /// Remembers an object of this group, version and kind, if it is a neighbour.
    pub(super) fn neighbour(
        &mut self,
        metadata: Option<NodeId>,
        route: Vec<Step>,
        (group, version, kind): (&str, &str, &str),
    ) {
        if !NEIGHBOURS.contains(&(group, kind)) {
            return;
        }
        let text = |field| metadata.and_then(|at| self.string(at, field));
        let id = ObjectId {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: text("namespace").filter(|namespace| !namespace.is_empty()),
            name: text("name").unwrap_or_default(),
        };
        let document = self.document.span;
        self.facts.neighbours.push(Neighbour { id, document, route });
    }
}
