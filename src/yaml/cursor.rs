//! A node of a document together with the document and its text, so that a reader passes one value.

use super::resolve::{self, Value};
use super::scalar::Undecodable;
use super::tape::{Document, Kind, Node, NodeId, Style, Tag};
use crate::text::Span;
use smol_str::SmolStr;
use std::borrow::Cow;

/// A node, its document, and the text into which the spans of the document point. It is a small
/// `Copy` value that functions pass instead of a document, a text and a node number.
///
/// [`Cursor::get`], [`Cursor::items`] and [`Cursor::target`] follow aliases; [`Cursor::pairs`] and
/// [`Cursor::children`] give nodes as they are written. The text may be that of a Secret: no Debug.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    document: &'a Document,
    text: &'a str,
    id: NodeId,
}

impl PartialEq for Cursor<'_> {
    /// Whether both are the same node of the same document.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && std::ptr::eq(self.document, other.document)
    }
}

/// A field of a mapping, found by its name.
#[derive(Clone, Copy)]
pub struct FieldCursor<'a> {
    /// The key.
    pub key: Cursor<'a>,
    /// The value, not followed if it is an alias.
    pub value: Cursor<'a>,
    /// An earlier key of the same name in the same mapping: the last one counts.
    pub duplicate: Option<Cursor<'a>>,
}

impl<'a> Cursor<'a> {
    /// The root of a document; `text` is the one that the document was read from.
    pub fn root(document: &'a Document, text: &'a str) -> Self {
        Self { document, text, id: document.root() }
    }

    /// Another node of the same document.
    pub fn to(self, id: NodeId) -> Self {
        Self { id, ..self }
    }

    /// The document.
    pub fn document(self) -> &'a Document {
        self.document
    }

    /// The whole text that the document was read from.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The position of the node on the tape.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The node itself.
    pub fn node(self) -> &'a Node {
        self.document.node(self.id)
    }

    /// What the node is; an alias is not followed.
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// Whether the node is a mapping; an alias is not followed.
    pub fn is_mapping(self) -> bool {
        self.kind() == Kind::Mapping
    }

    /// Whether the node is a list; an alias is not followed.
    pub fn is_sequence(self) -> bool {
        self.kind() == Kind::Sequence
    }

    /// How the node is written.
    pub fn style(self) -> Style {
        self.node().style
    }

    /// The tag before the node.
    pub fn tag(self) -> Option<Tag> {
        self.document.tag(self.id)
    }

    /// Where the node is in its file.
    pub fn span(self) -> Span {
        self.node().span.behind(self.document.base)
    }

    /// Where the document is in its file.
    pub fn document_span(self) -> Span {
        self.document.span.behind(self.document.base)
    }

    /// The bytes of the node as they are written, quotes and block header included.
    pub fn raw(self) -> &'a str {
        self.node().span.of(self.text)
    }

    /// The nodes of this one in the order of the text, itself first.
    pub fn subtree(self) -> &'a [Node] {
        &self.document.tape.nodes[self.id.0 as usize..self.node().jump as usize]
    }

    /// The nodes of this one in the order of the text, itself first, as cursors.
    pub fn subtree_cursors(self) -> impl Iterator<Item = Self> + use<'a> {
        (self.id.0..self.node().jump).map(move |id| self.to(NodeId(id)))
    }

    /// The node behind an alias, or the node itself.
    pub fn target(self) -> Self {
        self.to(self.document.target(self.id))
    }

    /// Whether an alias elsewhere refers to this node.
    pub fn is_shared(self) -> bool {
        self.document.aliases(self.id) > 0
    }

    /// The field `name` of a mapping as `kubectl` reads it, see [`Document::field`].
    pub fn field(self, name: &str) -> Option<FieldCursor<'a>> {
        let field = self.document.field(self.text, self.id, name)?;
        Some(FieldCursor {
            key: self.to(field.key),
            value: self.to(field.value),
            duplicate: field.duplicate.map(|id| self.to(id)),
        })
    }

    /// The value of the field `name` of a mapping, its alias followed.
    pub fn get(self, name: &str) -> Option<Self> {
        self.document.value(self.text, self.id, name).map(|id| self.to(id))
    }

    /// The value at the end of these fields, aliases followed.
    pub fn at<const N: usize>(self, fields: [&str; N]) -> Option<Self> {
        fields.into_iter().try_fold(self, Cursor::get)
    }

    /// The value of the scalar, its alias followed.
    ///
    /// # Errors
    /// [`Undecodable`] for a scalar that `kubectl` refuses, and for a node that is not a scalar;
    /// see [`resolve::value`].
    pub fn value(self) -> Result<Value<'a>, Undecodable> {
        resolve::value(self.document, self.text, self.id)
    }

    /// The name of the scalar as a key in the JSON that `kubectl` sends.
    ///
    /// # Errors
    /// [`Undecodable`] for a key that `kubectl` refuses; see [`resolve::key`].
    pub fn key(self) -> Result<Cow<'a, str>, Undecodable> {
        resolve::key(self.document, self.text, self.id)
    }

    /// The string; `None` if the node is not a string.
    pub fn str(self) -> Option<Cow<'a, str>> {
        match self.value() {
            Ok(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    /// The string in the field `name`; `None` if the field is absent or not a string.
    pub fn string(self, name: &str) -> Option<SmolStr> {
        Some(self.get(name)?.str()?.into())
    }

    /// As [`Cursor::string`], without the empty string.
    pub fn filled(self, name: &str) -> Option<SmolStr> {
        self.string(name).filter(|text| !text.is_empty())
    }

    /// Whether the node is `null`.
    pub fn is_null(self) -> bool {
        self.value() == Ok(Value::Null)
    }

    /// Whether the node is the boolean `true`.
    pub fn is_true(self) -> bool {
        self.value() == Ok(Value::Bool(true))
    }

    /// Whether the node is a scalar that reads `name`.
    pub fn is_key(self, name: &str) -> bool {
        self.document.is_key(self.text, self.id, name)
    }

    /// Whether the node is a merge key, `<<`.
    pub fn is_merge_key(self) -> bool {
        self.document.is_merge_key(self.text, self.id)
    }

    /// The children of a collection as they are written: items, or keys and values in turn.
    pub fn children(self) -> impl Iterator<Item = Self> + use<'a> {
        self.document.children(self.id).map(move |id| self.to(id))
    }

    /// The keys and values of a mapping as written, with duplicates and `<<`. Any other node has
    /// none.
    pub fn pairs(self) -> impl Iterator<Item = (Self, Self)> + use<'a> {
        self.document.pairs(self.id).map(move |(key, value)| (self.to(key), self.to(value)))
    }

    /// The items of a list, aliases followed. Any other node has none.
    pub fn items(self) -> impl Iterator<Item = Self> + use<'a> {
        self.document.items(self.id).map(move |id| self.to(id))
    }

    /// The items of a list, or no items for null; `None` for any other node.
    pub fn all_items(self) -> Option<Vec<Self>> {
        (self.is_sequence() || self.is_null()).then(|| self.items().collect())
    }

    /// The strings of a list of strings, or no strings for null; `None` for any other node.
    pub fn all_texts(self) -> Option<Vec<String>> {
        let texts = self.all_items()?.into_iter();
        texts.map(|item| Some(item.str()?.into_owned())).collect()
    }

    /// The items of the list in the field `name`; none, if there is no such list.
    pub fn list(self, name: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.get(name).into_iter().flat_map(Cursor::items)
    }
}
