//! Turns one text into facts: its objects, the sources that they provide, the keys that they read, and the
//! place for a stamp.
//!
//! Only this stage sees values; it passes them on as digests. The tape of a document is dropped when its
//! facts are known.

mod arenas;
mod hash_suffix;
mod ids;
mod unreadable;
mod manifests;
mod api_limits;
mod join;
mod label_uses;
mod fillers;
mod foreign;
mod mentions;
mod indirect_object;
mod neighbour;
mod objects;
mod own_suffix;
mod build_notes;
mod carried;
mod references;
mod rollout;
mod released;
mod sidecars;
mod unknown_kinds;
mod source;
mod site_label;
mod values_from;
mod ytt;
mod workload;

pub use arenas::Arenas;
pub use build_notes::{FromFile, NEEDS_HASH_SUFFIX, Origin};
pub use carried::{ALSO, AddedSource, ReadAnnotations, STAMP};
pub use fillers::Maker;
pub use foreign::{Checksum, FOREIGN, Marks, Rendered};
pub use ids::{Id, Ids, MentionId, ObjectId, ReferenceId, SourceId, TemplateId};
pub use indirect_object::IndirectObject;
pub use join::{Joining, join};
pub use label_uses::LabelUse;
pub use manifests::{File, Manifests};
pub use mentions::{Meaning, Mention, mentions, words};
pub use neighbour::Neighbour;
pub use own_suffix::{FROZEN, FollowsRenames, ImmutableField, Naming};
pub use references::{Keys, Reference, UnknownName};
pub use rollout::{Foreseen, KnownText, KnownTextKind, RolloutFacts};
pub use sidecars::{Sidecar, Watched};
pub use site_label::{Grounds, Mount, SiteLabel};
pub use source::{Entry, Flaw, Malformed, Source};
pub use unreadable::{UnreadableText, may_hold_objects};
pub use values_from::{ValuesReader, ValuesReference};
pub use workload::Template;
pub(crate) use workload::refused;

use crate::config::options::Options;
use crate::config::policy::RuleSubject;
use crate::finding::silence::{Mark, marks};
use crate::finding::{Code, Finding};
use crate::k8s::TableRow;
use crate::k8s::id::Identity;
use crate::k8s::indirect::{ARTIFACT_GROUP, SOURCE_GROUP};
use crate::k8s::kinds;
use crate::text::{FileId, MAX_TEXT, Place, Span};
use crate::yaml::path::Route;
use crate::yaml::resolve::Value;
use crate::yaml::{self, Cursor, SyntaxError};
use objects::{DocumentItem, ObjectNode};
use smol_str::SmolStr;
use source::Provided;
use ytt::YttMarks;

/// Who says that an object or a key is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoredBy {
    /// A control annotation.
    Annotation,
    /// The configuration.
    Rule,
}

/// The facts of one text.
#[derive(Default)]
pub struct Facts {
    /// A finding that is reported only if more documents follow.
    pub said_if_more: Option<Box<Finding>>,
    /// Whether the text has any document.
    pub has_documents: bool,
    /// The objects that provide or read something, with their sources and references.
    pub arenas: Arenas,
    /// The objects that affect how the pods of other workloads are replaced: budgets, autoscalers, claims.
    pub neighbours: Vec<Neighbour>,
    /// The objects that take values from ConfigMaps and Secrets without being workloads.
    pub values_readers: Vec<ValuesReader>,
    /// The places that may select pods by a version label; filled only if such labels may be removed.
    pub label_uses: Vec<LabelUse>,
    /// The objects because of which a program in the cluster creates sources.
    pub makers: Vec<Maker>,
    /// The number of Kubernetes objects, including those without facts.
    pub object_count: usize,
    /// The objects whose controllers create or change other objects in the cluster.
    pub indirect: Vec<IndirectObject>,
    /// Whether an object defines a repository from which Flux takes folders.
    pub names_repository: bool,
    /// The namespaces that an object defines, and whether a Reloader that is followed watches them by their
    /// labels.
    pub namespaces: Vec<(SmolStr, bool)>,
    /// The kustomizations in a list, by their paths; empty when the text is read.
    pub kustomizations: Vec<String>,
    /// Problems of the text itself.
    pub findings: Vec<Finding>,
    /// Problems that an apply of the objects would have; not reported for files below a kustomization.
    pub hints: Vec<Finding>,
    /// The reason why the text cannot be read to its end; the part before it does not count.
    pub broken: Option<SyntaxError>,
    /// Whether the text has a `sops` mapping; such a file is never written.
    pub encrypted: bool,
    /// Whether `#@` comments make it a ytt program.
    pub ytt: bool,
    /// Whether it could not be read, so that it has no facts.
    pub unread: bool,
    /// The class of a text that cannot be read.
    pub looks: UnreadableText,
    /// The comments that silence findings.
    pub marks: Vec<Mark>,
    /// The bytes of every Secret, which no report may quote.
    pub secrets: Vec<Span>,
}

