"""Runs recorded cases through the engine and the service API, and writes the raw results."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tests.conformance.harness import Harness


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("recorded", type=Path, help="recorded cases, a JSON object a line")
    parser.add_argument("results", type=Path, help="where the results are written, a JSON object a line")
    parser.add_argument("--only", default="", help="run only the cases whose id contains this string")
    options = parser.parse_args()
    began = time.monotonic()
    count = 0
    with Harness() as harness, options.recorded.open() as lines, options.results.open("w") as out:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
            except ValueError as problem:
                print(f"line {number} of {options.recorded} is not a JSON object: {problem}", file=sys.stderr)
                continue
            if options.only in str(record.get("id")):
                out.write(json.dumps(harness.run(record)) + "\n")
                out.flush()
                count += 1
    print(f"{count} cases in {time.monotonic() - began:.1f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
