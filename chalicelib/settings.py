"""The environment contract: the only module that reads or writes `os.environ`.

Values are read when they are asked for, so that changes by a test, or by a cloud attached after the import, take
effect at once.

Every cold start imports this module. It uses neither `dataclasses` nor `pathlib`, whose import takes a tenth of such a
start, and neither do the other modules that the first answer needs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.names import Names

    PROJECT: Path
    """The folder of `app.py`; on Lambda `/var/task`."""

PLUGIN_LIST = ".plugins/installed.json"
"""The file in the project that lists the installed plugins."""


class Settings:
    """The environment variables that the application understands (docs/architecture.md lists them)."""

    __slots__ = ()

    @property
    def stage(self) -> str:
        return os.environ.get("STAGE") or "local"

    @property
    def region(self) -> str:
        return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"

    @property
    def account(self) -> str:
        return os.environ.get("ACCOUNT_ID") or "123456789012"

    @property
    def names(self) -> Names:
        """The names of the stage's resources."""
        from chalicelib.names import Names

        return Names(stage=self.stage, region=self.region, account=self.account, alias=os.environ.get("FLOW_ALIAS", ""))

    @property
    def user_pool_id(self) -> str:
        return os.environ.get("USER_POOL_ID", "")

    @property
    def user_pool_client_id(self) -> str:
        return os.environ.get("USER_POOL_CLIENT_ID", "")

    @property
    def admins_need_mfa(self) -> bool:
        """Whether the group of administrators has rights only for users who sign in with a second factor."""
        return os.environ.get("ADMIN_MFA") == "required"

    @property
    def waiting_per_user(self) -> int:
        """How many requests of a user may wait for runs at the same time; 0 for any number."""
        text = os.environ.get("WAITING_PER_USER", "")
        return int(text) if text.isdecimal() else 0

    @property
    def user_pool_arn(self) -> str:
        pool = self.user_pool_id or f"{self.region}_local"
        region = pool.partition("_")[
            0
        ]  # which a pool's id begins with; AWS_REGION may be unset while deploying with a profile
        return f"arn:aws:cognito-idp:{region}:{self.account}:userpool/{pool}"

    @property
    def token_issuer(self) -> str:
        """The `iss` claim that tokens must carry."""
        return os.environ.get("TOKEN_ISSUER") or f"https://cognito-idp.{self.region}.amazonaws.com/{self.user_pool_id}"

    @property
    def jwks_url(self) -> str:
        """The URL of the keys that tokens are signed with. A local user pool has another host than its issuer."""
        return os.environ.get("JWKS_URL") or f"{self.token_issuer}/.well-known/jwks.json"

    @property
    def cors_origins(self) -> tuple[str, ...]:
        """The origins that browsers may call from; `*` means every origin."""
        listed = os.environ.get("CORS_ORIGINS", "*").split(",")
        return tuple(origin.strip().rstrip("/") for origin in listed if origin.strip())

    @property
    def workbench_groups(self) -> tuple[str, ...]:
        """The groups whose members may test states of runs; `*`, the default on this machine only, means everybody."""
        everybody = "*" if self.stage == "local" and not self.on_lambda else ""
        listed = os.environ.get("WORKBENCH_GROUPS", everybody).split(",")
        return tuple(group for group in listed if group)

    @property
    def api_url(self) -> str:
        """The address at which the API can be reached, for links in messages; empty if it isn't known."""
        return os.environ.get("API_URL", "").rstrip("/")

    @property
    def webhook_networks(self) -> str:
        """Networks that webhooks may go to although they aren't public: `10.0.0.0/8, fd00::/8`."""
        return os.environ.get("WEBHOOK_NETWORKS", "")

    @property
    def exports_traces(self) -> bool:
        """Whether spans are exported: OpenTelemetry's own variables decide."""
        if (
            os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
            or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
        ):
            return False
        names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        return any(os.environ.get(name) for name in names)

    @property
    def has_otlp_timeout(self) -> bool:
        """Whether a variable says how long an export may take."""
        return any(os.environ.get(f"OTEL_EXPORTER_OTLP_{name}") for name in ("TIMEOUT", "TRACES_TIMEOUT"))

    @property
    def service_name(self) -> str:
        """The service's name in traces: `<app>-<stage>`."""
        return self.names.resource("").rstrip("-")

    @property
    def trace_header(self) -> str:
        """The X-Ray trace of the invocation that the process serves, as Lambda names it; empty elsewhere."""
        return os.environ.get("_X_AMZN_TRACE_ID", "")

    @property
    def xray_daemon(self) -> tuple[str, int] | None:
        """Host and port of X-Ray's daemon; None where there is none, or where the stage does without tracing."""
        if os.environ.get("TRACING") == "off":
            return None
        host, _, port = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "").rpartition(":")
        return (host, int(port)) if host and port.isdigit() else None

    @property
    def secrets_refresh_seconds(self) -> float:
        """How long loaded secrets are kept, in seconds."""
        try:
            return max(0.0, float(os.environ.get("SECRETS_REFRESH_SECONDS") or 300))
        except ValueError:
            return 300.0

    @property
    def catalog_file(self) -> str | None:
        """Where the catalog of flows is if it isn't in the package, for functions that run on a developer's machine."""
        return os.environ.get("CATALOG_FILE") or None

    @property
    def log_level(self) -> str:
        return os.environ.get("LOG_LEVEL", "INFO").upper()

    @property
    def aws_endpoint(self) -> str | None:
        """The endpoint to use in place of AWS's, localcloud's for example. boto3 reads the variable itself."""
        return os.environ.get("AWS_ENDPOINT_URL") or None

    def aws_endpoint_of(self, service: str) -> str | None:
        """Return the endpoint of one service, by its id in capitals (`SSM`), if not AWS's; as boto3 does."""
        if os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
            return None
        return os.environ.get(f"AWS_ENDPOINT_URL_{service}") or self.aws_endpoint

    @property
    def lambda_credentials(self) -> tuple[str, str, str | None] | None:
        """Access key, secret key and session token where Lambda or the local cloud provides them, None elsewhere.

        It is also None if other variables say how to reach AWS, as only boto3 knows how to follow them. For an endpoint
        on this machine, no proxy or profile matters.
        """
        keys = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
        endpoint = self.aws_endpoint or ""
        if not (keys[0] and keys[1]) or not (self.on_lambda or endpoint):
            return None
        on_this_machine = endpoint.startswith(("http://127.0.0.1:", "http://localhost:"))
        if not on_this_machine and any(os.environ.get(name) for name in _ONLY_BOTO3):
            return None
        return keys[0], keys[1], os.environ.get("AWS_SESSION_TOKEN") or None

    @property
    def has_cloud(self) -> bool:
        """Whether the stage's resources exist: those of the stage `local` do only at a custom endpoint.

        Where there is none (a test, `python -m compiler run`), nothing asks an AWS account for a stage it can't have.
        """
        return self.aws_endpoint is not None or self.stage != "local"

    @property
    def on_lambda(self) -> bool:
        """Whether this process is a Lambda function, or a worker that stands in for one."""
        return "AWS_LAMBDA_FUNCTION_NAME" in os.environ

    @property
    def in_chalice_cli(self) -> bool:
        """Whether Chalice's command line (package, deploy, local) imports the application."""
        return os.environ.get("AWS_CHALICE_CLI_MODE") == "true"


_ONLY_BOTO3 = (
    "AWS_CA_BUNDLE",
    "AWS_PROFILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "https_proxy",
    "http_proxy",
)

settings = Settings()


def __getattr__(name: str) -> Any:
    if name != "PROJECT":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pathlib import Path

    project = globals()[name] = Path(__file__).resolve().parent.parent
    return project


def has_plugins() -> bool:
    """Whether any plugin may be installed."""
    return os.path.exists(os.path.join(os.path.dirname(os.path.dirname(__file__)), PLUGIN_LIST))  # noqa: PTH110, PTH118, PTH120


def defines(name: str) -> bool:
    """Whether the environment variable `name` is set."""
    return name in os.environ


def variable(name: str) -> str | None:
    """Return the value of the environment variable `name`, for names that users choose; None if it isn't set."""
    return os.environ.get(name)


def set_variable(name: str, value: str) -> None:
    """Set the environment variable `name`, as secrets are handed to functions."""
    os.environ[name] = value


def remove_variable(name: str) -> None:
    """Remove the environment variable `name` if it is set."""
    os.environ.pop(name, None)
