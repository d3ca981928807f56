"""Puts the resources of a stage, what its runs do, and the prices together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infrastructure.cost import prices
from infrastructure.cost.prices import FREE, MILLION
from infrastructure.cost.work import Mix
from infrastructure.errors import DeploymentError
from infrastructure.stage import StageSettings

GB = 1_000_000_000
PLATFORM_LOG = 400  # bytes of START, END and REPORT of an invocation
RECORD = 1_000  # bytes of a run's record, with a small input and output
INDEX_ENTRY = 250  # bytes of an index item
PROJECTED = 500  # bytes of a record in the index byMonth
MONTHS_KEPT = 3  # months that records are kept
STATUS_EVENT = 150  # milliseconds that run-status takes, cold starts included
NIGHTS = 30


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the template doesn't say. Times are in milliseconds, sizes in bytes.

    `requests` are calls of the API for each run: its start, and one that waits for its end or asks for it.
    """

    runs: int = MILLION
    requests: int = 2
    api_milliseconds: int = 60
    function_milliseconds: int = 100
    function_log: int = 300
    event_log: int = 1_000
    users: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """What a resource type costs: dollars a month when nothing happens, dollars for the runs, and what they are for."""

    type: str
    count: int
    idle: Decimal
    runs: Decimal
    what: str


