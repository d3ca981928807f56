"""Tasks whose resource is an activity's ARN: a worker that polls the activity does them.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html.
"""

from __future__ import annotations

from asl.engine.jsontext import dumps
from asl.engine.tasks import Cancel, Completion, TaskRefused, TaskRequest
from stepfunctions.activities import Activities, PendingTask


class ActivityTasks:
    """The `Integration` of activities."""

    def __init__(self, activities: Activities) -> None:
        self._activities = activities

    def check(self, request: TaskRequest) -> None:
        """Refuse a task of an activity that does not exist.

        Raises:
            TaskRefused: States.Runtime.
        """
        if request.resource not in self._activities:
            raise TaskRefused("States.Runtime", f"The activity {request.resource} does not exist.")

    def start(self, request: TaskRequest, completion: Completion) -> Cancel:
        """Queue the task for the activity's workers."""
        task = PendingTask(request.task_token or "", dumps(request.parameters), completion.started)
        return self._activities.offer(request.resource, task)
