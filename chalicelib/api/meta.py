"""The API about itself: `/`, `/health`, `/openapi.json`, `/console`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.api.http import Answer

if TYPE_CHECKING:
    from chalicelib.api.http import Call

PLAIN_CONSOLE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Serverless Dynamic Workflows</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
  code, pre { background: #eee; color: #111; border-radius: 3px; padding: .1em .3em }
  pre { padding: 1em; overflow: auto }
</style>
<h1>Serverless Dynamic Workflows</h1>
<p>The service is running. Its API is described by <a href="openapi.json">openapi.json</a>.</p>
<p>Every call except <a href="health">health</a>, <a href="auth/config">auth/config</a> and openapi.json needs the id
token of a user of the Cognito user pool that auth/config names:</p>
<pre>curl -H "Authorization: Bearer $TOKEN" -X POST "$API/lib/ping"
curl -H "Authorization: Bearer $TOKEN" -X POST "$API/run/helloWorldFlow?wait=5"</pre>
</html>
"""


def health(call: Call) -> Answer:
    """Answer that the service is running. It asks nothing else, so it says nothing about AWS."""
    return Answer('{"status":"ok"}')


def openapi_document(call: Call) -> Answer:
    """Answer with the OpenAPI 3.1 document of this API, with the schemas of all functions and flows."""
    from chalicelib.api.openapi import document

    base = call.path.removesuffix("/openapi.json")
    return Answer(document(base or "/"))


def root(call: Call) -> Answer:
    """Lead a browser to the web console."""
    return Answer("", status=302, headers={"Location": f"{call.path.rstrip('/')}/console/"})


def console(call: Call) -> Answer:
    """Answer with the web console."""
    from chalicelib.settings import PROJECT

    headers = {"Content-Type": "text/html; charset=utf-8"}
    page = PROJECT / "chalicelib" / "console" / "index.html"
    try:
        return Answer(page.read_text(encoding="utf-8"), headers=headers)
    except OSError:
        return Answer(PLAIN_CONSOLE, headers=headers)
