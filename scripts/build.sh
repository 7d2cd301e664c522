#!/bin/sh
# npm run build: compiles src into dist.
set -e
cd "$(dirname -- "$0")/.."
. scripts/ready.sh
holdfast_install .
holdfast_build .
