#!/usr/bin/env bash
# Installs what a build needs and this machine lacks.
#
#   scripts/install_deps.sh              Debian packages, and the Python packages into .venv
#   scripts/install_deps.sh --oracle     also .venv-pytorch, with the PyTorch that tests and benchmarks compare with
#
# Nothing is done for what is already there, so a second call takes a second and needs no network.
set -euo pipefail
cd "$(dirname "$0")/.."

oracle=no
for argument in "$@"; do
  case "$argument" in
    --oracle) oracle=yes ;;
    *) echo "install_deps.sh: unknown argument $argument" >&2; exit 2 ;;
  esac
done

# --- Debian packages -------------------------------------------------------------------------------------------
missing=()
have() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
for package in g++ make binutils libsleef-dev libdeflate-dev; do
  have "$package" || missing+=("$package")
done
command -v git >/dev/null || missing+=(git)
command -v ccache >/dev/null || missing+=(ccache)
command -v clang-format >/dev/null || missing+=(clang-format)
# A Python 3.9 or newer of any origin will do, if it can make a virtual environment and has its headers.
python=${BASE_PYTHON:-python3}
usable_python() {
  command -v "$python" >/dev/null && "$python" - <<'PY'
import os, sys, sysconfig
import ensurepip, venv  # what Debian keeps in python3-venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(0 if sys.version_info >= (3, 9) and os.path.exists(header) else 1)
PY
}
if ! usable_python 2>/dev/null; then
  missing+=(python3 python3-dev python3-venv)
fi
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "install_deps.sh: please install these packages: ${missing[*]}" >&2
    exit 1
  fi
  echo "Installing ${missing[*]}"
  root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update -q
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  if ! usable_python; then
    python=/usr/bin/python3
  fi
fi

# --- Python packages -------------------------------------------------------------------------------------------
# install_into DIRECTORY REQUIREMENTS: a stamp holding the requirements' text says that they are installed.
install_into() {
  local directory=$1 requirements=$2
  if [ -x "$directory/bin/python" ] && cmp -s "$requirements" "$directory/installed.txt"; then
    return
  fi
  [ -x "$directory/bin/python" ] || "$python" -m venv "$directory"
  "$directory/bin/python" -m pip install -q --disable-pip-version-check -r "$requirements"
  cp "$requirements" "$directory/installed.txt"
}
install_into .venv scripts/requirements.txt
if [ "$oracle" = yes ]; then
  install_into .venv-pytorch scripts/requirements-pytorch.txt
fi
