"""What a web page can send to the servers on this machine, and what command lines and SDKs send."""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from localcloud import demo_user, seeding
from localcloud.browsers import AllowedHosts, AllowedOrigins
from localcloud.cloud import Cloud
from localcloud.http_messages import Request, Response

from .conftest import API_URL, client_of

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "127.8.9.10", "LOCALHOST", "bucket.s3.localhost", "localhost.")
FOREIGN = (
    *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evillocalhost", "192.168.1.2", "0.0.0.0"),
    *("[fe80::1]", "[::ffff:10.0.0.1]", "0x7f.1", "lambda.us-east-1.amazonaws.com", ""),
)
OTHER_ORIGINS = (
    "https://evil.example",
    "http://evil.example",
    "null",
    "http://127.0.0.1:1",
    "http://localhost",
    "file://",
)
CONSOLE = (API_URL, "http://localhost:8000", "http://[::1]:8000")
ROUTES = (
    *("/", "/bucket/key", "/2015-03-31/functions", "/2015-03-31/functions/greet/invocations", "/_localcloud/health"),
    demo_user.PATH,
)
TYPES = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/x-amz-json-1.1", None)
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")


class Answer:
    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        self.body = answer.read()

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["message"])


def send(endpoint: str, method: str, target: str, headers: Mapping[str, str | None], body: bytes = b"") -> Answer:
    """Send a request with exactly these headers; `Host` is the address if it isn't among them."""
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": address.netloc, **headers}.items():
        if value is not None:
            connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def signed(service: str, **others: str) -> dict[str, str]:
    scope = f"anybody/20200101/us-east-1/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x", **others}


