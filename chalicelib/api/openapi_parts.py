"""What schemas of the OpenAPI document are made of."""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
NULLABLE: dict[str, Any] = {"type": ["string", "null"]}
DATE = {"type": "string", "format": "date-time"}
NULLABLE_DATE = {"type": ["string", "null"], "format": "date-time"}
NULLABLE_OBJECT = {"type": ["object", "null"]}
COUNT = {"type": "integer", "minimum": 0}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
NUMBER = {"type": "number"}
BOX = {"x": NUMBER, "y": NUMBER, "width": NUMBER, "height": NUMBER}


def an_object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def a_page(key: str, item: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    more = {
        "nextToken": {**TEXT, "description": "The query parameter `nextToken` of the next page."},
        **(optional or {}),
    }
    return an_object({key: {"type": "array", "items": item}, "count": COUNT}, more)


def following(key: str, item: dict[str, Any]) -> dict[str, Any]:
    """A list whose token also gives what is new while the run is running."""
    description = "The query parameter `nextToken` of the next page, and of what is new while the run is running."
    return an_object({key: {"type": "array", "items": item}}, {"nextToken": {**TEXT, "description": description}})


def reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
