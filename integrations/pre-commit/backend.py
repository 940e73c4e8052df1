"""Builds the package that hooks install (PEP 517): a name and one dependency, no file.

It needs nothing but Python, so that a hook is installed by downloading one wheel.
"""

import base64
import hashlib
import pathlib
import re
import zipfile

PROJECT = pathlib.Path("pyproject.toml").read_text()
NAME, VERSION = re.search(r'^name = "(.+)"\nversion = "(.+)"$', PROJECT, re.M).groups()
PROGRAM = re.search(r'^dependencies = \["(.+)"\]$', PROJECT, re.M)[1]


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    stem = f"{NAME.replace('-', '_')}-{VERSION}"
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\nRequires-Dist: {PROGRAM}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: rollstamp\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{stem}.dist-info/RECORD,,\n"
    for name, text in texts.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{stem}.dist-info/{name},sha256={digest.decode()},{len(text)}\n"
    texts["RECORD"] = record
    wheel = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / wheel, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"{stem}.dist-info/{name}", text)
    return wheel
