#!/usr/bin/env python3
"""A preprocessor of mdBook: links from a page to a file outside of docs/ lead to the repository.

On the repository's own site the pages are read where they lie, and such links work as they stand.
"""

import json
import pathlib
import posixpath
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANIFEST = (ROOT / "Cargo.toml").read_text()
FILES = re.search(r'^repository = "(.+)"$', MANIFEST, re.M)[1] + "/blob/v" + \
    re.search(r'^version = "(.+)"$', MANIFEST, re.M)[1] + "/"


def rewritten(chapter):
    folder = posixpath.join("docs", posixpath.dirname(chapter["path"] or ""))

    def link(found):
        target = posixpath.normpath(posixpath.join(folder, found[1]))
        return found[0] if target.startswith("docs/") else f"]({FILES}{target})"
    chapter["content"] = re.sub(r"\]\((\.\./[^)#\s]+)\)", link, chapter["content"])
    for item in chapter["sub_items"]:
        if "Chapter" in item:
            rewritten(item["Chapter"])


if sys.argv[1:2] == ["supports"]:
    sys.exit(0)
_, book = json.load(sys.stdin)
for item in book.get("items") or book["sections"]:
    if "Chapter" in item:
        rewritten(item["Chapter"])
json.dump(book, sys.stdout)
