//! Where a text says certain names: every scalar that reads one, and what its place means.
//!
//! A second reading, only for names that are about to change, and only of documents that hold one.

use super::Reader;
use crate::config::options::Options;
use crate::finding::naming::CannotFollow;
use crate::k8s::id::Identity;
use crate::k8s::kinds::WorkloadKind;
use crate::k8s::other_names::{CLUSTER_WIDE, OWN_GROUPS, is_free, is_other};
use crate::k8s::providers::Target;
use crate::k8s::referrers::{Names, POD_PARTS, Referrer, Within, fields, is_way, referrers};
use crate::k8s::sites::{SITES, Site, Under};
use crate::text::{FileId, Span};
use crate::yaml::resolve::{self, Value};
use crate::yaml::verify::Step;
use crate::yaml::{self, Kind, NodeId, Style};
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// A scalar that reads a name.
pub struct Mention {
    /// The file that it is in.
    pub file: FileId,
    /// The object that it is in.
    pub id: Identity,
    /// Where the object is.
    pub object: Span,
    /// The document that it is in.
    pub document: Span,
    /// The way from the root of the document to it.
    pub path: Vec<Step>,
    /// Where it is, with its quotes.
    pub span: Span,
    /// How it is written.
    pub style: Style,
    /// What stands before the name in its text: nothing, or a namespace and a slash.
    pub before: String,
    /// The name.
    pub name: String,
    /// In which namespace the name is looked up; none is written, or any will do.
    pub namespace: Option<String>,
    /// Whether any namespace may be meant.
    pub anywhere: bool,
    /// What the place means.
    pub what: What,
    /// Why the text cannot be replaced.
    pub fixed: Option<CannotFollow>,
    /// What kustomize takes the text for, outside of the pod specs that it knows, and rewrites.
    pub rewritten: Vec<Target>,
}

/// What a place means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The name of such an object.
    Definition(Target),
    /// It names one of these.
    Reference(Vec<Target>),
    /// It names something else.
    Other,
    /// Nobody said.
    Unknown,
}

/// Reads the mentions of names in a text. What cannot be read mentions nothing: it was said before.
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
            let mut reader = Reader {
                file,
                text,
                options,
                document: &document,
                facts: &mut super::Facts::default(),
                names: Some(names),
                mentions: Vec::new(),
            };
            if reader.document().is_ok() {
                found.append(&mut reader.mentions);
            }
        }
    }
    found
}

/// Whether a text can say a name: one of its words is one. An escape can hide one from this, but not
/// from a pod either: such a text is read whole.
fn says_any(text: &str, names: &BTreeSet<String>) -> bool {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    if memchr::memchr(b'\\', text.as_bytes()).is_some() {
        return true;
    }
    let words = text.as_bytes().split(|&b| !is_name(b));
    words
        .filter_map(|word| std::str::from_utf8(word).ok())
        .any(|word| !word.is_empty() && names.contains(word.trim_matches(['-', '.'])))
}

/// What is known of the object that is searched.
struct Subject<'a> {
    id: Identity,
    object: NodeId,
    route: &'a [Step],
    workload: Option<&'static WorkloadKind>,
    own: bool,
    parts: bool,
}

/// Finds the mentions in one object, of this group, version and kind.
pub(super) fn search(
    reader: &mut Reader<'_>,
    node: NodeId,
    route: &[Step],
    (group, version, kind): (&str, &str, &str),
) {
    let string = |path: &str| {
        let at = reader.at(node, path)?;
        match resolve::value(reader.document, reader.text, at) {
            Ok(Value::Str(text)) => Some(text.into_owned()).filter(|text| !text.is_empty()),
            _ => None,
        }
    };
    let metadata = reader.document.value(reader.text, node, "metadata");
    let local = metadata.and_then(|m| reader.annotation(m, "config.kubernetes.io/local-config"));
    if local.is_some_and(|(value, _)| value != "false") {
        return;
    }
    let subject = Subject {
        own: OWN_GROUPS.contains(&group),
        parts: POD_PARTS.contains(&(group, kind)),
        workload: reader.options.workload(group, kind),
        id: Identity {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: string("metadata/namespace").map(SmolStr::from),
            name: string("metadata/name").unwrap_or_default().into(),
        },
        object: node,
        route,
    };
    let mut found = Vec::new();
    let mut walk =
        Walk { reader, subject: &subject, steps: Vec::new(), way: Vec::new(), found: &mut found };
    let shared = walk.is_shared(node);
    walk.visit(node, node, shared);
    reader.mentions.append(&mut found);
}

