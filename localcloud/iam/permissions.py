"""Permissions in the local cloud: what its other parts ask. With `off` they ask nothing."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, TypeVar

from asl.engine.tasks import TaskRequest
from chalicelib.names import Names
from localcloud.http_messages import Request, Response
from localcloud.iam import answers
from localcloud.iam.context import RequestContext
from localcloud.iam.existing import with_existing
from localcloud.iam.function_role import FunctionRole
from localcloud.iam.models import apis
from localcloud.iam.needs import Need, needs_of_call, needs_of_task
from localcloud.iam.policies import Decision, Policies, PolicyError
from localcloud.iam.reporting import Reporter
from localcloud.iam.requests import call_of, signature_of
from localcloud.iam.roles import Principal, Role, access_key
from localcloud.notices import notice
from stepfunctions import Denial

_INVOKE = "lambda:InvokeFunction"
_LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke"
_MAX_REMEMBERED = 10_000
_SESSION_LENGTH = 32  # of the names that Step Functions gives its sessions

_Answer = TypeVar("_Answer")
Respond = Callable[[Request], Response]


class Mode(Enum):
    """What happens to a call that a role does not allow: it is refused, it is reported, or nobody looks."""

    ENFORCE = "enforce"
    WARN = "warn"
    OFF = "off"


class Permissions:
    """Judges calls by the role of whoever makes them. Safe to use from many threads.

    Callers without a role that is known here are the account's administrator: command lines, SDKs with any
    credentials, and the parts of the cloud.

    Args:
        mode: What happens to calls that are not allowed.
        names: The stage's names.
        function_role: The role of the API and the functions.
        other_role: Returns a role by its ARN that was created in the cloud's IAM; None if there is none.
    """

    def __init__(
        self, mode: Mode, names: Names, function_role: FunctionRole, other_role: Callable[[str], Role | None]
    ) -> None:
        self.mode = mode
        self._names = names
        self._function_role = function_role
        self._other_role = other_role
        self._reporter = Reporter(names, enforced=mode is Mode.ENFORCE)
        self._flow_roles: dict[str, Role] = {}
        self._sessions: dict[str, Principal] = {}
        self._may_invoke: set[tuple[Any, ...]] = set()
        self._task_session = "".join(secrets.choice(string.ascii_letters) for _ in range(_SESSION_LENGTH))

    def warm_up(self) -> None:
        """Load what the first calls of the application need: the models of the services that it calls."""
        if self.mode is not Mode.OFF:
            self._function_role()
            for service in ("ssm", "dynamodb", "states"):
                apis(service)

    def put_flow(self, role_arn: str, policy: Mapping[str, Any], file: str) -> None:
        """Set what the role of a flow allows.

        Args:
            role_arn: The role.
            policy: The policy that the compiler has derived.
            file: The flow's file, for the reader of notices.
        """
        if self.mode is Mode.OFF:
            return
        try:
            policies = Policies.read([policy])
        except PolicyError as error:
            notice(f"permissions: {file}: {error}")
            self._flow_roles.pop(role_arn, None)
            return
        self._flow_roles[role_arn] = Role(role_arn, policies, f"`permissions:` in {file}")

    def credentials(self, session: str, label: str, role_arn: str = "") -> dict[str, str]:
        """Return environment variables with credentials of a role for a process; none with `off`.

        Args:
            session: The name of the session, which AWS gives the name of the function.
            label: Whose session it is, for the reader of notices.
            role_arn: The role; by default that of the API and the functions.
        """
        if self.mode is Mode.OFF:
            return {}
        principal = Principal(role_arn or self._function_role.arn, session, label)
        key = access_key(f"{principal.role_arn} {label}")
        self._sessions[key] = principal
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "localcloud"}

    def authorize(self, task: TaskRequest) -> Denial | None:
        """Return why a task may not make its call, None if it may, or if that is only reported."""
        return self._judged(task.resource, lambda: self._denial(task))

    def _denial(self, task: TaskRequest) -> Denial | None:
        role = self._role_of(task.role_arn)
        if role is None:
            return None
        invocation = _invocation(task)
        if invocation is not None and (role.policies, *invocation) in self._may_invoke:
            return None
        text = self._judge_task(task, role, task.credentials)
        other = self._role_of(task.credentials.get("RoleArn")) if isinstance(task.credentials, dict) else None
        if text is None and other is not None:  # the flow's role may assume this one, which makes the call
            text = self._judge_task(task, other, None)
        if text is None and invocation is not None and not role.policies.ask_about_requests(_INVOKE):
            if len(self._may_invoke) >= _MAX_REMEMBERED:
                self._may_invoke.clear()
            self._may_invoke.add((role.policies, *invocation))
        return Denial(text) if text is not None and self.mode is Mode.ENFORCE else None

    def guarded(self, respond: Respond) -> Respond:
        """Return what answers requests, after a look at who sends them."""
        if self.mode is Mode.OFF:
            return respond

        def guard(request: Request) -> Response:
            answer = self._judged(f"{request.method} {request.target}", lambda: self._answer(request))
            return answer or respond(request)

        return guard

    def _answer(self, request: Request) -> Response | None:
        """Return the refusal of a request that is not allowed, or who its sender is, if it asks; else None."""
        signature = signature_of(request)
        principal = self._sessions.get(signature.access_key) if signature is not None else None
        if signature is None or principal is None:
            return None
        role = self._role_of(principal.role_arn)
        call = call_of(request, signature.service) if role is not None else None
        if role is None or call is None:
            return None
        if (call.service, call.operation) == ("sts", "GetCallerIdentity"):
            return answers.identity(principal)
        names = self._names._replace(region=signature.region or self._names.region)
        needs = needs_of_call(call.service, call.operation, call.arguments, names)
        text = self._judge(principal, role, needs, RequestContext(principal, call.arguments, names))
        if text is None or self.mode is not Mode.ENFORCE:
            return None
        return answers.refusal(request, call, signature.service, text)

    def _judged(self, what: str, judge: Callable[[], _Answer | None]) -> _Answer | None:
        """Return what judging a call says. Where nothing is enforced, a mistake in judging stops nothing."""
        try:
            return judge()
        except Exception as error:
            if self.mode is Mode.ENFORCE:
                raise
            notice(f"permissions: {what} can't be judged: {type(error).__name__}: {error}")
            return None

    def _role_of(self, arn: Any) -> Role | None:
        if not isinstance(arn, str):
            return None
        if arn == self._function_role.arn:
            return self._function_role()
        return self._flow_roles.get(arn) or self._other_role(arn)

    def _judge_task(self, task: TaskRequest, role: Role, credentials: Any) -> str | None:
        machine = task.state_machine_arn.split(":")[6].partition("/")[0]
        flow = self._names.flow(machine)
        owner = f"state machine {machine}" if flow is None else f"flow {flow}"
        principal = Principal(role.arn, self._task_session, f"{owner}, state {task.state_name}")
        needs = needs_of_task(task.resource, task.parameters, credentials, machine, self._names)
        arguments = task.parameters if isinstance(task.parameters, dict) else None
        return self._judge(principal, role, needs, RequestContext(principal, arguments, self._names))

    def _judge(self, principal: Principal, role: Role, needs: list[Need], context: RequestContext) -> str | None:
        """Return AWS's message about the first thing that a role does not allow, None if it allows all."""
        first = None
        for need in with_existing(needs):
            decision = role.policies.decide(need.action, need.resource, context.about(need), known=need.known)
            if decision is not Decision.ALLOWED:
                self._reporter.tell(principal, role, need, decision)
                first = first or answers.message(principal, need, decision)
                if self.mode is Mode.ENFORCE:  # the service stops here; a report is to be complete
                    break
        return first


def _invocation(task: TaskRequest) -> tuple[Any, ...] | None:
    """Return what the permission of a task depends on that invokes a function: the next such task is not judged again.

    None for all other tasks.
    """
    if ":function:" in task.resource:
        return None if task.credentials else (task.resource,)
    parameters = task.parameters
    if not task.resource.startswith(_LAMBDA_INVOKE) or task.credentials or not isinstance(parameters, dict):
        return None
    found = (task.resource, parameters.get("FunctionName"), parameters.get("Qualifier"))
    return found if all(part is None or isinstance(part, str) for part in found) else None
