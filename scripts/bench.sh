#!/bin/sh
# npm run bench -- NAME: installs and compiles what is missing, then runs the benchmark. What is measured is dist, as shipped.
set -e
cd "$(dirname -- "$0")/.."
. scripts/ready.sh
holdfast_install .
holdfast_build .

# The gateways it is measured beside are no dependency of Holdfast: they come only when a benchmark asks for them.
peers() {
  if [ bench/peers/node_modules/.package-lock.json -nt bench/peers/package-lock.json ]; then return 0; fi
  echo "bench: installing the peers (once)..." >&2
  (cd bench/peers && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  touch bench/peers/node_modules/.package-lock.json
}
case "${1:-}" in
  gateway) peers ;;
esac
exec node_modules/.bin/node bench/main.ts "$@"
