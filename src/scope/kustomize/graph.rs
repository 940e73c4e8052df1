//! The graph of kustomizations, followed as kustomize builds it.

use super::accumulator::{Gathered, Item};
use super::divergence::differently;
use super::generator::{combined, copy, source};
use super::kustomization::{Behavior, Parsed, Touch, parse, secrets};
use super::patch::{self, Patch};
use super::{Child, Kustomization, Kustomizations, keeps_names, made};
use crate::config::options::Options;
use crate::extract::{Facts, Source};
use crate::finding::divergence::{Cause, Divergence, Effect, FileCause, Oddity, UnknownContent};
use crate::k8s::providers::Target;
use crate::scope::{Member, Unit};
use crate::text::input::Input;
use crate::text::{Changed, FileId, Place, Span, offset};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// More inclusions than any repository has.
const MAX_STEPS: usize = 1_000_000;

/// All kustomizations, read.
pub(super) struct Graph<'a> {
    inputs: &'a [Input],
    found: &'a [Kustomization],
    /// The text of each.
    texts: Vec<&'a str>,
    parsed: Vec<Option<Parsed>>,
    /// Of each, its patches and replacements.
    patches: Vec<Vec<Patch>>,
    /// Of the files that they include, the documents that kustomize reads otherwise than we do.
    odd: BTreeMap<usize, Vec<(Span, Oddity)>>,
    /// Of these files, those that speak to kustomize by its internal annotations.
    internal: BTreeSet<usize>,
    options: &'a Options,
    /// What each gathers when it is included as a resource.
    gathered: BTreeMap<usize, Gathered>,
    /// How many steps may still be made: components of components could double them each time.
    left: usize,
}

/// A leaf and its unit.
pub(super) struct Leaf {
    pub(super) unit: Unit,
}

impl Leaf {
    /// The files that it holds.
    pub(super) fn files(&self) -> impl Iterator<Item = usize> + '_ {
        let files = self.unit.sees.iter().filter(|m| m.object.is_none());
        files.map(|m| m.file)
    }

    /// The same, each with the namespace that it gives them.
    pub(super) fn members(&self) -> Vec<(usize, Option<String>)> {
        let files = self.unit.sees.iter().filter(|m| m.object.is_none());
        files.map(|m| (m.file, m.namespace.clone())).collect()
    }
}

impl<'a> Graph<'a> {
    pub(super) fn new(
        inputs: &'a [Input],
        facts: &mut [Facts],
        found: &'a Kustomizations,
        options: &'a Options,
    ) -> Result<Self, Changed> {
        let found = &found.0;
        let stamp = options.annotation.as_str();
        let texts = found.iter().map(|k| inputs[k.input].file.text.get());
        let texts: Vec<&str> = texts.collect::<Result<_, _>>()?;
        let parsed: Vec<Option<Parsed>> = texts.iter().map(|text| parse(text, stamp)).collect();
        for (k, text) in found.iter().zip(&texts) {
            facts[k.input].secrets.extend(secrets(text));
        }
        let patches = found
            .iter()
            .zip(&parsed)
            .map(|(k, parsed)| patch::all(k, parsed.as_ref(), stamp))
            .collect();
        let files = found.iter().flat_map(|k| k.children.values());
        let files: BTreeSet<usize> = files
            .filter_map(|child| match child {
                Child::File(file) => Some(*file),
                _ => None,
            })
            .collect();
        let mut odd = BTreeMap::new();
        let mut internal = BTreeSet::new();
        for file in files {
            let text = inputs[file].file.text.lend()?;
            if !facts[file].objects.is_empty() {
                odd.insert(file, differently(&text));
            }
            if text.contains("internal.config.kubernetes.io") {
                internal.insert(file);
            }
        }
        Ok(Self {
            inputs,
            found,
            texts,
            parsed,
            patches,
            odd,
            internal,
            options,
            gathered: BTreeMap::new(),
            left: MAX_STEPS,
        })
    }

    /// The inputs that are patches of some kustomization, and resources of none.
    pub(super) fn patch_inputs(&self) -> BTreeSet<usize> {
        let resources: BTreeSet<usize> = self
            .found
            .iter()
            .flat_map(|k| k.children.values())
            .filter_map(|child| match child {
                Child::File(input) => Some(*input),
                _ => None,
            })
            .collect();
        let patches = self.found.iter().flat_map(|k| k.patches.values());
        patches.filter_map(|patch| patch.input).filter(|input| !resources.contains(input)).collect()
    }

