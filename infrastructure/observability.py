"""How to observe a stage: the API's log, the records of runs, alarms and a dashboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from chalicelib.names import Names
from chalicelib.runs.status_pattern import status_pattern
from chalicelib.runs.sweeping import SCHEDULE as SWEEP_SCHEDULE
from infrastructure.api_settings import access_log_group
from infrastructure.function_resources import API_STAGE, RUN_STATUS, RUN_SWEEP
from infrastructure.resources import Resource, assumed_by, attribute, log_group, ref, role, tag_list
from infrastructure.schedules import DEAD_LETTERS, queue_name
from infrastructure.stage import StageSettings

PERIOD = 300  # seconds
LINES = 100
"""The most lines of a graph."""
API_LOG = "ApiLog"
ACCESS_LOG = "AccessLog"


def api_logs(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """Return the log groups of the API: of its function, and of requests if the stage logs them.

    Other functions have theirs in `function_resources`.
    """
    groups = {API_LOG: f"/aws/lambda/{names.app}-{names.stage}"}
    if stage.access_log:
        groups[ACCESS_LOG] = access_log_group(names)
    return {key: log_group(name, stage) for key, name in groups.items()}


def run_record_resources(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """Return what passes changes of a run's status to the function that records them, and lets records be swept.

    The rules have a role to invoke the functions, instead of the functions a permission for the rules, so that the
    functions may be deployed later and by something else.
    """
    here = f"{names.region}:{names.account}"
    machines = f"arn:{names.partition}:states:{here}:stateMachine:{names.resource('')}"
    invoked = (RUN_STATUS, RUN_SWEEP)
    invoking = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "lambda:InvokeFunction",
                "Resource": [names.function_arn(name) for name in invoked],
            }
        ],
    }
    undelivered = {
        "Sid": "UndeliveredRunStatus",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": DEAD_LETTERS,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": [attribute("RunStatusRule", "Arn"), attribute("RunSweepRule", "Arn")]}
        },
    }
    without_tls = {
        "Sid": "NothingWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": DEAD_LETTERS,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "RunStatusRole": role(
            assumed_by(
                "events.amazonaws.com",
                *(f"arn:{names.partition}:events:{here}:rule/{names.resource(name)}" for name in invoked),
            ),
            invoking,
            policy_name="invoke",
            tags=tag_list(stage),
            Description="Invokes the functions that keep the records of runs up to date",
        ),
        "RunStatusRule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": names.resource(RUN_STATUS),
                "Description": "Runs of flows that started, ended or were redriven",
                "EventPattern": status_pattern(machines),
                "Targets": [_target("record", names.function_arn(RUN_STATUS))],
                "Tags": tag_list(stage),
            },
        },
        "RunSweepRule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": names.resource(RUN_SWEEP),
                "Description": "Corrects records of runs that say RUNNING although nothing runs",
                "ScheduleExpression": SWEEP_SCHEDULE,
                "Targets": [_target("sweep", names.function_arn(RUN_SWEEP))],
                "Tags": tag_list(stage),
            },
        },
        "DeadLettersPolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [ref("DeadLetters")],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [undelivered, without_tls]},
            },
        },
    }


def _target(identifier: str, function: str) -> dict[str, Any]:
    return {
        "Id": identifier,
        "Arn": function,
        "RoleArn": attribute("RunStatusRole", "Arn"),
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 50},
        "DeadLetterConfig": {"Arn": DEAD_LETTERS},
    }


def alarm_topic(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """Return the stage's own topic for alarms, unless the settings name another."""
    if stage.alarm_topic_arn or not stage.alarms:
        return {}
    properties = {
        "TopicName": names.resource("alarms"),
        "DisplayName": f"{names.app} {names.stage}",
        "Tags": tag_list(stage),
    }
    return {"AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": properties}}


def alarm_topic_arn(stage: StageSettings) -> Any:
    """Return the ARN of the topic for alarms, or an expression for it."""
    return stage.alarm_topic_arn or ref("AlarmTopic")


@dataclass(frozen=True)
class _Metric:
    """A metric of the stage; `alarm` says what is wrong if its value in a period is above `threshold`."""

    id: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    alarm: str
    threshold: int = 0


