//! No type that can hold the value of a Secret can be printed, wherever it lives.

use super::{code, sources};

/// Types that hold values or whole texts of users, or what a value can be guessed from.
const SECRET: &[&str] = &[
    "Entry",
    "HashKey",
    "Lines",
    "Material",
    "PatchFile",
    "Source",
    "Texts",
    "Cursor",
    "ValueDigest",
    "StreamText",
];

#[test]
fn secret_bytes_cannot_be_printed() {
    let mut wrong = Vec::new();
    let mut missing = SECRET.to_vec();
    for source in sources() {
        let code = code(&source.text);
        for name in SECRET {
            for at in declarations(&code, name) {
                missing.retain(|m| m != name);
                let derives = attributes_before(&code[..at]);
                if derives.iter().any(|line| line.contains("Debug") || line.contains("Display")) {
                    wrong.push(format!("{}: {name} derives a way to print it", source.name));
                }
            }
            for printing in ["Debug", "Display", "LowerHex", "Serialize"] {
                let implemented = code.lines().filter(|l| l.trim_start().starts_with("impl"));
                let implemented = implemented.filter(|l| {
                    let of = l.split_once(&format!("{printing} for ")).map(|(_, of)| of);
                    of.is_some_and(|of| word(of) == *name)
                });
                wrong.extend(implemented.map(|line| format!("{}: {line}", source.name)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(missing.is_empty(), "no type is called {}: mend the list", missing.join(", "));
}

/// Where a struct or enum of this name is declared.
fn declarations<'a>(code: &'a str, name: &'a str) -> impl Iterator<Item = usize> {
    ["struct ", "enum "].into_iter().flat_map(move |keyword| {
        code.match_indices(keyword)
            .filter(move |(at, _)| word(&code[at + keyword.len()..]) == name)
            .map(|(at, _)| at)
    })
}

/// The attribute lines right before a declaration, whose own line may have begun.
fn attributes_before(code: &str) -> Vec<&str> {
    let before = &code[..code.rfind('\n').map_or(0, |end| end + 1)];
    before.lines().rev().take_while(|line| line.trim_start().starts_with("#[")).collect()
}

/// The identifier at the start.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}
