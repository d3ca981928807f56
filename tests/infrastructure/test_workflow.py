"""The workflow for GitHub."""

from __future__ import annotations

import re
from typing import Any

import yaml

from chalicelib.settings import PROJECT

WORKFLOW: dict[Any, Any] = yaml.safe_load((PROJECT / ".github" / "workflows" / "deploy.yml").read_text())
JOBS: dict[str, Any] = WORKFLOW["jobs"]


def _commands(job: str) -> str:
    return "\n".join(step.get("run", "") for step in JOBS[job]["steps"])


def _role(job: str) -> str:
    (role,) = (
        step["with"]["role-to-assume"] for step in JOBS[job]["steps"] if "role-to-assume" in step.get("with", {})
    )
    return str(role)


def test_it_uses_commands_that_exist() -> None:
    verbs = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    used = {verb for job in JOBS for line in re.findall(r"make ([a-z ]+)", _commands(job)) for verb in line.split()}
    assert {"check", "lint", "typecheck", "test", "diff", "deploy"} <= used <= verbs


def test_only_what_is_checked_and_on_main_is_deployed() -> None:
    assert "make deploy" in _commands("deploy")
    assert JOBS["deploy"]["needs"] == JOBS["diff"]["needs"] == ["check", "framework"]
    assert WORKFLOW[True]["push"]["branches"] == ["main"]  # YAML 1.1 reads `on` as true
    assert "github.event_name == 'push'" in JOBS["deploy"]["if"]


def test_pull_requests_cannot_assume_the_role_that_deploys() -> None:
    assert _role("deploy") == "${{ vars.AWS_ROLE_ARN }}"
    assert _role("diff") == "${{ vars.AWS_DIFF_ROLE_ARN }}"
    assert JOBS["deploy"]["environment"]
    assert "head.repo.full_name == github.repository" in JOBS["diff"]["if"]
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert "permissions" not in JOBS["check"]
