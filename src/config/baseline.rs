//! Rules that silence the findings that exist when a project starts to use rollstamp, so that only
//! later findings are shown.

use crate::finding::{Code, Finding};
use crate::text::{Span, end_of_lines, line_range};
use crate::yaml::{Cursor, Edit, strict};
use std::collections::BTreeSet;

/// The reason in the rules that the program writes.
pub const REASON: &str = "known when rollstamp was adopted";

/// The codes and objects of those findings that can be silenced. A finding that refuses something
/// cannot be silenced.
pub fn known(findings: &[Finding]) -> BTreeSet<(Code, String)> {
    let can = findings.iter().filter(|finding| !finding.refuses);
    let objects = |finding: &Finding| {
        let code = finding.code;
        let all = finding.object.iter().chain(&finding.others).cloned();
        all.map(move |object| (code, object)).collect::<Vec<_>>()
    };
    can.flat_map(objects).collect()
}

/// The edit that adds a rule under `silence` for each of them to the text of a configuration. Every
/// other byte stays.
///
/// # Errors
/// The reason why the rules cannot be added: the list is written in flow style, or the text cannot
/// be read.
pub fn add(text: &str, known: &BTreeSet<(Code, String)>) -> Result<Edit, String> {
    let documents = strict::documents(text).map_err(|_| "it cannot be read")?;
    let root = documents.first().map(|document| Cursor::root(document, text));
    let list = root.and_then(|root| root.get("silence")).filter(|list| !list.is_null());
    let (at, indent) = match list {
        None => (text.len(), String::new()),
        Some(list) => {
            let mut items = list.items();
            let (first, last) = match (items.next(), items.last()) {
                (Some(first), last) => (first.span(), last.unwrap_or(first).span()),
                _ => return Err("`silence` is not a list in block style".to_owned()),
            };
            let before = &text[line_range(text, first.start as usize).start..first.start as usize];
            let indent = before.trim_end().strip_suffix('-').filter(|i| i.trim().is_empty());
            let indent = indent.ok_or("`silence` is not a list in block style")?;
            (end_of_lines(text, last.end as usize), indent.to_owned())
        }
    };
    let mut rows = String::new();
    if !text[..at].is_empty() && !text[..at].ends_with('\n') {
        rows.push('\n');
    }
    if list.is_none() {
        rows.push_str("silence:\n");
    }
    for (code, object) in known {
        let object = globset::escape(object).replace('\\', "\\\\").replace('"', "\\\"");
        let code = code.name();
        rows.push_str(&format!(
            "{indent}- {{code: {code}, object: \"{object}\", reason: {REASON}}}\n"
        ));
    }
    Ok(Edit { span: Span::new(at, at), replacement: rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> Result<String, String> {
        let known = BTreeSet::from([(Code::MissingStamp, "Deployment web".to_owned())]);
        let edit = add(text, &known)?;
        let (before, after) = text.split_at(edit.span.start as usize);
        Ok(format!("{before}{}{after}", edit.replacement))
    }

    #[test]
    fn rules_come_behind_the_last_one() {
        let row =
            format!("- {{code: missing-stamp, object: \"Deployment web\", reason: {REASON}}}\n");
        assert_eq!(added("").unwrap(), format!("silence:\n{row}"));
        assert_eq!(added("unit: dir").unwrap(), format!("unit: dir\nsilence:\n{row}"));
        let one = "silence:\n  - code: missing-key\n    reason: x # why\nunit: dir\n";
        let both =
            format!("silence:\n  - code: missing-key\n    reason: x # why\n  {row}unit: dir\n");
        assert_eq!(added(one).unwrap(), both);
        assert!(added("silence: [{code: missing-key, reason: x}]\n").is_err());
    }
}