class Estimate:
    """The costs of a stage.

    Args:
        resources: All resources of its templates, as CloudFormation expands them.
        stage: The stage's settings.
        mix: What one run does on average.
        assumptions: What the template doesn't say.
    """

    def __init__(
        self, resources: Sequence[Mapping[str, Any]], stage: StageSettings, mix: Mix, assumptions: Assumptions
    ) -> None:
        self._stage = stage
        self._mix = mix
        self._given = assumptions
        self._of: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for resource in resources:
            self._of[resource["Type"]].append(resource.get("Properties", {}))

    def lines(self) -> list[Line]:
        """Return a line for each resource type, the dearest first.

        Raises:
            DeploymentError: A resource type is neither priced nor known to be free.
        """
        unknown = sorted(self._of.keys() - self.priced.keys() - FREE.keys())
        if unknown:
            raise DeploymentError(f"no price is known for {', '.join(unknown)}: add it to infrastructure/cost")
        found = []
        for kind, resources in self._of.items():
            if kind in FREE:
                found.append(Line(kind, len(resources), Decimal(0), Decimal(0), FREE[kind]))
            else:
                idle, runs, what = self.priced[kind](resources)
                found.append(Line(kind, len(resources), idle, runs, what))
        return sorted(found, key=lambda line: (-(line.idle + line.runs), line.type))

    @property
    def priced(self) -> Mapping[str, Callable[[Sequence[Mapping[str, Any]]], tuple[Decimal, Decimal, str]]]:
        """How each resource type that costs something is estimated."""
        return {
            "AWS::ApiGateway::Stage": self._api,
            "AWS::CloudWatch::Alarm": self._alarms,
            "AWS::CloudWatch::Dashboard": self._dashboards,
            "AWS::Cognito::UserPool": self._users,
            "AWS::DynamoDB::Table": self._tables,
            "AWS::Lambda::Function": self._functions,
            "AWS::Logs::LogGroup": self._logs,
            "AWS::SNS::Topic": self._topics,
            "AWS::SQS::Queue": self._queues,
            "AWS::Scheduler::Schedule": self._schedules,
            "AWS::StepFunctions::StateMachine": self._state_machines,
        }

    @property
    def _requests(self) -> int:
        return self._given.runs * self._given.requests

    @property
    def _invocations(self) -> float:
        """Invocations of all functions for the runs: of the API, of the flow's functions, and one of run-status."""
        return self._requests + self._given.runs * (sum(self._mix.calls.values()) + 1)

    def _api(self, _: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        cost = prices.API_REQUEST.of(self._requests)
        text = f"{self._requests:,} requests"
        if not self._stage.tracing:
            return Decimal(0), cost, text
        # A run's trace is always sampled, as Lambda's log names it then; requests are at X-Ray's default rate.
        traces = self._given.runs + 0.05 * self._requests
        return Decimal(0), cost + prices.TRACE.of(traces), f"{text}, {traces:,.0f} traces of X-Ray"

    def _functions(self, resources: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        prefix = f"-{self._stage.name}-"
        memory = {
            str(each["FunctionName"]).partition(prefix)[2]: int(each["MemorySize"]) / 1024 for each in resources
        }  # the API's has no name of its own
        given = self._given
        seconds = given.requests * memory[""] * given.api_milliseconds / 1000
        called = sum(memory[name] * number for name, number in self._mix.calls.items())
        seconds += called * given.function_milliseconds / 1000
        seconds += memory["run-status"] * STATUS_EVENT / 1000
        cost = prices.LAMBDA_REQUEST.of(self._invocations)
        cost += prices.LAMBDA_SECOND[self._stage.architecture].of(seconds * given.runs)
        return Decimal(0), cost, f"{self._invocations:,.0f} invocations, {seconds * given.runs:,.0f} GB-seconds"

    def _state_machines(self, _: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        transitions = self._mix.states * self._given.runs
        return Decimal(0), prices.TRANSITION.of(transitions), f"{transitions:,.0f} state transitions"

    def _tables(self, _: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        runs = self._given.runs
        # A record and its end, each with its copy in the index byMonth, an entry for the flow; usage for each request.
        writes = runs * 5 + self._requests
        # A strongly consistent read for each request but the start; the nightly sweep reads the index.
        swept = NIGHTS * MONTHS_KEPT * runs * PROJECTED / 4096 / 2
        reads = runs * (self._given.requests - 1) + swept
        stored = runs * MONTHS_KEPT * (RECORD + PROJECTED + INDEX_ENTRY) / GB
        cost = prices.WRITE.of(writes) + prices.READ.of(reads)
        cost += prices.TABLE_GB.of(stored) + prices.RECOVERY_GB.of(stored)
        return Decimal(0), cost, f"{writes:,} writes, {reads:,.0f} reads, {stored:.1f} GB after {MONTHS_KEPT} months"

    def _logs(self, _: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        given = self._given
        size = self._invocations * (PLATFORM_LOG + given.function_log)
        if self._stage.flow_log_level == "ALL":
            size += given.runs * (2 * self._mix.states + 2) * given.event_log
        if self._stage.access_log:
            size += self._requests * 600
        kept = size / GB * self._stage.log_retention_days / 30 * 0.15  # stored events are compressed
        cost = prices.LOG_GB.of(size / GB) + prices.LOG_STORED_GB.of(kept)
        return Decimal(0), cost, f"{size / GB:.1f} GB of events, kept {self._stage.log_retention_days} days"

    def _alarms(self, resources: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        metrics = sum(
            sum("MetricStat" in each for each in alarm["Metrics"]) if "Metrics" in alarm else 1 for alarm in resources
        )
        more = f"{prices.METRIC} if runs fail, and again for each flow that fails"
        return prices.ALARM.of(metrics), Decimal(0), f"{metrics} metrics; {more}"

    def _dashboards(self, resources: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        return prices.DASHBOARD.of(len(resources)), Decimal(0), "the first three of an account are free"

    def _users(self, _: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        cost = prices.USER.of(self._given.users)
        return cost, Decimal(0), f"{prices.USER}; the first 10,000 of an account are free"

    def _queues(self, _: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        return Decimal(0), Decimal(0), f"{prices.QUEUE_REQUEST}: only what could not be delivered"

    def _topics(self, _: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        return Decimal(0), Decimal(0), f"{prices.NOTIFICATION}: only alarms"

    def _schedules(self, _: Sequence[Mapping[str, Any]]) -> tuple[Decimal, Decimal, str]:
        return Decimal(0), Decimal(0), f"{prices.SCHEDULED}, and a run for each"
