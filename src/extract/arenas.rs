//! Objects, sources, pod templates and references, in four lists; a number is the position in a
//! list.

use super::ids::{Ids, ObjectId, TemplateId};
use super::{Object, Reference, Source, Template};

/// The objects of a text or of a run, with their sources, pod templates and references. The entries
/// of one owner are adjacent, in the order of the owners.
#[derive(Default)]
pub struct Arenas {
    /// The objects that provide or read something, in the order of the text.
    pub objects: Vec<Object>,
    /// Their sources, in the order of the objects.
    pub sources: Vec<Source>,
    /// Their pod templates, in the order of the objects.
    pub templates: Vec<Template>,
    /// The references of the pod templates, in the order of the templates.
    pub references: Vec<Reference>,
}

impl Arenas {
    /// Adds an object with its sources, and its pod templates with their references.
    pub(super) fn add(
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

    /// Appends the lists of the next text, or of the next part of this text.
    pub(super) fn append(&mut self, mut next: Self) {
        if self.objects.is_empty() {
            *self = next;
            return;
        }
        let (objects, sources) = (self.objects.len(), self.sources.len());
        let (templates, references) = (self.templates.len(), self.references.len());
        for object in &mut next.objects {
            object.sources = object.sources.behind(sources);
            object.templates = object.templates.behind(templates);
        }
        for source in &mut next.sources {
            source.object = ObjectId::at(source.object.index() + objects);
        }
        for template in &mut next.templates {
            template.object = ObjectId::at(template.object.index() + objects);
            template.references = template.references.behind(references);
        }
        for reference in &mut next.references {
            reference.template = TemplateId::at(reference.template.index() + templates);
        }
        self.objects.append(&mut next.objects);
        self.sources.append(&mut next.sources);
        self.templates.append(&mut next.templates);
        self.references.append(&mut next.references);
    }

    /// Shrinks every `Vec` to fit, because facts live until the end of the run.
    pub(super) fn shrink_to_fit(&mut self) {
        self.objects.shrink_to_fit();
        self.sources.shrink_to_fit();
        self.templates.shrink_to_fit();
        self.references.shrink_to_fit();
    }
}
