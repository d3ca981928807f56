"""EventBridge: events are matched against the rules in moto's back end and delivered to their targets.

Moto matches well and delivers to queues and log groups only; this module takes over the delivery, for PutEvents and
for the events that AWS's own services send.
"""

from __future__ import annotations

import queue
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

from localcloud.targets import Changing, Targets, UnknownTarget, log_failed_delivery, text_of

_OWN_TARGETS = frozenset({"lambda", "states", "sqs", "sns"})


class EventQueue:
    """Events of AWS's own services on their way to the default bus, in order."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def publish(self, event: dict[str, Any]) -> None:
        """Send an event; returns at once."""
        self._events.put(event)

    def end(self) -> None:
        """Let `__iter__` end after the events that were published before."""
        self._events.put(None)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Wait for events, until the end."""
        while (event := self._events.get()) is not None:
            yield event


class EventBus:
    """The default event bus of one account and region, and the delivery for all of them."""

    def __init__(self, events: EventQueue, targets: Targets, region: str, account: str, changing: Changing) -> None:
        """Begin to deliver.

        Args:
            events: What AWS's services send.
            targets: Delivers to what rules name.
            region: Region of the bus.
            account: Account of the bus.
            changing: Surrounds what changes a service of moto without a request.
        """
        from moto.events.models import Rule

        self._targets = targets
        self._changing = changing
        self._region = region
        self._account = account
        self._moto_delivery = Rule.send_to_targets
        self._events = events
        self._thread = threading.Thread(target=self._deliver_published, name="event-bus", daemon=True)
        self._thread.start()

        def send_to_targets(rule: Rule, original_event: Any, transform_input: bool = True) -> None:
            self._send(rule, dict(original_event), transform_input)

        Rule.send_to_targets = send_to_targets  # type: ignore[method-assign,assignment]

    def close(self) -> None:
        """Deliver what has been published, then give the delivery back to moto."""
        from moto.events.models import Rule

        self._events.end()
        self._thread.join(5)
        Rule.send_to_targets = self._moto_delivery  # type: ignore[method-assign]

    def _deliver_published(self) -> None:
        from moto.events.models import events_backends

        backend = events_backends[self._account][self._region]
        for event in self._events:
            try:
                for rule in list(backend.describe_event_bus("default").rules.values()):
                    self._send(rule, event, True)
            except Exception:  # one event that cannot be delivered must not hold up those after it
                traceback.print_exc()

    def _send(self, rule: Any, event: dict[str, Any], transform: bool) -> None:
        if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
            return  # a rule without a pattern is a schedule
        if not rule.event_pattern.matches_event(event):
            return
        for target in list(rule.targets):
            self._deliver(rule, target, event, transform)

    def _deliver(self, rule: Any, target: dict[str, Any], event: dict[str, Any], transform: bool) -> None:
        arn = str(target["Arn"])
        if arn.split(":")[2] not in _OWN_TARGETS:
            original, rule.targets = rule.targets, [target]
            try:
                with self._changing():
                    self._moto_delivery(rule, event, transform)  # type: ignore[arg-type]
            except NotImplementedError:
                log_failed_delivery(rule.name, UnknownTarget(f"{arn} is not supported on this machine"))
            finally:
                rule.targets = original
            return
        group_id = target.get("SqsParameters", {}).get("MessageGroupId")
        try:
            self._targets.deliver(arn, target_input(target, _as_sent(event)), group_id=group_id)
        except UnknownTarget as error:
            log_failed_delivery(rule.name, error)


def target_input(target: dict[str, Any], event: dict[str, Any]) -> str:
    """What the target receives: `Input`, the part of the event at `InputPath`, its `InputTransformer`, or the event.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        from jsonpath_ng.parser import JsonPathParser

        found = JsonPathParser().parse(target["InputPath"]).find(event)
        return text_of(found[0].value if found else {})
    if transformer := target.get("InputTransformer"):
        from moto.events.utils import EventTemplateParser

        source: Any = {"ingestion-time": event["time"], **event}
        return text_of(
            EventTemplateParser.parse(transformer["InputTemplate"], transformer.get("InputPathsMap", {}), source)
        )
    return text_of(event)


def _as_sent(event: dict[str, Any]) -> dict[str, Any]:
    """Moto keeps the time in seconds and adds a time of its own; EventBridge sends ISO 8601."""
    sent = {key: value for key, value in event.items() if key != "ingestion-time"}
    if isinstance(sent.get("time"), int | float):
        sent["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(sent["time"]))
    return sent
