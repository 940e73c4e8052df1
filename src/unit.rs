//! Which texts make one apply unit: what one `kubectl apply` receives. References resolve inside.

use crate::options::UnitRule;
use crate::span::InputFile;
use std::collections::BTreeMap;

/// A text and how it came to us.
pub struct Input {
    /// The text.
    pub file: InputFile,
    /// How it was found.
    pub found: Found,
    /// The folder that it lies in, as text; of the standard input, nothing.
    pub folder: String,
    /// The kustomization that it lies below: what it says is raw material for that one.
    pub kustomization: Option<String>,
}

/// How a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is the standard input.
    Stream,
    /// It was named on the command line.
    Named,
    /// It was met below a named folder: the position of that folder among the arguments.
    Walked(usize),
}

/// How many files below the named folders were walked past, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Template text of Helm, Jinja and the like.
    pub templates: usize,
    /// ytt programs.
    pub ytt: usize,
    /// Kustomization files.
    pub kustomizations: usize,
    /// Files that are not UTF-8, such as those locked by git-crypt.
    pub binary: usize,
    /// Text that is neither YAML nor JSON.
    pub unreadable: usize,
    /// YAML and JSON without a Kubernetes object: values, patches, CI files.
    pub without_objects: usize,
}

/// The number of an apply unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitId(pub u32);

/// The unit of each input. Streams and named files are together one unit, as `kubectl apply -f a
/// -f b` takes them; of walked files `rule` decides.
pub fn assign(inputs: &[Input], rule: UnitRule) -> Vec<UnitId> {
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    inputs
        .iter()
        .map(|input| {
            let name = match (input.found, rule) {
                (Found::Stream | Found::Named, _) => String::new(),
                (Found::Walked(root), UnitRule::Tree) => format!("tree {root}"),
                (Found::Walked(_), UnitRule::Dir) => format!("dir {}", input.folder),
                (Found::Walked(_), UnitRule::File) => format!("file {}", input.file.name),
            };
            let next = crate::span::offset(numbers.len());
            UnitId(*numbers.entry(name).or_insert(next))
        })
        .collect()
}
