"""Second stage: what a flow's file may say, as data classes.

Each field carries its key in YAML, its JSON Schema and its documentation; `compiler.file_schema` makes of them
the schema that editors use and that the compiler checks files against, so that both always agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FLOW_NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"
ALIAS_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
DEFAULT_TIMEOUT = 60  # seconds
DEFAULT_MEMORY = 256  # MB
MAX_LAMBDA_TIMEOUT = 900  # seconds
MAX_LAMBDA_MEMORY = 10_240  # MB

_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}
_ACTIONS = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}


def yaml_key(key: str, schema: dict[str, Any], doc: str, *, required: bool = False) -> dict[str, Any]:
    """Metadata of a field: its key in the file, its JSON Schema, and what an editor shows about it."""
    return {"key": key, "schema": schema, "doc": doc, "required": required}


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """A function of a flow, under the name that the definition calls it by."""

    name: str = field(
        metadata=yaml_key(
            "name",
            {"type": "string", "pattern": ALIAS_NAME},
            "The name in the definition: `${<name>Arn}` is the function's ARN.",
            required=True,
        )
    )
    handler: str = field(
        metadata=yaml_key(
            "handler",
            {"type": "string", "minLength": 1},
            "Which library function: its name, or `functions/lib/NAME/handler.handler`.",
            required=True,
        )
    )
    timeout: int | None = field(
        default=None,
        metadata=yaml_key(
            "timeout",
            {"type": "integer", "minimum": 1},
            f"Seconds before Lambda ends a call; {DEFAULT_TIMEOUT} by default, {MAX_LAMBDA_TIMEOUT} at most.",
        ),
    )
    memory: int | None = field(
        default=None,
        metadata=yaml_key(
            "memory",
            {"type": "integer", "minimum": 128, "maximum": MAX_LAMBDA_MEMORY},
            f"Memory in MB; {DEFAULT_MEMORY} by default.",
        ),
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a flow starts by itself."""

    expression: str = field(
        metadata=yaml_key(
            "expression", _TEXT, "`cron(0 12 * * ? *)`, `rate(5 minutes)` or `at(2030-01-31T12:00:00)`.", required=True
        )
    )
    timezone: str = field(
        default="UTC",
        metadata=yaml_key("timezone", _TEXT, "An IANA time zone such as `Europe/Berlin`; UTC by default."),
    )
    enabled: bool = field(
        default=True, metadata=yaml_key("enabled", {"type": "boolean"}, "Whether the schedule fires; true by default.")
    )


@dataclass(frozen=True, slots=True)
class Access:
    """Who may run a flow."""

    groups: tuple[str, ...] = field(
        default=(),
        metadata=yaml_key(
            "groups", {"type": "array", "items": _TEXT}, "Cognito groups whose members may run the flow.", required=True
        ),
    )


@dataclass(frozen=True, slots=True)
class IamStatement:
    """One statement of an IAM policy, as in `permissions`."""

    Action: tuple[str, ...] = field(
        metadata=yaml_key("Action", _ACTIONS, "IAM actions, `s3:GetObject`.", required=True)
    )
    Resource: tuple[str, ...] = field(
        metadata=yaml_key("Resource", _ACTIONS, "ARNs; `${...}` names resolve here as well.", required=True)
    )
    Effect: str = field(
        default="Allow", metadata=yaml_key("Effect", {"enum": ["Allow", "Deny"]}, "`Allow` by default.")
    )
    Sid: str = field(default="", metadata=yaml_key("Sid", _TEXT, "A name for the statement."))
    Condition: dict[str, Any] | None = field(
        default=None, metadata=yaml_key("Condition", _OBJECT, "When the statement applies.")
    )


