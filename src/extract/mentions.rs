//! Finds certain names in a text: every scalar that contains one, and the meaning of its place.
//!
//! This is a second pass over the text, only for names that are about to change, and only for documents
//! that contain one.

use super::is_local;
use super::objects::{self, DocumentItem, ObjectNode};
use crate::config::options::Options;
use crate::finding::naming::CannotFollow;
use crate::k8s::TableRow;
use crate::k8s::id::Identity;
use crate::k8s::kinds::WorkloadKind;
use crate::k8s::other_names::{CLUSTER_WIDE, OWN_GROUPS, is_free, is_other};
use crate::k8s::providers::Target;
use crate::k8s::referrers::{NamedKind, NamespaceRule, POD_PARTS, Referrer, referrers};
use crate::k8s::sites::{SITES, Site, SiteRoot};
use crate::text::{FileId, Span, words as words_of};
use crate::yaml::path::{Route, Step};
use crate::yaml::{self, Cursor, Kind, Style};
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// A scalar that contains a name.
pub struct Mention {
    /// The file that it is in.
    pub file: FileId,
    /// The object that it is in.
    pub id: Identity,
    /// The bytes of the object.
    pub object: Span,
    /// The document that it is in.
    pub document: Span,
    /// The path from the root of the document to the scalar.
    pub path: Route,
    /// The bytes of the scalar, with its quotes.
    pub span: Span,
    /// How the scalar is written.
    pub style: Style,
    /// The text before the name in the scalar: empty, or a namespace and a slash.
    pub before: String,
    /// The name.
    pub name: String,
    /// The namespace in which the name is looked up; `None` if none is written, or if any namespace is
    /// possible.
    pub namespace: Option<String>,
    /// Whether the name may be in any namespace.
    pub anywhere: bool,
    /// The meaning of the place.
    pub what: Meaning,
    /// The reason why the text cannot be replaced.
    pub fixed: Option<CannotFollow>,
    /// The kinds as whose name kustomize rewrites the text, outside of the pod specs that it knows.
    pub rewritten: Vec<Target>,
}

/// The meaning of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The place defines the name of such an object.
    Definition(Target),
    /// The place names a source of one of these kinds.
    Reference(Vec<Target>),
    /// The place names an object that is not a source.
    Other,
    /// The field is not known: it may name a source.
    Unknown,
}

/// Finds the mentions of names in a text. A part that cannot be read has no mentions: a finding reports it
/// elsewhere.
pub fn mentions(
    file: FileId,
    text: &str,
    options: &Options,
    names: &BTreeSet<String>,
) -> Vec<Mention> {
    let mut found = Vec::new();
    if names.is_empty() || !says_any(text, names) {
        return found;
    }
    for chunk in yaml::split::chunks(text) {
        let Ok(chunk) = chunk else { return found };
        if !says_any(chunk.span.of(text), names) {
            continue;
        }
        let Ok(documents) = yaml::parse(text, chunk.span) else {
            return found;
        };
        for document in documents {
            let known = found.len();
            let read = objects::each(Cursor::root(&document, text), |object| {
                if let DocumentItem::Object(object) = object {
                    search(file, &object, options, names, &mut found);
                }
            });
            if read.is_err() {
                found.truncate(known);
            }
        }
    }
    found
}

/// The names among the words of a text that cannot be read.
pub fn words(text: &str, names: &BTreeSet<String>) -> BTreeSet<String> {
    if super::unreadable::escapes_letters(text.as_bytes()) {
        // An escape can spell any name.
        return names.clone();
    }
    let words = words_of(text).map(|(_, word)| word);
    words.filter(|word| names.contains(*word)).map(str::to_owned).collect()
}

/// Whether a text can contain a name: one of its words is a name. An escape can hide a name from this
/// check, but the pod sees the name too: such a text is read completely.
fn says_any(text: &str, names: &BTreeSet<String>) -> bool {
    memchr::memchr(b'\\', text.as_bytes()).is_some()
        || words_of(text).any(|(_, word)| names.contains(word))
}

