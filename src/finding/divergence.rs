//! The reasons why the applied manifests may differ from a file, so that rollstamp does not stamp a
//! workload or rename a source in the file.

use super::reason::{reasons, reasons_with_fields};
use crate::k8s::id::Identity;
use crate::k8s::providers::Target;
use crate::text::Place;

/// A reason why the applied manifests may differ from a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Divergence {
    /// The cause of the difference.
    pub cause: Cause,
    /// The place of the field or file that makes the difference.
    pub place: Option<Place>,
    /// The folder of the overlay that builds the file, if the cause is in another file.
    pub built_by: Option<String>,
}

/// The cause of a difference. Files and folders have the names from the command line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The file is only read for its sources.
    OnlyRead,
    /// The list item is below this kustomization, which decides the applied manifests.
    RawMaterial(String),
    /// The file is below this kustomization, and no build includes it.
    NotIncluded(String),
    /// Two units that apply the workload need different stamps.
    DifferentStamps(String, String),
    /// The unit has several sources of this kind and name.
    SeveralSources(String, Target, String),
    /// kustomize adds a hash to a name that the object refers to, and does not rewrite the
    /// reference.
    UnfollowedHash,
    /// One build includes the file through two bases.
    IncludedTwoWays,
    /// A property of this file.
    File(String, FileCause),
    /// An effect of a kustomization.
    Kustomization {
        /// The file of the kustomization.
        file: String,
        /// The field that has the effect, if it is one field.
        field: Option<String>,
        /// The effect.
        effect: Effect,
    },
    /// A generator whose output is not known without a build.
    Generator {
        /// The file of the kustomization.
        file: String,
        /// The kind of the generated object.
        target: Target,
        /// The name of the generated object, without a hash.
        name: String,
        /// The reason why its content is not known.
        why: UnknownContent,
    },
}

reasons! {
    /// The cause in a few words, for the count of workloads that are not stamped.
    pub enum DivergenceClass {
        Patch "patched by an overlay"
        Generator "generator"
        Rename "renamed by an overlay"
        Variable "variables"
        Absent "base or component not here"
        Different "overlays differ"
        Unreadable "unreadable file"
        NotIncluded "in no build"
        Other "other"
    }
}

reasons_with_fields! {
    /// An unusual property of a file that a kustomization includes: completes "the file ...".
    pub enum FileCause {
        Unreadable "cannot be read completely"
        InternalAnnotations "has internal annotations of kustomize"
        IncludedTwice "is included twice"
        ReadDifferently(oddity: Oddity) "{oddity}, which kustomize and kubectl read differently"
    }
}

reasons! {
    /// YAML that kustomize and `kubectl` read or print differently: completes "the file ...".
    pub enum Oddity {
        OpenBlock "ends in a block text without a line feed"
        MergeKey "has merge keys"
        Tag "has tags"
        Folded "has folded text"
        Date "has a date without quotes"
        KeyNotString "has a key that is not a string"
    }
}

reasons_with_fields! {
    /// The effect of a kustomization on its objects: completes "the kustomization ...".
    pub enum Effect {
        IncludesItself "includes itself"
        TooManyBuilds "is part of too many"
        Unreadable(why: NotRead) "cannot be read: {why}"
        Absent(path: String) "includes {path}, which is not here"
        AbsentComponent(path: String) "includes the component {path}, which is not here"
        GeneratesSameName "generates the same name"
        ChangesObject(kind: String, name: String) "changes {kind} {name}"
        AddsReads(kind: String, name: String) "may change what {kind} {name} reads"
        MayRename "may rename its objects"
        OtherNamespace(object: String) "gives {object} another namespace"
        Field(effect: FieldEffect) "{effect}"
    }
}

reasons_with_fields! {
    /// The reason why a kustomization cannot be read. No reason holds a value of it, because it may be
    /// a value of a Secret.
    pub enum NotRead {
        Syntax(what: String) "{what}"
        NoMapping "it is not a mapping"
        NoDocument "it is empty"
        Documents(count: usize) "it holds {count} documents"
        Twice(field: String) "`{field}` occurs twice"
        Field(field: String, must: Must) "`{field}` must {must}"
    }
}

