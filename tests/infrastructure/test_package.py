"""The zip for Lambda."""

from __future__ import annotations

import ast
import json
import os
import random
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from chalicelib.settings import PROJECT
from infrastructure import package
from infrastructure.package import BUDGET, PackageError, application_files, check_size, write_zip
from tests.infrastructure.conftest import Assembly, run
from tests.plugin_manager.projects import listed, write

ELF_AARCH64 = 183
"""`e_machine` of AArch64 in the header of an ELF file."""


@pytest.fixture(scope="session")
def names(prod: Assembly) -> list[str]:
    with zipfile.ZipFile(prod.package) as archive:
        return archive.namelist()


def test_only_what_is_needed_is_in_it(names: list[str]) -> None:
    for unwanted in (
        "__pycache__",
        ".pyc",
        "boto3",
        "botocore",
        "yaml",
        "/tests/",
        "localcloud",
    ):
        assert not [name for name in names if unwanted in name], unwanted
    rooms = {"asl", "compiler", "infrastructure", "plugin_manager", "rehearsal", "stepfunctions"}
    assert not rooms & {name.split("/")[0] for name in names}
    assert [name for name in names if name.startswith("chalice/")] == ["chalice/__init__.py", "chalice/app.py"]
    for wanted in (
        "app.py",
        "chalicelib/catalog.json",
        "chalicelib/lib/ping/handler.py",
        "chalicelib/flows/catalog.py",
    ):
        assert wanted in names


def test_extension_modules_are_for_lambda_s_processor(prod: Assembly, names: list[str]) -> None:
    modules = [name for name in names if name.endswith(".so")]
    assert {"pydantic_core", "rpds", "cryptography"} <= {name.split("/")[0] for name in modules}
    with zipfile.ZipFile(prod.package) as archive:
        for name in modules:
            header = archive.open(name).read(20)
            assert header[:4] == b"\x7fELF"
            assert int.from_bytes(header[18:20], "little") == ELF_AARCH64, name


def test_it_is_within_its_budget(prod: Assembly) -> None:
    assert prod.package.stat().st_size <= BUDGET


def test_the_catalog_in_it_is_the_project_s(prod: Assembly) -> None:
    with zipfile.ZipFile(prod.package) as archive:
        catalog = json.loads(archive.read("chalicelib/catalog.json"))
    sources = {file.stem for file in (PROJECT / "flows").glob("*.yml")}
    assert len(catalog["flows"]) == len(sources)


def test_modules_find_in_it_what_they_import_of_the_project(names: list[str]) -> None:
    """Imports in functions count too."""
    present = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in names if name.endswith(".py")
    }
    left_out: set[tuple[str, str]] = set()
    for name in names:
        if not name.startswith("chalicelib/") or not name.endswith(".py"):
            continue
        tree = ast.parse((PROJECT / name).read_text())
        typing_only = {
            id(node)
            for block in ast.walk(tree)
            if isinstance(block, ast.If) and ast.unparse(block.test).endswith("TYPE_CHECKING")
            for node in ast.walk(block)
        }
        for node in ast.walk(tree):
            if id(node) in typing_only or not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            if node.module.startswith("chalicelib") and node.module not in present:
                left_out.add((name, node.module))
    assert left_out == set()


def _small_project(folder: Path) -> Path:
    (folder / "chalicelib" / "lib" / "ping").mkdir(parents=True)
    (folder / "app.py").write_text("app = 1\n")
    (folder / "chalicelib" / "__init__.py").write_text("")
    (folder / "chalicelib" / "lib" / "ping" / "handler.py").write_text("def handler(): ...\n")
    return folder


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    first, second = _small_project(tmp_path / "a"), tmp_path / "b"
    shutil.copytree(first, second)
    for path in second.rglob("*"):
        os.utime(path, (random.randint(1, 10**9),) * 2)
        if path.is_file():
            path.chmod(0o600)
    (second / "chalicelib" / "__pycache__").mkdir()
    (second / "chalicelib" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"x")
    zips = [tmp_path / "a.zip", tmp_path / "b.zip"]
    for root, target in zip((first, second), zips, strict=True):
        write_zip(target, application_files(root))
    assert zips[0].read_bytes() == zips[1].read_bytes()


def test_lambda_may_read_every_file(prod: Assembly) -> None:
    with zipfile.ZipFile(prod.package) as archive:
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_functions_of_plugins_are_inside(tmp_path: Path) -> None:
    project = _small_project(tmp_path)
    files = ("lib/greet/handler.py", "hooks/routes.py", "flows/greeting.yml", "tests/test_greet.py", "plugin.toml")
    write(project / ".plugins" / "greetings", dict.fromkeys(files, ""))
    listed(project, {"name": "greetings", "routes": {"GET /": "hooks.routes:view"}})
    inside = [name for name in application_files(project) if name.startswith(".plugins")]
    assert sorted(inside) == [
        ".plugins/greetings/hooks/routes.py",
        ".plugins/greetings/lib/greet/handler.py",
        ".plugins/installed.json",
    ]


