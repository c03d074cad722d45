#!/usr/bin/env bash
# Resolves requirements/*.in into lock files with hashes, for every Python version of pyproject.toml and
# every platform. Locked versions stay unless --upgrade is passed.
set -eu
cd "$(dirname "$0")/.."
export UV_CACHE_DIR=${UV_CACHE_DIR:-$PWD/.local/cache/uv}

compile() {
  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --no-emit-index-url "$@"
}

compile "$@" requirements/dev.in --output-file requirements/dev.txt
for layer in runtime printing inspecting signing; do
  compile "requirements/$layer.in" --constraints requirements/dev.txt --output-file "requirements/$layer.txt"
done
compile "$@" requirements/cloud.in --output-file requirements/cloud.txt