/// The object that is searched.
struct Searched<'a> {
    file: FileId,
    id: Identity,
    object: Cursor<'a>,
    route: &'a [Step],
    workload: Option<TableRow<WorkloadKind>>,
    own: bool,
    parts: bool,
}

/// Finds the mentions in one object.
fn search(
    file: FileId,
    object: &ObjectNode<'_>,
    options: &Options,
    names: &BTreeSet<String>,
    found: &mut Vec<Mention>,
) {
    if object.node.get("metadata").is_some_and(is_local) {
        return;
    }
    let id = object.identity();
    let (group, kind) = (id.group.as_str(), id.kind.as_str());
    let searched = Searched {
        file,
        own: OWN_GROUPS.contains(&group),
        parts: POD_PARTS.contains(&(group, kind)),
        workload: options.workload(group, kind),
        id,
        object: object.node,
        route: &object.route,
    };
    let (steps, way) = (Vec::new(), Vec::new());
    let mut walk = MentionWalk { options, names, object: &searched, steps, way, found };
    walk.visit(object.node, object.node, object.node.is_shared());
}

/// The pass over all scalars of an object.
struct MentionWalk<'a> {
    options: &'a Options,
    /// The names to find.
    names: &'a BTreeSet<String>,
    object: &'a Searched<'a>,
    /// The path from the object to the current node.
    steps: Vec<Step>,
    /// The fields of the path, without merge keys.
    way: Vec<SmolStr>,
    found: &'a mut Vec<Mention>,
}

