"""The CDK app, as `cdk` runs it (cdk.json): `cdk deploy -c stage=prod`; `-c api=chalice` leaves the API out.

Each mistake in the stage's settings, the flows or the package is printed as one line, and CDK changes nothing.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def _use_project_python() -> None:
    """Restart with the project's own Python if this one lacks CDK."""
    python = PROJECT / ".venv" / "bin" / "python"
    if importlib.util.find_spec("aws_cdk") is None and python.exists() and Path(sys.prefix) != python.parent.parent:
        os.execv(python, [str(python), "-m", "infrastructure", *sys.argv[1:]])  # noqa: S606 - no shell


def main() -> int:
    """Synthesise the stack of the stage that CDK's context names, and return the exit code."""
    _use_project_python()
    if importlib.util.find_spec("aws_cdk") is None:
        print(f"error: CDK is not installed for {sys.executable}: run `make setup`", file=sys.stderr)
        return 1
    from infrastructure import preload

    preload.begin()
    from infrastructure.errors import DeploymentError
    from infrastructure.synthesis import synthesise_from_context

    try:
        synthesise_from_context()
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
