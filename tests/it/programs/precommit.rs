//! pre-commit and prek with the hooks of `.pre-commit-hooks.yaml`, in a separate git repository.

use super::{Said, Tool, bash, below, examples, file, found, lines, root, tool, with_rollstamp};
use crate::extent::{demanded, say};
use crate::sandbox::{Entry, Sandbox, Tree};

const CONFIG: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  LOG_LEVEL: info  # nobody reads BATCH_SIZE
  BATCH_SIZE: \"50\"
";
const SECRET: &str = "apiVersion: v1
kind: Secret
metadata: {name: database}
stringData: {PASSWORD: change-me}
";
const SHOP: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata:
      labels: {app: shop}
    spec:
      containers:
        - name: shop
          env:
            - name: LOG_LEVEL
              valueFrom: {configMapKeyRef: {name: shop, key: LOG_LEVEL}}
          envFrom: [{secretRef: {name: database}}]
";
/// A Helm template is not YAML; a hook for the whole repository must skip it.
const TEMPLATE: &str = "{{- if .Values.on }}\nkind: ConfigMap\n{{- end }}\n";

/// The repository of the user (in `user`) and the repository with the hooks (in `hooks`).
struct Repositories {
    sandbox: Sandbox,
    program: &'static str,
}

impl Repositories {
    fn new(program: &'static str) -> Self {
        let mut tree = Tree::from([
            ("user/app/config.yaml".to_owned(), file(CONFIG)),
            ("user/app/secret.yaml".to_owned(), file(SECRET)),
            ("user/app/shop.yaml".to_owned(), file(SHOP)),
            ("user/chart/Chart.yaml".to_owned(), file("name: c\n")),
            ("user/chart/templates/c.yaml".to_owned(), file(TEMPLATE)),
            ("user/README.md".to_owned(), file("A shop.\n")),
        ]);
        for name in [".pre-commit-hooks.yaml", "Cargo.toml", "Cargo.lock", "pyproject.toml"] {
            let bytes = std::fs::read(root().join(name)).expect("a file of the repository");
            tree.insert(format!("hooks/{name}"), Entry::File(bytes));
        }
        for folder in ["src", "docs", "integrations"] {
            tree.extend(below(&format!("hooks/{folder}/"), &root().join(folder)));
        }
        tree.extend(below("hooks/tests/it/", &root().join("tests/it")));
        let repositories = Self { sandbox: Sandbox::new(&tree), program };
        for repository in ["hooks", "user"] {
            repositories.git(repository, &["init", "-q", "-b", "main"]).succeeds();
            repositories.git(repository, &["add", "-A"]).succeeds();
            repositories.git(repository, &["commit", "-q", "-m", "first"]).succeeds();
        }
        let tag = concat!("v", env!("CARGO_PKG_VERSION"));
        repositories.git("hooks", &["tag", tag]).succeeds();
        repositories
    }

    fn command(&self, program: &str, args: &[&str]) -> Tool {
        let mut tool = tool(&self.sandbox, program, args);
        tool.command.current_dir(self.sandbox.path("user"));
        // A run of this test from a hook of git must not see that repository.
        for name in ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"] {
            tool.command.env_remove(name);
        }
        tool.env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_AUTHOR_NAME", "a")
            .env("GIT_AUTHOR_EMAIL", "a@example.com")
            .env("GIT_COMMITTER_NAME", "a")
            .env("GIT_COMMITTER_EMAIL", "a@example.com")
            .env("PRE_COMMIT_HOME", self.sandbox.path("home"))
            .env("PREK_HOME", self.sandbox.path("home"))
    }

    fn git(&self, repository: &str, args: &[&str]) -> Tool {
        let mut git = self.command("git", args);
        git.command.current_dir(self.sandbox.path(repository));
        git
    }

    /// Adds the hook to the user's repository.
    fn install(&self, hook: &str, args: &str) {
        let revision = self.git("hooks", &["rev-parse", "HEAD"]).succeeds();
        let config = format!(
            "repos:\n  - repo: {}\n    rev: {}\n    hooks:\n      - id: {hook}\n        args: [{args}]\n",
            self.sandbox.path("hooks").display(),
            revision.trim()
        );
        self.write(".pre-commit-config.yaml", &config);
        self.git("user", &["add", "-A"]).succeeds();
        self.git("user", &["commit", "-q", "--no-verify", "-m", "hook"]).succeeds();
        self.command(self.program, &["install"]).succeeds();
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.sandbox.path("user").join(name), text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.sandbox.path("user").join(name)).expect("a file")
    }

    fn add(&self, name: &str) {
        self.git("user", &["add", "-A", name]).succeeds();
    }

    fn commit(&self) -> Said {
        self.git("user", &["commit", "-m", "next"]).run()
    }

    /// Makes a commit that the hook must stop, and returns the output.
    fn stopped(&self) -> String {
        let before = self.git("user", &["rev-parse", "HEAD"]).succeeds();
        let said = self.commit();
        assert_eq!(said.exit, 1, "{said:?}");
        let after = self.git("user", &["rev-parse", "HEAD"]).succeeds();
        assert_eq!(before, after, "{said:?}");
        said.stdout + &said.stderr
    }

    fn passes(&self) {
        let said = self.commit();
        assert_eq!(said.exit, 0, "{said:?}");
        assert!(
            (said.stdout.clone() + &said.stderr).contains("Passed"),
            "the hook did not run: {said:?}"
        );
    }
}

