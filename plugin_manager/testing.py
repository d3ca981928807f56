"""The pytest plugin that the tests of plugins run with, beside the testing kit: `-p plugin_manager.testing`.

`flows.load(name)` finds the plugin's flows, with its real functions; the fixture `call` calls one of its functions by
name. In the plugin's own repository the plugin stands alone; with `--project FOLDER` it is seen as it is installed
there, with the project's other functions and flows, and under the names that the plugin itself gives.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asl.testing import FlowSource
from chalicelib import plugins
from chalicelib.functions import discover, find
from chalicelib.functions.calling import call_from_flow
from chalicelib.plugins import FORMAT, INDEX, Plugin
from compiler.cli.runner import LocalContext
from compiler.source import flow_name
from compiler.testing import ProjectFlows

Call = Callable[..., Any]
_SURROUNDINGS = pytest.StashKey["Surroundings"]()


class Surroundings:
    """The project that the plugin under test is seen in. Also the testing kit's loader of flows."""

    def __init__(self, root: Path, plugin: Plugin) -> None:
        self._root = root
        self._plugin = plugin
        self._flows = ProjectFlows(root)

    def __call__(self, name: str) -> FlowSource:
        """The flow by the name that the plugin gives it, or by its own."""
        own = self._plugin.prefix + name
        return replace(self._flows(own if own in self._flows.names() else name), name=name)

    def names(self) -> list[str]:
        """The plugin's own flows."""
        files = (file.read_text(encoding="utf-8") for file in self._plugin.flows.rglob("*.y*ml"))
        return sorted(name for text in files if (name := flow_name(text)))

    def call(self, name: str, event: Any = None, /, **parameters: Any) -> Any:
        """Call a function as a flow does, with an event or with parameters; what it returns as JSON has it."""
        function = find(self._plugin.prefix + name, self._root) or find(name, self._root)
        if function is None:
            raise LookupError(f"there is no function {name!r}; there are {', '.join(discover(self._root)) or 'none'}")
        given = json.loads(json.dumps(parameters if event is None else event))
        return json.loads(json.dumps(call_from_flow(function, given, LocalContext(function))))


@pytest.fixture
def call(request: pytest.FixtureRequest) -> Call:
    """Calls a function of the plugin: `call("greet", name="Ada")`, `call("greet", {"name": "Ada"})`."""
    return request.config.stash[_SURROUNDINGS].call


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option."""
    group = parser.getgroup("plugins")
    group.addoption("--project", type=Path, metavar="FOLDER", help="the project that the plugin is installed in")


def pytest_configure(config: pytest.Config) -> None:
    """Find the plugin: the folder that pytest runs in."""
    folder, project = config.rootpath, config.getoption("--project")
    if project is not None:
        own = (plugin for plugin in plugins.installed(project) if plugin.folder.resolve() == folder.resolve())
        plugin = next(own, None)
        if plugin is None:
            raise pytest.UsageError(f"{folder} is no plugin of {project}")
        config.stash[_SURROUNDINGS] = Surroundings(project, plugin)
        return
    root = tempfile.TemporaryDirectory(prefix="plugin-")  # a project with this plugin alone
    config.add_cleanup(root.cleanup)
    config.stash[_SURROUNDINGS] = _alone(Path(root.name).resolve(), folder)


@pytest.hookimpl(optionalhook=True)
def pytest_asl_flow_loader(config: pytest.Config) -> Surroundings:
    """Load flows for the testing kit."""
    return config.stash[_SURROUNDINGS]


def _alone(root: Path, folder: Path) -> Surroundings:
    from plugin_manager.layout import collect, folder_entries, read_folder, write_files
    from plugin_manager.manifest import HOOKS, read_manifest

    files = collect(folder_entries(folder), read_folder, str(folder))
    manifest = read_manifest(files, str(folder), folder.name)
    target = root / ".plugins" / manifest.name
    write_files(target, files)
    hooks = {kind: dict(getattr(manifest, kind)) for kind in HOOKS}
    entry = {"name": manifest.name, "folder": f".plugins/{manifest.name}", **hooks}
    (root / INDEX).write_text(json.dumps({"format": FORMAT, "plugins": [entry]}))
    return Surroundings(root, plugins.installed(root)[0])
