#!/bin/sh
# npm run check: types, lint, format, dead code, layer order. Runs them all, then fails if any failed.
cd "$(dirname -- "$0")/.." || exit 1
. scripts/ready.sh
holdfast_install . || exit 1
PATH="$PWD/node_modules/.bin:$PATH"
failed=''
step() {
  name=$1
  shift
  if "$@"; then :; else failed="$failed $name"; fi
}
step types tsc -p tsconfig.json
step web-types tsc -p web/tsconfig.json
step lint oxlint --type-aware --quiet
step format oxfmt --check .
step dead-code knip --no-progress
step layers vitest run --reporter=dot test/layers.test.ts
if [ -n "$failed" ]; then
  echo "check: failed:$failed" >&2
  exit 1
fi
echo 'check: types, lint, format, dead code and layer order hold'
