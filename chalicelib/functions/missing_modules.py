"""What to do about a module that a function imports and that is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.functions.discovery import Function

PACKAGES = {
    "Crypto": "pycryptodome",
    "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "git": "gitpython",
    "github": "pygithub",
    "google.cloud.bigquery": "google-cloud-bigquery",
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "multipart": "python-multipart",
    "nacl": "pynacl",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "telegram": "python-telegram-bot",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""The packages of modules that have another name than their package."""


def package_of(module: str) -> str:
    """Return the package that most likely has a module: by the table, or else of the same name."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        package = PACKAGES.get(".".join(parts[:length]))
        if package is not None:
            return package
    return parts[0].replace("_", "-")


def command_for(module: str) -> str:
    """Return the command that makes a module available to functions."""
    return f"make add PACKAGE={package_of(module)}"


def advice(function: Function, error: BaseException) -> str:
    """Return what to do about a module that `function` lacks, in parentheses.

    It is empty if `error` is about something else, or says it already.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top = error.name.partition(".")[0]
    if (function.folder / f"{top}.py").is_file() or (function.folder / top).is_dir():
        return f" (it is in the function's folder: write `from . import {top}`)"
    if error.name.startswith("chalicelib."):
        return f" (there is no such file in {'/'.join(error.name.split('.')[:-1])})"
    text = f" (run `{command_for(error.name)}`)"
    return "" if text in error.msg else text


@contextmanager
def advised(function: Function) -> Iterator[None]:
    """Add the advice to the message of a `ModuleNotFoundError`, for the log and for a flow's cause.

    The exception stays the same one, as flows retry or catch it by its name.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        error.msg += advice(function, error)
        raise
