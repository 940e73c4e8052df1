//! Phrases with numbers and lists.

/// `1 file`, `2 files`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `a, b, c`, or the first few `and 25 more`.
pub(super) fn listed(names: &[&str], few: usize) -> String {
    // One name more than `few` is shown, because "and 1 more" would take as much space.
    if names.len() <= few.saturating_add(1) {
        return names.join(", ");
    }
    format!("{} and {} more", names[..few].join(", "), names.len() - few)
}
