"""The pytest plugin for the tests of plugins, used together with the testing kit: `-p plugin_manager.testing`.

`flows.load(name)` loads the plugin's flows, with its real functions; the fixture `call` calls one of its functions by
name, and `functions.lib.NAME.handler` is its module. In the plugin's own repository, tests see only the plugin. With
`--project FOLDER` they see it as it is installed in that project, with the project's other functions and flows. Either
way they use the plugin's own names, without the prefix that a project may give it.
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
from chalicelib.functions import Function, discover, find
from chalicelib.functions.calling import call_from_flow
from chalicelib.functions.discovery import find_by_python_name
from chalicelib.functions.other_names import install
from chalicelib.plugins import FORMAT, INDEX, Plugin
from compiler.cli.runner import LocalContext
from compiler.source import flow_name
from compiler.testing import ProjectFlows

Call = Callable[..., Any]
_SURROUNDINGS = pytest.StashKey["Surroundings"]()


class Surroundings:
    """The plugin under test in its project. Also loads flows for the testing kit."""

    def __init__(self, root: Path, plugin: Plugin) -> None:
        self._root = root
        self._plugin = plugin
        self._flows = ProjectFlows(root)

    def __call__(self, name: str) -> FlowSource:
        """Load a flow: the plugin's own, or else the project's."""
        own = self._plugin.prefix + name
        return replace(self._flows(own if own in self._flows.names() else name), name=name)

    def names(self) -> list[str]:
        """List the plugin's own flows."""
        files = (file.read_text(encoding="utf-8-sig") for file in self._plugin.flows.rglob("*.y*ml"))
        return sorted(name for source in files if (name := flow_name(source)))

    def find(self, python_name: str) -> Function | None:
        """Find a function by the Python name of its folder, the plugin's own first."""
        own = self._plugin.prefix.replace("-", "_") + python_name
        return find_by_python_name(own, self._root) or find_by_python_name(python_name, self._root)

    def call(self, name: str, event: Any = None, /, **parameters: Any) -> Any:
        """Call a function as a flow does.

        Args:
            name: The function's name, without the project's prefix.
            event: The event; the parameters if None.
            parameters: The parameters of a function with typed parameters.

        Returns:
            What the function returns, as JSON values.

        Raises:
            LookupError: There is no such function.
        """
        function = find(self._plugin.prefix + name, self._root) or find(name, self._root)
        if function is None:
            raise LookupError(f"no function {name!r}; available: {', '.join(discover(self._root)) or 'none'}")
        given = json.loads(json.dumps(parameters if event is None else event))
        return json.loads(json.dumps(call_from_flow(function, given, LocalContext(function.name))))


@pytest.fixture
def call(request: pytest.FixtureRequest) -> Call:
    """Return what calls a function of the plugin: `call("greet", name="Ada")` or `call("greet", {"name": "Ada"})`."""
    return request.config.stash[_SURROUNDINGS].call


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option `--project`."""
    group = parser.getgroup("plugins")
    group.addoption("--project", type=Path, metavar="FOLDER", help="the project that the plugin is installed in")


def pytest_configure(config: pytest.Config) -> None:
    """Find the plugin: the folder that pytest runs in.

    Raises:
        pytest.UsageError: The project given with `--project` has not installed this plugin.
    """
    folder, project = config.rootpath, config.getoption("--project")
    if project is not None:
        own = (plugin for plugin in plugins.installed(project) if plugin.folder.resolve() == folder.resolve())
        plugin = next(own, None)
        if plugin is None:
            raise pytest.UsageError(f"{folder} is not a plugin installed in {project}")
        _use(config, Surroundings(project, plugin))
        return
    root = tempfile.TemporaryDirectory(prefix="plugin-")  # a project with only this plugin
    config.add_cleanup(root.cleanup)
    _use(config, _own_project(Path(root.name).resolve(), folder))


def _use(config: pytest.Config, surroundings: Surroundings) -> None:
    """Let the fixtures and the imports of tests find the plugin."""
    config.stash[_SURROUNDINGS] = surroundings
    install(surroundings.find)


@pytest.hookimpl(optionalhook=True)
def pytest_asl_flow_loader(config: pytest.Config) -> Surroundings:
    """Return what loads flows for the testing kit."""
    return config.stash[_SURROUNDINGS]


def _own_project(root: Path, folder: Path) -> Surroundings:
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
