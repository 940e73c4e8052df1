//! Findings and impacts as JUnit XML, for CI systems that show test results but no annotations.
//! The format: <https://github.com/testmoapp/junitxml>, as GitLab, Jenkins and Azure read it.

use super::concise::line;
use super::impact::{self, words};
use super::plain::{self, XML};
use super::{Format, View};
use crate::finding::Severity;
use crate::impact::{Answer, Namesakes, Workload};
use std::io::{self, Write};

/// One JUnit report.
pub struct Junit;

impl Format for Junit {
    /// One test case for each finding of level warning or error, and one passing test case for each file
    /// without such findings.
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        let locator = view.locator();
        let mut cases = Vec::new();
        let mut with_findings = std::collections::BTreeSet::new();
        for finding in view.findings().iter().filter(|f| f.severity > Severity::Note) {
            let located = locator.locate(finding);
            let file = located.file.unwrap_or_default();
            with_findings.insert(file.to_owned());
            let place = located.spot.map_or_else(|| file.to_owned(), |spot| spot.to_string());
            let help = finding.help.as_deref().unwrap_or_default();
            cases.push(Case {
                name: format!("{} {place}", finding.code.name()),
                class: file.to_owned(),
                failure: Some((finding.code.name(), finding.message.clone(), help.to_owned())),
                said: String::new(),
            });
        }
        for file in view.outcome.manifests.all_files() {
            let input = &file.input;
            if !with_findings.contains(&input.name) {
                cases.push(Case {
                    name: input.name.clone(),
                    class: input.name.clone(),
                    failure: None,
                    said: String::new(),
                });
            }
        }
        suite(&format!("rollstamp {}", view.verb.name()), &cases, out)
    }

    /// One failing test case for each error because of which a part of the states is not compared, and one
    /// test case for each workload with an effect: it fails if pods keep the old configuration, are
    /// missing for a while, or may get stuck.
    fn impact(&self, view: &impact::ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        let shown = view.workloads().filter(|w| w.answer != Answer::Quiet);
        let namesakes = view.impact.namesakes();
        let workloads = shown.map(|workload| case(workload, &namesakes));
        let errors = view.not_compared(&view.locators()).into_iter().map(|(side, located)| Case {
            name: format!("{}: {}", side.name(), located.finding.code.name()),
            class: "impact.not-compared".to_owned(),
            failure: Some(("not-compared", line(&located).trim_end().to_owned(), String::new())),
            said: String::new(),
        });
        let cases: Vec<Case> = errors.chain(workloads).collect();
        suite("rollstamp impact", &cases, out)
    }
}

fn case(workload: &Workload, namesakes: &Namesakes<'_>) -> Case {
    let lines = words::lines(workload);
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("{}: {} {}", line.head, line.said, line.site).trim_end().to_owned())
        .collect();
    let said = lines.join("\n");
    let failure = if workload.is_stale() {
        let held = words::held(workload).unwrap_or_default();
        Some(("stale", format!("pods keep the old configuration: {held}"), said.clone()))
    } else {
        let troubles = words::troubles(workload).join("; ");
        let kind = if workload.may_be_stuck() { "stuck" } else { "downtime" };
        let is_trouble = workload.may_be_stuck() || workload.has_downtime();
        is_trouble.then(|| (kind, troubles, said.clone()))
    };
    let place = words::place(&workload.overlays, namesakes.unit(workload), false);
    let place = place.map(|place| format!(" {place}")).unwrap_or_default();
    Case {
        name: format!("{}{place}", workload.name),
        class: format!("impact.{}", workload.answer.name()),
        said: if failure.is_none() { said } else { String::new() },
        failure,
    }
}

struct Case {
    name: String,
    class: String,
    /// The type of the failure, a line about it, and details.
    failure: Option<(&'static str, String, String)>,
    said: String,
}

fn suite(name: &str, cases: &[Case], out: &mut dyn Write) -> io::Result<()> {
    let failures = cases.iter().filter(|case| case.failure.is_some()).count();
    let totals = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", cases.len());
    let name = escaped(name);
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"{name}\" {totals}>")?;
    writeln!(out, "  <testsuite name=\"{name}\" {totals}>")?;
    for case in cases {
        let head = format!(
            "<testcase name=\"{}\" classname=\"{}\"",
            escaped(&case.name),
            escaped(&case.class)
        );
        match (&case.failure, case.said.is_empty()) {
            (Some((kind, message, more)), _) => {
                writeln!(out, "    {head}>")?;
                writeln!(
                    out,
                    "      <failure type=\"{kind}\" message=\"{}\">{}</failure>",
                    escaped(message),
                    escaped(more)
                )?;
                writeln!(out, "    </testcase>")?;
            }
            (None, true) => writeln!(out, "    {head}/>")?,
            (None, false) => {
                writeln!(out, "    {head}>")?;
                writeln!(out, "      <system-out>{}</system-out>", escaped(&case.said))?;
                writeln!(out, "    </testcase>")?;
            }
        }
    }
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

/// Text for XML 1.0, which does not allow most control characters.
fn escaped(text: &str) -> String {
    let lines = plain::escaped(text, &[XML, &[('\n', "&#10;")]].concat());
    lines.replace(['\u{fffe}', '\u{ffff}'], "")
}
