"""The dashboard's searches find the stage's metrics, by CloudWatch's rules and with the names that AWS gives metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import pytest

from infrastructure import observability
from infrastructure.stages import PROD
from infrastructure.tokens import template_names
from tests.infrastructure.conftest import APP

EXPRESSION = re.compile(
    r"SORT\(SEARCH\('\{(?P<schema>[^}]*)\} (?P<terms>.*)', '(?P<statistic>\w+)', 300\), SUM, DESC, 100\)"
)
TERM = re.compile(r'(?P<name>\w+)=(?:"(?P<exact>[^"]*)"|(?P<partial>\S+))')
TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@dataclass(frozen=True)
class Metric:
    """A metric as CloudWatch knows it."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def found(expression: str, metric: Metric) -> bool:
    """Whether a search finds a metric."""
    parsed = EXPRESSION.fullmatch(expression)
    assert parsed, expression
    namespace, *dimensions = (part.strip().strip('"') for part in parsed["schema"].split(","))
    if metric.namespace != namespace or sorted(key for key, _ in metric.dimensions) != sorted(dimensions):
        return False
    values = {"MetricName": metric.name, **dict(metric.dimensions)}
    terms = list(TERM.finditer(parsed["terms"]))
    assert " ".join(term[0] for term in terms) == parsed["terms"]
    return all(_matches(term, values[term["name"]]) for term in terms)


def _matches(term: re.Match[str], value: str) -> bool:
    if term["exact"] is not None:
        return term["exact"] == value
    wanted, tokens = TOKEN.findall(term["partial"]), TOKEN.findall(value)
    return any(tokens[n : n + len(wanted)] == wanted for n in range(len(tokens)))


def test_the_rules_are_those_of_the_documentation() -> None:
    assert TOKEN.findall("CustomCount1") == ["Custom", "Count", "1"]
    assert TOKEN.findall("SDBFailure") == ["SDB", "Failure"]
    assert TOKEN.findall("Project2-trial333") == ["Project", "2", "trial", "333"]


def states(name: str, machine: str) -> Metric:
    arn = f"arn:aws:states:eu-west-1:123456789012:stateMachine:{machine}"
    return Metric("AWS/States", name, (("StateMachineArn", arn),))


def function(name: str, called: str) -> Metric:
    return Metric("AWS/Lambda", name, (("FunctionName", called),))


def failed(stage: str, flow: str) -> Metric:
    return Metric(APP, "RunsFailed", (("Stage", stage), ("Flow", flow)))


OWN = {
    "Runs": [states(name, f"{APP}-prod-orderFlow") for name in ("ExecutionsStarted", "ExecutionsFailed")]
    + [states("ExecutionsTimedOut", f"{APP}-prod--express-a")],
    "Time of runs": [states("ExecutionTime", f"{APP}-prod-orderFlow")],
    "Functions": [function("Errors", f"{APP}-prod"), function("Throttles", f"{APP}-prod-hello_world")],
    "Failed runs by flow": [failed("prod", "orderFlow")],
}
OTHERS = [
    states("ExecutionsFailed", f"{APP}-dev-orderFlow"),
    states("ExecutionsFailed", "another-machine-prod"),
    states("ExecutionTime", f"{APP}-dev-orderFlow"),
    function("Errors", f"{APP}-dev-ping"),
    function("Errors", f"{APP}-production-ping"),
    failed("dev", "orderFlow"),
]


@pytest.mark.parametrize("title", OWN)
def test_a_widget_shows_the_stage_s_metrics_and_no_others(title: str) -> None:
    properties = observability.dashboard(PROD, template_names("prod"))["Dashboard"]["Properties"]
    widgets = {w["properties"]["title"]: w["properties"] for w in json.loads(properties["DashboardBody"])["widgets"]}
    expressions = [line[0]["expression"] for line in widgets[title]["metrics"]]
    for metric in OWN[title]:
        assert any(found(expression, metric) for expression in expressions), metric
    for metric in OTHERS:
        assert not any(found(expression, metric) for expression in expressions), metric


def test_one_alarm_watches_the_runs_of_all_flows() -> None:
    alarms = observability.alarm_resources(PROD, template_names("prod"))
    properties = alarms["RunsFailedAlarm"]["Properties"]
    assert (properties["Namespace"], properties["MetricName"]) == (APP, "RunsFailed")
    assert properties["Dimensions"] == [{"Name": "Stage", "Value": "prod"}]