fn each(flow: impl Fn(&Repositories)) {
    for program in ["pre-commit", "prek"] {
        if found(program, &["--version"]).is_some() {
            flow(&Repositories::new(program));
        }
    }
}

#[test]
fn a_stale_stamp_fails_the_commit_and_is_fixed() {
    each(|it| {
        it.install("rollstamp-system", "");
        // The Deployment did not change, but its stamp becomes stale, or it gets its first stamp.
        it.write("README.md", "A bigger shop.\n");
        it.add("README.md");
        let said = it.stopped();
        assert!(said.contains("app/shop.yaml: stamped Deployment shop"), "{said}");
        it.add("app");
        it.passes();
        let first = it.read("app/shop.yaml");
        it.write("app/config.yaml", &CONFIG.replace("info", "debug"));
        it.add("app/config.yaml");
        let said = it.stopped();
        assert!(said.contains("new stamp for Deployment shop"), "{said}");
        assert_ne!(first, it.read("app/shop.yaml"));
        it.add("app/shop.yaml");
        it.passes();
        // A change that no pod reads changes no stamp.
        let second = it.read("app/shop.yaml");
        it.write("app/config.yaml", &CONFIG.replace("info", "debug").replace("\"50\"", "\"60\""));
        it.add("app/config.yaml");
        it.passes();
        assert_eq!(second, it.read("app/shop.yaml"));
        it.command(it.program, &["run", "--all-files"]).succeeds();
    });
}

#[test]
fn a_deleted_source_is_seen() {
    each(|it| {
        it.command("rollstamp", &["write", "app"]).succeeds();
        it.install("rollstamp-check-system", "");
        // Hooks do not get deleted files; if a commit only deletes files, most hooks are skipped.
        it.git("user", &["rm", "-q", "app/secret.yaml"]).succeeds();
        let said = it.stopped();
        assert!(said.contains("error[stale-stamp]"), "{said}");
        assert!(!said.contains("change-me"), "{said}");
        it.git("user", &["reset", "-q", "--hard"]).succeeds();
        // Without any source, there is nothing to compare: a note, or an error with --strict.
        it.git("user", &["rm", "-q", "app/secret.yaml", "app/config.yaml"]).succeeds();
        it.passes();
        it.git("user", &["reset", "-q", "--hard", "HEAD^"]).succeeds();
        it.install("rollstamp-check-system", "--strict");
        it.git("user", &["rm", "-q", "app/secret.yaml", "app/config.yaml"]).succeeds();
        let said = it.stopped();
        assert!(said.contains("error[external-reference]"), "{said}");
    });
}

#[test]
fn unstaged_edits_neither_pass_nor_get_lost() {
    each(|it| {
        it.command("rollstamp", &["write", "app"]).succeeds();
        it.install("rollstamp-check-system", "");
        // The committed files are right; unstaged changes do not count and stay.
        let edited = CONFIG.replace("info", "debug");
        it.write("app/config.yaml", &edited);
        it.write("README.md", "A bigger shop.\n");
        it.add("README.md");
        it.passes();
        assert_eq!(it.read("app/config.yaml"), edited);
        // The file was stamped but not staged, so the commit would be stale.
        it.command("rollstamp", &["write", "app"]).succeeds();
        let stamped = it.read("app/shop.yaml");
        it.add("app/config.yaml");
        let said = it.stopped();
        assert!(said.contains("error[stale-stamp]"), "{said}");
        assert_eq!(it.read("app/shop.yaml"), stamped);
        it.add("app/shop.yaml");
        it.passes();
        // The file that the fixer changes has unstaged edits: they stay, and the commit fails.
        it.install("rollstamp-system", "");
        it.write("app/config.yaml", CONFIG);
        it.add("app/config.yaml");
        let edited = stamped.replace("checksum/rollstamp: \"", "checksum/rollstamp: \"0");
        it.write("app/shop.yaml", &edited);
        let said = it.stopped();
        assert!(said.contains("new stamp for Deployment shop"), "{said}");
        assert_eq!(it.read("app/shop.yaml"), edited);
    });
}

#[test]
fn what_is_refused_stops_the_commit_and_changes_nothing() {
    each(|it| {
        for hook in ["rollstamp-system", "rollstamp-check-system"] {
            it.install(hook, "");
            let number = CONFIG.replace("info", "8080");
            it.write("app/config.yaml", &number);
            it.add("app");
            let said = it.stopped();
            assert!(said.contains("exit code: 2"), "{said}");
            assert!(said.contains("error[non-string-value]"), "{said}");
            assert_eq!(it.read("app/shop.yaml"), SHOP);
            assert_eq!(it.read("app/config.yaml"), number);
            it.git("user", &["reset", "-q", "--hard"]).succeeds();
        }
    });
}

#[test]
fn a_repository_can_be_tried_without_a_configuration() {
    each(|it| {
        let hooks = it.sandbox.path("hooks");
        let hooks = hooks.to_str().expect("UTF-8");
        let args = |hook| ["try-repo", hooks, hook, "--all-files", "--verbose"];
        let check = args("rollstamp-check-system");
        let said = it.command(it.program, &check).fails(1);
        assert!(said.stdout.contains("error[missing-stamp]"), "{said:?}");
        assert_eq!(it.read("app/shop.yaml"), SHOP);
        let write = args("rollstamp-system");
        let said = it.command(it.program, &write).fails(1);
        assert!(said.stdout.contains("files were modified by this hook"), "{said:?}");
        it.add("app");
        it.command(it.program, &write).succeeds();
        it.command(it.program, &check).succeeds();
    });
}

/// A build that is faster than a release; all tests of this file share it.
fn quick(tool: Tool) -> Tool {
    tool.env("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/hooks"))
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
}

/// `PATH` without the program under test.
fn without_rollstamp() -> std::ffi::OsString {
    let path = std::env::var_os("PATH").expect("a PATH");
    assert_ne!(path, with_rollstamp());
    path
}

/// Runs the block of the README unchanged, on a machine where the wheel of this program is on `PyPI` and the
/// repository is on GitHub. It compiles nothing and downloads nothing else.
#[test]
fn the_block_of_the_readme_installs_the_wheel() {
    let programs = ["pre-commit", "prek"].map(|name| (name, demanded(name)));
    if !demanded("maturin") || programs.iter().any(|(_, demanded)| !demanded) {
        say("not run: a wheel is built and installed only where maturin is demanded");
        return;
    }
    let wheels = Sandbox::new(&Tree::from([("empty".to_owned(), file(""))]));
    let folder = root().join("integrations/pypi");
    let folder = folder.display();
    let build = format!("out=$PWD; cd {folder}; maturin build --release --locked --out $out >&2");
    quick(bash(&wheels, &build)).succeeds();
    let blocks = examples("README.md", "yaml", "repo: https");
    for program in ["pre-commit", "prek"] {
        found(program, &["--version"]).expect("it is demanded");
        let it = Repositories::new(program);
        it.write(".pre-commit-config.yaml", &blocks[0]);
        it.add(".");
        // The address of GitHub is replaced by the repository of the hooks.
        let rewrite = format!("url.{}.insteadOf", it.sandbox.path("hooks").display());
        let commands = lines("docs/tutorials/pre-commit.md", "pre-commit ");
        let commands = commands.join(" && ").replace("pre-commit ", &format!("{program} "));
        let run = || {
            let wheels = wheels.path(".");
            // prek installs uv with pip if it is missing; the hook itself needs no index.
            let index = if program == "prek" { "0" } else { "1" };
            it.command("bash", &["-c", &commands])
                .env("PATH", without_rollstamp())
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", &rewrite)
                .env("GIT_CONFIG_VALUE_0", env!("CARGO_PKG_REPOSITORY"))
                .env("PIP_NO_INDEX", index)
                .env("PIP_FIND_LINKS", &wheels)
                .env("UV_NO_INDEX", "1")
                .env("UV_FIND_LINKS", &wheels)
        };
        let said = run().fails(1);
        assert!(said.stdout.contains("app/shop.yaml: stamped Deployment shop"), "{said:?}");
        it.add("app");
        run().succeeds();
    }
}

/// The hooks for users who compile the program themselves, with packages from crates.io. This takes minutes
/// and the network, so only CI requires it.
#[test]
fn the_hooks_of_rust_build_rollstamp() {
    for program in ["pre-commit", "prek"] {
        if !demanded(program) {
            say(&format!("not run: {program} builds rollstamp only where it is demanded"));
            continue;
        }
        found(program, &["--version"]).expect("it is demanded");
        let it = Repositories::new(program);
        it.install("rollstamp-check-rust", "");
        let run = |it: &Repositories| {
            let run = it.command(program, &["run", "--all-files"]);
            quick(run).env("PATH", without_rollstamp())
        };
        let said = run(&it).fails(1);
        assert!(said.stdout.contains("error[missing-stamp]"), "{said:?}");
        it.command("rollstamp", &["write", "app"]).succeeds();
        it.add("app");
        run(&it).succeeds();
    }
}
