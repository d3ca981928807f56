"""`/console`: the files of the web console, which `make console` builds into `chalicelib/console/`.

Every address below `/console/` that is no file answers with the same page, whose script shows what the address names.
Built files have a hash in their names, so browsers keep them for a year; the page itself is asked for each time.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chalicelib.api.http import Answer
from chalicelib.errors import NotFound
from chalicelib.settings import settings

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.api.http import Call

ASSETS = "assets"
HTML = "text/html; charset=utf-8"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""The encodings that files are kept in, best first, and what their names end with."""
FOR_A_YEAR = "public, max-age=31536000, immutable"
POOL_ENDPOINT = "%POOL_ENDPOINT%"
"""What the built page has where the endpoint of the user pool belongs."""
NOT_BUILT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Console not built</title>
</head>
<body>
<h1>The console is not built</h1>
<p>The API is running, but its web console has not been built yet. In the project's folder, run</p>
<pre>make console</pre>
<p>and reload this page. Building needs access to the npm registry once.</p>
</body>
</html>
"""

_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def page(call: Call) -> Answer:
    """Answer with the console's page, or with one that says how to get it."""
    endpoint = pool_endpoint(call.headers.get("host"))
    headers = {"Content-Type": HTML, "Cache-Control": "no-cache", "Vary": "Origin", **_protection(endpoint)}
    try:
        built = (_folder() / "index.html").read_text(encoding="utf-8")
    except OSError:
        return Answer(NOT_BUILT, headers=headers)
    body = built.replace('"./', f'"{_base(call)}/').replace(POOL_ENDPOINT, endpoint)
    headers["ETag"] = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    if _matches(call.headers.get("if-none-match"), headers["ETag"]):
        return Answer("", 304, headers)
    return Answer(body, headers=headers)


def asset(call: Call) -> Answer:
    """Answer with a built file, in the best encoding that the browser accepts; below another folder, with the page.

    Raises:
        NotFound: There is no such file.
    """
    if call.param("page") != ASSETS:
        return page(call)
    name = call.param("name")
    media_type = MEDIA_TYPES.get(name[name.rfind(".") :]) if _FILE_NAME.fullmatch(name) else None
    if media_type is None:
        raise NotFound("The console has no such file.")
    headers = {
        "Content-Type": media_type,
        "Cache-Control": FOR_A_YEAR,
        "Vary": "Accept-Encoding, Origin",
        "X-Content-Type-Options": "nosniff",
    }
    file, accepted = _folder() / ASSETS / name, _accepted(call.headers.get("accept-encoding") or "")
    for encoding, suffix in (*ENCODINGS, ("identity", "")):
        if suffix and encoding not in accepted:
            continue
        try:
            content = file.with_name(name + suffix).read_bytes()
        except OSError:
            continue
        return Answer(content, headers=headers | ({"Content-Encoding": encoding} if suffix else {}))
    raise NotFound("The console has no such file.")


def pool_endpoint(host: str | None) -> str:
    """Return the origin at which the user pool signs users in.

    A local endpoint is named as the page was, `localhost` or `127.0.0.1`: for a browser these are different sites.

    Args:
        host: The request's header `Host`.
    """
    endpoint = settings.aws_endpoint_of("COGNITO_IDENTITY_PROVIDER")
    if endpoint is None:
        region = settings.user_pool_id.partition("_")[0] or settings.region
        return f"https://cognito-idp.{region}.amazonaws.com"
    address, opened = urlsplit(endpoint), urlsplit(f"//{host or ''}")
    name = address.hostname or ""
    if name in _LOOPBACK and opened.hostname in _LOOPBACK:
        name = opened.hostname or name
    name = f"[{name}]" if ":" in name else name
    return f"{address.scheme}://{name}:{address.port}" if address.port else f"{address.scheme}://{name}"


def policy(endpoint: str) -> str:
    """Return the Content-Security-Policy of the page: only the console's own files, the API and the user pool."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' {endpoint}; "
        "img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
        "require-trusted-types-for 'script'"
    )


def _protection(endpoint: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy(endpoint),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }


def _folder() -> Path:
    from chalicelib.settings import PROJECT

    return PROJECT / "chalicelib" / "console"


def _base(call: Call) -> str:
    """Return the path of the console as the browser sees it, which on AWS begins with the API's stage."""
    depth = sum(1 for name in ("page", "name", "part") if call.has_param(name))
    segments = call.path.rstrip("/").split("/")
    return "/".join(segments[: len(segments) - depth])


def _accepted(header: str) -> set[str]:
    """Return the encodings of `Accept-Encoding`, without those refused by `q=0`."""
    accepted = set()
    for item in header.lower().split(","):
        name, _, parameters = item.partition(";")
        quality = parameters.strip().removeprefix("q=")
        if not re.fullmatch(r"0(\.0*)?", quality):
            accepted.add(name.strip())
    return accepted


def _matches(header: str | None, tag: str) -> bool:
    """Return whether `If-None-Match` has the tag, in whatever strength (RFC 9110, 13.1.2)."""
    return header is not None and tag in {item.strip().removeprefix("W/") for item in header.split(",")}
