"""Names with placeholders that CloudFormation fills in."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from infrastructure.tokens import substitutions, template_names, with_pseudo_parameters

NAMES = template_names("prod")


def test_an_arn_becomes_an_expression() -> None:
    joined = with_pseudo_parameters({"Arn": [NAMES.function_arn("ping")]})
    assert joined == {
        "Arn": [
            {
                "Fn::Join": [
                    "",
                    [
                        "arn:",
                        {"Ref": "AWS::Partition"},
                        ":lambda:",
                        {"Ref": "AWS::Region"},
                        ":",
                        {"Ref": "AWS::AccountId"},
                        ":function:serverless-dynamic-workflows-prod-ping",
                    ],
                ]
            }
        ]
    }


def test_flows_are_started_through_the_alias() -> None:
    assert NAMES.state_machine_arn("f").endswith(":stateMachine:serverless-dynamic-workflows-prod-f:live")
    assert "live" not in NAMES.execution_arn("f", "x")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Co", "Cs"])),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner)))  # fmt: skip
def test_whatever_has_no_name_in_it_stays(value: object) -> None:
    assert with_pseudo_parameters(value) == value


def test_a_definition_in_a_file_has_names_that_step_functions_replaces() -> None:
    text, found = substitutions(json.dumps({"Resource": NAMES.function_arn("ping")}, ensure_ascii=False))
    assert json.loads(text)["Resource"].startswith("arn:${AWSPartition}:lambda:${AWSRegion}:${AWSAccountId}:")
    assert found == {
        "AWSPartition": {"Ref": "AWS::Partition"},
        "AWSRegion": {"Ref": "AWS::Region"},
        "AWSAccountId": {"Ref": "AWS::AccountId"},
    }
