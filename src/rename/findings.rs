//! The findings about names.

use super::candidates::{Blocker, Candidate, Candidates, MAX_NAME};
use super::edits::follows;
use super::referrals::Links;
use crate::config::options::{Goal, Mode, Options};
use crate::extract::{BASE_NAME, Manifests, Mention, MentionId, SourceId};
use crate::finding::{Code, Finding};
use crate::k8s::providers::Target;
use crate::text::Place;
use crate::yaml::path::{Route, Step};

/// The findings about sources that keep their names although the run asks for new ones.
pub(super) fn held(
    manifests: &Manifests,
    mentions: &[Mention],
    items: &Candidates<'_>,
    options: &Options,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for item in &items.all {
        if let Some(blocker) = &item.blocker
            && item.wanted
        {
            let says = matches!(blocker, Blocker::Kind(_) | Blocker::WrongBase | Blocker::Raw);
            let moves = item.new != item.current && *blocker != Blocker::Hashed;
            if says || moves {
                findings.push(blocked(manifests, mentions, item, blocker, options));
            }
        }
    }
    if options.goal != Goal::Strip && options.mode == Mode::Suffix {
        for &group in &items.foreign_reads {
            let of = &items.groups[group];
            if let (Some(at), true) = (of.foreign, of.items.is_empty()) {
                findings.push(foreign(manifests, at));
            }
        }
    }
    findings
}

/// A finding about a source, at its name.
fn about(manifests: &Manifests, at: SourceId, code: Code, message: String) -> Finding {
    let owner = manifests.owner(at);
    owner.finding(code, format!("{} {message}", owner.id))
}

fn foreign(manifests: &Manifests, at: SourceId) -> Finding {
    let (owner, source) = (manifests.owner(at), &manifests[at]);
    let kind = source.target.name();
    let message = if source.filled_in_cluster {
        format!("keeps the name of the {kind} {}: a controller fills it", source.name)
    } else if owner.id.group.is_empty() {
        "keeps its name: it asks for stamps".to_owned()
    } else {
        format!("keeps the name of the {kind} {}: a controller makes it", source.name)
    };
    about(manifests, at, Code::NotRenamed, message)
}

fn blocked(
    manifests: &Manifests,
    mentions: &[Mention],
    item: &Candidate,
    blocker: &Blocker,
    options: &Options,
) -> Finding {
    let at = item.at;
    let kept = match options.goal {
        Goal::Strip => "keeps its suffix",
        Goal::Stamp | Goal::Check => "keeps its name",
    };
    let held = |message: String| about(manifests, at, Code::HeldName, format!("{kept}: {message}"));
    let place = |number: &MentionId| place(&mentions[number.index()]);
    let spot = |number: &MentionId| spot(&mentions[number.index()]);
    let other_way =
        "or give the source `rollstamp.dev/mode: annotation`, and its readers get stamps";
    match blocker {
        Blocker::NotRewritten(number) => {
            let why = "kustomize would not rewrite the name there as one of this source";
            held(format!("{} cannot follow: {why}", spot(number)))
                .related(place(number), "here")
                .help("declare the place in a `nameReference` file of kustomize, and list this file under `nameReferences`; or pipe what kustomize prints")
        }
        Blocker::Hashed => {
            about(manifests, at, Code::NotRenamed, format!("{kept}: kustomize gives it a suffix"))
        }
        Blocker::Kind(why) => about(manifests, at, Code::NotRenamed, format!("{kept}: it {why}")),
        Blocker::Unread(file) => {
            let name = manifests.name(*file);
            held(format!("{name} contains the name and cannot be read"))
                .help(format!("correct {name}, or leave it out with --exclude"))
        }
        Blocker::Raw => held(
            "it is raw material of a kustomization, which may change it".to_owned(),
        )
        .help("rename in what kustomize prints: `kustomize build DIR | rollstamp --mode suffix`"),
        Blocker::WrongBase => {
            let message = format!("has a `{BASE_NAME}` that its name does not begin with");
            about(manifests, at, Code::WrongBaseName, message)
                .help("remove the annotation if the name is a new one")
        }
        Blocker::TooLong => {
            let message = format!(
                "would get a name of {} bytes; the API server takes {MAX_NAME}",
                item.new.len()
            );
            about(manifests, at, Code::NameTooLong, message)
                .help(format!("shorten the name, {other_way}"))
                .refusing()
        }
        Blocker::Clash(other) => {
            let message = match public(manifests, at) {
                true => format!("would get the name {}, which is taken", item.new),
                false => "would get a name that is taken".to_owned(),
            };
            about(manifests, at, Code::ClashingNames, message)
                .related(manifests.owner(*other).place_of_name(), "the other one")
                .help("remove one of the two")
                .refusing()
        }
        Blocker::Copy(other) => held("another source of its name keeps its own".to_owned())
            .related(manifests.owner(*other).place_of_name(), "the other one"),
        Blocker::Marker(why) => held(format!("its marker has no safe place there: {why}"))
            .help(format!("write its metadata out in place, {other_way}")),
        Blocker::Unknown(number) => {
            held(format!("{} contains the name, and its meaning is not declared", spot(number)))
                .related(place(number), "here")
                .help(format!(
                    "say under `names` in the configuration what that place names, {other_way}"
                ))
        }
        Blocker::Elsewhere(number) => {
            held(format!("{} may mean it, from another apply unit", spot(number)))
                .related(place(number), "here")
                .help(format!("apply the two together (`--unit tree`, `units`), {other_way}"))
        }
        Blocker::Fixed(number, why) => {
            held(format!("{} cannot follow: {why}", spot(number))).related(place(number), "here")
        }
        Blocker::Ambiguous(number) => {
            held(format!("{} may mean another source as well", spot(number)))
                .related(place(number), "here")
                .help("write the namespaces into the manifests")
        }
        Blocker::Immutable(number) => {
            let id = &mentions[number.index()].id;
            let message = format!(
                "would get a new name, and {id} refers to it: the API server refuses the change once that object exists"
            );
            about(manifests, item.at, Code::ImmutableReferrer, message)
                .related(place(number), "here")
                .help(format!(
                    "if something deletes the {} before each apply, say so on it: `rollstamp.dev/mode: suffix`; {other_way}",
                    id.kind
                ))
                .refusing()
        }
    }
}

