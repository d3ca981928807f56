"""`python -m plugin_manager`, which `make plugins` runs: fetch what config.json asks for, and install it.

exit codes: 0 done, 1 it failed and nothing was changed, 2 invalid arguments
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from chalicelib.settings import PROJECT


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m plugin_manager",
        description="Fetch the plugins of config.json, at the versions in plugins.lock, and install them in .plugins/.",
    )
    parser.add_argument("--root", type=Path, default=PROJECT, help=argparse.SUPPRESS)
    parser.add_argument(
        "--update",
        nargs="*",
        metavar="NAME",
        help="move these plugins (default: all) to what their ref points to now",
    )
    parser.add_argument("--frozen", action="store_true", help="fail if plugins.lock would change: for CI")
    parser.add_argument("--yes", action="store_true", help="agree to the permissions and hooks that plugins ask for")
    parser.add_argument("--if-needed", action="store_true", help="do nothing if nothing has changed")
    parser.add_argument("--test", action="store_true", help="run the tests of the installed plugins")
    options = parser.parse_args(argv)
    if options.update is not None and options.frozen:
        parser.error("--update can't be combined with --frozen, which forbids changes to plugins.lock")
    from plugin_manager.errors import PluginError
    from plugin_manager.freshness import ensure

    try:
        if options.test:
            from plugin_manager.run_tests import run_tests

            return run_tests(options.root)
        if options.if_needed:
            ensure(options.root, frozen=options.frozen)
            return 0
        from plugin_manager.install import ALL, Options, install

        update = () if options.update is None else tuple(options.update) or ALL
        found = install(options.root, Options(update, options.frozen, options.yes))
    except PluginError as error:
        print(f"plugins: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    names = [f"{plugin.manifest.name} {plugin.manifest.version} ({plugin.folder})" for plugin in found]
    print("\n".join(names) or "No plugins.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
