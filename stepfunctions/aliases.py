"""Aliases of state machines: names that route executions to one or two versions."""

from __future__ import annotations

import random
import re
from typing import Any

from stepfunctions.arns import StateMachineArn, parse_state_machine_arn
from stepfunctions.errors import (
    conflict,
    invalid_arn,
    resource_not_found,
    validation_exception,
)
from stepfunctions.paging import page
from stepfunctions.records import Alias, MachineRecord, Route, Version, now
from stepfunctions.state_machines import StateMachines


class Aliases:
    """The operations on aliases, and the routing of executions."""

    def __init__(self, machines: StateMachines) -> None:
        self._machines = machines

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateStateMachineAlias. A repeated request returns the same alias.

        Raises:
            ServiceError: InvalidArn, ResourceNotFound, ValidationException or ConflictException.
        """
        routes = _read_routes(request["routingConfiguration"])
        name, description = request["name"], request.get("description")
        with self._machines.lock:
            machine = self._machine_of(routes)
            known = machine.aliases.get(name)
            if known is not None:
                if (known.routes, known.description) != (routes, description):
                    raise conflict(
                        "Failed to create alias because an alias with the same name and a "
                        "different routing configuration already exists."
                    )
            else:
                self._sequence = 1 + max((alias.sequence for alias in machine.aliases.values()), default=0)
                date = now()
                known = Alias(f"{machine.arn}:{name}", name, description, routes, date, date, self._sequence)
                machine.aliases[name] = known
            return {"stateMachineAliasArn": known.arn, "creationDate": known.creation_date}

    def update(self, request: dict[str, Any]) -> dict[str, Any]:
        """UpdateStateMachineAlias: changes the description, the routes, or both.

        Raises:
            ServiceError: InvalidArn, ResourceNotFound or ValidationException.
        """
        arn = _alias_arn(request["stateMachineAliasArn"])
        if request.get("description") is None and request.get("routingConfiguration") is None:
            raise validation_exception(
                "Either the description or the RoutingConfiguration must be specified",
                reason="MISSING_REQUIRED_PARAMETER",
            )
        routes = None
        if request.get("routingConfiguration") is not None:
            routes = _read_routes(request["routingConfiguration"])
        with self._machines.lock:
            alias = self._find(arn)
            if routes is not None:
                if self._machine_of(routes).arn != arn.machine:
                    raise validation_exception(
                        "Routing configuration must refer to versions of the alias's own state machine",
                        reason="INVALID_ROUTING_CONFIGURATION",
                    )
                alias.routes = routes
            if request.get("description") is not None:
                alias.description = request["description"]
            alias.update_date = now()
            return {"updateDate": alias.update_date}

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteStateMachineAlias.

        Raises:
            ServiceError: InvalidArn or ResourceNotFound.
        """
        arn = _alias_arn(request["stateMachineAliasArn"])
        with self._machines.lock:
            self._find(arn)
            del self._machines.find(arn.machine).aliases[arn.alias or ""]
        return {}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeStateMachineAlias.

        Raises:
            ServiceError: InvalidArn or ResourceNotFound.
        """
        arn = _alias_arn(request["stateMachineAliasArn"])
        with self._machines.lock:
            alias = self._find(arn)
            answer: dict[str, Any] = {
                "stateMachineAliasArn": alias.arn,
                "name": alias.name,
                "routingConfiguration": [
                    {"stateMachineVersionArn": route.version_arn, "weight": route.weight} for route in alias.routes
                ],
                "creationDate": alias.creation_date,
                "updateDate": alias.update_date,
            }
            if alias.description is not None:
                answer["description"] = alias.description
            return answer

    def list_page(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListStateMachineAliases, of a state machine or of one of its versions.

        Raises:
            ServiceError: InvalidArn, StateMachineDoesNotExist or InvalidToken.
        """
        arn = parse_state_machine_arn(request["stateMachineArn"])
        with self._machines.lock:
            aliases = list(self._machines.find(arn.machine).aliases.values())
            if arn.version is not None:
                aliases = [a for a in aliases if any(route.version_arn == arn.full for route in a.routes)]
        found, token = page(aliases, request, lambda alias: alias.sequence, f"aliases {arn.full}")
        answer: dict[str, Any] = {
            "stateMachineAliases": [
                {"stateMachineAliasArn": alias.arn, "creationDate": alias.creation_date} for alias in found
            ]
        }
        if token:
            answer["nextToken"] = token
        return answer

    def route(self, arn: StateMachineArn) -> tuple[MachineRecord, Version]:
        """Return the version that the next execution of an alias gets, drawn by the weights, and its state machine.

        The caller holds the lock of `StateMachines`.

        Raises:
            ServiceError: StateMachineDoesNotExist.
        """
        alias = self._machines.find(arn.machine).aliases.get(arn.alias or "")
        if alias is None:
            return self._machines.find_version(arn)
        drawn = random.choices(alias.routes, [route.weight for route in alias.routes])[0]  # noqa: S311
        return self._machines.find_version(parse_state_machine_arn(drawn.version_arn))

    def _find(self, arn: StateMachineArn) -> Alias:
        machine = self._machines.get(arn.machine)
        alias = machine.aliases.get(arn.alias or "") if machine else None
        if alias is None:
            raise resource_not_found(arn.full)
        return alias

    def _machine_of(self, routes: list[Route]) -> MachineRecord:
        machines = {}
        for route in routes:
            arn = parse_state_machine_arn(route.version_arn)
            if arn.version is None:
                raise invalid_arn(route.version_arn)
            machine = self._machines.get(arn.machine)
            if machine is None or arn.version not in machine.versions:
                raise resource_not_found(route.version_arn)
            machines[machine.arn] = machine
        if len(machines) > 1:
            raise validation_exception(
                "Routing configuration must contain versions of one state machine only. "
                f"Received: [{', '.join(machines)}]",
                reason="INVALID_ROUTING_CONFIGURATION",
            )
        return machines.popitem()[1]


def _read_routes(given: list[dict[str, Any]]) -> list[Route]:
    routes = [Route(item["stateMachineVersionArn"], item["weight"]) for item in given]
    arns = [route.version_arn for route in routes]
    if len(set(arns)) < len(arns):
        raise validation_exception(
            f"Routing configuration must contain distinct state machine version ARNs. Received: [{', '.join(arns)}]",
            reason="INVALID_ROUTING_CONFIGURATION",
        )
    weights = [route.weight for route in routes]
    if sum(weights) != 100:
        raise validation_exception(
            f"Sum of routing configuration weights must equal 100. Received: [{', '.join(map(str, weights))}]",
            reason="INVALID_ROUTING_CONFIGURATION",
        )
    return routes


def _alias_arn(alias_arn: str) -> StateMachineArn:
    arn = parse_state_machine_arn(alias_arn)
    if arn.alias is None or not re.fullmatch(r"[a-zA-Z0-9_\-.]+", arn.alias):
        raise invalid_arn(alias_arn)
    return arn
