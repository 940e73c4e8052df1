#!/usr/bin/env bash
# Compares a pull request with its base, writes one comment that later runs replace, and fails where a
# gate holds. Needs rollstamp, git, curl and jq. What it is asked comes in the environment (action.yml).
set -euo pipefail

event=$GITHUB_EVENT_PATH
number=$(jq -r '.pull_request.number // empty' "$event")
tip=$(jq -r '.pull_request.head.sha // empty' "$event")
base=${IMPACT_BASE:-$(jq -r '.pull_request.base.sha // empty' "$event")}
if [ -z "$base" ]; then
  echo "no base to compare with: this is no pull request, and the input \`base\` is empty" >&2
  exit 2
fi
# What both sides share counts as before: what the base got since is no change of this one. GitHub checks
# out a merge of the pull request into its base, and that base may be newer than the base in the event.
if [ -z "${IMPACT_BASE:-}" ] && [ -n "$tip" ] &&
  [ "$(git rev-parse --verify --quiet 'HEAD^2')" = "$tip" ]; then
  before=$(git rev-parse 'HEAD^1')
else
  before=$(git merge-base "$base" HEAD) || {
    echo "no common commit with $base: check out with \`fetch-depth: 0\`" >&2
    exit 2
  }
fi
# A path may have blanks if it is the only one, or if each path has its own line.
paths=${IMPACT_PATHS:-.} blanks=$' \t\n'
while [ "${paths%$'\n'}" != "$paths" ]; do paths=${paths%$'\n'}; done
if [ -e "$paths" ] || [ "${paths#*$'\n'}" != "$paths" ]; then blanks=$'\n'; fi
IFS=$blanks read -rd '' -a paths <<<"$paths" || true
read -rd '' -a options <<<"${IMPACT_OPTIONS:-}" || true
gates=()
for gate in ${IMPACT_FAIL_ON:-}; do gates+=(--fail-on "$gate"); done
# Without `+`, an empty list is an error in the bash of macOS.
compare() { rollstamp impact --base "$before" ${options[@]+"${options[@]}"} "$@" "${paths[@]}"; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A comparison that is not complete has a comment, too, and fails below.
compare -o markdown --title "$IMPACT_TITLE" >"$folder/comment.md" || {
  failed=$?
  [ -s "$folder/comment.md" ] || exit "$failed"
}
cat "$folder/comment.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"

call() { curl --fail-with-body --silent --show-error --config "$folder/curl" "$@"; }
comment() {
  local mark api known='' page=1
  mark=$(head -1 "$folder/comment.md")
  api=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
  # The token comes through a file, so that no list of processes shows it.
  printf 'header = "Authorization: Bearer %s"\nheader = "Accept: application/json"\n' \
    "$IMPACT_TOKEN" >"$folder/curl"
  while [ -z "$known" ]; do
    call "$api/issues/$number/comments?per_page=100&limit=100&page=$page" \
      >"$folder/comments.json" || return
    known=$(jq -r --arg mark "$mark" \
      'map(select(.body | startswith($mark)))[0].id // empty' "$folder/comments.json") || return
    [ "$(jq length "$folder/comments.json")" -gt 0 ] || break
    page=$((page + 1))
  done
  jq -Rs '{body: .}' <"$folder/comment.md" >"$folder/body.json"
  if [ -n "$known" ]; then
    call --request PATCH --data "@$folder/body.json" "$api/issues/comments/$known" >"$folder/done"
  else
    call --request POST --data "@$folder/body.json" "$api/issues/$number/comments" >"$folder/done"
  fi
}
if [ -n "$number" ] && [ "${IMPACT_COMMENT:-true}" = true ] && ! comment; then
  # The token of a pull request from a fork may only read. The gates count all the same.
  echo "::warning title=rollstamp impact::the comment could not be written, see the summary of the job; the token needs \`pull-requests: write\`, which a pull request from a fork does not get"
fi

# Beside the lines, and with the exit code of the gates.
compare -o github ${gates[@]+"${gates[@]}"}
