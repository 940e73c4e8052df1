//! Writes and reads a summary as text, for the cache between runs.

use super::Summary;

/// The version of the format. A record of another version is not read.
const VERSION: u32 = 3;

/// The summary as text.
pub fn encode(summary: &Summary) -> String {
    serde_json::to_string(&(VERSION, summary)).unwrap_or_default()
}

/// The summary in a text; `None` if the text is not from [`encode`] in this version.
pub fn decode(text: &str) -> Option<Summary> {
    let (version, summary): (u32, Summary) = serde_json::from_str(text).ok()?;
    (version == VERSION).then_some(summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Code, Severity};
    use crate::overlays::{Need, Told};
    use crate::patches::{Stamp, StampPatch};
    use crate::yaml::path::Step;

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