impl MentionWalk<'_> {
    fn visit(&mut self, node: Cursor<'_>, holder: Cursor<'_>, shared: bool) {
        if self.steps.len() >= yaml::MAX_DEPTH {
            return;
        }
        match node.kind() {
            Kind::Mapping => {
                for (key, value) in node.pairs() {
                    let merges = key.is_merge_key();
                    let Ok(name) = key.key().map(SmolStr::from) else {
                        continue;
                    };
                    self.key(key, &name);
                    self.steps.push(Step::Field(name.clone()));
                    if !merges {
                        self.way.push(name);
                    }
                    self.visit(value, node, shared || value.is_shared() || key.is_shared());
                    self.steps.pop();
                    if !merges {
                        self.way.pop();
                    }
                }
            }
            Kind::Sequence => {
                for (i, item) in node.children().enumerate() {
                    self.steps.push(Step::Item(i));
                    self.visit(item, holder, shared || item.is_shared());
                    self.steps.pop();
                }
            }
            Kind::Scalar => self.scalar(node, holder, shared),
            Kind::Alias => {}
        }
    }

    /// A key that equals a name: in Kubernetes' own types it has another meaning.
    fn key(&mut self, key: Cursor<'_>, name: &str) {
        if self.object.own || !self.names.contains(name) {
            return;
        }
        let is_label =
            self.way.last().is_some_and(|last| last == "labels" || last == "matchLabels");
        if !is_label {
            self.push(key, "", name, (Meaning::Unknown, None), Some(CannotFollow::Key));
        }
    }

    fn scalar(&mut self, node: Cursor<'_>, holder: Cursor<'_>, shared: bool) {
        let Some(text) = node.str() else {
            return;
        };
        let (before, name) = if self.names.contains(text.as_ref()) {
            ("", text.as_ref())
        } else {
            match text.rfind(['/', '=']).map(|at| text.split_at(at + 1)) {
                Some((before, name)) if self.names.contains(name) => (before, name),
                _ => return self.longer_text(node, &text, holder),
            }
        };
        if let Some(meaning) = self.meaning(before, name, holder) {
            self.push(node, before, name, meaning, fixed(node, &text, shared));
        }
    }

    /// A text that contains names among other words. It cannot be replaced; if a program may read the text,
    /// it counts as a place with an unknown meaning.
    fn longer_text(&mut self, node: Cursor<'_>, text: &str, holder: Cursor<'_>) {
        // The contents of files contain all sorts of words.
        let is_content =
            |field: &SmolStr| ["data", "stringData", "parameters"].contains(&field.as_str());
        if self.object.own && self.way.first().is_some_and(is_content) {
            return;
        }
        let said: BTreeSet<(&str, &str)> = spoken(text, self.names).collect();
        for (before, name) in said {
            let meaning = self.meaning("", name, holder);
            if let Some(meaning @ (Meaning::Unknown, _)) = meaning {
                let fixed = Some(CannotFollow::BlockOrEscapes);
                self.push(node, before, name, meaning, fixed);
            }
        }
    }

    fn push(
        &mut self,
        node: Cursor<'_>,
        before: &str,
        name: &str,
        (what, namespace): (Meaning, Option<String>),
        fixed: Option<CannotFollow>,
    ) {
        let id = &self.object.id;
        let anywhere = namespace.is_none() && CLUSTER_WIDE.contains(&id.kind.as_str());
        self.found.push(Mention {
            file: self.object.file,
            namespace: namespace.or_else(|| Some(id.namespace.as_ref()?.to_string())),
            anywhere,
            id: id.clone(),
            object: self.object.object.span(),
            document: node.document_span(),
            path: Route([self.object.route, self.steps.as_slice()].concat()),
            span: node.span(),
            style: node.style(),
            before: before.to_owned(),
            name: name.to_owned(),
            what,
            fixed,
            rewritten: self.rewritten(before, name),
        });
    }

    /// The kinds as whose name kustomize rewrites a text: in an RBAC rule, it does not check the resources
    /// of the rule.
    fn rewritten(&self, before: &str, name: &str) -> Vec<Target> {
        let (id, way) = (&self.object.id, &self.way);
        if !before.is_empty() {
            return Vec::new();
        }
        let told = self.options.rules.names.iter();
        let told = told.filter(|row| row.of_kustomize && row.fits(&id.group, &id.kind, way, name));
        let mut targets: Vec<Target> = told.filter_map(|row| row.target).collect();
        for row in referrers(&id.group, &id.kind, way) {
            match row.names {
                _ if !row.kustomize => {}
                NamedKind::ConfigMap => targets.push(Target::ConfigMap),
                NamedKind::Secret => targets.push(Target::Secret),
                NamedKind::Rule | NamedKind::ByKind(_) => {
                    targets.extend(Target::ALL);
                }
            }
        }
        targets
    }

    /// The meaning of the place, and the namespace that it names; `None` if it cannot mean the name.
    fn meaning(
        &self,
        before: &str,
        name: &str,
        holder: Cursor<'_>,
    ) -> Option<(Meaning, Option<String>)> {
        let (object, way) = (self.object, self.way.as_slice());
        let (group, kind) = (object.id.group.as_str(), object.id.kind.as_str());
        for row in &self.options.rules.names {
            if row.fits(group, kind, way, name) {
                let what = match row.target {
                    Some(target) => Meaning::Reference(vec![target]),
                    None => Meaning::Other,
                };
                return before.is_empty().then_some((what, None));
            }
        }
        if way == ["metadata", "name"]
            && group.is_empty()
            && let Some(target) = Target::of_kind(kind)
        {
            return Some((Meaning::Definition(target), None));
        }
        let mut other = false;
        for row in referrers(group, kind, way) {
            match referrer(row, before, holder) {
                Some(found) => return Some(found),
                None => other = true,
            }
        }
        if is_other(way) || other {
            return before.is_empty().then_some((Meaning::Other, None));
        }
        if object.parts
            && before.is_empty()
            && let Some(site) = SITES.iter().find(|site| is_site(site, way))
        {
            return Some((Meaning::Reference(vec![site.target]), None));
        }
        let inside = self.in_template();
        if object.own || inside.is_some() {
            let rest = inside.map_or(way, |depth| &way[depth..]);
            return match is_free(rest) {
                true => is_spoken(before).then_some((Meaning::Unknown, None)),
                // The field is not in the tables, but its name refers to a source.
                false if speaks_of_source(rest) => {
                    before.is_empty().then_some((Meaning::Unknown, None))
                }
                // The sites of pod specs are read separately; any other field in a pod spec names something
                // else.
                false => before.is_empty().then_some((Meaning::Other, None)),
            };
        }
        if !before.is_empty() {
            return None;
        }
        let is_named = way.last().is_some_and(|last| last == "name");
        let kind = holder.filled("kind").filter(|_| is_named);
        let of_other_kind = kind.is_some_and(|kind| Target::of_kind(&kind).is_none());
        Some(match of_other_kind {
            true => (Meaning::Other, None),
            false => (Meaning::Unknown, None),
        })
    }

    /// The number of fields that lead to the pod template of the place, if it is in one.
    fn in_template(&self) -> Option<usize> {
        let row = self.object.workload.as_ref()?;
        row.templates.iter().find_map(|path| {
            let depth = path.fields();
            let inside = self.way.len() > depth && path.matches(&self.way[..depth]);
            inside.then_some(depth)
        })
    }
}

