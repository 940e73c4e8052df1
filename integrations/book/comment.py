#!/usr/bin/env python3
"""Draws docs/comment.svg: the comment of a pull request that the program writes for testdata/example/pull-request, as
a code host shows it. The tests draw it again and compare.

    python3 integrations/book/comment.py PROGRAM >docs/comment.svg
"""

import html
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(sys.argv[1]).resolve()
WIDTH, LINE, MARGIN = 900, 19, 16
# The left edge and the number of characters of a line of each column.
COLUMNS = [(26, 2), (58, 40), (352, 4), (396, 56)]


def comment():
    arguments = ["impact", "-o", "markdown", "--title", "shop", "before", "after"]
    done = subprocess.run([PROGRAM, *arguments], cwd=ROOT / "testdata/example/pull-request", capture_output=True,
                          env={"PATH": ""}, check=True)
    return done.stdout.decode()


def words(text):
    """The words of Markdown, each with its style: code, bold or plain."""
    found = []
    for code, bold, plain in re.findall(r"`+ ?([^`]+?) ?`+|\*\*(.+?)\*\*|((?:[^`*\\]|\\.)+)", text):
        style = "code" if code else "bold" if bold else "plain"
        whole = html.unescape(re.sub(r"\\(.)", r"\1", code or bold or plain))
        found += [(style, word) for word in re.findall(r"\S+|\s+", whole)]
    return found


def wrap(text, most):
    """Lines of words that are not longer than that."""
    lines, width = [[]], 0
    for style, word in words(text):
        if width + len(word) > most and width > 0 and not word.isspace():
            lines.append([])
            width = 0
        if not (word.isspace() and width == 0):
            lines[-1].append((style, word))
            width += len(word)
    return lines


STYLES = {
    "code": ' font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="12.5" fill="#0550ae"',
    "bold": ' font-weight="600"',
    "plain": "",
}


def spans(line):
    out = []
    for style, word in line:
        if out and out[-1][0] == style:
            out[-1][1] += word
        else:
            out.append([style, word])
    return "".join(f"<tspan{STYLES[style]}>{html.escape(text)}</tspan>" for style, text in out)


shapes = []
y = 40


def say(x, line, extra=""):
    shapes.append(f'<text x="{x}" y="{y + LINE - 5}"{extra}>{spans(line)}</text>')


for row in comment().splitlines():
    if row.startswith("### "):
        y += 8
        for line in wrap(row[4:], 82):
            say(MARGIN, line, ' font-size="17" font-weight="600"')
            y += 24
    elif row.startswith("<details>"):
        y += 10
        title = html.unescape(re.sub(r"<[^>]*>", "", row))
        say(MARGIN, [("plain", "▾ " + title)])
        y += LINE + 4
    elif row.startswith("|") and not row.startswith("|---"):
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        is_head = cells[1] == "workload"
        folded = [wrap(f"**{cell}**" if is_head and cell else cell, most) for cell, (_, most) in zip(cells, COLUMNS)]
        height = max(len(lines) for lines in folded) * LINE + 12
        shapes.append(f'<rect x="{MARGIN}" y="{y}" width="{WIDTH - 2 * MARGIN}" height="{height}" fill="{"#f6f8fa" if is_head else "#ffffff"}" stroke="#d1d9e0"/>')
        top = y
        for lines, (x, _) in zip(folded, COLUMNS):
            y = top + 5
            for line in lines:
                say(x, line)
                y += LINE
        y = top + height
height = y + MARGIN
print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="The comment of a pull request: which workloads roll, which should and will not, which may get stuck, and which roll for nothing, each with the key to blame">')
print(f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6" fill="#ffffff" stroke="#d1d9e0"/>')
print(f'<path d="M1 34V7a6 6 0 0 1 6-6h{WIDTH - 14}a6 6 0 0 1 6 6v27z" fill="#f6f8fa"/><path d="M1 34h{WIDTH - 2}" stroke="#d1d9e0"/>')
print('<g font-family="-apple-system,Segoe UI,Noto Sans,Helvetica,Arial,sans-serif" font-size="14" fill="#1f2328" xml:space="preserve">')
print(f'<text x="{MARGIN}" y="23"><tspan font-weight="600">rollstamp</tspan><tspan fill="#59636e"> commented on your pull request</tspan></text>')
print("\n".join(shapes))
print("</g>\n</svg>")
