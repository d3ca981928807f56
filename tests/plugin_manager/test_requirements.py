"""Requirements of plugins: clashes before pip, and one list for the package."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from chalicelib.settings import PROJECT
from plugin_manager import requirements
from plugin_manager.errors import PluginError
from plugin_manager.requirements import Need, check_clashes, install_missing, plugin_needs, write_merged

from .projects import write

VERSIONS = st.builds(lambda a, b: f"{a}.{b}", st.integers(0, 4), st.integers(0, 4))
SPECIFIERS = st.lists(
    st.builds(lambda op, v: op + v, st.sampled_from([">=", "<=", "<", ">", "==", "~=", "!="]), VERSIONS)
)


def clash(*texts: str) -> str:
    try:
        check_clashes([Need(Requirement(text), f"plugin {index}") for index, text in enumerate(texts)])
    except PluginError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x==1.0", "x==1.1"),
        ("x>=2", "x<2"),
        ("X_y==1", "x-Y>1"),
        ("x~=1.4", "x>=2"),
        ("x>1,<2", "x==2.*"),
        ("x===odd", "x==1"),
    ],
)
def test_what_no_version_can_meet(one: str, other: str) -> None:
    assert f"plugin 0 needs {Requirement(one)}, plugin 1 needs {Requirement(other)}" in clash(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", "x==1"),
        ("x>1", "x<1.1"),
        ("x>=1,<2", "x~=1.4"),
        ("x==1.0", "x==1"),
        ("x!=1", "x>=1"),
        ("x==2.*", "x<2.5"),
        ("x<1", "y>2"),
        ("x==1; python_version<'3'", "x==2"),
        ("x==1.0+local", "x==1.0"),
    ],
)
def test_what_some_version_can_meet(one: str, other: str) -> None:
    assert clash(one, other) == clash(other, one) == ""


@given(SPECIFIERS, SPECIFIERS, VERSIONS)
def test_a_version_that_meets_both_is_proof_of_no_clash(one: list[str], other: list[str], version: str) -> None:
    both = [",".join(one), ",".join(other)]
    if all(SpecifierSet(text).contains(version) for text in both):
        assert clash(f"x{both[0]}", f"x{both[1]}") == ""


@pytest.mark.parametrize("line", ["-r other.txt", "--pre", "-e .", "x @ https://h/x.whl", "x y", "./x.whl"])
def test_options_and_addresses_are_refused(line: str) -> None:
    with pytest.raises(PluginError, match=r"plugin acme: requirements\.txt"):
        plugin_needs({"requirements.txt": line.encode()}, "acme")


def test_one_list_for_the_package(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "pydantic==2.7.0\n", ".plugins/x": ""})
    needs = plugin_needs({"requirements.txt": b"# c\nzeep==4 # why\npydantic>=2\nattrs==23\n"}, "acme")
    write_merged(tmp_path, {"acme": needs, "none": []})
    merged = tmp_path / ".plugins" / "requirements.txt"
    assert merged.read_text() == "pydantic==2.7.0\n# plugin acme\nattrs==23\nzeep==4\n"
    write_merged(tmp_path, {"none": []})
    assert not merged.exists()


def test_only_what_is_missing_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = [Need(Requirement(text), "plugin a") for text in ("pytest>1", "pytest; python_version<'3'")]
    assert install_missing(tmp_path, needs) == []
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        PluginError, match=r"pip cannot install nothing-of-that-name==1 \(plugin a\): No matching distribution"
    ):
        install_missing(tmp_path, [*needs, Need(Requirement("nothing-of-that-name==1"), "plugin a")])


def wheel(folder: Path, name: str, *requires: str) -> None:
    """A wheel without code."""
    head = f"{name}-1.0.dist-info"
    needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
    files = {
        f"{name}.py": "",
        f"{head}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}",
        f"{head}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{head}/RECORD": "",
    }
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


def test_pip_installs_within_the_projects_pins(tmp_path: Path) -> None:
    """Requirements may have extras, but pip's constraints may not."""
    wheel(tmp_path / "wheels", "good_of_nobody")
    wheel(tmp_path / "wheels", "odd_of_nobody", "pydantic<2")
    shutil.copy(PROJECT / "requirements.txt", tmp_path)
    assert "[" in (tmp_path / "requirements.txt").read_text()
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels"), "PIP_TARGET": str(tmp_path / "site")}
    environment = {**os.environ, **offline}
    good, odd = (Need(Requirement(f"{name}-of-nobody"), "plugin a") for name in ("good", "odd"))
    assert install_missing(tmp_path, [good], environment) == ["good-of-nobody"]
    assert (tmp_path / "site" / "good_of_nobody.py").is_file()
    with pytest.raises(PluginError, match=r"odd-of-nobody \(plugin a\): .*; the project pins pydantic==2"):
        install_missing(tmp_path, [odd], environment)


def test_extras_are_installed_and_packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    metadata = (
        "Metadata-Version: 2.1\nName: {}\nVersion: 1.0\nProvides-Extra: mail\n"
        "Requires-Dist: always-there\nRequires-Dist: {}>=1; extra == 'mail'\n"
    )
    write(site, {"host-1.0.dist-info/METADATA": metadata.format("host", "guest-of-nobody")})
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    plain, extra = (Need(Requirement(text), "plugin a") for text in ("host", "host[mail]>=1"))
    assert install_missing(tmp_path, [plain]) == []
    with pytest.raises(PluginError, match=r"pip cannot install host\[mail\]>=1"):
        install_missing(tmp_path, [extra])
    write(site, {"guest_of_nobody-1.0.dist-info/METADATA": metadata.format("guest-of-nobody", "x")})
    assert install_missing(tmp_path, [extra]) == []
    write(tmp_path, {"requirements.txt": "host==1.0\n", ".plugins/x": ""})
    write_merged(tmp_path, {"a": [plain, extra]})
    assert (tmp_path / ".plugins" / "requirements.txt").read_text() == "host==1.0\n# plugin a\nhost[mail]>=1\n"


def test_pins_may_have_hashes_and_files(tmp_path: Path) -> None:
    pins = "a==1 --hash=sha256:00\nb==2 \\\n    --hash=sha256:11 \\\n    --hash=sha256:22\n./c.whl\nd==3\t# why\n#e\n"
    write(tmp_path, {"requirements.txt": pins, ".plugins/x": ""})
    assert [str(need.requirement) for need in requirements.project_needs(tmp_path)] == ["a==1", "b==2", "d==3"]
    write_merged(tmp_path, {"p": [Need(Requirement("b>1"), "plugin p"), Need(Requirement("z"), "plugin p")]})
    assert (tmp_path / ".plugins" / "requirements.txt").read_text() == f"{pins}# plugin p\nz\n"


def test_the_projects_pins_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "a==1\n", "requirements-local.txt": "-r x\nb[c]==2 ; python_version>'3'\n"})
    assert [(need.name, need.owner) for need in requirements.project_needs(tmp_path)] == [
        ("a", "requirements.txt"),
        ("b", "requirements-local.txt"),
    ]
