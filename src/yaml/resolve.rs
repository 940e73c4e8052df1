//! The value of a scalar: a string, or one of the other types of YAML 1.1.
//!
//! These are the rules of go-yaml v2 (`resolve.go`), which `kubectl` uses through sigs.k8s.io/yaml;
//! `testdata/parity` holds the answers of that library. Integers and floats matter because the API
//! refuses them in the place of a string, and because they can be keys.

use super::scalar::{self, Undecodable};
use super::tape::{Document, Kind, NodeId, Style, Tag};
use super::timestamp::Timestamp;
use base64::Engine as _;
use std::borrow::Cow;

/// A resolved scalar.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// A string, after decoding.
    Str(Cow<'a, str>),
    /// `null`, `~`, or an absent value.
    Null,
    /// YAML 1.1 booleans: `yes`, `on`, `y` among them.
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i128),
    /// Any other number.
    Float(f64),
}

impl Value<'_> {
    /// The name of the type, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Str(_) => "a string",
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::Float(_) => "a number",
        }
    }
}

/// The value of the scalar `id`. Aliases are followed.
///
/// # Errors
/// [`Undecodable`] for a scalar that `kubectl` refuses: an unknown escape, a value that its
/// explicit tag does not allow, a `!!binary` that is not base64 or not UTF-8; and for a node that
/// is not a scalar.
pub fn value<'a>(document: &Document, text: &'a str, id: NodeId) -> Result<Value<'a>, Undecodable> {
    let id = document.target(id);
    let node = document.node(id);
    if node.kind != Kind::Scalar {
        return Err(Undecodable(match node.kind {
            Kind::Mapping => "a mapping",
            _ => "a list",
        }));
    }
    let decoded = scalar::decode(text, node)?;
    let tag = document.tag(id);
    match node.style {
        Style::JsonLiteral => return Ok(json_literal(&decoded)),
        Style::Plain => {}
        _ if tag.is_none() => return Ok(Value::Str(decoded)),
        _ => {}
    }
    tagged(decoded, tag)
}

fn json_literal(text: &str) -> Value<'static> {
    match text {
        "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        number => number
            .parse()
            .map(Value::Int)
            .or_else(|_| number.parse().map(Value::Float))
            .unwrap_or(Value::Float(f64::NAN)),
    }
}

fn tagged(text: Cow<'_, str>, tag: Option<Tag>) -> Result<Value<'_>, Undecodable> {
    let mismatch = Undecodable("a value that its tag does not allow");
    let resolved = || plain(&text, tag == Some(Tag::Timestamp) || tag.is_none());
    Ok(match tag {
        None => match resolved() {
            Some(value) => value,
            None => Value::Str(text),
        },
        Some(Tag::NonSpecific | Tag::Str | Tag::Other | Tag::Merge) => Value::Str(text),
        Some(Tag::Binary) => {
            let bytes = decode_base64(text.as_bytes())
                .ok_or(Undecodable("a !!binary value that is not base64"))?;
            let string = String::from_utf8(bytes)
                .map_err(|_| Undecodable("a !!binary value that is not UTF-8"))?;
            Value::Str(Cow::Owned(string))
        }
        Some(Tag::Null) => match resolved() {
            Some(Value::Null) => Value::Null,
            _ => return Err(mismatch),
        },
        Some(Tag::Bool) => match resolved() {
            Some(value @ Value::Bool(_)) => value,
            _ => return Err(mismatch),
        },
        Some(Tag::Int) => match resolved() {
            Some(value @ Value::Int(_)) => value,
            _ => return Err(mismatch),
        },
        Some(Tag::Float) => match resolved() {
            Some(Value::Int(value)) if i64::try_from(value).is_ok() => Value::Float(value as f64),
            Some(value @ Value::Float(_)) => value,
            _ => return Err(mismatch),
        },
        Some(Tag::Timestamp) => {
            if is_timestamp(&text) {
                Value::Str(text)
            } else {
                return Err(mismatch);
            }
        }
    })
}

/// The value of a plain scalar; `None` if it is a string.
fn plain(text: &str, timestamps: bool) -> Option<Value<'static>> {
    let Some(first) = text.bytes().next() else { return Some(Value::Null) };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => word(text).or_else(|| parse_float(text)),
        b'+' | b'-' | b'0'..=b'9' => word(text).or_else(|| {
            if timestamps && is_timestamp(text) {
                return None;
            }
            number(text)
        }),
        _ => None,
    }
}

/// Whether a text of letters, digits and `.-_/` is still a string if it is written without quotes.
pub fn is_plain_string(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(['-', '.']) && plain(text, true).is_none() && text != "<<"
}

