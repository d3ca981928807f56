"""The pytest plugin that the tests of plugins run with, beside the testing kit: `-p admin.plugins.testing`.

`flows.load(name)` finds the plugin's flows, with its real functions; the fixture `call` calls one of its functions by
name. In the plugin's own repository the plugin stands alone; with `--project FOLDER` it is seen as it is installed
there, with the project's other functions and flows, and under the names that the plugin itself gives.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from asl.testing import FlowSource
from chalicelib import plugins
from chalicelib.flows import Project, compile_project
from chalicelib.flows.cli.runner import NAMES, LocalContext
from chalicelib.functions import Function, discover
from chalicelib.functions.calling import call_from_flow
from chalicelib.plugins import FORMAT, INDEX

Call = Callable[..., Any]
_SURROUNDINGS = pytest.StashKey["Surroundings"]()


class Surroundings:
    """The project that the plugin under test is seen in. Also the testing kit's loader of flows."""

    def __init__(self, root: Path, plugin: Path, prefix: str = "") -> None:
        self.root = root
        self.plugin = plugin.resolve()
        self.prefix = prefix

    def __call__(self, name: str) -> FlowSource:
        """The flow by the name that the plugin gives it."""
        flows = self._project.flows
        flow = flows.get(self.prefix + name) or flows.get(name)
        if flow is None:
            found = self._project.broken.get(self.prefix + name) or self._project.broken.get(name)
            why = "\n".join(map(str, found)) if found else f"there are {', '.join(sorted(flows)) or 'none'}"
            raise pytest.UsageError(f"the plugin has no working flow {name!r}: {why}")
        functions = {NAMES.function_arn(key): _caller(item) for key, item in self._functions.items()}
        return FlowSource(name, flow.render(NAMES), flow.type, functions)

    def names(self) -> list[str]:
        """The plugin's own flows."""
        own = str(self.plugin)
        return [
            name.removeprefix(self.prefix)
            for name, flow in self._project.flows.items()
            if str((self.root / flow.path).resolve()).startswith(own)
        ]

    def call(self, name: str, event: Any = None, /, **parameters: Any) -> Any:
        """Call a function as a flow does, with an event or with parameters; what it returns as JSON has it."""
        function = self._functions.get(self.prefix + name) or self._functions.get(name)
        if function is None:
            raise LookupError(f"there is no function {name!r}; there are {', '.join(self._functions) or 'none'}")
        return _caller(function)(parameters if event is None else event)

    @cached_property
    def _project(self) -> Project:
        return compile_project(self.root, use_cache=False)

    @cached_property
    def _functions(self) -> dict[str, Function]:
        return discover(self.root)


def _caller(function: Function) -> Callable[[Any], Any]:
    def called(event: Any) -> Any:
        return json.loads(json.dumps(call_from_flow(function, event, LocalContext(function))))

    return called


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
        config.stash[_SURROUNDINGS] = Surroundings(project, folder, plugin.prefix)
        return
    root = tempfile.TemporaryDirectory(prefix="plugin-")  # a project with this plugin alone
    config.add_cleanup(root.cleanup)
    config.stash[_SURROUNDINGS] = Surroundings(_alone(Path(root.name).resolve(), folder), folder)


@pytest.hookimpl(optionalhook=True)
def pytest_asl_flow_loader(config: pytest.Config) -> Surroundings:
    """Load flows for the testing kit."""
    return config.stash[_SURROUNDINGS]


def _alone(root: Path, folder: Path) -> Path:
    from admin.plugins.layout import collect, folder_entries, read_folder, write_files
    from admin.plugins.manifest import HOOKS, read_manifest

    files = collect(folder_entries(folder), read_folder, str(folder))
    manifest = read_manifest(files, str(folder), folder.name)
    target = root / ".plugins" / manifest.name
    write_files(target, files)
    hooks = {kind: dict(getattr(manifest, kind)) for kind in HOOKS}
    entry = {"name": manifest.name, "folder": f".plugins/{manifest.name}", **hooks}
    (root / INDEX).write_text(json.dumps({"format": FORMAT, "plugins": [entry]}))
    return root
