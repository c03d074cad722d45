#!/usr/bin/env bash
# Checks the required programs; prints one line about the first one that is missing. With the argument
# `python` it also prints the path of the Python to use: the one that PRECERT_PYTHON names, otherwise the
# default one, unless another supported one is clearly faster. Interpreters that a version manager
# compiled without profile-guided optimization take up to twice the time of a distribution's.
set -u

fail() {
  printf 'precert: %s\n' "$*" >&2
  exit 1
}

# Prints the version, the microseconds of a short loop and the path of an interpreter that can make virtual
# environments.
probe='
import ensurepip, sys, time, venv

class Number:
    def __init__(self, value):
        self.value = value

    def add(self, numbers):
        return numbers.get(self.value, 0) + self.value

def measure():
    started = time.process_time()
    for number in range(4000):
        Number(number).add({number: 1})
    return time.process_time() - started

fastest = min(measure() for _ in range(10))
print("{}.{}".format(*sys.version_info), int(fastest * 1e6), sys.executable)
'

# The default interpreter is first.
installed() {
  if [ -n "${PRECERT_PYTHON:-}" ]; then
    printf '%s\n' "$PRECERT_PYTHON"
    return
  fi
  type -aP python3 python python3.13 python3.14 python3.12 python3.11
  printf '%s\n' "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-4].*/bin/python
}

# Prints the path of the fastest supported interpreter; with the argument `any`, of the first one. One is
# replaced only by one that takes less than 80% of its time, so that noise does not decide.
find_python() {
  local candidate result
  while IFS= read -r candidate; do
    result=$("$candidate" -c "$probe" 2>/dev/null) || result=unusable
    printf '%s\n' "$result"
    case "$1 $result" in "any 3.1"[1-4]*) break ;; esac
  done < <(installed) | awk '
    $1 !~ /^3\.1[1-4]$/ { next }
    !path || $2 < limit {
      limit = $2 * 0.8
      path = $0
      sub(/^[^ ]+ [^ ]+ /, "", path)
    }
    END { print path; exit !path }
  '
}

python=$(find_python "${1:-any}") ||
  fail "Python 3.11, 3.12, 3.13 or 3.14 with its venv module is needed (found: ${PRECERT_PYTHON:-$(python3 --version 2>/dev/null || echo none)}); install it (Debian: python3 and python3-venv) and run again"
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