reasons! {
    /// What a field of a kustomization must hold: completes "the field must ...".
    pub enum Must {
        Text "be a text"
        Texts "be a list of texts"
        Mappings "be a list of mappings"
        Name "name each entry"
        Behavior "be `create`, `merge` or `replace`"
        Literals "hold `key=value`"
        Files "hold `path` or `key=path`"
    }
}

reasons! {
    /// What a field of a kustomization does to the objects that it holds: completes "the field ...".
    pub enum FieldEffect {
        Renames "renames its objects"
        PutsValues "puts values into its objects"
        MayChange "may change its objects"
        RunsPrograms "run programs on its objects"
        ChangesNamePlaces "may change where kustomize looks for names"
        ChangesMerge "may change how patches are merged"
        AddsCharts "adds objects of charts"
        Unknown "is not known to rollstamp"
        WritesAnyField "may write into any field"
        SetsControlAnnotations "sets control annotations"
        SetsAskedLabels "sets a label for which a rule of the configuration asks"
    }
}

reasons_with_fields! {
    /// The reason why the value of a variable that a controller replaces is not known: completes "the
    /// variable is not known, because ...".
    pub enum UnknownVariable {
        NotHere(target: Target, name: String) "{target} {name} is not in the repository"
        Several(target: Target, name: String) "the repository has more than one {target} {name}"
        Unreadable(target: Target, name: String) "{target} {name} is encrypted or cannot be read"
        Changed(target: Target, name: String) "a kustomization may change {target} {name}"
        Patched(file: String) "{file} patches the list of variables"
        UnreadableList "the list of variables cannot be read"
    }
}

reasons_with_fields! {
    /// The reason why the output of a generator is not known.
    pub enum UnknownContent {
        ChangesUnknown "it changes a source whose content is not known"
        KeyTwice "a key occurs twice"
        NoFile(path: String) "`{path}` is not below its folder"
        NotEnvFile(path: String) "`{path}` is not a plain list of keys and values"
        LostCharacters(key: String) "the value of `{key}` has characters that kustomize prints in another form"
        Field(field: String) "it has `{field}`"
        Option(field: String) "its options have `{field}`"
    }
}

impl Divergence {
    /// A divergence without a place.
    pub fn of(cause: Cause) -> Self {
        Self { cause, place: None, built_by: None }
    }

    /// Whether only the object itself is changed, and no reads are added.
    pub fn only_changes_the_object(&self) -> bool {
        matches!(self.cause, Cause::Kustomization { effect: Effect::ChangesObject(..), .. })
    }

    /// Whether a workload without reads in its file may have reads in the applied manifests.
    pub fn may_add_reads(&self) -> bool {
        let Cause::Kustomization { effect, .. } = &self.cause else { return false };
        matches!(
            effect,
            Effect::AddsReads(..)
                | Effect::Unreadable(_)
                | Effect::AbsentComponent(_)
                | Effect::Field(FieldEffect::MayChange | FieldEffect::Unknown)
        )
    }

    /// The sentence about this workload, in a form that is also true for others with the same
    /// cause: if each of them is changed itself, the sentence names none of them.
    pub fn text_shared_by(&self, kind: &str, name: &str) -> String {
        let Cause::Kustomization { file, field: Some(field), effect } = &self.cause else {
            return self.text();
        };
        let changed = match effect {
            Effect::AddsReads(k, n) if k == kind && n == name => "may change what they read",
            Effect::ChangesObject(k, n) if k == kind && n == name => "changes them",
            _ => return self.text(),
        };
        self.with_builder(format!("`{field}` in {file} {changed}"))
    }

    /// The sentence, without a full stop. It needs no context.
    pub fn text(&self) -> String {
        self.with_builder(self.cause.text())
    }

    fn with_builder(&self, mut text: String) -> String {
        if let Some(unit) = &self.built_by {
            text.push_str(&format!("; {unit} builds it"));
        }
        text
    }

