//! One kustomization file: its table of fields, and what it says of resources, patches and
//! generators.

use super::PatchFile;
use super::harmless::is_control;
use super::patch::{self, Patch, PatchTarget};
use crate::finding::divergence::{FieldEffect, UnknownContent};
use crate::k8s::providers::Target;
use crate::patches;
use crate::text::Span;
use crate::yaml::resolve::Value;
use crate::yaml::{Cursor, strict};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What a kustomization says, as far as it matters.
#[derive(Clone, Default)]
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
    /// The field that names a stamps file of ours, and no other transformer.
    pub(super) stamps: Option<Span>,
    /// Patches.
    pub(super) patches: Vec<PatchEntry>,
    /// Replacements.
    replacements: Vec<ReplacementEntry>,
}

/// A field after which objects may not be applied as their files say.
#[derive(Clone)]
pub(super) struct Touch {
    /// What the field does.
    pub(super) effect: FieldEffect,
    /// The name of the field in the text.
    pub(super) at: Span,
}

/// A patch as the kustomization names it.
#[derive(Clone)]
pub(super) struct PatchEntry {
    /// The field.
    at: Span,
    /// The file that it is in, if that is there.
    path: Option<String>,
    /// The text, where the kustomization itself holds it.
    text: Option<String>,
    /// What it is for.
    target: Option<PatchTarget>,
}

