"""Who may call, and what one user may see of another."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jose import jwt
from moto.utilities.utils import load_resource

from .client import PROTECTED, PUBLIC, Client, problem
from .conftest import Aws, MakeUser, sign_up
from .server import Server

PUBLISHED_KEY = load_resource("cognitoidp/resources/jwks-private.json")  # comes with moto, for everybody to read


def signed(claims: dict[str, Any], kid: str, key: Any, **header: Any) -> str:
    return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid, **header})


def encoded(document: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


@pytest.fixture
def token(user: Client) -> str:
    assert user.token
    return user.token


Claims = dict[str, Any]


def with_header(token: str, **header: Any) -> str:
    """The token under another header, signed as before."""
    _, payload, signature = token.split(".")
    return f"{encoded(header)}.{payload}.{signature}"


def with_payload(token: str, claims: Claims) -> str:
    """The token with other claims, signed as before."""
    header, _, signature = token.split(".")
    return f"{header}.{encoded(claims)}.{signature}"


def expired(claims: Claims) -> Claims:
    now = int(time.time())
    return {**claims, "exp": now - 60, "iat": now - 3660, "auth_time": now - 3660}


BAD_TOKENS: dict[str, Callable[[str, Claims, str, Any], str]] = {
    "empty": lambda token, claims, kid, key: "",
    "not a token": lambda token, claims, kid, key: "abc",
    "three empty parts": lambda token, claims, kid, key: "..",
    "not JSON inside": lambda token, claims, kid, key: "YWJj.YWJj.YWJj",
    "not ASCII": lambda token, claims, kid, key: "tok\u00e9n",
    "very long": lambda token, claims, kid, key: token + "A" * 5000,
    "expired": lambda token, claims, kid, key: signed(expired(claims), kid, key),
    "expires in no year": lambda token, claims, kid, key: signed({**claims, "exp": 10**18}, kid, key),
    "expires never": lambda token, claims, kid, key: signed({**claims, "exp": 10**400}, kid, key),
    "expires at a string": lambda token, claims, kid, key: signed({**claims, "exp": "4000000000"}, kid, key),
    "groups are a number": lambda token, claims, kid, key: signed({**claims, "cognito:groups": 7}, kid, key),
    "has extensions": lambda token, claims, kid, key: signed(claims, kid, key, crit=["exp"]),
    "signed by another key": lambda token, claims, kid, key: signed(claims, kid, other_key()),
    "signed by moto's key": lambda token, claims, kid, key: signed(claims, kid, PUBLISHED_KEY),
    "signed by moto's key, under its name": lambda token, claims, kid, key: signed(claims, "dummy", PUBLISHED_KEY),
    "another algorithm": lambda token, claims, kid, key: with_header(token, alg="HS256", typ="JWT", kid=kid),
    "changed": lambda token, claims, kid, key: with_payload(token, {**claims, "sub": "somebody"}),
    "alg none": lambda token, claims, kid, key: (
        with_header(token, alg="none", typ="JWT", kid=kid).rpartition(".")[0] + "."
    ),
    "unknown kid": lambda token, claims, kid, key: signed(claims, "nobody", key),
    "other issuer": lambda token, claims, kid, key: signed({**claims, "iss": claims["iss"] + "x"}, kid, key),
    "other audience": lambda token, claims, kid, key: signed({**claims, "aud": "another-client"}, kid, key),
}


@pytest.fixture
def pool_key(server: Server) -> Any:
    """What the local user pool signs with."""
    return json.loads((server.project / ".localcloud" / "state" / "signing-key.json").read_text())


@pytest.fixture
def bad_token(token: str, user: Client, aws: Aws, pool_key: Any, request: pytest.FixtureRequest) -> str:
    if request.param == "access token":
        return access_token(aws, user)
    if request.param == "other pool":
        return other_pools_token(aws)
    kid = jwt.get_unverified_header(token)["kid"]
    return BAD_TOKENS[request.param](token, jwt.get_unverified_claims(token), kid, pool_key)


def other_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def access_token(aws: Aws, user: Client) -> str:
    config = user.get("/auth/config").json()
    return sign_up(aws("cognito-idp"), config["userPoolId"], config["userPoolClientId"])["AccessToken"]


def other_pools_token(aws: Aws) -> str:
    cognito = aws("cognito-idp")
    pool = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="another")["UserPoolClient"]["ClientId"]
    return sign_up(cognito, pool, client)["IdToken"]


class TestTokens:
    @pytest.mark.parametrize("scheme", ["", "Bearer ", "bearer "])
    def test_a_good_one_with_and_without_bearer(self, user: Client, token: str, scheme: str) -> None:
        anonymous = Client(user.url)
        answer = anonymous.call("GET", "/auth/verify", headers={"Authorization": scheme + token})
        assert answer.status_code == 200
        claims = jwt.get_unverified_claims(token)
        document = answer.json()
        assert document["valid"] is True
        assert document["user"]["id"] == claims["sub"]
        assert document["user"]["groups"] == []
        assert str(claims["exp"]) in str(document["expiresAt"]) or "T" in str(document["expiresAt"])

    def test_a_token_signed_by_the_pools_key_is_good(self, user: Client, token: str, pool_key: Any) -> None:
        """So that the bad ones below fail for the one thing that is wrong with them."""
        same = signed(jwt.get_unverified_claims(token), jwt.get_unverified_header(token)["kid"], pool_key)
        assert Client(user.url, same).get("/auth/verify").status_code == 200

    @pytest.mark.parametrize("scheme", ["", "Bearer "])
    @pytest.mark.parametrize("bad_token", [*BAD_TOKENS, "access token", "other pool"], indirect=True)
    def test_a_bad_one(self, nobody: Client, bad_token: str, scheme: str) -> None:
        answer = nobody.call("GET", "/auth/verify", headers={"Authorization": (scheme + bad_token).encode("latin-1")})
        problem(answer, 401)
        answer = nobody.call("POST", "/lib/ping", headers={"Authorization": (scheme + bad_token).encode("latin-1")})
        problem(answer, 401)

    @pytest.mark.parametrize(("method", "path"), PROTECTED)
    def test_every_route_but_the_public_ones_asks_for_one(self, nobody: Client, method: str, path: str) -> None:
        document = problem(nobody.call(method, path), 401)
        assert document["title"] == "Unauthorized"
        nobody.token = "abc"
        problem(nobody.call(method, path), 401)

    @pytest.mark.parametrize("path", PUBLIC)
    def test_the_public_ones_do_not(self, nobody: Client, path: str) -> None:
        assert nobody.get(path).status_code == 200

    def test_where_to_sign_up(self, nobody: Client, token: str) -> None:
        config, claims = nobody.get("/auth/config").json(), jwt.get_unverified_claims(token)
        assert set(config) == {"region", "userPoolId", "userPoolClientId", "issuer"}
        assert (config["issuer"], config["userPoolClientId"]) == (claims["iss"], claims["aud"])


class TestOthersRuns:
    @pytest.mark.parametrize(
        ("method", "suffix"), [("GET", ""), ("GET", "/history"), ("DELETE", ""), ("POST", "/redrive")]
    )
    def test_they_look_as_if_they_were_not(self, user: Client, make_user: MakeUser, method: str, suffix: str) -> None:
        run = user.run("helloWorldFlow")
        stranger = make_user("ops")
        theirs = problem(stranger.call(method, f"/run/helloWorldFlow/{run['executionId']}{suffix}"), 404)
        unknown = "01HZZZZZZZZZZZZZZZZZZZZZZZ"
        none = problem(stranger.call(method, f"/run/helloWorldFlow/{unknown}{suffix}"), 404)
        assert theirs["detail"].replace(run["executionId"], "") == none["detail"].replace(unknown, "")
        assert [page for page in stranger.pages("/runs", "executions") if page] == []

    def test_an_admin_sees_stops_and_redrives_them(self, user: Client, make_user: MakeUser, tmp_path: Path) -> None:
        admin = make_user("admin")
        run = user.run("e2eFlaky", {"file": str(tmp_path / "there")})
        path = f"/run/e2eFlaky/{run['executionId']}"
        assert admin.get(path).json() == run
        assert admin.get(f"{path}/history").status_code == 200
        (tmp_path / "there").touch()
        assert admin.post(f"{path}/redrive").ok
        assert user.poll("e2eFlaky", run["executionId"])["status"] == "SUCCEEDED"
        waiting = user.start("e2eWait")["executionId"]
        assert admin.call("DELETE", f"/run/e2eWait/{waiting}").ok
        assert user.poll("e2eWait", waiting)["status"] == "ABORTED"


class TestGroups:
    def test_a_flow_for_a_group(self, user: Client, make_user: MakeUser) -> None:
        answer = user.post("/run/e2eGroup", {})
        assert answer.status_code in (403, 404)
        problem(answer, answer.status_code)
        member = make_user("other", "ops")
        assert member.run("e2eGroup")["status"] == "SUCCEEDED"
        assert set(member.get("/auth/verify").json()["user"]["groups"]) == {"other", "ops"}


def test_the_session_file_is_the_owners_alone(server: Server) -> None:
    file = server.project / ".localcloud" / "session.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert set(server.session) == {"apiUrl", "consoleUrl", "awsEndpoint", "email", "password", "idToken"}
