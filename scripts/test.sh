#!/bin/sh
# npm test: installs what is missing, then runs the checks and every test.
set -e
cd "$(dirname -- "$0")/.."
. scripts/ready.sh
holdfast_install .
holdfast_build .
PATH="$PWD/node_modules/.bin:$PATH"
sh scripts/check.sh
publint --strict
attw --pack . --profile esm-only --quiet
exec vitest run --reporter=default --reporter=./scripts/closing-line.ts "$@"
