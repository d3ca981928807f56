"""The CDK app, as `cdk` runs it (cdk.json): `cdk deploy -c stage=prod`; `-c api=chalice` leaves the API out.

Each mistake in the stage's settings, the flows or the package is printed as one line, and CDK changes nothing.
"""

from __future__ import annotations

import sys

from compiler.project_python import use_project_python


def main() -> int:
    """Synthesise the stack of the stage that CDK's context names, and return the exit code."""
    problem = use_project_python("infrastructure", "aws_cdk")
    if problem is not None:
        print(f"error: {problem}", file=sys.stderr)
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
