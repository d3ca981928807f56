"""Activities: tasks that workers come for by GetActivityTask."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.arns import parse_arn
from stepfunctions.errors import ServiceError, activity_does_not_exist, wrong_resource_type
from stepfunctions.names import check_name
from stepfunctions.paging import page
from stepfunctions.records import now
from stepfunctions.tags import read_tags

POLL_SECONDS = 60.0
"""How long GetActivityTask waits for a task
(https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html)."""
MAX_POLLERS = 1_000


@dataclass(slots=True, eq=False)
class PendingTask:
    """A task that waits for a worker. `take(worker_name)` tells the engine that one has come."""

    token: str
    input: str
    take: Callable[[str | None], None]


@dataclass(slots=True, eq=False)
class Activity:
    """An activity, its tags, and the tasks that wait for a worker."""

    arn: str
    name: str
    creation_date: float
    encryption: dict[str, Any]
    sequence: int
    arrival: threading.Condition
    tags: dict[str, str] = field(default_factory=dict)
    pending: deque[PendingTask] = field(default_factory=deque)
    pollers: int = 0
    deleted: bool = False


class Activities:
    """The activities of one account and region. Safe to use from many threads."""

    def __init__(self, region: str, account: str, poll_seconds: float = POLL_SECONDS) -> None:
        self._region = region
        self._account = account
        self._poll_seconds = poll_seconds
        self._lock = threading.Lock()
        self._activities: dict[str, Activity] = {}
        self._sequence = 0
        self._closing = False

    # -- for the task runner ------------------------------------------------------------------------------------

    def __contains__(self, arn: object) -> bool:
        return arn in self._activities

    def offer(self, arn: str, task: PendingTask) -> Callable[[], None]:
        """Queue a task for the activity's workers. The returned callable withdraws it if no worker has it yet."""
        with self._lock:
            activity = self._activities.get(arn)
            if activity is None:  # deleted since the task was checked: nobody can take it, its timeout ends it
                return lambda: None
            activity.pending.append(task)
            activity.arrival.notify()

        def withdraw() -> None:
            with self._lock:
                if task in activity.pending:
                    activity.pending.remove(task)

        return withdraw

    def close(self) -> None:
        """Send all waiting workers away."""
        with self._lock:
            self._closing = True
            for activity in self._activities.values():
                activity.arrival.notify_all()

    # -- operations ---------------------------------------------------------------------------------------------

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateActivity: idempotent by name."""
        name = request["name"]
        check_name(name)
        arn = f"arn:aws:states:{self._region}:{self._account}:activity:{name}"
        encryption = request.get("encryptionConfiguration") or {"type": "AWS_OWNED_KEY"}
        with self._lock:
            known = self._activities.get(arn)
            if known is None:
                self._sequence += 1
                known = Activity(arn, name, now(), encryption, self._sequence, threading.Condition(self._lock))
                known.tags = read_tags(request.get("tags"), {}, arn)
                self._activities[arn] = known
            elif known.encryption != encryption:
                raise ServiceError("ActivityAlreadyExists", f"Activity Already Exists: '{arn}'")
        return {"activityArn": arn, "creationDate": known.creation_date}

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteActivity. An unknown one is deleted already; workers that wait get no task."""
        arn = _activity_arn(request["activityArn"])
        with self._lock:
            activity = self._activities.pop(arn, None)
            if activity is not None:
                activity.deleted = True
                activity.arrival.notify_all()
        return {}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeActivity."""
        with self._lock:
            activity = self._find(request["activityArn"])
        return {
            "activityArn": activity.arn,
            "name": activity.name,
            "creationDate": activity.creation_date,
            "encryptionConfiguration": activity.encryption,
        }

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListActivities, in the order of creation."""
        with self._lock:
            activities = list(self._activities.values())
        found, token = page(activities, request, lambda activity: activity.sequence, "activities")
        answer: dict[str, Any] = {
            "activities": [
                {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.creation_date}
                for activity in found
            ]
        }
        if token:
            answer["nextToken"] = token
        return answer

    def get_task(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetActivityTask: waits for a task. With none in time the answer is empty."""
        with self._lock:
            activity = self._find(request["activityArn"])
            if activity.pollers >= MAX_POLLERS:
                raise ServiceError("ActivityWorkerLimitExceeded", f"Activity Worker Limit Exceeded: '{activity.arn}'")
            activity.pollers += 1
            try:
                activity.arrival.wait_for(
                    lambda: activity.pending or activity.deleted or self._closing, self._poll_seconds
                )
            finally:
                activity.pollers -= 1
            task = activity.pending.popleft() if activity.pending and not activity.deleted else None
        if task is None:
            return {}
        task.take(request.get("workerName"))
        return {"taskToken": task.token, "input": task.input}

    def tags_of(self, arn: str) -> dict[str, str] | None:
        activity = self._activities.get(arn)
        return activity.tags if activity else None

    def _find(self, text: str) -> Activity:
        activity = self._activities.get(_activity_arn(text))
        if activity is None:
            raise activity_does_not_exist(text)
        return activity


def _activity_arn(text: str) -> str:
    arn = parse_arn(text)
    if arn.resource_type != "activity":
        raise wrong_resource_type(arn.resource_type)
    return text
