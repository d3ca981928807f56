"""What holds for every test."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests import isolation

# No test reaches AWS: whatever the developer's shell has is replaced before boto3 is first imported.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}

# Containers often forbid Python to keep what it has compiled. Tests start hundreds of processes with the same modules.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell's background jobs ignore Ctrl-C, and so would every server that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The machine may be busy with the other tests: time is no property of an example. CI repeats the same examples.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_plugin_registered(plugin: object) -> None:
    """Choose the project before any other file of the tests is imported; pytest's configuration is such a plugin."""
    if isinstance(plugin, pytest.Config) and not isolation.runs_only_own_tests(plugin):
        isolation.isolate()


def pytest_configure() -> None:
    """Let every test import `functions.lib.NAME.handler`, whatever else it imports."""
    import chalicelib.functions  # noqa: F401


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the user's tests to `make check`, and what the tests work on to them."""
    if collection_path == isolation.EXAMPLES:
        return True
    return True if collection_path == isolation.OWN and not isolation.runs_only_own_tests(config) else None


@pytest.fixture(scope="session", autouse=True)
def live_catalog() -> None:
    """Let `app`, imported by a test, know the project's flows as they are in its files."""
    from chalicelib.flows.catalog import use_source
    from compiler.live_project import LiveProject

    use_source(LiveProject().catalog)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Make `-n auto` two processes for each core: half of the time tests wait, for servers, clocks and processes."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 2 * cores


LONG = (
    *("tests/deployments/", "tests/test_user_code.py", "tests/rehearsal/test_rehearsal.py", "tests/console/"),
    *("tests/localcloud/state/", "tests/localcloud/test_run.py", "tests/chalicelib/runs/test_faults.py"),
    *("tests/end_to_end/test_openapi.py", "tests/end_to_end/test_lifecycle.py", "tests/end_to_end/test_first_week.py"),
    *("tests/plugin_manager/test_end_to_end.py", "tests/client/", "tests/admin/test_users.py"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first: begun last, one process would run them while the others have nothing left to do."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
