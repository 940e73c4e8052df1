#!/usr/bin/env python3
"""Builds everything that a release has, from this checkout, into target/dist.

    python3 integrations/release/build.py                      all targets, and the crate
    python3 integrations/release/build.py --target x86_64-unknown-linux-musl
    python3 integrations/release/build.py --binaries FOLDER    packs programs that are built already

Python's standard library and cargo are enough for Linux. Other systems are linked with zig
(`pip install ziglang cargo-zigbuild`), wheels are made by maturin (`pip install maturin`). What is
not installed is named, and left out. Once `cargo fetch` has run, nothing is downloaded.

Packing is deterministic: the same programs give the same bytes.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import uuid
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Each target, with the names that the container image, krew and Homebrew give it.
TARGETS = {
    "x86_64-unknown-linux-musl": ("linux", "amd64"),
    "aarch64-unknown-linux-musl": ("linux", "arm64"),
    "x86_64-apple-darwin": ("darwin", "amd64"),
    "aarch64-apple-darwin": ("darwin", "arm64"),
    "x86_64-pc-windows-gnu": ("windows", "amd64"),
}
# Lines of the wheel's name: a static program runs with every libc of Linux.
WHEEL_TAGS = {
    "x86_64-unknown-linux-musl": ["manylinux_2_17", "musllinux_1_1"],
    "aarch64-unknown-linux-musl": ["manylinux_2_17", "musllinux_1_1"],
}
SHELLS = {"bash": "rollstamp.bash", "zsh": "_rollstamp", "fish": "rollstamp.fish"}


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(*command, env=None, folder=ROOT):
    say("$ " + " ".join(map(str, command)))
    subprocess.run(list(map(str, command)), cwd=folder, env=env, check=True)


def cargo_metadata(*more):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", *more]
    done = subprocess.run([*command, "--offline"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        # A crate that only another system needs was not fetched yet.
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def program_name(target):
    return "rollstamp.exe" if "windows" in target else "rollstamp"


def archive_name(target):
    return f"rollstamp-{target}.zip" if "windows" in target else f"rollstamp-{target}.tar.gz"


# Compiling


def linker(target):
    """The cargo command and the environment that build the target on this machine."""
    system = platform.system()
    if "linux" in target:
        # rust-lld comes with Rust, and so does the C library that is linked in.
        name = target.upper().replace("-", "_")
        return ["cargo", "build"], {f"CARGO_TARGET_{name}_LINKER": "rust-lld"}
    if "apple" in target and system == "Darwin" or "windows" in target and system == "Windows":
        return ["cargo", "build"], {}
    if shutil.which("cargo-zigbuild"):
        return ["cargo-zigbuild", "zigbuild"], {}
    return None, {}


def compile_target(target, folder):
    """The program and the wheel of a target. Says so and returns False where it can only be checked."""
    command, environment = linker(target)
    if command is None:
        say(f"{target}: not linked, cargo-zigbuild is not installed; checked only")
        run("cargo", "check", "--release", "--locked", "--offline", "--target", target)
        return False
    environment = {**os.environ, **environment}
    run(*command, "--release", "--locked", "--offline", "--bin", "rollstamp", "--target", target,
        env=environment)
    built = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(built / target / "release" / program_name(target), folder)
    if shutil.which("maturin") is None:
        say(f"{target}: no wheel, maturin is not installed")
        return True
    tags = WHEEL_TAGS.get(target)
    zig = ["--zig"] if command[0] != "cargo" and tags is None else []
    run("maturin", "build", "--release", "--locked", "--offline", "--target", target, *zig,
        *(["--compatibility", *tags] if tags else []),
        "--out", folder, env=environment, folder=ROOT / "integrations/pypi")
    return True


# Packing


def tarred(members):
    """An archive of (name, bytes, mode), the same each time."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content, mode in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), mode
            archive.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def tar_gz(members):
    return gzip.compress(tarred(members), compresslevel=6, mtime=0)


def zipped(members):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = (0o100000 | mode) << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return raw.getvalue()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def read(name):
    return (ROOT / name).read_bytes()


def extras(binaries):
    """Completions and man pages, written by the program that runs on this machine, if there is one."""
    machine = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    system = {"Linux": "linux", "Darwin": "apple", "Windows": "windows"}.get(platform.system(), "?")
    for target, path in binaries.items():
        if target.startswith(machine) and system in target:
            members = []
            for shell, name in SHELLS.items():
                text = subprocess.run([path, "completions", shell], check=True, stdout=subprocess.PIPE)
                members.append((f"completions/{name}", text.stdout, 0o644))
            listed = subprocess.run([path, "--help"], check=True, stdout=subprocess.PIPE).stdout.decode()
            listed = listed.split("Commands:\n")[1].split("\n\n")[0]
            for verb in ["", *re.findall(r"^  ([a-z-]+)", listed, re.M)]:
                if verb != "help":
                    page = subprocess.run([path, "man", *filter(None, [verb])], check=True, stdout=subprocess.PIPE)
                    members.append((f"man/rollstamp{'-' * bool(verb)}{verb}.1", page.stdout, 0o644))
            return members
    say("no completions and man pages: none of the programs runs on this machine")
    return []


