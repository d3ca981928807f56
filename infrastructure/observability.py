"""What tells how the stage is doing: the API's log, records of runs, alarms, a dashboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnOutput, aws_cloudwatch, aws_events, aws_iam, aws_logs, aws_sns, aws_sqs
from constructs import Construct

from chalicelib.names import Names
from infrastructure.flow_resources import assumed_by
from infrastructure.function_resources import API_STAGE, RUN_STATUS
from infrastructure.schedules import Schedules
from infrastructure.stages import StageSettings

PERIOD = 300  # seconds


def add_api_log(scope: Construct, stage: StageSettings, names: Names) -> aws_logs.CfnLogGroup:
    """The log of the API's function. (Those of the other functions are with these.)"""
    return aws_logs.CfnLogGroup(
        scope,
        "ApiLog",
        log_group_name=f"/aws/lambda/{names.app}-{names.stage}",
        retention_in_days=stage.log_retention_days,
    )


def add_run_status(scope: Construct, names: Names, schedules: Schedules) -> None:
    """Tell the function that keeps the records about every run that changes its status.

    The rule invokes by a role and not by a permission of the function, so that the function may come later, from
    another deployment.
    """
    function = names.function_arn(RUN_STATUS)
    machines = f"arn:{names.partition}:states:{names.region}:{names.account}:stateMachine:{names.resource('')}"
    rule_name = names.resource(RUN_STATUS)
    role = aws_iam.CfnRole(
        scope,
        "RunStatusRole",
        description="Passes changes of runs to the function that records them",
        assume_role_policy_document=assumed_by(
            "events.amazonaws.com", f"arn:{names.partition}:events:{names.region}:{names.account}:rule/{rule_name}"
        ),
        policies=[
            aws_iam.CfnRole.PolicyProperty(
                policy_name="invoke",
                policy_document={
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": function}],
                },
            )
        ],
    )
    rule = aws_events.CfnRule(
        scope,
        "RunStatusRule",
        name=rule_name,
        description="Runs of flows that started, ended or were redriven",
        event_pattern={
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [{"prefix": machines}]},
        },
        targets=[
            aws_events.CfnRule.TargetProperty(
                id="record",
                arn=function,
                role_arn=role.attr_arn,
                retry_policy=aws_events.CfnRule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=3600, maximum_retry_attempts=50
                ),
                dead_letter_config=aws_events.CfnRule.DeadLetterConfigProperty(arn=schedules.queue_arn),
            )
        ],
    )
    aws_sqs.CfnQueuePolicy(
        scope,
        "DeadLettersPolicy",
        queues=[schedules.queue_url],
        policy_document={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "UndeliveredRunStatus",
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": schedules.queue_arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": rule.attr_arn}},
                }
            ],
        },
    )


def alarm_topic(scope: Construct, stage: StageSettings, names: Names) -> str:
    """Where alarms go: the topic of the settings, or one of the stage's own, to be subscribed to."""
    if stage.alarm_topic_arn:
        return stage.alarm_topic_arn
    topic = aws_sns.CfnTopic(
        scope, "AlarmTopic", topic_name=names.resource("alarms"), display_name=f"{names.app} {stage.name}"
    )
    CfnOutput(scope, "AlarmTopicArn", value=topic.ref)
    return topic.ref


@dataclass(frozen=True)
class _Metric:
    """A metric of the stage; `alarm` says what is wrong when its sum is above `threshold`."""

    id: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    alarm: str
    threshold: int = 0


def add_alarms(scope: Construct, names: Names, schedules: Schedules, topic_arn: str, api_name: str) -> None:
    """Alarms about what flows share; each flow's own is with it."""
    api_function = f"{names.app}-{names.stage}"
    metrics = (
        _Metric("DeadLetters", "AWS/SQS", "ApproximateNumberOfMessagesVisible", (("QueueName", schedules.queue_name),),
                "Scheduled starts or records of runs could not be delivered"),
        _Metric("ApiErrors", "AWS/ApiGateway", "5XXError", (("ApiName", api_name), ("Stage", API_STAGE)),
                "The API failed"),
        _Metric("ApiThrottles", "AWS/Lambda", "Throttles", (("FunctionName", api_function),),
                "The API's function was throttled"),
        _Metric("RunStatusErrors", "AWS/Lambda", "Errors", (("FunctionName", names.resource(RUN_STATUS)),),
                "Changes of runs could not be recorded", 2),
        _Metric("FlowThrottles", "AWS/States", "ThrottledEvents", (("ServiceMetric", "StateTransition"),),
                "State transitions of this account were throttled"),
    )  # fmt: skip
    for metric in metrics:
        aws_cloudwatch.CfnAlarm(
            scope,
            f"{metric.id}Alarm",
            alarm_description=f"{metric.alarm} ({names.stage})",
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=[
                aws_cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in metric.dimensions
            ],
            statistic="Maximum" if metric.namespace == "AWS/SQS" else "Sum",
            period=PERIOD,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=metric.threshold,
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
        )


def add_dashboard(scope: Construct, names: Names, schedules: Schedules, api_name: str) -> None:
    """One page about the stage. It searches for the metrics of flows, so it never grows with them."""
    api = ["ApiName", api_name, "Stage", API_STAGE]
    widgets = [
        _widget("Requests", names, [["AWS/ApiGateway", name, *api] for name in ("Count", "4XXError", "5XXError")]),
        _widget(
            "Latency",
            names,
            [["AWS/ApiGateway", "Latency", *api, {"stat": statistic}] for statistic in ("p50", "p95", "p99")],
        ),
        _widget("Runs", names, [[{"expression": _search(names, name), "label": ""}] for name in _RUNS]),
        _widget("Time of runs", names, [[{"expression": _search(names, "ExecutionTime", "p95"), "label": ""}]]),
        _widget(
            "Functions",
            names,
            [[{"expression": _search_functions(names, name), "label": ""}] for name in ("Errors", "Throttles")],
        ),
        _widget(
            "Dead letters",
            names,
            [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", schedules.queue_name, {"stat": "Maximum"}]],
        ),
        _widget("Usage lost", names, [[names.app, "UsageLost", "Stage", names.stage]]),
    ]
    for index, widget in enumerate(widgets):
        widget |= {"x": index % 2 * 12, "y": index // 2 * 6, "width": 12, "height": 6}
    aws_cloudwatch.CfnDashboard(
        scope,
        "Dashboard",
        dashboard_name=f"{names.app}-{names.stage}",
        dashboard_body=json.dumps({"widgets": widgets}),
    )


_RUNS = ("ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")


def _search(names: Names, metric: str, statistic: str = "Sum") -> str:
    prefix = names.resource("")
    query = f'{{AWS/States,StateMachineArn}} MetricName="{metric}" "{prefix}"'
    return f"SEARCH('{query}', '{statistic}', {PERIOD})"


def _search_functions(names: Names, metric: str) -> str:
    query = f'{{AWS/Lambda,FunctionName}} MetricName="{metric}" "{names.app}-{names.stage}"'
    return f"SEARCH('{query}', 'Sum', {PERIOD})"


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