def alarm_resources(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """Return the alarms of a stage. Only EXPRESS flows have their own, in `flow_resources`.

    Args:
        stage: The stage's settings.
        names: The stage's names.
    """
    if not stage.alarms:
        return {}
    api_function = f"{names.app}-{names.stage}"  # also the name of the API
    metrics = (
        _Metric("RunsFailed", names.app, "RunsFailed", (("Stage", names.stage),),
                "Runs of flows failed or timed out: see the dashboard's widget \"Failed runs by flow\""),
        _Metric("DeadLetters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", (("QueueName", queue_name(names)),),
                "Scheduled starts, records of runs or webhooks could not be delivered"),
        _Metric("ApiErrors", "AWS/ApiGateway", "5XXError", (("ApiName", api_function), ("Stage", API_STAGE)),
                "The API failed"),
        _Metric("ApiThrottles", "AWS/Lambda", "Throttles", (("FunctionName", api_function),),
                "The API's function was throttled"),
        _Metric("RunStatusErrors", "AWS/Lambda", "Errors", (("FunctionName", names.resource(RUN_STATUS)),),
                "Changes of runs could not be recorded", 2),
        _Metric("FlowThrottles", "AWS/States", "ThrottledEvents", (("ServiceMetric", "StateTransition"),),
                "State transitions of this account were throttled"),
    )  # fmt: skip
    return {
        f"{metric.id}Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmDescription": f"{metric.alarm} ({names.stage})",
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
                "Statistic": "Maximum" if metric.namespace == "AWS/SQS" else "Sum",
                "Period": PERIOD,
                "EvaluationPeriods": 1,
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": metric.threshold,
                "TreatMissingData": "notBreaching",
                "AlarmActions": [alarm_topic_arn(stage)],
                "Tags": tag_list(stage),
            },
        }
        for metric in metrics
    }


def dashboard(stage: StageSettings, names: Names) -> dict[str, Resource]:
    """Return the stage's dashboard. It searches for the metrics of flows, so it does not grow with their number.

    Args:
        stage: The stage's settings.
        names: The stage's names.
    """
    api = ["ApiName", f"{names.app}-{names.stage}", "Stage", API_STAGE]
    widgets = [
        _widget("Requests", names, [["AWS/ApiGateway", name, *api] for name in ("Count", "4XXError", "5XXError")]),
        _widget(
            "Latency",
            names,
            [["AWS/ApiGateway", "Latency", *api, {"stat": statistic}] for statistic in ("p50", "p95", "p99")],
        ),
        _widget("Runs", names, [[{"expression": _search(names, name), "label": ""}] for name in _RUNS]),
        _widget("Failed runs by flow", names, [[{"expression": _search_failures(names), "label": ""}]]),
        _widget("Time of runs", names, [[{"expression": _search(names, "ExecutionTime", "p95"), "label": ""}]]),
        _widget(
            "Functions",
            names,
            [[{"expression": _search_functions(names, name), "label": ""}] for name in ("Errors", "Throttles")],
        ),
        _widget(
            "Dead letters",
            names,
            [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue_name(names), {"stat": "Maximum"}]],
        ),
        _widget("Usage lost", names, [[names.app, "UsageLost", "Stage", names.stage]]),
    ]
    for index, widget in enumerate(widgets):
        widget |= {"x": index % 2 * 12, "y": index // 2 * 6, "width": 12, "height": 6}
    body = json.dumps({"widgets": widgets}, ensure_ascii=False)
    name = names.resource(names.region)  # dashboards are global
    properties = {"DashboardName": name, "DashboardBody": body, "Tags": tag_list(stage)}
    return {"Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}


_RUNS = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")


def _search(names: Names, metric: str, statistic: str = "Sum") -> str:
    query = f'{{AWS/States,StateMachineArn}} MetricName="{metric}" StateMachineArn={names.app}-{names.stage}'
    return _searched(query, statistic)


def _search_functions(names: Names, metric: str) -> str:
    query = f'{{AWS/Lambda,FunctionName}} MetricName="{metric}" FunctionName={names.app}-{names.stage}'
    return _searched(query)


def _search_failures(names: Names) -> str:
    return _searched(f'{{"{names.app}",Stage,Flow}} MetricName="RunsFailed" Stage="{names.stage}"')


def _searched(query: str, statistic: str = "Sum") -> str:
    """Return the series with the largest values that a query finds: a graph shows 500, and more than 100 are a smear.

    Without quotes a name finds all names that contain its words in this order; with quotes, only itself:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """
    return f"SORT(SEARCH('{query}', '{statistic}', {PERIOD}), SUM, DESC, {LINES})"


def _widget(title: str, names: Names, metrics: list[list[Any]]) -> dict[str, Any]:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": names.region,
            "view": "timeSeries",
            "stat": "Sum",
            "period": PERIOD,
            "metrics": metrics,
        },
    }
