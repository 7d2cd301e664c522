# Sourced by ./holdfast and the npm scripts: makes a checkout ready to run. Says what it does on stderr, so that stdout stays the command's own.

# The lockfile npm leaves inside node_modules tells what is installed; older than ours means stale.
holdfast_install() {
  if [ -x "$1/node_modules/.bin/node" ] && [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; then return 0; fi
  echo "holdfast: installing dependencies (once)..." >&2
  # Not `npm ci`: it refuses a lockfile that lacks an optional package of some other platform, which a mirror may not carry.
  (cd "$1" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  touch "$1/node_modules/.package-lock.json"
  if [ ! -x "$1/node_modules/.bin/node" ]; then
    echo "holdfast: no Node build for this platform came with the checkout; put Node >= 24 on the PATH and link it as node_modules/.bin/node" >&2
    return 1
  fi
}

# Compiled JavaScript is what ships, so it is also what a checkout runs. tsc takes about a second, and only when a source is newer.
holdfast_build() {
  holdfast_compile "$1" || return 1
  holdfast_web "$1" || echo "holdfast: the dashboard could not be built, so it will not be shown; calls are answered all the same" >&2
}

holdfast_compile() {
  if [ -f "$1/dist/.built" ] && [ -z "$(find "$1/src" "$1/tsconfig.build.json" "$1/package.json" -newer "$1/dist/.built" -print -quit)" ]; then return 0; fi
  echo "holdfast: compiling..." >&2
  # Compiled beside dist and swapped in, so that a failed or interrupted build never leaves half of one behind, and two at once do
  # not write into each other's.
  find "$1" -maxdepth 1 -name 'dist.next.*' -mmin +60 -exec rm -rf {} +
  if ! (cd "$1" && node_modules/.bin/node node_modules/typescript/bin/tsc -p tsconfig.build.json --outDir dist.next.$$ >&2); then rm -rf "$1/dist.next.$$"; return 1; fi
  if [ -d "$1/dist/web" ]; then mv "$1/dist/web" "$1/dist.next.$$/web"; fi
  rm -rf "$1/dist"
  mv "$1/dist.next.$$" "$1/dist"
  touch "$1/dist/.built"
}

# The dashboard, bundled: half a second, and only when a source of it is newer.
holdfast_web() {
  if [ -f "$1/dist/web/.built" ] && [ -z "$(find "$1/web/src" "$1/web/index.html" "$1/web/vite.config.ts" "$1/package-lock.json" -newer "$1/dist/web/.built" -print -quit)" ]; then return 0; fi
  echo "holdfast: building the dashboard..." >&2
  if ! (cd "$1/web" && ../node_modules/.bin/node ../node_modules/vite/bin/vite.js build --logLevel warn --emptyOutDir --outDir ../dist/web.next.$$ >&2); then rm -rf "$1/dist/web.next.$$"; return 1; fi
  rm -rf "$1/dist/web"
  mv "$1/dist/web.next.$$" "$1/dist/web"
  touch "$1/dist/web/.built"
}
