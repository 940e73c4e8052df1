//! Workloads that several units apply: one is stamped only where all its units need the same stamp.

use super::{Decision, Planner, Reason, findings};
use crate::extract::{Object, Reference, Template};
use crate::finding::divergence::{Cause, Divergence};
use crate::finding::{Code, Finding};
use crate::resolve::is_exact;
use crate::scope::{Seat, Unit};
use crate::text::Place;
use std::collections::BTreeSet;

/// The decision about a template, and its reasons.
type Decided = (Decision, Vec<Reason>);

/// Whether a template would get a stamp, so that a finding says why it is left alone.
pub(super) fn matters(template: &Template) -> bool {
    template.not_stamped.is_none()
        && template.ignored.is_none()
        && template.references.iter().any(Reference::reads)
}

/// Why a list item that a kustomization includes is left alone.
pub(super) fn raw_material(object: &Object) -> Divergence {
    let below = object.raw_material_of.as_deref();
    let below = below.unwrap_or("a kustomization");
    Divergence::of(Cause::RawMaterial(below.to_owned()))
}

impl Planner<'_> {
    /// Decides for every unit that applies the file.
    ///
    /// # Errors
    /// A [`Divergence`], if the units need different stamps or what they apply is not known.
    pub(super) fn in_all(
        &mut self,
        seats: &[Seat],
        at: (usize, usize),
        object: &Object,
        template: &Template,
    ) -> Result<Decided, Divergence> {
        if let [only] = seats
            && !self.units.get(only.unit).built
        {
            return Ok(self.template(only, object, template));
        }
        let mut first: Option<(&Unit, Decided)> = None;
        let mut said: BTreeSet<(Code, Option<Place>, String)> = BTreeSet::new();
        let mut findings: Vec<Finding> = Vec::new();
        let earlier = std::mem::take(&mut self.said);
        let mut wrong = None;
        for seat in seats {
            let unit = self.units.get(seat.unit);
            let decided = self.template(seat, object, template);
            for finding in std::mem::take(&mut self.said.findings) {
                if said.insert((finding.code, finding.place, finding.message.clone())) {
                    findings.push(finding);
                }
            }
            wrong = self.doubt(seat, at, object, template, &decided.1);
            if wrong.is_some() {
                break;
            }
            match &first {
                None => first = Some((unit, decided)),
                Some((one, same)) if same.0 != decided.0 && !unit.built => {
                    self.said = earlier;
                    let finding = findings::several_units(object, &one.name, &unit.name);
                    self.said.findings.push(finding);
                    return Ok((Decision::Refused, Vec::new()));
                }
                Some((one, same)) if same.0 != decided.0 => {
                    let (one, two) = (one.name.clone(), unit.name.clone());
                    wrong = Some(Divergence::of(Cause::DifferentStamps(one, two)));
                    break;
                }
                Some(_) => {}
            }
        }
        let mut said = std::mem::replace(&mut self.said, earlier);
        match (wrong, first) {
            (None, Some((_, decided))) => {
                said.findings = findings;
                self.said.add(said);
                Ok(decided)
            }
            (why, _) => Err(why.unwrap_or_else(|| Divergence::of(Cause::OnlyRead))),
        }
    }

    /// Why the template that a unit applies may need another stamp than the one in the file.
    fn doubt(
        &self,
        seat: &Seat,
        at: (usize, usize),
        object: &Object,
        template: &Template,
        reasons: &[Reason],
    ) -> Option<Divergence> {
        let unit = self.units.get(seat.unit);
        if !unit.built {
            return None;
        }
        let why = self.doubt_in(unit, seat, at, object, template, reasons)?;
        Some(why.in_build_of(&unit.name))
    }

    fn doubt_in(
        &self,
        unit: &Unit,
        seat: &Seat,
        at: (usize, usize),
        object: &Object,
        template: &Template,
        reasons: &[Reason],
    ) -> Option<Divergence> {
        if let Some(why) = unit.changed.get(&at) {
            return Some(why.clone());
        }
        for (reference, reason) in template.references.iter().zip(reasons) {
            if matches!(reason, Reason::ReadsNothing) {
                continue;
            }
            let target = reference.site.target;
            let mut candidates = self.index.get(seat.unit, target, &reference.name).iter();
            let changed = candidates.find_map(|candidate| {
                let at = candidate.copy.object;
                unit.changed.get(&(at.file, at.object))
            });
            if let Some(why) = changed {
                return Some(why.clone());
            }
            if matches!(reason, Reason::Clash(..) | Reason::Ambiguous(_)) {
                let (unit, name) = (unit.name.clone(), reference.name.to_string());
                return Some(Divergence::of(Cause::SeveralSources(unit, target, name)));
            }
            // The reference may mean a source that is not here.
            if let Some(open) = &unit.open
                && !is_exact(self.index, seat, object, reference, self.options)
            {
                return Some(open.clone());
            }
        }
        None
    }
}
