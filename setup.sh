#!/bin/sh
# One command from a fresh Debian 12+ or Ubuntu 24.04+ to a verdict: an environment in .venv, capanalyze in it
# (compiled where a C compiler is at hand), and the report of the capture that this project began with.
set -eu
cd "$(dirname "$0")"
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
  as_root=$([ "$(id -u)" = 0 ] || echo sudo)
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv
fi
echo "Installing; where a C compiler is at hand this compiles for some minutes (CAPANALYZE_PURE=1 leaves that out)." >&2
python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check .
.venv/bin/capanalyze read captures/seed-silent-gateway.pcapng