class TestHosts:
    @pytest.mark.parametrize("host", LOOPBACK)
    @pytest.mark.parametrize("port", ["", ":8000"])
    def test_loopback_names_are_allowed(self, host: str, port: str) -> None:
        assert AllowedHosts().allow(host + port)

    @pytest.mark.parametrize("host", FOREIGN)
    @pytest.mark.parametrize("port", ["", ":8000"])
    def test_no_other_name_is(self, host: str, port: str) -> None:
        assert not AllowedHosts().allow(host + port)

    def test_a_request_without_the_header_comes_from_no_browser(self) -> None:
        assert AllowedHosts().allow(None)

    def test_hosts_can_be_added(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALLOWED_HOSTS", "Devbox.example, .lan.example,")
        hosts = AllowedHosts.from_environment()
        asked = ("devbox.example:8000", "a.lan.example", "lan.example", "x.devbox.example", "")
        assert [hosts.allow(name) for name in asked] == [True, True, False, False, False]


class TestOrigins:
    pages = AllowedOrigins.of_api(API_URL)

    def request(self, **headers: str) -> Request:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Request("POST", "/", "HTTP/1.1", named, list(named.items()), b"")

    def test_command_lines_send_no_origin(self) -> None:
        assert self.pages.refusal(self.request()) is None

    @pytest.mark.parametrize("origin", CONSOLE)
    @pytest.mark.parametrize("site", ["same-site", "same-origin"])
    def test_the_console_may(self, origin: str, site: str) -> None:
        assert self.pages.refusal(self.request(origin=origin, sec_fetch_site=site)) is None

    @pytest.mark.parametrize("origin", OTHER_ORIGINS)
    def test_other_pages_may_not(self, origin: str) -> None:
        assert self.pages.refusal(self.request(origin=origin)) is not None
        assert AllowedOrigins.of_api("").refusal(self.request(origin=origin)) is not None

    @pytest.mark.parametrize(
        ("site", "passes"),
        [("cross-site", False), ("same-site", False), ("same-origin", True), ("none", True), ("Cross-Site", False)],
    )
    def test_pages_that_send_no_origin_say_where_they_are(self, site: str, passes: bool) -> None:
        assert (self.pages.refusal(self.request(sec_fetch_site=site)) is None) is passes

    def test_what_moto_allows_is_taken_back(self) -> None:
        response = Response(200, [("Access-Control-Allow-Origin", "*")])
        assert list(self.pages.readable(self.request(), response).headers) == []


class TestEndpoint:
    """The AWS endpoint, which takes any credentials."""

    @pytest.mark.parametrize("host", FOREIGN[:6])
    def test_a_foreign_host_is_refused(self, cloud: Cloud, host: str) -> None:
        for method, route in itertools.product(METHODS, ROUTES):
            answer = send(cloud.endpoint, method, route, {"Host": host})
            assert answer.status == 403, (method, route)
        answer = send(cloud.endpoint, "GET", "/", {"Host": host})
        assert host in answer.message and "ALLOWED_HOSTS" in answer.message
        absolute = send(cloud.endpoint, "GET", f"http://{host}/", {})
        assert absolute.status == 403

    @pytest.mark.parametrize("origin", OTHER_ORIGINS)
    def test_a_foreign_origin_is_refused(self, cloud: Cloud, origin: str) -> None:
        for method, route, kind in itertools.product(METHODS, ROUTES, TYPES):
            answer = send(cloud.endpoint, method, route, {"Origin": origin, "Content-Type": kind}, b"{}")
            assert answer.status == 403, (method, route, kind)
            assert "access-control-allow-origin" not in answer.headers

    @pytest.mark.parametrize("origin", OTHER_ORIGINS)
    def test_no_preflight_of_one_is_answered(self, cloud: Cloud, origin: str) -> None:
        for route in ROUTES:
            asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-a"}
            answer = send(cloud.endpoint, "OPTIONS", route, asked)
            assert answer.status == 403
            assert not [name for name in answer.headers if name.startswith("access-control")]

    def test_what_a_browser_calls_cross_site_is_refused(self, cloud: Cloud) -> None:
        for method, route, origin in itertools.product(METHODS, ROUTES, (None, *CONSOLE, "null")):
            answer = send(cloud.endpoint, method, route, {"Sec-Fetch-Site": "cross-site", "Origin": origin})
            assert answer.status == 403

    @pytest.mark.parametrize("page", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
    def test_a_page_cannot_fill_the_memory_with_bodies(self, cloud: Cloud, page: dict[str, str]) -> None:
        """It is refused before its body is read."""
        address = urlsplit(cloud.endpoint)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
        connection.putrequest("POST", "/")
        for name, value in {**page, "Content-Length": str(200_000_000)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == 403
        connection.close()

    def test_a_page_cannot_make_a_function_run(self, cloud: Cloud) -> None:
        """Everything that it would need is refused: a role, a bucket, a function, an invocation, a secret, a reset."""
        page = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}
        for service, method, target, body in (
            ("iam", "POST", "/", b"Action=CreateRole&RoleName=r&AssumeRolePolicyDocument={}"),
            ("s3", "PUT", "/2015-03-31", b""),
            ("lambda", "POST", "/2015-03-31/functions", b"{}"),
            ("lambda", "POST", "/2015-03-31/functions/greet/invocations", b"{}"),
            ("ssm", "POST", "/?Action=GetParametersByPath", b"{}"),
            ("moto", "POST", "/moto-api/reset", b""),
        ):
            assert send(cloud.endpoint, method, target, {**page, **signed(service)}, body).status == 403

    @pytest.mark.parametrize("origin", CONSOLE)
    def test_the_console_signs_in(self, cloud: Cloud, origin: str) -> None:
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-site"}
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-amz-target"}
        preflight = send(cloud.endpoint, "OPTIONS", "/", {**headers, **asked})
        assert preflight.status == 204
        assert preflight.headers["access-control-allow-origin"] == origin
        assert preflight.headers["access-control-allow-headers"] == "content-type,x-amz-target"
        target = {"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}
        kind = {"Content-Type": "application/x-amz-json-1.1"}
        answer = send(cloud.endpoint, "POST", "/", {**headers, **target, **kind}, b"{}")
        assert answer.status == 400  # Cognito has read it, and misses a client
        assert answer.headers["access-control-allow-origin"] == origin

    def test_only_the_console_is_told_who_the_demo_user_is(self, cloud: Cloud) -> None:
        user = seeding.seed_demo_user(cloud.client, cloud.user_pool, cloud.store.facts)
        answer = send(cloud.endpoint, "GET", demo_user.PATH, {"Origin": API_URL, "Sec-Fetch-Site": "same-site"})
        assert json.loads(answer.body) == {"email": user.email, "password": user.password}
        assert answer.headers["cache-control"] == "no-store"
        for site in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
            refused = send(cloud.endpoint, "GET", demo_user.PATH, site)
            assert refused.status >= 400 and user.password.encode() not in refused.body

    def test_sdks_go_on_with_any_credentials(self, cloud: Cloud) -> None:
        assert client_of(cloud, "iam").list_roles()["Roles"] is not None
        s3 = client_of(cloud, "s3")
        s3.create_bucket(Bucket="pages")
        s3.put_object(Bucket="pages", Key="a", Body=b"a")
        headers = {"Host": "pages.s3.localhost", **signed("s3")}
        assert send(cloud.endpoint, "GET", "/a", headers).body == b"a"

    @pytest.mark.parametrize("path", ["/moto-api/data.json", "/moto-api/reset", "/moto-api", "/moto-api/"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_moto_s_own_routes_are_not_there(self, cloud: Cloud, method: str, path: str) -> None:
        assert send(cloud.endpoint, method, path, {}).status == 404

    def test_a_page_cannot_hide_a_request_behind_a_deployed_api(self, cloud: Cloud) -> None:
        """Deployed APIs are open to pages, as on AWS, so nothing else may answer a request that names one."""
        for target, host in (("/_aws/execute-api/a/b", None), ("/", "a.execute-api.localhost")):
            headers = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Origin": "https://evil.example"}
            answer = send(cloud.endpoint, "POST", target, {**headers, **({"Host": host} if host else {})}, b"{}")
            assert (answer.status, answer.message) == (403, "Forbidden")

    def test_it_names_no_server_that_a_page_could_read(self, cloud: Cloud) -> None:
        answer = send(cloud.endpoint, "GET", "/_localcloud/health", {})
        assert not [name for name in answer.headers if name.startswith("access-control")]
