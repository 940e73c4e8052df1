//! Checks without a diff that two texts differ only by added stamps.

use super::STAMP;

/// The maximum number of bytes before the difference at which an insertion may begin.
const N_SHARED_MAX: usize = 120;

/// The number of stamps that `after` has in addition to `before`; all other bytes must be equal.
///
/// Follows both texts up to the first difference. There `after` must hold a stamp and the parents
/// that it needs, in one piece; without the piece both texts must go on alike.
pub(super) fn added_stamps(before: &str, after: &str) -> Result<usize, String> {
    let same = before.bytes().zip(after.bytes()).take_while(|(old, new)| old == new).count();
    if same == before.len() && same == after.len() {
        return Ok(0);
    }
    let mut why = None;
    // The inserted piece may begin with the same bytes as the text after it, so it may start before the
    // difference.
    for start in (same.saturating_sub(N_SHARED_MAX)..=same).rev() {
        if !(before.is_char_boundary(start) && after.is_char_boundary(start)) {
            continue;
        }
        for end in ends_of_piece(after, start) {
            for unset in ["", "null", "~"] {
                let Some(rest) = before[start..].strip_prefix(unset) else {
                    continue;
                };
                let shared = &rest.as_bytes()[..rest.len().min(same - start)];
                if after.as_bytes()[end..].starts_with(shared) && goes_on(rest, &after[end..]) {
                    match added_stamps(rest, &after[end..]) {
                        Ok(n_stamps) => return Ok(n_stamps + 1),
                        Err(error) => why = Some(error),
                    }
                }
            }
        }
    }
    let line = after.as_bytes()[..same].iter().filter(|byte| **byte == b'\n').count() + 1;
    let seen: String =
        String::from_utf8_lossy(&after.as_bytes()[same..]).chars().take(80).collect();
    Err(why.unwrap_or_else(|| format!("line {line}: {seen:?}")))
}

/// Whether two texts are equal for a while, or to their end: this distinguishes a right cut from a wrong
/// one.
fn goes_on(before: &str, after: &str) -> bool {
    let next = |text: &str| text.as_bytes().iter().take(8).copied().collect::<Vec<u8>>();
    next(before) == next(after) || !ends_of_piece(after, 0).is_empty()
}

/// The possible ends of a piece that starts at `start`: after the stamp, its braces, blanks and a comma.
fn ends_of_piece(text: &str, start: usize) -> Vec<usize> {
    let Some(mut end) = end_of_stamp(&text[start..]).map(|length| start + length) else {
        return Vec::new();
    };
    let mut ends = vec![end];
    for byte in text[end..].bytes().take_while(|byte| byte.is_ascii_whitespace() || *byte == b',') {
        end += usize::from(byte.is_ascii());
        ends.push(end);
    }
    ends
}

/// The length of blanks, parents, braces, stamp and closing braces, if the text begins with them.
fn end_of_stamp(text: &str) -> Option<usize> {
    let mut rest = text.trim_start_matches(|char: char| char.is_whitespace() || char == ',');
    let mut n_open = 0;
    for parent in ["metadata", "annotations"] {
        if let Some(inner) = after_key(rest, parent) {
            rest = inner;
        }
        if let Some(inner) = rest.strip_prefix('{') {
            n_open += 1;
            rest = inner.trim_start();
        }
    }
    rest = after_key(rest, STAMP)?.strip_prefix('"')?;
    let hex = rest.get(..64)?;
    if !hex.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit)) {
        return None;
    }
    rest = rest[64..].strip_prefix('"')?;
    for _ in 0..n_open {
        rest = rest.trim_start().strip_prefix('}')?;
    }
    Some(text.len() - rest.len())
}

fn after_key<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let rest = match text.strip_prefix('"') {
        Some(quoted) => quoted.strip_prefix(key)?.strip_prefix('"')?,
        None => text.strip_prefix(key)?,
    };
    Some(rest.strip_prefix(':')?.trim_start())
}

#[test]
fn a_change_beside_the_stamps_is_seen() {
    let stamp = format!("{STAMP}: \"{}\"", "0".repeat(64));
    let before = "a: 1\ntemplate:\n  spec: {}\n";
    let good =
        format!("a: 1\ntemplate:\n  metadata:\n    annotations:\n      {stamp}\n  spec: {{}}\n");
    assert_eq!(added_stamps(before, &good), Ok(1));
    assert_eq!(added_stamps(before, before), Ok(0));
    for bad in [
        good.replace("a: 1", "a:  1"),
        good.replace("  spec: {}\n", ""),
        good.replace("00\"", "0g\""),
        good.replace("    annotations", "   x: y\n    annotations"),
        "a: 1\ntemplate:\n  metadata:\n  spec: {}\n".to_owned(),
    ] {
        assert!(added_stamps(before, &bad).is_err(), "{bad}");
    }
    let json = r#"[{"metadata": {}, "spec": {}}, {"metadata": {"labels": {}}}, {"spec": {}}]"#;
    let quoted = stamp.replace(STAMP, &format!("\"{STAMP}\""));
    let annotations = format!("\"annotations\": {{\n  {quoted}\n}}");
    let stamped = json
        .replacen("{}", &format!("{{{annotations}}}"), 1)
        .replace("{\"labels", &format!("{{{annotations}, \"labels"))
        .replace("{\"spec", &format!("{{\"metadata\": {{{annotations}}}, \"spec"));
    assert_eq!(added_stamps(json, &stamped), Ok(3));
    assert!(added_stamps(json, &stamped.replace("{}}, {", "{}}, {,")).is_err());
    assert_eq!(added_stamps("annotations: null\n", &format!("annotations: {{{stamp}}}\n")), Ok(1));
}
