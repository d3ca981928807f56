"""AWS::Cognito: user pools."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.cloudformation.provider import Aws, Physical, Properties, Provider, is_gone


class UserPool(Provider):
    type = "AWS::Cognito::UserPool"
    replaced_by = frozenset({"UsernameAttributes", "AliasAttributes", "UsernameConfiguration"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        name = properties.get("UserPoolName") or aws.generated_name(logical_id, 128)
        parameters = aws.accepted("cognito-idp", "CreateUserPool", properties)
        pool = aws.client("cognito-idp").create_user_pool(PoolName=name, **parameters)["UserPool"]
        _set_mfa(aws, pool["Id"], properties)
        return _pool(aws, pool["Id"])

    def identified(self, aws: Aws, properties: Properties, identifier: Mapping[str, str]) -> Physical | None:
        try:
            aws.client("cognito-idp").describe_user_pool(UserPoolId=identifier["UserPoolId"])
        except Exception as error:
            if is_gone(error):
                return None
            raise
        return _pool(aws, identifier["UserPoolId"])

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        parameters = aws.accepted("cognito-idp", "UpdateUserPool", properties)
        aws.client("cognito-idp").update_user_pool(UserPoolId=physical.id, **parameters)
        if any(properties.get(name) != former.get(name) for name in ("MfaConfiguration", "EnabledMfas")):
            _set_mfa(aws, physical.id, properties)
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        aws.client("cognito-idp").delete_user_pool(UserPoolId=physical.id)


def _pool(aws: Aws, pool: str) -> Physical:
    provider = f"cognito-idp.{aws.region}.amazonaws.com/{pool}"
    arn = f"arn:aws:cognito-idp:{aws.region}:{aws.account}:userpool/{pool}"
    attributes = {"Arn": arn, "UserPoolId": pool, "ProviderName": provider, "ProviderURL": f"https://{provider}"}
    return Physical(pool, attributes)


def _set_mfa(aws: Aws, pool: str, properties: Properties) -> None:
    """Set how users of a pool sign in, which CreateUserPool and UpdateUserPool can't set for authenticator apps."""
    if "MfaConfiguration" in properties:
        app = {"Enabled": "SOFTWARE_TOKEN_MFA" in properties.get("EnabledMfas", [])}
        aws.client("cognito-idp").set_user_pool_mfa_config(
            UserPoolId=pool,
            MfaConfiguration=properties["MfaConfiguration"],
            **({"SoftwareTokenMfaConfiguration": app} if app["Enabled"] else {}),
        )


class UserPoolClient(Provider):
    type = "AWS::Cognito::UserPoolClient"
    replaced_by = frozenset({"UserPoolId", "GenerateSecret"})

    def create(self, aws: Aws, logical_id: str, properties: Properties) -> Physical:
        parameters = {"ClientName": aws.generated_name(logical_id, 128), **properties}
        created = aws.client("cognito-idp").create_user_pool_client(**parameters)["UserPoolClient"]
        return _client(created)

    def identified(self, aws: Aws, properties: Properties, identifier: Mapping[str, str]) -> Physical | None:
        try:
            found = aws.client("cognito-idp").describe_user_pool_client(**identifier)
        except Exception as error:
            if is_gone(error):
                return None
            raise
        return _client(found["UserPoolClient"])

    def update(self, aws: Aws, physical: Physical, properties: Properties, former: Properties) -> Physical:
        parameters = aws.accepted("cognito-idp", "UpdateUserPoolClient", properties)
        aws.client("cognito-idp").update_user_pool_client(**{**parameters, "ClientId": physical.id})
        return physical

    def delete(self, aws: Aws, physical: Physical, properties: Properties) -> None:
        client = aws.client("cognito-idp")
        client.delete_user_pool_client(UserPoolId=properties["UserPoolId"], ClientId=physical.id)


def _client(described: Mapping[str, str]) -> Physical:
    return Physical(described["ClientId"], {"ClientId": described["ClientId"], "Name": described["ClientName"]})


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
