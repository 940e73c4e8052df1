//! One kustomization file: its table of fields, and what it says of resources, patches and
//! generators.

use super::harmless::is_control;
use super::tree::{self, Tree};
use crate::finding::divergence::{FieldEffect, UnknownContent};
use crate::k8s::providers::Target;
use crate::text::Span;
use std::collections::BTreeSet;

/// What a kustomization says, as far as it matters.
#[derive(Default)]
pub(super) struct Parsed {
    /// Whether it is a Component, which acts on the one that includes it.
    pub(super) component: bool,
    /// Resources and bases, in their order.
    pub(super) resources: Vec<String>,
    /// Components, in their order.
    pub(super) components: Vec<String>,
    /// The namespace that it gives to everything.
    pub(super) namespace: Option<String>,
    /// What it generates.
    pub(super) generators: Vec<Generator>,
    /// Fields that may change any object.
    pub(super) changes: Vec<Touch>,
    /// Fields that add objects that cannot be seen here.
    pub(super) adds: Vec<Touch>,
    /// Patches.
    pub(super) patches: Vec<PatchEntry>,
    /// Replacements.
    pub(super) replacements: Vec<PatchEntry>,
}

/// A field after which objects may not be applied as their files say.
pub(super) struct Touch {
    /// What the field does.
    pub(super) effect: FieldEffect,
    /// The name of the field in the text.
    pub(super) at: Span,
}

/// A patch or a replacement as the kustomization names it.
pub(super) struct PatchEntry {
    /// The field.
    pub(super) at: Span,
    /// The file that it is in, if that is there.
    pub(super) path: Option<String>,
    /// The text, where the kustomization itself holds it.
    pub(super) text: Option<String>,
    /// What it is for.
    pub(super) target: Option<Tree>,
    /// A replacement that is written out in place.
    pub(super) inline: Option<Tree>,
}

/// What a generator does if the name is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Behavior {
    /// It must not be there.
    Create,
    /// Its keys are added, or take the place of others.
    Merge,
    /// It is replaced.
    Replace,
}

/// A ConfigMap or Secret that is generated.
pub(super) struct Generator {
    /// What it generates.
    pub(super) target: Target,
    /// The name, without a hash.
    pub(super) name: String,
    /// The namespace that the entry names.
    pub(super) namespace: Option<String>,
    /// What it does to one of the same name.
    pub(super) behavior: Behavior,
    /// Whether its name gets a hash.
    pub(super) hashed: bool,
    /// Where its content comes from.
    pub(super) parts: Vec<Part>,
    /// Why its content cannot be known.
    pub(super) unknown: Option<UnknownContent>,
    /// The field that lists it.
    pub(super) at: Span,
}

/// Where some of the content of a generator comes from.
pub(super) enum Part {
    /// It is written out.
    Literal(String, String),
    /// The whole content of a file, under a key.
    File(String, String),
    /// The lines of a file, each a key and a value.
    Env(String),
}

/// What a field means for the question whether a workload is applied as it is written.
enum Rule {
    /// Nothing: it leaves content and names alone.
    Harmless,
    /// It is read below.
    Read,
    /// It may change any object.
    Changes(FieldEffect),
    /// It adds objects that cannot be seen here.
    Adds(FieldEffect),
}

/// Every field of a kustomization (sigs.k8s.io/kustomize/api/types, `Kustomization`). One that is
/// not listed may change anything.
const FIELDS: &[(&str, Rule)] = &[
    ("apiVersion", Rule::Harmless),
    ("kind", Rule::Read),
    ("metadata", Rule::Harmless),
    ("resources", Rule::Read),
    ("bases", Rule::Read),
    ("components", Rule::Read),
    ("namespace", Rule::Read),
    ("configMapGenerator", Rule::Read),
    ("secretGenerator", Rule::Read),
    ("generatorOptions", Rule::Read),
    ("patches", Rule::Read),
    ("patchesStrategicMerge", Rule::Read),
    ("patchesJson6902", Rule::Read),
    ("replacements", Rule::Read),
    ("labels", Rule::Read),
    ("commonAnnotations", Rule::Read),
    ("commonLabels", Rule::Harmless),
    ("images", Rule::Harmless),
    ("replicas", Rule::Harmless),
    ("sortOptions", Rule::Harmless),
    ("buildMetadata", Rule::Harmless),
    ("helmGlobals", Rule::Harmless),
    ("namePrefix", Rule::Changes(FieldEffect::Renames)),
    ("nameSuffix", Rule::Changes(FieldEffect::Renames)),
    ("vars", Rule::Changes(FieldEffect::PutsValues)),
    ("transformers", Rule::Changes(FieldEffect::MayChange)),
    ("generators", Rule::Changes(FieldEffect::MayChange)),
    ("validators", Rule::Changes(FieldEffect::RunsPrograms)),
    ("configurations", Rule::Changes(FieldEffect::ChangesNamePlaces)),
    ("crds", Rule::Changes(FieldEffect::ChangesNamePlaces)),
    ("openapi", Rule::Changes(FieldEffect::ChangesMerge)),
    ("helmCharts", Rule::Adds(FieldEffect::AddsCharts)),
    ("helmChartInflationGenerator", Rule::Adds(FieldEffect::AddsCharts)),
];

