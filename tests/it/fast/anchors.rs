//! Which anchors, aliases and other rare marks the fast parser accepts, and which it leaves to the full
//! parser.

use super::same::{Verdict, compare};
use rollstamp::text::Span;
use rollstamp::yaml::tape::Kind;
use rollstamp::yaml::{fast, parse_fully};
use std::fmt::Write as _;

/// Texts that both parsers read in the same way.
const TAKEN: &[&str] = &[
    // Scalars.
    "a: &x 80\nb: *x\n",
    "a: &x_1-y name\nb: *x_1-y # c\nc: *x_1-y\n",
    "a: &x  \"y\"\nb: &z 'y'  # c\nc:\n- *x\n- *z\n",
    "a: &x y\n  z\nb: *x\n",
    "a: &x \"y\n  z\"\nb: *x\n",
    "a: &x |\n  y\nb: &z >-\n  y\nc: *x\nd: *z\n",
    "a: &x |2-\n   y\nb: *x\n",
    "a: &x\n  y\nb: *x\n",
    "a: &x\n  |\n  y\nb: *x\n",
    "a: &x [y, {z: 1}]\nb: *x\nc: &z {}\n",
    // Collections.
    "a: &x\n  b: c\nd: *x\n",
    "a: &x # c\n\n  # c\n  b: c\nd: *x\n",
    "a: &x\n  - b\n  - c: d\ne: *x\n",
    "a: &x\n- b\nc: *x\n",
    "a: &x\r\n  b: c\r\nd: *x\r\n",
    // Items.
    "- &x a\n- *x\n- - *x\n- b: *x\n  c: *x\n",
    "- &x\n  a: b\n- &y\n  - c\n- *x\n- *y\n",
    "- a: &x b\n  c: *x\n",
    // Of several anchors with one name, the last one counts; an anchor inside another anchored value.
    "a: &x 1\nb: *x\nc: &x 2\nd: *x\n",
    "a: &x\n  b: &y 1\n  c: *y\nd: *x\ne: *y\n",
    // In brackets.
    "a: &x 1\nb: [*x, c, *x ]\nd: {e: *x}\nf: [*x # c\n  ,*x\n  ]\n",
    // Other marks.
    "a: :80\nb: ?*\nc: ::1\nd: -1\n:e: f\n?g: h\n",
    "a : b\n\"c\" : d\ne :\nf  : # c\n- g\n",
    "a: [\n  b,\n  c,\n]\nd: {\n  e: f,\n}\n",
    "a: [ # c\n  b, # c\n\n  # c\n  c # c\n]\n",
    "a: \"\\U0001F510\"\n",
    "a: |2\n   b\n\n  c\nd: >1-\n e\nf:\n- |1-\n  g\n",
    "a: b\n...\n",
    "- a\n-\n...\n\n  # c\n",
    "a: b\n... # c\n# c\n",
    "a: |\n  b\n...\n",
];

/// Texts that the fast parser declines; the full parser can read some of them.
const DECLINED: &[(&str, bool)] = &[
    ("&x a: b\nc: *x\n", true),
    ("- &x a: b\n", true),
    ("a: &x 1\n*x : b\n", true),
    ("&x\na: b\n", true),
    ("a: &x\nb: *x\n", true),
    ("- &x\n- b\n", true),
    ("a: &x\n", true),
    ("a: &x !!str 1\n", true),
    ("a: !!str &x 1\n", true),
    ("a: [&x b, *x]\n", true),
    ("a: &x\n  b: c\nd:\n  <<: *x\n", true),
    ("a:\n  &x\n  b: c\n", true),
    ("a: &x 1\nb:\n  *x\n", true),
    ("a: &x\n  b: *x\n", false),
    ("a: &x [*x]\n", false),
    ("a: *x\n", false),
    ("a: *x\nb: &x 1\n", false),
    ("a: &x &y 1\n", false),
    ("a: &x 1\nb: &y *x\n", false),
    ("a: &x.y 1\n", false),
    ("a: &\u{e9} 1\n", false),
    ("a: &x 1\nb: *x c\n", false),
    ("a: &x 1\nb: *x\n  c\n", false),
    ("a: &x 1\nb: *x: c\n", false),
    ("a: &x b: c\n", false),
    ("a: &x - b\n", false),
    ("a: &x .inf\n", true),
    ("a: b\n... c\n", false),
    ("a: b\n...# c\n", false),
    ("a: b\n...\nc: d\n", false),
    ("a: |4\n   b\n", false),
    ("a: |-1\n  b\n", true),
    ("a: [b,,]\n", false),
    ("a: [\n...\n]\n", false),
    ("a: &x 1\nb: {*x: c}\n", false),
    ("a: &x 1\nb: {*x : c}\n", true),
];

