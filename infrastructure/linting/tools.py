"""cfn-lint, checkov and cdk-nag: how each is run on templates, and how its report is read."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from infrastructure.errors import DeploymentError
from infrastructure.linting.findings import Finding

Lint = Callable[[Sequence[Path]], list[Finding]]
"""Lints the templates in the folders of stages."""

CHECKOV = Path(sys.prefix, "lint", "bin", "checkov")
"""In an environment of its own: it needs older versions of packages than the project."""
_OTHER_PARTITIONS = ("cn-", "eu-iso", "eusc-", "us-gov-", "us-iso")


def cfn_lint(folders: Sequence[Path]) -> list[Finding]:
    """Run cfn-lint for all commercial regions, with the rules that only inform."""
    from cfnlint.api import ManualArgs, lint_by_config
    from cfnlint.helpers import REGIONS

    regions = [region for region in REGIONS if not region.startswith(_OTHER_PARTITIONS)]
    files = [str(file) for folder in folders for file in sorted(folder.glob("*.json"))]
    matches = lint_by_config(ManualArgs(regions=regions, include_checks=["I"], templates=files))
    found: list[Finding] = []
    for match in matches:
        file, path = Path(match.filename), [str(part) for part in getattr(match, "path", None) or []]
        resource = path[1] if path[:1] == ["Resources"] and len(path) > 1 else ""
        found.append(Finding(match.rule.id, file.parent.name, file.stem, resource, match.message))
    return found


def checkov(folders: Sequence[Path]) -> list[Finding]:
    """Run checkov.

    Raises:
        DeploymentError: It is not installed, or failed.
    """
    if not CHECKOV.exists():
        raise DeploymentError("checkov is not installed: run `make templates`, which installs it")
    root = _common(folders)
    options = ["--framework", "cloudformation", "--output", "json", "--quiet", "--compact", "--skip-download"]
    done = _run([str(CHECKOV), "--directory", str(root), *options])
    if not done.stdout.lstrip().startswith(("{", "[")):
        raise DeploymentError(f"checkov failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return list(of_checkov(json.loads(done.stdout)))


def of_checkov(report: Any) -> Iterator[Finding]:
    """Yield the findings in a report of checkov: an object, or a list of them."""
    for part in report if isinstance(report, list) else [report]:
        results = part.get("results", {})
        for check in results.get("failed_checks", []):
            file = Path(check["file_path"])
            resource = check["resource"].rpartition(".")[2]
            yield Finding(check["check_id"], file.parent.name, file.stem, resource, check["check_name"])
        for unreadable in results.get("parsing_errors", []):
            raise DeploymentError(f"checkov cannot read {unreadable}")


def cdk_nag(folders: Sequence[Path]) -> list[Finding]:
    """Run cdk-nag's packs AwsSolutions and Serverless.

    Raises:
        DeploymentError: It failed.
    """
    found: list[Finding] = []
    for folder in folders:
        with tempfile.TemporaryDirectory() as assembly:
            done = _run([sys.executable, "-m", "infrastructure.linting.nag", str(folder), assembly])
            if done.returncode:
                raise DeploymentError(f"cdk-nag failed: {done.stderr.strip()[-500:]}")
            reports = sorted(Path(assembly).glob("*-NagReport.json"))
            lines = [line for file in reports for line in json.loads(file.read_text(encoding="utf-8"))["lines"]]
        if not lines:
            raise DeploymentError("cdk-nag failed: it wrote no report")
        found += of_cdk_nag(lines, folder.name)
    return found


def of_cdk_nag(lines: Iterable[dict[str, str]], stage: str) -> Iterator[Finding]:
    """Yield the findings in the lines of reports of cdk-nag."""
    for line in lines:
        if line["compliance"] != "Compliant":
            template, *_, resource = line["resourceId"].split("/")
            yield Finding(line["ruleId"], stage, template, resource, line["ruleInfo"])


def _common(folders: Sequence[Path]) -> Path:
    (root,) = {folder.parent for folder in folders}
    return root


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


ALL: tuple[Lint, ...] = (cfn_lint, checkov, cdk_nag)
