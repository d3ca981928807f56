"""What Cognito's user pools do and moto's don't: second factors that are required and checked, and lasting settings."""

from __future__ import annotations

import functools
import os
import uuid
from typing import Any

LASTING = ("AliasAttributes", "Schema", "UsernameAttributes", "UsernameConfiguration")
"""Settings that UpdateUserPool has no parameters for."""


def install() -> None:
    """Change moto's user pools, for the whole process.

    A pool that requires a second factor asks users without one to set it up when they sign in; moto asks only after
    another challenge, and checks codes only if an environment variable says so.
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
    """
    from moto.cognitoidp import models

    os.environ.setdefault("MOTO_COGNITO_IDP_USER_POOL_ENABLE_TOTP", "true")
    sign_in = models.CognitoIdpBackend.initiate_auth
    update = models.CognitoIdpUserPool.update_extended_config
    if hasattr(sign_in, "__wrapped__"):
        return

    @functools.wraps(sign_in)
    def initiate_auth(
        self: models.CognitoIdpBackend, client_id: str, auth_flow: str, auth_parameters: dict[str, str]
    ) -> dict[str, Any]:
        answer = sign_in(self, client_id, auth_flow, auth_parameters)
        pool = next(pool for pool in self.user_pools.values() if client_id in pool.clients)
        if auth_flow != "USER_PASSWORD_AUTH" or "AuthenticationResult" not in answer or pool.mfa_config != "ON":
            return answer
        name = auth_parameters["USERNAME"]
        session = str(uuid.uuid4())
        self.sessions[session] = (name, pool)
        parameters = {"USER_ID_FOR_SRP": name, "MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]'}
        return {"ChallengeName": "MFA_SETUP", "ChallengeParameters": parameters, "Session": session}

    @functools.wraps(update)
    def update_extended_config(self: models.CognitoIdpUserPool, extended_config: dict[str, Any]) -> None:
        before = getattr(self, "extended_config", {})  # a new pool has none
        lasting = {key: before[key] for key in LASTING if key in before}
        update(self, {**lasting, **extended_config})

    models.CognitoIdpBackend.initiate_auth = initiate_auth  # type: ignore[method-assign]
    models.CognitoIdpUserPool.update_extended_config = update_extended_config  # type: ignore[method-assign]
