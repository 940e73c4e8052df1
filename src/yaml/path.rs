//! Paths through documents: a [`Route`] leads to one node; a [`FieldPath`], from a table or the
//! configuration, leads to all nodes that match it.

use super::Cursor;
use super::tape::NodeId;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;
use std::ops::Deref;

/// One step of a [`Route`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Step {
    /// A field of a mapping.
    Field(SmolStr),
    /// An item of a list, from 0.
    Item(usize),
}

/// The path from one node of a document to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route(pub Vec<Step>);

impl Deref for Route {
    type Target = [Step];

    fn deref(&self) -> &[Step] {
        &self.0
    }
}

impl FromIterator<Step> for Route {
    fn from_iter<T: IntoIterator<Item = Step>>(steps: T) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Route {
    /// `spec.tasks[0].template`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.iter().enumerate() {
            match step {
                Step::Field(name) if i == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

/// One step of a [`FieldPath`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// The field of this name.
    Field(SmolStr),
    /// `[]`: each item of a list.
    EachItem,
    /// `*`: each field.
    AnyField,
    /// `**`: any number of fields, or none.
    AnyWay,
}

impl PathStep {
    /// The name of the field, if it is a field of one name.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::EachItem | Self::AnyField | Self::AnyWay => None,
        }
    }
}

/// A path of a table or of the configuration, parsed once.
///
/// The text has `/` between steps; `name[]` means each item of the list in the field `name`, `*`
/// each field of a mapping, a leading `**` any path; `\/` is a slash in the name of a field. The
/// path without steps is the node itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath(Box<[PathStep]>);

impl fmt::Display for FieldPath {
    /// `spec.tasks[].template`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            let dot = if i == 0 || *step == PathStep::EachItem { "" } else { "." };
            match step {
                PathStep::Field(name) => write!(f, "{dot}{name}")?,
                PathStep::EachItem => f.write_str("[]")?,
                PathStep::AnyField => write!(f, "{dot}*")?,
                PathStep::AnyWay => write!(f, "{dot}**")?,
            }
        }
        Ok(())
    }
}

/// A node to which a path leads.
#[derive(Clone)]
pub struct SelectedNode<'a> {
    /// The node, its alias followed.
    pub node: Cursor<'a>,
    /// The path to the node.
    pub route: Route,
    /// Every node on the path, aliases not followed.
    pub nodes: Vec<NodeId>,
    /// The mapping whose field it is; `None` for an item of a list and for the start node.
    pub holder: Option<Cursor<'a>>,
    /// The first field on the path that occurs twice in one mapping.
    pub duplicate: Option<Duplicate<'a>>,
}

/// A key that occurs twice in one mapping.
#[derive(Clone)]
pub struct Duplicate<'a> {
    /// The name of the key.
    pub name: SmolStr,
    /// The key that counts: the last one.
    pub last: Cursor<'a>,
    /// An earlier key of the same name.
    pub first: Cursor<'a>,
}

impl FieldPath {
    /// Reads a path with slashes.
    pub fn parse(text: &str) -> Self {
        Self::separated(text, &['/'])
    }

    /// Reads several paths with slashes.
    pub fn all(texts: &[&str]) -> Vec<Self> {
        texts.iter().map(|text| Self::parse(text)).collect()
    }

    /// Reads a path of the configuration, with dots or slashes between steps; `\.` is a dot in the name
    /// of a field.
    pub fn dotted(text: &str) -> Self {
        Self::separated(text, &['.', '/'])
    }

