"""The zip that Lambda gets: only what is needed, with a fresh catalog, the same bytes for the same input.

Both front doors package through Chalice, in the same process: `chalice deploy` and `chalice package` by their command
line, the CDK app by `chalice.cdk`. `install` puts `create_package` in the place of Chalice's own way, which

- knows nothing of the catalog, of plugins and of what must stay out;
- names its cached zip by the contents of files alone, so that renaming a file deploys the old zip again;
- writes files in the file system's order and with their times: never the same bytes twice;
- goes on with a warning when a requirement cannot be packaged.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from chalice.deploy.packager import (
    LambdaDeploymentPackager,
    MissingDependencyError,
    NoSuchPackageError,
    PackageDownloadError,
)
from click import ClickException

from chalicelib import plugins
from compiler.catalog import write_catalog

MB = 1_000_000
ZIP_LIMIT = 50 * 1024 * 1024
"""Bytes that Lambda takes as a direct upload: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
UNZIPPED_LIMIT = 250 * 1024 * 1024
"""Bytes that Lambda unpacks, same page."""
BUDGET = 10 * MB
"""What the application itself may take of that, zipped, without the user's functions; a test holds it to it."""

CACHE = Path(".chalice", "deployments")
KEPT = 8
"""How many packages the cache holds."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip can hold; it stands for every file's."""

_NEVER = frozenset({"__pycache__", "tests", "test", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".git"})
_NEVER_SUFFIXES = (".pyc", ".pyo", ".pyi", ".orig", ".swp", "~")
_METADATA = frozenset({"METADATA", "entry_points.txt"})


class PackageError(ClickException):
    """The package cannot be made; one line says what to do. Chalice's command line prints it without a traceback."""


def create_package(packager: LambdaDeploymentPackager, project_dir: str, python_version: str) -> str:
    """Make the package of a project, or find it among those made before; returns the path of the zip.

    Args:
        packager: Chalice's, which knows the processor and how to get wheels for it.
        project_dir: The folder of `app.py`.
        python_version: Lambda's name of Python's version, such as `python3.11`.

    Raises:
        PackageError: A flow is broken, a requirement cannot be packaged, or the zip is larger than Lambda takes.
    """
    root = Path(project_dir)
    try:
        write_catalog(root)
    except ValueError as error:
        raise PackageError(str(error)) from None
    files = {
        **_dependencies(packager, root, python_version),
        **_runtime(packager, root),
        **application_files(root),
    }
    target = root / CACHE / f"{_digest(files)}-{python_version}{packager._architecture_suffix()}.zip"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        write_zip(target, files)
        _forget_old(target.parent)
    check_size(target)
    return str(target)


def install() -> None:
    """Let Chalice package with `create_package` in this process.

    The method is replaced and not the class: Chalice's command line makes its packager before it imports `app.py`.
    """
    LambdaDeploymentPackager.create_deployment_package = create_package  # type: ignore[assignment, method-assign]


def _runtime(packager: LambdaDeploymentPackager, root: Path) -> dict[str, Path]:
    """Chalice's own part of the package."""
    files = packager._iter_app_filenames(str(root))
    return {name: Path(path) for path, name in files if name.startswith("chalice/")}


def _dependencies(packager: LambdaDeploymentPackager, root: Path, python_version: str) -> dict[str, Path]:
    """What is required, for Lambda's processor; kept until that, or Python's version, changes."""
    requirements = plugins.requirements_file(root)
    if not requirements.is_file():
        return {}
    key = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    folder = root / CACHE / f"requirements-{key}-{python_version}-{packager._architecture}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        _install(packager, requirements, python_version, folder)
    return dict(_dependency_files(folder))