/// A replacement as the kustomization names it.
#[derive(Clone)]
struct ReplacementEntry {
    /// The field.
    at: Span,
    /// The file that it is in.
    path: Option<String>,
    /// What it does, if it is written out in place.
    inline: Vec<Patch>,
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
#[derive(Clone)]
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
#[derive(Clone)]
pub(super) enum Part {
    /// It is written out.
    Literal(String, String),
    /// The whole content of a file, under a key.
    File(String, String),
    /// The lines of a file, each a key and a value.
    Env(String),
}

/// What a field means for the question whether a workload is applied as it is written.
pub(super) enum Rule {
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
    ("transformers", Rule::Read),
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
    let documents = strict::documents(text)?;
    let [document] = documents.as_slice() else {
        return None;
    };
    let root = Cursor::root(document, text);
    if !root.is_mapping() {
        return None;
    }
    let mut parsed = Parsed::default();
    let mut options = None;
    let mut generators = Vec::new();
    let mut bases = Vec::new();
    for (name, at, value) in fields(root, FIELDS.iter().map(|(field, _)| *field))? {
        let rule = FIELDS.iter().find(|(field, _)| *field == name);
        let touch = |effect| Touch { effect, at };
        if is_empty(value) {
            continue;
        }
        match rule.map(|(_, rule)| rule) {
            None => parsed.changes.push(touch(FieldEffect::Unknown)),
            Some(Rule::Changes(effect)) => parsed.changes.push(touch(*effect)),
            Some(Rule::Adds(effect)) => parsed.adds.push(touch(*effect)),
            Some(Rule::Harmless) => {}
            Some(Rule::Read) => match name.as_ref() {
                "transformers" => match value.all_texts().as_deref() {
                    Some([only]) if only.trim_start_matches("./") == patches::FILE_NAME => {
                        parsed.stamps = Some(at);
                    }
                    _ => parsed.changes.push(touch(FieldEffect::MayChange)),
                },
                "kind" => parsed.component = value.str().as_deref() == Some("Component"),
                "resources" => parsed.resources = value.all_texts()?,
                "bases" => bases = value.all_texts()?,
                "components" => parsed.components = value.all_texts()?,
                "namespace" => parsed.namespace = Some(value.str()?.into_owned()),
                "generatorOptions" => options = Some(value),
                "configMapGenerator" => generators.push((Target::ConfigMap, at, value)),
                "secretGenerator" => generators.push((Target::Secret, at, value)),
                "labels" => {
                    let items = value.all_items()?.into_iter();
                    let items: Vec<_> =
                        items.map(|item| fields(item, ["fields"])).collect::<Option<_>>()?;
                    if items.iter().flatten().any(|(name, _, _)| name == "fields") {
                        parsed.changes.push(touch(FieldEffect::WritesAnyField));
                    }
                }
                "commonAnnotations" => {
                    if has_control_keys(value, stamp) {
                        parsed.changes.push(touch(FieldEffect::SetsControlAnnotations));
                    }
                }
                "replacements" => parsed.replacements = replacements(value, at, stamp)?,
                _ => parsed.patches.extend(patch_entries(&name, value, at)?),
            },
        }
    }
    parsed.resources.append(&mut bases);
    for (target, at, value) in generators {
        for entry in value.all_items()? {
            parsed.generators.push(generator(target, entry, options, at, stamp)?);
        }
    }
    Some(parsed)
}

/// The fields of a mapping. Those that are `known` have their usual spelling: kustomize takes a name in
/// upper or lower case for the same one (Go encoding/json). Nothing, if one of them stands twice.
pub(super) fn fields<'a, 'k>(
    mapping: Cursor<'a>,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<Vec<(String, Span, Cursor<'a>)>> {
    let known: Vec<&str> = known.into_iter().collect();
    let mut found: Vec<(String, Span, Cursor<'a>)> = Vec::new();
    for (key, value) in mapping.pairs() {
        let name = key.key().ok()?;
        let usual = known.iter().find(|known| folded(known) == folded(&name));
        let name = usual.map_or_else(|| name.clone().into_owned(), |usual| (*usual).to_owned());
        if found.iter().any(|(other, _, _)| *other == name) {
            return None;
        }
        found.push((name, key.span(), value.target()));
    }
    Some(found)
}

/// A name as Go compares it: `\u{17F}` is an s, and `\u{212A}` a k.
fn folded(name: &str) -> String {
    name.chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == '\u{17F}' { 's' } else { c })
        .collect()
}

/// The fields of a generator.
const GENERATOR: &[&str] =
    &["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];

/// The fields of its options.
const OPTIONS: &[&str] = &["disableNameSuffixHash", "labels", "annotations", "immutable"];

/// Whether a field says as much as if it were not there.
pub(super) fn is_empty(value: Cursor<'_>) -> bool {
    match value.is_mapping() || value.is_sequence() {
        true => value.children().next().is_none(),
        false => value.is_null() || value.str().is_some_and(|text| text.is_empty()),
    }
}

/// Whether a mapping of annotations has one that means something to kustomize, to Helm or to us.
pub(super) fn has_control_keys(annotations: Cursor<'_>, stamp: &str) -> bool {
    annotations.pairs().any(|(key, _)| key.key().is_ok_and(|key| is_control(&key, stamp)))
}

/// The patches in a field.
pub(super) fn patch_entries(field: &str, value: Cursor<'_>, at: Span) -> Option<Vec<PatchEntry>> {
    let one = |item: Cursor<'_>| match field {
        // A path or a patch: kustomize tries the path first.
        "patchesStrategicMerge" => {
            let text = item.str()?.into_owned();
            Some(PatchEntry { at, path: Some(text.clone()), text: Some(text), target: None })
        }
        _ => item.is_mapping().then(|| patch_entry(item, at)),
    };
    value.is_sequence().then(|| value.items().map(one).collect())?
}

fn patch_entry(item: Cursor<'_>, at: Span) -> PatchEntry {
    let filled = |text: Cow<'_, str>| Some(text.into_owned()).filter(|text| !text.is_empty());
    let mut entry = PatchEntry { at, path: None, text: None, target: None };
    for (key, value) in item.pairs() {
        let (name, value) = (key.key().unwrap_or_default(), value.target());
        match (name.as_ref(), value.str()) {
            _ if value.is_null() => {}
            ("path", Some(path)) => entry.path = filled(path),
            ("patch", Some(text)) => entry.text = filled(text),
            ("target", None) if value.is_mapping() => entry.target = Some(PatchTarget::read(value)),
            // Options may let it change names and kinds.
            ("options", None) if value.is_mapping() && is_empty(value) => {}
            _ => return PatchEntry { path: None, text: None, ..entry },
        }
    }
    entry
}

fn replacements(value: Cursor<'_>, at: Span, stamp: &str) -> Option<Vec<ReplacementEntry>> {
    let one = |item: Cursor<'_>| ReplacementEntry {
        at,
        path: item.filled("path").map(String::from),
        inline: patch::replacements(item, at, stamp),
    };
    value.is_sequence().then(|| value.items().map(one).collect())
}

impl Parsed {
    /// The patches and replacements, from the text of the kustomization and from the files among
    /// `found`.
    pub(super) fn all_patches(
        &self,
        found: &BTreeMap<String, PatchFile>,
        stamp: &str,
    ) -> Vec<Patch> {
        let file = |path: &Option<String>| found.get(path.as_ref()?);
        let mut patches = Vec::new();
        for entry in &self.patches {
            let text = file(&entry.path).map(|file| file.text.as_str());
            match text.or(entry.text.as_deref()) {
                Some(text) => {
                    patches.extend(patch::read(text, entry.target.as_ref(), entry.at, stamp));
                }
                None => patches.push(Patch::unknown(entry.at)),
            }
        }
        for entry in &self.replacements {
            match file(&entry.path) {
                Some(file) => patches.extend(replacements_of(file, entry.at, stamp)),
                None if entry.path.is_none() => patches.extend_from_slice(&entry.inline),
                None => patches.push(Patch::unknown(entry.at)),
            }
        }
        patches
    }
}

