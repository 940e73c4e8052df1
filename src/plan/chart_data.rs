//! The configuration data of charts in apply units, and the steady values computed from it.

use super::Planner;
use crate::digest::Lines;
use crate::extract::{Maker, Manifests, Rendered, SourceId};
use crate::k8s::providers::Target;
use crate::resolve::index::Indexed;
use crate::scope::{Membership, UnitId};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The configuration data of a chart in a unit.
pub(super) struct ChartData {
    /// The steady value; `None` if there is no data.
    pub(super) value: Option<String>,
    /// Its sources.
    pub(super) sources: Vec<SourceId>,
    /// Whether two files define one of them differently.
    pub(super) clashes: bool,
}

/// The cached data of charts in units.
#[derive(Default)]
pub(super) struct Charts {
    data: BTreeMap<(UnitId, Option<SmolStr>), Rc<ChartData>>,
    hooks: BTreeMap<UnitId, bool>,
}

impl Planner<'_> {
    /// Whether a unit has a hook.
    pub(super) fn shows_hooks(&mut self, membership: &Membership) -> bool {
        let (manifests, units) = (self.manifests, self.units);
        *self.charts.hooks.entry(membership.unit).or_insert_with(|| {
            units.get(membership.unit).objects(manifests).any(|(object, _)| manifests[object].hook)
        })
    }

    /// The configuration data of a chart in a unit, including its subcharts, because a template may
    /// use their data. A source without a known chart counts for each chart.
    pub(super) fn data(
        &mut self,
        membership: &Membership,
        rendered: Option<&Rendered>,
    ) -> Rc<ChartData> {
        let key = (membership.unit, rendered.map(|rendered| rendered.chart.clone()));
        if let Some(known) = self.charts.data.get(&key) {
            return Rc::clone(known);
        }
        let manifests = self.manifests;
        let resolver = self.resolver;
        let makers: Vec<&Maker> = self
            .units
            .get(membership.unit)
            .sees
            .iter()
            .flat_map(|member| &manifests[member.file].makers)
            .filter(|maker| maker.upgraded && is_in_chart(rendered, maker.rendered.as_ref()))
            .collect();
        let all = Target::ALL;
        let all = all.into_iter().flat_map(|target| resolver.all(membership, target));
        let all = all.filter(|indexed| {
            let owner = manifests.owner(indexed.copy);
            owner.upgraded && is_in_chart(rendered, owner.rendered.as_deref())
        });
        let all: Vec<&Indexed> = all.collect();
        let is_there = !all.is_empty() || !makers.is_empty();
        let data = Rc::new(ChartData {
            // A source without keys is configuration data too, because keys may be added.
            value: is_there.then(|| lines(manifests, &all, &makers).foreign()),
            sources: all.iter().map(|indexed| indexed.copy).collect(),
            clashes: all.iter().any(|indexed| indexed.clash.is_some()),
        });
        self.charts.data.insert(key, Rc::clone(&data));
        data
    }
}

/// The lines of sources in the scheme `rollstamp/foreign/v1`.
pub(super) fn lines(manifests: &Manifests, sources: &[&Indexed], makers: &[&Maker]) -> Lines {
    let mut lines = Lines::default();
    let mut namespaces: BTreeMap<(Target, &str), BTreeSet<Option<&str>>> = BTreeMap::new();
    for indexed in sources {
        let source = &manifests[indexed.copy];
        let own =
            namespaces.entry((source.target, base_name(manifests, indexed.copy))).or_default();
        own.insert(indexed.namespace.as_deref());
    }
    for indexed in sources {
        let source = &manifests[indexed.copy];
        if source.ignored.is_some() {
            continue;
        }
        let name = base_name(manifests, indexed.copy);
        // The namespace is part of the line only if it distinguishes two sources.
        let is_alone = namespaces.get(&(source.target, name)).is_none_or(|all| all.len() == 1);
        let name = match is_alone {
            true => name.to_owned(),
            false => format!("{}/{name}", indexed.namespace.as_deref().unwrap_or_default()),
        };
        if let Some(recipe) = &source.recipe {
            let kind = manifests.owner(indexed.copy).id.kind.as_str();
            lines.add_of(kind, &name, "spec", recipe);
        }
        for entry in source.entries.iter().filter(|entry| entry.ignored.is_none()) {
            lines.add(source.target, &name, &entry.key, &entry.digest);
        }
    }
    for maker in makers {
        if let Some(recipe) = &maker.recipe {
            lines.add_of(&maker.id.kind, &maker.name, "spec", recipe);
        }
    }
    lines
}

/// Whether a source counts for a chart: if one of the charts is not known, it does.
fn is_in_chart(chart: Option<&Rendered>, own: Option<&Rendered>) -> bool {
    match (chart, own) {
        (Some(chart), Some(own)) => chart.holds(own),
        _ => true,
    }
}

/// The name of a source without a suffix of rollstamp.
fn base_name(manifests: &Manifests, at: SourceId) -> &str {
    let source = &manifests[at];
    let base = source.naming.as_ref().and_then(|naming| naming.base.as_deref());
    base.unwrap_or(&source.name)
}
