"""The settings of the API's stage, and its access log."""

from __future__ import annotations

import json
from dataclasses import replace

from infrastructure import observability
from infrastructure.api_settings import FORMAT, stage_properties
from infrastructure.stages import PROD
from infrastructure.tokens import template_names
from tests.infrastructure.conftest import APP

LOGGED = replace(PROD, access_log=True)


def test_requests_are_logged_only_where_a_stage_says_so() -> None:
    names = template_names("prod")
    assert "AccessLogSetting" not in stage_properties(PROD, "arn")
    assert "AccessLog" not in observability.api_logs(PROD, names)
    assert stage_properties(LOGGED, "arn")["AccessLogSetting"] == {"DestinationArn": "arn", "Format": FORMAT}
    group = observability.api_logs(LOGGED, names)["AccessLog"]["Properties"]
    assert (group["LogGroupName"], group["RetentionInDays"]) == (f"/aws/apigateway/{APP}-prod", 180)


def test_a_line_leads_to_the_user_and_to_the_trace_and_has_no_secret() -> None:
    line = json.loads(FORMAT)
    assert "\n" not in FORMAT  # a line of the log is one event
    assert line["userId"] == "$context.authorizer.claims.sub"
    assert line["traceId"] == "$context.xrayTraceId"
    logged = " ".join(line.values()).lower()
    assert not any(word in logged for word in ("authorization", "token", "email", "querystring", "body", "apikey"))


def test_metrics_for_each_method_cost_nothing_unless_they_are_wanted() -> None:
    settings, *_ = stage_properties(PROD, "arn")["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"], settings["MetricsEnabled"]) == ("/*", "*", False)
    settings, *_ = stage_properties(replace(PROD, method_metrics=True), "arn")["MethodSettings"]
    assert settings["MetricsEnabled"] is True
