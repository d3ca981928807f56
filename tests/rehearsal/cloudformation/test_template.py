"""Templates: reading, order, expressions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.cloudformation.template import Evaluator, TemplateError, in_order, parse, references

NAMES = {"AWS::Region": "us-east-1", "Stage": "prod", "List": ["a", "b"]}
RESOURCES = {"Queue": ("https://queue", {"Arn": "arn:queue", "Outputs.Key": "nested"})}


def evaluate(value: Any, template: dict[str, Any] | None = None) -> Any:
    return Evaluator(template or {}, NAMES, RESOURCES.get, {"shared": "exported"}).value(value)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "Queue"}, "https://queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue"),
        ({"Fn::GetAtt": "Queue.Outputs.Key"}, "nested"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-prod"),
        ({"Fn::Sub": "x-${Stage}-${Queue.Arn}-${!literal}"}, "x-prod-arn:queue-${literal}"),
        ({"Fn::Sub": ["${Own}/${Stage}", {"Own": {"Ref": "Queue"}}]}, "https://queue/prod"),
        ({"Fn::Select": ["1", {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::ImportValue": "shared"}, "exported"),
        ({"Fn::ToJsonString": {"a": {"Ref": "Stage"}}}, '{"a": "prod"}'),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsNotProd", "yes", {"Ref": "AWS::NoValue"}]}, None),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "size"]}, 3),
        ({"kept": 1, "gone": {"Ref": "AWS::NoValue"}}, {"kept": 1}),
        ([1, {"Ref": "AWS::NoValue"}, {"Ref": "Stage"}], [1, "prod"]),
    ],
)
def test_expressions(expression: Any, expected: Any) -> None:
    template = {
        "Conditions": {
            "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "IsNotProd": {"Fn::Not": [{"Condition": "IsProd"}]},
        },
        "Mappings": {"Sizes": {"prod": {"size": 3}}},
    }
    assert evaluate(expression, template) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Ref": "Nothing"}, "Unresolved resource dependencies [Nothing]"),
        ({"Fn::GetAtt": ["Queue", "Color"]}, "resource Queue does not support attribute type Color"),
        ({"Fn::ImportValue": "nobody"}, "No export named nobody found."),
        ({"Fn::Cidr": ["10.0.0.0/8", 1]}, "Fn::Cidr is not supported"),
        ({"Fn::If": ["Unknown", 1, 2]}, "Unresolved condition Unknown"),
    ],
)
def test_what_cannot_be_evaluated_is_named(expression: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message.replace("[", r"\[").replace("]", r"\]")):
        evaluate(expression)


def test_references_of_all_kinds() -> None:
    value = {"a": {"Ref": "A"}, "b": [{"Fn::GetAtt": ["B", "Arn"]}], "c": {"Fn::Sub": ["${C.Arn} ${own}", {"own": 1}]}}
    assert sorted(references(value)) == ["A", "B", "C"]


def test_dependencies_come_first_and_cycles_are_refused() -> None:
    first = {"Type": "T"}
    resources = {
        "Last": {"Type": "T", "DependsOn": ["Middle"]},
        "Middle": {"Type": "T", "Properties": {"x": {"Ref": "First"}}},
        "First": first,
    }
    assert in_order({"Resources": resources}) == ["First", "Middle", "Last"]
    with pytest.raises(TemplateError, match=r"Circular dependency .*First"):
        in_order({"Resources": {**resources, "First": {"Type": "T", "DependsOn": "Last"}}})
    with pytest.raises(TemplateError, match=r"\[Gone\]"):
        in_order({"Resources": {"First": {"Type": "T", "DependsOn": "Gone"}}})


def test_sam_is_expanded_and_its_errors_are_reported() -> None:
    template: dict[str, Any] = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "F": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "Handler": "a.b",
                    "Runtime": "python3.11",
                    "CodeUri": {"Bucket": "b", "Key": "k"},
                    "Role": "arn:aws:iam::123456789012:role/r",
                },
            }
        },
    }
    assert parse(json.dumps(template))["Resources"]["F"]["Type"] == "AWS::Lambda::Function"
    del template["Resources"]["F"]["Properties"]["CodeUri"]
    with pytest.raises(TemplateError, match="F"):
        parse(json.dumps(template))


def test_yaml_and_invalid_templates() -> None:
    assert parse("Resources:\n  Q:\n    Type: AWS::SQS::Queue\n")["Resources"] == {"Q": {"Type": "AWS::SQS::Queue"}}
    with pytest.raises(TemplateError, match="format error"):
        parse('{"Resources": ')
