"""Activities: tasks that workers fetch by GetActivityTask."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stepfunctions.arns import parse_arn
from stepfunctions.configurations import read_encryption
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
    """A task that waits for a worker. `take(worker_name)` reports to the engine that a worker has it."""

    token: str
    input: str
    take: Callable[[str | None], None]


@dataclass(slots=True, eq=False)
class Activity:
    """An activity with its tags and the tasks that wait for a worker. `sequence` orders activities by creation."""

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
    """The activities of one account and region. Safe to use from many threads.

    Args:
        region: The region in their ARNs.
        account: The account in their ARNs.
        poll_seconds: How long GetActivityTask waits for a task.
    """

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

    def restore(self, arn: str, **fields: Any) -> None:
        """Take an activity of an earlier process, with the fields of `Activity` that it was kept with."""
        with self._lock:
            activity = Activity(arn, arrival=threading.Condition(self._lock), **fields)
            self._activities[arn] = activity
            self._sequence = max(self._sequence, activity.sequence)

    def get(self, arn: str) -> Activity | None:
        """Return the activity with an ARN, if there is one."""
        return self._activities.get(arn)

    def offer(self, arn: str, task: PendingTask) -> Callable[[], None]:
        """Queue a task for the activity's workers.

        Returns:
            What withdraws the task, unless a worker already has it.
        """
        with self._lock:
            activity = self._activities.get(arn)
            if activity is None:  # deleted since the task was checked: no worker can take it, and its timeout ends it
                return lambda: None
            activity.pending.append(task)
            activity.arrival.notify()

        def withdraw() -> None:
            with self._lock:
                if task in activity.pending:
                    activity.pending.remove(task)

        return withdraw

    def close(self) -> None:
        """Answer the requests of all waiting workers, without a task."""
        with self._lock:
            self._closing = True
            for activity in self._activities.values():
                activity.arrival.notify_all()

    # -- operations ---------------------------------------------------------------------------------------------

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateActivity. Idempotent by name.

        Raises:
            ServiceError: InvalidName, InvalidEncryptionConfiguration, TooManyTags or ActivityAlreadyExists.
        """
        name = request["name"]
        check_name(name)
        arn = f"arn:aws:states:{self._region}:{self._account}:activity:{name}"
        encryption = read_encryption(request.get("encryptionConfiguration") or {"type": "AWS_OWNED_KEY"})
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
        """DeleteActivity. Deleting an unknown activity succeeds. Waiting workers get no task.

        Raises:
            ServiceError: InvalidArn.
        """
        arn = _checked_arn(request["activityArn"])
        with self._lock:
            activity = self._activities.pop(arn, None)
            if activity is not None:
                activity.deleted = True
                activity.arrival.notify_all()
        return {}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeActivity.

        Raises:
            ServiceError: InvalidArn or ActivityDoesNotExist.
        """
        with self._lock:
            activity = self._find(request["activityArn"])
        return {
            "activityArn": activity.arn,
            "name": activity.name,
            "creationDate": activity.creation_date,
            "encryptionConfiguration": activity.encryption,
        }

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListActivities, in the order of creation.

        Raises:
            ServiceError: InvalidToken.
        """
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
        """GetActivityTask: waits for a task. If none arrives in time, the answer is empty.

        Raises:
            ServiceError: InvalidArn, ActivityDoesNotExist or ActivityWorkerLimitExceeded.
        """
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
        """Return an activity's own dict of tags; None if there is no such activity."""
        activity = self._activities.get(arn)
        return activity.tags if activity else None

    def _find(self, activity_arn: str) -> Activity:
        activity = self._activities.get(_checked_arn(activity_arn))
        if activity is None:
            raise activity_does_not_exist(activity_arn)
        return activity


def _checked_arn(activity_arn: str) -> str:
    resource_type = parse_arn(activity_arn).resource_type
    if resource_type != "activity":
        raise wrong_resource_type(resource_type)
    return activity_arn
