"""AWS::Cognito: user pools."""

from __future__ import annotations

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider


class UserPool(Provider):
    type = "AWS::Cognito::UserPool"
    replaced_by = frozenset({"UsernameAttributes", "AliasAttributes", "UsernameConfiguration"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("UserPoolName") or aws.generated_name(logical_id, 128)
        parameters = aws.accepted("cognito-idp", "CreateUserPool", properties)
        pool = aws.client("cognito-idp").create_user_pool(PoolName=name, **parameters)["UserPool"]
        provider = f"cognito-idp.{aws.region}.amazonaws.com/{pool['Id']}"
        arn = f"arn:aws:cognito-idp:{aws.region}:{aws.account}:userpool/{pool['Id']}"
        attributes = {"Arn": arn, "UserPoolId": pool["Id"], "ProviderName": provider}
        return Physical(pool["Id"], {**attributes, "ProviderURL": f"https://{provider}"})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        parameters = aws.accepted("cognito-idp", "UpdateUserPool", properties)
        aws.client("cognito-idp").update_user_pool(UserPoolId=physical.id, **parameters)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("cognito-idp").delete_user_pool(UserPoolId=physical.id)


class UserPoolClient(Provider):
    type = "AWS::Cognito::UserPoolClient"
    replaced_by = frozenset({"UserPoolId", "GenerateSecret"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        parameters = {"ClientName": aws.generated_name(logical_id, 128), **properties}
        created = aws.client("cognito-idp").create_user_pool_client(**parameters)["UserPoolClient"]
        return Physical(created["ClientId"], {"ClientId": created["ClientId"], "Name": created["ClientName"]})

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        parameters = aws.accepted("cognito-idp", "UpdateUserPoolClient", properties)
        aws.client("cognito-idp").update_user_pool_client(**{**parameters, "ClientId": physical.id})
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        client = aws.client("cognito-idp")
        client.delete_user_pool_client(UserPoolId=properties["UserPoolId"], ClientId=physical.id)


class UserPoolGroup(Provider):
    type = "AWS::Cognito::UserPoolGroup"
    replaced_by = frozenset({"UserPoolId", "GroupName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        parameters = {"GroupName": aws.generated_name(logical_id, 128), **properties}
        aws.client("cognito-idp").create_group(**parameters)
        return Physical(parameters["GroupName"])

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        aws.client("cognito-idp").update_group(**{**properties, "GroupName": physical.id})
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("cognito-idp").delete_group(UserPoolId=properties["UserPoolId"], GroupName=physical.id)
