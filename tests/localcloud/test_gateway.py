"""The gateway in front of the application: tokens, routes, bodies, and problems instead of dropped connections."""

from __future__ import annotations

import base64
import itertools
import json
import threading
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
import requests
from chalice.app import Chalice, CognitoUserPoolAuthorizer, Response
from chalice.config import Config
from joserfc import jwk, jwt
from moto.utilities.utils import load_resource

from chalicelib.names import Names
from localcloud import seeding
from localcloud.chalice_local import ProjectServer, RouteIndex
from localcloud.cloud import Cloud
from localcloud.state.facts import FactsInMemory
from tests.localcloud.test_browsers import FOREIGN, LOOPBACK, METHODS, OTHER_ORIGINS, TYPES, send
from tests.localcloud.test_http_server import raw


def make_app() -> Chalice:
    app = Chalice("gateway-test")
    authorizer = CognitoUserPoolAuthorizer("pool", provider_arns=["arn"])

    @app.route("/health")
    def health() -> Any:
        return {"status": "ok"}

    @app.route("/me", authorizer=authorizer)
    def me() -> Any:
        return app.current_request.context["authorizer"]["claims"]

    @app.route("/echo", methods=["POST"], content_types=[])
    def echo() -> Any:
        request = app.current_request
        return {
            "body": base64.b64encode(request.raw_body).decode(),
            "query": {name: request.query_params.getlist(name) for name in request.query_params or {}},
        }

    @app.route("/headers")
    def headers() -> Any:
        event = app.current_request.to_original_event()
        return {name: [event["headers"][name], event["multiValueHeaders"][name]] for name in ("x-many", "x-one")}

    @app.route("/received")
    def received() -> Any:
        return app.current_request.context["requestTimeEpoch"]

    @app.route("/run/{name}/{id}")
    def run(name: str, id: str) -> Any:
        return [name, id]

    @app.route("/run/{name}/latest")
    def latest(name: str) -> Any:
        return ["latest", name]

    @app.route("/binary")
    def binary() -> Response:
        return Response(b"\x00\xff", headers={"Content-Type": "application/octet-stream", "X-Many": ["1", "2"]})

    @app.route("/odd/{what}")
    def odd(what: str) -> Any:
        odd_answers = {
            "length": Response("x", headers={"Content-Length": "999", "Content-Type": "text/plain"}),
            "status": Response("x", status_code=99999),
            "early": Response("x", status_code=100),
            "name": Response("x", headers={"A b\r\nX-Evil: 1": "b"}),
            "large": Response("x" * (6 * 1024 * 1024 + 1), headers={"Content-Type": "text/plain"}),
        }
        return odd_answers[what]

    @app.route("/fail")
    def fail() -> Any:
        return Response(body="", status_code=cast(Any, "none"))

    return app


