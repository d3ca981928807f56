"""Lints the templates of all stages: `python -m infrastructure.linting`.

exit codes: 0 nothing was found but what is excused, 1 something was found, 2 a linter is missing or failed
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from infrastructure.errors import DeploymentError
from infrastructure.linting import tools
from infrastructure.linting.excuses import EXCUSES, read_excuses, unexcused, unused
from infrastructure.linting.templates import write_templates


def main() -> int:
    """Run all linters on all stages, print what they find, and return the exit code."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            templates = write_templates(Path(folder))
            found = [finding for lint in tools.ALL for finding in lint(templates)]
        excuses = read_excuses(EXCUSES)
    except DeploymentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    left = unexcused(found, excuses)
    for finding in left:
        print(finding)
    for excuse in unused(found, excuses):
        print(f"note: {EXCUSES.name}: {excuse.rule} excuses nothing at {excuse.where}")
    print(f"{len(found)} findings of cfn-lint, checkov and cdk-nag, {len(found) - len(left)} of them excused")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