/// A Kubernetes object that provides or reads something.
pub struct Object {
    /// The identity of the object.
    pub id: Identity,
    /// The bytes of the object in its file.
    pub place: Place,
    /// Where its name is written.
    pub name_span: Span,
    /// The document that it is in.
    pub document: Span,
    /// The path from the root of the document to it: empty, or an item of a list.
    pub route: Route,
    /// Whether Helm runs it as a hook.
    pub hook: bool,
    /// Whether an upgrade of Helm applies it: true for all objects except hooks of other events.
    pub upgraded: bool,
    /// Its chart and template, if Helm rendered it.
    pub rendered: Option<Box<Rendered>>,
    /// How it got its name, inside a kustomize build.
    pub origin: Option<Box<Origin>>,
    /// The file from which the caller of a function read it.
    pub from_file: Option<Box<FromFile>>,
    /// Its sources.
    pub sources: Ids<SourceId>,
    /// Its pod templates with their references.
    pub templates: Ids<TemplateId>,
    /// The workload whose pod template it uses instead.
    pub delegate: Option<Box<Delegate>>,
    /// Whether its references can follow a source that gets another name.
    pub follows: FollowsRenames,
    /// The namespace in which a program creates its pods, if it differs from the namespace of the object.
    pub pods_namespace: Option<Box<str>>,
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

/// On a source or a workload: rollstamp ignores it.
pub const IGNORE: &str = "rollstamp.dev/ignore";
/// On a source: rollstamp ignores these keys.
pub const IGNORE_KEYS: &str = "rollstamp.dev/ignore-keys";
/// On a workload: rollstamp ignores these sources.
pub const IGNORE_SOURCES: &str = "rollstamp.dev/ignore-sources";
/// On a source: the way to roll pods, `annotation` or `suffix`. On a workload: whether its references
/// follow a source that is renamed.
pub const MODE: &str = "rollstamp.dev/mode";
/// On a source with a suffix of rollstamp: its name without the suffix.
pub const BASE_NAME: &str = "rollstamp.dev/base-name";
/// On a workload: the program reads the files of these volumes again when they change.
pub const LIVE: &str = "rollstamp.dev/live";

/// The names in a control annotation: `a, b`.
fn names_in(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

impl Facts {
    /// These facts with this number as the number of their file.
    #[must_use]
    pub fn in_file(mut self, file: FileId) -> Self {
        let findings = self.findings.iter_mut().chain(&mut self.hints);
        let places = findings.flat_map(|finding| {
            let related = finding.related.iter_mut().map(|(place, _)| place);
            finding.place.iter_mut().chain(related)
        });
        let places = places.chain(self.arenas.objects.iter_mut().map(|object| &mut object.place));
        places.for_each(|place| place.file = file);
        self
    }

    /// Marks the objects of files below a kustomization in the list: kustomize builds other objects from
    /// them.
    fn find_raw_material(&mut self) {
        let kustomizations = std::mem::take(&mut self.kustomizations);
        for object in &mut self.arenas.objects {
            let Some(from) = &mut object.from_file else {
                continue;
            };
            let is_above = |kustomization: &&String| {
                let folder = kustomization.rfind('/').map_or(0, |end| end + 1);
                from.path.starts_with(&kustomization[..folder])
            };
            from.kustomization = kustomizations.iter().find(is_above).cloned();
        }
    }
}

impl Object {
    /// The path of the kustomization above its file, in the list of a function: kustomize builds another
    /// object from it.
    pub fn raw_material_of(&self) -> Option<&str> {
        self.from_file.as_ref()?.kustomization.as_deref()
    }

    /// Where its name is written.
    pub fn place_of_name(&self) -> Place {
        Place { file: self.place.file, span: self.name_span }
    }

    /// The namespace in which its pods run, as far as it is written in the object.
    pub fn namespace_of_pods(&self) -> Option<&str> {
        self.pods_namespace.as_deref().or(self.id.namespace.as_deref())
    }

    /// A finding about the object, at its name.
    pub fn finding(&self, code: Code, message: impl Into<String>) -> Finding {
        Finding::new(code, message).about(self.id.to_string()).at(self.place_of_name())
    }

    /// A finding about the object, at a place in its text whose line may be shown: never one that can hold
    /// a value of a Secret.
    pub fn finding_at(&self, code: Code, span: Span, message: impl Into<String>) -> Finding {
        let place = Place { file: self.place.file, span };
        Finding::new(code, message).about(self.id.to_string()).quoting(place)
    }
}

/// The size from which on a text is cut into parts, in bytes.
pub const PART: usize = 256 << 10;

/// The parts of a text that can be read in parallel; their facts are [`join`]ed in this order.
pub fn parts(text: &str) -> Vec<Span> {
    if text.len() > MAX_TEXT {
        return vec![Span { start: 0, end: 0 }];
    }
    yaml::split::parts(text, PART)
}

/// Reads a text.
pub fn extract(file: FileId, text: &str, options: &Options) -> Facts {
    let parts = parts(text).into_iter();
    let facts = join(parts.map(|part| extract_part(file, Part::of(text, part), options)));
    facts.seen(text, &options.annotation)
}

/// A part of a text that is read separately.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The text, or a segment of it.
    pub text: &'a str,
    /// The part of `text`.
    pub span: Span,
    /// The offset of `text` in its file, in bytes: all places count from the beginning of the file.
    pub base: u32,
}

impl<'a> Part<'a> {
    /// One of the [`parts`] of a whole text.
    pub fn of(text: &'a str, span: Span) -> Self {
        Self { text, span, base: 0 }
    }
}

/// Reads a part of a text.
pub fn extract_part(file: FileId, part: Part<'_>, options: &Options) -> Facts {
    let Part { text, span: part, base } = part;
    let mut facts = Facts::default();
    if text.len() > MAX_TEXT {
        facts.broken = Some(SyntaxError::refused(0, "a text of more than 1 GiB"));
        return facts;
    }
    facts.marks = marks(text, part, base);
    let mut marks = YttMarks::new(text, part, &options.annotation);
    let is_first = base == 0 && part.start == 0;
    let mut braced = unreadable::JsonGuess::default();
    for chunk in yaml::split::chunks_of(text, part) {
        let documents = match chunk.and_then(|chunk| yaml::parse(text, chunk.span)) {
            Ok(documents) => documents,
            Err(error) => {
                facts.broken = Some(SyntaxError { at: error.at + base, ..error });
                return facts;
            }
        };
        facts.has_documents |= !documents.is_empty();
        if is_first {
            braced.see(&documents, text);
        }
        for mut document in documents {
            document.base = base;
            marks.visit(&document);
            let mut reader = Reader { file, options, facts: &mut facts };
            let read = objects::each(Cursor::root(&document, text), |found| match found {
                DocumentItem::Object(object) => reader.object(&object),
                DocumentItem::Kustomization(path) => reader.facts.kustomizations.push(path),
            });
            if let Err(error) = read {
                facts.broken = Some(error);
                return facts;
            }
        }
    }
    braced.say(file, &mut facts);
    facts.ytt = marks.is_program();
    facts.arenas.shrink_to_fit();
    facts
}

/// An annotation of a metadata mapping, and its value.
fn annotation<'a>(metadata: Cursor<'a>, name: &str) -> Option<(String, Cursor<'a>)> {
    text_of(metadata.get("annotations")?, name)
}

