"""What `sdw login` keeps: tokens by name, in a file of the user's configuration that nobody else can read."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sdw_client.cognito import Tokens
from sdw_client.errors import NotSignedIn


@dataclass(frozen=True, slots=True)
class SavedLogin:
    """A user at an address, under a name of the user's choice."""

    name: str
    url: str
    email: str
    tokens: Tokens


class Logins:
    """The file with logins.

    Args:
        file: Where it is.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Logins:
        """Return the logins of the user that the environment describes; `SDW_CONFIG_DIR` names another folder."""
        if folder := environment.get("SDW_CONFIG_DIR"):
            return cls(Path(folder) / "logins.json")
        if sys.platform == "win32" and (roaming := environment.get("APPDATA")):
            return cls(Path(roaming) / "sdw" / "logins.json")
        home = Path(environment.get("HOME") or Path.home())
        return cls(Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "sdw" / "logins.json")

    def named(self, name: str) -> SavedLogin:
        """Return the login with this name.

        Raises:
            NotSignedIn: There is none.
        """
        found = self.all().get(name)
        if found is None:
            known = ", ".join(sorted(self.all())) or "none"
            raise NotSignedIn(f"There is no login {name!r} (known: {known}). `sdw login --stage {name}` creates it.")
        return found

    def last(self) -> SavedLogin | None:
        """Return the login that was created last."""
        return self.all().get(str(self._read().get("last")))

    def at(self, url: str) -> SavedLogin | None:
        """Return a login at this address, the last one if it is there."""
        last = self.last()
        candidates = [*([last] if last is not None else []), *self.all().values()]
        return next((one for one in candidates if one.url == url), None)

    def all(self) -> dict[str, SavedLogin]:
        """Return the logins by name."""
        found = {}
        for name, raw in self._read().get("logins", {}).items():
            with suppress(TypeError, KeyError):
                found[name] = SavedLogin(name, raw["url"], raw["email"], Tokens(**raw["tokens"]))
        return found

    def keep(self, login: SavedLogin, *, as_last: bool = False) -> None:
        """Add a login, or replace the one with its name."""
        document = self._read()
        document.setdefault("logins", {})[login.name] = {
            "url": login.url,
            "email": login.email,
            "tokens": asdict(login.tokens),
        }
        if as_last:
            document["last"] = login.name
        self._write(document)

    def keeper(self, login: SavedLogin) -> Callable[[Tokens], None]:
        """Return a function that keeps new tokens of a login. Where that fails, the old ones stay."""

        def keep(tokens: Tokens) -> None:
            with suppress(OSError):
                self.keep(replace(login, tokens=tokens))

        return keep

    def forget(self, name: str) -> None:
        """Remove a login."""
        document = self._read()
        document.get("logins", {}).pop(name, None)
        if document.get("last") == name:
            del document["last"]
        self._write(document)

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, document: Mapping[str, Any]) -> None:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.file.parent)  # only its owner can read it
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=2)
            Path(name).replace(self.file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
