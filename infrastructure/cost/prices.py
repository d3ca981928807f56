"""List prices in US dollars, without free tiers and discounts.

They are for the region us-east-1; others differ, mostly by less than a quarter. Each is from the page of its service;
`AS_OF` is when they were last compared with published figures. Nothing is fetched when an estimate is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

REGION = "us-east-1"
AS_OF = "2026-06"


@dataclass(frozen=True, slots=True)
class Price:
    """A price: `amount` dollars for `per` units, from the page `source`."""

    amount: Decimal
    per: int
    unit: str
    source: str

    def of(self, units: float) -> Decimal:
        """Return what so many units cost, in dollars."""
        return self.amount * Decimal(repr(float(units))) / self.per

    def __str__(self) -> str:
        return f"${self.amount:f} for {f'{self.per:,} ' if self.per > 1 else 'a '}{self.unit}"


def _price(amount: str, per: int, unit: str, page: str) -> Price:
    return Price(Decimal(amount), per, unit, f"https://aws.amazon.com/{page}/pricing/")


MILLION = 1_000_000
API_REQUEST = _price("3.50", MILLION, "requests", "api-gateway")
LAMBDA_REQUEST = _price("0.20", MILLION, "invocations", "lambda")
LAMBDA_SECOND = {
    "arm64": _price("13.3334", MILLION, "GB-seconds", "lambda"),
    "x86_64": _price("16.6667", MILLION, "GB-seconds", "lambda"),
}
TRANSITION = _price("25.00", MILLION, "state transitions", "step-functions")
EXPRESS_REQUEST = _price("1.00", MILLION, "EXPRESS runs", "step-functions")
EXPRESS_SECOND = _price("16.67", MILLION, "GB-seconds of EXPRESS runs", "step-functions")
WRITE = _price("0.625", MILLION, "write units", "dynamodb")
READ = _price("0.125", MILLION, "read units", "dynamodb")
TABLE_GB = _price("0.25", 1, "GB of table and month", "dynamodb")
RECOVERY_GB = _price("0.20", 1, "GB of point-in-time recovery and month", "dynamodb")
LOG_GB = _price("0.50", 1, "GB of new log events", "cloudwatch")
LOG_STORED_GB = _price("0.03", 1, "GB of stored log events and month", "cloudwatch")
ALARM = _price("0.10", 1, "metric of an alarm and month", "cloudwatch")
DASHBOARD = _price("3.00", 1, "dashboard and month", "cloudwatch")
METRIC = _price("0.30", 1, "custom metric and month", "cloudwatch")
TRACE = _price("5.00", MILLION, "traces", "xray")
SCHEDULED = _price("1.00", MILLION, "scheduled starts", "eventbridge")
QUEUE_REQUEST = _price("0.40", MILLION, "requests", "sqs")
NOTIFICATION = _price("0.50", MILLION, "notifications", "sns")
USER = _price("0.015", 1, "user who signs in in a month", "cognito")

FREE = {
    "AWS::ApiGateway::Deployment": "part of the API",
    "AWS::ApiGateway::RestApi": "paid by request, at its stage",
    "AWS::CloudFormation::Stack": "free for resources of AWS",
    "AWS::Cognito::UserPoolClient": "part of the user pool",
    "AWS::Cognito::UserPoolGroup": "part of the user pool",
    "AWS::Events::Rule": "free for events of AWS's services and for schedules",
    "AWS::IAM::ManagedPolicy": "free",
    "AWS::IAM::Role": "free",
    "AWS::Lambda::EventInvokeConfig": "part of the function",
    "AWS::Lambda::Permission": "part of the function",
    "AWS::SNS::TopicPolicy": "part of the topic",
    "AWS::SQS::QueuePolicy": "part of the queue",
    "AWS::Scheduler::ScheduleGroup": "free",
    "AWS::StepFunctions::StateMachineAlias": "part of the state machine",
    "AWS::StepFunctions::StateMachineVersion": "part of the state machine",
}
"""Resource types without a price of their own, and why."""
