//! Tests the content of a release: it is packed by `integrations/release/build.py` around the program under
//! test, and each product is used as its users do. Of the package managers, krew runs if it is installed;
//! the files for the others (brew, aqua, binstall) are evaluated and compared with the packed files.

use super::{Tool, bash, below, examples, file, found, root, stamps, tool};
use crate::sandbox::{Entry, Sandbox, Tree};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

const TARGETS: [&str; 5] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-gnu",
];
const VERSION: &str = env!("CARGO_PKG_VERSION");
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// A folder with the products in `dist`, or nothing if Python is not installed. The program under
/// test stands for the one of this machine; those of other machines are a few bytes.
fn release() -> Option<Sandbox> {
    found("python3", &["--version"])?;
    let here = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let mut tree = below("chart/", &root().join("testdata/example/chart"));
    for target in TARGETS.iter().filter(|target| **target != here) {
        let end = if target.contains("windows") { ".exe" } else { "" };
        tree.insert(format!("programs/{target}/rollstamp{end}"), file(target));
    }
    tree.insert(format!("programs/{here}/empty"), file(""));
    let sandbox = Sandbox::new(&tree);
    let packed = format!(
        "strip -o programs/{here}/rollstamp {} && python3 {} --binaries programs --out dist",
        env!("CARGO_BIN_EXE_rollstamp"),
        root().join("integrations/release/build.py").display()
    );
    bash(&sandbox, &packed).succeeds();
    Some(sandbox)
}

fn json(sandbox: &Sandbox, name: &str) -> Value {
    let text = std::fs::read(sandbox.path(name)).expect("a file");
    serde_json::from_slice(&text).expect("JSON")
}

/// The checksum of a product, as `SHA256SUMS` says it.
fn digest(sandbox: &Sandbox, product: &str) -> String {
    let sums = std::fs::read_to_string(sandbox.path("dist/SHA256SUMS")).expect("the sums");
    let line = sums.lines().find(|line| line.ends_with(&format!("  {product}")));
    line.unwrap_or_else(|| panic!("no {product} in\n{sums}"))[..64].to_owned()
}

/// A command on a machine without rollstamp, where this release is the one on GitHub.
fn bare(sandbox: &Sandbox, line: &str) -> Tool {
    let path = std::env::var_os("PATH").expect("a PATH");
    let folders: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|folder| !folder.join("rollstamp").exists()).collect();
    bash(sandbox, line)
        .env("PATH", std::env::join_paths(folders).expect("a PATH"))
        .env("ROLLSTAMP_RELEASE", format!("file://{}", sandbox.path("dist").display()))
}

#[test]
fn a_release_is_whole_and_its_products_run() {
    let Some(sandbox) = release() else {
        return;
    };
    bash(&sandbox, "cd dist && sha256sum --check --strict SHA256SUMS").succeeds();
    let says = format!("rollstamp {VERSION}\n");
    let archive = format!("rollstamp-{}-unknown-linux-musl.tar.gz", std::env::consts::ARCH);
    let unpack = format!("mkdir a && tar -xzf dist/{archive} -C a && a/rollstamp --version");
    assert_eq!(bash(&sandbox, &unpack).succeeds(), says);
    assert!(sandbox.path("a/completions/rollstamp.bash").exists());
    assert!(sandbox.path("a/man/rollstamp-check.1").exists());
    assert!(sandbox.path("a/LICENSE").exists());
    the_installer_compares_the_checksum(&sandbox, &archive, &says);
    the_action_puts_the_program_on_path(&sandbox, &says);
    the_image_is_one_that_a_registry_takes(&sandbox, &says);
    the_bill_of_materials_names_the_crates(&sandbox);
    the_manifests_name_what_was_packed(&sandbox);
    the_formula_names_and_installs_what_was_packed(&sandbox, &says);
    binstall_finds_what_was_packed(&sandbox);
    krew_installs_what_was_packed(&sandbox, &archive, &says);
    the_plugins_of_helm_bring_the_program(&sandbox);
}