struct Walk<'a, 'r> {
    reader: &'a Reader<'r>,
    subject: &'a Subject<'a>,
    steps: Vec<Step>,
    /// The fields of the steps, without those that merge.
    way: Vec<String>,
    found: &'a mut Vec<Mention>,
}

impl Walk<'_, '_> {
    /// Whether aliases stand for the node.
    fn is_shared(&self, node: NodeId) -> bool {
        self.reader.document.aliases(node) > 0
    }

    fn visit(&mut self, node: NodeId, holder: NodeId, shared: bool) {
        let document = self.reader.document;
        if self.steps.len() >= yaml::MAX_DEPTH {
            return;
        }
        match document.node(node).kind {
            Kind::Mapping => {
                for (key, value) in document.pairs(node) {
                    let merges = document.is_merge_key(self.reader.text, key);
                    let Ok(name) = resolve::key(document, self.reader.text, key) else {
                        continue;
                    };
                    self.key(key, &name);
                    self.steps.push(Step::Field(name.clone().into()));
                    if !merges {
                        self.way.push(name.into_owned());
                    }
                    let shared = shared || self.is_shared(value) || self.is_shared(key);
                    self.visit(value, node, shared);
                    self.steps.pop();
                    if !merges {
                        self.way.pop();
                    }
                }
            }
            Kind::Sequence => {
                for (i, item) in document.children(node).enumerate() {
                    self.steps.push(Step::Item(i));
                    let shared = shared || self.is_shared(item);
                    self.visit(item, holder, shared);
                    self.steps.pop();
                }
            }
            Kind::Scalar => self.scalar(node, holder, shared),
            Kind::Alias => {}
        }
    }

    fn wanted(&self, text: &str) -> bool {
        self.reader.names.is_some_and(|names| names.contains(text))
    }

    /// A key that reads a name: of Kubernetes' own types it means something else.
    fn key(&mut self, key: NodeId, name: &str) {
        if self.subject.own || !self.wanted(name) {
            return;
        }
        let way: Vec<&str> = self.way.iter().map(String::as_str).collect();
        let is_label = way.last().is_some_and(|last| *last == "labels" || *last == "matchLabels");
        if !is_label {
            let fixed = Some(CannotFollow::Key);
            self.push(key, "", name, What::Unknown, None, fixed);
        }
    }

    fn scalar(&mut self, node: NodeId, holder: NodeId, shared: bool) {
        let document = self.reader.document;
        let Ok(Value::Str(text)) = resolve::value(document, self.reader.text, node) else {
            return;
        };
        let (before, name) = if self.wanted(&text) {
            ("", text.as_ref())
        } else {
            match text.rfind(['/', '=']).map(|at| text.split_at(at + 1)) {
                Some((before, name)) if self.wanted(name) => (before, name),
                _ => return,
            }
        };
        let meaning = self.meaning(before, name, holder);
        let Some((what, namespace)) = meaning else {
            return;
        };
        let fixed = self.fixed(node, &text, shared);
        self.push(node, before, name, what, namespace, fixed);
    }

    /// Why the text of a scalar cannot be replaced.
    fn fixed(&self, node: NodeId, text: &str, shared: bool) -> Option<CannotFollow> {
        let document = self.reader.document;
        let at = document.node(node);
        let raw = at.span.of(self.reader.text);
        let inner = match at.style {
            Style::Plain => Some(raw),
            Style::Single | Style::Double | Style::JsonString => {
                raw.get(1..raw.len().saturating_sub(1))
            }
            _ => None,
        };
        if shared {
            Some(CannotFollow::SharedAnchor)
        } else if document.tag(node).is_some() {
            Some(CannotFollow::Tag)
        } else if inner != Some(text) {
            Some(CannotFollow::BlockOrEscapes)
        } else {
            None
        }
    }

