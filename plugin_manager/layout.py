"""Which files of a plugin are installed. Nothing else reaches the project or the package.

    plugin.toml  requirements.txt
    lib/         functions (functions/lib/ works too)
    flows/       flows
    hooks/       Python code of the hooks
    tests/       tests

Anything else (a README, CI) stays in the repository. Symbolic links, submodules and paths that lead out of the folder
are refused everywhere: a plugin has no use for them.
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

UNKNOWN_KIND = "file of an unknown kind"

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as a source lists it.

    `kind` is "file" or what it is instead; `size` is in bytes; `key` is what the source finds the content by.
    """

    path: str
    kind: str
    size: int
    key: str = ""


def collect(
    entries: Iterable[Entry], read: Callable[[Sequence[Entry]], Iterable[bytes]], label: str
) -> dict[str, bytes]:
    """Read the files of a plugin that belong to its layout.

    Args:
        entries: All files that the source has.
        read: Reads the contents of entries, in order.
        label: What messages call the source.

    Returns:
        The contents by path in the layout, sorted.

    Raises:
        PluginError: A file is refused; the message names it.
    """
    taken = _select(entries, label)
    _check_total(taken, label)
    paths = sorted(taken)
    files = dict(zip(paths, read([taken[path] for path in paths]), strict=True))
    for path, content in files.items():
        if content.startswith(_LFS):
            raise PluginError(
                f"{label}: {taken[path].path} is stored in Git LFS, which is not supported: commit the file itself"
            )
    return files


def _select(entries: Iterable[Entry], label: str) -> dict[str, Entry]:
    taken: dict[str, Entry] = {}
    folded: dict[str, str] = {}
    for entry in entries:
        if entry.kind != "file":
            raise PluginError(f"{label}: {entry.path!a} is a {entry.kind}: plugins may contain only regular files")
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
                raise PluginError(f"{label}: {file} is a file, but {entry.path} needs a folder of that name")
    return taken


def _check_total(taken: Mapping[str, Entry], label: str) -> None:
    size = sum(entry.size for entry in taken.values())
    if len(taken) > MAX_FILES or size > MAX_BYTES:
        raise PluginError(
            f"{label}: too large: {len(taken)} files, {size / 1e6:.1f} MB. A plugin may have {MAX_FILES} files and "
            f"{MAX_BYTES / 1e6:.0f} MB, since all of it is deployed with every package"
        )


def folder_entries(folder: Path) -> Iterator[Entry]:
    """List the files of a folder on this machine, except hidden and generated ones."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in GENERATED)
        links = [name for name in folders if Path(parent, name).is_symlink()]
        for name in [*links, *sorted(names)]:
            path = Path(parent, name)
            if name.startswith(".") or name.endswith(_GENERATED_SUFFIXES):
                continue
            kind = "symbolic link" if path.is_symlink() else "file" if path.is_file() else UNKNOWN_KIND
            size = path.stat().st_size if kind == "file" else 0
            yield Entry(path.relative_to(folder).as_posix(), kind, size, str(path))


def read_folder(entries: Sequence[Entry]) -> Iterator[bytes]:
    """Read the contents of files that `folder_entries` listed."""
    for entry in entries:
        yield Path(entry.key).read_bytes()


def content_hash(files: Files) -> str:
    """Return a hash that is equal for equal files, whatever source they come from."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def write_files(folder: Path, files: Files) -> None:
    """Write files into a new folder, read-only: edits belong in the plugin's source, not in what is installed."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o444)


def function_names(files: Files) -> Iterator[tuple[str, str]]:
    """Yield the functions among the files: name and path of the handler."""
    for path in files:
        parts = PurePosixPath(path).parts
        if len(parts) == 3 and parts[0] == "lib" and parts[2] == "handler.py" and not parts[1].startswith("__"):
            yield parts[1], path


def flow_paths(files: Files) -> Iterator[str]:
    """Yield the paths of the flows among the files."""
    return (path for path in files if path.startswith("flows/") and path.endswith((".yml", ".yaml")))


def _leads_out(entry: Entry, label: str) -> PluginError:
    return PluginError(f"{label}: the path {entry.path!a} is refused: it could lead out of the plugin's folder")


def _place(path: PurePosixPath) -> str | None:
    """Return the path of a file in the layout, or None if it does not belong to a plugin."""
    parts = path.parts
    if parts[:2] == _OLD_LIBRARY:
        parts = parts[1:]
    if any(part.startswith(".") or part in GENERATED for part in parts) or parts[-1].endswith(_GENERATED_SUFFIXES):
        return None
    if (len(parts) == 1 and parts[0] in FILES) or (len(parts) > 1 and parts[0] in FOLDERS):
        return "/".join(parts)
    return None


def _folded(path: str) -> str:
    """Return the same string for paths that some file systems treat as one, by case or by Unicode normalization."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