fn the_installer_compares_the_checksum(sandbox: &Sandbox, archive: &str, says: &str) {
    let install = format!("sh {}", root().join("integrations/install.sh").display());
    let run = |folder: &str| {
        bare(sandbox, &format!("{install} {folder} && {folder}/rollstamp --version"))
    };
    assert_eq!(run("bin").succeeds(), says);
    // Another archive than the one of the checksums, and a release that is not there.
    let line = format!("cp -r dist bad && echo >>bad/{archive} && {install} never");
    let bad = |line: &str| {
        let bad = format!("file://{}", sandbox.path("bad").display());
        bare(sandbox, line).env("ROLLSTAMP_RELEASE", bad).fails(1)
    };
    assert!(bad(&line).stderr.contains("is not the one that SHA256SUMS names"));
    let said = bad(&format!("rm -r bad && {install} never"));
    assert!(said.stderr.contains("SHA256SUMS"), "{said:?}");
    assert!(!sandbox.path("never").exists());
}

fn the_action_puts_the_program_on_path(sandbox: &Sandbox, says: &str) {
    let text = std::fs::read_to_string(root().join("action.yml")).expect("action.yml");
    let action: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    assert_eq!(action["runs"]["using"], "composite");
    for step in action["runs"]["steps"].as_sequence().expect("steps") {
        assert_eq!(step["shell"], "bash");
        bare(sandbox, step["run"].as_str().expect("a command"))
            .env("GITHUB_ACTION_PATH", root())
            .env("GITHUB_PATH", sandbox.path("github-path"))
            .env("RUNNER_TEMP", sandbox.path("runner"))
            .env("ROLLSTAMP_VERSION", "")
            .succeeds();
    }
    let run = "\"$(cat github-path)\"/rollstamp --version";
    assert_eq!(bash(sandbox, run).succeeds(), says);
}

fn the_image_is_one_that_a_registry_takes(sandbox: &Sandbox, says: &str) {
    bash(sandbox, "mkdir image && tar -xf dist/rollstamp-image.tar -C image").succeeds();
    assert_eq!(json(sandbox, "image/oci-layout")["imageLayoutVersion"], "1.0.0");
    // Whatever names a blob says its size and its digest.
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().expect("a digest");
        let hex = digest.strip_prefix("sha256:").expect("SHA-256");
        let name = format!("image/blobs/sha256/{hex}");
        let check = format!("echo '{hex}  {name}' | sha256sum --check --status");
        bash(sandbox, &check).succeeds();
        let size = std::fs::metadata(sandbox.path(&name)).expect("a blob").len();
        assert_eq!(descriptor["size"].as_u64(), Some(size));
        name
    };
    let index = json(sandbox, "image/index.json");
    let list = json(sandbox, &blob(&index["manifests"][0]));
    let mut architectures = Vec::new();
    for entry in list["manifests"].as_array().expect("manifests") {
        let manifest = json(sandbox, &blob(entry));
        let config = json(sandbox, &blob(&manifest["config"]));
        let layer = blob(&manifest["layers"][0]);
        let plain =
            bash(sandbox, &format!("gzip -dc {layer} | sha256sum | cut -d' ' -f1")).succeeds();
        assert_eq!(config["rootfs"]["diff_ids"][0], format!("sha256:{}", plain.trim()));
        assert_eq!(config["config"]["User"], "65532:65532");
        let architecture = entry["platform"]["architecture"].as_str().expect("one");
        assert_eq!(config["architecture"], architecture);
        architectures.push(architecture.to_owned());
        let here = if std::env::consts::ARCH == "x86_64" { "amd64" } else { "arm64" };
        if architecture == here {
            let program = config["config"]["Entrypoint"][0].as_str().expect("a program");
            let run = format!("mkdir root && tar -xzf {layer} -C root && root{program} --version");
            assert_eq!(bash(sandbox, &run).succeeds(), says);
        }
    }
    assert_eq!(architectures, ["amd64", "arm64"]);
}

fn the_bill_of_materials_names_the_crates(sandbox: &Sandbox) {
    let bill = json(sandbox, "dist/rollstamp.cdx.json");
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert_eq!(bill["metadata"]["component"]["version"], VERSION);
    let components = bill["components"].as_array().expect("components");
    let names: Vec<&str> = components.iter().filter_map(|c| c["name"].as_str()).collect();
    // What is linked, on any system, and nothing that only the tests use.
    for name in ["clap", "granit-parser", "memmap2", "sha2", "yaml_serde"] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    for name in ["insta", "proptest"] {
        assert!(!names.contains(&name), "{name} is in {names:?}");
    }
    for component in components {
        assert_eq!(component["hashes"][0]["alg"], "SHA-256", "{component}");
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
    }
}

fn the_manifests_name_what_was_packed(sandbox: &Sandbox) {
    let address = |product: &str| format!("{REPOSITORY}/releases/download/v{VERSION}/{product}");
    let text = std::fs::read_to_string(sandbox.path("dist/krew.yaml")).expect("krew.yaml");
    let krew: serde_yaml::Value = serde_yaml::from_str(&text).expect("YAML");
    assert_eq!(krew["apiVersion"], "krew.googlecontainertools.github.com/v1alpha2");
    assert_eq!(krew["kind"], "Plugin");
    assert_eq!(krew["metadata"]["name"], "rollstamp");
    assert_eq!(krew["spec"]["version"], format!("v{VERSION}"));
    let platforms = krew["spec"]["platforms"].as_sequence().expect("platforms");
    assert_eq!(platforms.len(), TARGETS.len());
    for (platform, target) in
        platforms.iter().zip([TARGETS[0], TARGETS[1], TARGETS[2], TARGETS[3], TARGETS[4]])
    {
        let (end, program) = match target.contains("windows") {
            true => ("zip", "rollstamp.exe"),
            false => ("tar.gz", "rollstamp"),
        };
        let product = format!("rollstamp-{target}.{end}");
        assert_eq!(platform["uri"], address(&product));
        assert_eq!(platform["sha256"], digest(sandbox, &product));
        assert_eq!(platform["bin"], program);
    }
    // aqua puts the name together from parts.
    let aqua = std::fs::read_to_string(root().join("integrations/aqua/registry.yaml")).expect("it");
    let aqua: serde_yaml::Value = serde_yaml::from_str(&aqua).expect("YAML");
    let package = &aqua["packages"][0];
    assert_eq!(package["asset"], "rollstamp-{{.Arch}}-{{.OS}}.{{.Format}}");
    for (os, arch, target) in [
        ("linux", "amd64", TARGETS[0]),
        ("linux", "arm64", TARGETS[1]),
        ("darwin", "arm64", TARGETS[3]),
        ("windows", "amd64", TARGETS[4]),
    ] {
        let part = |name: &str| package["replacements"][name].as_str().expect("a name").to_owned();
        assert_eq!(format!("{}-{}", part(arch), part(os)), target);
    }
}

/// What Homebrew does with a formula, as far as this one asks for it: the words of a formula in Ruby.
const HOMEBREW: &str = r##"
SYSTEM, MACHINE = ARGV
class Folder
  def initialize(name) = @name = name
  def install(*names) = names.flatten.each { |name| puts "#{@name} #{File.basename(name)}" if File.file?(name) || abort("no #{name}") }
end
class Formula
  class << self
    %i[desc homepage version license].each { |word| define_method(word) { |_| } }
    def on_macos = (yield if SYSTEM == "macos")
    def on_linux = (yield if SYSTEM == "linux")
    def on_arm = (yield if MACHINE == "arm")
    def on_intel = (yield if MACHINE == "intel")
    def url(text) = puts("url #{text}")
    def sha256(text) = puts("sha256 #{text}")
    def test = nil
  end
  %i[bin bash_completion zsh_completion fish_completion man1].each { |name| define_method(name) { Folder.new(name) } }
end
load "dist/rollstamp.rb"
Dir.chdir("a") { Rollstamp.new.install }
"##;

