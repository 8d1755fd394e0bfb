#!/bin/sh
# Install Debian's packages, unless their commands are there already.
#
#   requirements/debian.sh "COMMAND…" "PACKAGE…"
set -eu

commands=$1
packages=$2

missing=
for command in $commands; do
  command -v "$command" >/dev/null || missing="$missing $command"
done
[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null || {
  echo "error: not on the PATH:$missing; there is no apt-get to install $packages with: install them first" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || {
  echo "error: not on the PATH:$missing; run 'sudo apt-get install $packages' first" >&2
  exit 1
}
echo "Installing $packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of packages
{ apt-get update && apt-get install --yes --no-install-recommends $packages; } >"$log" 2>&1 || {
  cat "$log" >&2
  echo "error: apt-get could not install $packages; is the packages' mirror reachable?" >&2
  exit 1
}
