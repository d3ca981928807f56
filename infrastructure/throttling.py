"""How many requests a second each method of the API accepts.

API Gateway counts each method by itself. Methods that may keep a function busy for long, and those that anybody can
call without a token, have a lower limit than the others, so that they leave instances of the API's function for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.api.routes import ROUTES
from infrastructure.stage import StageSettings

SLOW = frozenset(
    {
        ("POST", "/run/{flow_name}"),
        ("GET", "/run/{flow_name}/{execution_id}"),
        ("POST", "/run/{flow_name}/{execution_id}/states/test"),
        ("POST", "/runs/redrive"),
        ("POST", "/runs/rerun"),
        ("POST", "/lib/{function_name}"),
        ("POST", "/mcp"),
    }
)
"""Methods that may take up to the 29 seconds after which API Gateway gives up."""


@dataclass(frozen=True, slots=True)
class MethodLimit:
    """The limit of one method: requests a second, and requests at once."""

    method: str
    path: str
    rate: float
    burst: int

    @property
    def resource_path(self) -> str:
        """The path as CloudFormation names it: encoded, after a slash; the root is only that slash.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-stage-methodsetting.html
        """
        return "/" if self.path == "/" else self.patch_path

    @property
    def patch_path(self) -> str:
        """The path as patch operations name it: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html"""
        return f"/{self.path.replace('/', '~1')}"


def method_limits(stage: StageSettings) -> Iterator[MethodLimit]:
    """Yield the methods that have a limit of their own.

    Args:
        stage: The stage's settings.
    """
    for route in ROUTES:
        if route.public or route.key is not None or (route.method, route.path) in SLOW:
            yield MethodLimit(
                route.method,
                route.path,
                min(stage.limited_rate, stage.throttle_rate),
                min(stage.limited_burst, stage.throttle_burst),
            )


def method_settings(stage: StageSettings) -> list[dict[str, Any]]:
    """Return the settings of all methods as CloudFormation takes them; the first is the default.

    Args:
        stage: The stage's settings.
    """
    default = {
        "HttpMethod": "*",
        "ResourcePath": "/*",
        "MetricsEnabled": stage.method_metrics,
        "ThrottlingRateLimit": stage.throttle_rate,
        "ThrottlingBurstLimit": stage.throttle_burst,
    }
    own = [
        {
            "HttpMethod": limit.method,
            "ResourcePath": limit.resource_path,
            "MetricsEnabled": stage.method_metrics,  # a method with settings of its own inherits none
            "ThrottlingRateLimit": limit.rate,
            "ThrottlingBurstLimit": limit.burst,
        }
        for limit in method_limits(stage)
    ]
    return [default, *own]
