//! Reads one kustomization file: the table of its fields, and its resources, patches and
//! generators.

use super::fields::{
    KustomizationField, UnreadableKustomization, fields, has_control_keys, is_empty,
};
use super::generator::{self, Generator, GeneratorPart};
use super::material::PatchFile;
use super::patch::{self, Patch, PatchTarget};
use crate::finding::divergence::{FieldEffect, NotRead};
use crate::k8s::providers::Target;
use crate::patches;
use crate::text::Span;
use crate::yaml::{Cursor, strict};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The fields of a kustomization that matter here.
#[derive(Clone, Default)]
pub(super) struct ParsedKustomization {
    /// Whether it is a Component, which changes the kustomization that includes it.
    pub(super) component: bool,
    /// Resources and bases, in their order.
    pub(super) resources: Vec<String>,
    /// Components, in their order.
    pub(super) components: Vec<String>,
    /// The namespace that it sets on all objects.
    pub(super) namespace: Option<String>,
    /// Its generators.
    pub(super) generators: Vec<Generator>,
    /// Fields that may change any object.
    pub(super) changes: Vec<PlacedEffect>,
    /// Fields that add objects which are not known without a build.
    pub(super) adds: Vec<PlacedEffect>,
    /// The field that names a stamps file of rollstamp, and no other transformer.
    pub(super) stamps: Option<Span>,
    /// The labels that it sets on all objects.
    pub(super) labels: Vec<(String, Span)>,
    /// Patches.
    pub(super) patches: Vec<PatchEntry>,
    /// Replacements.
    replacements: Vec<ReplacementEntry>,
}

/// A field because of which objects may be applied otherwise than their files say.
#[derive(Clone)]
pub(super) struct PlacedEffect {
    /// The effect of the field.
    pub(super) effect: FieldEffect,
    /// The name of the field in the text.
    pub(super) at: Span,
}

/// A patch as the kustomization names it.
#[derive(Clone)]
pub(super) struct PatchEntry {
    /// The field.
    at: Span,
    /// Its file, if the file exists.
    path: Option<String>,
    /// The text, if the kustomization itself holds it.
    text: Option<String>,
    /// Its target.
    target: Option<PatchTarget>,
}

/// A replacement as the kustomization names it.
#[derive(Clone)]
struct ReplacementEntry {
    /// The field.
    at: Span,
    /// Its file.
    path: Option<String>,
    /// Its effect, if it is written in the kustomization.
    inline: Vec<Patch>,
}

/// The effect of a field on whether a workload is applied as it is written.
pub(super) enum FieldRule {
    /// The field does not change content or names.
    Harmless,
    /// The field is read by [`parse`].
    Read,
    /// The field may change any object.
    Changes(FieldEffect),
    /// The field adds objects which are not known without a build.
    Adds(FieldEffect),
}

/// Every field of a kustomization (sigs.k8s.io/kustomize/api/types, `Kustomization`). A field that
/// is not listed may change anything.
const FIELDS: &[(&str, FieldRule)] = &[
    ("apiVersion", FieldRule::Harmless),
    ("kind", FieldRule::Read),
    ("metadata", FieldRule::Harmless),
    ("resources", FieldRule::Read),
    ("bases", FieldRule::Read),
    ("components", FieldRule::Read),
    ("namespace", FieldRule::Read),
    ("configMapGenerator", FieldRule::Read),
    ("secretGenerator", FieldRule::Read),
    ("generatorOptions", FieldRule::Read),
    ("patches", FieldRule::Read),
    ("patchesStrategicMerge", FieldRule::Read),
    ("patchesJson6902", FieldRule::Read),
    ("replacements", FieldRule::Read),
    ("labels", FieldRule::Read),
    ("commonAnnotations", FieldRule::Read),
    ("commonLabels", FieldRule::Read),
    ("images", FieldRule::Harmless),
    ("replicas", FieldRule::Harmless),
    ("sortOptions", FieldRule::Harmless),
    ("buildMetadata", FieldRule::Harmless),
    ("helmGlobals", FieldRule::Harmless),
    ("namePrefix", FieldRule::Changes(FieldEffect::Renames)),
    ("nameSuffix", FieldRule::Changes(FieldEffect::Renames)),
    ("vars", FieldRule::Changes(FieldEffect::PutsValues)),
    ("transformers", FieldRule::Read),
    ("generators", FieldRule::Changes(FieldEffect::MayChange)),
    ("validators", FieldRule::Changes(FieldEffect::RunsPrograms)),
    ("configurations", FieldRule::Changes(FieldEffect::ChangesNamePlaces)),
    ("crds", FieldRule::Changes(FieldEffect::ChangesNamePlaces)),
    ("openapi", FieldRule::Changes(FieldEffect::ChangesMerge)),
    ("helmCharts", FieldRule::Adds(FieldEffect::AddsCharts)),
    ("helmChartInflationGenerator", FieldRule::Adds(FieldEffect::AddsCharts)),
];

