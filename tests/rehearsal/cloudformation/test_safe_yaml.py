from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from localcloud.cloud import Cloud
from rehearsal.cloudformation.safe_yaml import load
from tests.localcloud.conftest import client_of

TOPIC = "Resources: {Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: %s}}}"


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("!Ref x", {"Ref": "x"}),
        ("!Condition x", {"Condition": "x"}),
        ("!GetAtt a.b", {"Fn::GetAtt": ["a", "b"]}),
        ("!GetAtt [a, b]", {"Fn::GetAtt": ["a", "b"]}),
        ("!Sub 'x-${y}'", {"Fn::Sub": "x-${y}"}),
        ("!Join ['', [a, !Ref b]]", {"Fn::Join": ["", ["a", {"Ref": "b"}]]}),
        (
            "!Transform {Name: x, Parameters: {a: !Ref b}}",
            {"Fn::Transform": {"Name": "x", "Parameters": {"a": {"Ref": "b"}}}},
        ),
    ],
)
def test_the_short_forms_are_read(source: str, value: Any) -> None:
    assert load(source) == value


@pytest.mark.parametrize(
    "source",
    [
        "!!python/object/apply:os.system ['touch {file}']",
        "!!python/object/new:os.system ['touch {file}']",
        "!!python/name:os.system",
        "!<tag:yaml.org,2002:python/object/apply:os.system> ['touch {file}']",
    ],
)
def test_no_template_runs_code(cloud: Cloud, tmp_path: Path, source: str) -> None:
    marker = tmp_path / "ran"
    value = source.replace("{file}", str(marker))
    with pytest.raises(yaml.YAMLError):
        load(value)
    template = f"{TOPIC % 'x'}\nDescription: {value}\n"
    cloudformation = client_of(cloud, "cloudformation")
    for call in (
        lambda: cloudformation.create_stack(StackName="unsafe", TemplateBody=template),
        lambda: cloudformation.validate_template(TemplateBody=template),
        lambda: cloudformation.create_change_set(
            StackName="unsafe", ChangeSetName="unsafe", ChangeSetType="CREATE", TemplateBody=template
        ),
        lambda: cloudformation.get_template_summary(TemplateBody=template),
    ):
        with pytest.raises(ClientError):
            call()
    assert not marker.exists()
