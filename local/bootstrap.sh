#!/bin/sh
# Makes .venv from the lock file. Needs only Python >= 3.11 with venv; `make` calls it when something it depends on changed.
set -eu
cd "$(dirname "$0")/.."
UV_VERSION=0.13.9
UV=.tools/uv/bin/uv

newest_python() {
  for name in python3.13 python3.14 python3.12 python3.11 python3 python; do
    # Asked, not only looked up: a pyenv shim of an inactive version exists and fails.
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$name"
      return
    fi
  done
  echo "This project needs Python 3.11 or newer (3.13 for the build), and none was found on PATH. Install one and try again." >&2
  exit 1
}

if [ "$("$UV" --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ]; then
  PYTHON=$(newest_python)
  rm -rf .tools/uv
  "$PYTHON" -m venv .tools/uv || {
    echo "$PYTHON cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2
    exit 1
  }
  .tools/uv/bin/pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
fi

# .python-version names the Lambda runtime's version; without it the newest Python found runs everything but the build.
if ! "$UV" python find --no-python-downloads >/dev/null 2>&1; then
  UV_PYTHON=$(newest_python)
  export UV_PYTHON
  echo "Python $(cat .python-version) was not found: using $UV_PYTHON. \`make build\` needs $(cat .python-version)." >&2
fi
"$UV" sync --locked --quiet
touch .venv/.complete
