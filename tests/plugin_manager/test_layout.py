"""Which files are taken, and which are refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_manager import layout
from plugin_manager.errors import PluginError
from plugin_manager.layout import Entry, collect, content_hash, folder_entries, read_folder


def empty(entries: Sequence[Entry]) -> list[bytes]:
    return [b""] * len(entries)


def taken(*paths: str) -> list[str]:
    return list(collect([Entry(path, "file", 0) for path in paths], empty, "here"))


@pytest.mark.parametrize(
    "path",
    [
        *("../app.py", "lib/../../app.py", "/etc/passwd", "lib//x.py", "./lib/x.py", "lib/./x.py", ""),
        *("lib/.git/config", ".GIT/config", "lib/a\\b.py", "lib/c:x.py", "lib/a\nb.py", "lib/x ", "lib/\udcff.py"),
    ],
)
def test_paths_that_could_lead_out_are_refused(path: str) -> None:
    with pytest.raises(PluginError, match="could lead out of the plugin's folder"):
        taken(path)


@given(
    st.lists(st.sampled_from(["lib", "flows", "..", ".", "", "a", "tests", "functions", "/", "\\", "x.py"]), max_size=6)
)
def test_nothing_is_ever_placed_outside(parts: list[str]) -> None:
    try:
        found = taken("/".join(parts))
    except PluginError:
        return
    for path in found:
        assert PurePosixPath(path).parts[0] in layout.FOLDERS | layout.FILES
        assert ".." not in path and not path.startswith("/")


def test_what_is_no_part_of_a_plugin_stays_out() -> None:
    kept = ["flows/a.yml", "hooks/a.py", "lib/a/handler.py", "plugin.toml", "requirements.txt", "tests/test_a.py"]
    left = [
        "app.py",
        "chalicelib/x.py",
        "README.md",
        "lib/.env",
        "lib/a/__pycache__/x.pyc",
        "functions/base/x.py",
        "lib",
        "docs/What is this?.md",
        "a:b\\c",
    ]
    assert taken(*kept, *left) == kept


def test_files_that_would_be_one() -> None:
    assert taken("functions/lib/a/handler.py") == ["lib/a/handler.py"]
    for one, other in (("lib/a/x.py", "functions/lib/a/x.py"), ("lib/a/x.py", "lib/A/X.py")):
        with pytest.raises(PluginError, match="would be the same file"):
            taken(one, other)


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PluginError, match=r"too large: 1 files, 60\.0 MB"):
        collect([Entry("lib/a.bin", "file", 60_000_000)], empty, "here")
    monkeypatch.setattr(layout, "MAX_FILES", 2)
    with pytest.raises(PluginError, match="3 files"):
        taken("lib/a", "lib/b", "lib/c")


def test_a_link_in_a_folder_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    for target in ("/etc/passwd", "nowhere", "."):
        (tmp_path / "lib" / "x").symlink_to(target)
        with pytest.raises(PluginError, match="'lib/x' is a symbolic link"):
            collect(folder_entries(tmp_path), read_folder, "here")
        (tmp_path / "lib" / "x").unlink()


def test_the_hash_tells_names_and_contents_apart() -> None:
    hashes = {content_hash(files) for files in ({"a": b"bc"}, {"ab": b"c"}, {"a": b"b", "c": b""}, {})}
    assert len(hashes) == 4
    assert content_hash({"a": b"1", "b": b"2"}) == content_hash({"b": b"2", "a": b"1"})
