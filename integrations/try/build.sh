#!/usr/bin/env bash
# Builds the program of the page "Try it here" and puts it into the built book, beside the page that runs it.
# It is a product: it is in no commit. Needs `rustup target add wasm32-wasip1`, and node to measure it.
#
#     integrations/try/build.sh [FOLDER]      FOLDER: the built book, by default target/book, if it is there
set -euo pipefail
cd "$(dirname "$0")/../.."
book="${1:-target/book}"
target="${CARGO_TARGET_DIR:-target}"

# What a page can take: bytes, compressed as most servers compress (brotli).
most=1000000

cargo build --quiet --locked --profile page --bin rollstamp --target wasm32-wasip1
program="$target/wasm32-wasip1/page/rollstamp.wasm"
size=$(node -e 'const z = require("zlib"), fs = require("fs");
  const best = { params: { [z.constants.BROTLI_PARAM_QUALITY]: 11, [z.constants.BROTLI_PARAM_LGWIN]: 24 } };
  console.log(z.brotliCompressSync(fs.readFileSync(process.argv[1]), best).length)' "$program")
echo "$program: $(wc -c <"$program") bytes, $(gzip -9 -c "$program" | wc -c) with gzip, $size with brotli"
if [ "$size" -ge "$most" ]; then
  echo "more than $most bytes compressed" >&2
  exit 1
fi
if [ -d "$book/try" ]; then
  cp "$program" "$book/try/rollstamp.wasm"
  echo "$book/try/rollstamp.wasm"
fi
