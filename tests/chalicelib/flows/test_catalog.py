from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.flows import catalog
from chalicelib.flows.catalog import Catalog, PackagedCatalog, use_source


def test_a_package_without_a_catalog_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"python -m compiler catalog"):
        PackagedCatalog(tmp_path)()


def test_the_source_is_asked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "_source", catalog.catalog)  # restores the real one afterwards
    answers = [Catalog({}, {}, {}), Catalog({}, {"broken": ("why",)}, {})]
    use_source(iter(answers).__next__)
    assert [catalog.catalog(), catalog.catalog()] == answers


def test_importing_the_package_or_the_catalog_is_cheap() -> None:
    code = (
        "import sys, chalicelib.flows, chalicelib.flows.catalog\n"
        "late = ('yaml', 'asl', 'compiler', 'jsonschema', 'boto3', 'pydantic')\n"
        "print([name for name in late if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
