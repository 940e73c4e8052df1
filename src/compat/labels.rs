//! Label selectors, as Reloader's flags take them.

/// Requirements that all must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

/// A condition on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    /// The value that the label must have; any value, if absent.
    value: Option<String>,
    /// Whether the condition is that the label is absent or has another value.
    is_negative: bool,
}

impl LabelSelector {
    /// Parses requirements: `key=value`, `key==value`, `key!=value`, `key`, `!key`, and, as in
    /// Reloader's `GetResourceLabelSelector`, `key:value`, and `*` for any value.
    ///
    /// # Errors
    /// A requirement with a set of values, and text that is not a requirement.
    pub fn parse(requirements: &[String]) -> Result<Self, String> {
        let texts = requirements.iter().flat_map(|text| text.split(',')).map(str::trim);
        texts.filter(|text| !text.is_empty()).map(requirement).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is no requirement.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether labels meet all requirements.
    pub fn fits(&self, labels: &[(String, String)]) -> bool {
        self.0.iter().all(|requirement| requirement.is_met_by(labels))
    }

    /// Whether an object could meet all requirements if only its labels in `known` are known.
    pub fn could_fit(&self, known: &[(String, String)]) -> bool {
        let is_known =
            |requirement: &&Requirement| known.iter().any(|(name, _)| *name == requirement.key);
        self.0.iter().filter(is_known).all(|requirement| requirement.is_met_by(known))
    }
}

impl Requirement {
    fn is_met_by(&self, labels: &[(String, String)]) -> bool {
        let fits = |value: &String| self.value.as_ref().is_none_or(|own| own == value);
        let label = labels.iter().find(|(name, _)| *name == self.key);
        label.is_some_and(|(_, value)| fits(value)) != self.is_negative
    }
}

fn requirement(text: &str) -> Result<Requirement, String> {
    let is_word = |word: &str| {
        word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'))
    };
    let (key, value, is_negative) = if let Some(key) = text.strip_prefix('!') {
        (key, None, true)
    } else if let Some((key, value)) = text.split_once("!=") {
        (key, Some(value.trim()), true)
    } else if let Some((key, value)) = text.split_once([':', '=']) {
        let value = value.strip_prefix('=').unwrap_or(value).trim();
        (key, Some(value).filter(|value| *value != "*"), false)
    } else {
        (text, None, false)
    };
    let key = key.trim().to_owned();
    if key.is_empty() || !is_word(&key) || !value.is_none_or(is_word) {
        return Err(format!("not a label that is compared with one value: `{text}`"));
    }
    Ok(Requirement { key, value: value.map(str::to_owned), is_negative })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_those_of_reloader_and_of_kubernetes() {
        let labels = [("app".to_owned(), "web".to_owned()), ("tier".to_owned(), String::new())];
        for (text, fits) in [
            ("app=web", Ok(true)),
            ("app==web", Ok(true)),
            ("app:web", Ok(true)),
            ("app:*", Ok(true)),
            ("app=*", Ok(true)),
            ("app", Ok(true)),
            ("!app", Ok(false)),
            ("other!=web", Ok(true)),
            ("app!=web", Ok(false)),
            ("app=web,tier=", Ok(true)),
            ("app=web, other", Ok(false)),
            ("", Ok(true)),
            ("app in (web)", Err(())),
            ("=web", Err(())),
        ] {
            let said = LabelSelector::parse(&[text.to_owned()]);
            assert_eq!(said.map(|own| own.fits(&labels)).map_err(|_| ()), fits, "{text}");
        }
    }

    #[test]
    fn a_label_that_nobody_knows_could_be_there() {
        let known = [("name".to_owned(), "web".to_owned())];
        for (text, could) in [
            ("app=web", true),
            ("!app", true),
            ("name=web", true),
            ("name=web,app", true),
            ("name=other", false),
            ("app,!name", false),
        ] {
            let selector = LabelSelector::parse(&[text.to_owned()]).unwrap();
            assert_eq!(selector.could_fit(&known), could, "{text}");
        }
    }
}
