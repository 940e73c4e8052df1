#!/bin/sh
# Downloads the program of a release, compares its checksum, and puts it into a folder:
#
#   sh install.sh [FOLDER]     the default is ~/.local/bin
#
# ROLLSTAMP_VERSION  another version than that of this script
# ROLLSTAMP_RELEASE  where the files of a release lie, if not on GitHub: an address, or file:///FOLDER
set -eu

folder=${1:-$HOME/.local/bin}
version=${ROLLSTAMP_VERSION:-0.1.0}
release=${ROLLSTAMP_RELEASE:-https://github.com/OWNER/rollstamp/releases/download/v$version}

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

program=rollstamp
case $(uname -s) in
  Linux) system=unknown-linux-musl ;;
  Darwin) system=apple-darwin ;;
  MINGW* | MSYS* | CYGWIN*) system=pc-windows-gnu program=rollstamp.exe ;;
  *) fail "there is no program for $(uname -s)" ;;
esac
case $(uname -m) in
  x86_64 | amd64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
  *) fail "there is no program for $(uname -m)" ;;
esac
case $system in
  pc-windows-gnu) archive=rollstamp-$machine-$system.zip ;;
  *) archive=rollstamp-$machine-$system.tar.gz ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch() {
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --output "$work/$1" "$release/$1"
  elif command -v wget >/dev/null; then
    wget --quiet --output-document "$work/$1" "$release/$1"
  else
    fail "neither curl nor wget is installed"
  fi
}

digest() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  else
    shasum -a 256 "$1"
  fi | cut -d' ' -f1
}

fetch SHA256SUMS || fail "there is no $release/SHA256SUMS"
expected=$(sed -n "s/^\([0-9a-f]*\)  $archive\$/\1/p" "$work/SHA256SUMS")
[ -n "$expected" ] || fail "the release has no $archive"
fetch "$archive" || fail "there is no $release/$archive"
[ "$(digest "$work/$archive")" = "$expected" ] || fail "$archive is not the one that SHA256SUMS names"

case $archive in
  *.zip) unzip -q -o "$work/$archive" "$program" -d "$work" ;;
  *) tar -xzf "$work/$archive" -C "$work" "$program" ;;
esac
mkdir -p "$folder"
# Renamed into place, so that a program that is running stays whole.
chmod 755 "$work/$program"
cp "$work/$program" "$folder/.$program.new"
mv -f "$folder/.$program.new" "$folder/$program"
echo "$folder/$program: $("$folder/$program" --version)" >&2
