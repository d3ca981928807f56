"""Runs the tests that plugins bring, each plugin in a process of its own: `make test PLUGINS=1`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from chalicelib.plugins import installed
from chalicelib.settings import PROJECT

_NO_TESTS = 5  # pytest's exit code


def run_tests(root: Path) -> int:
    """Run the tests of all installed plugins; 1 if any fails."""
    failed = []
    for plugin in installed(root):
        if not (plugin.folder / "tests").is_dir():
            print(f"plugin {plugin.name}: no tests")
            continue
        print(f"plugin {plugin.name} {plugin.version}", flush=True)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "asl.testing.plugin", "-p", "plugin_manager.testing"]
        options = ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(plugin.folder), "--project", str(root)]
        done = subprocess.run(  # noqa: S603 - no shell
            [*command, *options, "tests"],
            cwd=plugin.folder,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
        if done.returncode not in (0, _NO_TESTS):
            failed.append(plugin.name)
    if failed:
        print(f"tests failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0
