"""What importing the package loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

import asl


def test_the_language_is_imported_without_the_engine() -> None:
    program = (
        "import sys, asl.language, asl.language.model\n"
        "assert not [name for name in sys.modules if name.startswith('asl.engine')]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


@pytest.mark.parametrize("name", asl.__all__)
def test_the_package_exports_the_engine_by_name(name: str) -> None:
    found = getattr(asl, name)
    assert getattr(found, "__name__", name) in (name, "Callable")  # some are types with a name of ours


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="module 'asl' has no attribute 'Machine'"):
        asl.Machine  # type: ignore[attr-defined]  # noqa: B018
