"""AWS::Cognito: user pools."""

from __future__ import annotations

from rehearsal.cloudformation.provider import Aws, Made, Properties, Provider


class UserPool(Provider):
    type = "AWS::Cognito::UserPool"
    replaced_by = frozenset({"UsernameAttributes", "AliasAttributes", "UsernameConfiguration"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        name = properties.get("UserPoolName") or aws.generated_name(logical_id, 128)
        parameters = aws.accepted("cognito-idp", "CreateUserPool", properties)
        pool = aws.client("cognito-idp").create_user_pool(PoolName=name, **parameters)["UserPool"]
        provider = f"cognito-idp.{aws.region}.amazonaws.com/{pool['Id']}"
        arn = f"arn:aws:cognito-idp:{aws.region}:{aws.account}:userpool/{pool['Id']}"
        attributes = {"Arn": arn, "UserPoolId": pool["Id"], "ProviderName": provider}
        return Made(pool["Id"], {**attributes, "ProviderURL": f"https://{provider}"})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        parameters = aws.accepted("cognito-idp", "UpdateUserPool", properties)
        aws.client("cognito-idp").update_user_pool(UserPoolId=made.id, **parameters)
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("cognito-idp").delete_user_pool(UserPoolId=made.id)


class UserPoolClient(Provider):
    type = "AWS::Cognito::UserPoolClient"
    replaced_by = frozenset({"UserPoolId", "GenerateSecret"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        parameters = {"ClientName": aws.generated_name(logical_id, 128), **properties}
        made = aws.client("cognito-idp").create_user_pool_client(**parameters)["UserPoolClient"]
        return Made(made["ClientId"], {"ClientId": made["ClientId"], "Name": made["ClientName"]})

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        parameters = aws.accepted("cognito-idp", "UpdateUserPoolClient", properties)
        aws.client("cognito-idp").update_user_pool_client(**{**parameters, "ClientId": made.id})
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        client = aws.client("cognito-idp")
        client.delete_user_pool_client(UserPoolId=properties["UserPoolId"], ClientId=made.id)


class UserPoolGroup(Provider):
    type = "AWS::Cognito::UserPoolGroup"
    replaced_by = frozenset({"UserPoolId", "GroupName"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Made:
        parameters = {"GroupName": aws.generated_name(logical_id, 128), **properties}
        aws.client("cognito-idp").create_group(**parameters)
        return Made(parameters["GroupName"])

    def update(self, aws: Aws, made: Made, properties: Properties, former: Properties) -> Made:
        aws.client("cognito-idp").update_group(**{**properties, "GroupName": made.id})
        return made

    def delete(self, aws: Aws, made: Made, properties: Properties) -> None:
        aws.client("cognito-idp").delete_group(UserPoolId=properties["UserPoolId"], GroupName=made.id)
