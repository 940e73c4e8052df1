//! Follows the graph of kustomizations in the order in which kustomize builds it.

use super::accumulator::{Accumulator, Resource};
use super::fields::UnreadableKustomization;
use super::found::{Generated, IncludedText, Kustomization, Kustomizations, included, made};
use super::generator::{Behavior, absorb, made_of, source};
use super::kustomization::{ParsedKustomization, PlacedEffect, parse};
use super::material::{Child, Material};
use super::patch::Patch;
use crate::config::options::Options;
use crate::extract::{Manifests, Object, ObjectId, Source};
use crate::finding::divergence::{
    Cause, Divergence, Effect, FieldEffect, FileCause, UnknownContent,
};
use crate::k8s::id::Identity;
use crate::k8s::indirect::indirect;
use crate::k8s::kustomize_names::POD_KINDS;
use crate::k8s::providers::Target;
use crate::patches;
use crate::scope::{Member, StampsFile, Unit};
use crate::text::{FileId, Place, Span};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of steps; no real repository has so many inclusions.
const MAX_STEPS: usize = 1_000_000;

/// All kustomizations, read.
pub(super) struct Inclusions<'a> {
    pub(super) manifests: &'a Manifests,
    pub(super) found: &'a [Kustomization],
    parsed: Vec<Result<ParsedKustomization, UnreadableKustomization>>,
    /// The patches and replacements of each kustomization.
    pub(super) patches: Vec<Vec<Patch>>,
    /// Properties of the included files that matter to kustomize.
    pub(super) looks: &'a BTreeMap<FileId, IncludedText>,
    /// The output of their generators. Its numbers follow those of the manifests.
    generated: Generated,
    pub(super) options: &'a Options,
    /// The kustomizations that no other one includes.
    leaves: BTreeSet<usize>,
    /// The objects of each kustomization when it is included as a resource.
    gathered: BTreeMap<usize, Accumulator>,
    /// The variables in the output of generators.
    pub(super) made_marks: BTreeMap<ObjectId, Vec<String>>,
    /// The number of remaining steps: components of components can double the number of steps at
    /// each level.
    left: usize,
}

impl<'a> Inclusions<'a> {
    pub(super) fn new(
        manifests: &'a Manifests,
        found: &'a Kustomizations,
        looks: &'a BTreeMap<FileId, IncludedText>,
        options: &'a Options,
    ) -> Self {
        let found = &found.0;
        let stamp = options.annotation.as_str();
        let parsed: Vec<Result<ParsedKustomization, UnreadableKustomization>> =
            found.iter().map(|k| k.parsed(stamp)).collect();
        let patches = found.iter().zip(&parsed).map(|(k, parsed)| {
            parsed.as_ref().map_or_else(|_| Vec::new(), |p| p.all_patches(&k.patches, stamp))
        });
        let mut patches: Vec<Vec<Patch>> = patches.collect();
        if !options.rules.sites.is_empty() {
            // Any patch may set the fields of sites from the configuration.
            patches.iter_mut().flatten().for_each(|patch| patch.adds = true);
        }
        Self {
            manifests,
            found,
            parsed,
            patches,
            looks,
            generated: Generated::default(),
            options,
            leaves: BTreeSet::new(),
            gathered: BTreeMap::new(),
            made_marks: BTreeMap::new(),
            left: MAX_STEPS,
        }
    }