/// The names in a longer text that may mean an object, each with the text before it: the items of a list
/// (`a,app`), a name with a namespace or a key (`shop/app:key`), a flag (`--config=app:key`), and the word
/// after a word for ConfigMaps or Secrets (`kubectl get cm app`). Parts of paths and addresses do not
/// count.
fn spoken<'t>(text: &'t str, names: &BTreeSet<String>) -> impl Iterator<Item = (&'t str, &'t str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let is_list = !text.replace(", ", ",").trim().contains(char::is_whitespace);
    let mut at = 0;
    text.split(move |c| !is_name(c)).filter_map(move |word| {
        let start = at;
        at += word.len() + text[at + word.len()..].chars().next().map_or(0, char::len_utf8);
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        if !names.contains(word) {
            return None;
        }
        let segment = before.rsplit(|c: char| ", ;:\"'()|&\n\t".contains(c)).next();
        let segment = segment.unwrap_or_default();
        let is_port = after
            .strip_prefix(':')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let ends = after.is_empty() || after.starts_with(|c: char| ", ;:/\"')|&\n\t".contains(c));
        let kind =
            before.trim_end_matches([' ', '/']).rsplit(|c: char| !c.is_ascii_alphabetic()).next();
        let is_told = kind.is_some_and(|kind| KINDS.contains(&kind.to_ascii_lowercase().as_str()));
        let is_part = is_list || !segment.is_empty() || is_told;
        (ends && !is_port && is_part && is_spoken(segment)).then_some((before, word))
    })
}

/// The words of `kubectl` for ConfigMaps and Secrets.
const KINDS: &[&str] = &["cm", "configmap", "configmaps", "secret", "secrets"];

/// The reason why the text of a scalar cannot be replaced.
fn fixed(node: Cursor<'_>, text: &str, shared: bool) -> Option<CannotFollow> {
    let raw = node.raw();
    let inner = match node.style() {
        Style::Plain => Some(raw),
        Style::Single | Style::Double | Style::JsonString => {
            raw.get(1..raw.len().saturating_sub(1))
        }
        _ => None,
    };
    if shared {
        Some(CannotFollow::SharedAnchor)
    } else if node.tag().is_some() {
        Some(CannotFollow::Tag)
    } else if inner != Some(text) {
        Some(CannotFollow::BlockOrEscapes)
    } else {
        None
    }
}

