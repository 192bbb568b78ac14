#!/bin/sh
# One command that installs what the tests need and passes them all: formatting, lint, types, tests.
# Arguments go to pytest; "-m deep" runs the searches of many minutes, which are left out otherwise.
set -eu
cd "$(dirname "$0")/.."
need="tshark tcpdump iproute2 procps git"
python3 -c 'import ensurepip, venv' 2>/dev/null || need="$need python3-venv"
command -v cc >/dev/null || need="$need gcc libc6-dev python3-dev"
command -v npm >/dev/null || need="$need npm"
missing=""
for package in $need; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
[ -z "$(command -v git)" ] || missing=$(echo "$missing" | sed 's/ git\b//')
if [ -n "$missing" ]; then
  as_root=$([ "$(id -u)" = 0 ] || echo sudo)
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi
python3 -m venv .venv-tests
bin="$PWD/.venv-tests/bin"
"$bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[compression,dev,parquet]"
"$bin/ruff" format --check .
"$bin/ruff" check .
"$bin/mypy"
exec "$bin/python" -m pytest -m "not deep" "$@"
