"""`python -m localcloud`: the AWS APIs on one endpoint; `run`: with the project's API; `reset`: forget what is kept."""

from __future__ import annotations

import argparse
import signal
import sys

MINIMUM_PYTHON = (3, 11)


def main(arguments: list[str]) -> int:
    """Run the command; the exit code."""
    if sys.version_info < MINIMUM_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"Python {found} is too old: install Python 3.11 or newer and run `make clean setup`.", file=sys.stderr)
        return 1
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to stop, Ctrl-C ends this without a word
    from localcloud.memory import share_one_heap
    from localcloud.settings import DEFAULT_ENDPOINT_PORT, CloudSettings, SetupError

    share_one_heap()

    parser = argparse.ArgumentParser(prog="python -m localcloud", description="The AWS APIs on this machine.")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_ENDPOINT_PORT, help="port of the endpoint, 0 for any (%(default)s)"
    )
    parser.add_argument(
        "--api-url",
        default="http://127.0.0.1:8000",
        help="where `chalice local` serves: for session.json (%(default)s)",
    )
    parser.add_argument("--parent", type=int, metavar="PID", help="also end when this process ends")
    commands = parser.add_subparsers(dest="command", metavar="run|reset")
    commands.add_parser("run", help="also serve the project's API (PORT, by default 8000; AWS_PORT, by default PORT+1)")
    commands.add_parser("reset", help="forget what was kept in .localcloud/state")
    options = parser.parse_args(arguments)

    from chalicelib.settings import PROJECT
    from localcloud import run
    from localcloud.state import store

    try:
        if options.command == "run":
            return run.run(PROJECT)
        if options.command == "reset":
            print(store.reset(CloudSettings(root=PROJECT)))
            return 0
        return run.run_cloud(PROJECT, options.port, options.api_url, options.parent)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
