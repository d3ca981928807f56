"""`make add PACKAGE=inflection`, `make remove PACKAGE=inflection`, and what `make run` does with changed files.

exit codes: 0 done, 1 it can't be done and no file was changed, 2 invalid arguments
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from chalicelib.settings import PROJECT

COMMANDS = "pin: what requirements.in has and no lock pins; install: also what the locks pin and is not installed"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infrastructure.requirements", description=__doc__)
    parser.add_argument("--root", type=Path, default=PROJECT, help=argparse.SUPPRESS)
    parser.add_argument("command", choices=("add", "remove", "pin", "install"), help=COMMANDS)
    parser.add_argument(
        "packages", nargs="*", metavar="PACKAGE", help="by default what PACKAGE in the environment says"
    )
    options = parser.parse_args(argv)
    asked = " ".join(options.packages) or os.environ.get("PACKAGE", "")

    from infrastructure.requirements import changes
    from infrastructure.requirements.errors import RequirementError
    from infrastructure.requirements.files import parse_packages

    try:
        if options.command == "add":
            changes.add(options.root, parse_packages(asked), print)
        elif options.command == "remove":
            changes.remove(options.root, [package.name for package in parse_packages(asked)], print)
        else:
            if options.command == "install":
                changes.install_pinned(options.root, print)
            changes.pin_missing(options.root, print)
    except RequirementError as error:
        print(f"error: {error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