@dataclass(frozen=True, slots=True)
class Flow:
    """What a flow's file says."""

    name: str = field(
        metadata=yaml_key(
            "name",
            {"type": "string", "pattern": FLOW_NAME},
            "The flow's name, unique across the project and its plugins: `POST /run/<name>`.",
            required=True,
        )
    )
    description: str = field(
        default="", metadata=yaml_key("description", _TEXT, "What the flow does, in a sentence for its callers.")
    )
    type: str = field(
        default="STANDARD",
        metadata=yaml_key(
            "type", {"enum": ["STANDARD", "EXPRESS"]}, "STANDARD (up to a year, exactly once) or EXPRESS (5 minutes)."
        ),
    )
    schedule: Schedule | None = field(
        default=None,
        metadata=yaml_key(
            "schedule", {"anyOf": [_TEXT, {"$ref": "#/$defs/Schedule"}]}, "When the flow starts by itself."
        ),
    )
    input: Any = field(default=None, metadata=yaml_key("input", _OBJECT, "The input of scheduled runs."))
    input_schema: dict[str, Any] | None = field(
        default=None, metadata=yaml_key("inputSchema", _OBJECT, "JSON Schema of the input; POST /run enforces it.")
    )
    access: Access | None = field(
        default=None,
        metadata=yaml_key("access", {"$ref": "#/$defs/Access"}, "Who may run the flow: every user by default."),
    )
    functions: tuple[FunctionEntry, ...] = field(
        default=(),
        metadata=yaml_key(
            "functions",
            {"type": "array", "items": {"$ref": "#/$defs/FunctionEntry"}},
            "The functions that the flow calls.",
        ),
    )
    references: tuple[str, ...] = field(
        default=(),
        metadata=yaml_key(
            "stateMachineReferences",
            {"type": "array", "items": _TEXT},
            "Flows that this one starts: a flow's name, or `<name>StateMachine`; may be left out.",
        ),
    )
    permissions: tuple[IamStatement, ...] = field(
        default=(),
        metadata=yaml_key(
            "permissions",
            {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/IamStatement"}}, {"$ref": "#/$defs/Permissions"}]},
            "IAM statements added to those that the definition needs, or `{allow: [...], deny: [...]}`.",
        ),
    )
    denied: tuple[IamStatement, ...] = ()
    written_permissions: Any = None
    definition: dict[str, Any] | None = field(
        default=None,
        metadata=yaml_key("definition", {"$ref": "#/$defs/StateMachine"}, "The flow in Amazon States Language."),
    )


@dataclass(frozen=True, slots=True)
class Permissions:
    """The long form of `permissions`."""

    allow: tuple[IamStatement, ...] = field(
        default=(),
        metadata=yaml_key(
            "allow",
            {"type": "array", "items": {"$ref": "#/$defs/IamStatement"}},
            "Statements that the role gets as well.",
        ),
    )
    deny: tuple[IamStatement, ...] = field(
        default=(),
        metadata=yaml_key(
            "deny",
            {"type": "array", "items": {"anyOf": [_TEXT, {"$ref": "#/$defs/IamStatement"}]}},
            "Actions (`sqs:*`) or statements that the role must not have, whatever the definition needs.",
        ),
    )


def build_flow(value: dict[str, Any]) -> Flow:
    """The data classes of a file that `file_schema.violations` finds nothing wrong with."""
    allow, deny = _permissions(value.get("permissions", []))
    access = value.get("access")
    return Flow(
        name=value["name"],
        description=value.get("description", ""),
        type=value.get("type", "STANDARD"),
        schedule=_schedule(value.get("schedule")),
        input=value.get("input"),
        input_schema=value.get("inputSchema"),
        access=None if access is None else Access(tuple(access["groups"])),
        functions=tuple(FunctionEntry(**entry) for entry in value.get("functions", ())),
        references=tuple(value.get("stateMachineReferences", ())),
        permissions=allow,
        denied=deny,
        written_permissions=value.get("permissions"),
        definition=value.get("definition"),
    )


def _schedule(value: str | dict[str, Any] | None) -> Schedule | None:
    if value is None:
        return None
    return Schedule(value) if isinstance(value, str) else Schedule(**value)


def _permissions(value: list[Any] | dict[str, Any]) -> tuple[tuple[IamStatement, ...], tuple[IamStatement, ...]]:
    if isinstance(value, list):
        value = {"allow": value}
    deny = [{"Action": item, "Resource": "*"} if isinstance(item, str) else item for item in value.get("deny", ())]
    return (
        tuple(_statement(item) for item in value.get("allow", ())),
        tuple(_statement({**item, "Effect": "Deny"}) for item in deny),
    )


def _statement(value: dict[str, Any]) -> IamStatement:
    return IamStatement(
        Action=_texts(value["Action"]),
        Resource=_texts(value["Resource"]),
        Effect=value.get("Effect", "Allow"),
        Sid=value.get("Sid", ""),
        Condition=value.get("Condition"),
    )


def _texts(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
