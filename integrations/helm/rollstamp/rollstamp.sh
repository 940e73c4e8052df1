#!/bin/sh
# Runs the rollstamp on PATH, or else the one that was downloaded when the plugin was installed.
# Nothing is downloaded here: a render needs no network.
if command -v rollstamp >/dev/null; then
  exec rollstamp "$@"
fi
own=$(dirname "$0")/bin/rollstamp
if [ -x "$own" ]; then
  exec "$own" "$@"
fi
echo "rollstamp is neither on PATH nor $own" >&2
exit 2
