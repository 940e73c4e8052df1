#!/usr/bin/env python3
"""Draws docs/demo.svg: what the program prints, in a terminal. The tests draw it again and compare.

    python3 integrations/book/picture.py PROGRAM >docs/demo.svg
"""

import html
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(sys.argv[1]).resolve()
WIDTH, LINE, COLUMN, MARGIN = 900, 19, 8.43, 18
COLOURS = {"31": "#f7768e", "91": "#f7768e", "32": "#9ece6a", "92": "#9ece6a", "33": "#e0af68", "93": "#e0af68",
           "34": "#7aa2f7", "94": "#7aa2f7", "36": "#7dcfff", "96": "#7dcfff"}


def run(folder, *arguments):
    done = subprocess.run([PROGRAM, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": ""})
    return done.stdout.decode().rstrip("\n")


def scene():
    """A stamped shop; somebody changes one value that one of two workloads reads."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / ".git").mkdir()
        shutil.copytree(ROOT / "testdata/example/shop", folder / "shop")
        run(folder, "write", "shop")
        config = folder / "shop/config.yaml"
        before = config.read_text()
        after = before.replace('BATCH_SIZE: "50"', 'BATCH_SIZE: "80"')
        assert before != after
        config.write_text(after)
        yield "prompt", "sed -i 's/BATCH_SIZE: \"50\"/BATCH_SIZE: \"80\"/' shop/config.yaml"
        yield "prompt", "rollstamp check shop"
        yield "output", run(folder, "check", "--color", "always", "shop")
        yield "prompt", "rollstamp write shop"
        yield "output", run(folder, "write", "shop")
        yield "prompt", "rollstamp check shop"
        yield "output", run(folder, "check", "shop")


def spans(line):
    """A line with escape sequences as SVG; every run of characters keeps its column."""
    colour, bold, column, out = None, False, 0, []
    line = re.sub(r"\x1b\]8;[^\x1b]*\x1b\\", "", line)
    for code, text in re.findall(r"\x1b\[([0-9;]*)m|([^\x1b]+)", line):
        if text:
            style = f' fill="{colour}"' if colour else ""
            style += ' font-weight="bold"' if bold else ""
            if text.strip():
                skipped = len(text) - len(text.lstrip())
                out.append(f'<tspan x="{MARGIN + (column + skipped) * COLUMN:.2f}"{style}>{html.escape(text.strip())}</tspan>')
            column += len(text)
            continue
        for part in code.split(";"):
            if part in ("", "0"):
                colour, bold = None, False
            elif part == "1":
                bold = True
            elif part in COLOURS:
                colour = COLOURS[part]
    return "".join(out)


lines = []
for kind, text in scene():
    if kind == "prompt":
        if lines:
            lines.append("")
        lines.append(f'<tspan x="{MARGIN}" fill="#9ece6a">$</tspan><tspan x="{MARGIN + 2 * COLUMN:.2f}" fill="#ffffff">{html.escape(text)}</tspan>')
    else:
        lines += [spans(line) for line in text.split("\n")]
height = len(lines) * LINE + 2 * MARGIN
print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="A value changes, check names the one workload that reads it, and write stamps it">')
print(f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#1a1b26"/>')
print('<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="14" fill="#c0caf5" xml:space="preserve">')
for number, line in enumerate(lines):
    if line:
        print(f'<text y="{MARGIN + (number + 1) * LINE - 5}">{line}</text>')
print("</g>\n</svg>")