fn the_formula_names_and_installs_what_was_packed(sandbox: &Sandbox, says: &str) {
    let formula = std::fs::read_to_string(sandbox.path("dist/rollstamp.rb")).expect("the formula");
    assert!(!formula.contains("{{"), "{formula}");
    if found("ruby", &["--version"]).is_none() {
        return;
    }
    for (system, machine, target) in [
        ("linux", "intel", TARGETS[0]),
        ("linux", "arm", TARGETS[1]),
        ("macos", "intel", TARGETS[2]),
        ("macos", "arm", TARGETS[3]),
    ] {
        let said = tool(sandbox, "ruby", &["-e", HOMEBREW, system, machine]).succeeds();
        let product = format!("rollstamp-{target}.tar.gz");
        let names = format!(
            "url {REPOSITORY}/releases/download/v{VERSION}/{product}\nsha256 {}\n",
            digest(sandbox, &product)
        );
        assert!(said.starts_with(&names), "{said}");
        for line in ["bin rollstamp", "zsh_completion _rollstamp", "man1 rollstamp-check.1"] {
            assert!(said.lines().any(|found| found == line), "no `{line}` in\n{said}");
        }
    }
    // The test of the formula, with the program that it would have installed.
    let (_, test) = formula.split_once("<<~YAML\n").expect("a manifest");
    let (manifest, asserts) = test.split_once("    YAML\n").expect("its end");
    std::fs::write(sandbox.path("a.yaml"), manifest).expect("a file");
    let wanted = asserts.split('"').nth(1).expect("what is said");
    let run = format!(
        "[ \"$(a/rollstamp --version)\" = '{}' ] && a/rollstamp write a.yaml 2>&1",
        says.trim()
    );
    assert!(bash(sandbox, &run).succeeds().contains(wanted), "{asserts}");
}

/// `cargo binstall` puts an address together from the metadata of the crate. Where a release has no program
/// for a target, it has to take that of another one that runs there.
fn binstall_finds_what_was_packed(sandbox: &Sandbox) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--locked", "--format-version", "1"]);
    let output = cargo.current_dir(root()).output().expect("cargo");
    let all: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let binstall = &all["packages"][0]["metadata"]["binstall"];
    for (target, program) in [
        (TARGETS[0], TARGETS[0]),
        ("x86_64-unknown-linux-gnu", TARGETS[0]),
        (TARGETS[1], TARGETS[1]),
        ("aarch64-unknown-linux-gnu", TARGETS[1]),
        (TARGETS[2], TARGETS[2]),
        (TARGETS[3], TARGETS[3]),
        (TARGETS[4], TARGETS[4]),
        ("x86_64-pc-windows-msvc", TARGETS[4]),
    ] {
        let said = |key: &str| {
            let own = &binstall["overrides"][target][key];
            own.as_str().or_else(|| binstall[key].as_str()).expect("a text").to_owned()
        };
        // The endings that binstall tries for a format.
        let (suffixes, end): (&[&str], _) = match said("pkg-fmt").as_str() {
            "tgz" => (&[".tgz", ".tar.gz"], "tar.gz"),
            "zip" => (&[".zip"], "zip"),
            other => panic!("{target}: what is {other}?"),
        };
        let product = format!("rollstamp-{program}.{end}");
        let expected = format!("{REPOSITORY}/releases/download/v{VERSION}/{product}");
        let address = |suffix: &&str| {
            said("pkg-url")
                .replace("{ repo }", REPOSITORY)
                .replace("{ version }", VERSION)
                .replace("{ target }", target)
                .replace("{ archive-suffix }", suffix)
        };
        let tried: Vec<String> = suffixes.iter().map(address).collect();
        assert!(tried.contains(&expected), "{target}: {tried:?}");
        digest(sandbox, &product);
        // Where in the archive the program lies.
        let windows = program.contains("windows");
        let ending = if windows { ".exe" } else { "" };
        let place =
            said("bin-dir").replace("{ bin }", "rollstamp").replace("{ binary-ext }", ending);
        let list = match windows {
            true => format!("python3 -m zipfile -l dist/{product} | cut -d' ' -f1"),
            false => format!("tar -tzf dist/{product}"),
        };
        let list = bash(sandbox, &list).succeeds();
        assert!(list.lines().any(|name| name == place), "{product} has no {place}:\n{list}");
    }
}

