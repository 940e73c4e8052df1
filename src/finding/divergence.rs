//! The reasons why the applied manifests may differ from a file, so that rollstamp does not stamp a
//! workload or rename a source in the file.

use super::reason::reasons;
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

/// An unusual property of a file that a kustomization includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileCause {
    /// A part of it cannot be read.
    Unreadable,
    /// It has annotations that kustomize uses internally.
    InternalAnnotations,
    /// The same kustomization includes it twice.
    IncludedTwice,
    /// kustomize and `kubectl` read it differently.
    ReadDifferently(Oddity),
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

/// The effect of a kustomization on its objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It includes itself, directly or through others.
    IncludesItself,
    /// It is part of so many builds that following them takes too many steps.
    TooManyBuilds,
    /// It cannot be read, for this reason.
    Unreadable(NotRead),
    /// It includes this file or folder, which does not exist here.
    Absent(String),
    /// It includes this component, which does not exist here.
    AbsentComponent(String),
    /// It generates a source of the same name.
    GeneratesSameName,
    /// It changes the object of this kind and name.
    ChangesObject(String, String),
    /// It changes the workload of this kind and name, and may add reads to it.
    AddsReads(String, String),
    /// A patch of it may give an object another name.
    MayRename,
    /// It changes the namespace of this object, but not of the object that a controller creates
    /// from it.
    OtherNamespace(String),
    /// One of its fields has this effect.
    Field(FieldEffect),
}

/// The reason why a kustomization cannot be read. No reason holds a value of it, because it may be
/// a value of a Secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotRead {
    /// It is not YAML that all readers read in the same way; the text says what it is.
    Syntax(String),
    /// It is not a mapping.
    NoMapping,
    /// It holds this many documents.
    Documents(usize),
    /// This field occurs twice.
    Twice(String),
    /// This field does not hold a value of the required form.
    Field(String, Must),
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

impl NotRead {
    fn text(&self) -> String {
        match self {
            Self::Syntax(what) => what.clone(),
            Self::NoMapping => "it is not a mapping".to_owned(),
            Self::Documents(0) => "it is empty".to_owned(),
            Self::Documents(n) => format!("it holds {n} documents"),
            Self::Twice(field) => format!("`{field}` occurs twice"),
            Self::Field(field, must) => format!("`{field}` must {}", must.text()),
        }
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

/// The reason why the value of a variable that a controller replaces is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnknownVariable {
    /// It may come from this source, which is not in the repository.
    NotHere(Target, String),
    /// It may come from this source, of which the repository has several.
    Several(Target, String),
    /// It may come from this source, which is encrypted or cannot be read.
    Unreadable(Target, String),
    /// It may come from this source, which a kustomization may change.
    Changed(Target, String),
    /// A patch in this file may add variables.
    Patched(String),
    /// The list of variables cannot be read.
    UnreadableList,
}

impl UnknownVariable {
    /// Completes "the variable is not known, because ...".
    pub fn text(&self) -> String {
        match self {
            Self::NotHere(target, name) => {
                format!("{} {name} is not in the repository", target.name())
            }
            Self::Several(target, name) => {
                format!("the repository has more than one {} {name}", target.name())
            }
            Self::Unreadable(target, name) => {
                format!("{} {name} is encrypted or cannot be read", target.name())
            }
            Self::Changed(target, name) => {
                format!("a kustomization may change {} {name}", target.name())
            }
            Self::Patched(file) => format!("{file} patches the list of variables"),
            Self::UnreadableList => "the list of variables cannot be read".to_owned(),
        }
    }
}

/// The reason why the output of a generator is not known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnknownContent {
    /// It merges into, or replaces, a source whose content is not known.
    ChangesUnknown,
    /// A key occurs twice.
    KeyTwice,
    /// This file is not below the folder of the kustomization.
    NoFile(String),
    /// This file is not a list of `key=value` lines.
    NotEnvFile(String),
    /// kustomize prints the value of this key in another form.
    LostCharacters(String),
    /// The generator has this field.
    Field(String),
    /// The options of the generator have this field.
    Option(String),
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
        let Cause::Kustomization { effect, .. } = &self.cause else {
            return false;
        };
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
                format!("{unit} has more than one {} {name}", target.name())
            }
            Self::UnfollowedHash => "kustomize adds a hash to a name that it refers to, and does not rewrite references of this kind".to_owned(),
            Self::IncludedTwoWays => "it is included through two bases".to_owned(),
            Self::File(file, cause) => format!("{file} {}", cause.text()),
            Self::Kustomization { file, field: None, effect } => {
                format!("{file} {}", effect.text())
            }
            Self::Kustomization { file, field: Some(field), effect } => {
                format!("`{field}` in {file} {}", effect.text())
            }
            Self::Generator { file, target, name, why } => format!(
                "the content of {} {name} that {file} generates is not known: {}",
                target.name(),
                why.text()
            ),
        }
    }
}

impl FileCause {
    fn text(self) -> String {
        match self {
            Self::Unreadable => "cannot be read completely".to_owned(),
            Self::InternalAnnotations => "has internal annotations of kustomize".to_owned(),
            Self::IncludedTwice => "is included twice".to_owned(),
            Self::ReadDifferently(oddity) => {
                format!("{}, which kustomize and kubectl read differently", oddity.text())
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

    fn text(&self) -> String {
        match self {
            Self::IncludesItself => "includes itself".to_owned(),
            Self::TooManyBuilds => "is part of too many".to_owned(),
            Self::Unreadable(why) => format!("cannot be read: {}", why.text()),
            Self::Absent(name) => format!("includes {name}, which is not here"),
            Self::AbsentComponent(name) => {
                format!("includes the component {name}, which is not here")
            }
            Self::GeneratesSameName => "generates the same name".to_owned(),
            Self::ChangesObject(kind, name) => format!("changes {kind} {name}"),
            Self::AddsReads(kind, name) => format!("may change what {kind} {name} reads"),
            Self::MayRename => "may rename its objects".to_owned(),
            Self::OtherNamespace(object) => format!("gives {object} another namespace"),
            Self::Field(effect) => effect.text().to_owned(),
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

    fn text(&self) -> String {
        match self {
            Self::ChangesUnknown => "it changes a source whose content is not known".to_owned(),
            Self::KeyTwice => "a key occurs twice".to_owned(),
            Self::NoFile(path) => format!("`{path}` is not below its folder"),
            Self::NotEnvFile(path) => format!("`{path}` is not a plain list of keys and values"),
            Self::LostCharacters(key) => {
                format!("the value of `{key}` has characters that kustomize prints in another form")
            }
            Self::Field(field) => format!("it has `{field}`"),
            Self::Option(field) => format!("its options have `{field}`"),
        }
    }
}
