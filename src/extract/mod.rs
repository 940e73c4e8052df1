//! One text in, facts out: who is in it, what it provides, what it reads, and where a stamp goes.
//!
//! This is the only stage that sees values; they leave it as digests. Each document's tape is
//! dropped when its facts are known.

mod hash_suffix;
mod ids;
mod manifests;
mod looks;
mod api_limits;
mod join;
mod foreign;
mod rebase;
mod mentions;
mod own_suffix;
mod build_notes;
mod carried;
mod references;
mod sidecars;
mod unknown_kinds;
mod source;
mod site_label;
mod workload;

pub use build_notes::{FromFile, NEEDS_HASH_SUFFIX, Origin};
pub use carried::{ALSO, Also, STAMP, Said};
pub use foreign::Marks;
pub use ids::{Id, Ids, MentionId, ObjectId, ReferenceId, SourceId, TemplateId};
pub use join::{Joining, join};
pub use looks::Looks;
pub use manifests::{File, Manifests};
pub use mentions::{Mention, What, mentions};
pub use own_suffix::{Follows, Frozen, Naming};
pub use references::{Keys, Reference};
pub use sidecars::{Sidecar, Watched};
pub use site_label::{Mount, Spot, Why};
pub use source::{At, Entry, Flaw, Malformed, Source};
pub use workload::Template;
pub(crate) use workload::refused;

use crate::config::options::Options;
use crate::config::policy::{Mark, Subject, marks};
use crate::finding::{Code, Finding};
use crate::k8s::id::Identity;
use crate::k8s::kinds;
use crate::k8s::kustomize_names::FILE_NAMES;
use crate::text::{FileId, MAX_TEXT, Place, Span};
use crate::yaml::verify::Step;
use crate::yaml::{self, Document, Kind, NodeId, SyntaxError, resolve};
use smol_str::SmolStr;

/// What says that something takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A control annotation.
    Annotation,
    /// The configuration.
    Rule,
}

/// What one text says.
#[derive(Default)]
pub struct Facts {
    /// The objects that provide or read something, in the order of the text.
    pub objects: Vec<Object>,
    /// What they provide, in the order of the objects.
    pub sources: Vec<Source>,
    /// Their pod templates, in the order of the objects.
    pub templates: Vec<Template>,
    /// What these read, in the order of the templates.
    pub references: Vec<Reference>,
    /// How many Kubernetes objects there are, those without facts included.
    pub object_count: usize,
    /// The kustomizations in a list, by their paths; empty when the text is read.
    pub kustomizations: Vec<String>,
    /// What is wrong in the text itself.
    pub findings: Vec<Finding>,
    /// What an apply of the objects as they stand would run into; of raw material, nothing is said.
    pub hints: Vec<Finding>,
    /// Why the text cannot be read to its end; what was read before counts for nothing.
    pub broken: Option<SyntaxError>,
    /// Whether the text has a `sops` mapping, and so is never written.
    pub encrypted: bool,
    /// Whether `#@` comments make it a ytt program.
    pub ytt: bool,
    /// Whether nothing is known of it, because it could not be read.
    pub unread: bool,
    /// What a text that cannot be read looks like.
    pub looks: Looks,
    /// The comments that silence findings.
    pub marks: Vec<Mark>,
    /// The bytes of every Secret, which no report may quote.
    pub secrets: Vec<Span>,
}

/// A Kubernetes object that provides or reads something.
pub struct Object {
    /// Who it is.
    pub id: Identity,
    /// Where it is.
    pub place: Place,
    /// Where its name is written.
    pub name_span: Span,
    /// The document that it is in.
    pub document: Span,
    /// The way from the root of the document to it: none, or an item of a list.
    pub route: Vec<Step>,
    /// Whether Helm runs it as a hook.
    pub hook: bool,
    /// How it came by its name, inside of a kustomize build.
    pub origin: Option<Box<Origin>>,
    /// The file it stands in for the caller who put it into a list.
    pub from_file: Option<Box<FromFile>>,
    /// The kustomization that it lies below, in such a list.
    pub raw_material_of: Option<Box<str>>,
    /// What it provides.
    pub sources: Ids<SourceId>,
    /// Its pod templates, and what they read.
    pub templates: Ids<TemplateId>,
    /// The workload whose pod template it uses instead.
    pub delegate: Option<Box<Delegate>>,
    /// Whether its references can follow a source that gets another name.
    pub follows: Follows,
}