/// krew with the manifest of the release and the archive of this machine, as its users test a plugin.
fn krew_installs_what_was_packed(sandbox: &Sandbox, archive: &str, says: &str) {
    if found("krew", &["version"]).is_none() {
        return;
    }
    let line = format!(
        "krew install --manifest=dist/krew.yaml --archive=dist/{archive} >&2 && krew/bin/kubectl-rollstamp --version"
    );
    let krew = bash(sandbox, &line).env("KREW_ROOT", sandbox.path("krew"));
    assert_eq!(krew.succeeds(), says);
}

fn the_plugins_of_helm_bring_the_program(sandbox: &Sandbox) {
    let three = found("helm3", &["version", "--short"]).is_some();
    let four = found("helm4", &["version", "--short"]).is_some();
    let helm = |program: &str, line: &str| {
        let folder = |name: &str| sandbox.path(&format!("{program}/{name}"));
        bare(sandbox, line)
            .env("HELM_DATA_HOME", folder("data"))
            .env("HELM_CONFIG_HOME", folder("config"))
            .env("HELM_CACHE_HOME", folder("cache"))
    };
    let render = "template rel ./chart --post-renderer";
    if four {
        let install = format!("helm4 plugin install --verify=false dist/rollstamp-{VERSION}.tgz");
        helm("helm4", &install).succeeds();
        assert!(sandbox.path("helm4/data/plugins/rollstamp/bin/rollstamp").exists());
        let stream = helm("helm4", &format!("helm4 {render} rollstamp")).succeeds();
        assert_eq!(stamps(stream.as_bytes()).len(), 2);
    }
    // Helm 3 takes no archive from GitHub, whose answer does not say that it is one; it links a folder.
    if three {
        let serve = format!(
            "mkdir rollstamp-helm3 && tar -xzf dist/rollstamp-helm3-{VERSION}.tgz -C rollstamp-helm3
helm3 plugin install ./rollstamp-helm3 >&2
helm3 rollstamp --version >&2
helm3 {render} \"$(helm3 env HELM_PLUGINS)/rollstamp-helm3/rollstamp.sh\""
        );
        let stream = helm("helm3", &serve).succeeds();
        assert_eq!(stamps(stream.as_bytes()).len(), 2);
    }
}

/// A replacement for nixpkgs where there is no network: it defines only the names that the flake uses, and
/// nothing is built.
const NIXPKGS: &str = r#"{
  outputs = { self }: {
    lib.genAttrs = names: f: builtins.listToAttrs (map (name: { inherit name; value = f name; }) names);
    legacyPackages = self.lib.genAttrs [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ] (system: {
      lib.licenses.asl20.spdxId = "Apache-2.0";
      installShellFiles = "installShellFiles";
      rustPlatform.buildRustPackage = a: derivation {
        name = "${a.pname}-${a.version}";
        builder = "/bin/sh";
        args = [ "-c" a.postInstall ];
        inherit system;
        inherit (a) src;
        lock = a.cargoLock.lockFile;
      } // { inherit (a) meta; };
    });
  };
}
"#;

/// Evaluates the flake on every system with the replacement for nixpkgs. Nothing is built.
#[test]
fn the_flake_evaluates() {
    if !root().join(".git").exists() || found("nix", &["--version"]).is_none() {
        return;
    }
    let sandbox = Sandbox::new(&Tree::from([("nixpkgs/flake.nix".to_owned(), file(NIXPKGS))]));
    let nix = |what: &str| {
        let line = format!(
            "git config --global --add safe.directory '*'
nix --extra-experimental-features 'nix-command flakes' --store $PWD/store {what} \
--override-input nixpkgs path:$PWD/nixpkgs --no-write-lock-file"
        );
        bash(&sandbox, &line).env("HOME", sandbox.path("home")).succeeds()
    };
    std::fs::create_dir(sandbox.path("home")).expect("a folder");
    let flake = root().display();
    nix(&format!("flake check {flake} --no-build"));
    let name = nix(&format!("eval {flake}#packages.aarch64-darwin.default.name"));
    assert_eq!(name.trim(), format!("\"rollstamp-{VERSION}\""));
    let home = nix(&format!("eval {flake}#packages.x86_64-linux.rollstamp.meta.homepage"));
    assert_eq!(home.trim(), format!("\"{REPOSITORY}\""));
}