fn whole(text: &str) -> Span {
    Span::new(0, text.len())
}

#[test]
fn anchors_of_values_and_other_rare_marks_are_read_alike() {
    for text in TAKEN {
        match compare(text, whole(text)) {
            Verdict::Same => {}
            Verdict::Declined { why, .. } => panic!("declined for {why}:\n{text}"),
            Verdict::Differs(how) => panic!("{how}\n{text}"),
        }
    }
}

#[test]
fn what_is_disputed_is_left_to_the_full_parser() {
    for (text, can_be_read) in DECLINED {
        match compare(text, whole(text)) {
            Verdict::Declined { readable, .. } => assert_eq!(readable, *can_be_read, "{text}"),
            Verdict::Same => panic!("taken:\n{text}"),
            Verdict::Differs(how) => panic!("{how}\n{text}"),
        }
    }
}

#[test]
fn an_alias_knows_its_target_and_a_target_its_aliases() {
    let text = "a: &x\n  b: 1\nc: *x\nd: [*x]\n";
    let document = fast::parse(text, whole(text)).unwrap().unwrap();
    let named = document.value(text, document.root(), "a").unwrap();
    let field = document.field(text, document.root(), "c").unwrap();
    assert_eq!(document.node(field.value).kind, Kind::Alias);
    assert_eq!(document.target(field.value), named);
    assert_eq!(document.aliases(named), 2);
    let anchor = document.tape.props(named).unwrap().anchor.unwrap();
    assert_eq!(anchor.of(text), "&x");
}

/// Nested lists of aliases, from a few to so many that go-yaml refuses them.
#[test]
fn what_could_be_an_alias_bomb_is_left_to_the_full_parser() {
    let (mut taken, mut refused) = (0, 0);
    for width in 1..=12 {
        for depth in 1..=6 {
            for more in [0, 30, 2_000] {
                let mut text = String::from("a0: &a0 x\n");
                for level in 1..=depth {
                    writeln!(text, "a{level}: &a{level}").unwrap();
                    for _ in 0..width {
                        writeln!(text, "- *a{}", level - 1).unwrap();
                    }
                }
                text.push_str(&"- y\n".repeat(more));
                match compare(&text, whole(&text)) {
                    Verdict::Same => taken += 1,
                    Verdict::Declined { .. } => {
                        refused += usize::from(parse_fully(&text, whole(&text)).is_err());
                    }
                    Verdict::Differs(how) => panic!("{width} wide, {depth} deep: {how}"),
                }
            }
        }
    }
    assert!(taken > 100 && refused > 20, "{taken} and {refused}");
}

#[test]
fn many_anchors_are_left_to_the_full_parser() {
    let text: String = (0..1_000).map(|i| format!("a{i}: &a{i} x\n")).collect();
    let verdict = compare(&text, whole(&text));
    assert!(matches!(verdict, Verdict::Declined { readable: true, .. }));
    let text = format!("a: &x y\n{}", "b: *x\n".repeat(50_000));
    assert!(matches!(compare(&text, whole(&text)), Verdict::Same));
}