def test_a_function_may_be_called_test(tmp_path: Path) -> None:
    project = _small_project(tmp_path)
    write(project / ".plugins" / "acme", {"lib/test/handler.py": "", "lib/x/handler.py": "", "lib/x/tests/y.py": ""})
    listed(project, {"name": "acme"})
    inside = [name for name in application_files(project) if name.startswith(".plugins/acme")]
    assert sorted(inside) == [".plugins/acme/lib/test/handler.py", ".plugins/acme/lib/x/handler.py"]


def test_the_contents_of_vendor_are_at_the_top(tmp_path: Path) -> None:
    project = _small_project(tmp_path)
    (project / "vendor" / "other").mkdir(parents=True)
    (project / "vendor" / "other" / "module.py").write_text("")
    assert "other/module.py" in application_files(project)


def test_a_package_that_is_too_large_says_what_takes_the_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = _small_project(tmp_path)
    (project / "chalicelib" / "model.bin").write_bytes(random.randbytes(200_000))
    target = tmp_path / "package.zip"
    write_zip(target, application_files(project))
    check_size(target)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(package, "ZIP_LIMIT", 240_000)
    check_size(target)
    assert capsys.readouterr().err.startswith("Warning: the deployed package nears Lambda's limits: 0 MB, unzipped")
    monkeypatch.setattr(package, "ZIP_LIMIT", 100_000)
    with pytest.raises(PackageError, match=r"the package is too large: 0\.2 MB.*Largest: chalicelib 0\.2 MB, app\.py"):
        check_size(target)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the project that may be broken."""
    for name in ("app.py", "requirements.txt", "package.json", "config.json", "lambda-permissions.yml"):
        shutil.copy(PROJECT / name, tmp_path / name)
    unwanted = shutil.ignore_patterns("__pycache__", "deployments", "deployed")
    rooms = ("asl", "chalicelib", "compiler", "infrastructure", "localcloud", "plugin_manager", "stepfunctions")
    for name in (*rooms, "flows", ".chalice"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=unwanted)
    # The requirements are the project's: they come from its cache, which the other tests have filled.
    (tmp_path / ".chalice" / "deployments").symlink_to(PROJECT / ".chalice" / "deployments")
    return tmp_path


def _chalice(*arguments: str, cwd: Path, environment: dict[str, str] | None = None) -> tuple[int, str]:
    done = run([str(Path(sys.executable).with_name("chalice")), *arguments], environment, cwd=cwd, check=False)
    return done.returncode, done.stdout + done.stderr


def test_chalice_s_command_line_packages_the_same(prod: Assembly, copied: Path) -> None:
    code, output = _chalice("package", "--stage", "dev", str(copied / "out"), cwd=copied)
    assert code == 0, output
    assert (copied / "out" / "deployment.zip").read_bytes() == prod.package.read_bytes()


def test_a_changed_function_makes_another_package_with_a_fresh_catalog(prod: Assembly, copied: Path) -> None:
    flow = copied / "flows" / "added.yml"
    flow.write_text("name: added\ndefinition: {StartAt: A, States: {A: {Type: Pass, End: true}}}\n")
    assert _chalice("package", "--stage", "dev", str(copied / "out"), cwd=copied)[0] == 0
    with zipfile.ZipFile(copied / "out" / "deployment.zip") as archive:
        catalog = json.loads(archive.read("chalicelib/catalog.json"))
    assert "added" in {item["name"] for item in catalog["flows"]}


def test_a_broken_flow_stops_the_package_in_its_line(prod: Assembly, copied: Path) -> None:
    (copied / "flows" / "broken.yml").write_text(
        "name: broken\ndefinition:\n  StartAt: Nowhere\n  States: {A: {Type: Succeed}}\n"
    )
    code, output = _chalice("package", "--stage", "dev", str(copied / "out"), cwd=copied)
    assert code == 1
    assert "flows/broken.yml:3:" in output
    assert "Traceback" not in output


def test_a_requirement_without_a_wheel_is_one_clear_line(copied: Path) -> None:
    (copied / ".chalice" / "deployments").unlink()
    (copied / "requirements.txt").write_text("./nowhere.whl\n")
    code, output = _chalice("package", "--stage", "dev", str(copied / "out"), cwd=copied)
    assert code == 1, output
    assert "requirements.txt cannot be installed" in output
    assert "Traceback" not in output


def test_a_broken_configuration_of_chalice_is_one_line(copied: Path) -> None:
    (copied / ".chalice" / "config.json").write_text("{")
    done = run([sys.executable, "-m", "infrastructure"], {"CDK_CONTEXT_JSON": "{}"}, cwd=copied, check=False)
    printed = [line for line in done.stderr.splitlines() if "!!" not in line]
    assert done.returncode == 1
    assert printed[-1].startswith("error: Unable to load the project config file: ")
    assert "Traceback" not in done.stderr
