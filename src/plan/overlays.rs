//! Workloads that are applied in several units: stamped only where all of them agree.

use super::{Decision, Planner, Reason, findings};
use crate::extract::{Object, Reference, Template};
use crate::finding::divergence::{Cause, Divergence};
use crate::finding::{Code, Finding};
use crate::resolve::is_exact;
use crate::scope::{Seat, Unit};
use crate::text::Place;
use std::collections::BTreeSet;

/// What is decided about a template, and why.
type Decided = (Decision, Vec<Reason>);

/// Whether it is worth a word that a template is left alone.
pub(super) fn matters(template: &Template) -> bool {
    template.not_stamped.is_none()
        && template.ignored.is_none()
        && template.references.iter().any(Reference::reads)
}

/// Why an item of a list is left alone that is raw material there.
pub(super) fn raw_material(object: &Object) -> Divergence {
    let below = object.raw_material_of.as_deref();
    let below = below.unwrap_or("a kustomization");
    Divergence::of(Cause::RawMaterial(below.to_owned()))
}

impl Planner<'_> {
    /// Decides in every unit of a file. An error says why they do not agree, or why nobody can know.
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

    /// Why the stamp of a template in a unit may not be that of what is applied.
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
            // A source that nobody sees here may be the one that is meant.
            if let Some(open) = &unit.open
                && !is_exact(self.index, seat, object, reference, self.options)
            {
                return Some(open.clone());
            }
        }
        None
    }
}
