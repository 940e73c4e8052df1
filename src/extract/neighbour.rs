//! Records objects that affect how the pods of workloads near them are replaced. They are read only
//! if a workload near them rolls.

use super::objects::ObjectNode;
use crate::k8s::disruption::NEIGHBOURS;
use crate::k8s::id::Identity;
use crate::text::Span;
use crate::yaml::path::Route;

/// A budget, an autoscaler or a claim.
pub struct Neighbour {
    /// The identity of the object.
    pub id: Identity,
    /// The document that it is in.
    pub document: Span,
    /// The path from the root of the document to it: empty, or an item of a list.
    pub route: Route,
}

impl Neighbour {
    /// The neighbour in an object, if it is one.
    pub(super) fn of(object: &ObjectNode<'_>) -> Option<Self> {
        let (group, _) = Identity::split_api_version(&object.api_version);
        NEIGHBOURS.contains(&(group, object.kind.as_str())).then(|| Self {
            id: object.identity(),
            document: object.node.document_span(),
            route: object.route.clone(),
        })
    }
}