/// A string in a mapping of annotations, and its value.
fn text_of<'a>(annotations: Cursor<'a>, name: &str) -> Option<(String, Cursor<'a>)> {
    let value = annotations.get(name)?;
    Some((value.str()?.into_owned(), value))
}

/// Whether `config.kubernetes.io/local-config` excludes an object from an apply.
fn is_local(metadata: Cursor<'_>) -> bool {
    let local = annotation(metadata, "config.kubernetes.io/local-config");
    local.is_some_and(|(value, _)| value != "false")
}

/// The labels of an object.
fn labels(object: Cursor<'_>) -> Vec<(String, String)> {
    let labels = object.at(["metadata", "labels"]).into_iter().flat_map(Cursor::pairs);
    labels
        .filter_map(|(key, value)| Some((key.key().ok()?.into_owned(), value.str()?.into_owned())))
        .collect()
}

/// Whether SOPS has encrypted an object.
fn is_sops(object: Cursor<'_>) -> bool {
    object.get("sops").is_some_and(Cursor::is_mapping)
}

/// A string in the metadata of an object. Null and absent give `None`; any other value gives the node and
/// its type.
fn metadata_string<'a>(
    metadata: Option<Cursor<'a>>,
    field: &str,
) -> Result<Option<(SmolStr, Cursor<'a>)>, (Cursor<'a>, &'static str)> {
    let Some(at) = metadata.and_then(|metadata| metadata.get(field)) else {
        return Ok(None);
    };
    match at.value() {
        Ok(Value::Str(text)) => Ok(Some((text.into(), at))),
        Ok(Value::Null) => Ok(None),
        Ok(other) => Err((at, other.type_name())),
        Err(error) => Err((at, error.0)),
    }
}

