//! Whether a text became another by nothing but added stamps, without a diff.

use super::STAMP;

/// The number of stamps that `after` has more than `before`; everything else must be the same bytes.
///
/// Walks both texts line by line. Where they differ, the line of `after` must be a stamp, a parent
/// on the way to one, or the line of `before` with such text in it.
pub(super) fn added_stamps(before: &str, after: &str) -> Result<usize, String> {
    let mut old = before.split_inclusive('\n').peekable();
    let mut new = after.split_inclusive('\n').enumerate().peekable();
    let mut n_stamps = 0;
    while let Some((number, line)) = new.next() {
        if old.peek() == Some(&line) {
            old.next();
            continue;
        }
        if is_stamp_text(line) {
            n_stamps += 1;
        } else if matches!(line.trim(), "annotations:" | "metadata:") {
            let below = new.peek().map_or("", |(_, below)| below.trim());
            if !(below == "annotations:" || is_stamp_text(below)) {
                return Err(format!("line {}: added for nothing: {line:?}", number + 1));
            }
        } else if let Some(was) = old.next().filter(|was| is_line_with_stamp(was, line)) {
            debug_assert!(was.len() != line.len());
            n_stamps += line.matches(STAMP).count();
        } else {
            return Err(format!("line {} changed: {line:?}", number + 1));
        }
    }
    match old.next() {
        Some(lost) => Err(format!("lost: {lost:?}")),
        None => Ok(n_stamps),
    }
}

/// `was` with stamps put into it, each one in a single piece.
fn is_line_with_stamp(was: &str, line: &str) -> bool {
    if was == line {
        return true;
    }
    let Some(place) = line.find(STAMP) else { return false };
    // The piece starts at its outermost key or brace, at most this far before the annotation's name.
    (place.saturating_sub(48)..=place).rev().filter(|start| line.is_char_boundary(*start)).any(|start| {
        let Some(rest) = was.strip_prefix(&line[..start]) else { return false };
        (place + STAMP.len()..line.len().min(place + 160)).filter(|end| line.is_char_boundary(*end)).any(|end| {
            let unset = ["null", "~"].iter().find_map(|unset| rest.strip_prefix(unset));
            is_stamp_text(&line[start..end])
                && (rest.ends_with(&line[end..]) && is_line_with_stamp(rest, &line[end..])
                    || unset.is_some_and(|rest| is_line_with_stamp(rest, &line[end..])))
        })
    })
}

/// A stamp, alone or in the parents and commas that an insertion into a flow mapping needs.
fn is_stamp_text(text: &str) -> bool {
    let mut text: String = text.chars().filter(|char| !char.is_whitespace() && *char != '\'').collect();
    text = text.trim_matches(',').to_owned();
    for parent in ["", "metadata", "annotations"] {
        for key in [format!("{parent}:"), format!("\"{parent}\":"), String::new()] {
            let inner = text.strip_prefix(&format!("{key}{{")).and_then(|inner| inner.strip_suffix('}'));
            if let Some(inner) = inner {
                text = inner.to_owned();
                break;
            }
        }
    }
    let value = text.strip_prefix(STAMP).or_else(|| text.strip_prefix(&format!("\"{STAMP}\"")));
    let hex = value.and_then(|value| value.strip_prefix(":\"")?.strip_suffix('"'));
    hex.is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
    })
}

#[test]
fn a_change_beside_the_stamps_is_seen() {
    let stamp = format!("{STAMP}: \"{}\"", "0".repeat(64));
    let before = "a: 1\ntemplate:\n  spec: {}\n";
    let good = format!("a: 1\ntemplate:\n  metadata:\n    annotations:\n      {stamp}\n  spec: {{}}\n");
    assert_eq!(added_stamps(before, &good), Ok(1));
    assert_eq!(added_stamps(before, before), Ok(0));
    assert!(added_stamps(before, &good.replace("a: 1", "a:  1")).is_err());
    assert!(added_stamps(before, &good.replace("  spec: {}\n", "")).is_err());
    assert!(added_stamps(before, "a: 1\ntemplate:\n  metadata:\n  spec: {}\n").is_err());
    assert!(added_stamps(before, &good.replace("00\"", "0g\"")).is_err());
    let json = r#"{"template": {"metadata": {}, "spec": {}}, "template": {"metadata": {"labels": {}}}}"#;
    let quoted = stamp.replace(STAMP, &format!("\"{STAMP}\""));
    let stamped = json
        .replacen("{}", &format!("{{\"annotations\": {{{quoted}}}}}"), 1)
        .replace("{\"labels", &format!("{{\"annotations\": {{{quoted}}}, \"labels"));
    assert_eq!(added_stamps(json, &stamped), Ok(2));
    assert!(added_stamps(json, &stamped.replace("spec", "spex")).is_err());
    assert_eq!(added_stamps("annotations: null\n", &format!("annotations: {{{stamp}}}\n")), Ok(1));
}
