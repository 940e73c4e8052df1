//! The objects of a document: the document itself, or the items of a list.

use super::build_notes;
use crate::k8s::id::Identity;
use crate::k8s::kustomize_names::FILE_NAMES;
use crate::yaml::path::{Route, Step};
use crate::yaml::{Cursor, Kind, NodeId, SyntaxError};
use smol_str::SmolStr;

/// An item of a document.
pub(super) enum DocumentItem<'a> {
    /// An object, which may be of any kind.
    Object(ObjectNode<'a>),
    /// An item of a list that is a kustomization: its path, as `kustomize fn run` passes it.
    Kustomization(String),
}

/// An object in a document.
pub(super) struct ObjectNode<'a> {
    /// The mapping of the object.
    pub(super) node: Cursor<'a>,
    /// The path from the root of the document to it: empty, or an item of a list.
    pub(super) route: Route,
    /// For an item of a list: the list, its `items`, and the item as written, which may be an
    /// alias.
    ancestors: Option<[NodeId; 3]>,
    /// Its `apiVersion`, written or inherited from a typed list.
    pub(super) api_version: SmolStr,
    /// Its `kind`, written or inherited from a typed list.
    pub(super) kind: SmolStr,
}

impl ObjectNode<'_> {
    /// The identity of the object.
    pub(super) fn identity(&self) -> Identity {
        Identity::of(&self.api_version, &self.kind, self.node.get("metadata"))
    }

    /// The nodes above the object, aliases not followed.
    pub(super) fn ancestors(&self) -> &[NodeId] {
        self.ancestors.as_slice().as_flattened()
    }
}

/// Calls `found` for each object of a document in the order of the text.
///
/// # Errors
/// A document that is only a scalar, and a list inside a list.
pub(super) fn each<'a>(
    root: Cursor<'a>,
    mut found: impl FnMut(DocumentItem<'a>),
) -> Result<(), SyntaxError> {
    let refused = |at: Cursor<'_>, message| SyntaxError::refused(at.span().start as usize, message);
    match root.kind() {
        Kind::Mapping => {}
        Kind::Scalar if !root.is_null() => {
            return Err(refused(root, "a document of mere text, without fields"));
        }
        _ => return Ok(()),
    }
    let (Some(kind), Some(api_version)) = (root.string("kind"), root.string("apiVersion")) else {
        return Ok(());
    };
    let Some(items) = list_items(root) else {
        let route = Route::default();
        let object = ObjectNode { node: root, route, ancestors: None, api_version, kind };
        found(DocumentItem::Object(object));
        return Ok(());
    };
    // The items of a `DeploymentList` inherit its apiVersion and kind; the items of a plain `List`
    // do not.
    let lent = kind.strip_suffix("List").filter(|kind| !kind.is_empty() && *kind != "Resource");
    for (i, item) in items.target().children().enumerate() {
        let node = item.target();
        if !node.is_mapping() {
            continue;
        }
        if let Some(path) = kustomization(node) {
            found(DocumentItem::Kustomization(path));
            continue;
        }
        let kind = node.string("kind").or_else(|| lent.map(SmolStr::from));
        let api_version = node.string("apiVersion").or_else(|| lent.map(|_| api_version.clone()));
        let (Some(kind), Some(api_version)) = (kind, api_version) else {
            continue;
        };
        if list_items(node).is_some() {
            return Err(refused(node, "a list inside of a list, which kubectl refuses"));
        }
        let route = Route(vec![Step::Field("items".into()), Step::Item(i)]);
        let ancestors = Some([root.id(), items.id(), item.id()]);
        found(DocumentItem::Object(ObjectNode { node, route, ancestors, api_version, kind }));
    }
    Ok(())
}

/// The `items` of an object, as they are written. kubectl treats any object with a list `items` as
/// a list, whatever its kind.
fn list_items(object: Cursor<'_>) -> Option<Cursor<'_>> {
    let items = object.field("items")?.value;
    items.target().is_sequence().then_some(items)
}

fn kustomization(item: Cursor<'_>) -> Option<String> {
    let path = build_notes::from_file(item.get("metadata")?)?.path;
    let name = path.rsplit('/').next().unwrap_or_default();
    FILE_NAMES.contains(&name).then_some(path)
}