/// What crates.io gets compiles by itself: the program and what it embeds, and no test data.
#[test]
fn the_crate_holds_what_it_embeds() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["package", "--list", "--offline", "--locked", "--allow-dirty"]).current_dir(root());
    let output = cargo.output().expect("cargo");
    let list = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files: Vec<&str> = list.lines().collect();
    for code in rollstamp::finding::Code::ALL {
        let page = format!("docs/findings/{}.md", code.name());
        assert!(files.contains(&page.as_str()), "the crate has no {page}");
    }
    for name in ["Cargo.lock", "LICENSE", "README.md", "src/main.rs"] {
        assert!(files.contains(&name), "the crate has no {name}");
    }
    assert!(!files.iter().any(|name| name.starts_with("testdata") || name.starts_with("tests")));
}

/// The name of the repository and the version stand in Cargo.toml, and everywhere else as there.
#[test]
fn addresses_are_those_of_the_manifest() {
    if found("python3", &["--version"]).is_none() {
        return;
    }
    let script = root().join("integrations/release/fill.py");
    let script = script.to_str().expect("UTF-8");
    let sandbox = Sandbox::new(&Tree::from([("empty".to_owned(), file(""))]));
    tool(&sandbox, "python3", &[script, "--check"]).succeeds();
    // A stray is found, wherever people may copy it from, and filled in.
    let mut tree = Tree::new();
    for name in ["Cargo.toml", "pyproject.toml", "action.yml", "integrations/release/fill.py"] {
        tree.insert(
            name.to_owned(),
            Entry::File(std::fs::read(root().join(name)).expect("a file")),
        );
    }
    tree.insert(
        "README.md".to_owned(),
        Entry::File(std::fs::read(root().join("README.md")).expect("it")),
    );
    let sandbox = Sandbox::new(&tree);
    let fill = "python3 integrations/release/fill.py";
    bash(&sandbox, &format!("rmdir .git && git init -q && {fill} --check")).succeeds();
    let edit = "sed -i 's,^repository = .*,repository = \"https://github.com/someone/rollstamp\",' Cargo.toml";
    let said = bash(&sandbox, &format!("{edit} && {fill} --check")).fails(1);
    assert!(said.stdout.contains("README.md: differs from Cargo.toml"), "{said:?}");
    bash(
        &sandbox,
        &format!(
            "{fill} && {fill} --check && ! grep -r OWNER --include='*.md' --include='*.yml' ."
        ),
    )
    .succeeds();
}

/// The pictures of the README are what the program prints. To draw them anew: `ROLLSTAMP_BLESS=1`.
#[test]
fn the_picture_is_what_the_program_prints() {
    if found("python3", &["--version"]).is_none() {
        return;
    }
    let sandbox = Sandbox::new(&Tree::new());
    for (script, picture) in [("picture.py", "demo.svg"), ("comment.py", "comment.svg")] {
        let script = root().join("integrations/book").join(script);
        let script = script.to_str().expect("UTF-8");
        let drawn =
            tool(&sandbox, "python3", &[script, env!("CARGO_BIN_EXE_rollstamp")]).succeeds();
        let path = root().join("docs").join(picture);
        if std::env::var_os("ROLLSTAMP_BLESS").is_some() {
            std::fs::write(&path, &drawn).expect("the picture");
        }
        let there = std::fs::read_to_string(&path).expect("the picture");
        assert!(there == drawn, "docs/{picture} is old: run this test with ROLLSTAMP_BLESS=1");
    }
}

/// Every product that the documents name is one that the release has.
#[test]
fn the_documents_name_products_of_the_release() {
    let block = examples("README.md", "yaml", "repo: https").concat();
    assert!(block.contains(&format!("- repo: {REPOSITORY}\n")), "{block}");
    assert!(block.contains(&format!("rev: v{VERSION}\n")), "{block}");
}