/// Reads a kustomization. Nothing: it cannot be read.
pub(super) fn parse(text: &str, stamp: &str) -> Option<Parsed> {
    let mut trees = tree::read(text)?;
    if trees.len() != 1 || !matches!(trees[0], Tree::Map(_)) {
        return None;
    }
    let Tree::Map(fields) = trees.remove(0) else {
        return None;
    };
    let mut parsed = Parsed::default();
    let mut options = None;
    let mut generators = Vec::new();
    let mut bases = Vec::new();
    for (name, at, value) in fields {
        let rule = FIELDS.iter().find(|(field, _)| *field == name);
        let touch = |effect| Touch { effect, at };
        if is_empty(&value) {
            continue;
        }
        match rule.map(|(_, rule)| rule) {
            None => parsed.changes.push(touch(FieldEffect::Unknown)),
            Some(Rule::Changes(effect)) => parsed.changes.push(touch(*effect)),
            Some(Rule::Adds(effect)) => parsed.adds.push(touch(*effect)),
            Some(Rule::Harmless) => {}
            Some(Rule::Read) => match name.as_str() {
                "kind" => parsed.component = value.text() == Some("Component"),
                "resources" => parsed.resources = value.texts()?,
                "bases" => bases = value.texts()?,
                "components" => parsed.components = value.texts()?,
                "namespace" => parsed.namespace = Some(value.text()?.to_owned()),
                "generatorOptions" => options = Some(value),
                "configMapGenerator" => generators.push((Target::ConfigMap, at, value)),
                "secretGenerator" => generators.push((Target::Secret, at, value)),
                "labels" => {
                    if value.items()?.iter().any(|item| item.get("fields").is_some()) {
                        parsed.changes.push(touch(FieldEffect::WritesAnyField));
                    }
                }
                "commonAnnotations" => {
                    let mut keys = value.fields().iter().map(|(key, _, _)| key);
                    if keys.any(|key| is_control(key, stamp)) {
                        parsed.changes.push(touch(FieldEffect::SetsControlAnnotations));
                    }
                }
                "replacements" => parsed.replacements = replacements(value, at)?,
                _ => parsed.patches.extend(patches(&name, value, at)?),
            },
        }
    }
    parsed.resources.append(&mut bases);
    for (target, at, value) in generators {
        for entry in value.items()? {
            parsed.generators.push(generator(target, entry, options.as_ref(), at, stamp)?);
        }
    }
    Some(parsed)
}

/// Whether a field says as much as if it were not there.
fn is_empty(value: &Tree) -> bool {
    match value {
        Tree::Null => true,
        Tree::Text(text) => text.is_empty(),
        Tree::List(items) => items.is_empty(),
        Tree::Map(fields) => fields.is_empty(),
        _ => false,
    }
}

fn patches(field: &str, value: Tree, at: Span) -> Option<Vec<PatchEntry>> {
    let Tree::List(items) = value else {
        return None;
    };
    let entry = |item: Tree| {
        if field == "patchesStrategicMerge" {
            // A path or a patch: kustomize tries the path first.
            let text = item.text()?.to_owned();
            return Some(PatchEntry {
                at,
                path: Some(text.clone()),
                text: Some(text),
                target: None,
                inline: None,
            });
        }
        let Tree::Map(fields) = item else {
            return None;
        };
        let mut entry = PatchEntry { at, path: None, text: None, target: None, inline: None };
        for (name, _, value) in fields {
            match (name.as_str(), value) {
                (_, Tree::Null) => {}
                ("path", Tree::Text(path)) => entry.path = Some(path).filter(|p| !p.is_empty()),
                ("patch", Tree::Text(text)) => entry.text = Some(text).filter(|t| !t.is_empty()),
                ("target", target @ Tree::Map(_)) => entry.target = Some(target),
                // Options may let it change names and kinds.
                ("options", Tree::Map(fields)) if fields.is_empty() => {}
                _ => {
                    return Some(PatchEntry { path: None, text: None, ..entry });
                }
            }
        }
        Some(entry)
    };
    items.into_iter().map(entry).collect()
}