/// Reads the objects of a text into its facts.
struct Reader<'a> {
    file: FileId,
    options: &'a Options,
    facts: &'a mut Facts,
}

impl Reader<'_> {
    /// Whether the whole object is ignored, and by what: its annotation, or a rule.
    fn ignored(&self, annotation: bool, object: Cursor<'_>, id: &Identity) -> Option<IgnoredBy> {
        match annotation {
            true => Some(IgnoredBy::Annotation),
            false => self.is_ignored_by_rule(object, id).then_some(IgnoredBy::Rule),
        }
    }

    /// Whether a rule of the configuration ignores the whole object.
    fn is_ignored_by_rule(&self, object: Cursor<'_>, id: &Identity) -> bool {
        let rules = &self.options.rules.ignore;
        !rules.is_empty() && {
            let labels = labels(object);
            rules.iter().any(|rule| rule.ignores(&self.subject(id, &labels)))
        }
    }

    fn subject<'a>(&'a self, id: &'a Identity, labels: &'a [(String, String)]) -> RuleSubject<'a> {
        RuleSubject {
            kind: &id.kind,
            namespace: id.namespace.as_deref().or(self.options.namespace.as_deref()),
            name: &id.name,
            labels,
        }
    }

    fn place(&self, node: Cursor<'_>) -> Place {
        Place { file: self.file, span: node.span() }
    }

    /// Sets the place of a finding; its line is shown unless it is in an object of the kind Secret.
    fn locate(&self, finding: Finding, span: Span, kind: &str) -> Finding {
        let place = Place { file: self.file, span };
        match kind {
            "Secret" => finding.at(place),
            _ => finding.quoting(place),
        }
    }

    /// Reads an object that provides or reads something.
    fn object(&mut self, object: &ObjectNode<'_>) {
        let node = object.node;
        let kind = object.kind.as_str();
        let (group, version) = Identity::split_api_version(&object.api_version);
        self.facts.encrypted |= is_sops(node);
        self.facts.object_count += 1;
        self.facts.names_repository |= [SOURCE_GROUP, ARTIFACT_GROUP].contains(&group);
        if kind == "SealedSecret" {
            // The template is plain text that becomes part of a Secret.
            let template = ["spec", "template", "data"];
            let at = template.iter().try_fold(node, |at, field| at.get(field));
            self.facts.secrets.extend(at.map(Cursor::span));
        }
        if kind == "Secret" {
            self.facts.secrets.push(node.span());
        }
        let metadata = node.get("metadata");
        if metadata.is_some_and(is_local) {
            return;
        }
        self.facts.indirect.extend(IndirectObject::of(object));
        let makers = Maker::of(self, object);
        self.facts.makers.extend(makers);
        if self.options.looks_for_label_uses() {
            label_uses::find(self, object);
        }
        let provider = self.options.provider(group, kind);
        let workload = self.workload_kind(node, group, kind, provider.is_some());
        let released = released::rows(self.options, node, group, kind);
        if provider.is_none() && workload.is_none() {
            carried::in_values(self, object);
            if (group, kind) == ("", "Namespace") {
                let told = carried::of_namespace(self, node);
                self.facts.namespaces.extend(told);
            }
            self.facts.neighbours.extend(Neighbour::of(object));
            self.facts.values_readers.extend(ValuesReader::of(object));
            if released.is_empty() {
                return;
            }
        }
        let wrong = |field, (at, what)| (field, at, what);
        let (namespace, name) = match (
            metadata_string(metadata, "namespace").map_err(|e| wrong("namespace", e)),
            metadata_string(metadata, "name").map_err(|e| wrong("name", e)),
        ) {
            (Ok(namespace), Ok(name)) => (namespace, name),
            // An object of an unknown kind would only give a note.
            _ if released.is_empty() && workload.is_some_and(|row| row.is_unlisted()) => return,
            (Err((field, at, what)), _) | (_, Err((field, at, what))) => {
                let message = format!("`metadata.{field}` of a {kind} is {what}, not a string");
                let finding = Finding::new(Code::InvalidObject, message);
                let finding =
                    self.locate(finding, at.span(), kind).help("put it in quotes").refusing();
                self.facts.findings.push(finding);
                return;
            }
        };
        let id = Identity {
            group: group.into(),
            version: version.into(),
            kind: object.kind.clone(),
            namespace: namespace.map(|(text, _)| text).filter(|text| !text.is_empty()),
            name: name.as_ref().map(|(text, _)| text.clone()).unwrap_or_default(),
        };
        let origin = metadata.and_then(|metadata| build_notes::read(metadata, kind));
        let mut sources = match provider {
            Some(row) => {
                let ancestors = object.ancestors();
                source::read(self, Provided { node, ancestors, row, id: &id })
            }
            None => Vec::new(),
        };
        if origin.as_ref().is_some_and(|origin| origin.hashed) && id.group.is_empty() {
            for source in &mut sources {
                source.content_named = true;
            }
        }
        let reads = workload.is_some() || !released.is_empty();
        let mut templates = match workload {
            Some(row) => workload::read(self, object, &row, &id),
            None => Vec::new(),
        };
        for row in &released {
            templates.extend(released::read(self, object, row, &id));
        }
        let pods_namespace = released.first().and_then(|_| released::namespace(node, group, kind));
        let from_file = metadata.filter(|_| !object.route.is_empty());
        let delegate = kinds::delegate(group, kind).and_then(|field| delegate(node, field));
        let follows = FollowsRenames::read(self, metadata.filter(|_| reads));
        let hook = metadata.and_then(|metadata| annotation(metadata, "helm.sh/hook"));
        let object = Object {
            id,
            place: self.place(node),
            name_span: name.map_or(node, |(_, at)| at).span(),
            document: node.document_span(),
            route: object.route.clone(),
            hook: hook.is_some(),
            upgraded: hook.is_none_or(|(hooks, _)| foreign::is_of_upgrade(&hooks)),
            rendered: Rendered::of(node).map(Box::new),
            origin: origin.map(Box::new),
            from_file: from_file.and_then(build_notes::from_file).map(Box::new),
            sources: Ids::default(),
            templates: Ids::default(),
            delegate: delegate.map(Box::new),
            follows,
            pods_namespace: pods_namespace.map(|name| name.as_str().into()),
        };
        self.facts.arenas.add(object, sources, templates);
    }

    /// The row of a kind. An object of a kind without a row, but with the shape of a workload, gets the row
    /// for all such kinds.
    fn workload_kind(
        &self,
        object: Cursor<'_>,
        group: &str,
        kind: &str,
        provides: bool,
    ) -> Option<TableRow<kinds::WorkloadKind>> {
        let known = self.options.workload(group, kind);
        if known.is_some() || provides || kinds::SHAPELESS.contains(&kind) {
            return known;
        }
        let any = !unknown_kinds::find(object).is_empty();
        any.then_some(TableRow::BuiltIn(&kinds::UNLISTED))
    }
}

fn delegate(object: Cursor<'_>, field: &str) -> Option<Delegate> {
    let named = object.at(["spec", field])?;
    let at = named.get("name")?;
    Some(Delegate { kind: named.string("kind")?, name: at.str()?.into(), at: at.span() })
}
