//! Makes text of the input safe for terminals, logs of workflows, and other languages.

use std::borrow::Cow;

/// A text as one line without active characters: control characters, line separators and the marks that
/// change the direction of text are written as escapes. So are the marks of workflow commands, which GitHub
/// obeys if a line of a log begins with one (`::`) or contains one (`##[`).
pub fn plain(text: &str) -> Cow<'_, str> {
    // Nearly every text.
    if text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b':' && b != b'#') {
        return Cow::Borrowed(text);
    }
    if !text.chars().any(is_control) && !text.contains("::") && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 8);
    // A line can be wrapped before each word, so each word can begin a line.
    let mut begins = true;
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        if is_control(c) {
            plain.extend(c.escape_default());
        } else {
            if (begins && rest.starts_with("::")) || rest.starts_with("##[") {
                plain.push('\\');
            }
            plain.push(c);
        }
        begins = c.is_whitespace() || is_control(c);
    }
    // The escape also stands between the two signs, so that no reader skips it.
    Cow::Owned(plain.replace("##[", "#\\#["))
}

/// A text without control characters, in which the signs of the table are replaced.
pub(super) fn escaped(text: &str, table: &[(char, &str)]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match table.iter().find(|(sign, _)| *sign == c) {
            Some((_, written)) => escaped.push_str(written),
            None if c.is_control() => {}
            None => escaped.push(c),
        }
    }
    escaped
}

/// The signs with a meaning in XML and HTML.
pub(super) const XML: &[(char, &str)] =
    &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")];

/// Whether a character has an effect instead of being shown.
fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_acts_on_a_terminal_or_a_log() {
        assert_eq!(plain("Deployment shop/web"), "Deployment shop/web");
        assert_eq!(plain("d\u{1b}]0;pwn\u{7}\n::x y"), "d\\u{1b}]0;pwn\\u{7}\\n\\::x y");
        assert_eq!(plain("a ::error::b"), "a \\::error::b");
        assert_eq!(plain("a##[error]b"), "a\\#\\#[error]b");
        assert_eq!(plain("\u{202e}\u{85}"), "\\u{202e}\\u{85}");
    }
}
