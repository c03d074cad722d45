#!/usr/bin/env bash
# Creates one of the project's environments from its lock file: dev, cloud, node or portal. `installer` must
# run first: it installs uv in .venv, with which dev and cloud are then installed in parallel.
# Prints progress lines; the output of the installers is in .local/log.
set -u
cd "$(dirname "$0")/.."
what=$1
mkdir -p .local/log .local/cache
log=.local/log/setup-$what.log
: >"$log"

# A company's proxy can sign with its own certificate authority. Each installer reads it from a different
# variable: the first one that is set is used for all.
authorities=${SSL_CERT_FILE:-${REQUESTS_CA_BUNDLE:-${NODE_EXTRA_CA_CERTS:-}}}
if [ -n "$authorities" ]; then
  export SSL_CERT_FILE=$authorities PIP_CERT=${PIP_CERT:-$authorities} NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$authorities}
fi

certificate='certificate|CERT_|UNABLE_TO_VERIFY|UnknownIssuer|self.signed'
mismatch='hash mismatch|do not match the hashes|EINTEGRITY'
network='dns error|error sending request|EAI_AGAIN|ENOTFOUND|ECONN|ETIMEDOUT|timed? ?out|unreachable|connection|failed to fetch|Could not find a version'

# Environments are installed in parallel: each prints a line when it starts and one when it ends.
begin() {
  part=$1
  printf '[setup] %s …\n' "$part"
}

fail() {
  printf '[setup] %s: failed\n' "$part"
  report "$certificate" 'a package registry was reached, but its certificate is not trusted: name the file with your network'\''s authority in SSL_CERT_FILE and run again' ||
    report "$mismatch" 'a package does not match the hash in the lock file, so it is not installed' ||
    report "$network" 'the package registries could not be reached: check the network and run again' ||
    printf 'precert: the installation failed; its output is in %s\n' "$log" >&2
  exit 1
}

# Prints the cause $2 and the line of the log that matches $1; fails if no line matches.
report() {
  local found
  found=$(grep -iE -m 1 "$1" "$log") || return 1
  printf 'precert: %s\n  %s: %s\n' "$2" "$log" "$(printf '%s' "$found" | cut -c 1-200)" >&2
}

uv=.venv/bin/uv
export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$PWD/.local/cache/pip} PIP_DISABLE_PIP_VERSION_CHECK=1
export UV_CACHE_DIR=${UV_CACHE_DIR:-$PWD/.local/cache/uv} UV_NO_CONFIG=1 UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never

make_venv() {
  local venv=$1
  # All environments use the Python version of .venv, because compiled packages depend on it.
  local supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
  local same="import sys; sys.exit(sys.version_info[:2] != ($(.venv/bin/python -c 'import sys; print(*sys.version_info[:2], sep=", ")' 2>/dev/null)))"
  [ "$venv" = .venv ] && same=$supported
  if ! { "$venv/bin/python" -c "$supported" && "$venv/bin/python" -c "$same"; } >>"$log" 2>&1; then
    local python
    if [ "$venv" = .venv ]; then
      python=$(tools/preflight.sh python) || exit 1
      printf '[setup] %s: %s\n' "$("$python" --version)" "$python"
    else
      python=$(base_python) || exit 1
    fi
    # uv does not need pip, whose installation takes seconds.
    "$python" -m venv --clear --without-pip "$venv" >>"$log" 2>&1 || fail
  fi
}

base_python() {
  .venv/bin/python -c 'import sys; print(sys._base_executable)'
}

make_installer() {
  "$uv" --version >>"$log" 2>&1 && return
  awk '/^[a-z0-9]/ { is_uv = /^uv==/ } is_uv' requirements/dev.txt >.local/cache/uv.txt
  # Since 22.3, the machine's own pip can install into another environment. Debian's Python has no pip.
  local uv_alone="--require-hashes --no-deps --force-reinstall -r .local/cache/uv.txt"
  "$(base_python)" -m pip --python .venv/bin/python install $uv_alone >>"$log" 2>&1 && return
  { .venv/bin/python -m ensurepip && .venv/bin/python -m pip install $uv_alone; } >>"$log" 2>&1 || fail
}

# uv takes a tenth of pip's time but does not read pip's settings. If it fails, for example because only
# pip's settings name a reachable registry, pip installs everything.
install() {
  local venv=$1 lock=$2
  "$uv" pip sync --python "$venv/bin/python" --require-hashes "$lock" >>"$log" 2>&1 ||
    { "$venv/bin/python" -m ensurepip && "$venv/bin/python" -m pip install --require-hashes -r "$lock"; } >>"$log" 2>&1 ||
    fail
  touch "$venv/.stamp"
}

install_packages() {
  npm_config_cache=$PWD/.local/cache/npm npm --prefix "$1" ci --no-progress --prefer-offline >>"$log" 2>&1 || fail
  touch "$1/node_modules/.stamp"
}

SECONDS=0
case $what in
  installer)
    begin 'installer'
    make_venv .venv
    make_installer
    touch .venv/.installer
    ;;
  dev)
    begin 'development tools'
    install .venv requirements/dev.txt
    ;;
  cloud)
    begin 'local cloud'
    make_venv .local/venv
    install .local/venv requirements/cloud.txt
    ;;
  node)
    begin 'CDK command line, API viewer'
    install_packages .
    ;;
  portal)
    begin 'portal'
    install_packages portal
    ;;
  *)
    printf 'usage: tools/setup.sh installer|dev|cloud|node|portal\n' >&2
    exit 2
    ;;
esac
printf '[setup] %s: %s s\n' "$part" "$SECONDS"
