"""Fails until a file exists."""

from pathlib import Path


class NotYet(Exception):
    pass


def handler(event, context):
    if not Path(event["file"]).exists():
        raise NotYet(f"{event['file']} is missing")
    return {"found": True}
