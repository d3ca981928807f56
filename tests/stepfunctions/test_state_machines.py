"""Creating, updating, describing, listing and deleting state machines through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stepfunctions.conftest import ACCOUNT, PASSING, REGION, ROLE, WAITING, Lab, one

ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_describe_shows_what_was_created(lab: Lab, sfn: Any) -> None:
    arn = lab.create("orders", PASSING, tags=[{"key": "team", "value": "a"}])
    found = sfn.describe_state_machine(stateMachineArn=arn)
    assert arn == ARN + "orders"
    assert json.loads(found["definition"]) == PASSING
    assert (found["name"], found["type"], found["status"], found["roleArn"]) == ("orders", "STANDARD", "ACTIVE", ROLE)
    assert found["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert found["tracingConfiguration"] == {"enabled": False}
    assert found["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    assert "revisionId" not in found
    metadata = sfn.describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")
    assert metadata["definition"] == "{}"


def test_create_is_idempotent_but_for_what_differs(lab: Lab, sfn: Any) -> None:
    arguments = {"name": "m", "definition": json.dumps(PASSING), "roleArn": ROLE}
    first = sfn.create_state_machine(**arguments)
    again = sfn.create_state_machine(**{**arguments, "roleArn": ROLE + "2"}, tags=[{"key": "k", "value": "v"}])
    assert again["creationDate"] == first["creationDate"]
    assert sfn.describe_state_machine(stateMachineArn=ARN + "m")["roleArn"] == ROLE
    for change in (
        {"definition": json.dumps(WAITING)},
        {"type": "EXPRESS"},
        {"tracingConfiguration": {"enabled": True}},
    ):
        assert refusal(sfn.create_state_machine, **{**arguments, **change}) == (
            "StateMachineAlreadyExists",
            f"State Machine Already Exists: '{ARN}m'",
        )


@pytest.mark.parametrize("name", ["a b", "a/b", "a<b", "a?", "a:b", "tab\t", "ünï\u0080", "a#b"])
def test_names_that_aws_refuses(sfn: Any, name: str) -> None:
    arguments = {"name": name, "definition": json.dumps(PASSING), "roleArn": ROLE}
    assert refusal(sfn.create_state_machine, **arguments) == ("InvalidName", f"Invalid Name: '{name}'")


def test_validation_errors_come_all_at_once(lab: Lab) -> None:
    with pytest.raises(Exception, match="2 validation errors detected") as caught:
        lab.service.handle("CreateStateMachine", {"name": "", "definition": "{}", "type": "OTHER", "roleArn": ROLE})
    assert str(caught.value) == (
        "ValidationException: 2 validation errors detected: "
        "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        "Value 'OTHER' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]"
    )


@pytest.mark.parametrize(
    ("action", "body", "expected"),
    [
        (
            "DescribeStateMachine",
            {},
            "ValidationException: 1 validation error detected: Value null at 'stateMachineArn'",
        ),
        ("DescribeStateMachine", {"stateMachineArn": 7}, "SerializationException"),
        ("DescribeStateMachine", {"stateMachineArn": "x"}, "InvalidArn: Invalid Arn: 'Invalid ARN prefix: x'"),
        (
            "DescribeStateMachine",
            {"stateMachineArn": ARN + "x"},
            "StateMachineDoesNotExist: State Machine Does Not Exist",
        ),
        ("DescribeExecution", {"executionArn": ARN + "x"}, "Resource type not valid in this context: stateMachine"),
        ("ListStateMachines", {"maxResults": 1001}, "Member must have value less than or equal to 1000"),
        ("TagResource", {"resourceArn": ARN + "x", "tags": [{"key": ""}]}, "Value '' at 'tags.1.member.key' failed"),
        ("NoSuchThing", {}, "UnknownOperationException"),
    ],
)
def test_bad_requests_are_worded_as_aws_words_them(lab: Lab, action: str, body: dict[str, Any], expected: str) -> None:
    from stepfunctions import ServiceError

    with pytest.raises(ServiceError) as caught:
        lab.service.handle(action, body)
    assert expected in str(caught.value)


def test_a_bad_definition_names_every_problem(sfn: Any) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "C": {"Type": "Pass"}}}
    code, message = refusal(sfn.create_state_machine, name="m", definition=json.dumps(definition), roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert message.startswith("Invalid State Machine Definition: '")
    assert "at /States/A/Next" in message
    assert "/States/C" in message


def test_update_makes_a_revision_and_publishes(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", PASSING)
    assert refusal(sfn.update_state_machine, stateMachineArn=arn)[0] == "MissingRequiredParameter"
    answer = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAITING), publish=True)
    assert answer["stateMachineVersionArn"] == f"{arn}:1"
    found = sfn.describe_state_machine(stateMachineArn=arn)
    assert (found["revisionId"], json.loads(found["definition"])) == (answer["revisionId"], WAITING)
    unchanged = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAITING))
    assert unchanged["revisionId"] == answer["revisionId"]


def test_running_executions_keep_their_revision(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", WAITING)
    execution = lab.start(arn)
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(PASSING), roleArn=ROLE + "2")
    found = sfn.describe_state_machine_for_execution(executionArn=execution)
    assert (json.loads(found["definition"]), found["roleArn"]) == (WAITING, ROLE)


def test_delete_stops_executions_and_forgets_the_machine(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", WAITING)
    execution = lab.start(arn)
    sfn.delete_state_machine(stateMachineArn=arn)
    sfn.delete_state_machine(stateMachineArn=arn)
    assert lab.finished(execution)["status"] == "ABORTED"
    assert refusal(sfn.describe_state_machine, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"


def test_listing_in_pages_survives_changes_in_between(lab: Lab, sfn: Any) -> None:
    for number in range(5):
        lab.create(f"m{number}", PASSING)
    first = sfn.list_state_machines(maxResults=2)
    sfn.delete_state_machine(stateMachineArn=ARN + "m0")
    second = sfn.list_state_machines(maxResults=2, nextToken=first["nextToken"])
    third = sfn.list_state_machines(maxResults=2, nextToken=second["nextToken"])
    names = [[machine["name"] for machine in page["stateMachines"]] for page in (first, second, third)]
    assert names == [["m0", "m1"], ["m2", "m3"], ["m4"]]
    assert "nextToken" not in third
    for token in ("bogus", first["nextToken"][:-6] + "AAAA=="):
        assert refusal(sfn.list_state_machines, nextToken=token) == ("InvalidToken", "Invalid Token: 'Invalid token'")
    assert refusal(sfn.list_activities, nextToken=first["nextToken"])[0] == "InvalidToken"


def test_logging_needs_one_destination(sfn: Any) -> None:
    arguments = {"name": "m", "definition": json.dumps(PASSING), "roleArn": ROLE}
    assert refusal(sfn.create_state_machine, **arguments, loggingConfiguration={"level": "ALL"}) == (
        "InvalidLoggingConfiguration",
        "Invalid Logging Configuration: Must specify exactly one Log Destination.",
    )


def test_tags(lab: Lab, sfn: Any) -> None:
    arn = lab.create("m", PASSING, tags=[{"key": "a", "value": "1"}])
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "b", "value": "2"}, {"key": "a", "value": "3"}])
    sfn.untag_resource(resourceArn=arn, tagKeys=["b", "none"])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "3"}]
    many = [{"key": str(number), "value": ""} for number in range(50)]
    assert refusal(sfn.tag_resource, resourceArn=arn, tags=many)[0] == "TooManyTags"
    assert refusal(sfn.list_tags_for_resource, resourceArn=ARN + "none")[0] == "ResourceNotFound"


def test_validate_gives_diagnostics_and_creates_nothing(sfn: Any) -> None:
    good = sfn.validate_state_machine_definition(definition=json.dumps(PASSING))
    assert (good["result"], good["diagnostics"], good["truncated"]) == ("OK", [], False)
    broken = {"StartAt": "A", "States": {name: {"Type": "Pass", "Next": "Z"} for name in "ABC"}}
    bad = sfn.validate_state_machine_definition(definition=json.dumps(broken), maxResults=1)
    assert (bad["result"], len(bad["diagnostics"]), bad["truncated"]) == ("FAIL", 1, True)
    assert bad["diagnostics"][0]["severity"] == "ERROR"
    assert sfn.list_state_machines()["stateMachines"] == []


def test_variable_references_by_state(lab: Lab, sfn: Any) -> None:
    definition = {
        "StartAt": "Set",
        "States": {
            "Set": {"Type": "Pass", "Assign": {"limit": 3, "names.$": "$.names"}, "Next": "Each"},
            "Each": {
                "Type": "Map",
                "ItemsPath": "$names",
                "ItemProcessor": {
                    "StartAt": "Inner",
                    "States": {
                        "Inner": {
                            "Type": "Pass",
                            "QueryLanguage": "JSONata",
                            "Output": "{% ($local := 1; $local + $limit + $count($states.input) & '$text') %}",
                            "End": True,
                        }
                    },
                },
                "End": True,
            },
        },
    }
    found = sfn.describe_state_machine(stateMachineArn=lab.create("m", definition))
    assert found["variableReferences"] == {"Each": ["names"], "Inner": ["limit"]}
    assert "variableReferences" not in sfn.describe_state_machine(stateMachineArn=lab.create("n", one("Succeed")))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_not_valid_json(sfn: Any, number: str) -> None:
    state = f'{{"Type": "Pass", "Result": {number}, "End": true}}'
    machine = f'{{"StartAt": "A", "States": {{"A": {state}}}}}'
    with pytest.raises(sfn.exceptions.InvalidDefinition, match="INVALID_JSON_DESCRIPTION"):
        sfn.create_state_machine(name="numbers", definition=machine, roleArn=ROLE)
    with pytest.raises(sfn.exceptions.InvalidDefinition, match="INVALID_JSON_DESCRIPTION"):
        sfn.test_state(definition=state)


def test_where_logs_go(sfn: Any) -> None:
    def create(group: dict[str, str]) -> None:
        logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": group}]}
        arguments = {"name": "logs", "definition": json.dumps(PASSING), "roleArn": ROLE}
        sfn.create_state_machine(**arguments, loggingConfiguration=logging)

    for group in ({}, {"logGroupArn": "logs"}, {"logGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g"}):
        with pytest.raises(sfn.exceptions.InvalidLoggingConfiguration):
            create(group)
    create({"logGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:*"})


def test_an_optimized_integration_has_only_its_own_actions(lab: Lab) -> None:
    for resource in ("dynamodb:query", "sqs:receiveMessage", "ecs:stopTask.sync"):
        definition = one("Task", Resource=f"arn:aws:states:::{resource}")
        code, message = refusal(lab.create, name="m", definition=definition)
        assert code == "InvalidDefinition"
        assert f"The resource provided arn:aws:states:::{resource} is not recognized." in message
