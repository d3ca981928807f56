"""Opens approvals: writes the record of a task that waits for a person, and has the people told.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib import times
from chalicelib.approvals import records
from chalicelib.approvals.records import Approval
from chalicelib.errors import Invalid
from chalicelib.runs import finding, ids
from chalicelib.runs import records as run_records
from chalicelib.settings import settings

DEFAULT_SECONDS = 7 * 86_400
MAX_SECONDS = 366 * 86_400
"""The longest that an approval may be open: a run lasts a year at most."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, of whom.

    Args:
        token: The task's token, `$states.context.Task.Token`.
        groups: Cognito groups whose members may answer.
        users: Users who may answer, by their id (`sub`) or their verified e-mail address. Admins always may.
        form: The JSON Schema of the data of an approving answer; None for any object.
        title: What is to be approved, in a few words.
        message: What one has to know for the decision.
        seconds: For how long it can be answered: the `TimeoutSeconds` of the task.
        execution_arn: The execution, `$states.context.Execution.Id`; the run's record then names the answer.
        user_id: The user who started the run, `__user_id` of its input.
        state: The state's name.
    """

    token: str
    groups: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    form: Any = None
    title: str = ""
    message: str = ""
    seconds: float = DEFAULT_SECONDS
    execution_arn: str | None = None
    user_id: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An approval that was opened. `link` answers it once without an account; None if no link was wanted.

    The link is a path if the API's address is not known (the environment variable `API_URL`).
    """

    approval: Approval
    link: str | None


def open_approval(question: Question, *, with_link: bool = False) -> Opened:
    """Open an approval: from now on it is listed for those who may answer.

    For functions that got a token from a task of their own: the answer ends that task.

    Args:
        question: What is asked, of whom.
        with_link: Whether to make a link with which somebody without an account can answer, once. Whoever has it may
            answer: send it to nobody else, and don't return it to the flow, since the run's history shows it.

    Raises:
        Invalid: The question has neither groups nor users and no link, or a value is not usable.
    """
    approval, link = _prepared(question, with_link)
    records.create(approval)
    return Opened(approval, link)


def from_flow(event: Any, context: Any) -> dict[str, Any]:
    """Open the approval of a task `arn:aws:states:::lambda:invoke.waitForTaskToken` (the function `approvals`).

    Args:
        event: The task's payload: `token`, `who`, and as wanted `form`, `title`, `message`, `timeout`, `execution`,
            `user`, `state`, and `notify`, the function that tells the people.
        context: The Lambda context.

    Returns:
        The approval's id. Nobody gets it: the task's result is the answer.

    Raises:
        Invalid: The payload is not usable; the task fails with the error `Invalid`.
        Exception: What the function `notify` raises is the task's error. The approval is then gone.
    """
    question, notify = _question(event)
    approval, link = _prepared(question, with_link=notify is not None)
    if settings.has_cloud:  # there is none in a test, nor in `python -m compiler run`
        records.create(approval)
    if notify is not None:
        try:
            _notify(notify, approval, link, context)
        except BaseException:
            if settings.has_cloud:
                records.delete(approval)
            raise
    return {"id": approval.id}


def hash_of(key: str) -> str:
    """Return what is stored of a link's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def _prepared(question: Question, with_link: bool) -> tuple[Approval, str | None]:
    if not (question.groups or question.users or with_link):
        raise Invalid("Nobody can answer: name groups or users in 'who', or a function in 'notify'.")
    if not 1 <= question.seconds <= MAX_SECONDS:
        raise Invalid(f"The timeout must be from 1 second to {MAX_SECONDS // 86_400} days, not {question.seconds!r}.")
    now, key = time.time(), secrets.token_urlsafe(32) if with_link else None
    named = None if question.execution_arn is None else finding.flow_and_id(question.execution_arn)
    owner = question.user_id or (None if named is None else run_records.nobody(*named))
    approval = Approval(
        id=ids.new_id(),
        token=question.token,
        title=question.title,
        message=question.message,
        groups=question.groups,
        users=tuple(user.lower() for user in question.users),
        form=question.form,
        created=now,
        expires=now + question.seconds,
        execution_arn=question.execution_arn,
        execution_id=None if named is None else named[1],
        run_user=owner,
        flow=None if named is None else named[0].partition("/")[0],  # `flow/label` in a distributed Map
        state=question.state,
        key_hash=None if key is None else hash_of(key),
    )
    link = None if key is None else f"{settings.api_url}/approvals/{approval.id}?key={key}"
    return approval, link


def _question(event: Any) -> tuple[Question, str | None]:
    if not isinstance(event, Mapping) or not isinstance(event.get("token"), str) or not event["token"]:
        raise Invalid("The payload must be an object with 'token', the token of the task.")
    who = event.get("who") or {}
    if not isinstance(who, Mapping):
        raise Invalid("'who' must be an object with 'groups', 'users' or both.")
    form, notify = event.get("form"), event.get("notify")
    if not isinstance(form, dict | bool | None):
        raise Invalid("'form' must be a JSON Schema.")
    seconds = event.get("timeout", DEFAULT_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise Invalid("'timeout' must be a number of seconds.")
    question = Question(
        token=event["token"],
        groups=_names(who, "groups"),
        users=_names(who, "users"),
        form=form,
        title=_text(event, "title") or "",
        message=_text(event, "message") or "",
        seconds=seconds,
        execution_arn=_text(event, "execution"),
        user_id=_text(event, "user"),
        state=_text(event, "state"),
    )
    if notify is not None and not isinstance(notify, str):
        raise Invalid("'notify' must be the name or the ARN of a function.")
    return question, notify


def _names(who: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = who.get(key) or []
    found = [found] if isinstance(found, str) else found
    if not isinstance(found, list) or not all(isinstance(name, str) and name for name in found):
        raise Invalid(f"'who.{key}' must be a list of strings.")
    return tuple(dict.fromkeys(found))


def _text(event: Mapping[str, Any], key: str) -> str | None:
    value = event.get(key)
    if not isinstance(value, str | None):
        raise Invalid(f"{key!r} must be a string.")
    return value or None


def _notify(function: str, approval: Approval, link: str | None, context: Any) -> None:
    """Call the user's function here, so that the link is nowhere but in its hands: a flow's history shows its data."""
    from chalicelib.functions import find
    from chalicelib.functions.calling import call_from_flow

    name = function.rpartition(":")[2].removeprefix(settings.names.resource(""))
    found = find(name)
    if found is None:
        raise Invalid(f"The project has no function {name!r}, which 'notify' names.")
    event = {
        "id": approval.id,
        "link": link,
        "title": approval.title,
        "message": approval.message,
        "who": {"groups": list(approval.groups), "users": list(approval.users)},
        "form": approval.form,
        "expires": times.iso(approval.expires),
        "flow": approval.flow,
        "execution": approval.execution_arn,
        "state": approval.state,
    }
    call_from_flow(found, event, context)
