"""What `config.json` asks for: `{"plugins": ["git+https://...", {"source": "...", "prefix": "acme_"}]}`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asl.language.values import read_json
from chalicelib.files import read_text
from plugin_manager.errors import PluginError
from plugin_manager.sources import Source, parse_source

CONFIG = "config.json"
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9]*[_-]?")
_KEYS = frozenset({"source", "prefix"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry: where the plugin comes from, and the prefix of the names of its functions and flows."""

    source: Source
    prefix: str = ""


def read_config(root: Path, environment: Mapping[str, str] = os.environ) -> list[Wanted]:
    """Read which plugins the project at `root` asks for, in order.

    Args:
        root: The project's folder.
        environment: Where `${...}` comes from.

    Raises:
        PluginError: An entry is wrong. The message gives its number and does not quote it: it may contain a token.
    """
    wanted: list[Wanted] = []
    for number, entry in enumerate(_entries(root), 1):
        where = f"{CONFIG}, plugin {number}"
        if isinstance(entry, str):
            entry = {"source": entry}
        if not isinstance(entry, dict) or not isinstance(entry.get("source"), str) or set(entry) - _KEYS:
            raise PluginError(f'{where}: expected an address, or {{"source": "...", "prefix": "..."}}')
        prefix = entry.get("prefix", "")
        if not isinstance(prefix, str) or (prefix and not _PREFIX.fullmatch(prefix)):
            raise PluginError(f"{where}: a prefix consists of letters and digits, and may end in _ or -")
        try:
            source = parse_source(entry["source"].strip(), root, environment)
        except PluginError as error:
            raise PluginError(f"{where}: {error}") from None
        if any(other.source.address == source.address for other in wanted):
            raise PluginError(f"{where}: {source.address} is listed twice")
        wanted.append(Wanted(source, prefix))
    return wanted


def _entries(root: Path) -> list[Any]:
    try:
        document = read_json(read_text(root / CONFIG))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PluginError(f"{CONFIG} can't be read: {error}") from None
    except (ValueError, RecursionError) as error:
        raise PluginError(f"{CONFIG} is not valid JSON: {error}") from None
    found = document.get("plugins", []) if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise PluginError(f'{CONFIG}: expected {{"plugins": [...]}}')
    return found