impl ParsedKustomization {
    /// Records the effect that a table gives for a field; a field that is not in the table may
    /// change anything. Returns whether the field must be read.
    pub(super) fn note(&mut self, rules: &[(&str, FieldRule)], name: &str, at: Span) -> bool {
        let rule = rules.iter().find(|(field, _)| *field == name);
        match rule.map(|(_, rule)| rule) {
            None => self.changes.push(PlacedEffect { effect: FieldEffect::Unknown, at }),
            Some(FieldRule::Changes(effect)) => {
                self.changes.push(PlacedEffect { effect: *effect, at });
            }
            Some(FieldRule::Adds(effect)) => self.adds.push(PlacedEffect { effect: *effect, at }),
            Some(FieldRule::Harmless) => {}
            Some(FieldRule::Read) => return true,
        }
        false
    }

    /// Records the annotations that a field sets on objects, if one of them is a control
    /// annotation.
    pub(super) fn note_annotations(&mut self, annotations: Cursor<'_>, stamp: &str, at: Span) {
        if has_control_keys(annotations, stamp) {
            self.changes.push(PlacedEffect { effect: FieldEffect::SetsControlAnnotations, at });
        }
    }
}

/// Reads a kustomization.
///
/// # Errors
/// The places where kustomize itself would refuse it, and where readers differ.
pub(super) fn parse(
    text: &str,
    stamp: &str,
) -> Result<ParsedKustomization, UnreadableKustomization> {
    let at_start = |why| UnreadableKustomization { why, at: Span::new(0, 0) };
    let documents = strict::documents(text)?;
    let [document] = documents.as_slice() else {
        return Err(at_start(match documents.len() {
            0 => NotRead::NoDocument,
            several => NotRead::Documents(several),
        }));
    };
    let root = Cursor::root(document, text);
    if !root.is_mapping() {
        return Err(at_start(NotRead::NoMapping));
    }
    let mut parsed = ParsedKustomization::default();
    let mut options = None;
    let mut generators = Vec::new();
    let mut bases = Vec::new();
    for (name, at, value) in fields(root, FIELDS.iter().map(|(field, _)| *field))? {
        let field = KustomizationField { name: &name, at, value };
        let touch = |effect| PlacedEffect { effect, at };
        if is_empty(value) {
            continue;
        }
        if !parsed.note(FIELDS, &name, at) {
            continue;
        }
        match name.as_str() {
            "transformers" => match value.all_texts().as_deref() {
                Some([only]) if only.trim_start_matches("./") == patches::FILE_NAME => {
                    parsed.stamps = Some(at);
                }
                _ => parsed.changes.push(touch(FieldEffect::MayChange)),
            },
            "kind" => parsed.component = value.str().as_deref() == Some("Component"),
            "resources" => parsed.resources = field.texts()?,
            "bases" => bases = field.texts()?,
            "components" => parsed.components = field.texts()?,
            "namespace" => parsed.namespace = Some(field.text()?),
            "generatorOptions" => options = Some(value),
            "configMapGenerator" => {
                generators.push((Target::ConfigMap, name.clone(), at, value));
            }
            "secretGenerator" => generators.push((Target::Secret, name.clone(), at, value)),
            "labels" => {
                let items = field.mappings()?.into_iter();
                let items: Vec<_> = items
                    .map(|item| fields(item, ["fields", "pairs"]))
                    .collect::<Result<_, _>>()?;
                let pairs = items.iter().flatten().filter(|(name, _, _)| name == "pairs");
                pairs.for_each(|(_, _, pairs)| parsed.add_labels(*pairs, at));
                if items.iter().flatten().any(|(name, _, _)| name == "fields") {
                    parsed.changes.push(touch(FieldEffect::WritesAnyField));
                }
            }
            "commonLabels" => parsed.add_labels(value, at),
            "commonAnnotations" => parsed.note_annotations(value, stamp, at),
            "replacements" => parsed.replacements = replacements(field, stamp)?,
            _ => parsed.patches.extend(patch_entries(field)?),
        }
    }
    parsed.resources.append(&mut bases);
    for (target, name, at, value) in generators {
        for entry in (KustomizationField { name: &name, at, value }).mappings()? {
            let listed = KustomizationField { name: &name, at, value: entry };
            parsed.generators.push(generator::read(target, listed, options, stamp)?);
        }
    }
    Ok(parsed)
}

