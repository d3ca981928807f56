"""The package as others install it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from chalicelib.settings import PROJECT


def test_a_users_program_is_type_checked(tmp_path: Path) -> None:
    """In both directions: what is right is accepted, and every mistake in `wrong` is found."""
    program = Path(__file__).with_name("program.py")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path}", str(program)],
        env=os.environ | {"MYPYPATH": str(PROJECT / "client" / "src")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel(tmp_path: Path) -> None:
    source = shutil.copytree(PROJECT / "client", tmp_path / "client")  # building writes beside the sources
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(tmp_path), str(source)], check=True
    )
    (wheel,) = tmp_path.glob("sdw_client-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (folder,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
        metadata = archive.read(f"{folder}/METADATA").decode()
        commands = archive.read(f"{folder}/entry_points.txt").decode()
    modules = {str(path.relative_to(PROJECT / "client" / "src")) for path in (PROJECT / "client" / "src").rglob("*.py")}
    assert modules | {"sdw_client/py.typed"} <= names
    assert "sdw = sdw_client.cli:main" in commands
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    assert [line for line in required if "extra ==" not in line] == ["Requires-Dist: httpx>=0.25"]


def test_without_its_packages_the_command_says_how_to_get_them() -> None:
    code = "import sys; sys.modules['click'] = None; import sdw_client; from sdw_client.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(PROJECT / "client" / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'sdw-client[cli]'" in done.stderr
