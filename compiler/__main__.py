"""`python -m compiler`."""

import os
import sys

from compiler.project_python import use_project_python

_PACKAGES = ("botocore", "jsonatapy", "jsonschema", "pydantic", "yaml")


def run() -> int:
    """Run the command line and return its exit code."""
    problem = use_project_python("compiler", *_PACKAGES)
    if problem is not None:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    from compiler.cli import main

    return main()


if __name__ == "__main__":
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of a run may still be calling functions or the engine: Python's shutdown would break their objects.
    os._exit(code)