/// The replacements of a file, which holds one or a list of them.
fn replacements_of(file: &PatchFile, at: Span, stamp: &str) -> Vec<Patch> {
    let documents = strict::documents(&file.text).unwrap_or_default();
    if documents.is_empty() {
        return vec![Patch::unknown(at)];
    }
    let roots = documents.iter().map(|document| Cursor::root(document, &file.text));
    let each = roots.flat_map(|root| match root.is_sequence() {
        true => root.items().collect(),
        false => vec![root],
    });
    each.flat_map(|one| patch::replacements(one, at, stamp)).collect()
}

fn generator(
    target: Target,
    entry: Cursor<'_>,
    global: Option<Cursor<'_>>,
    at: Span,
    stamp: &str,
) -> Option<Generator> {
    let entry = fields(entry, GENERATOR.iter().copied())?;
    let text = |name: &str| {
        let found = entry.iter().find(|(field, _, _)| field == name);
        found.and_then(|(_, _, value)| value.str()).filter(|text| !text.is_empty())
    };
    let mut generator = Generator {
        target,
        name: text("name")?.into(),
        namespace: text("namespace").map(String::from),
        behavior: match text("behavior").as_deref() {
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
    for (name, _, value) in &entry {
        let value = *value;
        if is_empty(value) {
            continue;
        }
        match name.as_str() {
            "name" | "namespace" | "behavior" => {}
            "literals" => {
                for literal in value.all_texts()? {
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
                for file in value.all_texts()? {
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
            "envs" => generator.parts.extend(value.all_texts()?.into_iter().map(Part::Env)),
            "env" => generator.parts.push(Part::Env(value.str()?.into_owned())),
            "options" => generator.options(value, stamp)?,
            // The controller of tokens fills it.
            "type" if value.str().as_deref() != Some("kubernetes.io/service-account-token") => {}
            other => generator.unknown = Some(UnknownContent::Field(other.to_owned())),
        }
    }
    if let Some(global) = global {
        generator.options(global, stamp)?;
    }
    Some(generator)
}

impl Generator {
    /// What the entry says wins for nothing that matters: a hash is off if either says so. Nothing, if a
    /// field stands twice.
    fn options(&mut self, options: Cursor<'_>, stamp: &str) -> Option<()> {
        for (name, _, value) in fields(options, OPTIONS.iter().copied())? {
            match (name.as_str(), value.value()) {
                ("disableNameSuffixHash", Ok(Value::Bool(off))) => self.hashed &= !off,
                ("labels" | "immutable", _) | (_, Ok(Value::Null)) => {}
                ("annotations", _) if value.is_mapping() && !has_control_keys(value, stamp) => {}
                _ => self.unknown = Some(UnknownContent::Option(name)),
            }
        }
        Some(())
    }
}

/// A value without the quotes around it, if the same stand at both ends.
fn without_quotes(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// What a kustomization names: front finds it.
#[derive(Default)]
pub struct NamedFiles {
    /// Resources, bases and components: files, folders or what lies elsewhere.
    pub children: Vec<String>,
    /// Files with patches; some may be the patch itself.
    pub patches: Vec<String>,
    /// Files that generators read, and the stamps file of ours.
    pub material: Vec<String>,
    /// Whether it is a Component, which acts on the one that includes it.
    pub is_component: bool,
    /// Whether a field may name what lies elsewhere, beside what is included.
    pub reads_elsewhere: bool,
}

/// The names in the text of a kustomization. One that cannot be read may be a good one all the
/// same, to kustomize or to the program that fills in a template: whatever could be a path counts.
pub fn names(text: &str) -> NamedFiles {
    let Some(parsed) = parse(text, "") else {
        let words = text.split(|c: char| c.is_whitespace() || "\"',[]{}".contains(c));
        let words: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
        return NamedFiles {
            children: words.into_iter().map(str::to_owned).collect(),
            reads_elsewhere: true,
            ..NamedFiles::default()
        };
    };
    let stays_here =
        |touch: &Touch| matches!(touch.effect, FieldEffect::Renames | FieldEffect::PutsValues);
    let mut names = NamedFiles {
        children: parsed.resources,
        is_component: parsed.component,
        reads_elsewhere: !parsed.adds.is_empty() || !parsed.changes.iter().all(stays_here),
        ..NamedFiles::default()
    };
    names.material.extend(parsed.stamps.map(|_| patches::FILE_NAME.to_owned()));
    names.children.extend(parsed.components);
    names.patches.extend(parsed.patches.into_iter().filter_map(|entry| entry.path));
    names.patches.extend(parsed.replacements.into_iter().filter_map(|entry| entry.path));
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