    fn push(
        &mut self,
        node: NodeId,
        before: &str,
        name: &str,
        what: What,
        namespace: Option<String>,
        fixed: Option<CannotFollow>,
    ) {
        let document = self.reader.document;
        let at = document.node(node);
        let anywhere = namespace.is_none() && CLUSTER_WIDE.contains(&self.subject.id.kind.as_str());
        self.found.push(Mention {
            file: self.reader.file,
            namespace: namespace.or_else(|| Some(self.subject.id.namespace.as_ref()?.to_string())),
            anywhere,
            id: self.subject.id.clone(),
            object: document.node(self.subject.object).span,
            document: document.span,
            path: [self.subject.route, self.steps.as_slice()].concat(),
            span: at.span,
            style: at.style,
            before: before.to_owned(),
            name: name.to_owned(),
            what,
            fixed,
            rewritten: self.rewritten(before, name),
        });
    }

    /// What kustomize takes a text for: of an RBAC rule it does not ask what the rule is about.
    fn rewritten(&self, before: &str, name: &str) -> Vec<Target> {
        let id = &self.subject.id;
        let way: Vec<&str> = self.way.iter().map(String::as_str).collect();
        if !before.is_empty() {
            return Vec::new();
        }
        let told = self.reader.options.rules.names.iter();
        let told = told.filter(|row| row.of_kustomize && row.fits(&id.group, &id.kind, &way, name));
        let mut targets: Vec<Target> = told.filter_map(|row| row.target).collect();
        for row in referrers(&id.group, &id.kind, &way) {
            match row.names {
                _ if !row.kustomize => {}
                Names::ConfigMap => targets.push(Target::ConfigMap),
                Names::Secret => targets.push(Target::Secret),
                Names::Rule | Names::ByKind(_) => {
                    targets.extend([Target::ConfigMap, Target::Secret]);
                }
            }
        }
        targets
    }

    /// What the place means, and the namespace that it names; nothing if it cannot mean the name.
    fn meaning(&self, before: &str, name: &str, holder: NodeId) -> Option<(What, Option<String>)> {
        let subject = self.subject;
        let way: Vec<&str> = self.way.iter().map(String::as_str).collect();
        for row in &self.reader.options.rules.names {
            if row.fits(&subject.id.group, &subject.id.kind, &way, name) {
                let what = match row.target {
                    Some(target) => What::Reference(vec![target]),
                    None => What::Other,
                };
                return before.is_empty().then_some((what, None));
            }
        }
        if way == ["metadata", "name"] && subject.id.group.is_empty() {
            match subject.id.kind.as_str() {
                "ConfigMap" => return Some((What::Definition(Target::ConfigMap), None)),
                "Secret" => return Some((What::Definition(Target::Secret), None)),
                _ => {}
            }
        }
        let group = subject.id.group.as_str();
        let mut other = false;
        for row in referrers(group, &subject.id.kind, &way) {
            match self.referrer(row, before, holder) {
                Some(found) => return Some(found),
                None => other = true,
            }
        }
        if is_other(&way) || other {
            return before.is_empty().then_some((What::Other, None));
        }
        if subject.parts
            && before.is_empty()
            && let Some(site) = SITES.iter().find(|site| is_site(site, &way))
        {
            return Some((What::Reference(vec![site.target]), None));
        }
        let inside = self.in_template(&way);
        if subject.own || inside.is_some() {
            let rest = inside.map_or(way.as_slice(), |depth| &way[depth..]);
            return match is_free(rest) {
                true => is_spoken(before).then_some((What::Unknown, None)),
                // No field of the API that this program knows, and yet it speaks of a source.
                false if speaks_of_source(rest) => {
                    before.is_empty().then_some((What::Unknown, None))
                }
                // Pod specs are read by their sites; what they do not find there is something else.
                false => before.is_empty().then_some((What::Other, None)),
            };
        }
        if !before.is_empty() {
            return None;
        }
        let is_named = way.last() == Some(&"name");
        let kind = self.beside(holder, "kind").filter(|_| is_named);
        let of_other_kind = kind.is_some_and(|kind| kind != "ConfigMap" && kind != "Secret");
        Some(match of_other_kind {
            true => (What::Other, None),
            false => (What::Unknown, None),
        })
    }

