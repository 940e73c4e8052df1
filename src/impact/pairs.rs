//! Pairs the objects of two states.

use std::collections::BTreeMap;

/// An object of one state: its identity, and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item<K> {
    /// The identity of the object.
    pub(super) key: K,
    /// The folder or file of its apply unit, relative to the named path.
    pub(super) unit: String,
}

/// The positions of one object in both states; several on one side if the object occurs more than once in
/// one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) before: Vec<usize>,
    pub(super) after: Vec<usize>,
}

/// Pairs objects with the same identity: first those in one unit, then the only two that remain. If more
/// remain, it is unknown which belong together, so each stays alone.
pub(super) fn pair<K: Ord + Clone>(before: &[Item<K>], after: &[Item<K>]) -> Vec<Pair> {
    // In most comparisons, both states have the same objects in the same order.
    if before == after {
        return with_itself(before);
    }
    type PairByUnit<'a> = BTreeMap<&'a str, Pair>;
    let mut by_key: BTreeMap<&K, PairByUnit<'_>> = BTreeMap::new();
    for (i, item) in before.iter().enumerate() {
        let units = by_key.entry(&item.key).or_default();
        units.entry(&item.unit).or_default().before.push(i);
    }
    for (i, item) in after.iter().enumerate() {
        let units = by_key.entry(&item.key).or_default();
        units.entry(&item.unit).or_default().after.push(i);
    }
    let mut pairs = Vec::new();
    for units in by_key.into_values() {
        let (both, alone): (Vec<Pair>, Vec<Pair>) =
            units.into_values().partition(|p| !p.before.is_empty() && !p.after.is_empty());
        pairs.extend(both);
        let (old, new): (Vec<Pair>, Vec<Pair>) =
            alone.into_iter().partition(|p| p.after.is_empty());
        match (old.as_slice(), new.as_slice()) {
            ([old], [new]) => {
                pairs.push(Pair { before: old.before.clone(), after: new.after.clone() });
            }
            _ => pairs.extend(old.into_iter().chain(new)),
        }
    }
    pairs
}

/// The pairs of a list and an equal list, in the order in which [`pair`] returns them.
fn with_itself<K: Ord>(items: &[Item<K>]) -> Vec<Pair> {
    let by = |&at: &usize| (&items[at].key, &items[at].unit);
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|one, other| by(one).cmp(&by(other)));
    let copies = order.chunk_by(|one, other| by(one) == by(other));
    copies.map(|same| Pair { before: same.to_vec(), after: same.to_vec() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(list: &[(&'static str, &str)]) -> Vec<Item<&'static str>> {
        list.iter().map(|(key, unit)| Item { key: *key, unit: (*unit).to_owned() }).collect()
    }

    #[test]
    fn one_that_moved_is_still_the_same() {
        let pairs = pair(&items(&[("web", "a")]), &items(&[("web", "b")]));
        assert_eq!(pairs, [Pair { before: vec![0], after: vec![0] }]);
    }

    #[test]
    fn units_keep_namesakes_apart() {
        let before = items(&[("web", "base"), ("web", "prod")]);
        let after = items(&[("web", "prod"), ("web", "base")]);
        let pairs = pair(&before, &after);
        assert_eq!(pairs[0], Pair { before: vec![0], after: vec![1] });
        assert_eq!(pairs[1], Pair { before: vec![1], after: vec![0] });
    }

    #[test]
    fn equal_lists_pair_as_lists_that_differ_in_one_more_object() {
        let same = items(&[("web", "b"), ("web", "a"), ("api", "a"), ("web", "b"), ("job", "")]);
        let mut more = same.clone();
        more.extend(items(&[("zz", "a")]));
        let pairs = pair(&same, &more);
        assert_eq!(pair(&same, &same), pairs[..pairs.len() - 1]);
    }

    #[test]
    fn nobody_guesses_between_two() {
        let pairs = pair(&items(&[("web", "a"), ("web", "b")]), &items(&[("web", "c")]));
        assert_eq!(pairs.len(), 3);
    }
}
