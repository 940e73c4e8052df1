//! The facts of all texts of a run, in one immutable value.
//!
//! Objects, sources, pod templates and references are in four lists and have numbers. The value is
//! built once from the facts of each text. No later stage changes it; each stage returns a small
//! value that points into it.

use super::ValuesReader;
use super::arenas::Arenas;
use super::ids::{Ids, ObjectId, ReferenceId, SourceId, TemplateId};
use super::{
    Facts, IndirectObject, LabelUse, Maker, Neighbour, Object, Reference, Source, Template,
};
use crate::finding::Finding;
use crate::finding::silence::Mark;
use crate::text::input::Input;
use crate::text::{FileId, Place, Span, offset};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::ops::Index;

/// The facts of all texts. Built once, never changed.
#[derive(Default)]
pub struct Manifests {
    files: Vec<File>,
    all: Arenas,
}

/// A text of the run, with its facts as a whole.
pub struct File {
    /// How it was found.
    pub input: Input,
    /// Its objects that provide or read something, in the order of the text.
    pub objects: Ids<ObjectId>,
    /// Its objects that affect how the pods of other workloads are replaced.
    pub neighbours: Vec<Neighbour>,
    /// Its objects that take values from ConfigMaps and Secrets without being workloads.
    pub values_readers: Vec<ValuesReader>,
    /// The places that may select pods by a version label; filled only if such labels may be
    /// removed.
    pub label_uses: Vec<LabelUse>,
    /// Its objects because of which a program in the cluster creates sources.
    pub makers: Vec<Maker>,
    /// The number of its Kubernetes objects, including those that neither provide nor read
    /// anything.
    pub object_count: usize,
    /// Its objects whose controllers create or change other objects in the cluster.
    pub indirect: Vec<IndirectObject>,
    /// Whether it has a `sops` mapping; such a file is never written.
    pub encrypted: bool,
    /// Whether it could not be read, so that it has no facts.
    pub unread: bool,
    /// Whether a part of it is refused, so that the file cannot be read completely.
    pub refused: bool,
    /// The bytes of every Secret, which no report may quote.
    pub secrets: Vec<Span>,
    /// The comments that silence findings, in the order of the text.
    pub marks: Vec<Mark>,
}

impl File {
    /// Whether a program in the cluster creates a source because of the object in this part of the
    /// text.
    pub fn makes_within(&self, object: Span) -> bool {
        let next = self.makers.partition_point(|maker| maker.at.start < object.start);
        self.makers.get(next).is_some_and(|maker| maker.at.end <= object.end)
    }
}

impl Manifests {
    /// Combines the facts of the texts of a run, in order. The findings about them are returned
    /// too: problems of the texts, and problems that an apply of their objects would have.
    ///
    /// `namespace` is the namespace of sources without one.
    pub fn of(
        files: impl IntoIterator<Item = (Input, Facts)>,
        namespace: Option<&str>,
    ) -> (Self, Vec<Finding>, Vec<Finding>) {
        let mut watched: BTreeMap<SmolStr, bool> = BTreeMap::new();
        let (mut run, mut findings, mut hints) = (Self::default(), Vec::new(), Vec::new());
        for (input, facts) in files {
            let Facts {
                said_if_more: _,
                has_documents: _,
                arenas,
                neighbours,
                values_readers,
                label_uses,
                makers,
                object_count,
                indirect,
                findings: own_findings,
                hints: own_hints,
                encrypted,
                unread,
                secrets,
                namespaces,
                names_repository: _,
                kustomizations: _,
                broken: _,
                ytt: _,
                looks: _,
                marks,
            } = facts;
            let first = run.all.objects.len();
            run.all.append(arenas);
            // Two files (for two clusters) may define one namespace with different labels; it
            // counts as watched if one of them is watched.
            for (name, is_watched) in namespaces {
                *watched.entry(name).or_default() |= is_watched;
            }
            let is_looked_at = input.is_looked_at();
            run.files.push(File {
                input,
                objects: Ids::over(first..run.all.objects.len()),
                neighbours,
                values_readers,
                label_uses,
                makers,
                object_count,
                indirect,
                encrypted,
                unread,
                refused: own_findings.iter().any(|finding| finding.refuses),
                secrets,
                marks,
            });
            // A file that is only read has no findings.
            if is_looked_at {
                findings.extend(own_findings);
                hints.extend(own_hints);
            }
        }
        if watched.values().any(|is_watched| !is_watched) {
            for source in &mut run.all.sources {
                let own = source.namespace.as_deref().or(namespace);
                source.tags.ignored |= own.and_then(|own| watched.get(own)) == Some(&false);
            }
        }
        (run, findings, hints)
    }