fn replacements(value: Tree, at: Span) -> Option<Vec<PatchEntry>> {
    let Tree::List(items) = value else {
        return None;
    };
    let entries = items.into_iter().map(|item| PatchEntry {
        at,
        path: item.text_of("path").map(str::to_owned),
        text: None,
        target: None,
        inline: Some(item),
    });
    Some(entries.collect())
}

fn generator(
    target: Target,
    entry: &Tree,
    global: Option<&Tree>,
    at: Span,
    stamp: &str,
) -> Option<Generator> {
    let mut generator = Generator {
        target,
        name: entry.text_of("name")?.to_owned(),
        namespace: entry.text_of("namespace").map(str::to_owned),
        behavior: match entry.get("behavior").and_then(Tree::text) {
            None | Some("" | "create" | "unspecified") => Behavior::Create,
            Some("merge") => Behavior::Merge,
            Some("replace") => Behavior::Replace,
            Some(_) => return None,
        },
        hashed: true,
        parts: Vec::new(),
        unknown: None,
        at,
    };
    for (name, _, value) in entry.fields() {
        if is_empty(value) {
            continue;
        }
        match name.as_str() {
            "name" | "namespace" | "behavior" => {}
            "literals" => {
                for literal in value.texts()? {
                    match literal.split_once('=') {
                        Some((key, value)) if !key.is_empty() => {
                            let value = without_quotes(value).to_owned();
                            generator.parts.push(Part::Literal(key.to_owned(), value));
                        }
                        _ => return None,
                    }
                }
            }
            "files" => {
                for file in value.texts()? {
                    let (key, path) = match file.split_once('=') {
                        None => (file.rsplit('/').next().unwrap_or_default(), file.as_str()),
                        Some((key, path)) => (key, path),
                    };
                    if key.is_empty() || path.is_empty() || path.contains('=') {
                        return None;
                    }
                    let part = Part::File(key.to_owned(), path.to_owned());
                    generator.parts.push(part);
                }
            }
            "envs" => generator.parts.extend(value.texts()?.into_iter().map(Part::Env)),
            "env" => generator.parts.push(Part::Env(value.text()?.to_owned())),
            "options" => generator.options(value, stamp),
            // The controller of tokens fills it.
            "type" if value.text() != Some("kubernetes.io/service-account-token") => {}
            other => generator.unknown = Some(UnknownContent::Field(other.to_owned())),
        }
    }
    if let Some(global) = global {
        generator.options(global, stamp);
    }
    Some(generator)
}

impl Generator {
    /// What the entry says wins for nothing that matters: a hash is off if either says so.
    fn options(&mut self, options: &Tree, stamp: &str) {
        for (name, _, value) in options.fields() {
            match (name.as_str(), value) {
                ("disableNameSuffixHash", Tree::Bool(off)) => self.hashed &= !off,
                ("labels" | "immutable", _) | (_, Tree::Null) => {}
                ("annotations", Tree::Map(fields))
                    if !fields.iter().any(|(key, _, _)| is_control(key, stamp)) => {}
                _ => self.unknown = Some(UnknownContent::Option(name.clone())),
            }
        }
    }
}

/// A value without the quotes around it, if the same stand at both ends.
fn without_quotes(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// What a kustomization names: front finds it.
#[derive(Default)]
pub struct Names {
    /// Resources, bases and components: files, folders or what lies elsewhere.
    pub children: Vec<String>,
    /// Files with patches; some may be the patch itself.
    pub patches: Vec<String>,
    /// Files that generators read.
    pub material: Vec<String>,
}

/// The names in the text of a kustomization. One that cannot be read may be a good one all the
/// same, to kustomize or to the program that fills in a template: whatever could be a path counts.
pub fn names(text: &str) -> Names {
    let Some(parsed) = parse(text, "") else {
        let words = text.split(|c: char| c.is_whitespace() || "\"',[]{}".contains(c));
        let words: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
        return Names {
            children: words.into_iter().map(str::to_owned).collect(),
            ..Names::default()
        };
    };
    let mut names = Names { children: parsed.resources, ..Names::default() };
    names.children.extend(parsed.components);
    let patches = parsed.patches.into_iter().chain(parsed.replacements);
    names.patches.extend(patches.filter_map(|entry| entry.path));
    for part in parsed.generators.into_iter().flat_map(|g| g.parts) {
        match part {
            Part::File(_, path) | Part::Env(path) => names.material.push(path),
            Part::Literal(..) => {}
        }
    }
    names
}

/// Where the values of generated Secrets may stand in the text.
pub(super) fn secrets(text: &str) -> Option<Span> {
    // The whole text: generators can stand anywhere in it, and nothing of it needs to be shown.
    text.contains("secretGenerator").then(|| Span::new(0, text.len()))
}
