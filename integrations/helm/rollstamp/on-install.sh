#!/bin/sh
# Runs once, when Helm installs or updates the plugin: downloads rollstamp where none is on PATH.
set -eu
if command -v rollstamp >/dev/null; then
  exit 0
fi
here=$(dirname "$0")
# A folder of a checkout is linked by Helm, not copied, and must stay as it is.
if [ ! -f "$here/install.sh" ]; then
  echo "rollstamp is not on PATH; install it, or install this plugin from a release" >&2
  exit 1
fi
sh "$here/install.sh" "$here/bin"
