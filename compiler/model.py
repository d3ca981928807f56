"""Second stage: what a flow's file may say, as data classes.

Each field has its key in YAML, its JSON Schema and its documentation as metadata. From them `compiler.file_schema`
generates the schema that editors use and that the compiler checks files against, so that both always agree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.webhooks.signing import DEFAULT_SECRET

FLOW_NAME = r"^[A-Za-z][A-Za-z0-9_-]*$"
ALIAS_NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
OWN_KEY = "^x-"  # top-level keys of the author's own
DEFAULT_TIMEOUT = 60  # seconds
DEFAULT_MEMORY = 256  # MB
MAX_LAMBDA_TIMEOUT = 900  # seconds
MAX_LAMBDA_MEMORY = 10_240  # MB

VARIABLE_NAME = r"^[A-Z][A-Z0-9_]{0,127}$"
DEFAULT_STATUSES = ("FAILED", "TIMED_OUT")

_STRING = {"type": "string"}
_STATUS = {"type": "string", "enum": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]}
_OBJECT = {"type": "object"}
_ACTIONS = {"anyOf": [_STRING, {"type": "array", "items": _STRING, "minItems": 1}]}


def yaml_key(key: str, schema: dict[str, Any], doc: str, *, required: bool = False) -> dict[str, Any]:
    """Return the metadata of a field: its key in the file, its JSON Schema, and what an editor shows about it."""
    return {"key": key, "schema": schema, "doc": doc, "required": required}


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """A function that a flow calls, under the name used in the definition."""

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
            "The library function: its name, or `functions/lib/NAME/handler.handler`.",
            required=True,
        )
    )
    timeout: int | None = field(
        default=None,
        metadata=yaml_key(
            "timeout",
            {"type": "integer", "minimum": 1},
            f"Seconds after which Lambda stops a call; {DEFAULT_TIMEOUT} by default, at most {MAX_LAMBDA_TIMEOUT}.",
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
    """When a flow is started automatically."""

    expression: str = field(
        metadata=yaml_key(
            "expression",
            _STRING,
            "`cron(0 12 * * ? *)`, `rate(5 minutes)` or `at(2030-01-31T12:00:00)`.",
            required=True,
        )
    )
    timezone: str = field(
        default="UTC",
        metadata=yaml_key("timezone", _STRING, "An IANA time zone such as `Europe/Berlin`; UTC by default."),
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
            "groups",
            {"type": "array", "items": _STRING},
            "Cognito groups whose members may run the flow.",
            required=True,
        ),
    )


@dataclass(frozen=True, slots=True)
class Notify:
    """A call that tells another system that a run has ended."""

    url: str = field(
        metadata=yaml_key(
            "url",
            _STRING,
            "Where the call goes: an https URL, or `${NAME}`, a secret of the stage that has the URL.",
            required=True,
        )
    )
    on: tuple[str, ...] = field(
        default=DEFAULT_STATUSES,
        metadata=yaml_key(
            "on",
            {"anyOf": [_STATUS, {"type": "array", "items": _STATUS, "minItems": 1}]},
            f"The statuses at which it is sent; {' and '.join(DEFAULT_STATUSES)} by default.",
        ),
    )
    secret: str = field(
        default=DEFAULT_SECRET,
        metadata=yaml_key(
            "secret",
            {"type": "string", "pattern": VARIABLE_NAME},
            f"The secret of the stage that signs it; {DEFAULT_SECRET} by default.",
        ),
    )


@dataclass(frozen=True, slots=True)
class IamStatement:
    """One statement of an IAM policy, as in `permissions`."""

    Action: tuple[str, ...] = field(
        metadata=yaml_key("Action", _ACTIONS, "IAM actions, `s3:GetObject`.", required=True)
    )
    Resource: tuple[str, ...] = field(
        metadata=yaml_key("Resource", _ACTIONS, "ARNs; may contain `${...}`.", required=True)
    )
    Effect: str = field(
        default="Allow", metadata=yaml_key("Effect", {"enum": ["Allow", "Deny"]}, "`Allow` by default.")
    )
    Sid: str = field(default="", metadata=yaml_key("Sid", _STRING, "A name for the statement."))
    Condition: dict[str, Any] | None = field(
        default=None, metadata=yaml_key("Condition", _OBJECT, "When the statement applies.")
    )


@dataclass(frozen=True, slots=True)
class Flow:
    """The content of a flow file."""

    name: str = field(
        metadata=yaml_key(
            "name",
            {"type": "string", "pattern": FLOW_NAME},
            "The flow's name, unique across the project and its plugins: `POST /run/<name>`.",
            required=True,
        )
    )
    description: str = field(
        default="", metadata=yaml_key("description", _STRING, "What the flow does, in a sentence for its callers.")
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
            "schedule", {"anyOf": [_STRING, {"$ref": "#/$defs/Schedule"}]}, "When the flow is started automatically."
        ),
    )
    input: Any = field(default=None, metadata=yaml_key("input", _OBJECT, "The input of scheduled runs."))
    input_schema: dict[str, Any] | None = field(
        default=None, metadata=yaml_key("inputSchema", _OBJECT, "JSON Schema of the input; POST /run enforces it.")
    )
    access: Access | None = field(
        default=None,
        metadata=yaml_key("access", {"$ref": "#/$defs/Access"}, "Who may run the flow; every user by default."),
    )
    labels: dict[str, str] = field(
        default_factory=dict,
        metadata=yaml_key(
            "labels",
            {"type": "object", "additionalProperties": _STRING},
            "Labels by which runs are found: reference paths into the input by name, `{order: $.order_id}`; at most 5.",
        ),
    )
    mcp: bool = field(
        default=True,
        metadata=yaml_key(
            "mcp",
            {"type": "boolean"},
            "Whether the flow is a tool of `POST /mcp` for those who may run it; true by default.",
        ),
    )
    notify: tuple[Notify, ...] = field(
        default=(),
        metadata=yaml_key(
            "notify",
            {
                "anyOf": [
                    {"$ref": "#/$defs/Notify"},
                    {"type": "array", "items": {"$ref": "#/$defs/Notify"}, "minItems": 1},
                ]
            },
            "The webhooks that tell other systems when a run has ended, one or a list; at most 5.",
        ),
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
            {"type": "array", "items": _STRING},
            "Flows that this one starts: a flow's name, or `<name>StateMachine`. Optional.",
        ),
    )
    permissions: tuple[IamStatement, ...] = field(
        default=(),
        metadata=yaml_key(
            "permissions",
            {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/IamStatement"}}, {"$ref": "#/$defs/Permissions"}]},
            "IAM statements in addition to those derived from the definition, or `{allow: [...], deny: [...]}`.",
        ),
    )
    denied: tuple[IamStatement, ...] = ()
    written_permissions: Any = None
    written_notify: Any = None
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
            "Statements in addition to those derived from the definition.",
        ),
    )
    deny: tuple[IamStatement, ...] = field(
        default=(),
        metadata=yaml_key(
            "deny",
            {"type": "array", "items": {"anyOf": [_STRING, {"$ref": "#/$defs/IamStatement"}]}},
            "Actions (`sqs:*`) or statements that are denied to the role, even if the definition needs them.",
        ),
    )


def build_flow(value: dict[str, Any]) -> Flow:
    """Build the data classes of a file without `file_schema.violations`."""
    allow, deny = _permissions(value.get("permissions", []))
    access = value.get("access")
    return Flow(
        name=value["name"],
        description=value.get("description", ""),
        type=value.get("type", "STANDARD"),
        schedule=_schedule(value.get("schedule")),
        input=value.get("input"),
        input_schema=value.get("inputSchema"),
        labels=value.get("labels", {}),
        mcp=value.get("mcp", True),
        notify=_notify(value.get("notify", ())),
        written_notify=value.get("notify"),
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


def _notify(value: Any) -> tuple[Notify, ...]:
    entries = [value] if isinstance(value, dict) else value
    return tuple(Notify(**{**entry, "on": _statuses(entry.get("on", DEFAULT_STATUSES))}) for entry in entries)


def _statuses(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))


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
        Action=_strings(value["Action"]),
        Resource=_strings(value["Resource"]),
        Effect=value.get("Effect", "Allow"),
        Sid=value.get("Sid", ""),
        Condition=value.get("Condition"),
    )


def _strings(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
