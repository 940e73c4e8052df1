//! The ways in which kustomize builds with rollstamp as a transformer, for all tests that need one.

use crate::sandbox::Sandbox;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_rollstamp");

/// One way to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Function,
    Plugin,
    KubectlPlugin,
}

pub(crate) const WAYS: [Way; 3] = [Way::Function, Way::Plugin, Way::KubectlPlugin];

impl Way {
    /// The program and its arguments for a build with transformers.
    pub(crate) fn inside(self, folder: &str) -> (&'static str, Vec<&str>) {
        match self {
            Self::Function => {
                ("kustomize", vec!["build", "--enable-alpha-plugins", "--enable-exec", folder])
            }
            Self::Plugin => ("kustomize", vec!["build", "--enable-alpha-plugins", folder]),
            Self::KubectlPlugin => ("kubectl", vec!["kustomize", "--enable-alpha-plugins", folder]),
        }
    }

    /// The program and its arguments for a build without transformers.
    pub(crate) fn outside(self, folder: &str) -> (&'static str, Vec<&str>) {
        match self {
            Self::KubectlPlugin => ("kubectl", vec!["kustomize", folder]),
            _ => ("kustomize", vec!["build", folder]),
        }
    }
}

/// The configuration of the transformer; with a function annotation it is a KRM function, without
/// one a plugin of the older kind.
pub(crate) fn transformer(is_function: bool, spec: &str) -> String {
    let annotation = format!(
        "  annotations:\n    config.kubernetes.io/function: |\n      exec: {{path: {PROGRAM}}}\n"
    );
    format!(
        "apiVersion: rollstamp.dev/v1alpha1\nkind: Rollstamp\nmetadata:\n  name: stamp\n{}{spec}",
        if is_function { &annotation } else { "" }
    )
}

/// Puts the program where kustomize looks for plugins of the older kind: into `plugins`.
pub(crate) fn install(sandbox: &Sandbox) {
    let folder = sandbox.path("plugins/rollstamp.dev/v1alpha1/rollstamp");
    std::fs::create_dir_all(&folder).expect("a folder");
    let link = folder.join("Rollstamp");
    if !link.exists() {
        std::os::unix::fs::symlink(PROGRAM, link).expect("a link");
    }
}
