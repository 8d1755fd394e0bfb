# Sourced by install.sh and the Makefile: which Python, and how uv reaches the package index.
PYTHON=${PYTHON:-python3}
# Interpreters come from the machine, never from a download.
export UV_PYTHON_DOWNLOADS=never
# Where the home folder cannot be written to, what was downloaded is kept under this one too.
if [ -z "${UV_CACHE_DIR:-}" ] && ! mkdir -p "${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/uv" 2>/dev/null; then
  export UV_CACHE_DIR="$PWD/.tools/cache"
fi

python_new_enough() {
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || {
    found=
    if command -v "$PYTHON" >/dev/null; then found=$("$PYTHON" --version 2>&1 || true); fi
    echo "error: Python 3.10 or newer is needed, '$PYTHON' is: ${found:-not found}." >&2
    echo "       Name another one, for example: make PYTHON=python3.12 demo" >&2
    exit 1
  }
}

# uv does not read pip's configuration: hand it the index and the certificates that are set there.
pip_configuration_for_uv() {
  if [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ]; then
    index=$(pip_setting index-url)
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
  fi
  if [ -z "${SSL_CERT_FILE:-}" ]; then
    certificates=$(pip_setting cert)
    [ -z "$certificates" ] || export SSL_CERT_FILE="$certificates"
  fi
}

# The first line wins: pip lists its environment variables before its files.
pip_setting() {
  "$PYTHON" -m pip config list 2>/dev/null | sed -n "s/^[^']*\.$1='\(.*\)'\$/\1/p" | head -n 1
}