def image(binaries, metadata):
    """An OCI image of the static programs alone, as a tar archive of its layout."""
    blobs, manifests = {}, []

    def blob(content, media_type, **more):
        blobs[sha256(content)] = content
        return {"mediaType": media_type, "digest": f"sha256:{sha256(content)}", "size": len(content), **more}

    labels = {
        "org.opencontainers.image.title": "rollstamp",
        "org.opencontainers.image.version": metadata["version"],
        "org.opencontainers.image.licenses": metadata["license"],
        "org.opencontainers.image.source": metadata["repository"],
        "org.opencontainers.image.description": metadata["description"],
    }
    for target, path in binaries.items():
        system, architecture = TARGETS[target]
        if system != "linux":
            continue
        layer = tar_gz([("rollstamp", path.read_bytes(), 0o755), ("LICENSE", read("LICENSE"), 0o644)])
        config = {
            "architecture": architecture,
            "os": system,
            "config": {
                "Entrypoint": ["/rollstamp"],
                "Env": ["PATH=/"],
                "User": "65532:65532",
                "WorkingDir": "/work",
                "Labels": labels,
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(gzip.decompress(layer))}"]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob(dump(config), "application/vnd.oci.image.config.v1+json"),
            "layers": [blob(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
            "annotations": labels,
        }
        manifests.append(blob(dump(manifest), manifest["mediaType"],
                              platform={"architecture": architecture, "os": system}))
    # One manifest list, which the index names: `skopeo copy --all oci-archive:FILE docker://NAME`.
    media_type = "application/vnd.oci.image.index.v1+json"
    listed = dump({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests})
    entry = blob(listed, media_type, annotations={"org.opencontainers.image.ref.name": metadata["version"]})
    members = [("oci-layout", dump({"imageLayoutVersion": "1.0.0"}), 0o644),
               ("index.json", dump({"schemaVersion": 2, "manifests": [entry]}), 0o644)]
    members += [(f"blobs/sha256/{digest}", content, 0o644) for digest, content in sorted(blobs.items())]
    return tarred(members)


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def sbom(targets, metadata):
    """CycloneDX 1.5: the crates that are linked into the programs, with licence, source and checksum."""
    components, edges = {}, {}
    checksums = {}
    for block in read("Cargo.lock").decode().split("[[package]]")[1:]:
        field = dict(re.findall(r'^(name|version|checksum) = "(.*)"$', block, re.M))
        checksums[field["name"], field["version"]] = field.get("checksum")
    for target in targets:
        graph = cargo_metadata("--filter-platform", target)
        packages = {package["id"]: package for package in graph["packages"]}
        nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
        waiting = [graph["resolve"]["root"]]
        seen = set(waiting)
        while waiting:
            package = packages[waiting.pop()]
            reference = f"pkg:cargo/{package['name']}@{package['version']}"
            component = {
                "type": "library", "bom-ref": reference, "purl": reference,
                "name": package["name"], "version": package["version"],
            }
            if package["license"]:
                component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
            if checksums.get((package["name"], package["version"])):
                component["hashes"] = [{"alg": "SHA-256", "content": checksums[package["name"], package["version"]]}]
            if package["repository"]:
                component["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
            components[reference] = component
            for dependency in nodes[package["id"]]["deps"]:
                if any(kind["kind"] in (None, "build") for kind in dependency["dep_kinds"]):
                    used = packages[dependency["pkg"]]
                    edges.setdefault(reference, set()).add(f"pkg:cargo/{used['name']}@{used['version']}")
                    if dependency["pkg"] not in seen:
                        seen.add(dependency["pkg"])
                        waiting.append(dependency["pkg"])
    root = f"pkg:cargo/rollstamp@{metadata['version']}"
    main = {**components.pop(root), "type": "application"}
    body = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": main},
        "components": [components[key] for key in sorted(components)],
        "dependencies": [{"ref": key, "dependsOn": sorted(edges.get(key, ()))} for key in sorted([root, *components])],
    }
    # A serial number that follows from the content, so that two builds agree.
    body["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, sha256(dump(body)))}"
    return json.dumps(body, indent=2).encode() + b"\n"


def helm_plugin(name, top):
    """A Helm plugin as Helm installs it. Helm 3 wants the files at the top of the archive, Helm 4 in
    a folder with the plugin's name."""
    shared = "integrations/helm/rollstamp/"
    return tar_gz([
        (f"{top}plugin.yaml", read(f"integrations/helm/{name}/plugin.yaml"), 0o644),
        (f"{top}rollstamp.sh", read(shared + "rollstamp.sh"), 0o755),
        (f"{top}on-install.sh", read(shared + "on-install.sh"), 0o755),
        (f"{top}install.sh", read("integrations/install.sh"), 0o755),
        (f"{top}LICENSE", read("LICENSE"), 0o644),
    ])


def filled(template, metadata, digests):
    """A template with `{{version}}`, `{{repository}}`, `{{slug}}`, `{{description}}` and `{{sha256 FILE}}`."""
    text = read(template).decode()
    for name in ("version", "repository", "slug", "description"):
        text = text.replace("{{%s}}" % name, metadata[name])
    missing = [name for name in re.findall(r"\{\{sha256 (.*?)\}\}", text) if name not in digests]
    if missing:
        say(f"{template}: left out, there is no {', '.join(missing)}")
        return None
    return re.sub(r"\{\{sha256 (.*?)\}\}", lambda found: digests[found[1]], text).encode()


def pack(binaries, wheels, out):
    package = cargo_metadata("--no-deps")["packages"][0]
    metadata = {key: package[key] for key in ("version", "repository", "description", "license")}
    metadata["slug"] = metadata["repository"].removeprefix("https://github.com/")
    products = {}
    shared = [(name, read(name), 0o644) for name in ("LICENSE", "README.md")] + extras(binaries)
    for target, path in binaries.items():
        members = [(program_name(target), path.read_bytes(), 0o755), *shared]
        pack_one = zipped if "windows" in target else tar_gz
        products[archive_name(target)] = pack_one(members)
    for wheel in wheels:
        products[wheel.name] = wheel.read_bytes()
    products["rollstamp.cdx.json"] = sbom(binaries, metadata)
    products[f"rollstamp-{metadata['version']}.tgz"] = helm_plugin("rollstamp", "rollstamp/")
    products[f"rollstamp-helm3-{metadata['version']}.tgz"] = helm_plugin("helm3", "")
    products["install.sh"] = read("integrations/install.sh")
    if any(TARGETS[target][0] == "linux" for target in binaries):
        products["rollstamp-image.tar"] = image(binaries, metadata)
    digests = {name: sha256(content) for name, content in products.items()}
    for template, name in (("integrations/homebrew/rollstamp.rb.tmpl", "rollstamp.rb"),
                           ("integrations/krew/rollstamp.yaml.tmpl", "krew.yaml")):
        text = filled(template, metadata, digests)
        if text is not None:
            products[name] = text
    digests = {name: sha256(content) for name, content in products.items()}
    products["SHA256SUMS"] = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()
    out.mkdir(parents=True, exist_ok=True)
    for name, content in sorted(products.items()):
        (out / name).write_bytes(content)
        print(f"{len(content):>10}  {name}")


def main():
    options = argparse.ArgumentParser(description="Build everything that a release has.")
    options.add_argument("--target", action="append", choices=TARGETS, help="only this one; can stand several times")
    options.add_argument("--binaries", type=pathlib.Path, metavar="FOLDER",
                         help="pack what FOLDER/TARGET/ holds (the program, a wheel) instead of compiling")
    options.add_argument("--compile-only", action="store_true", help="write programs and wheels, pack nothing")
    options.add_argument("--out", type=pathlib.Path, default=ROOT / "target/dist")
    given = options.parse_args()
    targets = given.target or list(TARGETS)
    folder = given.binaries or ROOT / "target/release-binaries"
    left_out = []
    if given.binaries is None:
        for target in targets:
            shutil.rmtree(folder / target, ignore_errors=True)
            if not compile_target(target, folder / target):
                left_out.append(target)
    if given.binaries is None and not given.compile_only:
        # What crates.io gets must compile by itself: a crate that is published cannot be taken back.
        run("cargo", "package", "--locked", "--offline", "--allow-dirty")
    if not given.compile_only:
        binaries = {t: folder / t / program_name(t) for t in targets if (folder / t / program_name(t)).is_file()}
        if not binaries:
            sys.exit(f"no program in {folder}")
        wheels = sorted(w for t in binaries for w in (folder / t).glob("*.whl"))
        pack(binaries, wheels, given.out)
    if left_out:
        say("checked, but not linked and not packed: " + ", ".join(left_out))


main()
