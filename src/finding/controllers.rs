//! Messages about workloads that Reloader or Wave also manages.

use crate::compat::selection::NotSelected;

/// The reason why a workload gets no stamp, if a finding reports it: completes "it gets no stamp:
/// ...".
pub fn not_stamped(why: NotSelected) -> Option<&'static str> {
    match why {
        NotSelected::Restarted => Some(
            "Reloader restarts its pods without a new pod template, and a stamp would start a rollout in steps",
        ),
        NotSelected::NoAnnotation | NotSelected::ByReloader => None,
    }
}

/// The reason why a workload is not stamped, for `explain`.
pub fn not_selected(why: NotSelected) -> &'static str {
    match why {
        NotSelected::NoAnnotation => {
            "no annotation asks for it, and only annotated workloads are stamped"
        }
        NotSelected::ByReloader => "its annotations tell Reloader to leave it alone",
        NotSelected::Restarted => "Reloader restarts its pods without a new pod template",
    }
}

/// The message for an entry of a list that is not a valid pattern.
pub fn pattern(object: &str, entry: &str, target: &str, is_invalid: bool, why: &str) -> String {
    let what = match is_invalid {
        true => "is no pattern of Go",
        false => "is a pattern that cannot be followed",
    };
    format!("{object}: the entry `{entry}` in the list of {target} {what}: {why}")
}

/// The help for [`pattern`].
pub const PATTERN_HELP: &str = "write the names of the sources, a dot as `\\.`; the list is cut at every comma, also inside of `{1,2}`";

/// The message for `auto: "false"` beside an annotation that selects sources.
pub fn auto_false(key: &str) -> String {
    format!(
        "`{key}` is off, but another annotation still selects sources: Reloader's code follows that annotation, and its documentation says the opposite"
    )
}

/// The message for an exclude at a place where Reloader does not look for it.
pub const EXCLUDE_ON_TEMPLATE: &str = "Reloader looks for excludes only on the workload, and these are on the pod template, so the sources that they name count";

/// The message for an annotation about classes of the secrets store CSI driver.
pub fn provider_class(key: &str) -> String {
    format!("`{key}` is about content that is in no manifest, so it stays with Reloader")
}

/// The message for committed annotations that a controller wrote.
pub fn committed(object: &str, written: &[&str]) -> String {
    let names: Vec<String> = written.iter().map(|name| format!("`{name}`")).collect();
    format!("{object} carries {}, which a controller writes in the cluster", names.join(", "))
}

/// The message for a workload with a stamp and with annotations of a controller.
pub fn left(object: &str, controller: &str) -> String {
    let name = if controller == "wave" { "Wave" } else { "Reloader" };
    format!(
        "{object} is stamped, and its annotations let {name} roll it as well: it rolls twice for one change"
    )
}
