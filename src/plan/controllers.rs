//! The selection of other controllers that roll pods, and the findings about it.

use super::{Decision, Planner, Reason};
use crate::compat::pattern::Unusable;
use crate::compat::selection::{
    Carried, ControllerRules, ReloaderDifference, Selection, carries_reloader, differences,
};
use crate::compat::wave;
use crate::extract::{Object, Template};
use crate::finding::Code;
use crate::finding::controllers as words;
use crate::k8s::controllers::{BOOKKEEPING, RELOADER_KEYS, Role};

impl Planner<'_> {
    /// Which reads of a pod template count.
    pub(super) fn selection(&mut self, object: &Object, template: &Template) -> Selection {
        let rules = &self.options.rules.compat;
        if *rules == ControllerRules::default() || template.not_stamped.is_some() {
            return Selection::All;
        }
        let nothing = Carried::default();
        let carried = template.said.as_ref().map_or(&nothing, |said| &said.carried);
        let mut selection = Selection::new(rules, &object.id.kind, carried);
        if self.options.migrate.is_some() && template.stamp_seen {
            selection = selection.beside_a_stamp();
        }
        if let Selection::None(why) = selection
            && let Some(text) = words::not_stamped(why)
        {
            let message = format!("{} gets no stamp: {text}", object.id);
            self.say(object.finding(Code::StaysWithReloader, message));
        }
        selection
    }

    /// Reports findings about the annotations of controllers on a workload. Returns whether their
    /// selection is unclear, so that the workload must not be stamped.
    pub(super) fn about_controllers(
        &mut self,
        object: &Object,
        template: &Template,
        selection: &Selection,
    ) -> bool {
        let Some(said) = &template.said else {
            return false;
        };
        let carried = &said.carried;
        let of_both = [&carried.workload, &carried.template];
        let written = BOOKKEEPING.iter().copied();
        let mut written: Vec<&str> =
            written.filter(|key| of_both.iter().any(|own| own.get(key).is_some())).collect();
        written.extend(said.variables.iter().map(String::as_str));
        if !written.is_empty() {
            let message = words::committed(&object.id.to_string(), &written);
            let finding = object.finding(Code::CommittedByController, message);
            self.say(finding.help("remove it from the manifest"));
        }
        let Some(options) = &self.options.rules.compat.reloader else {
            return false;
        };
        let mut is_unclear = false;
        for (selector, target) in selection.selectors().iter().zip(["ConfigMaps", "Secrets"]) {
            for bad in selector.bad_entries() {
                let (is_invalid, why) = match bad.why {
                    Unusable::Invalid(why) => (true, why),
                    Unusable::Untranslated(why) => (false, why),
                };
                let message =
                    words::pattern(&object.id.to_string(), &bad.text, target, is_invalid, why);
                let mut finding = object.finding(Code::CompatPattern, message);
                // An entry that Reloader skips selects nothing; an entry that Reloader accepts
                // could select any source.
                finding.refuses = !is_invalid;
                is_unclear |= !is_invalid;
                self.say(finding.help(words::PATTERN_HELP));
            }
        }
        for differs in differences(options, carried) {
            let text = match differs {
                ReloaderDifference::AutoFalse => words::auto_false(options.key(Role::Auto)),
                ReloaderDifference::ExcludeOnTemplate => words::EXCLUDE_ON_TEMPLATE.to_owned(),
            };
            let message = format!("{}: {text}", object.id);
            self.say(object.finding(Code::CompatDiffers, message));
        }
        let classes = RELOADER_KEYS.iter().filter(|row| row.role == Role::ProviderClass);
        let classes = classes.filter(|row| of_both.iter().any(|own| own.get(row.key).is_some()));
        if let Some(row) = classes.clone().next() {
            let message = format!("{}: {}", object.id, words::provider_class(row.key));
            self.say(object.finding(Code::StaysWithReloader, message));
        }
        is_unclear
    }

    /// Reports a workload with a stamp and with annotations of a controller, which rolls twice for
    /// one change.
    pub(super) fn about_double_rolls(
        &mut self,
        object: &Object,
        template: &Template,
        decision: &Decision,
        reasons: &[Reason],
    ) {
        let (Decision::Stamp { .. }, Some(said)) = (decision, &template.said) else {
            return;
        };
        if self.options.migrate.is_some() {
            return;
        }
        let carried = &said.carried;
        let flags = self.options.rules.compat.reloader.clone().unwrap_or_default();
        let selection = Selection::by_reloader(&flags, &object.id.kind, carried);
        let is_counted = |reason: &Reason| {
            let (Reason::Counted(_), Some(at)) = (reason, reason.source()) else {
                return false;
            };
            let source = &self.manifests[at];
            selection.counts(source.target, &source.name, source.tags)
        };
        // Sources outside of the manifests that stay with the controller on purpose do not roll the
        // pods twice.
        let by_reloader = carries_reloader(&flags, carried) && reasons.iter().any(is_counted);
        let by_wave = wave::is_enabled(&object.id.kind, &carried.workload);
        for (is_on, name) in [(by_reloader, "reloader"), (by_wave, "wave")] {
            if is_on {
                let message = words::left(&object.id.to_string(), name);
                let help = format!("run `rollstamp migrate --from {name}` on its files");
                self.say(object.finding(Code::ReloaderLeft, message).help(help));
            }
        }
    }
}
