"""AWS's services and their actions, by the names that Step Functions gives them in `arn:aws:states:::aws-sdk:...`.

Read from botocore's API models. Only their first bytes are read for the names of the services.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_HEAD = 4_000  # bytes of a model, its metadata included
_MODEL = "service-2.json.gz"


@dataclass(frozen=True, slots=True)
class Service:
    """A service: the name that requests to it are signed with, and the file of its API model."""

    signing_name: str
    model: Path


@cache
def services() -> dict[str, Service]:
    """Return every service in botocore by its name in Step Functions: `dynamodb`, `sfn`, `cloudwatchlogs`."""
    import botocore

    found: dict[str, Service] = {}
    for folder in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        versions = sorted(folder.glob(f"*/{_MODEL}")) if folder.is_dir() else []
        if not versions:
            continue
        with gzip.open(versions[-1]) as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
        name = re.sub(r"[^a-z0-9]", "", _member("serviceId", head).lower())
        signing_name = _member("signingName", head) or _member("endpointPrefix", head) or name
        if name:
            found[name] = Service(signing_name, versions[-1])
    return found


def _member(name: str, head: str) -> str:
    match = re.search(rf'"{name}"\s*:\s*"([^"]*)"', head)
    return match[1] if match else ""


@cache
def actions(service: str) -> frozenset[str]:
    """Return the actions of a service as Step Functions writes them, `getItem`; empty for an unknown service."""
    known = services().get(service)
    if known is None:
        return frozenset()
    with gzip.open(known.model) as file:
        operations = json.load(file)["operations"]
    return frozenset(name[:1].lower() + name[1:] for name in operations)