    fn separated(text: &str, separators: &[char]) -> Self {
        let text = text.trim_start_matches('/');
        let mut steps = Vec::new();
        if text.is_empty() {
            return Self::default();
        }
        let mut name = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next_if(|next| separators.contains(next)) {
                    Some(separator) => name.push(separator),
                    None => name.push(c),
                },
                c if separators.contains(&c) => push_step(&mut steps, &std::mem::take(&mut name)),
                c => name.push(c),
            }
        }
        push_step(&mut steps, &name);
        Self(steps.into())
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    /// Whether the path is `**` alone, which matches all nodes with the requested shape.
    pub fn is_any_way(&self) -> bool {
        *self.0 == [PathStep::AnyWay]
    }

    /// The number of fields in the path: its steps without list steps.
    pub fn fields(&self) -> usize {
        self.0.iter().filter(|step| **step != PathStep::EachItem).count()
    }

    /// The path without its last step, and the name of that field; a list there counts as its field.
    pub fn split_last(&self) -> Option<(Self, SmolStr)> {
        let is_field = |step: &PathStep| !matches!(step, PathStep::EachItem);
        let last = self.0.iter().rposition(is_field)?;
        let name = match &self.0[last] {
            PathStep::Field(name) => name.clone(),
            PathStep::EachItem | PathStep::AnyField | PathStep::AnyWay => return None,
        };
        Some((Self(self.0[..last].into()), name))
    }

    /// The path of the first steps, and the other steps.
    pub fn split_at(&self, count: usize) -> (Self, Vec<PathStep>) {
        let (first, behind) = self.0.split_at(count.min(self.0.len()));
        (Self(first.into()), behind.to_vec())
    }

    /// Whether the path is valid: it has at least one step, and no field has an empty name.
    pub fn is_whole(&self) -> bool {
        let is_empty = |step: &PathStep| matches!(step, PathStep::Field(name) if name.is_empty());
        !self.0.is_empty() && !self.0.iter().any(is_empty)
    }

    /// The nodes to which the path leads from `start`, in the order of the text. `above` are the nodes
    /// above `start`.
    pub fn select<'a>(&self, start: Cursor<'a>, above: &[NodeId]) -> Vec<SelectedNode<'a>> {
        let mut found = Vec::new();
        SelectedNode::start(start, above).follow(&self.0, &mut found);
        found
    }

    /// The node at the end of a path that consists of fields only, aliases followed; `None` for any
    /// other path.
    pub fn end<'a>(&self, start: Cursor<'a>) -> Option<Cursor<'a>> {
        self.0.iter().try_fold(start, |at, step| match step {
            PathStep::Field(name) => at.get(name),
            PathStep::EachItem | PathStep::AnyField | PathStep::AnyWay => None,
        })
    }

    /// Calls `found` for each node to which the path leads from `start`, as [`FieldPath::select`] finds
    /// them, but without their routes.
    pub fn each<'a>(&self, start: Cursor<'a>, found: &mut impl FnMut(Cursor<'a>)) {
        each(&self.0, start, found);
    }

    /// Whether a path through an object matches this path. `way` holds the names of the fields;
    /// list steps are left out, so `[]` in this path has no effect.
    pub fn matches(&self, way: &[impl AsRef<str>]) -> bool {
        let steps = self.0.iter().filter(|step| **step != PathStep::EachItem);
        let (steps, way) = match self.0.first() {
            Some(PathStep::AnyWay) => {
                let steps = steps.skip(1);
                match way.len().checked_sub(steps.clone().count()) {
                    Some(skipped) => (steps.collect::<Vec<_>>(), &way[skipped..]),
                    None => return false,
                }
            }
            _ => (steps.collect(), way),
        };
        steps.len() == way.len()
            && steps.into_iter().zip(way).all(|(step, field)| match step {
                PathStep::Field(name) => name == field.as_ref(),
                _ => true,
            })
    }
}

fn push_step(steps: &mut Vec<PathStep>, mut name: &str) {
    let mut lists = 0;
    while let Some(rest) = name.strip_suffix("[]") {
        (name, lists) = (rest, lists + 1);
    }
    match name {
        "*" => steps.push(PathStep::AnyField),
        "**" => steps.push(PathStep::AnyWay),
        "" if lists > 0 => {}
        name => steps.push(PathStep::Field(name.into())),
    }
    steps.extend(std::iter::repeat_n(PathStep::EachItem, lists));
}

fn each<'a>(steps: &[PathStep], node: Cursor<'a>, found: &mut impl FnMut(Cursor<'a>)) {
    let Some((step, rest)) = steps.split_first() else { return found(node) };
    match step {
        PathStep::Field(name) => {
            if let Some(value) = node.get(name) {
                each(rest, value, found);
            }
        }
        PathStep::EachItem => node.items().for_each(|item| each(rest, item, found)),
        PathStep::AnyField => {
            node.pairs().for_each(|(_, value)| each(rest, value.target(), found));
        }
        PathStep::AnyWay => {}
    }
}

