"""Runs the tests of installed plugins in parallel, each plugin in its own process: `make test PLUGINS=1`."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chalicelib.plugins import Plugin, installed
from chalicelib.settings import PROJECT

_NO_TESTS = 5  # pytest's exit code


def run_tests(root: Path) -> int:
    """Run the tests of all installed plugins, print their output plugin by plugin, and return 1 if any fails."""
    failed = []
    plugins = installed(root)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        results = threads.map(lambda plugin: _run(plugin, root), plugins)
        for plugin, (code, output) in zip(plugins, results, strict=True):
            print(f"plugin {plugin.name} {plugin.version}\n{output}", end="", flush=True)
            if code not in (0, _NO_TESTS):
                failed.append(plugin.name)
    if failed:
        print(f"tests failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(plugin: Plugin, root: Path) -> tuple[int, str]:
    """Return the exit code of a plugin's tests, and their output."""
    if not (plugin.folder / "tests").is_dir():
        return _NO_TESTS, "no tests\n"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "asl.testing.plugin", "-p", "plugin_manager.testing"]
    options = ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(plugin.folder), "--project", str(root)]
    colours = ["--color=yes"] if sys.stdout.isatty() else []
    done = subprocess.run(  # noqa: S603 - no shell
        [*command, *options, *colours, "tests"],
        cwd=plugin.folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout
