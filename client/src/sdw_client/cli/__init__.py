"""The command `sdw`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        import click  # noqa: F401
    except ImportError:
        print("The command sdw needs click and rich: pip install 'sdw-client[cli]'", file=sys.stderr)
        raise SystemExit(2) from None
    from sdw_client.cli.app import run

    raise SystemExit(run(sys.argv[1:]))