impl<'a> SelectedNode<'a> {
    fn start(node: Cursor<'a>, above: &[NodeId]) -> Self {
        let nodes = above.to_vec();
        Self { node, route: Route::default(), nodes, holder: None, duplicate: None }
    }

    fn follow(self, steps: &[PathStep], found: &mut Vec<Self>) {
        let Some((step, rest)) = steps.split_first() else {
            found.push(self);
            return;
        };
        match step {
            PathStep::Field(name) => {
                if let Some(next) = self.field(name) {
                    next.follow(rest, found);
                }
            }
            PathStep::EachItem => {
                if self.node.is_sequence() {
                    for (i, item) in self.node.children().enumerate() {
                        self.clone().step(Step::Item(i), item).follow(rest, found);
                    }
                }
            }
            PathStep::AnyField => {
                for (key, value) in self.node.pairs() {
                    if let Ok(name) = key.key() {
                        self.clone().step(Step::Field(name.into()), value).follow(rest, found);
                    }
                }
            }
            // Tables use `**` only for paths that already exist.
            PathStep::AnyWay => {}
        }
    }

    /// The node at the end of a route, as [`FieldPath::select`] would find it.
    pub fn along(start: Cursor<'a>, above: &[NodeId], route: &[Step]) -> Option<Self> {
        route.iter().try_fold(Self::start(start, above), |at, step| match step {
            Step::Field(name) => at.field(name),
            Step::Item(i) => {
                let item = at.node.children().nth(*i)?;
                Some(at.step(Step::Item(*i), item))
            }
        })
    }

    fn field(self, name: &SmolStr) -> Option<Self> {
        let field = self.node.field(name)?;
        let mut next = self.step(Step::Field(name.clone()), field.value);
        if let Some(first) = field.duplicate {
            let duplicate = Duplicate { name: name.clone(), last: field.key, first };
            next.duplicate.get_or_insert(duplicate);
        }
        Some(next)
    }

    fn step(mut self, step: Step, value: Cursor<'a>) -> Self {
        self.holder = matches!(step, Step::Field(_)).then_some(self.node);
        self.nodes.extend([self.node.id(), value.id()]);
        self.route.0.push(step);
        self.node = value.target();
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_once_for_all() {
        let field = |name: &str| PathStep::Field(name.into());
        let steps = |text: &str| FieldPath::parse(text).0.into_vec();
        assert_eq!(steps(""), []);
        assert_eq!(steps("a/b[]/c"), [field("a"), field("b"), PathStep::EachItem, field("c")]);
        assert_eq!(steps("**/a/*"), [PathStep::AnyWay, field("a"), PathStep::AnyField]);
        assert_eq!(steps("/a/x.y\\/b"), [field("a"), field("x.y/b")]);
        assert_eq!(FieldPath::dotted("a.b[]"), FieldPath::parse("a/b[]"));
        assert_eq!(FieldPath::dotted("a.x\\.y\\/b").0.into_vec(), [field("a"), field("x.y/b")]);
        assert!(FieldPath::dotted("a.b").is_whole());
        assert!(!FieldPath::dotted("a..b").is_whole() && !FieldPath::dotted("").is_whole());
    }

    #[test]
    fn a_way_matches_as_kustomize_walks() {
        let matches = |path: &str, way: &[&str]| FieldPath::parse(path).matches(way);
        assert!(matches("/spec/configs[]/name", &["spec", "configs", "name"]));
        assert!(matches("**/a/*/b", &["x", "a", "c", "b"]));
        assert!(!matches("**/a/*/b", &["a", "b"]));
        assert!(!matches("a", &["a", "b"]) && !matches("a/b", &["a"]));
    }

    #[test]
    fn a_route_reads_as_people_write_it() {
        let route = vec![Step::Field("spec".into()), Step::Item(0), Step::Field("a".into())];
        assert_eq!(Route(route).to_string(), "spec[0].a");
    }
}