/// The patches in a field.
pub(super) fn patch_entries(
    field: KustomizationField<'_>,
) -> Result<Vec<PatchEntry>, UnreadableKustomization> {
    let at = field.at;
    // The value is a path or a patch: kustomize tries the path first.
    let path_or_patch =
        |text: String| PatchEntry { at, path: Some(text.clone()), text: Some(text), target: None };
    match field.name {
        "patchesStrategicMerge" => Ok(field.texts()?.into_iter().map(path_or_patch).collect()),
        _ => Ok(field.mappings()?.into_iter().map(|item| patch_entry(item, at)).collect()),
    }
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
            // Options may allow it to change names and kinds.
            ("options", None) if value.is_mapping() && is_empty(value) => {}
            _ => return PatchEntry { path: None, text: None, ..entry },
        }
    }
    entry
}

fn replacements(
    field: KustomizationField<'_>,
    stamp: &str,
) -> Result<Vec<ReplacementEntry>, UnreadableKustomization> {
    let one = |item: Cursor<'_>| ReplacementEntry {
        at: field.at,
        path: item.filled("path").map(String::from),
        inline: patch::replacements(item, field.at, stamp),
    };
    Ok(field.mappings()?.into_iter().map(one).collect())
}

impl ParsedKustomization {
    /// Adds labels that the field at `at` sets on all objects.
    pub(super) fn add_labels(&mut self, labels: Cursor<'_>, at: Span) {
        let keys = labels.pairs().filter_map(|(key, _)| key.key().ok());
        self.labels.extend(keys.map(|key| (key.into_owned(), at)));
    }

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

/// The files and folders that a kustomization names; `io` looks for them.
#[derive(Default)]
pub struct NamedFiles {
    /// Resources, bases and components: files, folders or remote addresses.
    pub children: Vec<String>,
    /// Files with patches; some may be the patch itself.
    pub patches: Vec<String>,
    /// Files that generators read, and the stamps file of rollstamp.
    pub material: Vec<String>,
    /// Whether it is a Component, which changes the kustomization that includes it.
    pub is_component: bool,
    /// Whether a field other than the includes may name remote files.
    pub reads_elsewhere: bool,
}

/// The names in the text of a kustomization. If rollstamp cannot read the text, kustomize, or a
/// program that fills in a template, may still read it: then every text that could be a path
/// counts.
pub fn names(text: &str) -> NamedFiles {
    let Ok(parsed) = parse(text, "") else {
        let words = text.split(|c: char| c.is_whitespace() || "\"',[]{}".contains(c));
        let words: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
        return NamedFiles {
            children: words.into_iter().map(str::to_owned).collect(),
            reads_elsewhere: true,
            ..NamedFiles::default()
        };
    };
    let stays_here = |touch: &PlacedEffect| {
        matches!(touch.effect, FieldEffect::Renames | FieldEffect::PutsValues)
    };
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
            GeneratorPart::File(_, path) | GeneratorPart::Env(path) => names.material.push(path),
            GeneratorPart::Literal(..) => {}
        }
    }
    names
}

/// The part of the text that may hold values of generated Secrets.
pub(super) fn secrets(text: &str) -> Option<Span> {
    // The whole text: generators can be anywhere in it, and no part of it needs to be shown.
    text.contains("secretGenerator").then(|| Span::new(0, text.len()))
}
