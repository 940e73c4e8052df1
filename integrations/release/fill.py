#!/usr/bin/env python3
"""Writes the name of the repository and the version, which stand in Cargo.toml, wherever people
copy them from.

    python3 integrations/release/fill.py           after an edit of `repository` or `version`
    python3 integrations/release/fill.py --check   changes nothing; fails and names what differs
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
manifest = (ROOT / "Cargo.toml").read_text()
SLUG = re.search(r'^repository = "https://github\.com/(.+)"$', manifest, re.M)[1]
VERSION = re.search(r'^version = "(.+)"$', manifest, re.M)[1]
OWNER, NAME = SLUG.split("/")
WORD = r"[A-Za-z0-9][\w.-]*"
NUMBER = r"\d+\.\d+\.\d+(?:-[\w.]+)?"

# Where each stands: a pattern whose one group is the part that is replaced.
PLACES = [
    (rf"github\.com/({WORD}/rollstamp)\b", SLUG),
    (rf"\bghcr\.io/({WORD}/rollstamp)\b", SLUG.lower()),
    (rf"\b(?:github|aqua|ubi):({WORD}/rollstamp)\b", SLUG),
    (rf"\b(?:uses|signer_workflow): ({WORD}/rollstamp)\b", SLUG),
    (rf"--repo ({WORD}/rollstamp)\b", SLUG),
    (rf"\bbrew install ({WORD})/tap/rollstamp\b", OWNER),
    (rf"\brepo_owner: ({WORD})", OWNER),
    (rf"github\.com/{WORD}/rollstamp\n\s+rev: v({NUMBER})", VERSION),
    (rf"/rollstamp@v({NUMBER})", VERSION),
    (rf"releases/download/v({NUMBER})/", VERSION),
    (rf"\brollstamp(?:-helm3)?-({NUMBER})\.tgz", VERSION),
    (rf"\brollstamp==({NUMBER})", VERSION),
    (rf"ghcr\.io/{WORD}/rollstamp:({NUMBER})", VERSION),
    (rf"\bROLLSTAMP_VERSION:-({NUMBER})", VERSION),
]
# Files whose own version is ours.
OWN_VERSION = {
    "pyproject.toml": rf'^version = "({NUMBER})"',
    "integrations/helm/rollstamp/plugin.yaml": rf"^version: ({NUMBER})$",
    "integrations/helm/helm3/plugin.yaml": rf"^version: ({NUMBER})$",
}
# What other people publish is theirs.
NOT_OURS = ("Cargo.lock", "tests/")


def replaced(text, pattern, value):
    def one(found):
        start, end = found.start(1) - found.start(), found.end(1) - found.start()
        return found[0][:start] + value + found[0][end:]
    return re.sub(pattern, one, text, flags=re.M)


def main():
    check = sys.argv[1:] == ["--check"]
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, check=True, stdout=subprocess.PIPE)
    differ = []
    for name in sorted(listed.stdout.decode().split("\0")):
        path = ROOT / name
        if not name or name.startswith(NOT_OURS) or not path.is_file():
            continue
        try:
            before = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        after = before
        for pattern, value in PLACES:
            after = replaced(after, pattern, value)
        if name in OWN_VERSION:
            after = replaced(after, OWN_VERSION[name], VERSION)
        if after != before:
            differ.append(name)
            if not check:
                path.write_bytes(after.encode())
    for name in differ:
        print(f"{name}: {'differs from Cargo.toml' if check else 'filled in'}")
    sys.exit(1 if check and differ else 0)


main()
