"""Reading and writing the requirements files."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from infrastructure.package import size_warning
from infrastructure.requirements.errors import RequirementError
from infrastructure.requirements.files import Pin, parse_packages, read_lock, unpinned, with_pins, with_requirements
from infrastructure.requirements.lambda_wheels import Size

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("inflection", ["inflection"]),
        ("a  b>=2", ["a", "b>=2"]),
        ("a >= 1.0, <2 c", ["a<2,>=1.0", "c"]),
        ("httpx[http2] x~=1.0", ["httpx[http2]", "x~=1.0"]),
    ],
)
def test_packages_are_read_as_people_write_them(text: str, read: list[str]) -> None:
    assert list(map(str, parse_packages(text))) == read


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name a package: make add PACKAGE=inflection, or PACKAGE='inflection>=0.5 numpy'"),
        ("plain>=", "'plain>=' is not the name of a package with versions"),
        ("plain plain", "plain is named twice"),
        ("git+https://example.org/a.git", "is an address or an option: only packages of the index can be added"),
        ("./a.whl", "is an address or an option"),
        ("--upgrade", "is an address or an option"),
        ("a'b", "is not the name of a package"),
        ("a;python_version<'4'", "conditions after ';' are not supported"),
    ],
)
def test_anything_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequirementError) as refused:
        parse_packages(text)
    assert message in str(refused.value)


def test_pins_take_their_places_and_other_lines_stay() -> None:
    text = "a==1\nm==1\n\n# unsafe\npip==1\n"
    pins = {"b": Pin("b", "2"), "z": Pin("z", "1"), "m": Pin("m", "1", frozenset({"x"}))}
    assert with_pins(text, pins) == "a==1\nb==2\nm[x]==1\nz==1\n\n# unsafe\npip==1\n"
    assert with_pins("a==1\n", {"b": Pin("b", "2")}) == "a==1\nb==2\n"


def test_a_file_without_an_end_of_line_gets_one_first() -> None:
    assert with_requirements("# mine\na", [Requirement("b")]) == "# mine\na\nb\n"


def test_pins_keep_their_conditions(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text('a[x,y]==1.0 ; sys_platform == "linux"\n-r other.txt\nb @ https://example.org/b.whl\n')
    assert read_lock(lock) == {"a": Pin("a", "1.0", frozenset({"x", "y"}), 'sys_platform == "linux"')}
    assert read_lock(lock)["a"].line == 'a[x,y]==1.0 ; sys_platform == "linux"'
    (tmp_path / "requirements.in").write_text("a\nB.c>=2  # why\nd; sys_platform == 'win32'\n")
    assert list(map(str, unpinned(tmp_path))) == ["B.c>=2"]


@pytest.mark.parametrize(
    ("size", "warning"),
    [
        (Size(199 * MB, 30 * MB), ""),
        (Size(201 * MB, 30 * MB), "nears Lambda's limits"),
        (Size(100 * MB, 41 * MB), "nears Lambda's limits"),
        (Size(251 * MB, 30 * MB), "is too large for Lambda"),
    ],
)
def test_a_size_is_told_from_80_percent_of_the_limits(size: Size, warning: str) -> None:
    said = size_warning(size.zipped, size.unzipped)
    assert warning in said if warning else said == ""
