//! Writes and reads a summary as text, for the cache between runs.

use super::{Need, Summary, Told};
use crate::finding::{Code, Severity};
use crate::patches::{Stamp, StampPatch};
use crate::yaml::path::Step;
use serde::{Deserialize, Serialize};

/// The version of the format. A record of another version is not read.
const VERSION: u32 = 2;

#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    needs: Vec<NeedRow>,
    told: Vec<ToldRow>,
}

#[derive(Serialize, Deserialize)]
struct NeedRow {
    group: String,
    kind: String,
    name: String,
    namespace: Option<String>,
    api_version: String,
    is_right: bool,
    stamps: Vec<StampRow>,
}

#[derive(Serialize, Deserialize)]
struct StampRow {
    way: Vec<StepRow>,
    missing: usize,
    value: String,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StepRow {
    Item(usize),
    Field(String),
}

#[derive(Serialize, Deserialize)]
struct ToldRow {
    code: String,
    severity: String,
    object: Option<String>,
    message: String,
    help: Option<String>,
}

const SEVERITIES: [Severity; 3] = [Severity::Note, Severity::Warning, Severity::Error];

/// The summary as text.
pub fn encode(summary: &Summary) -> String {
    let needs = summary.needs.iter().map(|need| NeedRow {
        group: need.patch.group.to_string(),
        kind: need.patch.kind.to_string(),
        name: need.patch.name.to_string(),
        namespace: need.patch.namespace.as_ref().map(ToString::to_string),
        api_version: need.patch.version.to_string(),
        is_right: need.is_right,
        stamps: need.patch.stamps.iter().map(stamp_row).collect(),
    });
    let told = summary.told.iter().map(|told| ToldRow {
        code: told.code.name().to_owned(),
        severity: told.severity.name().to_owned(),
        object: told.object.clone(),
        message: told.message.clone(),
        help: told.help.clone(),
    });
    let record = Record { version: VERSION, needs: needs.collect(), told: told.collect() };
    serde_json::to_string(&record).unwrap_or_default()
}

fn stamp_row(stamp: &Stamp) -> StampRow {
    let step = |step: &Step| match step {
        Step::Field(name) => StepRow::Field(name.to_string()),
        Step::Item(position) => StepRow::Item(*position),
    };
    StampRow {
        way: stamp.way.iter().map(step).collect(),
        missing: stamp.missing,
        value: stamp.value.clone(),
    }
}

/// The summary in a text; `None` if the text is not from [`encode`] in this version.
pub fn decode(text: &str) -> Option<Summary> {
    let record: Record = serde_json::from_str(text).ok()?;
    if record.version != VERSION {
        return None;
    }
    let needs = record.needs.into_iter().map(|row| {
        let stamps = row.stamps.into_iter().map(stamp).collect();
        let patch = StampPatch {
            group: row.group.into(),
            kind: row.kind.into(),
            name: row.name.into(),
            namespace: row.namespace.map(Into::into),
            version: row.api_version.into(),
            stamps,
        };
        Some(Need { patch, is_right: row.is_right })
    });
    let told = record.told.into_iter().map(|row| {
        Some(Told {
            code: Code::ALL.iter().copied().find(|code| code.name() == row.code)?,
            severity: SEVERITIES.into_iter().find(|s| s.name() == row.severity)?,
            object: row.object,
            message: row.message,
            help: row.help,
        })
    });
    Some(Summary { needs: needs.collect::<Option<_>>()?, told: told.collect::<Option<_>>()? })
}

fn stamp(row: StampRow) -> Stamp {
    let step = |step: StepRow| match step {
        StepRow::Field(name) => Step::Field(name.into()),
        StepRow::Item(position) => Step::Item(position),
    };
    Stamp { way: row.way.into_iter().map(step).collect(), missing: row.missing, value: row.value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back() {
        let way = vec![Step::Field("spec".into()), Step::Item(3)];
        let stamp = Stamp { way, missing: 1, value: "ab".to_owned() };
        let patch = StampPatch {
            group: "apps".into(),
            kind: "Deployment".into(),
            name: "web".into(),
            namespace: None,
            version: "v1".into(),
            stamps: vec![stamp],
        };
        let told = Told {
            code: Code::MissingStamp,
            severity: Severity::Error,
            object: Some("Deployment web".to_owned()),
            message: "it has no stamp".to_owned(),
            help: None,
        };
        let summary = Summary { needs: vec![Need { patch, is_right: false }], told: vec![told] };
        assert_eq!(decode(&encode(&summary)), Some(summary));
        assert_eq!(decode("{}"), None);
    }
}
