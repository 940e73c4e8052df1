//! The substitution of variables that Flux runs after its build: a port of
//! github.com/fluxcd/pkg/envsubst v1.9.0, with its operators. A variable without a known value
//! stays in the text.

/// A text with its variables replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Substituted {
    /// The text.
    pub(super) text: String,
    /// The variables without a known value, each with the offset of its remaining text.
    pub(super) unknown: Vec<(usize, String)>,
}

/// Replaces variables in a text. `value` returns the value of a variable: the empty text for a
/// variable that is not set, and `None` for one whose value is not known.
///
/// # Errors
/// The offset of the text that Flux refuses: it then applies nothing.
pub(super) fn substitute(
    text: &str,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<Substituted, usize> {
    let mut reader = TemplateReader { text, at: 0, value, unknown: None };
    let mut done = Substituted { text: String::with_capacity(text.len()), unknown: Vec::new() };
    while let Some(next) = memchr::memchr(b'$', &text.as_bytes()[reader.at..]) {
        done.text.push_str(&text[reader.at..reader.at + next]);
        reader.at += next;
        if reader.takes("$$") {
            done.text.push('$');
        } else if reader.rest().starts_with("${") {
            let start = reader.at;
            match reader.expression().map_err(|Refused| start)? {
                Some(value) => done.text.push_str(&value),
                None => {
                    let variable = reader.unknown.take().unwrap_or_default();
                    done.unknown.push((done.text.len(), variable));
                    done.text.push_str(&text[start..reader.at]);
                }
            }
        } else {
            done.text.push('$');
            reader.at += 1;
        }
    }
    done.text.push_str(&text[reader.at..]);
    Ok(done)
}

/// Flux refuses the text.
struct Refused;

struct TemplateReader<'a> {
    text: &'a str,
    at: usize,
    value: &'a dyn Fn(&str) -> Option<String>,
    /// The last variable without a known value.
    unknown: Option<String>,
}

/// A text; `None` if it depends on an unknown value.
type Known = Option<String>;

