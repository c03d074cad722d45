#!/usr/bin/env bash
# Checks the required programs; prints one line about the first one that is missing. With the argument
# `python` it also prints the path of the Python to use: the default one if its version is supported,
# otherwise the supported version closest to AWS's 3.13.
set -u

fail() {
  printf 'precert: %s\n' "$*" >&2
  exit 1
}

find_python() {
  local version candidate
  case $(python3 -c 'import sys; print("{}.{}".format(*sys.version_info))' 2>/dev/null) in
    3.11 | 3.12 | 3.13 | 3.14)
      python3 -c 'import sys; print(sys.executable)'
      return
      ;;
  esac
  for version in 3.13 3.14 3.12 3.11; do
    for candidate in "python$version" python3 python "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
      if [ "$("$candidate" -c 'import sys; print("{}.{}".format(*sys.version_info))' 2>/dev/null)" = "$version" ]; then
        "$candidate" -c 'import sys; print(sys.executable)'
        return
      fi
    done
  done
  return 1
}

python=$(find_python) ||
  fail "Python 3.11, 3.12, 3.13 or 3.14 is needed (found: $(python3 --version 2>/dev/null || echo none)); install it and run again"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python cannot make virtual environments; install its venv module (Debian: python3-venv)"
command -v git >/dev/null || fail "git is needed; install it and run again"
command -v node >/dev/null ||
  fail "Node.js 20.19 or 22.12 or later is needed (the CDK and the portal's build run on it); install it and run again"
node -e "
  const [major, minor] = process.versions.node.split('.').map(Number);
  process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1);
" 2>/dev/null ||
  fail "Node.js 20.19 or 22.12 or later is needed (found: $(node --version)); update it and run again"
command -v npm >/dev/null || fail "npm is needed; install it with Node.js and run again"

if [ "${1:-}" = python ]; then printf '%s\n' "$python"; fi
