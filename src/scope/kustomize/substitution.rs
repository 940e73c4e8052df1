//! Variables that a controller replaces after the build, and patches that change the object with
//! these variables.

use super::accumulator::Accumulator;
use super::applier::{self, Applier};
use super::graph::Inclusions;
use super::harmless::{is_harmless, is_harmless_to_sources};
use super::kustomization;
use super::material::{Child, PatchFile};
use super::patch::{Patch, field};
use super::variables::Variables;
use crate::finding::divergence::{Effect, FieldEffect, UnknownVariable};
use crate::k8s::id::Identity;
use crate::scope::UnknownSubstitution;
use crate::text::{FileId, Place};
use crate::yaml::path::PathStep;
use std::collections::{BTreeMap, BTreeSet};

impl Inclusions<'_> {
    /// Applies the variables that the controller replaces. A workload or a source with a known
    /// variable differs from its file. If a variable is unknown, only a change of its value is not
    /// seen.
    pub(super) fn substitute(&self, k: usize, gathered: &mut Accumulator) {
        let Some(applied) = &self.found[k].applied else { return };
        let mut variables = applied.variables.clone();
        if let Some((patching, patch)) = self.amending(k) {
            if !patch.writes_only(applier::is_about_variables) {
                let effect = Effect::changes(&applied.by.id);
                return gathered.change_all(&self.why(patching, effect, patch.at), true);
            }
            let file = self.manifests.name(self.found[patching].input).to_owned();
            variables =
                Variables { known: BTreeMap::new(), open: Some(UnknownVariable::Patched(file)) };
        }
        if variables.is_empty() {
            return;
        }
        let stamp = self.options.annotation.as_str();
        let why = self.why(k, Effect::Field(FieldEffect::PutsValues), applied.by.post_build);
        for item in &mut gathered.items {
            let marks = self.looks.get(&item.file).map_or(&[][..], |look| &look.marks);
            for at in item.objects_in(self.manifests) {
                let (object, sources) = self.object(at);
                let of_file = marks.iter().filter(|mark| {
                    let is_here = item.made.is_none() && mark.document == object.document;
                    let is_name = is_name(&mark.path);
                    let workload =
                        !object.templates.is_empty() && !is_name && !is_harmless(&mark.path, stamp);
                    let source = !sources.is_empty() && !is_harmless_to_sources(&mark.path, stamp);
                    is_here && (workload || source)
                });
                let of_file = of_file.map(|mark| (&mark.variable, mark.at, mark.path.as_slice()));
                let made = self.made_marks.get(&at).into_iter().flatten();
                let made = made.map(|variable| (variable, object.name_span, &[][..]));
                for (variable, span, path) in of_file.chain(made) {
                    let is_name = is_name(path);
                    let unknown = variables.unknown(variable);
                    match unknown.filter(|_| object.templates.is_empty() && !is_name) {
                        None => {
                            item.objects.entry(at).or_insert_with(|| why.clone());
                        }
                        Some(unknown) => {
                            let said = self.place(k, applied.by.post_build);
                            gathered.substitutions.entry(at).or_default().push(
                                UnknownSubstitution {
                                    key: key_of(path),
                                    variable: variable.clone(),
                                    by: applied.by.label.clone(),
                                    place: Place { file: object.place.file, span },
                                    said,
                                    why: unknown.clone(),
                                },
                            );
                        }
                    }
                    if is_name && !sources.is_empty() {
                        gathered.open.get_or_insert_with(|| why.clone());
                    }
                }
            }
        }
    }

    /// A kustomization that includes the file of the object behind `k`, and its patch that changes
    /// the object itself.
    fn amending(&self, k: usize) -> Option<(usize, &Patch)> {
        let id = &self.found[k].applied.as_ref()?.by.id;
        let file = self.found[k].input;
        (0..self.found.len()).filter(|other| *other != k).find_map(|other| {
            let mut patches = self.patches[other].iter();
            let patch = patches.find(|patch| patch.selects(id))?;
            self.holds(other, file, &mut BTreeSet::new()).then_some((other, patch))
        })
    }

    /// Whether a kustomization includes a file, directly or through others.
    fn holds(&self, k: usize, file: FileId, seen: &mut BTreeSet<usize>) -> bool {
        seen.insert(k)
            && self.found[k].children.values().any(|child| match child {
                Child::File(own) => *own == file,
                Child::Kustomization(base) => self.holds(*base, file, seen),
                Child::Absent => false,
            })
    }
}

/// The effect of patches on an object that applies a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplierChange {
    /// They may change its variables.
    Variables,
    /// They may change its build.
    More,
}

/// The effect of the patches of a kustomization file, or of another such object, on the object with
/// this identity. `files` are the texts of the files with patches, by their names in the
/// kustomization.
pub fn applier_change(
    text: &str,
    by: Option<&Applier>,
    files: impl IntoIterator<Item = (String, String)>,
    id: &Identity,
) -> Option<ApplierChange> {
    let parsed = match by {
        Some(by) => by.parsed.clone(),
        None => kustomization::parse(text, ""),
    };
    let parsed = parsed.ok()?;
    let files = files.into_iter().map(|(name, text)| (name, PatchFile { text, input: None }));
    let patches = parsed.all_patches(&files.collect(), "");
    let mut selecting = patches.iter().filter(|patch| patch.selects(id)).peekable();
    selecting.peek()?;
    match selecting.all(|patch| patch.writes_only(applier::is_about_variables)) {
        true => Some(ApplierChange::Variables),
        false => Some(ApplierChange::More),
    }
}

/// Whether these fields lead to the name or the namespace of an object.
fn is_name(path: &[PathStep]) -> bool {
    path.len() == 2
        && field(path, 0) == Some("metadata")
        && matches!(field(path, 1), Some("name" | "namespace"))
}

/// The key of the value to which these fields of a ConfigMap or a Secret lead.
fn key_of(path: &[PathStep]) -> Option<String> {
    match path {
        [PathStep::Field(_), PathStep::Field(key)] => Some(key.to_string()),
        _ => None,
    }
}
