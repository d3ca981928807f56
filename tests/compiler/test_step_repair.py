"""Every mistake in `steps:` is reported in one run, whatever else is wrong with the same step or others."""

from __future__ import annotations

import pytest

from .conftest import Workspace

STEPS = """\
name: bad
steps:
  - call: hello_wrld  # <- unresolved-name
  - call: hello_world  # <- steps
    wait: 5
  - wait: soon  # <- steps
  - call: hello_world
    concurrency: 3  # <- steps
    timeuot: 5  # <- unknown-key
  - foreach: $states.input.  # <- steps jsonata-syntax
  - choose:
      - when: "$states.input.paid = "  # <- jsonata-syntax
        do: [pingg]  # <- unresolved-name
      - otherwise: [{fail: NotPaid}]  # <- steps
      - when: "true"
        do: [hello_world]
      - do: [{wait: then}]  # <- steps steps
  - parallel: [hello_world, {wait: later}, [pong]]  # <- steps unresolved-name
  - state: {Type: Tsk, Resource: "${nope}"}  # <- state-type unresolved-name
  - call: hello_world
    retry: {attempts: many}  # <- file-shape
    input: "{% $states.input. %}"  # <- jsonata-syntax
  - 5  # <- file-shape
  - {retry: true}  # <- steps
  - call: hello_world
    catch: [{errors: [A], do: [{wait: never}, pang]}]  # <- steps unresolved-name
  - nme: x  # <- unknown-key
"""


def test_all_mistakes_are_found_at_once(workspace: Workspace) -> None:
    workspace.flow(STEPS)
    found = sorted((item.position.line, item.check) for item in workspace.compile().diagnostics)
    expected = sorted(
        (number, check)
        for number, line in enumerate(STEPS.splitlines(), 1)
        for check in line.partition("# <-")[2].split()
    )
    assert found == expected


@pytest.mark.parametrize("broken", ["steps: 5", "steps: []", "steps: {call: x}", "steps: [[hello_world]]"])
def test_steps_that_are_no_list_of_steps_are_one_mistake(workspace: Workspace, broken: str) -> None:
    workspace.flow(f"name: bad\n{broken}\n")
    assert len(workspace.compile().diagnostics) == 1