    /// The leaves: what no other kustomization includes, and is no Component.
    pub(super) fn leaves(mut self, facts: &mut [Facts]) -> Vec<Leaf> {
        let included: BTreeSet<usize> = self
            .found
            .iter()
            .flat_map(|k| k.children.values())
            .filter_map(|child| match child {
                Child::Kustomization(k) => Some(*k),
                _ => None,
            })
            .collect();
        let is_component =
            |k: usize| self.parsed[k].as_ref().is_some_and(|parsed| parsed.component);
        let leaves: Vec<usize> =
            (0..self.found.len()).filter(|k| !included.contains(k) && !is_component(*k)).collect();
        leaves
            .into_iter()
            .map(|k| {
                let gathered = self.gather(k, facts, &mut Vec::new());
                self.leaf(k, gathered, facts)
            })
            .collect()
    }

    fn leaf(&self, k: usize, gathered: Gathered, facts: &[Facts]) -> Leaf {
        let mut unit = Unit {
            name: self.found[k].folder.clone(),
            built: true,
            open: gathered.open,
            ..Unit::default()
        };
        let hashed: BTreeSet<(Target, &str)> = gathered
            .items
            .iter()
            .filter_map(|item| {
                let source = &facts[item.file].objects[item.made?].sources[0];
                let is_hashed = source.content_named;
                is_hashed.then_some((source.target, source.name.as_str()))
            })
            .collect();
        for item in gathered.items {
            for (at, object) in item.objects_in(facts) {
                let own = item.objects.get(&at).or(item.changed.as_ref()).cloned();
                let why = own.or_else(|| {
                    keeps_names(object, &hashed).then(|| Divergence::of(Cause::UnfollowedHash))
                });
                if let Some(why) = why {
                    unit.changed.insert((item.file, at), why);
                }
            }
            unit.sees.push(Member {
                file: item.file,
                object: item.made,
                namespace: item.namespace,
            });
        }
        unit.sees.sort_by_key(|member| (member.file, member.object));
        Leaf { unit }
    }

    /// What a kustomization gathers from nothing.
    fn gather(&mut self, k: usize, facts: &mut [Facts], on_the_way: &mut Vec<usize>) -> Gathered {
        if let Some(known) = self.gathered.get(&k) {
            return known.clone();
        }
        let mut gathered = Gathered::default();
        self.add(k, &mut gathered, facts, on_the_way);
        self.gathered.insert(k, gathered.clone());
        gathered
    }

    /// Adds a kustomization to what there is: its resources, what it generates, its components,
    /// and then its changes, over everything.
    fn add(
        &mut self,
        k: usize,
        gathered: &mut Gathered,
        facts: &mut [Facts],
        on_the_way: &mut Vec<usize>,
    ) {
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
        if self.parsed[k].is_none() {
            for child in self.found[k].children.values() {
                match child {
                    Child::File(file) => self.add_file(*file, gathered, facts),
                    Child::Kustomization(base) => {
                        let base = self.gather(*base, facts, on_the_way);
                        gathered.append(base);
                    }
                    Child::Absent => {}
                }
            }
            on_the_way.pop();
            let why = self.why(k, Effect::Unreadable, Span::new(0, 0));
            return gathered.change_all(&why, true);
        }
        let resources = self.children(k, false);
        for (name, child) in resources {
            match child {
                Child::File(file) => self.add_file(file, gathered, facts),
                Child::Kustomization(base) => {
                    let base = self.gather(base, facts, on_the_way);
                    gathered.append(base);
                }
                Child::Absent => {
                    let why = self.why(k, Effect::Absent(name), Span::new(0, 0));
                    gathered.open.get_or_insert(why);
                }
            }
        }
        self.generate(k, gathered, facts);
        let components = self.children(k, true);
        for (name, child) in components {
            match child {
                Child::Kustomization(component) => {
                    self.add(component, gathered, facts, on_the_way);
                }
                _ => {
                    let why = self.why(k, Effect::AbsentComponent(name), Span::new(0, 0));
                    gathered.change_all(&why, true);
                }
            }
        }
        self.change(k, gathered, facts);
        on_the_way.pop();
    }

    fn children(&self, k: usize, components: bool) -> Vec<(String, Child)> {
        let Some(parsed) = &self.parsed[k] else {
            return Vec::new();
        };
        let names = if components { &parsed.components } else { &parsed.resources };
        let child = |name: &String| {
            let child = self.found[k].children.get(name);
            (name.clone(), child.copied().unwrap_or(Child::Absent))
        };
        names.iter().map(child).collect()
    }

