#!/usr/bin/env bash
# check_wheel.sh WHEEL: installs it with NumPy alone into an empty environment, far from this repository, and trains.
set -euo pipefail
wheel=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-$here/../.venv/bin/python}
python=$(realpath -s "$python")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"$python" -m venv "$room/venv"
cd "$room"
unset PYTHONPATH LD_LIBRARY_PATH
"$room/venv/bin/python" -m pip install -q --disable-pip-version-check "$wheel"
"$room/venv/bin/python" -I "$here/check_wheel.py"
