//! What a text that cannot be read was probably meant to be.

use super::Facts;
use crate::yaml;

/// What a text that cannot be read looks like. Nothing is known of one that can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Looks {
    /// Text of a template language, which becomes a manifest later.
    Template,
    /// A manifest that somebody broke.
    Manifest,
    /// Neither.
    #[default]
    Other,
}

impl Facts {
    /// Adds what only the whole text shows: what it looks like, if it cannot be read.
    pub fn seen(mut self, text: &str) -> Self {
        if self.broken.is_some() {
            self.looks = if is_template(text) {
                Looks::Template
            } else if is_manifest(text) {
                Looks::Manifest
            } else {
                Looks::Other
            };
        }
        self
    }
}

/// Only asked of a text that is not YAML: many good manifests hold `{{` in a value.
fn is_template(text: &str) -> bool {
    ["{{", "{%", "<%", "@@"].iter().any(|mark| text.contains(mark))
        || yaml::split::chunks(text).next().is_none()
        || text.lines().any(|line| {
            let value = line.rsplit(": ").next().unwrap_or_default().trim();
            value.len() > 2 && value.starts_with('@') && value.ends_with('@')
        })
}

fn is_manifest(text: &str) -> bool {
    let has = |field: &str| text.lines().any(|line| line.starts_with(field));
    has("apiVersion:") && has("kind:")
}
