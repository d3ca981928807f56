"""Imports that work here and fail on AWS."""

from __future__ import annotations

from pathlib import Path

from infrastructure.requirements.imports import import_errors

SOURCE = """\
from __future__ import annotations
import json, boto3, pydantic.fields
from typing import TYPE_CHECKING
import yaml
from . import helper
from chalicelib.errors import NotFound
if TYPE_CHECKING:
    import moto
try:
    import orjson
except ImportError:
    orjson = None
import vendored, not_installed


def handler(event, context):
    from PIL import Image
    if event:
        import pytest
"""


def test_what_the_package_lacks_is_named_with_the_command_that_adds_it(tmp_path: Path) -> None:
    function = tmp_path / "chalicelib" / "lib" / "mine" / "handler.py"
    function.parent.mkdir(parents=True)
    function.write_text(SOURCE)
    (tmp_path / "requirements.txt").write_text("pydantic==2.12.4\n")
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "vendored.py").touch()
    why = "is installed here and missing on AWS, as requirements.in does not have it"
    assert list(import_errors(tmp_path)) == [
        f"chalicelib/lib/mine/handler.py, line 4: yaml {why}: run `make add PACKAGE=pyyaml`",
        "chalicelib/lib/mine/handler.py, line 17: PIL is not installed: run `make add PACKAGE=pillow`",
        f"chalicelib/lib/mine/handler.py, line 19: pytest {why}: run `make add PACKAGE=pytest`",
    ]
    (tmp_path / "requirements.txt").write_text("pydantic==2.12.4\npyyaml==6.0\npillow==1\npytest==1\n")
    assert len(list(import_errors(tmp_path))) == 1  # what is pinned may not be installed yet
