//! Writes unified diffs of changed files. The context ends at the end of a changed object, and a line that
//! holds a part of a Secret is never shown.

use super::locator::{newlines, touches_secret};
use super::plain;
use crate::edit::FileChange;
use crate::outcome::Outcome;
use crate::text::input::IS_ON_A_MACHINE;
use crate::text::{Span, line_range};
use similar::{ChangeTag, TextDiff};

/// The diff of one file, with `a/` and `b/` before its name, as in git.
pub fn unified(outcome: &Outcome, change: &FileChange) -> String {
    // The page program never prints diffs, and is smaller without them.
    if !IS_ON_A_MACHINE {
        return String::new();
    }
    let file = &outcome.manifests[change.file];
    // The text of a changed file was read for the edit.
    let text = outcome.texts.get(change.file).unwrap_or_default();
    let mut out = format!("--- a/{0}\n+++ b/{0}\n", plain(&file.input.name));
    let mut shift: isize = 0;
    let mut shown = 0;
    let mut objects = change.objects.clone();
    objects.sort_unstable();
    for object in objects {
        let lines = whole_lines(text, object, shown);
        shown = lines.end as usize;
        if touches_secret(file, &lines.range()) {
            let line = 1 + newlines(&text.as_bytes()[..lines.start as usize]);
            out.push_str(&format!("# line {line} is not shown: a Secret stands on it\n"));
            continue;
        }
        let before = lines.of(text);
        let after: String = change.edits.slices_within(text, lines).collect();
        let first = newlines(&text.as_bytes()[..lines.start as usize]);
        shift += hunks(&mut out, before, &after, first, shift);
    }
    out
}

/// The diff of a file without objects, without context. `exists` says whether the file exists before and
/// after; equal texts have no diff.
pub fn of_texts(name: &str, before: &str, after: &str, exists: (bool, bool)) -> String {
    if before == after && exists.0 == exists.1 {
        return String::new();
    }
    let side = |prefix: &str, there: bool| match there {
        true => format!("{prefix}/{name}"),
        false => "/dev/null".to_owned(),
    };
    let mut out = format!("--- {}\n+++ {}\n", side("a", exists.0), side("b", exists.1));
    let diff = TextDiff::from_lines(before, after);
    out.push_str(&diff.unified_diff().context_radius(0).to_string());
    out
}

/// The whole lines that hold an object, from `shown` on.
fn whole_lines(text: &str, object: Span, shown: usize) -> Span {
    let start = line_range(text, object.start as usize).start.max(shown);
    let last = (object.end as usize).saturating_sub(1).max(start);
    let end = memchr::memchr(b'\n', &text.as_bytes()[last..]).map_or(text.len(), |i| last + i + 1);
    Span::new(start, end.max(start))
}

/// Writes the hunks of one object; `first` is the number of lines before it, `shift` the number of lines
/// added before it. Returns the number of lines that the hunks add.
fn hunks(out: &mut String, before: &str, after: &str, first: usize, shift: isize) -> isize {
    let diff = TextDiff::from_lines(before, after);
    let mut added: isize = 0;
    for group in diff.grouped_ops(3) {
        let (Some(head), Some(tail)) = (group.first(), group.last()) else { continue };
        let old = head.old_range().start..tail.old_range().end;
        let new = head.new_range().start..tail.new_range().end;
        let old_start = first + old.start + 1;
        let new_start = (first + new.start + 1).saturating_add_signed(shift);
        out.push_str(&format!("@@ -{old_start},{} +{new_start},{} @@\n", old.len(), new.len()));
        for op in &group {
            for change in diff.iter_changes(op) {
                let sign = match change.tag() {
                    ChangeTag::Equal => ' ',
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                };
                added += match change.tag() {
                    ChangeTag::Insert => 1,
                    ChangeTag::Delete => -1,
                    ChangeTag::Equal => 0,
                };
                out.push(sign);
                out.push_str(change.value());
                if change.missing_newline() {
                    out.push_str("\n\\ No newline at end of file\n");
                }
            }
        }
    }
    added
}
