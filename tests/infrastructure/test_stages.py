"""The settings of stages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infrastructure import stages
from infrastructure.stage import StageError, stage_settings
from infrastructure.stages import DEFAULT_STAGE, DEV, PROD, STAGES


def test_the_stages_and_the_default() -> None:
    assert stage_settings("prod") is PROD
    assert stage_settings(DEFAULT_STAGE) is DEV
    assert all(name == stage.name for name, stage in STAGES.items())
    assert PROD.retain_data
    assert not DEV.retain_data


@pytest.mark.parametrize(("name", "hint"), [("prd", "did you mean 'prod'?"), ("xyz", "available: dev, prod.")])
def test_an_unknown_stage_is_one_line_that_says_what_to_do(name: str, hint: str) -> None:
    with pytest.raises(StageError) as caught:
        stage_settings(name)
    message = str(caught.value)
    assert hint in message
    assert "infrastructure/stages.py" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(({"name": name}, "lower-case letters and digits") for name in ("", "Prod", "my-stage", "1st", "x" * 17)),
        ({"flow_stacks": 0}, "flow_stacks 0: must be from 1 to 200"),
        ({"function_stacks": 201}, "function_stacks 201: must be from 1 to 200"),
        ({"log_retention_days": 10}, r"log_retention_days 10: must be one of 1, 3, 5, 7, 14, .*, 3653"),
        ({"cors_origins": ("https://a.example/",)}, "without a path"),
        ({"cors_origins": ("a.example",)}, "each must be '\\*' or like 'https://example.org'"),
        ({"cors_origins": "https://a.example"}, "cors_origins 'https://a.example'"),
        *(({"workbench": value}, "must be a tuple of names of groups") for value in (("*",), ("a,b",), "admin")),
        ({"alarm_topic_arn": "my-topic"}, "the ARN of an SNS topic"),
        ({"user_pool_id": "my-pool"}, "user_pool_id 'my-pool': must be the id of a user pool"),
        ({"mfa": "on"}, "mfa 'on': must be one of off, optional, admins, required"),
        *(
            ({"webhook_networks": value}, "each must be a network")
            for value in (("10.0.0.1/8",), ("example.com",), "10.0.0.0/8")
        ),
        ({"throttle_burst": 0}, "greater than 0"),
        ({"limited_rate": 0}, "limited_rate 0, limited_burst 100: must be greater than 0"),
        ({"waiting_per_user": -1}, "waiting_per_user -1: must be from 0 to 1000"),
        ({"api_concurrency": 0}, "api_concurrency 0: must be None, or at least 1"),
        ({"permissions_boundary": "a/b"}, "permissions_boundary 'a/b': must be the name of a managed policy"),
        ({"api_memory": 64}, "from 128 to 10240"),
        ({"api_timeout": 0}, "from 1 to 900"),
    ],
)
def test_settings_that_aws_would_refuse_are_one_line(
    changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "STAGES", {"own": replace(DEV, **changes)})
    with pytest.raises(StageError, match=message) as caught:
        stage_settings("own")
    assert str(caught.value).startswith("infrastructure/stages.py: stage ")
    assert "\n" not in str(caught.value)


def test_several_mistakes_are_reported_at_once() -> None:
    with pytest.raises(StageError) as caught:
        replace(DEV, api_memory=1, api_timeout=0).check()
    assert str(caught.value).count("\n") == 1


def test_settings_that_aws_takes() -> None:
    topic = "arn:aws-cn:sns:cn-north-1:123456789012:alarms"
    origins = ("https://a.example", "http://localhost:5173")
    replace(DEV, alarm_topic_arn=topic, cors_origins=origins, flow_stacks=200).check()
    replace(DEV, cors_origins=()).check()
