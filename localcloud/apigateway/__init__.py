"""API Gateway's REST APIs over HTTP: what was deployed by its API is served as AWS would serve it.

`definition` reads a deployment, `authorizer` verifies tokens, `mapping` fills templates, `events` makes Lambda's event,
`front` answers requests. Nothing of it is imported before the first request to a deployed API.
"""

from __future__ import annotations

from localcloud.http_server import Request

PATH_PREFIX = "/_aws/execute-api/"


def names_an_api(request: Request) -> bool:
    """Whether a request is for a deployed API: by its host on AWS, or by its path."""
    return request.target.startswith(PATH_PREFIX) or ".execute-api." in request.headers.get("host", "")