    /// The folders whose kustomization names the stamps file in it.
    pub(super) fn wired(&self) -> BTreeSet<&'a str> {
        let all = self.found.iter().zip(&self.parsed);
        let wired = all.filter(|(_, parsed)| parsed.as_ref().map_or(true, |p| p.stamps.is_some()));
        wired.map(|(k, _)| k.folder.as_str()).collect()
    }

    /// An object with its sources: from a text, or from a generator.
    pub(super) fn object(&self, id: ObjectId) -> (&Object, &[Source]) {
        match id.index().checked_sub(self.manifests.objects().len()) {
            None => (&self.manifests[id], self.manifests.all_sources_of(id)),
            Some(made) => {
                let (object, source) = &self.generated.0[made];
                (object, std::slice::from_ref(source))
            }
        }
    }

    /// The inputs that are patches of some kustomization, and resources of none.
    pub(super) fn patch_inputs(&self) -> BTreeSet<FileId> {
        let resources = included(self.found);
        let patches = self.found.iter().flat_map(|k| k.patches.values());
        patches.filter_map(|patch| patch.input).filter(|input| !resources.contains(input)).collect()
    }

    /// The leaves by their numbers, each with its unit, and the output of the generators. A leaf is a
    /// kustomization that no other one includes and that is not a Component.
    pub(super) fn leaves(mut self) -> (Vec<(usize, Unit)>, Generated) {
        let included: BTreeSet<usize> = self.found.iter().flat_map(bases).collect();
        let is_component = |k: usize| self.parsed[k].as_ref().is_ok_and(|parsed| parsed.component);
        let leaves: Vec<usize> =
            (0..self.found.len()).filter(|k| !included.contains(k) && !is_component(*k)).collect();
        let by_others: BTreeSet<usize> =
            self.found.iter().filter(|k| k.applied.is_none()).flat_map(bases).collect();
        let built = leaves.iter().map(|k| self.built_for(*k));
        self.leaves = built.filter(|k| !by_others.contains(k)).collect();
        let units = leaves.into_iter().map(|k| {
            let gathered = self.gather(k, &mut Vec::new());
            (k, self.unit(k, gathered))
        });
        let units = units.collect();
        (units, self.generated)
    }

    /// The unit of a leaf with these objects.
    fn unit(&self, k: usize, gathered: Accumulator) -> Unit {
        let mut unit = Unit {
            name: self.found[k].folder.clone(),
            built: true,
            open: gathered.open,
            stamps: self.stamps_file(self.built_for(k)),
            substitutions: gathered.substitutions,
            named_in: self.found[k].applied.as_ref().map(|_| self.found[k].input),
            applied_by: self.found[k].applied.as_ref().and_then(|applied| {
                if !applied.by.is_whole {
                    return None;
                }
                let Identity { group, kind, .. } = &applied.by.id;
                let place = Place { file: self.found[k].input, span: applied.by.at };
                Some((indirect(group, kind)?, place))
            }),
            ..Unit::default()
        };
        let hashed: BTreeSet<(Target, &str)> = gathered
            .items
            .iter()
            .filter_map(|item| {
                let source = self.object(item.made?).1.first()?;
                let is_hashed = source.content_named;
                is_hashed.then_some((source.target, source.name.as_str()))
            })
            .collect();
        for item in gathered.items {
            for at in item.objects_in(self.manifests) {
                let own = item.objects.get(&at).or(item.changed.as_ref()).cloned();
                let why = own.or_else(|| {
                    keeps_names(self.manifests, at, &hashed)
                        .then(|| Divergence::of(Cause::UnfollowedHash))
                });
                if let Some(why) = why {
                    unit.changed.insert(at, why);
                }
            }
            unit.changed_keys.extend(item.keys);
            unit.sees.push(Member {
                file: item.file,
                object: item.made,
                namespace: item.namespace,
            });
        }
        unit.sees.sort_by_key(|member| (member.file, member.object));
        unit
    }

    /// The objects that a kustomization builds.
    fn gather(&mut self, k: usize, on_the_way: &mut Vec<usize>) -> Accumulator {
        if let Some(known) = self.gathered.get(&k) {
            return known.clone();
        }
        let mut gathered = Accumulator::default();
        self.add(k, &mut gathered, on_the_way);
        self.gathered.insert(k, gathered.clone());
        gathered
    }

    /// Adds a kustomization to the present objects: first its resources, generators and components,
    /// then its changes, which affect all objects.
    fn add(&mut self, k: usize, gathered: &mut Accumulator, on_the_way: &mut Vec<usize>) {
        if on_the_way.contains(&k) {
            let why = self.why(k, Effect::IncludesItself, Span::new(0, 0));
            return gathered.change_all(&why, true);
        }
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            let why = self.why(k, Effect::TooManyBuilds, Span::new(0, 0));
            return gathered.change_all(&why, true);
        }
        on_the_way.push(k);
        if let Err(unread) = &self.parsed[k] {
            let effect = Effect::Unreadable(unread.why.clone());
            let why = Divergence {
                place: Some(self.place(k, unread.at)),
                ..self.why(k, effect, Span::new(0, 0))
            };
            for child in self.found[k].children.values() {
                self.include(*child, gathered, on_the_way);
            }
            on_the_way.pop();
            return gathered.change_all(&why, true);
        }
        for (name, child) in self.children(k, false) {
            if !self.include(child, gathered, on_the_way) {
                let why = self.why(k, Effect::Absent(name), Span::new(0, 0));
                gathered.open.get_or_insert(why);
            }
        }
        self.generate(k, gathered);
        for (name, child) in self.children(k, true) {
            match child {
                Child::Kustomization(component) => self.add(component, gathered, on_the_way),
                _ => {
                    let why = self.why(k, Effect::AbsentComponent(name), Span::new(0, 0));
                    gathered.change_all(&why, true);
                }
            }
        }
        self.change(k, gathered);
        self.substitute(k, gathered);
        on_the_way.pop();
    }

    /// Adds a file, or the objects that another kustomization builds. Returns whether the file or
    /// folder exists here.
    fn include(
        &mut self,
        child: Child,
        gathered: &mut Accumulator,
        on_the_way: &mut Vec<usize>,
    ) -> bool {
        match child {
            Child::File(file) => self.add_file(file, gathered),
            Child::Kustomization(base) => gathered.append(self.gather(base, on_the_way)),
            Child::Absent => return false,
        }
        true
    }

    fn children(&self, k: usize, components: bool) -> Vec<(String, Child)> {
        let Ok(parsed) = &self.parsed[k] else { return Vec::new() };
        if self.found[k].applied.is_some() {
            // The object names only the folder; the files that the build finds in it were looked up
            // before.
            let own = self.found[k].children.iter();
            let own = own.filter(|(name, _)| parsed.components.contains(name) == components);
            return own.map(|(name, child)| (name.clone(), *child)).collect();
        }
        let names = if components { &parsed.components } else { &parsed.resources };
        let child = |name: &String| {
            let child = self.found[k].children.get(name);
            (name.clone(), child.copied().unwrap_or(Child::Absent))
        };
        names.iter().map(child).collect()
    }

    fn add_file(&self, file: FileId, gathered: &mut Accumulator) {
        let mut item = Resource::new(file, None);
        let (whole, look) = (&self.manifests[file], self.looks.get(&file));
        let name = &whole.input.name;
        let cause = |cause| Divergence::of(Cause::File(name.clone(), cause));
        if whole.unread || whole.refused {
            item.changed = Some(cause(FileCause::Unreadable));
        } else if look.is_some_and(|look| look.internal) {
            item.changed = Some(cause(FileCause::InternalAnnotations));
        }
        if gathered.items.iter().any(|other| other.file == file && other.made.is_none()) {
            let why = Some(cause(FileCause::IncludedTwice));
            let again = gathered.items.iter_mut().filter(|other| other.file == file);
            again.for_each(|other| other.changed = why.clone());
            return;
        }
        if let Some(why) = &item.changed {
            gathered.open.get_or_insert_with(|| why.clone());
        }
        for &(document, oddity) in look.iter().flat_map(|look| &look.odd) {
            let objects = self.manifests.objects_of(file);
            for (at, _) in objects.filter(|(_, object)| object.document == document) {
                item.objects.insert(at, cause(FileCause::ReadDifferently(oddity)));
            }
        }
        gathered.items.push(item);
    }

    fn generate(&mut self, k: usize, gathered: &mut Accumulator) {
        let found: &'a [Kustomization] = self.found;
        let Kustomization { input, material, .. } = &found[k];
        let Ok(parsed) = &mut self.parsed[k] else { return };
        let generators = std::mem::take(&mut parsed.generators);
        for generator in &generators {
            let (mut source, mut unknown) = source(generator, material, self.options);
            if generator.behavior != Behavior::Create {
                let old = gathered.take_made(&source, |item| self.provides(item));
                let is_known = old.is_some_and(|item| {
                    let untouched =
                        item.changed.is_none() && item.objects.is_empty() && item.keys.is_empty();
                    let old = item.made.and_then(|made| self.object(made).1.first());
                    old.is_some_and(|old| {
                        let namespace = item.namespace.as_deref().or(old.namespace.as_deref());
                        (untouched || source.content_named)
                            && absorb(&mut source, old, namespace, generator.behavior)
                    })
                });
                if !is_known {
                    unknown = unknown.or(Some(UnknownContent::ChangesUnknown));
                    source.content_named = false;
                    let why = self.why(k, Effect::GeneratesSameName, generator.at);
                    gathered.touch_named(&source, |item| self.provides(item), &why);
                }
            }
            let changed = unknown.map(|why| Divergence {
                cause: Cause::Generator {
                    file: self.manifests.name(*input).to_owned(),
                    target: generator.target,
                    name: generator.name.clone(),
                    why,
                },
                place: Some(self.place(k, generator.at)),
                built_by: None,
            });
            let at = ObjectId::at(self.manifests.objects().len() + self.generated.0.len());
            let marks = made_of(generator, material);
            if !marks.is_empty() {
                self.made_marks.insert(at, marks);
            }
            self.generated.0.push(made(source, *input, generator.at));
            gathered.items.push(Resource { changed, ..Resource::new(*input, Some(at)) });
        }
        if let Ok(parsed) = &mut self.parsed[k] {
            parsed.generators = generators;
        }
    }

    /// The sources of the objects of an item.
    fn provides(&self, item: &Resource) -> Vec<(ObjectId, &[Source])> {
        let objects = item.objects_in(self.manifests);
        objects.map(|at| (at, self.object(at).1)).collect()
    }

    /// The workloads that the stamps file of a kustomization names. `None` if rollstamp did not
    /// write the file.
    fn listed(&self, k: usize) -> Option<Vec<patches::StampPatch>> {
        let Material(bytes) = self.found[k].material.get(patches::FILE_NAME)?;
        patches::read(std::str::from_utf8(bytes).ok()?, &self.options.annotation)
    }

    /// The kustomization that is built for a leaf: itself, or the one in the folder that a controller applies.
    fn built_for(&self, k: usize) -> usize {
        let folder = self.found[k].applied.as_ref().and_then(|_| self.found[k].children.get("."));
        match folder {
            Some(Child::Kustomization(built)) => *built,
            _ => k,
        }
    }

    /// The stamps file that a kustomization names.
    fn stamps_file(&self, k: usize) -> Option<StampsFile> {
        let at = self.parsed[k].as_ref().ok()?.stamps?;
        if self.options.makes_stamps_files {
            return None;
        }
        let Kustomization { folder, input, .. } = &self.found[k];
        let name = match folder.as_str() {
            "." => patches::FILE_NAME.to_owned(),
            folder => format!("{folder}/{}", patches::FILE_NAME),
        };
        Some(StampsFile { name, named_by: *input, at, entries: self.listed(k)? })
    }

    /// Applies a stamps file of rollstamp: it replaces the stamps of the pod templates that it
    /// names, and changes nothing else. A file with this name that rollstamp did not write may
    /// change anything.
    fn add_stamps(&self, k: usize, at: Span, gathered: &mut Accumulator) {
        let Some(entries) = self.listed(k) else {
            return gathered
                .change_all(&self.why(k, Effect::Field(FieldEffect::MayChange), at), true);
        };
        // A stamps file that this run writes again does not count, and the plan handles those of
        // leaves.
        if self.options.makes_stamps_files || self.leaves.contains(&k) {
            return;
        }
        for item in &mut gathered.items {
            for place in item.objects_in(self.manifests) {
                let id = &self.object(place).0.id;
                let is_named = entries.iter().any(|entry| {
                    entry.group == id.group && entry.kind == id.kind && entry.name == id.name
                });
                if is_named {
                    let effect = Effect::changes(id);
                    item.objects.entry(place).or_insert(self.why(k, effect, at));
                }
            }
        }
    }

    /// Applies all changes of the fields of a kustomization to the present objects.
    fn change(&self, k: usize, gathered: &mut Accumulator) {
        let Ok(parsed) = &self.parsed[k] else { return };
        for &PlacedEffect { effect, at } in &parsed.changes {
            gathered.change_all(&self.why(k, Effect::Field(effect), at), true);
        }
        if let Some(at) = parsed.stamps {
            self.add_stamps(k, at, gathered);
        }
        let rules = &self.options.rules;
        for (_, at) in parsed.labels.iter().filter(|(key, _)| rules.asks_for_label(Some(key))) {
            let why = self.why(k, Effect::Field(FieldEffect::SetsAskedLabels), *at);
            gathered.change_all(&why, false);
        }
        for &PlacedEffect { effect, at } in &parsed.adds {
            let why = self.why(k, Effect::Field(effect), at);
            gathered.open.get_or_insert(why);
        }
        for patch in &self.patches[k] {
            for item in &mut gathered.items {
                for at in item.objects_in(self.manifests) {
                    let (object, sources) = self.object(at);
                    let is_workload = !object.templates.is_empty();
                    let provider = match sources.is_empty() {
                        true => None,
                        false => self.options.provider(&object.id.group, &object.id.kind),
                    };
                    let stamp = self.options.annotation.as_str();
                    let writes_label = rules.asks_for_label(None)
                        && patch.selects(&object.id)
                        && patch.writes_label(|key| rules.asks_for_label(Some(key)));
                    let changes = patch.changes(&object.id, is_workload, provider, stamp);
                    if changes && !writes_label && !is_workload
                        && let (Some(row), [source]) = (provider, sources)
                        // A source that is named after its content would lose this property.
                        && !source.content_named
                        && let Some(keys) = patch.keys(row, stamp)
                    {
                        let why = self.why(k, Effect::changes(&object.id), patch.at);
                        let known = item.keys.entry(at).or_default();
                        for key in keys {
                            known.entry(key).or_insert_with(|| why.clone());
                        }
                    } else if changes || writes_label {
                        let Identity { kind, name, .. } = &object.id;
                        let adds = is_workload && patch.adds;
                        let effect = match adds {
                            true => Effect::AddsReads(kind.to_string(), name.to_string()),
                            false => Effect::changes(&object.id),
                        };
                        let why = self.why(k, effect, patch.at);
                        let known = item.objects.entry(at).or_insert_with(|| why.clone());
                        // This change takes priority for a workload without reads: because of it,
                        // the workload is not stamped.
                        if adds && !known.may_add_reads() {
                            *known = why;
                        }
                    }
                }
            }
            if patch.renames_sources(|kind| self.options.is_source(kind)) {
                let why = self.why(k, Effect::MayRename, patch.at);
                gathered.open.get_or_insert(why);
            }
        }
        if let Some(namespace) = &parsed.namespace {
            for item in &mut gathered.items {
                item.namespace = Some(namespace.clone());
                self.sealed(k, item);
            }
        }
    }

    /// The namespace in the template of a SealedSecret does not change with the namespace of the
    /// object.
    fn sealed(&self, k: usize, item: &mut Resource) {
        for at in item.objects_in(self.manifests) {
            let (object, sources) = self.object(at);
            let is_core = matches!(object.id.kind.as_str(), "ConfigMap" | "Secret");
            let own = |source: &Source| {
                source.namespace.is_some()
                    && source.namespace.as_deref() != item.namespace.as_deref()
            };
            if !is_core && sources.iter().any(own) {
                let effect = Effect::OtherNamespace(object.id.to_string());
                let why = self.why(k, effect, Span::new(0, 0));
                item.objects.entry(at).or_insert(why);
            }
        }
    }

    pub(super) fn place(&self, k: usize, span: Span) -> Place {
        Place { file: self.found[k].input, span }
    }

    /// The divergence for an effect of a kustomization, or of its field at `at` (an empty span if
    /// it is not a single field).
    pub(super) fn why(&self, k: usize, effect: Effect, at: Span) -> Divergence {
        let field = at.of(&self.found[k].text).trim_matches(['"', '\'']);
        Divergence {
            cause: Cause::Kustomization {
                file: self.manifests.name(self.found[k].input).to_owned(),
                field: (!at.is_empty()).then(|| field.to_owned()),
                effect,
            },
            place: Some(self.place(k, at)),
            built_by: None,
        }
    }
}

/// Whether references to a generated source with a hash keep the name without it, because
/// kustomize does not look into the kind.
fn keeps_names(manifests: &Manifests, object: ObjectId, hashed: &BTreeSet<(Target, &str)>) -> bool {
    // The output of a generator has no references.
    object.index() < manifests.objects().len()
        && !POD_KINDS.contains(&manifests[object].id.kind.as_str())
        && manifests
            .all_references_of(object)
            .any(|r| r.reads() && hashed.contains(&(r.site.target, r.name.as_str())))
}

/// The kustomizations that another one includes.
pub(super) fn bases(k: &Kustomization) -> impl Iterator<Item = usize> {
    k.children.values().filter_map(|child| match child {
        Child::Kustomization(base) => Some(*base),
        Child::File(_) | Child::Absent => None,
    })
}

impl Kustomization {
    /// Its parsed fields, or the reason why they cannot be read.
    fn parsed(&self, stamp: &str) -> Result<ParsedKustomization, UnreadableKustomization> {
        match &self.applied {
            None => parse(&self.text, stamp),
            Some(applied) => applied.by.parsed.clone(),
        }
    }
}
