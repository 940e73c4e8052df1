//! The facts of a text from those of its parts, in as little memory as they need: they are kept until
//! the end of the run.

use super::{Facts, Object};

/// The facts of a text from those of its parts: the first error counts, as if they had been read
/// one after the other.
pub fn join(parts: impl IntoIterator<Item = Facts>) -> Facts {
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    // The objects of the other parts, moved once their number is known.
    let mut others: Vec<Vec<Object>> = Vec::new();
    for mut part in parts {
        if all.broken.is_some() {
            break;
        }
        others.push(part.objects);
        all.object_count += part.object_count;
        all.kustomizations.append(&mut part.kustomizations);
        all.findings.append(&mut part.findings);
        all.hints.append(&mut part.hints);
        all.broken = part.broken;
        all.encrypted |= part.encrypted;
        all.ytt |= part.ytt;
        all.secrets.append(&mut part.secrets);
    }
    all.objects.reserve_exact(others.iter().map(Vec::len).sum());
    all.objects.extend(others.into_iter().flatten());
    all.ytt &= all.broken.is_none();
    if all.broken.is_none() {
        all.find_raw_material();
    }
    all
}

/// Gives back what the lists of objects have room for beyond what they hold.
pub(super) fn fit(objects: &mut Vec<Object>) {
    for object in objects.iter_mut() {
        object.sources.shrink_to_fit();
        for source in &mut object.sources {
            source.entries.shrink_to_fit();
        }
        object.templates.shrink_to_fit();
        for template in &mut object.templates {
            template.references.shrink_to_fit();
        }
    }
    objects.shrink_to_fit();
}