def _install(packager: LambdaDeploymentPackager, requirements: Path, python_version: str, folder: Path) -> None:
    abi = packager._RUNTIME_TO_ABI[python_version]
    with tempfile.TemporaryDirectory(dir=folder.parent) as workplace:
        site_packages = Path(workplace, "site-packages")
        site_packages.mkdir()
        try:
            packager._dependency_builder.build_site_packages(abi, str(requirements), str(site_packages))
        except MissingDependencyError as error:
            names = ", ".join(sorted(package.identifier for package in error.missing))
            raise PackageError(
                f"no wheel for Lambda ({python_version}, {packager._architecture}): {names}. Pin versions in "
                f"{requirements.name} that have one, or change the stage's architecture"
            ) from None
        except (NoSuchPackageError, PackageDownloadError) as error:
            line = str(error).strip().splitlines()[-1]
            raise PackageError(f"{requirements.name} cannot be installed: {line}") from None
        try:
            site_packages.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster
                raise


def application_files(root: Path) -> dict[str, Path]:
    """The application's part of the package: name in the zip -> file."""
    files = {"app.py": root / "app.py", **dict(_tree(root / "chalicelib", root))}
    for plugin in plugins.installed(root):
        files |= dict(_tree(plugin.functions, root))
        if plugin.routes:
            files |= dict(_tree(plugin.folder / "hooks", root))
        files[plugins.INDEX.as_posix()] = root / plugins.INDEX
    vendor = root / "vendor"  # as Chalice has it: what lies there appears at the zip's root
    return files | dict(_tree(vendor, vendor))


def write_zip(target: Path, files: Mapping[str, Path]) -> None:
    """Write the files into a zip: sorted, all of the same time and mode, so that equal files make equal bytes."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whose permissions follow
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    temporary.replace(target)


def check_size(package: Path) -> None:
    """Hold a package against Lambda's limits.

    Raises:
        PackageError: It is too large; says what takes the most.
    """
    with zipfile.ZipFile(package) as archive:
        entries = archive.infolist()
    zipped, unzipped = package.stat().st_size, sum(entry.file_size for entry in entries)
    if zipped <= ZIP_LIMIT and unzipped <= UNZIPPED_LIMIT:
        return
    by_folder: dict[str, int] = {}
    for entry in entries:
        top = PurePosixPath(entry.filename).parts[0]
        by_folder[top] = by_folder.get(top, 0) + entry.compress_size
    by_size = sorted(by_folder.items(), key=lambda item: -item[1])
    largest = ", ".join(f"{name} {size / MB:.1f} MB" for name, size in by_size[:3])
    raise PackageError(
        f"the package has {zipped / MB:.1f} MB, unpacked {unzipped / MB:.1f} MB; Lambda takes {ZIP_LIMIT / MB:.1f} and "
        f"{UNZIPPED_LIMIT / MB:.1f} MB. Largest: {largest}. Take something out of requirements.txt or chalicelib/"
    )


def _forget_old(folder: Path) -> None:
    packages = sorted(folder.glob("[!.]*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
    for package in packages[KEPT:]:
        package.unlink(missing_ok=True)


def _tree(folder: Path, base: Path) -> Iterator[tuple[str, Path]]:
    for parent, folders, names in os.walk(folder, followlinks=True):
        # A function may be called `test`.
        folders[:] = [name for name in folders if name not in _NEVER or Path(parent, name, "handler.py").is_file()]
        for name in names:
            path = Path(parent, name)
            if not name.endswith(_NEVER_SUFFIXES) and name != ".DS_Store" and not name.startswith(".catalog"):
                yield path.relative_to(base).as_posix(), path


def _dependency_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for name, path in _tree(folder, folder):
        parts = PurePosixPath(name).parts
        if parts[0] == "chalice":  # Chalice's runtime comes from the installed Chalice
            continue
        if parts[0].endswith(".dist-info") and parts[-1] not in _METADATA:
            continue
        if parts[0] == "ecdsa" and parts[-1].startswith("test_"):
            continue
        yield name, path


def _digest(files: Mapping[str, Path]) -> str:
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
