"""Reads a project's files, which may be anything. It never waits for a pipe, and says in one line what is wrong."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MAX_BYTES = 8 * 1024 * 1024
"""The most bytes that a file of a project may have: code, flows and settings are far smaller."""

_DENIED = "permission denied: make it readable (`chmod u+r`)"
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnreadableFileError(OSError):
    """A file can't be read. The message says why and what to do, without the file's name."""


def why_unreadable(path: Path) -> str:
    """Return why a file can't be read, with what to do; the empty string if nothing is in the way. Opens nothing."""
    try:
        problem = _problem(os.stat(path))  # noqa: PTH116 - asked for every function at every request
    except OSError as error:
        return _explain(error)
    return problem or ("" if os.access(path, os.R_OK) else _DENIED)


def read_bytes(path: Path) -> bytes:
    """Return the content of a regular file of at most `MAX_BYTES`.

    Raises:
        FileNotFoundError: There is no such file, nor a link of that name.
        UnreadableFileError: It can't be read.
    """
    try:
        # A named pipe would wait for somebody who writes.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not path.is_symlink():
            raise
        raise UnreadableFileError(why_unreadable(path) or _explain(error)) from None
    try:
        problem = _problem(os.fstat(descriptor))
        if problem:
            raise UnreadableFileError(problem)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    except UnreadableFileError:
        raise
    except OSError as error:
        raise UnreadableFileError(_explain(error)) from None
    finally:
        os.close(descriptor)


def read_text(path: Path) -> str:
    """Return the content of a UTF-8 file, without a byte order mark and with `\\n` as its line ends.

    Raises:
        FileNotFoundError: There is no such file, nor a link of that name.
        UnreadableFileError: It can't be read.
        UnicodeDecodeError: It is not UTF-8.
    """
    return read_bytes(path).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def _problem(status: os.stat_result) -> str:
    mode = status.st_mode
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "not a file")
        return f"it is {kind}: replace it with a file, or rename or remove it"
    if status.st_size > MAX_BYTES:
        size, most = status.st_size / 2**20, MAX_BYTES // 2**20
        return f"it has {size:,.0f} MB, and {most} MB is the most that is read: make it smaller, or move it elsewhere"
    return ""


def _explain(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "it is a symbolic link that leads back to itself: replace or remove it"
    if error.errno in (errno.EACCES, errno.EPERM):
        return _DENIED
    if error.errno == errno.ENOENT:
        return "it is a symbolic link to a file that does not exist: replace or remove it"
    return f"{error.strerror or error}: make it readable, or remove it"
