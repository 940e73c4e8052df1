//! Writes findings and impacts as SARIF 2.1.0 for code scanning services. The format:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use super::impact::{self, words};
use super::rows::document;
use super::{Format, Located, Spot, View};
use crate::finding::{Code, Severity};
use crate::impact::{Answer, At, Side, Workload};
use crate::text::input::Found;
use serde::Serialize;
use std::io::{self, Write};

/// One SARIF log.
pub struct Sarif;

impl Format for Sarif {
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        let locator = view.locator();
        let rule = |code: &Code| Rule {
            id: code.name(),
            short_description: SarifText::new(code.description()),
            help_uri: code.address(),
            default_configuration: Configuration { level: code.severity().name() },
        };
        let rules: Vec<Rule> = Code::ALL.iter().map(rule).collect();
        let results = view.findings().iter().map(|finding| {
            let located = locator.locate(finding);
            let name = finding.code.name();
            let mut text = finding.message.clone();
            if let Some(help) = &finding.help {
                text.push_str(&format!("\n{help}"));
            }
            SarifResult {
                rule_id: name,
                rule_index: rules.iter().position(|rule| rule.id == name).unwrap_or(0),
                level: finding.severity.name(),
                message: SarifText { text },
                locations: locations(&located),
                related_locations: related(&located),
            }
        });
        let results = results.collect();
        log(rules, results, out)
    }

    fn impact(&self, view: &impact::ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        let rules: Vec<Rule> = IMPACT_RULES
            .iter()
            .map(|(id, severity, text)| Rule {
                id,
                short_description: SarifText::new(*text),
                help_uri: concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/HEAD/docs/impact.md"),
                default_configuration: Configuration { level: severity.name() },
            })
            .collect();
        let locators = view.locators();
        let errors = view.not_compared(&locators).into_iter().map(|(side, located)| SarifResult {
            rule_id: IMPACT_RULES[NOT_COMPARED].0,
            rule_index: NOT_COMPARED,
            level: IMPACT_RULES[NOT_COMPARED].1.name(),
            message: SarifText { text: format!("{}: {}", side.name(), located.finding.message) },
            locations: match side {
                Side::Before => Vec::new(),
                Side::After => locations(&located),
            },
            related_locations: Vec::new(),
        });
        let mut results: Vec<SarifResult> = errors.collect();
        for workload in view.workloads() {
            for (rule, text) in said(workload) {
                let (id, severity, _) = IMPACT_RULES[rule];
                let keys = workload.reasons.iter().filter_map(|reason| match reason {
                    crate::impact::RollReason::Key(key) => Some(key.at),
                    _ => None,
                });
                let place = |at: At| {
                    let is_stream =
                        view.after.manifests[at.place.file].input.found == Found::Stream;
                    (at.side == Side::After && !is_stream).then(|| locators.spot(at))
                };
                results.push(SarifResult {
                    rule_id: id,
                    rule_index: rule,
                    level: severity.name(),
                    message: SarifText { text },
                    locations: vec![Location::new(
                        place(workload.at),
                        Some(workload.name.to_string()),
                        None,
                    )],
                    related_locations: keys
                        .filter_map(place)
                        .map(|spot| Location::new(Some(spot), None, Some("the key that changed")))
                        .collect(),
                });
            }
        }
        log(rules, results, out)
    }
}

/// The position of the rule for what is not compared.
const NOT_COMPARED: usize = 5;

/// The rules of impacts.
const IMPACT_RULES: &[(&str, Severity, &str)] = &[
    ("impact-stale", Severity::Error, "What the pods read changed, and they are not replaced."),
    ("impact-stuck", Severity::Warning, "The rollout may never end."),
    ("impact-downtime", Severity::Warning, "No pod serves for a while."),
    ("impact-rolls", Severity::Note, "The pods are replaced."),
    ("impact-needless", Severity::Note, "The pods are replaced for nothing."),
    (
        "impact-not-compared",
        Severity::Error,
        "A part of the manifests cannot be read or built, so it is not compared.",
    ),
];

/// The results for a workload, each with the position of its rule.
fn said(workload: &Workload) -> Vec<(usize, String)> {
    let name = &workload.name;
    let lines = words::lines(workload);
    let why = lines.iter().map(|line| format!("{}: {}", line.head, line.said));
    let why = why.collect::<Vec<_>>().join("; ");
    let mut said = Vec::new();
    if workload.is_stale() {
        let held = words::held(workload).unwrap_or_default();
        said.push((0, format!("{name} keeps the old configuration: {held} ({why})")));
    }
    let troubles = words::troubles(workload).join("; ");
    if workload.may_be_stuck() {
        said.push((1, format!("{name}: {troubles}")));
    } else if workload.has_downtime() {
        said.push((2, format!("{name}: {troubles}")));
    }
    match workload.answer {
        Answer::Rolls | Answer::Template | Answer::Once => {
            said.push((3, format!("{name} rolls: {why}")));
        }
        Answer::Needless => said.push((4, format!("{name} rolls for nothing: {why}"))),
        Answer::Stale | Answer::New | Answer::Gone | Answer::Quiet => {}
    }
    said
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [SarifRun; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifRun {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<SarifResult>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: SarifText,
    /// The page about the rule.
    help_uri: &'static str,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct SarifText {
    text: String,
}

impl SarifText {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

/// A result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: SarifText,
    locations: Vec<Location>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<SarifText>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
}

impl Location {
    fn new(spot: Option<Spot<'_>>, object: Option<String>, said: Option<&str>) -> Self {
        let named = object.map(|object| Logical { fully_qualified_name: object });
        Self {
            physical_location: spot.map(|spot| Physical {
                artifact_location: Artifact { uri: uri(spot.file) },
                region: Some(Region {
                    start_line: spot.position.line,
                    start_column: spot.position.column,
                }),
            }),
            logical_locations: named.into_iter().collect(),
            message: said.map(SarifText::new),
        }
    }
}

fn locations(located: &Located<'_>) -> Vec<Location> {
    let object = located.finding.object.clone();
    let spot = located.spot.filter(|_| !located.is_stream);
    let mut location = Location::new(spot, object, None);
    if spot.is_none() && !located.is_stream {
        // A file that could not be read has no lines.
        location.physical_location = located
            .file
            .map(|file| Physical { artifact_location: Artifact { uri: uri(file) }, region: None });
    }
    let is_empty = location.physical_location.is_none() && location.logical_locations.is_empty();
    if is_empty { Vec::new() } else { vec![location] }
}

fn related(located: &Located<'_>) -> Vec<Location> {
    let related = located.related.iter().filter(|_| !located.is_stream);
    related.map(|(spot, label)| Location::new(Some(*spot), None, Some(label))).collect()
}

/// A path as a relative URI reference (RFC 3986): other characters are percent-encoded.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::new();
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

fn log(rules: Vec<Rule>, results: Vec<SarifResult>, out: &mut dyn Write) -> io::Result<()> {
    let driver = Driver { name: "rollstamp", semantic_version: env!("CARGO_PKG_VERSION"), rules };
    let run = SarifRun { tool: Tool { driver }, column_kind: "unicodeCodePoints", results };
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [run],
    };
    document(&log, out)
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("./a b/c:d#é.yaml"), "a%20b/c%3Ad%23%C3%A9.yaml");
    }
}
