//! Joins the facts of the parts of a text.

use super::Facts;

/// Joins the facts of the parts of a text. The first error counts, as if the parts had been read
/// one after the other.
pub fn join(parts: impl IntoIterator<Item = Facts>) -> Facts {
    let mut joining = Joining::default();
    parts.into_iter().for_each(|part| joining.add(part));
    joining.finish()
}

/// The facts of the first parts of a text. Parts are added as they arrive, so that their memory is
/// freed early.
#[derive(Default)]
pub struct Joining(Option<Facts>);

impl Joining {
    /// Adds the next part.
    pub fn add(&mut self, mut part: Facts) {
        let Some(all) = &mut self.0 else {
            self.0 = Some(part);
            return;
        };
        if all.broken.is_some() {
            return;
        }
        all.arenas.append(part.arenas);
        all.neighbours.append(&mut part.neighbours);
        all.values_readers.append(&mut part.values_readers);
        all.label_uses.append(&mut part.label_uses);
        all.makers.append(&mut part.makers);
        all.object_count += part.object_count;
        all.indirect.append(&mut part.indirect);
        all.names_repository |= part.names_repository;
        all.namespaces.append(&mut part.namespaces);
        all.kustomizations.append(&mut part.kustomizations);
        all.findings.append(&mut part.findings);
        all.hints.append(&mut part.hints);
        if part.has_documents {
            all.findings.extend(all.said_if_more.take().map(|finding| *finding));
        }
        all.has_documents |= part.has_documents;
        all.broken = part.broken;
        all.encrypted |= part.encrypted;
        all.ytt |= part.ytt;
        all.secrets.append(&mut part.secrets);
        all.marks.append(&mut part.marks);
    }

    /// The facts of the whole text.
    pub fn finish(self) -> Facts {
        let mut all = self.0.unwrap_or_default();
        all.ytt &= all.broken.is_none();
        if all.broken.is_none() {
            all.find_raw_material();
        }
        all
    }
}
