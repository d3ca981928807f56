"""Builds the zip for Lambda: only what is needed, with a fresh catalog, and the same bytes for the same input.

`chalice deploy`, `chalice package` and the CDK app (with `chalice.cdk`) all package with Chalice, in their own process.
`install` replaces Chalice's packaging by `create_package`, since Chalice

- does not know the catalog, plugins and what must be left out;
- names its cached zip only by the contents of files, so that after a file is renamed it deploys the old zip;
- writes files in the file system's order and with their times, so that no two zips have the same bytes;
- only warns if a requirement cannot be packaged.
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
from click import ClickException, echo

from chalicelib import plugins
from compiler.catalog import write_catalog

MB = 1_000_000
ZIP_LIMIT = 50 * 1024 * 1024
"""Bytes that Lambda accepts as a direct upload:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
UNZIPPED_LIMIT = 250 * 1024 * 1024
"""Bytes that Lambda accepts unzipped (same page)."""
BUDGET = 10 * MB
"""How many bytes of that the application may use, zipped, without the user's functions. A test checks it."""

CACHE = Path(".chalice", "deployments")
KEPT = 8
"""How many packages the cache keeps."""
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip supports; every file gets it."""

_NEVER = frozenset({"__pycache__", "tests", "test", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".git"})
_NEVER_SUFFIXES = (".pyc", ".pyo", ".pyi", ".orig", ".swp", "~")
_METADATA = frozenset({"METADATA", "entry_points.txt"})


class PackageError(ClickException):
    """Why the package cannot be built, and what to do. Chalice's command line prints it without a traceback."""


def create_package(packager: LambdaDeploymentPackager, project_dir: str, python_version: str) -> str:
    """Build the package of a project, unless the cache has it.

    Args:
        packager: Chalice's packager, which knows the architecture and how to get wheels for it.
        project_dir: The folder of `app.py`.
        python_version: Lambda's name for the version of Python, such as `python3.11`.

    Returns:
        The path of the zip.

    Raises:
        PackageError: A flow has errors, a requirement cannot be packaged, or the zip is larger than Lambda allows.
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
    """Make Chalice package with `create_package` in this process.

    The method is replaced instead of the class, since Chalice's command line creates its packager before it imports
    `app.py`.
    """
    LambdaDeploymentPackager.create_deployment_package = create_package  # type: ignore[assignment, method-assign]


def _runtime(packager: LambdaDeploymentPackager, root: Path) -> dict[str, Path]:
    """Return Chalice's runtime, which is part of the package."""
    files = packager._iter_app_filenames(str(root))
    return {name: Path(path) for path, name in files if name.startswith("chalice/")}


def _dependencies(packager: LambdaDeploymentPackager, root: Path, python_version: str) -> dict[str, Path]:
    """Return the files of the requirements. They are cached by requirements, version of Python and architecture."""
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
                f"no wheel for Lambda ({python_version}, {packager._architecture}): {names}. In {requirements.name}, "
                "pin versions that have one, or change the stage's architecture"
            ) from None
        except (NoSuchPackageError, PackageDownloadError) as error:
            line = str(error).strip().splitlines()[-1]
            raise PackageError(f"{requirements.name} cannot be installed: {line}") from None
        try:
            site_packages.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process was faster
                raise


def application_files(root: Path) -> dict[str, Path]:
    """Return the application's part of the package: the file by its name in the zip."""
    files = {"app.py": root / "app.py", **dict(_tree(root / "chalicelib", root))}
    for plugin in plugins.installed(root):
        files |= dict(_tree(plugin.functions, root))
        if plugin.routes:
            files |= dict(_tree(plugin.folder / "hooks", root))
        files[plugins.INDEX.as_posix()] = root / plugins.INDEX
    vendor = root / "vendor"  # as in Chalice, its contents go to the root of the zip
    return files | dict(_tree(vendor, vendor))


def write_zip(target: Path, files: Mapping[str, Path]) -> None:
    """Write files into a zip: sorted, with the same time and mode, so that equal files give equal bytes."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, path in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: the next line sets its permissions
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    temporary.replace(target)


def size_warning(zipped: int, unzipped: int) -> str:
    """Return what to say of a package's size in bytes: nothing while it is below 80 % of what Lambda allows."""
    if unzipped * 10 <= UNZIPPED_LIMIT * 8 and zipped * 10 <= ZIP_LIMIT * 8:
        return ""
    over = unzipped > UNZIPPED_LIMIT or zipped > ZIP_LIMIT
    what = "is too large for Lambda" if over else "nears Lambda's limits"
    return (
        f"Warning: the deployed package {what}: {zipped / MB:.0f} MB, unzipped {unzipped / MB:.0f} MB; "
        f"Lambda allows {ZIP_LIMIT / MB:.0f} and {UNZIPPED_LIMIT / MB:.0f} MB. "
        "`make remove PACKAGE=NAME` takes a package out."
    )


def check_size(package: Path) -> None:
    """Check a package against Lambda's limits, and warn on standard error when it nears them.

    Raises:
        PackageError: It is too large; the message names the largest folders.
    """
    with zipfile.ZipFile(package) as archive:
        entries = archive.infolist()
    zipped, unzipped = package.stat().st_size, sum(entry.file_size for entry in entries)
    if zipped <= ZIP_LIMIT and unzipped <= UNZIPPED_LIMIT:
        warning = size_warning(zipped, unzipped)
        if warning:
            echo(warning, err=True)
        return
    by_folder: dict[str, int] = {}
    for entry in entries:
        top = PurePosixPath(entry.filename).parts[0]
        by_folder[top] = by_folder.get(top, 0) + entry.compress_size
    by_size = sorted(by_folder.items(), key=lambda item: -item[1])
    largest = ", ".join(f"{name} {size / MB:.1f} MB" for name, size in by_size[:3])
    raise PackageError(
        f"the package is too large: {zipped / MB:.1f} MB, unzipped {unzipped / MB:.1f} MB; Lambda allows "
        f"{ZIP_LIMIT / MB:.1f} and {UNZIPPED_LIMIT / MB:.1f} MB. Largest: {largest}. Remove something from "
        "requirements.txt or chalicelib/"
    )


def _forget_old(folder: Path) -> None:
    packages = sorted(folder.glob("[!.]*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
    for package in packages[KEPT:]:
        package.unlink(missing_ok=True)


def _tree(folder: Path, base: Path) -> Iterator[tuple[str, Path]]:
    for parent, folders, names in os.walk(folder, followlinks=True):
        # Keep a function that is called `test`.
        folders[:] = [name for name in folders if name not in _NEVER or Path(parent, name, "handler.py").is_file()]
        for name in names:
            path = Path(parent, name)
            if not name.endswith(_NEVER_SUFFIXES) and name != ".DS_Store" and not name.startswith(".catalog"):
                yield path.relative_to(base).as_posix(), path


def _dependency_files(folder: Path) -> Iterator[tuple[str, Path]]:
    for name, path in _tree(folder, folder):
        parts = PurePosixPath(name).parts
        if parts[0] == "chalice":  # the runtime comes from the installed Chalice
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