    fn beside(&self, holder: NodeId, field: &str) -> Option<String> {
        let text = self.reader.string(holder, field)?;
        (!text.is_empty()).then(|| text.to_string())
    }

    /// What a row says of this very place; nothing if it is about something else here.
    fn referrer(
        &self,
        row: &Referrer,
        before: &str,
        holder: NodeId,
    ) -> Option<(What, Option<String>)> {
        let namespace = match row.within {
            Within::Slash if before.is_empty() => None,
            Within::Slash => {
                let namespace = before.strip_suffix('/')?;
                if !is_label(namespace) {
                    return None;
                }
                Some(namespace.to_owned())
            }
            _ if !before.is_empty() => return None,
            Within::Own => None,
            Within::Beside(field) => self.beside(holder, field),
        };
        let targets = match row.names {
            Names::ConfigMap => vec![Target::ConfigMap],
            Names::Secret => vec![Target::Secret],
            Names::ByKind(default) => {
                if self.beside(holder, "group").is_some() {
                    return None;
                }
                match self.beside(holder, "kind").as_deref() {
                    Some("ConfigMap") => vec![Target::ConfigMap],
                    Some("Secret") => vec![Target::Secret],
                    Some(_) => return None,
                    None => vec![default?],
                }
            }
            Names::Rule => self.rule(holder)?,
        };
        Some((What::Reference(targets), namespace))
    }

    /// What the `resourceNames` of an RBAC rule can be names of.
    fn rule(&self, rule: NodeId) -> Option<Vec<Target>> {
        let document = self.reader.document;
        let list = |field: &str| -> Option<Vec<String>> {
            let list = document.value(self.reader.text, rule, field)?;
            let texts = document.items(list).filter_map(|item| {
                match resolve::value(document, self.reader.text, item) {
                    Ok(Value::Str(text)) => Some(text.into_owned()),
                    _ => None,
                }
            });
            Some(texts.collect())
        };
        if let Some(groups) = list("apiGroups")
            && !groups.iter().any(|group| group.is_empty() || group == "*")
        {
            return None;
        }
        let resources = list("resources")?;
        let has = |name: &str| {
            let is = |resource: &String| resource == "*" || resource == name;
            resources.iter().any(is)
        };
        let mut targets = Vec::new();
        if has("configmaps") {
            targets.push(Target::ConfigMap);
        }
        if has("secrets") {
            targets.push(Target::Secret);
        }
        (!targets.is_empty()).then_some(targets)
    }

    /// How many fields lead to the pod template that the place is in, if it is in one.
    fn in_template(&self, way: &[&str]) -> Option<usize> {
        let row = self.subject.workload?;
        row.templates.iter().find_map(|path| {
            let path: Vec<String> = fields(path).into_iter().filter(|f| !f.is_empty()).collect();
            let inside = way.len() > path.len() && is_way(&path, &way[..path.len()]);
            inside.then_some(path.len())
        })
    }
}

/// Whether the last steps of a way are those of a site.
fn is_site(site: &Site, way: &[&str]) -> bool {
    let mut path = vec!["**".to_owned()];
    if site.under == Under::Volume {
        path.push("volumes".to_owned());
    }
    path.extend(fields(site.path));
    path.push(site.name.to_owned());
    site.under != Under::Object && is_way(&path, way)
}

/// Whether the last field, or the one that holds the `name`, is called after ConfigMaps or Secrets.
fn speaks_of_source(way: &[&str]) -> bool {
    let field = match way {
        [.., holder, "name"] => holder,
        [.., field] => field,
        [] => return false,
    };
    let field = field.to_lowercase();
    field.contains("secret") || field.contains("configmap")
}

/// Whether text before a name still leaves it a name of its own: nothing, a flag, a namespace.
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
