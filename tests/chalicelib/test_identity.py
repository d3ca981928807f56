"""Verifying tokens: each way to be wrong is a 401, keys that cannot be fetched are a 503."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jose import jws

from chalicelib import identity, jwks
from chalicelib.errors import Unauthorized, Unavailable
from chalicelib.identity import authenticate, email_of, parse_groups, user_of, verify_token
from tests import authenticator

from .conftest import ISSUER, IdentityProvider, LocalCloud, SigningKey


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer ", "BEARER   ", "  Bearer "])
def test_a_good_token_is_accepted(provider: IdentityProvider, prefix: str) -> None:
    claims = verify_token(prefix + provider.token(sub="user-1"))
    assert claims["sub"] == "user-1"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "not valid"),
        ({"exp": "soon"}, "not valid"),
        ({"nbf": 4_000_000_000}, "not valid"),
        ({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_other"}, "another user pool"),
        ({"aud": "other-client"}, "another client"),
        ({"aud": None}, "another client"),
        ({"aud": ["test-client", "x"]}, "another client"),
        ({"token_use": "access", "aud": None, "client_id": "test-client"}, "'access'. Send the id token"),
        ({"token_use": None}, "Send the id token"),
        ({"sub": None}, "'sub' must have"),
        ({"sub": 7}, "not valid"),
        ({"sub": ["user"]}, "not valid"),
        ({"sub": "x" * 2_000}, "'sub' must have"),
        ({"sub": "\ud800"}, "unpaired surrogate"),
        ({"exp": 10**18}, "'exp' must be in seconds"),
        ({"exp": 10**300}, "'exp' must be in seconds"),
        ({"exp": 10**400}, "too large"),
        ({"exp": -1}, "'exp' must be in seconds"),
        ({"exp": 4e9}, "'exp' must be in seconds"),
        ({"exp": float("inf")}, "JSON does not have Infinity"),
        ({"exp": "4000000000"}, "'exp' must be in seconds"),
        ({"exp": True}, "'exp' must be in seconds"),
        ({"exp": [4_000_000_000]}, "'exp' must be in seconds"),
        ({"iat": 10**300}, "'iat' must be in seconds"),
        ({"nbf": {}}, "'nbf' must be in seconds"),
        ({"email": ["a@example.com"]}, "'email' must be a string"),
        ({"cognito:username": 1}, "'cognito:username' must be a string"),
        ({"cognito:groups": {"admin": 1}}, "'cognito:groups' must be a list of strings"),
        ({"cognito:groups": [["admin"]]}, "'cognito:groups' must be a list of strings"),
        ({"cognito:groups": 7}, "'cognito:groups' must be a list of strings"),
    ],
)
def test_a_token_with_wrong_claims_is_refused(provider: IdentityProvider, changes: dict[str, Any], detail: str) -> None:
    with pytest.raises(Unauthorized, match=detail):
        verify_token(provider.token(**changes))


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer ", " "])
def test_a_missing_token_says_how_to_send_one(provider: IdentityProvider, token: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        verify_token(token)
    assert caught.value.status == 401
    assert caught.value.headers == {"WWW-Authenticate": "Bearer"}


@pytest.mark.parametrize(
    "token",
    ["x", "a.b", "a.b.c", "....", "Bearer a.b.c", f"{encoded([1])}.{encoded({})}.x", "é.ü.ö", "\0", "x" * 20_000],
)
def test_a_malformed_token_is_refused(provider: IdentityProvider, token: str) -> None:
    with pytest.raises(Unauthorized):
        verify_token(token)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "RS512", 7, None])
def test_only_one_algorithm_is_accepted(provider: IdentityProvider, algorithm: Any) -> None:
    header = {"alg": algorithm, "kid": provider.key.kid}
    for signature in ("", "c2ln"):
        with pytest.raises(Unauthorized):
            verify_token(f"{encoded(header)}.{encoded(provider.claims())}.{signature}")


def test_the_public_key_is_no_shared_secret(provider: IdentityProvider) -> None:
    signed = f"{encoded({'alg': 'HS256', 'kid': provider.key.kid})}.{encoded(provider.claims())}"
    import hashlib
    import hmac

    mac = hmac.new(provider.key.public_pem.encode(), signed.encode(), hashlib.sha256).digest()
    with pytest.raises(Unauthorized, match="only RS256"):
        verify_token(f"{signed}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}")


def test_another_key_under_a_known_id_is_refused(provider: IdentityProvider) -> None:
    with pytest.raises(Unauthorized, match="not valid"):
        verify_token(provider.token(key=SigningKey(provider.key.kid)))


def test_a_changed_token_is_refused(provider: IdentityProvider) -> None:
    header, _, signature = provider.token().split(".")
    with pytest.raises(Unauthorized):
        verify_token(f"{header}.{encoded(provider.claims(sub='somebody-else'))}.{signature}")


def test_an_unknown_key_is_looked_for_and_refused(provider: IdentityProvider) -> None:
    verify_token(provider.token())
    with pytest.raises(Unauthorized, match="not signed by the stage's user pool"):
        verify_token(provider.token(key=SigningKey("unknown")))
    assert provider.requests == 2


def test_a_rotated_key_is_accepted_at_once(provider: IdentityProvider) -> None:
    verify_token(provider.token())
    rotated = SigningKey("key-2")
    provider.published = [rotated.public]
    assert verify_token(provider.token(key=rotated, sub="after"))["sub"] == "after"
    assert provider.requests == 2


def test_unknown_keys_do_not_flood_the_user_pool(provider: IdentityProvider) -> None:
    stranger = SigningKey("unknown")
    for number in range(20):
        with pytest.raises(Unauthorized):
            verify_token(provider.token(key=stranger, jti=str(number)))
    assert provider.requests <= jwks.REFETCHES + 1


def test_keys_are_fetched_once(provider: IdentityProvider) -> None:
    for number in range(5):
        verify_token(provider.token(jti=str(number)))
    assert provider.requests == 1


def test_keys_out_of_reach_are_no_reason_to_accept(provider: IdentityProvider, clean: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        clean.setenv("JWKS_URL", f"http://127.0.0.1:{unused.getsockname()[1]}/")
        for _ in range(2):
            with pytest.raises(Unavailable, match="could not be fetched"):
                verify_token(provider.token())


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense"])
def test_keys_come_by_http_alone(provider: IdentityProvider, clean: pytest.MonkeyPatch, url: str) -> None:
    clean.setenv("JWKS_URL", url)
    with pytest.raises(Unavailable):
        verify_token(provider.token())


def test_keys_that_are_none_are_out_of_reach(provider: IdentityProvider) -> None:
    provider.published = [{"kid": "key-1", "kty": "RSA", "n": "!", "e": "AQAB"}]
    with pytest.raises(Unavailable):
        verify_token(provider.token())


def test_without_a_user_pool_nothing_is_accepted(provider: IdentityProvider, clean: pytest.MonkeyPatch) -> None:
    token = provider.token(aud="")
    clean.delenv("USER_POOL_CLIENT_ID")
    with pytest.raises(Unavailable, match="USER_POOL_CLIENT_ID"):
        verify_token(token)


def test_a_verified_token_expires_all_the_same(provider: IdentityProvider, clean: pytest.MonkeyPatch) -> None:
    token = provider.token()
    verify_token(token)
    now = time.time() + 7200
    clean.setattr(time, "time", lambda: now)
    clean.setattr(identity.time, "time", lambda: now)
    with pytest.raises(Unauthorized, match="expired"):
        verify_token(token)


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (b"[]", "must be a JSON object"),
        (b"\xff", "not UTF-8"),
        (b"{", "line 1, column 2"),
        (b"[" * 5_000, "nested too deeply"),
        (b'{"exp": 1e400}', "too large"),
        (b'{"exp": ' + b"9" * 5_000 + b"}", "too large"),
    ],
)
def test_a_signed_token_with_other_contents_is_refused(provider: IdentityProvider, payload: bytes, detail: str) -> None:
    token = jws.sign(payload, provider.key.private, algorithm="RS256", headers={"kid": provider.key.kid})
    with pytest.raises(Unauthorized, match=detail) as refused:
        verify_token(token)
    assert "sys." not in str(refused.value)


@pytest.mark.parametrize("crit", [["exp"], [], "b64", None])
def test_a_token_with_extensions_is_refused(provider: IdentityProvider, crit: Any) -> None:
    headers = {"kid": provider.key.kid, "crit": crit, "b64": False}
    token = jws.sign(provider.claims(), provider.key.private, algorithm="RS256", headers=headers)
    with pytest.raises(Unauthorized, match="'crit'"):
        verify_token(token)


@pytest.mark.parametrize("kid", [None, 7, ["key-1"], {"key-1": 1}, ""])
def test_a_key_id_that_is_not_a_string_is_refused_without_asking(provider: IdentityProvider, kid: Any) -> None:
    token = jws.sign(provider.claims(), provider.key.private, algorithm="RS256", headers={"kid": kid})
    with pytest.raises(Unauthorized, match="not signed by the stage's user pool"):
        verify_token(token)
    assert provider.requests == (1 if kid == "" else 0)


def test_a_token_of_a_megabyte_is_refused(provider: IdentityProvider) -> None:
    with pytest.raises(Unauthorized, match="longer than"):
        verify_token(provider.token(padding="x" * 1_000_000))


def test_groups_may_be_a_string(provider: IdentityProvider) -> None:
    claims = verify_token(provider.token(**{"cognito:groups": "admin,ops"}))  # type: ignore[arg-type]
    assert user_of(claims).groups == ("admin", "ops")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text() | st.lists(st.text(alphabet="abcXYZ019_-="), min_size=3, max_size=3).map(".".join))
def test_any_text_is_refused_and_nothing_else_happens(provider: IdentityProvider, token: str) -> None:
    with pytest.raises(Unauthorized):
        verify_token(token)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "jku", "jwk"]), st.none() | st.text() | st.integers()))
def test_any_header_is_refused(provider: IdentityProvider, header: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        verify_token(f"{encoded(header)}.{encoded(provider.claims())}.c2ln")


@pytest.mark.parametrize(
    ("claim", "groups"),
    [
        (None, ()),
        ("", ()),
        ([], ()),
        (["admin", "ops"], ("admin", "ops")),
        ("[admin ops]", ("admin", "ops")),
        ("[admin, ops]", ("admin", "ops")),
        ("admin,ops", ("admin", "ops")),
        ("admin", ("admin",)),
        ("[]", ()),
    ],
)
def test_groups(claim: Any, groups: tuple[str, ...]) -> None:
    assert parse_groups(claim) == groups
    assert user_of({"sub": "u", "cognito:groups": claim}).is_admin == ("admin" in groups)


def test_api_gateways_claims_are_trusted_on_lambda_alone(provider: IdentityProvider, clean: pytest.MonkeyPatch) -> None:
    claims = {"sub": "u", "email": "a@b.c", "cognito:groups": "[ops]", "exp": "Sun Nov 22 20:40:14 UTC 2026"}
    with pytest.raises(Unauthorized):
        authenticate({}, claims)
    clean.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")
    user = authenticate({}, claims)
    assert (user.id, user.email, user.groups) == ("u", "a@b.c", ("ops",))
    assert user.expires_at == datetime(2026, 11, 22, 20, 40, 14, tzinfo=UTC)
    with pytest.raises(Unauthorized):
        authenticate({}, {})


@pytest.mark.parametrize("exp", [None, "never", 1e30, []])
def test_an_expiry_that_is_none_is_not_told(exp: Any) -> None:
    assert user_of({"sub": "u", "exp": exp}).expires_at is None


def test_tokens_of_the_local_cloud(cloud: LocalCloud) -> None:
    from localcloud import seeding

    pool = cloud.cloud.user_pool
    demo = seeding.DemoUser("someone@example.com", seeding.strong_password())
    attributes = [{"Name": "email", "Value": demo.email}]
    call = cloud.cloud.client.call
    call(
        "cognito-idp",
        "AdminCreateUser",
        {"UserPoolId": pool.id, "Username": demo.email, "MessageAction": "SUPPRESS", "UserAttributes": attributes},
    )
    password = {"UserPoolId": pool.id, "Username": demo.email, "Password": demo.password, "Permanent": True}
    call("cognito-idp", "AdminSetUserPassword", password)
    claims = verify_token(seeding.sign_in(cloud.cloud.client, pool, demo).id_token)
    user = user_of(claims)
    assert email_of(user) == demo.email
    assert email_of(user_of({**claims, "email": None})) == demo.email  # asks Cognito
    assert email_of(user_of({"sub": "nobody"})) is None


def test_administrators_need_a_second_factor_where_the_stage_says_so(
    cloud: LocalCloud, clean: pytest.MonkeyPatch
) -> None:
    from localcloud import seeding

    pool, call = cloud.cloud.user_pool, cloud.cloud.client.call
    demo = seeding.DemoUser("admin@example.com", "Correct-horse-7")
    named = {"UserPoolId": pool.id, "Username": demo.email}
    call("cognito-idp", "AdminCreateUser", {**named, "MessageAction": "SUPPRESS"})
    call("cognito-idp", "AdminSetUserPassword", {**named, "Password": demo.password, "Permanent": True})
    for group in ("admin", "ops"):
        with contextlib.suppress(Exception):  # it exists
            call("cognito-idp", "CreateGroup", {"UserPoolId": pool.id, "GroupName": group})
        call("cognito-idp", "AdminAddUserToGroup", {**named, "GroupName": group})
    known = {"USERNAME": demo.email, "PASSWORD": demo.password}
    signing_in = {"ClientId": pool.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": known}
    tokens = call("cognito-idp", "InitiateAuth", signing_in)["AuthenticationResult"]
    headers, access = {"authorization": tokens["IdToken"]}, {"AccessToken": tokens["AccessToken"]}

    assert authenticate(headers, None).is_admin
    clean.setenv("ADMIN_MFA", "required")
    assert authenticate(headers, None).groups == ("ops",)
    secret = call("cognito-idp", "AssociateSoftwareToken", access)["SecretCode"]
    call("cognito-idp", "VerifySoftwareToken", {**access, "UserCode": authenticator.code(secret)})
    setting = {"Enabled": True, "PreferredMfa": True}
    call("cognito-idp", "SetUserMFAPreference", {**access, "SoftwareTokenMfaSettings": setting})
    assert authenticate(headers, None).is_admin  # at once, with the token that the user has
    call("cognito-idp", "AdminDeleteUser", named)
    assert authenticate(headers, None).is_admin  # known for some minutes, as the token is
    identity.forget()
    assert authenticate(headers, None).groups == ("ops",)
    clean.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="second factor"):
        authenticate(headers, None)


def test_the_issuer_is_derived_from_region_and_pool(clean: pytest.MonkeyPatch) -> None:
    from chalicelib.settings import settings as current

    clean.delenv("TOKEN_ISSUER", raising=False)
    clean.delenv("JWKS_URL", raising=False)
    clean.setenv("USER_POOL_ID", "us-east-1_test")
    assert current.token_issuer == ISSUER
    assert current.jwks_url == f"{ISSUER}/.well-known/jwks.json"
