"""What linters say of the templates, and what excuses it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from infrastructure.errors import DeploymentError
from infrastructure.linting import __main__ as command
from infrastructure.linting import tools
from infrastructure.linting.excuses import EXCUSES, Excuse, read_excuses, unexcused, unused
from infrastructure.linting.findings import Finding

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}}


def found(rule: str = "R1", resource: str = "ApiRole") -> Finding:
    return Finding(rule, "prod", "Root", resource, "too open")


def test_a_finding_is_excused_by_rule_and_place() -> None:
    excuses = [Excuse("R1", "*Role", "why"), Excuse("R2", "Queue", "why")]
    findings = [found(), found("R2"), found("R1", "Queue"), found("R1", "FlowRole"), found("R1", "Queue")]
    assert unexcused(findings, excuses) == [found("R1", "Queue"), found("R2")]
    assert str(found()) == "prod/Root/ApiRole: R1: too open"


def test_an_excuse_that_excuses_nothing_is_found() -> None:
    excuses = [Excuse("R1", "*Role", "why"), Excuse("R1", "Queue", "why"), Excuse("R9", "*", "why")]
    assert unused([found()], excuses) == excuses[1:]


@pytest.mark.parametrize(
    "text", ["- rule: R1", "- {rule: R1, why: ' '}", "- {rule: R1, why: x, resource: y}", "- R1", "- {why: x}"]
)
def test_an_excuse_has_a_reason(text: str, tmp_path: Path) -> None:
    file = tmp_path / "excused.yml"
    file.write_text(f"- {{rule: R0, why: because}}\n{text}\n")
    with pytest.raises(DeploymentError, match=r"excused\.yml: entry 2: must have rule and why"):
        read_excuses(file)


def test_our_own_excuses_are_sentences_and_each_is_there_once() -> None:
    excuses = read_excuses(EXCUSES)
    assert len(excuses) > 20
    assert len({(excuse.rule, excuse.where) for excuse in excuses}) == len(excuses)
    assert all(excuse.why.endswith(".") for excuse in excuses)


def test_cfn_lint_informs_and_knows_all_commercial_regions(tmp_path: Path) -> None:
    folder = tmp_path / "dev"
    folder.mkdir()
    group = {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Nam": "g"}}
    (folder / "Root.json").write_text(json.dumps({"Resources": {"Queue": QUEUE, "Group": group}}))
    findings = tools.cfn_lint([folder])
    assert {(finding.rule, finding.resource) for finding in findings} >= {("I3011", "Queue"), ("E3002", "Group")}
    assert {(finding.stage, finding.template) for finding in findings} == {("dev", "Root")}


def test_reports_of_checkov_are_read() -> None:
    check = {
        "check_id": "CKV_AWS_27",
        "check_name": "Ensure all data stored in the SQS queue is encrypted",
        "file_path": "/prod/Root.json",
        "resource": "AWS::SQS::Queue.Queue",
    }
    report = {"check_type": "cloudformation", "results": {"failed_checks": [check], "parsing_errors": []}}
    expected = Finding("CKV_AWS_27", "prod", "Root", "Queue", check["check_name"])
    assert list(tools.of_checkov(report)) == list(tools.of_checkov([report])) == [expected]
    assert list(tools.of_checkov({"passed": 0, "failed": 0})) == []  # what it prints if there is nothing to check
    with pytest.raises(DeploymentError, match=r"checkov cannot read .*Root\.json"):
        list(tools.of_checkov({"results": {"failed_checks": [], "parsing_errors": ["/prod/Root.json"]}}))


def test_reports_of_cdk_nag_are_read() -> None:
    line = {"ruleId": "AwsSolutions-SQS4", "resourceId": "Root/Template/Queue", "ruleInfo": "no TLS"}
    lines = [{**line, "compliance": "Non-Compliant"}, {**line, "compliance": "Compliant"}]
    assert list(tools.of_cdk_nag(lines, "prod")) == [Finding("AwsSolutions-SQS4", "prod", "Root", "Queue", "no TLS")]


def test_a_missing_linter_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools, "CHECKOV", tmp_path / "checkov")
    monkeypatch.setattr(command, "write_templates", lambda folder: [folder / "prod"])
    monkeypatch.setattr(tools, "ALL", (tools.checkov,))
    assert command.main() == 2
    assert "checkov is not installed: run `make templates`" in capsys.readouterr().err


@pytest.mark.thorough
@pytest.mark.skipif(
    not tools.CHECKOV.exists() or importlib.util.find_spec("cdk_nag") is None,
    reason="needs what `make templates` installs",
)
def test_all_linters_find_only_what_is_excused(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = command.main(), capsys.readouterr().out
    assert code == 0, said
    assert "excuses nothing" not in said
