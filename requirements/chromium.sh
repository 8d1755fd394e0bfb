#!/bin/sh
# Install Debian's Chromium and the driver that belongs to it, unless they are there already.
set -eu

if command -v chromium >/dev/null && command -v chromedriver >/dev/null; then
  exit 0
fi
missing="chromium and chromedriver are not both on the PATH"
command -v apt-get >/dev/null || {
  echo "error: $missing, and there is no apt-get to install them with: install them first" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || {
  echo "error: $missing: run 'sudo apt-get install chromium chromium-driver' first" >&2
  exit 1
}
echo "Installing Chromium and its driver"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
{ apt-get update && apt-get install --yes --no-install-recommends chromium chromium-driver; } \
  >"$log" 2>&1 || {
  cat "$log" >&2
  echo "error: apt-get could not install Chromium; is the packages' mirror reachable?" >&2
  exit 1
}
