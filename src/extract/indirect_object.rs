//! Records objects whose controllers create or change other objects in the cluster.

use super::objects::ObjectNode;
use crate::k8s::id::Identity;
use crate::k8s::indirect::{Indirect, indirect};
use crate::text::Span;
use crate::yaml::path::Route;

/// An object whose controller creates or changes other objects in the cluster.
pub struct IndirectObject {
    /// The effect of the object.
    pub does: Indirect,
    /// The identity of the object.
    pub id: Identity,
    /// The bytes of its name, or of the object if it has none.
    pub name_span: Span,
    /// The document that it is in.
    pub document: Span,
    /// The path from the root of the document to it: empty, or an item of a list.
    pub route: Route,
}

impl IndirectObject {
    /// The record of an object, if it is one.
    pub(super) fn of(object: &ObjectNode<'_>) -> Option<Self> {
        let (group, _) = Identity::split_api_version(&object.api_version);
        Some(Self {
            does: indirect(group, &object.kind)?,
            id: object.identity(),
            name_span: object.node.at(["metadata", "name"]).unwrap_or(object.node).span(),
            document: object.node.document_span(),
            route: object.route.clone(),
        })
    }
}