    /// The numbers of all texts, in the order of the input.
    pub fn files(&self) -> impl DoubleEndedIterator<Item = FileId> + ExactSizeIterator + use<> {
        (0..self.files.len()).map(|position| FileId(offset(position)))
    }

    /// All texts, in the order of the input.
    pub fn all_files(&self) -> &[File] {
        &self.files
    }

    /// The objects of all texts, in order, followed by those that generators make.
    pub fn objects(&self) -> impl ExactSizeIterator<Item = (ObjectId, &Object)> {
        self.all.objects.iter().enumerate().map(|(at, object)| (ObjectId::at(at), object))
    }

    /// The objects of a text, in order, without those that generators make.
    pub fn objects_of(&self, file: FileId) -> impl Iterator<Item = (ObjectId, &Object)> + Clone {
        self[file].objects.range().map(|at| (ObjectId::at(at), &self.all.objects[at]))
    }

    /// The same manifests with the output of the generators of kustomizations, which comes last, so
    /// that all numbers stay valid; and with the spans of more Secrets.
    #[must_use]
    pub fn with(
        mut self,
        generated: Vec<(Object, Source)>,
        secrets: impl IntoIterator<Item = (FileId, Span)>,
    ) -> Self {
        for (object, source) in generated {
            let number = ObjectId::at(self.all.objects.len());
            let source_number = self.all.sources.len();
            self.all.sources.push(Source { object: number, ..source });
            let sources = Ids::over(source_number..source_number + 1);
            self.all.objects.push(Object { sources, ..object });
        }
        for (file, span) in secrets {
            self.files[file.index()].secrets.push(span);
        }
        self
    }

    /// All sources of an object.
    pub fn all_sources_of(&self, object: ObjectId) -> &[Source] {
        &self.all.sources[self[object].sources.range()]
    }

    /// All sources: those of all texts, in order, followed by those that generators make.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = (SourceId, &Source)> {
        self.all.sources.iter().enumerate().map(|(at, source)| (SourceId::at(at), source))
    }

    /// The sources of an object, with their numbers.
    pub fn sources_of(
        &self,
        object: ObjectId,
    ) -> impl Iterator<Item = (SourceId, &Source)> + Clone {
        self[object].sources.range().map(|at| (SourceId::at(at), &self.all.sources[at]))
    }

    /// All pod templates, in the order of the input.
    pub fn templates(&self) -> impl ExactSizeIterator<Item = (TemplateId, &Template)> {
        self.all.templates.iter().enumerate().map(|(at, template)| (TemplateId::at(at), template))
    }

    /// The pod templates of an object.
    pub fn templates_of(&self, object: ObjectId) -> impl Iterator<Item = (TemplateId, &Template)> {
        self[object].templates.range().map(|at| (TemplateId::at(at), &self.all.templates[at]))
    }

    /// The references of a pod template, in the order of the text.
    pub fn references_of(&self, template: TemplateId) -> &[Reference] {
        &self.all.references[self[template].references.range()]
    }

    /// The object that provides a source.
    pub fn owner(&self, source: SourceId) -> &Object {
        &self[self[source].object]
    }

    /// The workload that holds a pod template.
    pub fn workload(&self, template: TemplateId) -> &Object {
        &self[self[template].object]
    }

    /// All references of all pod templates of an object.
    pub fn all_references_of(&self, object: ObjectId) -> impl Iterator<Item = &Reference> {
        self.templates_of(object).flat_map(|(at, _)| self.references_of(at))
    }

    /// The name of a text.
    pub fn name(&self, file: FileId) -> &str {
        &self[file].input.name
    }

    /// The object whose text contains a place.
    pub fn object_at(&self, place: Place) -> Option<&Object> {
        let all = &self.all.objects[self[place.file].objects.range()];
        let holds = |object: &&Object| {
            let whole = object.place.span;
            whole.start <= place.span.start && place.span.end <= whole.end
        };
        // Objects are in the order of the text, except items of a list that are aliases.
        let behind = all.partition_point(|object| object.place.span.start <= place.span.start);
        let near = behind.checked_sub(1).map(|last| &all[last]).filter(holds);
        near.or_else(|| all.iter().find(holds))
    }
}

impl Index<FileId> for Manifests {
    type Output = File;

    fn index(&self, file: FileId) -> &File {
        &self.files[file.index()]
    }
}

macro_rules! index {
    ($($id:ty, $thing:ty, $list:ident;)+) => {
        $(
            impl Index<$id> for Manifests {
                type Output = $thing;

                fn index(&self, number: $id) -> &$thing {
                    &self.all.$list[number.index()]
                }
            }
        )+
    };
}

index! {
    ObjectId, Object, objects;
    SourceId, Source, sources;
    TemplateId, Template, templates;
    ReferenceId, Reference, references;
}
