//! Facts of a text that was read apart: as a part of a larger one, or before its file had a number.
//!
//! Every structure is taken apart by all of its fields, so that a new one with a place in it cannot be
//! forgotten.

use super::foreign::Marks;
use super::own_suffix::{Frozen, Naming};
use super::{
    Delegate, Entry, Facts, Malformed, Neighbour, Object, Reference, Sidecar, Source, Template,
    Watched,
};
use crate::finding::Finding;
use crate::text::{FileId, Place, Span};
use crate::yaml::insert::{Insertion, Present, Refusal, Related, Slot};
use crate::yaml::{Edit, SyntaxError};

impl Facts {
    /// The same facts, where the text stands in `file`, `by` bytes behind its beginning.
    pub fn moved(mut self, file: FileId, by: u32) -> Self {
        let Self {
            objects,
            sources,
            templates,
            references,
            neighbours,
            object_count: _,
            kustomizations: _,
            findings,
            hints,
            broken,
            encrypted: _,
            ytt: _,
            unread: _,
            looks: _,
            marks,
            secrets,
        } = &mut self;
        let way = Way { file, by };
        objects.iter_mut().for_each(|object| way.object(object));
        sources.iter_mut().for_each(|source| way.source(source));
        templates.iter_mut().for_each(|template| way.template(template));
        for Reference {
            template: _,
            site: _,
            name: _,
            name_span,
            optional: _,
            keys: _,
            why: _,
            spot: _,
        } in references
        {
            way.span(name_span);
        }
        marks.iter_mut().for_each(|mark| mark.move_by(by));
        for Neighbour { id: _, document, route: _ } in neighbours {
            way.span(document);
        }
        let findings = findings.iter_mut().chain(hints);
        findings.for_each(|finding| way.finding(finding));
        if let Some(SyntaxError { at, message: _, refused: _ }) = broken {
            *at += by;
        }
        secrets.iter_mut().for_each(|secret| way.span(secret));
        self
    }
}

/// Where to, and how far.
struct Way {
    file: FileId,
    by: u32,
}

impl Way {
    fn span(&self, span: &mut Span) {
        let Span { start, end } = span;
        *start += self.by;
        *end += self.by;
    }

    fn place(&self, place: &mut Place) {
        let Place { file, span } = place;
        *file = self.file;
        self.span(span);
    }

    fn finding(&self, finding: &mut Finding) {
        let Finding {
            code: _,
            severity: _,
            object: _,
            message: _,
            cause: _,
            place,
            file: _,
            quotable: _,
            related,
            help: _,
            refuses: _,
        } = finding;
        place.iter_mut().for_each(|place| self.place(place));
        related.iter_mut().for_each(|(place, _)| self.place(place));
    }

    fn object(&self, object: &mut Object) {
        let Object {
            id: _,
            place,
            name_span,
            document,
            route: _,
            hook: _,
            origin: _,
            from_file: _,
            raw_material_of: _,
            sources: _,
            templates: _,
            delegate,
            follows: _,
        } = object;
        self.place(place);
        self.span(name_span);
        self.span(document);
        if let Some(delegate) = delegate {
            let Delegate { kind: _, name: _, at } = delegate.as_mut();
            self.span(at);
        }
    }

    fn source(&self, source: &mut Source) {
        let Source {
            object: _,
            target: _,
            name: _,
            namespace: _,
            entries,
            content_named: _,
            whole: _,
            filled_in_cluster: _,
            ignored: _,
            malformed,
            naming,
        } = source;
        for entry in entries {
            let Entry { key: _, digest: _, size: _, env: _, flaw: _, ignored: _, at } = entry;
            self.span(at);
        }
        if let Some(Malformed { field: _, at }) = malformed {
            self.span(at);
        }
        if let Some(naming) = naming {
            let Naming { base: _, froze: _, mode: _, suffix: _, is_suffixed: _, marker, frozen } =
                naming.as_mut();
            self.slot(marker);
            match frozen {
                Frozen::Absent(edit) | Frozen::Ours(edit) => self.edit(edit),
                Frozen::Theirs => {}
            }
        }
    }

    fn template(&self, template: &mut Template) {
        let Template {
            object: _,
            kind: _,
            path: _,
            references: _,
            slot,
            has: _,
            stamp_seen: _,
            not_stamped: _,
            refusal,
            later: _,
            ignored: _,
            ignored_sources: _,
            sidecars,
            marks,
        } = template;
        if let Some(slot) = slot {
            self.slot(slot);
        }
        if let Some((_, refusal)) = refusal {
            self.refusal(refusal);
        }
        for sidecar in sidecars {
            let Sidecar { row: _, container: _, at, volumes, label: _, once: _ } = sidecar;
            self.span(at);
            for volume in volumes {
                let Watched { name: _, span, doubt: _ } = volume;
                self.span(span);
            }
        }
        let Marks { checksums, versions } = marks;
        let marks = checksums.iter_mut().chain(versions);
        marks.for_each(|(_, at)| self.span(at));
    }

    fn slot(&self, slot: &mut Result<Slot, Refusal>) {
        match slot {
            Err(refusal) => self.refusal(refusal),
            Ok(Slot::Absent(insertion)) => self.insertion(insertion),
            Ok(Slot::Present(present)) => {
                let Present { key, value: _, replacement, removal } = present;
                self.span(key);
                self.insertion(replacement);
                match removal {
                    Ok(edit) => self.edit(edit),
                    Err(refusal) => self.refusal(refusal),
                }
            }
        }
    }

    fn insertion(&self, insertion: &mut Insertion) {
        let Insertion { span, before: _, after: _ } = insertion;
        self.span(span);
    }

    fn edit(&self, edit: &mut Edit) {
        let Edit { span, replacement: _ } = edit;
        self.span(span);
    }

    fn refusal(&self, refusal: &mut Refusal) {
        let Refusal { at, message: _, related } = refusal;
        self.span(at);
        if let Some(Related::FirstKey(span) | Related::OtherEnd(span)) = related {
            self.span(span);
        }
    }
}