/// The meaning that a row gives to this place; `None` if the row does not apply here.
fn referrer(row: &Referrer, before: &str, holder: Cursor<'_>) -> Option<(Meaning, Option<String>)> {
    let namespace = match row.within {
        NamespaceRule::Slash if before.is_empty() => None,
        NamespaceRule::Slash => {
            let namespace = before.strip_suffix('/')?;
            if !is_label(namespace) {
                return None;
            }
            Some(namespace.to_owned())
        }
        _ if !before.is_empty() => return None,
        NamespaceRule::Own => None,
        NamespaceRule::Beside(field) => holder.filled(field).map(String::from),
    };
    let targets = match row.names {
        NamedKind::ConfigMap => vec![Target::ConfigMap],
        NamedKind::Secret => vec![Target::Secret],
        NamedKind::ByKind(_) if holder.filled("group").is_some() => return None,
        NamedKind::ByKind(default) => match holder.filled("kind") {
            Some(kind) => vec![Target::of_kind(&kind)?],
            None => vec![default?],
        },
        NamedKind::Rule => rule(holder)?,
    };
    Some((Meaning::Reference(targets), namespace))
}

/// The kinds to which the `resourceNames` of an RBAC rule refer.
fn rule(rule: Cursor<'_>) -> Option<Vec<Target>> {
    let lists = |field: &str, names: [&str; 2]| {
        let mut texts = rule.list(field).filter_map(Cursor::str);
        texts.any(|text| names.contains(&text.as_ref()))
    };
    if rule.get("apiGroups").is_some() && !lists("apiGroups", ["", "*"]) {
        return None;
    }
    let targets = [("configmaps", Target::ConfigMap), ("secrets", Target::Secret)];
    let named = targets.into_iter().filter(|(name, _)| lists("resources", [name, "*"]));
    let named: Vec<Target> = named.map(|(_, target)| target).collect();
    (!named.is_empty()).then_some(named)
}

/// Whether the last steps of a path are those of a site.
fn is_site(site: &Site, way: &[SmolStr]) -> bool {
    let Some((_, way)) = way.split_last().filter(|(name, _)| **name == site.name) else {
        return false;
    };
    let volumes = usize::from(site.under == SiteRoot::Volume);
    let fields = site.path.fields();
    let Some(above) = way.len().checked_sub(fields + volumes) else {
        return false;
    };
    site.under != SiteRoot::Object
        && site.path.matches(&way[above + volumes..])
        && way[above..above + volumes].iter().all(|field| field == "volumes")
}

/// Whether the last field, or the field that holds the `name`, is named after ConfigMaps or Secrets.
fn speaks_of_source(way: &[SmolStr]) -> bool {
    let field = match way {
        [.., holder, name] if name == "name" => holder,
        [.., field] => field,
        [] => return false,
    };
    let field = field.to_lowercase();
    field.contains("secret") || field.contains("configmap")
}

/// Whether the text before a name allows it to be a separate name: empty, a flag, or a namespace.
fn is_spoken(before: &str) -> bool {
    let rest = match before.rsplit_once('=') {
        Some((_, rest)) => rest,
        None => before,
    };
    let namespace = rest.strip_suffix('/').unwrap_or(rest);
    rest.is_empty()
        || is_label(namespace)
        || namespace.starts_with("$(")
        || namespace.starts_with("${")
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_text_speaks_of_names_and_not_of_paths() {
        let names: BTreeSet<String> = ["app-config".to_owned()].into();
        let says = |text: &str| spoken(text, &names).next().is_some();
        for text in [
            "kubectl get cm app-config -o yaml",
            "--config=app-config:key",
            "run --config=app-config:key --x",
            "--from=configmap/app-config/key",
            "app-config,other",
            "other, app-config",
            "ns/app-config:x",
            "kubectl delete secrets/app-config && true",
        ] {
            assert!(says(text), "{text}");
        }
        for text in [
            "http://app-config:8080/x",
            "/etc/app-config/x.yaml",
            "app-config:8080",
            "the app-config of the shop",
            "app-config.shop.svc,b",
            "my-app-config,b",
        ] {
            assert!(!says(text), "{text}");
        }
    }
}