    fn add_file(&self, file: usize, gathered: &mut Gathered, facts: &[Facts]) {
        let mut item =
            Item { file, made: None, namespace: None, changed: None, objects: BTreeMap::new() };
        let facts = &facts[file];
        let name = &self.inputs[file].file.name;
        let cause = |cause| Divergence::of(Cause::File(name.clone(), cause));
        if facts.unread || facts.findings.iter().any(|finding| finding.refuses) {
            item.changed = Some(cause(FileCause::Unreadable));
        } else if self.internal.contains(&file) {
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
        for &(document, oddity) in self.odd.get(&file).into_iter().flatten() {
            let objects = facts.objects.iter().enumerate();
            for (at, _) in objects.filter(|(_, object)| object.document == document) {
                item.objects.insert(at, cause(FileCause::ReadDifferently(oddity)));
            }
        }
        gathered.items.push(item);
    }

    fn generate(&self, k: usize, gathered: &mut Gathered, facts: &mut [Facts]) {
        let Some(parsed) = &self.parsed[k] else {
            return;
        };
        let Kustomization { input, material, .. } = &self.found[k];
        for generator in &parsed.generators {
            let (new, mut unknown) = source(generator, material, self.options);
            let mut source = new;
            if generator.behavior != Behavior::Create {
                let old = gathered.take_made(&source, facts);
                let known = old.and_then(|at| {
                    let Item { file, made, changed, objects, .. } = at;
                    let untouched = changed.is_none() && objects.is_empty();
                    let mut old = copy(&facts[file].objects[made?].sources[0]);
                    old.namespace = at.namespace.map(SmolStr::from).or(old.namespace);
                    let new = copy(&source);
                    combined(&old, new, generator.behavior)
                        .filter(|new| untouched || new.content_named)
                });
                match known {
                    Some(together) => source = together,
                    None => {
                        unknown = unknown.or(Some(UnknownContent::ChangesUnknown));
                        source.content_named = false;
                        gathered.touch_named(&source, facts, || {
                            self.why(k, Effect::GeneratesSameName, generator.at)
                        });
                    }
                }
            }
            let changed = unknown.map(|why| Divergence {
                cause: Cause::Generator {
                    file: self.inputs[*input].file.name.clone(),
                    target: generator.target,
                    name: generator.name.clone(),
                    why,
                },
                place: Some(self.place(k, generator.at)),
                built_by: None,
            });
            let at = facts[*input].objects.len();
            facts[*input].objects.push(made(source, *input, generator.at));
            gathered.items.push(Item {
                file: *input,
                made: Some(at),
                namespace: None,
                changed,
                objects: BTreeMap::new(),
            });
        }
    }

    /// Everything that the fields of a kustomization do to what there is.
    fn change(&self, k: usize, gathered: &mut Gathered, facts: &[Facts]) {
        let Some(parsed) = &self.parsed[k] else {
            return;
        };
        for &Touch { effect, at } in &parsed.changes {
            gathered.change_all(&self.why(k, Effect::Field(effect), at), true);
        }
        for &Touch { effect, at } in &parsed.adds {
            let why = self.why(k, Effect::Field(effect), at);
            gathered.open.get_or_insert(why);
        }
        for patch in &self.patches[k] {
            for item in &mut gathered.items {
                for (at, object) in item.objects_in(facts) {
                    let (is_workload, is_source) =
                        (!object.templates.is_empty(), !object.sources.is_empty());
                    if patch.changes(&object.id, is_workload, is_source) {
                        let (kind, name) = (&object.id.kind, &object.id.name);
                        let effect = Effect::ChangesObject(kind.to_string(), name.to_string());
                        let why = self.why(k, effect, patch.at);
                        item.objects.entry(at).or_insert(why);
                    }
                }
            }
            if patch.renames {
                let why = self.why(k, Effect::MayRename, patch.at);
                gathered.open.get_or_insert(why);
            }
        }
        if let Some(namespace) = &parsed.namespace {
            for item in &mut gathered.items {
                item.namespace = Some(namespace.clone());
                self.sealed(k, item, facts);
            }
        }
    }

    /// What a SealedSecret says inside of its template stays, whatever namespace it gets.
    fn sealed(&self, k: usize, item: &mut Item, facts: &[Facts]) {
        for (at, object) in facts[item.file].objects.iter().enumerate() {
            let is_core = matches!(object.id.kind.as_str(), "ConfigMap" | "Secret");
            let own = |source: &Source| {
                source.namespace.is_some()
                    && source.namespace.as_deref() != item.namespace.as_deref()
            };
            if !is_core && object.sources.iter().any(own) {
                let effect = Effect::OtherNamespace(object.id.to_string());
                let why = self.why(k, effect, Span::new(0, 0));
                item.objects.entry(at).or_insert(why);
            }
        }
    }

    fn place(&self, k: usize, span: Span) -> Place {
        Place { file: FileId(offset(self.found[k].input)), span }
    }

    /// What a kustomization does, or the field of it at `at` (an empty span: no single field does it).
    fn why(&self, k: usize, effect: Effect, at: Span) -> Divergence {
        let field = at.of(self.texts[k]).trim_matches(['"', '\'']);
        Divergence {
            cause: Cause::Kustomization {
                file: self.inputs[self.found[k].input].file.name.clone(),
                field: (!at.is_empty()).then(|| field.to_owned()),
                effect,
            },
            place: Some(self.place(k, at)),
            built_by: None,
        }
    }
}
