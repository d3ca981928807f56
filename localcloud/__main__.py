"""`python -m localcloud`: the AWS APIs on one endpoint; `python -m localcloud run`: with the project's API."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from contextlib import closing

MINIMUM_PYTHON = (3, 11)


def main(arguments: list[str]) -> int:
    """Run the command; the exit code."""
    if sys.version_info < MINIMUM_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"Python {found} is too old: install Python 3.11 or newer and run `make clean setup`.", file=sys.stderr)
        return 1
    from localcloud.settings import DEFAULT_ENDPOINT_PORT, SetupError

    parser = argparse.ArgumentParser(prog="python -m localcloud", description="The AWS APIs on this machine.")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_ENDPOINT_PORT, help="port of the endpoint, 0 for any (%(default)s)"
    )
    parser.add_argument(
        "--parent", type=int, metavar="PID", help="end when this process ends, instead of on Ctrl-C alone"
    )
    commands = parser.add_subparsers(dest="command", metavar="run")
    commands.add_parser("run", help="also serve the project's API (PORT, by default 8000; AWS_PORT, by default PORT+1)")
    options = parser.parse_args(arguments)
    try:
        if options.command == "run":
            from chalicelib.settings import PROJECT
            from localcloud.run import run

            return run(PROJECT)
        return serve(options.port, options.parent)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1


def serve(port: int, parent: int | None) -> int:
    """Serve the endpoint until SIGINT or SIGTERM, or until the process `parent` ends."""
    from localcloud.cloud import Cloud
    from localcloud.settings import CloudSettings

    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    with closing(Cloud(CloudSettings.from_environment(port))) as cloud:
        cloud.start()
        cloud.deploy_project()
        print(f"AWS endpoint  {cloud.endpoint}", flush=True)
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