@pytest.fixture(scope="module")
def url(cloud: Cloud) -> Iterator[str]:
    server = ProjectServer(make_app(), Config(config_from_disk={"app_name": "x"}), "127.0.0.1", 0)
    threading.Thread(target=server.server.serve_forever, args=(0.01,), daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        yield f"http://127.0.0.1:{server.server.port}"
    server.shutdown()
    server.server.server_close()


@pytest.fixture(scope="module")
def token(cloud: Cloud) -> str:
    user = seeding.seed_demo_user(cloud.client, cloud.user_pool, FactsInMemory())
    return seeding.sign_in(cloud.client, cloud.user_pool, user).id_token


def forged(token: str, **changes: Any) -> str:
    """The token with other claims, and the signature of the first."""
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    text = base64.urlsafe_b64encode(json.dumps({**claims, **changes}).encode()).rstrip(b"=").decode()
    return f"{header}.{text}.{signature}"


def unsigned(token: str) -> str:
    header = base64.urlsafe_b64encode(b'{"alg": "none", "typ": "JWT"}').rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def test_the_application_knows_when_a_request_arrived(url: str) -> None:
    before = time.time()
    assert 1000 * before - 10 <= requests.get(f"{url}/received", timeout=10).json() <= 1000 * time.time()


def test_a_token_signed_with_the_key_that_moto_publishes_is_refused(url: str, token: str) -> None:
    """Its key is in every installation of moto, so anybody could sign an admin's token."""
    published = jwk.RSAKey.import_key(load_resource("cognitoidp/resources/jwks-private.json"))
    header, payload, _ = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    own = json.loads(base64.urlsafe_b64decode(header + "=="))
    assert requests.get(f"{url}/me", headers={"Authorization": token}, timeout=10).status_code == 200
    for kid in ("dummy", own["kid"]):
        signed = jwt.encode({"alg": "RS256", "kid": kid}, {**claims, "cognito:groups": ["admin"]}, published)
        check_problem(requests.get(f"{url}/me", headers={"Authorization": signed}, timeout=10), 401)


def check_problem(answer: requests.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["requestId"] == answer.headers["X-Request-Id"]
    return problem


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_token_of_the_pool_passes(url: str, token: str, prefix: str) -> None:
    answer = requests.get(f"{url}/me", headers={"Authorization": prefix + token})
    assert answer.status_code == 200
    assert answer.json()["email"] == seeding.DEMO_EMAIL


def test_every_other_token_is_refused(cloud: Cloud, url: str, token: str) -> None:
    access = cloud.client.call(
        "cognito-idp",
        "AdminInitiateAuth",
        {
            "UserPoolId": cloud.user_pool.id,
            "ClientId": cloud.user_pool.client_id,
            "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": second_user(cloud), "PASSWORD": "Abc-123456789"},
        },
    )["AuthenticationResult"]["AccessToken"]
    other = seeding.seed_user_pool(cloud.client, Names(stage="other", region="us-east-1", account="123456789012"))
    foreign = seeding.sign_in(
        cloud.client, other, seeding.seed_demo_user(cloud.client, other, FactsInMemory())
    ).id_token
    bad = [
        *("", "x", "a.b.c", "Bearer", "Bearer ", "Basic abc", "....", "é", "a." * 5000, "null"),
        *(token[:-4], token + "x", forged(token, sub="someone"), forged(token, exp=1), unsigned(token)),
        *(access, foreign, "x" * 40000),
    ]
    session = requests.Session()
    for text in bad:
        check_problem(session.get(f"{url}/me", headers={"Authorization": text.encode()}), 401)
    check_problem(session.get(f"{url}/me"), 401)


def second_user(cloud: Cloud) -> str:
    pool = cloud.user_pool.id
    cloud.client.call("cognito-idp", "AdminCreateUser", {"UserPoolId": pool, "Username": "second@example.com"})
    password = {"UserPoolId": pool, "Username": "second@example.com", "Password": "Abc-123456789", "Permanent": True}
    cloud.client.call("cognito-idp", "AdminSetUserPassword", password)
    return "second@example.com"


def test_public_routes_need_no_token(url: str) -> None:
    assert requests.get(f"{url}/health").json() == {"status": "ok"}
    assert requests.get(f"{url}/health", headers={"Authorization": "nonsense"}).status_code == 200


def test_unknown_paths_and_methods_are_problems(url: str) -> None:
    assert "/nope" in check_problem(requests.get(f"{url}/nope?a=1"), 404)["detail"]
    answer = requests.delete(f"{url}/health")
    check_problem(answer, 405)
    assert answer.headers["Allow"] == "GET"


@pytest.mark.parametrize(
    "path", ["//", "/%", "/%zz", "/%00", "/\u00e9".encode().decode("latin-1"), "/a b", "*", "?", "/run//x"]
)
def test_odd_paths_are_answered(url: str, path: str) -> None:
    port = int(url.rsplit(":", 1)[1])
    server = type("Address", (), {"port": port})()
    answer = raw(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"application/problem+json" in answer


def test_repeated_headers_arrive_as_the_last_one_and_as_a_list(url: str) -> None:
    server = type("Address", (), {"port": int(url.rsplit(":", 1)[1])})()
    sent = b"X-Many: a, b\r\nX-One: 1\r\nx-many: c\r\n\r\n"
    answer = raw(server, b"GET /headers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + sent)
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1]) == {"x-many": ["c", ["a, b", "c"]], "x-one": ["1", ["1"]]}


def test_malformed_requests_are_problems(url: str) -> None:
    server = type("Address", (), {"port": int(url.rsplit(":", 1)[1])})()
    answer = raw(server, b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["status"] == 400


def test_a_body_over_the_limit_is_refused(url: str) -> None:
    check_problem(requests.post(f"{url}/echo", data=b"x" * (10 * 1024 * 1024 + 1)), 413)


@pytest.mark.parametrize("body", [b"", b'{"a": 1}', "grüße".encode(), b"\xff\xfe\x00"])
def test_bodies_arrive_as_sent(url: str, body: bytes) -> None:
    assert base64.b64decode(requests.post(f"{url}/echo", data=body).json()["body"]) == body


def test_chunked_bodies_arrive(url: str) -> None:
    answer = requests.post(f"{url}/echo?a=1&a=2&b=", data=iter([b"ab", b"c"]))
    assert base64.b64decode(answer.json()["body"]) == b"abc"
    assert answer.json()["query"] == {"a": ["1", "2"], "b": [""]}


def test_path_parameters_arrive_encoded_as_on_aws(url: str) -> None:
    assert requests.get(f"{url}/run/flow/arn%3Aaws%2Fx").json() == ["flow", "arn%3Aaws%2Fx"]
    assert requests.get(f"{url}/run/flow/latest/").json() == ["latest", "flow"]


def test_binary_answers_and_repeated_headers(url: str) -> None:
    answer = requests.get(f"{url}/binary", headers={"Accept": "application/octet-stream"})
    assert answer.content == b"\x00\xff"
    assert answer.headers["X-Many"] == "1, 2"


def test_a_failing_application_is_a_problem(url: str, caplog: pytest.LogCaptureFixture) -> None:
    session = requests.Session()
    problem = check_problem(session.get(f"{url}/fail"), 502)
    assert problem["requestId"] in caplog.text
    assert session.get(f"{url}/health").status_code == 200


@pytest.mark.parametrize("what", ["status", "early", "name", "large"])
def test_an_answer_that_api_gateway_does_not_accept_is_a_problem(url: str, what: str) -> None:
    check_problem(requests.get(f"{url}/odd/{what}", timeout=10), 502)


def test_the_length_is_that_of_what_is_sent(url: str) -> None:
    answer = requests.get(f"{url}/odd/length", timeout=10)
    assert (answer.text, answer.headers["Content-Length"]) == ("x", "1")


def test_preflight_of_a_route_without_one(url: str) -> None:
    check_problem(requests.options(f"{url}/nope"), 404)


def test_origins_are_configurable(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example")
    allowed = requests.get(f"{url}/me", headers={"Origin": "https://a.example"})
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (401, "https://a.example")
    assert (
        "Access-Control-Allow-Origin" not in requests.get(f"{url}/me", headers={"Origin": "https://b.example"}).headers
    )


def test_literal_segments_win_over_parameters() -> None:
    index = RouteIndex(["/a/{x}", "/a/b", "/{y}/b", "/a/{x}/c", "/a/b/{z}"])
    assert index.match_route("/a/b").route == "/a/b"
    assert index.match_route("/a/c").captured == {"x": "c"}
    assert index.match_route("/q/b").captured == {"y": "q"}
    assert index.match_route("/a/b/c").route == "/a/b/{z}"
    assert index.match_route("/a/x/c").captured == {"x": "x"}
    with pytest.raises(ValueError, match="/a/b/c/d"):
        index.match_route("/a/b/c/d")


class TestPages:
    """What web pages can send. The API wants a token in a header, so any page may ask, by a name of this machine."""

    @pytest.mark.parametrize("host", FOREIGN[:6])
    def test_a_foreign_host_is_refused(self, url: str, host: str) -> None:
        for method, route in itertools.product((*METHODS, "OPTIONS"), ("/", "/me", "/echo", "/nothing")):
            answer = send(url, method, route, {"Host": host})
            assert answer.status == 403, (method, route)
        answer = send(url, "GET", "/me", {"Host": host})
        assert answer.headers["content-type"] == "application/problem+json"
        assert host in json.loads(answer.body)["detail"]

    @pytest.mark.parametrize("host", LOOPBACK)
    def test_loopback_names_are_answered(self, url: str, host: str) -> None:
        assert send(url, "GET", "/me", {"Host": f"{host}:8000"}).status == 401

    @pytest.mark.parametrize("origin", OTHER_ORIGINS)
    def test_any_page_may_ask_with_a_token(self, url: str, origin: str) -> None:
        for kind in TYPES:
            answer = send(url, "GET", "/me", {"Origin": origin, "Content-Type": kind, "Sec-Fetch-Site": "cross-site"})
            assert answer.status == 401
            assert answer.headers["access-control-allow-origin"] == "*"
