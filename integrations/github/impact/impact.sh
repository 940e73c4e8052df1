#!/usr/bin/env bash
# Compares a pull request with its base, writes one comment that later runs replace, and fails where a
# gate holds. Needs rollstamp, git, curl and jq. What it is asked comes in the environment (action.yml).
set -euo pipefail

event=$GITHUB_EVENT_PATH
number=$(jq -r '.pull_request.number // empty' "$event")
base=${IMPACT_BASE:-$(jq -r '.pull_request.base.sha // empty' "$event")}
if [ -z "$base" ]; then
  echo "no base to compare with: this is no pull request, and the input \`base\` is empty" >&2
  exit 2
fi
# What both sides share counts as before: what the base got since is no change of this one.
before=$(git merge-base "$base" HEAD) || {
  echo "no common commit with $base: check out with \`fetch-depth: 0\`" >&2
  exit 2
}
read -ra paths <<<"${IMPACT_PATHS:-.}"
read -ra options <<<"${IMPACT_OPTIONS:-}"
gates=()
for gate in ${IMPACT_FAIL_ON:-}; do gates+=(--fail-on "$gate"); done
compare() { rollstamp impact --base "$before" "${options[@]}" "$@" "${paths[@]}"; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compare -o markdown --title "$IMPACT_TITLE" >"$folder/comment.md"
cat "$folder/comment.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"

if [ -n "$number" ] && [ "${IMPACT_COMMENT:-true}" = true ]; then
  mark=$(head -1 "$folder/comment.md")
  api=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
  # The token comes through a file, so that no list of processes shows it.
  printf 'header = "Authorization: Bearer %s"\nheader = "Accept: application/json"\n' \
    "$IMPACT_TOKEN" >"$folder/curl"
  call() { curl --fail-with-body --silent --show-error --config "$folder/curl" "$@"; }
  known='' page=1
  while [ -z "$known" ]; do
    call "$api/issues/$number/comments?per_page=100&limit=100&page=$page" >"$folder/comments.json"
    known=$(jq -r --arg mark "$mark" \
      'map(select(.body | startswith($mark)))[0].id // empty' "$folder/comments.json")
    [ "$(jq length "$folder/comments.json")" -gt 0 ] || break
    page=$((page + 1))
  done
  jq -Rs '{body: .}' <"$folder/comment.md" >"$folder/body.json"
  if [ -n "$known" ]; then
    call --request PATCH --data "@$folder/body.json" "$api/issues/comments/$known" >"$folder/done"
  else
    call --request POST --data "@$folder/body.json" "$api/issues/$number/comments" >"$folder/done"
  fi
fi

# Beside the lines, and with the exit code of the gates.
compare -o github "${gates[@]}"
