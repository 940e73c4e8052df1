//! Finds rules of the configuration without an effect: the object was removed, or its name has a
//! typing error. Such a rule could hide later findings.

use crate::config::options::Options;
use crate::config::policy::{IgnoreRule, RuleSubject};
use crate::extract::Manifests;
use crate::finding::{Code, Finding, Severity};
use crate::text::{Place, Span};

/// The findings about the rules of a configuration that covers all read files. `silences` says for
/// each silence rule whether it silenced a finding.
pub fn without_effect(manifests: &Manifests, options: &Options, silences: &[bool]) -> Vec<Finding> {
    let Some(origin) = options.rules.origin.as_ref().filter(|origin| origin.covers_all) else {
        return Vec::new();
    };
    let at = |spans: &[Span], i: usize| Place {
        file: origin.file,
        span: spans.get(i).copied().unwrap_or(Span::new(0, 0)),
    };
    let finding = |place: Place, message: String| {
        let mut finding = Finding::new(Code::UnknownName, message).quoting(place);
        finding.severity = Severity::Warning;
        finding.help("correct the rule, or remove it: it would hide later findings")
    };
    let mut found = Vec::new();
    for (i, rule) in options.rules.ignore.iter().enumerate() {
        // The labels of objects are no longer known here.
        if rule.labels.is_empty()
            && let Some(message) = ignores_nothing(manifests, rule, options)
        {
            found.push(finding(at(&origin.ignore, i), message));
        }
    }
    for (i, rule) in options.rules.findings.silence.iter().enumerate() {
        if silences.get(i) == Some(&false) {
            let object = rule.object.as_ref().map(|glob| glob.glob().glob());
            let message = silences_nothing(manifests, rule.code, object);
            found.push(finding(at(&origin.silence, i), message));
        }
    }
    found
}

/// The message for a rule under `ignore` that ignores nothing.
fn ignores_nothing(manifests: &Manifests, rule: &IgnoreRule, options: &Options) -> Option<String> {
    let is_meant = |at: &crate::extract::ObjectId| {
        let id = &manifests[*at].id;
        rule.fits(&RuleSubject {
            kind: &id.kind,
            namespace: id.namespace.as_deref().or(options.namespace.as_deref()),
            name: &id.name,
            labels: &[],
        })
    };
    let mut objects = manifests.objects().map(|(at, _)| at).filter(is_meant).peekable();
    if objects.peek().is_none() {
        let ids = || manifests.objects().map(|(_, object)| &object.id);
        let wanted = [rule.kind.as_deref(), rule.namespace.as_deref(), rule.name_text()];
        let wanted: Vec<&str> = wanted.into_iter().flatten().collect();
        let kinds = ids().map(|id| id.kind.to_string());
        let knows_kind = rule.kind.as_ref().is_none_or(|kind| ids().any(|id| id.kind == *kind));
        let hint = match (knows_kind, &rule.kind, rule.name_text()) {
            (false, Some(kind), _) => nearest(kind, kinds),
            (_, kind, Some(name)) => {
                let same = ids().filter(|id| kind.as_ref().is_none_or(|kind| id.kind == *kind));
                nearest(name, same.map(|id| id.name.to_string()))
            }
            _ => String::new(),
        };
        return Some(format!(
            "the rule ignores nothing: nothing that provides or reads configuration is {}{hint}",
            wanted.join(" ")
        ));
    }
    let mut keys = objects.flat_map(|at| manifests.all_sources_of(at)).flat_map(|s| &s.entries);
    if rule.keys.is_empty() || keys.any(|entry| rule.keys.iter().any(|k| k.is_match(&entry.key))) {
        return None;
    }
    let globs: Vec<&str> = rule.keys.iter().map(|glob| glob.glob().glob()).collect();
    let objects = manifests.objects().map(|(at, _)| at).filter(is_meant);
    let keys = objects.flat_map(|at| manifests.all_sources_of(at)).flat_map(|s| &s.entries);
    let hint = nearest(globs[0], keys.map(|entry| entry.key.to_string()));
    Some(format!(
        "the rule ignores nothing: no source that it names has a key {}{hint}",
        globs.join(", ")
    ))
}

fn silences_nothing(manifests: &Manifests, code: Code, object: Option<&str>) -> String {
    let code = code.name();
    let Some(object) = object else {
        return format!("the rule silences nothing: there is no finding {code}");
    };
    let ids = || manifests.objects().map(|(_, object)| object.id.to_string());
    let is_there = ids().any(|id| id == object) || object.contains(['*', '?', '[', '{']);
    let hint = if is_there { String::new() } else { nearest(object, ids()) };
    format!("the rule silences nothing: there is no finding {code} about {object}{hint}")
}

/// ` (did you mean ...?)`, if a name is similar.
fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> String {
    let near = names.map(|name| (strsim::damerau_levenshtein(wanted, &name), name)).min();
    match near {
        Some((distance, name)) if distance > 0 && distance <= 3.min(wanted.len() / 2) => {
            format!(" (did you mean `{name}`?)")
        }
        _ => String::new(),
    }
}
