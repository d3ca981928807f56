"""The number of workers follows from the machine, or from LOCALCLOUD_WORKERS."""

from __future__ import annotations

import pytest

from localcloud.settings import SetupError
from localcloud.workers.limits import Limits, Machine, configured_limits, limits_for, this_machine

GB = 1 << 30


@pytest.mark.parametrize(
    ("machine", "limits"),
    [
        pytest.param(Machine(2, 22 * GB, 1 << 20), Limits(16, 64), id="two-cores"),
        pytest.param(Machine(10, 16 * GB, 1 << 20), Limits(80, 128), id="laptop"),
        pytest.param(Machine(8, 8 * GB, 256), Limits(42, 42), id="macos-descriptors"),
        pytest.param(Machine(2, GB, 1024), Limits(8, 8), id="little-memory"),
        pytest.param(Machine(1, 0, 64), Limits(4, 4), id="no-memory"),
        pytest.param(Machine(128, 1024 * GB, 1 << 20), Limits(1000, 1000), id="server"),
    ],
)
def test_limits_follow_the_machine(machine: Machine, limits: Limits) -> None:
    assert limits_for(machine) == limits


def test_the_bound_may_be_exceeded_up_to_a_bound() -> None:
    assert Limits(16, 64).most == 128
    assert Limits(1, 1).most == 5


def test_this_machine_is_read() -> None:
    machine = this_machine()
    assert machine.cores >= 1
    assert machine.memory > 0
    assert machine.descriptors > 0


def test_a_variable_overrides_the_rule() -> None:
    assert configured_limits({"LOCALCLOUD_WORKERS": "3"}) == Limits(3, 3)
    assert configured_limits({}) == configured_limits({"LOCALCLOUD_WORKERS": ""})


@pytest.mark.parametrize("value", ["0", "-1", "many", "1001", "1.5", "\u0663"])
def test_a_wrong_variable_is_refused(value: str) -> None:
    with pytest.raises(SetupError, match="LOCALCLOUD_WORKERS must be a number from 1 to 1000; got"):
        configured_limits({"LOCALCLOUD_WORKERS": value})