    /// Adds that this unit builds the file: an overlay by its folder, or the object of a controller
    /// in the file `named_in`. The cause may be in a base or a component, but people build the overlay.
    /// A sentence that names a file of the overlay, or the file of the object, already shows the unit.
    pub fn in_build_of(mut self, unit: &str, named_in: Option<&str>) -> Self {
        let folder = format!("{unit}/");
        let is_named =
            self.cause.paths().any(|path| path.contains(&folder) || named_in == Some(path));
        if unit != "." && !is_named {
            self.built_by = Some(unit.to_owned());
        }
        self
    }
}

impl Cause {
    /// The class of the cause.
    pub fn class(&self) -> DivergenceClass {
        match self {
            Self::DifferentStamps(..) | Self::IncludedTwoWays => DivergenceClass::Different,
            Self::NotIncluded(_) => DivergenceClass::NotIncluded,
            Self::File(..) => DivergenceClass::Unreadable,
            Self::Generator { .. } => DivergenceClass::Generator,
            Self::Kustomization { effect, .. } => effect.class(),
            _ => DivergenceClass::Other,
        }
    }

    /// The paths that the sentence names.
    fn paths(&self) -> impl Iterator<Item = &String> {
        let (first, second) = match self {
            Self::RawMaterial(file) | Self::NotIncluded(file) | Self::File(file, _) => {
                (Some(file), None)
            }
            Self::Kustomization { file, effect, .. } => (Some(file), effect.path()),
            Self::Generator { file, why, .. } => (Some(file), why.path()),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }

    fn text(&self) -> String {
        match self {
            Self::OnlyRead => "it is only read".to_owned(),
            Self::RawMaterial(below) => {
                format!("it lies below {below}, which decides what is applied")
            }
            Self::NotIncluded(below) => format!(
                "it lies below {below}, and nothing that kustomize builds there includes it"
            ),
            Self::DifferentStamps(one, two) => format!("{one} and {two} need different stamps"),
            Self::SeveralSources(unit, target, name) => {
                format!("{unit} has more than one {target} {name}")
            }
            Self::UnfollowedHash => "kustomize adds a hash to a name that it refers to, and does not rewrite references of this kind".to_owned(),
            Self::IncludedTwoWays => "it is included through two bases".to_owned(),
            Self::File(file, cause) => format!("{file} {cause}"),
            Self::Kustomization { file, field: None, effect } => format!("{file} {effect}"),
            Self::Kustomization { file, field: Some(field), effect } => {
                format!("`{field}` in {file} {effect}")
            }
            Self::Generator { file, target, name, why } => {
                format!("the content of {target} {name} that {file} generates is not known: {why}")
            }
        }
    }
}

impl Effect {
    /// The effect that it changes this object.
    pub fn changes(id: &Identity) -> Self {
        Self::ChangesObject(id.kind.to_string(), id.name.to_string())
    }

    fn class(&self) -> DivergenceClass {
        match self {
            Self::Unreadable(_) => DivergenceClass::Unreadable,
            Self::Absent(_) | Self::AbsentComponent(_) => DivergenceClass::Absent,
            Self::GeneratesSameName => DivergenceClass::Generator,
            Self::ChangesObject(..) | Self::AddsReads(..) => DivergenceClass::Patch,
            Self::MayRename | Self::OtherNamespace(_) => DivergenceClass::Rename,
            Self::Field(FieldEffect::Renames) => DivergenceClass::Rename,
            Self::Field(FieldEffect::PutsValues) => DivergenceClass::Variable,
            _ => DivergenceClass::Other,
        }
    }

    fn path(&self) -> Option<&String> {
        match self {
            Self::Absent(path) | Self::AbsentComponent(path) => Some(path),
            _ => None,
        }
    }
}

impl UnknownContent {
    fn path(&self) -> Option<&String> {
        match self {
            Self::NoFile(path) | Self::NotEnvFile(path) => Some(path),
            _ => None,
        }
    }
}
