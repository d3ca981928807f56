"""Finds the localcloud that serves a project, by the file that it has left."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from localcloud.settings import CLOUD_FILE, STATE_FOLDER

PROBE_SECONDS = 1.0


def running_cloud(root: Path) -> dict[str, str] | None:
    """The application's environment in the localcloud that serves the project at `root`, None if none answers."""
    try:
        document: dict[str, Any] = json.loads((root / STATE_FOLDER / CLOUD_FILE).read_text())
        host, _, port = document["endpoint"].removeprefix("http://").partition(":")
        with closing(http.client.HTTPConnection(host, int(port), timeout=PROBE_SECONDS)) as connection:
            connection.request("GET", "/_localcloud/health")
            alive = json.load(connection.getresponse())
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return None
    if alive.get("pid") != document["pid"]:  # another process has got the port since
        return None
    return {**document["environment"], **document.get("application", {})}
