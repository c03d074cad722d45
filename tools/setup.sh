#!/usr/bin/env bash
# Makes one of the project's environments from its lock file: dev, cloud, node or bench.
# One line of progress; what the installers say is kept in .local/log.
set -u
cd "$(dirname "$0")/.."
what=$1
mkdir -p .local/log .local/cache
log=.local/log/setup-$what.log
: >"$log"

fail() {
  printf 'failed\n'
  if grep -qiE 'dns error|error sending request|resolve|network|connect|timed? ?out|unreachable|ENOTFOUND|EAI_AGAIN|ECONN|failed to fetch|Could not find a version' "$log"; then
    printf 'precert: could not reach the package registries (%s); check the network and run again\n' "$log" >&2
  else
    printf 'precert: the installation failed; its output is in %s\n' "$log" >&2
  fi
  exit 1
}

# uv installs in a tenth of pip's time, but reads none of pip's settings: where only those lead to a
# registry, pip does all of it.
make_venv() {
  local venv=$1 lock=$2 uv
  uv=.venv/bin/uv
  export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$PWD/.local/cache/pip} PIP_DISABLE_PIP_VERSION_CHECK=1
  export UV_CACHE_DIR=${UV_CACHE_DIR:-$PWD/.local/cache/uv} UV_NO_CONFIG=1 UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never
  if ! { "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' && "$uv" --version; } >>"$log" 2>&1; then
    local python
    python=$(tools/preflight.sh python) || exit 1
    "$python" -m venv --clear "$venv" >>"$log" 2>&1 || fail
  fi
  if ! "$uv" --version >>"$log" 2>&1; then
    awk '/^[a-z0-9]/ { wanted = /^uv==/ } wanted' requirements/dev.txt >.local/cache/uv.txt
    uv=$venv/bin/uv
    "$venv/bin/python" -m pip install --require-hashes --no-deps -r .local/cache/uv.txt >>"$log" 2>&1 || fail
  fi
  "$uv" pip sync --python "$venv/bin/python" --require-hashes "$lock" >>"$log" 2>&1 ||
    { "$venv/bin/python" -m ensurepip && "$venv/bin/python" -m pip install --require-hashes -r "$lock"; } >>"$log" 2>&1 ||
    fail
  touch "$venv/.stamp"
}

SECONDS=0
case $what in
  dev)
    printf '[setup] development tools … '
    make_venv .venv requirements/dev.txt
    ;;
  cloud)
    printf '[setup] local cloud … '
    make_venv .local/venv requirements/cloud.txt
    ;;
  node)
    printf '[setup] CDK command line, API viewer … '
    npm_config_cache=$PWD/.local/cache/npm npm ci --no-progress >>"$log" 2>&1 || fail
    touch node_modules/.stamp
    ;;
  bench)
    printf '[setup] benchmarks … '
    make_venv .local/bench requirements/bench.txt
    rm -f .local/bench/.stamp
    mkdir -p .local/bench/node
    cp bench/node/package.json bench/node/package-lock.json .local/bench/node/
    npm_config_cache=$PWD/.local/cache/npm npm ci --prefix .local/bench/node --ignore-scripts --no-progress >>"$log" 2>&1 || fail
    touch .local/bench/.stamp
    ;;
  *)
    printf 'usage: tools/setup.sh dev|cloud|node|bench\n' >&2
    exit 2
    ;;
esac
printf '%s s\n' "$SECONDS"
