//! Compares the two parsers on a text. `tests/fuzz` uses this comparison, too.

use rollstamp::text::Span;
use rollstamp::yaml::tape::{Document, Node, Props};
use rollstamp::yaml::{self, fast};

/// The result of a comparison.
pub(crate) enum Verdict {
    /// The fast parser accepts the text, and the full parser reads the same.
    Same,
    /// The fast parser declines the text, for this reason; with whether the full parser can read it.
    Declined { why: &'static str, readable: bool },
    /// The parsers read the text differently, or the full parser refuses a text that the fast parser accepts.
    Differs(String),
}

/// Compares the results of both parsers for a chunk of text.
pub(crate) fn compare(text: &str, chunk: Span) -> Verdict {
    let full = yaml::parse_fully(text, chunk);
    let fast = match fast::parse(text, chunk) {
        Ok(fast) => fast,
        Err(declined) => {
            return Verdict::Declined { why: declined.0, readable: full.is_ok() };
        }
    };
    match full {
        Err(error) => Verdict::Differs(format!("the full parser says: {}", error.message)),
        Ok(full) => match difference(fast.as_ref(), full.as_ref()) {
            None => Verdict::Same,
            Some(difference) => Verdict::Differs(difference),
        },
    }
}

fn difference(fast: Option<&Document>, full: Option<&Document>) -> Option<String> {
    let (fast, full) = match (fast, full) {
        (None, None) => return None,
        (Some(fast), Some(full)) => (fast, full),
        (None, Some(_)) => return Some("a document that the fast parser does not see".to_owned()),
        (Some(_), None) => return Some("a document that only the fast parser sees".to_owned()),
    };
    if fast.span != full.span || fast.json != full.json {
        return Some("the spans of the document".to_owned());
    }
    let (a, b) = (&fast.tape.nodes, &full.tape.nodes);
    if let Some((index, (a, b))) = a.iter().zip(b).enumerate().find(|(_, (a, b))| !is_same(a, b)) {
        return Some(format!("node {index}:\n  fast {a:?}\n  full {b:?}"));
    }
    if a.len() != b.len() {
        return Some(format!("{} nodes and {} nodes", a.len(), b.len()));
    }
    let (a, b) = (&fast.tape.props, &full.tape.props);
    let same = a.len() == b.len() && a.iter().zip(b).all(|(a, b)| of(a) == of(b));
    (!same).then(|| format!("anchors, tags and aliases:\n  fast {a:?}\n  full {b:?}"))
}

/// All fields of an entry.
fn of(props: &Props) -> impl PartialEq {
    let Props { node, anchor, tag, aliases, target } = *props;
    (node, anchor, tag, aliases, target)
}

fn is_same(a: &Node, b: &Node) -> bool {
    (a.kind, a.style, a.span, a.indent, a.jump) == (b.kind, b.style, b.span, b.indent, b.jump)
        && (a.has_props, a.has_merge) == (b.has_props, b.has_merge)
}