impl<'a> TemplateReader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_next = self.rest().starts_with(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    /// Reads at most `most` characters.
    fn take(&mut self, most: usize, is_one: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let mut chars = rest.char_indices().take(most).take_while(|(_, c)| is_one(*c));
        let end = chars.by_ref().last().map_or(0, |(at, c)| at + c.len_utf8());
        self.at += end;
        &rest[..end]
    }

    fn close(&mut self) -> Result<(), Refused> {
        if self.takes("}") { Ok(()) } else { Err(Refused) }
    }

    fn name(&mut self) -> Result<&'a str, Refused> {
        let name = self.take(usize::MAX, |c| c.is_alphanumeric() || c == '_');
        if name.is_empty() { Err(Refused) } else { Ok(name) }
    }

    fn look_up(&mut self, name: &str) -> Known {
        let value = (self.value)(name);
        if value.is_none() {
            self.unknown = Some(name.to_owned());
        }
        value
    }

    /// Reads an expression from `${` to `}`.
    fn expression(&mut self) -> Result<Known, Refused> {
        self.at += "${".len();
        if self.takes("#") {
            let name = self.name()?;
            self.close()?;
            return Ok(self.look_up(name).map(|value| value.len().to_string()));
        }
        let name = self.name()?;
        match self.peek() {
            Some('}') => {
                self.close()?;
                Ok(self.look_up(name))
            }
            Some('=') => {
                self.at += 1;
                self.default(name)
            }
            Some(':') => match self.rest()[1..].chars().next() {
                Some('=' | '-' | '?' | '+') => {
                    self.at += 2;
                    self.default(name)
                }
                _ => self.part(name),
            },
            Some(',' | '^') => self.case(name),
            Some('/') => self.replacement(name),
            Some(mark @ ('#' | '%')) => self.trimmed(name, mark),
            _ => Err(Refused),
        }
    }

    /// Reads one parameter of an operator: an expression, or a non-empty text up to `end` or the
    /// next expression.
    fn parameter(
        &mut self,
        is_end: impl Fn(char) -> bool,
        escapes: bool,
    ) -> Result<Known, Refused> {
        if self.rest().starts_with("${") {
            return self.expression();
        }
        let mut text = String::new();
        while let Some(next) = self.peek() {
            if self.rest().starts_with("${") {
                break;
            }
            let is_escape =
                escapes && ["$$", "\\/", "\\\\"].iter().any(|e| self.rest().starts_with(e));
            if is_escape {
                self.at += 1;
                text.extend(self.peek());
                self.at += 1;
                continue;
            }
            if is_end(next) {
                break;
            }
            text.push(next);
            self.at += next.len_utf8();
        }
        if text.is_empty() { Err(Refused) } else { Ok(Some(text)) }
    }

    fn default(&mut self, name: &str) -> Result<Known, Refused> {
        let mut default = Some(String::new());
        while !self.takes("}") {
            let next = self.parameter(|c| c == '}', false)?;
            default = default.zip(next).map(|(all, next)| all + &next);
        }
        Ok(match self.look_up(name) {
            Some(value) if value.is_empty() => default,
            value => value,
        })
    }

    fn part(&mut self, name: &str) -> Result<Known, Refused> {
        self.at += 1;
        let from = self.parameter(|c| matches!(c, ':' | '}'), false)?;
        let mut length = None;
        if !self.takes("}") {
            if self.take(usize::MAX, |c| c == ':').is_empty() {
                return Err(Refused);
            }
            length = Some(self.parameter(|c| c == '}', false)?);
            self.close()?;
        }
        let value = self.look_up(name);
        Ok(value
            .and_then(|value| part_of(&value, &from?, length.map_or(Some(None), |l| l.map(Some))?)))
    }

    fn case(&mut self, name: &str) -> Result<Known, Refused> {
        let operator = self.take(2, |c| matches!(c, ',' | '^'));
        self.close()?;
        // Upper and lower case of other letters depend on the language.
        let value = self.look_up(name).filter(|value| value.is_ascii());
        let first = |value: &str, change: fn(&str) -> String| {
            let (first, rest) = value.split_at(value.len().min(1));
            change(first) + rest
        };
        Ok(value.map(|value| match operator {
            "," => first(&value, str::to_ascii_lowercase),
            ",," => value.to_ascii_lowercase(),
            "^" => first(&value, str::to_ascii_uppercase),
            "^^" => value.to_ascii_uppercase(),
            _ => value,
        }))
    }

    fn replacement(&mut self, name: &str) -> Result<Known, Refused> {
        self.at += 1;
        let operator = self.take(1, |c| matches!(c, '/' | '#' | '%'));
        let old = self.parameter(|c| c == '/', true)?;
        if self.take(usize::MAX, |c| c == '/').is_empty() {
            return Err(Refused);
        }
        let mut new = None;
        if !self.takes("}") {
            new = Some(self.parameter(|c| c == '}', true)?);
            self.close()?;
        }
        let (Some(value), Some(old)) = (self.look_up(name), old) else { return Ok(None) };
        let is_blank = new.is_none();
        let Some(new) = new.unwrap_or_else(|| Some(String::new())) else { return Ok(None) };
        Ok(Some(match operator {
            "" => value.replacen(&old, &new, 1),
            "/" => value.replace(&old, &new),
            _ if is_blank => value,
            "#" if value.starts_with(&old) => value.replacen(&old, &new, 1),
            "%" => value
                .strip_suffix(&old)
                .map_or_else(|| value.clone(), |rest| rest.to_owned() + &new),
            _ => value,
        }))
    }

    fn trimmed(&mut self, name: &str, mark: char) -> Result<Known, Refused> {
        let is_longest = self.take(2, |c| c == mark).len() == 2;
        let pattern = self.parameter(|c| c == '}', false)?;
        self.close()?;
        let value = self.look_up(name);
        let (Some(value), Some(pattern)) = (value, pattern) else { return Ok(None) };
        if pattern.contains(['[', '\\']) {
            self.unknown = Some(name.to_owned());
            return Ok(None);
        }
        Ok(Some(match mark {
            '#' => trim(&value, &pattern, is_longest),
            _ => reversed(&trim(&reversed(&value), &reversed(&pattern), is_longest)),
        }))
    }
}

/// The part of a value with a start and a length; negative numbers count from the end. `None` if it
/// would split a character.
fn part_of(value: &str, from: &str, length: Option<String>) -> Known {
    let Ok(from) = from.parse::<i64>() else { return Some(value.to_owned()) };
    let len = i64::try_from(value.len()).ok()?;
    let from = if from < 0 { (len + from).max(0) } else { from };
    let to = match length.map(|length| length.parse::<i64>()) {
        None => len,
        Some(Err(_)) => return Some(value.to_owned()),
        Some(Ok(length)) if length < 0 => len + length,
        Some(Ok(length)) => from.saturating_add(length).min(len),
    };
    if to < from || from >= len {
        return Some(String::new());
    }
    value.get(usize::try_from(from).ok()?..usize::try_from(to).ok()?).map(str::to_owned)
}

fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// A value without the shortest or the longest beginning that fits a pattern of `*` and `?`.
fn trim(value: &str, pattern: &str, is_longest: bool) -> String {
    let ends = value.char_indices().map(|(at, c)| at + c.len_utf8());
    let mut fitting = ends.filter(|&end| fits(pattern, &value[..end]));
    let end = if is_longest { fitting.next_back() } else { fitting.next() };
    value[end.unwrap_or(0)..].to_owned()
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| fits(rest.as_str(), &text[at..]))
        }
        Some(c) => {
            let mut text = text.chars();
            text.next().is_some_and(|t| c == '?' || c == t) && fits(rest.as_str(), text.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(text: &str, variables: &[(&str, &str)]) -> Result<String, usize> {
        let value = |name: &str| {
            let known = variables.iter().find(|(known, _)| *known == name);
            Some(known.map_or_else(String::new, |(_, value)| (*value).to_owned()))
        };
        substitute(text, &value).map(|done| done.text)
    }

    #[test]
    fn the_vectors_of_flux_hold() {
        // github.com/fluxcd/pkg/envsubst v1.9.0, eval_test.go
        const A: &[(&str, &str)] = &[("a", "abcdEFGH28ij"), ("up", "ABCDEFGH28IJ"), ("d", "foo")];
        const B: &[(&str, &str)] = &[
            ("path", "/home/bozo/ideas/thoughts.for.today"),
            ("z", "abcABC123ABCabc"),
            ("file", "bash.string.txt"),
            ("s", "foo/bar/baz"),
            ("p", "/path/to/file"),
        ];
        for (variables, text, expected) in [
            (A, "${#a}", "12"),
            (A, "${a^}${a^^}", "AbcdEFGH28ijABCDEFGH28IJ"),
            (A, "${up,}${up,,}", "aBCDEFGH28IJabcdefgh28ij"),
            (A, "something ${var=${d}}", "something foo"),
            (A, "${var=prefix${d}-suffix}", "prefixfoo-suffix"),
            (A, "${var:=xyz}${var=xyz}", "xyzxyz"),
            (A, "${var=${a^^}}", "ABCDEFGH28IJ"),
            (A, "$${a}", "${a}"),
            (A, "some text ${a}$${var$${a}$a${a}", "some text abcdEFGH28ij${var${a}$aabcdEFGH28ij"),
            (A, "something $${var=${d}}", "something ${var=foo}"),
            (A, "\\\\something ${var=${d}}", "\\\\something foo"),
            (B, "${path:11}", "ideas/thoughts.for.today"),
            (B, "${path:11:5}", "ideas"),
            (B, "${z/%abc/XYZ}", "abcABC123ABCXYZ"),
            (B, "${z/#abc/XYZ}", "XYZABC123ABCabc"),
            (B, "${z//abc/xyz}", "xyzABC123ABCxyz"),
            (B, "${z/abc/xyz}", "xyzABC123ABCabc"),
            (B, "${file#*.}", "string.txt"),
            (B, "${p#*/}", "path/to/file"),
            (B, "${file##*.}", "txt"),
            (B, "${p##*/}", "file"),
            (B, "${file%.*}", "bash.string"),
            (B, "${file%%.*}", "bash"),
            (B, "${s/\\//-}", "foo-bar/baz"),
            (B, "${s//\\//-}", "foo-bar-baz"),
            (B, "${s/bar/}", "foo//baz"),
        ] {
            assert_eq!(put(text, variables).as_deref(), Ok(expected), "{text}");
        }
        for text in ["${", "${}", "${a", "${a:}", "${a#}", "${a-b}", "${a/b}"] {
            assert!(put(text, A).is_err(), "{text}");
        }
    }

    /// Random texts and the results of github.com/fluxcd/pkg/envsubst v1.9.0; null if it refused
    /// the text.
    const RANDOM: &str = include_str!("../../testdata/parity/envsubst.json");

    #[test]
    fn random_texts_come_out_as_in_flux() {
        const VARIABLES: &[(&str, &str)] = &[("A", "abcAbc/a.b"), ("B", ""), ("C", "2")];
        let rows: Vec<(String, Option<String>)> = serde_json::from_str(RANDOM).unwrap();
        for (text, expected) in rows {
            assert_eq!(put(&text, VARIABLES).ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_stays() {
        let value = |name: &str| (name != "B").then(|| "x".to_owned());
        let done = substitute("${A}-${B:=y}-${C}", &value).unwrap();
        assert_eq!(done.text, "x-${B:=y}-x");
        assert_eq!(done.unknown, [(2, "B".to_owned())]);
    }
}
