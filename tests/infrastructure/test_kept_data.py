"""Users, groups, runs and usage outlive a stage's stack, and a new stack takes them in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from jose import jwt

from infrastructure import groups, kept_data
from infrastructure.cloud import Cloud
from infrastructure.errors import DeploymentError
from infrastructure.identity import user_resources
from infrastructure.resources import Resource
from infrastructure.stage import StageSettings
from infrastructure.stages import DEV, PROD
from infrastructure.storage import table_resources
from infrastructure.tokens import template_names, with_pseudo_parameters
from localcloud.cloud import Cloud as LocalCloud
from tests.end_to_end.conftest import PASSWORD, sign_up
from tests.infrastructure.conftest import APP
from tests.localcloud.conftest import client_of

STACK = f"{APP}-prod"
USERS = f"{APP}-prod-users"


class Stage:
    """The stage prod, with nothing but what it keeps."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.client = client_of(cloud, "cloudformation")
        self.cognito = client_of(cloud, "cognito-idp")

    def deploy(self, settings: StageSettings = PROD, more: dict[str, Resource] | None = None) -> dict[str, str]:
        """Create or update the stack, and return its outputs."""
        body = json.dumps(template(settings, more or {}))
        exists = STACK in [stack["StackName"] for stack in self.client.describe_stacks()["Stacks"]]
        (self.client.update_stack if exists else self.client.create_stack)(StackName=STACK, TemplateBody=body)
        (described,) = self.client.describe_stacks(StackName=STACK)["Stacks"]
        assert described["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), described
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    def import_kept(self, kept: kept_data.KeptData, settings: StageSettings) -> None:
        """What `cdk import --resource-mapping` does."""
        importing = kept_data.importing(template(settings, {}), kept.identifiers)
        self.client.create_change_set(
            StackName=STACK,
            ChangeSetName="import",
            ChangeSetType="IMPORT",
            TemplateBody=json.dumps(importing),
            ResourcesToImport=[
                {
                    "LogicalResourceId": key,
                    "ResourceType": importing["Resources"][key]["Type"],
                    "ResourceIdentifier": identifier,
                }
                for key, identifier in kept.identifiers.items()
            ],
        )
        self.client.execute_change_set(StackName=STACK, ChangeSetName="import")
        (described,) = self.client.describe_stacks(StackName=STACK)["Stacks"]
        assert described["StackStatus"] == "IMPORT_COMPLETE", described

    def members(self, pool: str, group: str) -> list[str]:
        listed = self.cognito.list_users_in_group(UserPoolId=pool, GroupName=group)["Users"]
        return [str(user["Username"]) for user in listed]

    def clear(self) -> None:
        self.client.delete_stack(StackName=STACK)
        for pool in self.cognito.list_user_pools(MaxResults=60)["UserPools"]:
            if pool["Name"] == USERS:
                self.cognito.update_user_pool(UserPoolId=pool["Id"], DeletionProtection="INACTIVE")
                self.cognito.delete_user_pool(UserPoolId=pool["Id"])
        tables = client_of(self.cloud, "dynamodb")
        for name in tables.list_tables()["TableNames"]:
            if name.startswith(f"{APP}-prod"):
                tables.update_table(TableName=name, DeletionProtectionEnabled=False)
                tables.delete_table(TableName=name)


def template(settings: StageSettings, more: dict[str, Resource]) -> dict[str, Any]:
    names = template_names("prod")
    resources = {**user_resources(settings, names), **table_resources(settings, names), **more}
    return {
        "Resources": with_pseudo_parameters(resources),
        "Outputs": {"Pool": {"Value": {"Ref": "UserPool"}}, "Client": {"Value": {"Ref": "UserPoolClient"}}},
    }


@pytest.fixture
def stage(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    made = Stage(cloud)
    yield made
    made.clear()


def test_users_sign_in_as_before_to_a_stage_that_was_destroyed_and_deployed_again(stage: Stage) -> None:
    first = stage.deploy()
    token = sign_up(stage.cognito, first["Pool"], first["Client"], "ops")["IdToken"]
    tables = client_of(stage.cloud, "dynamodb")
    item = {"userId": {"S": "u"}, "yearMonth": {"S": "2026-01"}, "apiCalls": {"N": "3"}}
    tables.put_item(TableName=f"{APP}-prod-usage", Item=item)
    stage.client.delete_stack(StackName=STACK)

    kept = kept_data.find(Cloud(), PROD)
    assert kept.identifiers == {
        "UserPool": {"UserPoolId": first["Pool"]},
        "UserPoolClient": {"UserPoolId": first["Pool"], "ClientId": first["Client"]},
        "UsageTable": {"TableName": f"{APP}-prod-usage"},
        "RunsTable": {"TableName": f"{APP}-prod-runs"},
    }
    assert str(kept) == f"the user pool {first['Pool']}, the table {APP}-prod-usage, the table {APP}-prod-runs"
    changed = replace(PROD, mfa="optional")
    stage.import_kept(kept, changed)
    assert stage.deploy(changed) == first

    before = jwt.get_unverified_claims(token)
    again = stage.cognito.initiate_auth(
        ClientId=first["Client"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": before["email"], "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    after = jwt.get_unverified_claims(again["IdToken"])
    assert [before[name] for name in ("sub", "iss", "aud")] == [after[name] for name in ("sub", "iss", "aud")]
    assert len(stage.members(first["Pool"], "ops")) == 1
    assert tables.scan(TableName=f"{APP}-prod-usage")["Items"] == [item]
    # What the settings say by now has become true, which an import doesn't see to.
    assert stage.cognito.get_user_pool_mfa_config(UserPoolId=first["Pool"])["MfaConfiguration"] == "OPTIONAL"


def test_which_of_several_pools_is_imported_is_a_setting(stage: Stage) -> None:
    pools = [stage.cognito.create_user_pool(PoolName=USERS)["UserPool"]["Id"] for _ in range(2)]
    cloud = Cloud()
    with pytest.raises(DeploymentError) as raised:
        kept_data.find(cloud, PROD)
    assert "stage prod has left several user pools: " in str(raised.value)
    assert all(f"{pool} (0 users)" in str(raised.value) for pool in pools)
    assert "set user_pool_id in infrastructure/stages.py" in str(raised.value)
    for pool in pools:
        assert kept_data.find(cloud, replace(PROD, user_pool_id=pool)).identifiers == {"UserPool": {"UserPoolId": pool}}
    with pytest.raises(
        DeploymentError, match="there is no user pool us-east-1_none in account 123456789012; remove us"
    ):
        kept_data.find(cloud, replace(PROD, user_pool_id="us-east-1_none"))
    for pool in pools[1:]:
        stage.cognito.delete_user_pool(UserPoolId=pool)
    elsewhere = replace(PROD, user_pool_id="eu-west-1_Other")  # the same stage in another region
    assert kept_data.find(cloud, elsewhere).pool == pools[0]


def test_a_stage_that_keeps_nothing_imports_nothing(stage: Stage) -> None:
    stage.cognito.create_user_pool(PoolName=USERS)
    assert kept_data.find(Cloud(), replace(PROD, retain_data=False)).identifiers == {}
    assert DEV.retain_data is False


def test_a_pool_is_imported_without_a_client_if_it_is_not_clear_which(stage: Stage) -> None:
    pool = stage.cognito.create_user_pool(PoolName=USERS)["UserPool"]["Id"]
    for name in ("other", f"{APP}-prod-api"):
        made = stage.cognito.create_user_pool_client(UserPoolId=pool, ClientName=name)["UserPoolClient"]["ClientId"]
    assert kept_data.find(Cloud(), PROD).client == made
    stage.cognito.create_user_pool_client(UserPoolId=pool, ClientName=f"{APP}-prod-api")
    assert kept_data.find(Cloud(), PROD).identifiers == {"UserPool": {"UserPoolId": pool}}


@pytest.mark.parametrize("first", ["script", "deployment"])
def test_groups_never_collide(stage: Stage, first: str) -> None:
    """`create_user.py --group ops` before or after a deployment of a flow that names `ops`."""
    pool = stage.deploy()["Pool"]
    if first == "script":
        stage.cognito.create_group(UserPoolId=pool, GroupName="ops")
        assert groups.create_groups(Cloud(), pool, ["ops"]) == ["admin"]
    else:
        assert groups.create_groups(Cloud(), pool, ["ops"]) == ["admin", "ops"]
    stage.deploy()
    assert groups.create_groups(Cloud(), pool, ["ops"]) == []


def test_a_group_keeps_its_members_when_no_flow_names_it_any_more(stage: Stage) -> None:
    """As stacks of earlier releases have groups, which CloudFormation would delete."""
    described = {
        "GroupOps": {
            "Type": "AWS::Cognito::UserPoolGroup",
            "Properties": {"UserPoolId": {"Ref": "UserPool"}, "GroupName": "ops"},
        }
    }
    made = stage.deploy(more=described)
    sign_up(stage.cognito, made["Pool"], made["Client"], "ops")
    released = kept_data.releasing(template(PROD, described))
    assert released is not None
    assert kept_data.releasing(released) is None
    stage.deploy(more={"GroupOps": released["Resources"]["GroupOps"]})
    stage.deploy()
    assert len(stage.members(made["Pool"], "ops")) == 1
    assert kept_data.releasing(template(PROD, {})) is None


def test_groups_of_a_stage_that_is_not_deployed(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    assert groups.main(["--stage", "prod"]) == 1
    assert capsys.readouterr().err == "error: the stage prod is not deployed: run `make deploy STAGE=prod`\n"