/// The findings of `check`: names that do not fit the content, and references with another name.
pub(super) fn stale(
    manifests: &Manifests,
    mentions: &[Mention],
    items: &Candidates<'_>,
    links: &Links,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let help = "run `rollstamp write` on the same paths, in the same mode";
    for item in items.all.iter().filter(|item| item.moves()) {
        let message = match public(manifests, item.at) && !item.inside {
            true => format!("is not named after its content: it must be {}", item.new),
            false => "is not named after its content".to_owned(),
        };
        findings.push(about(manifests, item.at, Code::StaleName, message).help(help));
    }
    for link in &links.all {
        let mention = &mentions[link.mention.index()];
        let moves = link.groups.iter().flat_map(|&g| &items.groups[g].items);
        let moves = moves.copied().any(|item| items.all[item].moves());
        if let (Some(_), false) = (follows(items, &link.groups, mention), moves) {
            let message = format!(
                "{} says {} in `{}`, without the suffix of its content",
                mention.id,
                mention.name,
                path(mention)
            );
            findings.push(
                Finding::new(Code::StaleName, message)
                    .about(mention.id.to_string())
                    .at(place(mention))
                    .help(help),
            );
        }
    }
    findings
}

/// Whether the new name of a source may be printed: that of a Secret contains a digest of its
/// content.
fn public(manifests: &Manifests, at: SourceId) -> bool {
    manifests[at].target != Target::Secret
}

/// The place of a mention; for one in the content of a Secret, the place of the Secret.
fn place(mention: &Mention) -> Place {
    Place {
        file: mention.file,
        span: if is_content_of_secret(mention) { mention.object } else { mention.span },
    }
}

fn is_content_of_secret(mention: &Mention) -> bool {
    mention.id.kind == "Secret" && mention.id.group.is_empty()
}

/// `spec.template.spec.containers[0].args[1] of Deployment web`.
fn spot(mention: &Mention) -> String {
    match is_content_of_secret(mention) {
        true => format!("a text in {}", mention.id),
        false => format!("`{}` of {}", path(mention), mention.id),
    }
}

/// The path from the object to a mention.
fn path(mention: &Mention) -> Route {
    match &mention.path[..] {
        [Step::Field(items), Step::Item(_), below @ ..] if items == "items" => Route(below.into()),
        all => Route(all.into()),
    }
}
