#!/bin/sh
# Builds the console into chalicelib/console/, or runs other scripts of package.json; called by the Makefile.
#
#     console/build.sh PYTHON [SCRIPT ...]
#
# Node comes from the machine if it has 20 or newer, otherwise from PyPI, into the same virtual environment
# (infrastructure/node.py).
set -eu
python=$1
shift
[ $# -gt 0 ] || set -- types build
project=$(cd "$(dirname "$0")/.." && pwd)

(cd "$project" && "$python" -m infrastructure.node)
PATH=$("$python" -c 'import sys; print(sys.prefix)')/node/bin:$PATH
export PATH

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
