#!/bin/sh
# Install a locked requirements file into a virtual environment under the project's folder.
#
#   requirements/install.sh VENV LOCKFILE [PROJECT...]
#
# PROJECTs are folders of this workspace, installed editable and without looking for anything else.
# uv does the work where it can be had; otherwise the virtual environment's own pip does.
# PYTHON names the interpreter (default: python3).
set -eu

venv=$1
lock=$2
shift 2
here=$(dirname "$0")
. "$here/environment.sh"

python_new_enough

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { # run a command; its output is worth reading only if it fails
  "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "error: '$*' failed; is the package index reachable?" >&2
    exit 1
  }
}

new_venv() {
  "$PYTHON" -m venv --clear "$1" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "error: $PYTHON cannot make virtual environments; on Debian: apt install python3-venv" >&2
    exit 1
  }
}

uv=.tools/uv/bin/uv
if [ ! -x "$uv" ]; then
  new_venv .tools/uv
  .tools/uv/bin/python -m pip install --quiet --require-hashes -r "$here/uv.txt" >"$log" 2>&1 ||
    echo "uv could not be installed here: going on with pip, which takes longer" >&2
fi

[ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null || new_venv "$venv"

editable=
for project in "$@"; do editable="$editable -e ./$project"; done

if [ -x "$uv" ]; then
  pip_configuration_for_uv
  install="$uv pip install --quiet --python $venv/bin/python"
else
  install="$venv/bin/python -m pip install --quiet --disable-pip-version-check"
fi
# Words are meant to split below.
quietly $install --require-hashes -r "$lock"
[ -z "$editable" ] || quietly $install --no-deps --no-build-isolation $editable