fn word(text: &str) -> Option<Value<'static>> {
    Some(match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Value::Null,
        ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(text: &str) -> Option<Value<'static>> {
    let digits: Cow<'_, str> =
        if text.contains('_') { Cow::Owned(text.replace('_', "")) } else { Cow::Borrowed(text) };
    if let Some(int) = parse_int(&digits) {
        return Some(Value::Int(int));
    }
    if is_decimal_float(&digits)
        && let Some(float) = parse_float(&digits)
    {
        return Some(float);
    }
    // go-yaml also accepts a sign after the prefix.
    let binary = digits.strip_prefix("0b").filter(|rest| rest.starts_with(['+', '-']))?;
    let (sign, bits) = binary.split_at(1);
    if bits.is_empty() || !bits.bytes().all(|b| matches!(b, b'0' | b'1')) {
        return None;
    }
    let value = i128::from(i64::from_str_radix(bits, 2).ok()?);
    Some(Value::Int(if sign == "-" { -value } else { value }))
}

/// Go's `strconv.ParseInt(text, 0, 64)`, else `ParseUint`: the prefixes `0x`, `0o`, `0b` and `0`.
fn parse_int(text: &str) -> Option<i128> {
    let (negative, signed, body) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let bytes = body.as_bytes();
    let (radix, digits) = match bytes {
        [b'0', b'x' | b'X', ..] => (16, &body[2..]),
        [b'0', b'o' | b'O', ..] => (8, &body[2..]),
        [b'0', b'b' | b'B', ..] => (2, &body[2..]),
        [b'0', _, ..] => (8, &body[1..]),
        _ => (10, body),
    };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(radix)) {
        return None;
    }
    let value = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let value = if negative { -value } else { value };
    let fits = if signed { i64::try_from(value).is_ok() } else { true };
    fits.then_some(value)
}

/// go-yaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
fn is_decimal_float(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = |s: &str| s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if let Some(fraction) = rest.strip_prefix('.') {
        let n = digits(fraction);
        if n == 0 {
            return false;
        }
        rest = &fraction[n..];
    } else {
        let n = digits(rest);
        if n == 0 {
            return false;
        }
        rest = &rest[n..];
        if let Some(fraction) = rest.strip_prefix('.') {
            rest = &fraction[digits(fraction)..];
        }
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// Go's `strconv.ParseFloat` for the texts that can reach it here; a value out of range is a
/// string.
fn parse_float(text: &str) -> Option<Value<'static>> {
    let cleaned;
    let text = if text.contains('_') {
        if !underscores_separate_digits(text) {
            return None;
        }
        cleaned = text.replace('_', "");
        &cleaned
    } else {
        text
    };
    if !is_decimal_float(text) {
        return None;
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite()).map(Value::Float)
}

fn underscores_separate_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().all(|(i, &b)| {
        b != b'_'
            || (i > 0
                && bytes[i - 1].is_ascii_digit()
                && bytes.get(i + 1).is_some_and(u8::is_ascii_digit))
    })
}

/// go-yaml's `parseTimestamp`; such a plain scalar is a string.
fn is_timestamp(text: &str) -> bool {
    Timestamp::parse(text).is_some_and(|time| time.is_of_v2())
}

/// The text of a mapping key in the JSON that `kubectl` sends: `on:` is the key `true`.
///
/// # Errors
/// [`Undecodable`] for a key that `kubectl` refuses: null, a collection, a whole number over 63
/// bits.
pub fn key<'a>(
    document: &Document,
    text: &'a str,
    id: NodeId,
) -> Result<Cow<'a, str>, Undecodable> {
    Ok(match value(document, text, id)? {
        Value::Str(string) => string,
        Value::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        Value::Int(value) if i64::try_from(value).is_ok() => Cow::Owned(value.to_string()),
        Value::Float(value) => Cow::Owned(float_key(value)),
        Value::Null => return Err(Undecodable("a null key")),
        Value::Int(_) => return Err(Undecodable("a key that is a number over 63 bits")),
    })
}

/// Go's `strconv.FormatFloat(value, 'g', -1, 32)`, with the names of sigs.k8s.io/yaml for
/// infinities and NaN.
fn float_key(value: f64) -> String {
    let single = value as f32;
    if single.is_nan() {
        return ".nan".to_owned();
    }
    if single.is_infinite() {
        return if single > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{single:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // For the shortest form, Go chooses the notation as for a precision of 6.
    if !(-4..6).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    format!("{single}")
}

/// Decodes base64 as Go's `StdEncoding` does: carriage returns and line feeds are ignored, the
/// padding must be right, and unused bits in the last character may have any value.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    const STANDARD: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
    );
    if memchr::memchr2(b'\n', b'\r', text).is_none() {
        return STANDARD.decode(text).ok();
    }
    let one_line: Vec<u8> = text.iter().copied().filter(|b| !matches!(b, b'\n' | b'\r')).collect();
    STANDARD.decode(one_line).ok()
}
