//! The colours of the pictures: one for each answer, on light and dark pages.

use crate::impact::graph::{GraphNode, Paint};
use crate::impact::{Answer, HowChanged};

/// The classes that have a colour, in the order of a legend.
pub(super) const LEGEND: &[&str] = &[
    "stale", "rolls", "needless", "once", "new", "gone", "quiet", "changed", "added", "removed",
    "plain",
];

/// The class of a node.
pub(super) fn class(node: &GraphNode) -> &'static str {
    match node.paint {
        Paint::Plain => "plain",
        Paint::Changed(
            change @ (HowChanged::Changed | HowChanged::Added | HowChanged::Removed),
        ) => change.name(),
        Paint::Answer(Answer::Template) => "rolls",
        Paint::Answer(answer) => answer.name(),
    }
}

/// The colour that fills a node of this class, and that of its line. The text on it is dark.
pub(super) fn colours(class: &str) -> (&'static str, &'static str) {
    match class {
        "stale" => ("#ffc9c9", "#c92a2a"),
        "rolls" => ("#ffe8a1", "#b08800"),
        "needless" => ("#e5d0ff", "#8250df"),
        "once" => ("#c5f0f5", "#0b7285"),
        "new" | "added" => ("#c8f0cf", "#1a7f37"),
        "gone" | "removed" => ("#e6e8eb", "#57606a"),
        "changed" => ("#cfe4ff", "#0969da"),
        _ => ("#f6f8fa", "#8c959f"),
    }
}
