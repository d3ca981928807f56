"""Which files of a plugin are taken. Nothing else gets onto this machine's project or into the package.

    plugin.toml  requirements.txt
    lib/         functions (functions/lib/ is read as well)
    flows/       flows
    hooks/       Python code of the hooks
    tests/       tests

Whatever lies elsewhere (a README, CI) stays in the repository. Symbolic links, submodules, and paths that lead out of
the folder are refused wherever they lie: they have no business in a plugin.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from plugin_manager.errors import PluginError

MAX_FILES = 5_000
MAX_BYTES = 50_000_000
FOLDERS = frozenset({"lib", "flows", "hooks", "tests"})
FILES = frozenset({"plugin.toml", "requirements.txt"})
_OLD_LIBRARY = ("functions", "lib")
GENERATED = frozenset({"__pycache__", "node_modules", "venv"})
_GENERATED_SUFFIXES = (".pyc", "~")
_LFS = b"version https://git-lfs.github.com/spec/"
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|\ud800-\udfff]')

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as a source lists it. `kind` is "file" or what else it is, `key` how the source finds its content."""

    path: str
    kind: str
    size: int
    key: str = ""


def collect(
    entries: Iterable[Entry], read: Callable[[Sequence[Entry]], Iterable[bytes]], label: str
) -> dict[str, bytes]:
    """The files of a plugin by their path in the layout, sorted.

    Raises PluginError naming the file that is refused.
    """
    taken: dict[str, Entry] = {}
    folded: dict[str, str] = {}
    for entry in entries:
        if entry.kind != "file":
            raise PluginError(f"{label}: {_shown(entry.path)} is a {entry.kind}: a plugin has plain files alone")
        parts = entry.path.split("/")
        if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
            raise _leads_out(entry, label)
        path = _place(PurePosixPath(entry.path))
        if path is None:
            continue
        if any(_FORBIDDEN.search(part) or part.endswith((" ", ".")) for part in parts):
            raise _leads_out(entry, label)
        other = folded.setdefault(_folded(path), entry.path)
        if other != entry.path:
            raise PluginError(f"{label}: {other} and {entry.path} would be the same file")
        taken[path] = entry
    for path, entry in taken.items():
        for folder in PurePosixPath(path).parents:
            if (file := folded.get(_folded(str(folder)))) is not None:
                raise PluginError(f"{label}: {file} is a file, and {entry.path} needs a folder in its place")
    size = sum(entry.size for entry in taken.values())
    if len(taken) > MAX_FILES or size > MAX_BYTES:
        raise PluginError(
            f"{label}: {len(taken)} files with {size / 1e6:.1f} MB are too many: {MAX_FILES} files and "
            f"{MAX_BYTES / 1e6:.0f} MB are allowed, since all of it goes into each package"
        )
    paths = sorted(taken)
    files = dict(zip(paths, read([taken[path] for path in paths]), strict=True))
    for path, content in files.items():
        if content.startswith(_LFS):
            raise PluginError(f"{label}: {taken[path].path} lies in Git LFS, which is not fetched: commit it as it is")
    return files


def folder_entries(folder: Path) -> Iterator[Entry]:
    """The files of a folder on this machine; hidden and generated ones are passed over."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in GENERATED)
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in [*links, *sorted(names)]:
            path = Path(parent, name)
            if name.startswith(".") or name.endswith(_GENERATED_SUFFIXES):
                continue
            kind = "symbolic link" if path.is_symlink() else "file" if path.is_file() else "file of an unknown kind"
            size = path.stat().st_size if kind == "file" else 0
            yield Entry(path.relative_to(folder).as_posix(), kind, size, str(path))


def read_folder(entries: Sequence[Entry]) -> Iterator[bytes]:
    """The contents of files that `folder_entries` listed."""
    for entry in entries:
        yield Path(entry.key).read_bytes()


def content_hash(files: Files) -> str:
    """Equal for equal files, whatever they came from."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def write_files(folder: Path, files: Files) -> None:
    """Write files into a new folder. They are read-only: what is installed is not the place to edit."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o444)


def function_names(files: Files) -> Iterator[tuple[str, str]]:
    """The functions among the files: name and path of the handler."""
    for path in files:
        parts = PurePosixPath(path).parts
        if len(parts) == 3 and parts[0] == "lib" and parts[2] == "handler.py" and not parts[1].startswith("__"):
            yield parts[1], path


def flow_paths(files: Files) -> Iterator[str]:
    """The flows among the files."""
    return (path for path in files if path.startswith("flows/") and path.endswith((".yml", ".yaml")))


def _leads_out(entry: Entry, label: str) -> PluginError:
    return PluginError(f"{label}: the path {_shown(entry.path)} is refused: it could lead out of the plugin's folder")


def _place(path: PurePosixPath) -> str | None:
    """Where a file goes, None if it is no part of a plugin."""
    parts = path.parts
    if parts[:2] == _OLD_LIBRARY:
        parts = parts[1:]
    if any(part.startswith(".") or part in GENERATED for part in parts) or parts[-1].endswith(_GENERATED_SUFFIXES):
        return None
    if (len(parts) == 1 and parts[0] in FILES) or (len(parts) > 1 and parts[0] in FOLDERS):
        return "/".join(parts)
    return None


def _folded(path: str) -> str:
    """Equal for paths that are one file on some machines: of those that tell no capitals, or no ways to write an é."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _shown(path: str) -> str:
    return ascii(path)
