"""Fills what API Gateway answers itself: header mappings, and templates with `$context` variables.

Of the template language (VTL) only variables are understood: gateway responses know nothing else.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rehearsal.apigateway.definition import Answer

DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_VARIABLE = re.compile(r"\$(context(?:\.[A-Za-z0-9_]+)+)|\$\{(context(?:\.[A-Za-z0-9_]+)+)\}")


def headers(answer: Answer, prefix: str, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """The headers that the parameters beginning with `prefix` set: `'literal'`, or the name of a variable."""
    made = []
    for name, source in answer.parameters.items():
        if not name.startswith(prefix):
            continue
        value = source[1:-1] if source[:1] == source[-1:] == "'" else variables.get(source, "")
        made.append((name.removeprefix(prefix), value))
    return made


def fill(template: str, variables: Mapping[str, str]) -> str:
    """The template with its variables; one that is unknown is empty, as with API Gateway."""
    return _VARIABLE.sub(lambda match: variables.get(match[1] or match[2], ""), template)