/// A workload that another one names.
pub struct Delegate {
    /// Its kind.
    pub kind: SmolStr,
    /// Its name.
    pub name: SmolStr,
    /// Where the name is written.
    pub at: Span,
}

/// On a source or a workload: it takes no part.
pub const IGNORE: &str = "rollstamp.dev/ignore";
/// On a source: these keys take no part.
pub const IGNORE_KEYS: &str = "rollstamp.dev/ignore-keys";
/// On a workload: these sources take no part.
pub const IGNORE_SOURCES: &str = "rollstamp.dev/ignore-sources";
/// On a source: what makes pods roll, `annotation` or `suffix`. On a workload: whether its references
/// follow a source that gets another name.
pub const MODE: &str = "rollstamp.dev/mode";
/// On a source that has a suffix of ours: its name without it.
pub const BASE_NAME: &str = "rollstamp.dev/base-name";
/// On a workload: the program rereads the files of these volumes by itself.
pub const LIVE: &str = "rollstamp.dev/live";

/// The names in a control annotation: `a, b`.
fn names_in(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

impl Facts {
    /// Adds an object with what it provides, and its pod templates with what they read.
    fn add(
        &mut self,
        mut object: Object,
        sources: Vec<Source>,
        templates: Vec<(Template, Vec<Reference>)>,
    ) {
        let own = ObjectId::at(self.objects.len());
        let (first_source, first_template) = (self.sources.len(), self.templates.len());
        self.sources.extend(sources.into_iter().map(|source| Source { object: own, ..source }));
        for (mut template, references) in templates {
            let number = TemplateId::at(self.templates.len());
            let first = self.references.len();
            let of_template = |reference| Reference { template: number, ..reference };
            self.references.extend(references.into_iter().map(of_template));
            template.object = own;
            template.references = Ids::over(first..self.references.len());
            self.templates.push(template);
        }
        object.sources = Ids::over(first_source..self.sources.len());
        object.templates = Ids::over(first_template..self.templates.len());
        self.objects.push(object);
    }

    /// What lies below a kustomization in a list is what that one is made of, not what is applied.
    fn find_raw_material(&mut self) {
        let kustomizations = std::mem::take(&mut self.kustomizations);
        for object in &mut self.objects {
            let Some(from) = &object.from_file else {
                continue;
            };
            let is_above = |kustomization: &&String| {
                let folder = kustomization.rfind('/').map_or(0, |end| end + 1);
                from.path.starts_with(&kustomization[..folder])
            };
            let above = kustomizations.iter().find(is_above);
            object.raw_material_of = above.map(|path| path.as_str().into());
        }
    }
}

impl Object {
    /// Where its name is written.
    pub fn place_of_name(&self) -> Place {
        Place { file: self.place.file, span: self.name_span }
    }

    /// A finding about the object, at its name.
    pub fn finding(&self, code: Code, message: impl Into<String>) -> Finding {
        Finding::new(code, message).about(self.id.to_string()).at(self.place_of_name())
    }

    /// A finding about the object, at a place in its text whose line may be shown: never one that
    /// can hold a value of a Secret.
    pub fn finding_at(&self, code: Code, span: Span, message: impl Into<String>) -> Finding {
        let place = Place { file: self.place.file, span };
        Finding::new(code, message).about(self.id.to_string()).quoting(place)
    }
}

/// The size from which on a text is cut into parts, in bytes.
pub const PART: usize = 256 << 10;

/// The parts of a text that can be read side by side; their facts are [`join`]ed in this order.
pub fn parts(text: &str) -> Vec<Span> {
    if text.len() > MAX_TEXT {
        return vec![Span { start: 0, end: 0 }];
    }
    yaml::split::parts(text, PART)
}

/// Reads a text.
pub fn extract(file: FileId, text: &str, options: &Options) -> Facts {
    let parts = parts(text).into_iter();
    let facts = join(parts.map(|part| extract_part(file, text, part, options)));
    facts.seen(text)
}

/// Reads one of the [`parts`] of a text.
pub fn extract_part(file: FileId, text: &str, part: Span, options: &Options) -> Facts {
    let mut facts = Facts::default();
    if text.len() > MAX_TEXT {
        facts.broken = Some(SyntaxError::refused(0, "a text of more than 1 GiB"));
        return facts;
    }
    facts.marks = marks(text, part);
    let mut marks = YttMarks::new(text, part);
    for chunk in yaml::split::chunks_of(text, part) {
        let documents = chunk.and_then(|chunk| yaml::parse(text, chunk.span));
        match documents {
            Err(error) => {
                facts.broken = Some(error);
                return facts;
            }
            Ok(documents) => {
                for document in documents {
                    marks.visit(&document);
                    let mut reader = Reader {
                        file,
                        text,
                        options,
                        document: &document,
                        facts: &mut facts,
                        names: None,
                        mentions: Vec::new(),
                    };
                    if let Err(error) = reader.document() {
                        facts.broken = Some(error);
                        return facts;
                    }
                }
            }
        }
    }
    facts.ytt = marks.is_program();
    join::fit(&mut facts);
    facts
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    options: &'a Options,
    document: &'a Document,
    facts: &'a mut Facts,
    /// The names that are looked for; then nothing else is read.
    names: Option<&'a std::collections::BTreeSet<String>>,
    mentions: Vec<Mention>,
}

/// The apiVersion and kind that a typed list lends to its items; a plain `List` lends nothing.
struct Lent {
    typed: Option<(SmolStr, SmolStr)>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), SyntaxError> {
        let root = self.document.root();
        let node = self.document.node(root);
        if node.kind == Kind::Scalar
            && resolve::value(self.document, self.text, root) != Ok(resolve::Value::Null)
        {
            return Err(SyntaxError::refused(
                node.span.start as usize,
                "a document of mere text, without fields",
            ));
        }
        if node.kind != Kind::Mapping {
            return Ok(());
        }
        self.object(root, Vec::new(), &[], None)
    }

    fn string(&self, mapping: NodeId, name: &str) -> Option<SmolStr> {
        let value = self.document.value(self.text, mapping, name)?;
        match resolve::value(self.document, self.text, value) {
            Ok(resolve::Value::Str(string)) => Some(string.into()),
            _ => None,
        }
    }

    /// The node at the end of a path of fields, `/` between names.
    fn at(&self, node: NodeId, path: &str) -> Option<NodeId> {
        path.split('/').try_fold(node, |at, field| self.document.value(self.text, at, field))
    }

    /// An annotation of a metadata mapping, and where its value is.
    fn annotation(&self, metadata: NodeId, name: &str) -> Option<(String, NodeId)> {
        let annotations = self.document.value(self.text, metadata, "annotations")?;
        let value = self.document.value(self.text, annotations, name)?;
        match resolve::value(self.document, self.text, value) {
            Ok(resolve::Value::Str(string)) => Some((string.into_owned(), value)),
            _ => None,
        }
    }

    /// What says that the whole object takes no part: its annotation, or a rule.
    fn ignored(&self, annotation: bool, node: NodeId, id: &Identity) -> Option<By> {
        match annotation {
            true => Some(By::Annotation),
            false => self.is_ignored_by_rule(node, id).then_some(By::Rule),
        }
    }

    /// Whether a rule of the configuration is about the whole object.
    fn is_ignored_by_rule(&self, node: NodeId, id: &Identity) -> bool {
        let rules = &self.options.rules.ignore;
        !rules.is_empty() && {
            let labels = self.labels(node);
            rules.iter().any(|rule| rule.ignores(&self.subject(id, &labels)))
        }
    }

    fn subject<'a>(&'a self, id: &'a Identity, labels: &'a [(String, String)]) -> Subject<'a> {
        Subject {
            kind: &id.kind,
            namespace: id.namespace.as_deref().or(self.options.namespace.as_deref()),
            name: &id.name,
            labels,
        }
    }

    fn labels(&self, node: NodeId) -> Vec<(String, String)> {
        let Some(labels) = self.at(node, "metadata/labels") else {
            return Vec::new();
        };
        let pair = |(key, value)| {
            let key = resolve::key(self.document, self.text, key).ok()?;
            match resolve::value(self.document, self.text, value) {
                Ok(resolve::Value::Str(value)) => Some((key.into_owned(), value.into_owned())),
                _ => None,
            }
        };
        self.document.pairs(labels).filter_map(pair).collect()
    }

    /// Whether SOPS has encrypted the object.
    fn is_sops(&self, node: NodeId) -> bool {
        self.document
            .value(self.text, node, "sops")
            .is_some_and(|sops| self.document.node(sops).kind == Kind::Mapping)
    }

    fn place(&self, node: NodeId) -> Place {
        Place { file: self.file, span: self.document.node(node).span }
    }

    fn object(
        &mut self,
        node: NodeId,
        route: Vec<Step>,
        ancestors: &[NodeId],
        lent: Option<&Lent>,
    ) -> Result<(), SyntaxError> {
        let typed = lent.and_then(|l| l.typed.as_ref());
        let kind = self.string(node, "kind").or_else(|| typed.map(|t| t.1.clone()));
        let api_version = self.string(node, "apiVersion").or_else(|| typed.map(|t| t.0.clone()));
        let (Some(kind), Some(api_version)) = (kind, api_version) else {
            return Ok(());
        };
        // kubectl takes any object with a list of `items` for a list, whatever its kind.
        if let Some(items) = self.document.field(self.text, node, "items")
            && self.document.node(self.document.target(items.value)).kind == Kind::Sequence
        {
            if lent.is_some() {
                return Err(SyntaxError::refused(
                    self.document.node(node).span.start as usize,
                    "a list inside of a list, which kubectl refuses",
                ));
            }
            let lent = kind
                .strip_suffix("List")
                .filter(|item_kind| !item_kind.is_empty() && *item_kind != "Resource")
                .map(|item_kind| (api_version, item_kind.into()));
            return self.items(node, items.value, &Lent { typed: lent });
        }
        if self.is_sops(node) {
            self.facts.encrypted = true;
        }
        self.one(node, route, ancestors, &kind, &api_version)
    }

    fn items(&mut self, list: NodeId, items: NodeId, lent: &Lent) -> Result<(), SyntaxError> {
        let sequence = self.document.target(items);
        let children: Vec<NodeId> = self.document.children(sequence).collect();
        for (i, item) in children.into_iter().enumerate() {
            // An alias in the list stays visible to the editor as an ancestor.
            let ancestors = [list, items, item];
            let target = self.document.target(item);
            if self.document.node(target).kind == Kind::Mapping {
                if let Some(path) = self.kustomization(target) {
                    self.facts.kustomizations.push(path);
                    continue;
                }
                let route = vec![Step::Field("items".into()), Step::Item(i)];
                self.object(target, route, &ancestors, Some(lent))?;
            }
        }
        Ok(())
    }

    /// The path of an item that is a kustomization, as `kustomize fn run` hands it over.
    fn kustomization(&self, item: NodeId) -> Option<String> {
        let metadata = self.document.value(self.text, item, "metadata")?;
        let path = build_notes::from_file(self, metadata)?.path;
        let name = path.rsplit('/').next().unwrap_or_default();
        FILE_NAMES.contains(&name).then_some(path)
    }

    fn one(
        &mut self,
        node: NodeId,
        route: Vec<Step>,
        ancestors: &[NodeId],
        kind: &str,
        api_version: &str,
    ) -> Result<(), SyntaxError> {
        let (group, version) = Identity::split_api_version(api_version);
        if self.names.is_some() {
            mentions::search(self, node, &route, (group, version, kind));
            return Ok(());
        }
        self.facts.object_count += 1;
        if kind == "Secret" {
            self.facts.secrets.push(self.document.node(node).span);
        }
        let provider = self.options.provider(group, kind);
        let workload = self.workload_kind(node, group, kind, provider.is_some());
        if provider.is_none() && workload.is_none() {
            return Ok(());
        }
        let metadata = self.document.value(self.text, node, "metadata");
        let annotation = |name: &str| self.annotation(metadata?, name).map(|(value, _)| value);
        if annotation("config.kubernetes.io/local-config").is_some_and(|v| v != "false") {
            return Ok(());
        }
        let is_unlisted = workload.is_some_and(kinds::WorkloadKind::is_unlisted);
        let origin = metadata.and_then(|metadata| build_notes::read(self, metadata, kind));
        let from_file = metadata
            .filter(|_| !route.is_empty())
            .and_then(|metadata| build_notes::from_file(self, metadata));
        let hook = annotation("helm.sh/hook").is_some();
        let mut id = Identity {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: None,
            name: SmolStr::default(),
        };
        let mut name_span = self.document.node(node).span;
        for field in ["namespace", "name"] {
            let Some(value) = metadata.and_then(|m| self.document.value(self.text, m, field))
            else {
                continue;
            };
            let read = resolve::value(self.document, self.text, value);
            match (field, read) {
                (_, Ok(resolve::Value::Null)) => {}
                ("name", Ok(resolve::Value::Str(name))) => {
                    id.name = name.into();
                    name_span = self.document.node(value).span;
                }
                (_, Ok(resolve::Value::Str(namespace))) => {
                    id.namespace = Some(SmolStr::from(namespace)).filter(|n| !n.is_empty());
                }
                // Of a kind without a row nothing but a note would come.
                (_, _) if is_unlisted => return Ok(()),
                (_, other) => {
                    let what = other.map_or_else(|e| e.0, |v| v.type_name());
                    let finding = Finding::new(
                        Code::InvalidObject,
                        format!("`metadata.{field}` of a {kind} is {what}, not a string"),
                    );
                    let finding = self.locate(finding, value, kind);
                    self.facts.findings.push(finding.help("put it in quotes").refusing());
                    return Ok(());
                }
            }
        }
        let mut sources =
            provider.map_or_else(Vec::new, |row| source::read(self, node, ancestors, row, &id));
        if origin.as_ref().is_some_and(|origin| origin.hashed) && id.group.is_empty() {
            for source in &mut sources {
                source.content_named = true;
            }
        }
        let templates =
            workload.map_or_else(Vec::new, |row| workload::read(self, node, ancestors, row, &id));
        let follows = Follows::read(self, node, workload);
        let delegate = kinds::delegate(group, kind).and_then(|path| self.delegate(node, path));
        let object = Object {
            id,
            place: self.place(node),
            name_span,
            document: self.document.span,
            route,
            hook,
            origin: origin.map(Box::new),
            from_file: from_file.map(Box::new),
            raw_material_of: None,
            sources: Ids::default(),
            templates: Ids::default(),
            delegate: delegate.map(Box::new),
            follows,
        };
        self.facts.add(object, sources, templates);
        Ok(())
    }

    /// The row of a kind; of a kind without one, if the object has the shape of a workload, the row
    /// that stands for all such.
    fn workload_kind(
        &self,
        node: NodeId,
        group: &str,
        kind: &str,
        provides: bool,
    ) -> Option<&'static kinds::WorkloadKind> {
        let known = self.options.workload(group, kind);
        if known.is_some() || provides || kinds::SHAPELESS.contains(&kind) {
            return known;
        }
        let any = !unknown_kinds::find(self, node).is_empty();
        any.then_some(&kinds::UNLISTED)
    }

    fn delegate(&self, node: NodeId, path: &str) -> Option<Delegate> {
        let named = self.at(node, path)?;
        let at = self.document.value(self.text, named, "name")?;
        Some(Delegate {
            kind: self.string(named, "kind")?,
            name: self.string(named, "name")?,
            at: self.document.node(at).span,
        })
    }

    /// Points a finding at a node; its line is shown unless it stands in a Secret.
    fn locate(&self, finding: Finding, node: NodeId, kind: &str) -> Finding {
        if kind == "Secret" {
            finding.at(self.place(node))
        } else {
            finding.quoting(self.place(node))
        }
    }
}

/// Looks for `#@`, the mark of a ytt program, outside of scalars.
struct YttMarks {
    marks: Vec<u32>,
}

impl YttMarks {
    fn new(text: &str, part: Span) -> Self {
        let bytes = text.as_bytes();
        let marks = memchr::memmem::find_iter(&bytes[part.range()], b"#@")
            .map(|at| at + part.start as usize)
            .filter(|&at| at == 0 || matches!(bytes[at - 1], b' ' | b'\t' | b'\n' | 0xBF))
            .map(crate::text::offset)
            .collect();
        Self { marks }
    }

    /// Drops the marks that stand inside a scalar of the document.
    fn visit(&mut self, document: &Document) {
        if self.marks.is_empty() {
            return;
        }
        for node in &document.tape.nodes {
            if node.kind == Kind::Scalar {
                self.marks.retain(|&at| at < node.span.start || at >= node.span.end);
            }
        }
    }

    fn is_program(&self) -> bool {
        !self.marks.is_empty()
    }
}
