"""The pytest plugin: the fixture `flows`, and the coverage of flows at the end of the run.

Switch it on with `pytest_plugins = ["asl.testing.plugin"]` in the root conftest.py, or with `-p asl.testing.plugin`.
Flows are loaded by name through a loader, a function from a name to a `FlowSource`; say which one by the ini option
`asl_flow_loader = package.module:function` or by the hook `pytest_asl_flow_loader` in a conftest.py. A loader that has
a method `names()` tells which flows there are, so that those without any test are in the report as well.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from asl.engine.clock import Clock
from asl.language.model import parse_definition
from asl.testing.coverage import Coverage
from asl.testing.flow import FlowSource, FlowUnderTest, ResultCheck
from asl.testing.remote import RemoteFlow
from asl.testing.stubs import Function

Loader = Callable[[str], FlowSource]
_COVERAGE = pytest.StashKey[Coverage]()
_LOADER = pytest.StashKey["Loader | None"]()
_OUTPUT = "asl_flow_coverage"


class Hooks:
    """Hooks that a conftest.py may implement."""

    @pytest.hookspec(firstresult=True)
    def pytest_asl_flow_loader(self, config: pytest.Config) -> Loader | None:
        """The function that finds a flow by its name."""


class Flows:
    """The fixture `flows`: makes flows under test, and notes what their runs cover.

    Args:
        loader: Finds flows by name.
        coverage: Where to note what runs cover.
        check: Says what is wrong with the result of a stub.
        stage: The deployed stage to test; None to run flows in this process.
    """

    def __init__(
        self, loader: Loader | None, coverage: Coverage, check: ResultCheck | None = None, stage: str | None = None
    ) -> None:
        self._loader = loader
        self._coverage = coverage
        self._check = check
        self._stage = stage

    def load(
        self, name: str, *, clock: Callable[[], Clock] | None = None, check_stubs: bool = True
    ) -> FlowUnderTest | RemoteFlow:
        """A flow of the project by its name, with its real functions.

        Args:
            name: The flow's name.
            clock: Makes the clock of each run; one that skips if None.
            check_stubs: Whether results of stubs must be such as the called service returns.
        """
        if self._loader is None:
            raise pytest.UsageError(
                "there is no loader of flows; set the ini option asl_flow_loader = package.module:function "
                "or implement pytest_asl_flow_loader in conftest.py"
            )
        if self._stage is not None:
            if clock is not None:
                pytest.skip(f"the test sets the clock, which the stage {self._stage!r} does not take")
            return self._deployed(name, self._stage)
        source = self._loader(name)
        return FlowUnderTest(
            source.name,
            source.definition,
            type=source.type,
            functions=source.functions,
            clock=clock,
            coverage=self._coverage,
            check=self._check if check_stubs else None,
        )

    def _deployed(self, name: str, stage: str) -> RemoteFlow:
        deployed = getattr(self._loader, "deployed", None)
        if deployed is None:
            raise pytest.UsageError(
                "the loader of flows doesn't know deployed stages; give it a method deployed(name, stage) "
                "that returns an asl.testing.RemoteFlow"
            )
        flow: RemoteFlow = deployed(name, stage)
        return flow

    def define(
        self,
        name: str,
        definition: str | Mapping[str, Any],
        *,
        type: str = "STANDARD",
        functions: Mapping[str, Function] | None = None,
        clock: Callable[[], Clock] | None = None,
    ) -> FlowUnderTest:
        """A flow by its definition."""
        if self._stage is not None:
            pytest.skip(f"the test defines a flow, which the stage {self._stage!r} does not have")
        return FlowUnderTest(name, definition, type=type, functions=functions, clock=clock, coverage=self._coverage)


@pytest.fixture(scope="session")
def flows(request: pytest.FixtureRequest) -> Flows:
    """Makes flows under test: `flows.load(name)`, `flows.define(name, definition)`."""
    config = request.config
    check = _import(config, "asl_result_check")
    return Flows(_loader(config), config.stash[_COVERAGE], check, config.getoption("--stage"))


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the hook of the loader."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    parser.addini("asl_flow_loader", "the function that finds a flow by its name, package.module:function", default="")
    parser.addini(
        "asl_result_check",
        "the function that says what is wrong with a stub's result, given resource and result, package.module:function",
        default="",
    )
    group = parser.getgroup("flows")
    group.addoption(
        "--stage",
        default=None,
        metavar="STAGE",
        help="run the flows that tests load on a deployed stage; tests that need stubs or clocks are skipped",
    )
    group.addoption(
        "--flow-coverage-fail-under",
        type=float,
        default=None,
        metavar="PERCENT",
        help="fail if a flow's states and branches are covered by less than so many percent",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing covered."""
    config.stash[_COVERAGE] = Coverage()


def _loader(config: pytest.Config) -> Loader | None:
    if _LOADER not in config.stash:
        config.stash[_LOADER] = _find_loader(config)
    return config.stash[_LOADER]


def _find_loader(config: pytest.Config) -> Loader | None:
    loader: Loader | None = config.hook.pytest_asl_flow_loader(config=config)
    return loader if loader is not None else _import(config, "asl_flow_loader")


def _import(config: pytest.Config, option: str) -> Any:
    """Return what an ini option names as `package.module:function`; None if it is not set."""
    setting = str(config.getini(option))
    if not setting:
        return None
    module, _, name = setting.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as problem:
        raise pytest.UsageError(f"{option} = {setting}: {problem}; it must be package.module:function") from None


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process of pytest-xdist has ended: take its coverage."""
    dumped = getattr(node, "workeroutput", {}).get(_OUTPUT)
    if dumped:
        node.config.stash[_COVERAGE].merge(json.loads(dumped))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the coverage over, or see whether it is enough."""
    config = session.config
    coverage = config.stash[_COVERAGE]
    if _is_worker(config):
        config.workeroutput[_OUTPUT] = json.dumps(coverage.dump())  # type: ignore[attr-defined]
        return
    _add_untested(config, coverage)
    least = config.getoption("--flow-coverage-fail-under")
    if least is not None and any(flow.percent < least for flow in coverage.flows.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _add_untested(config: pytest.Config, coverage: Coverage) -> None:
    """Flows that no test has loaded, if any test loaded one: a run without flow tests reports nothing."""
    loader = _loader(config) if coverage.flows else None
    names = getattr(loader, "names", None)
    if loader is None or names is None:
        return
    for name in names():
        if name not in coverage.flows:
            definition = loader(name).definition
            coverage.add(name, parse_definition(definition if isinstance(definition, str) else dict(definition)))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the report."""
    lines = config.stash[_COVERAGE].report()
    if lines:
        terminalreporter.section("flow coverage")
        for line in lines:
            terminalreporter.write_line(line)
        least = config.getoption("--flow-coverage-fail-under")
        low = [
            flow.name for flow in config.stash[_COVERAGE].flows.values() if least is not None and flow.percent < least
        ]
        if low:
            terminalreporter.write_line(f"less than {least:g}%: {', '.join(sorted(low))}", red=True)
