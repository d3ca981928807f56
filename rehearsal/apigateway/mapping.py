"""Fills the responses of API Gateway itself: header mappings, and templates with `$context` variables.

Of the template language (VTL) only variables are supported, as in gateway responses on AWS.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from rehearsal.apigateway.definition import Answer

DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_VARIABLE = re.compile(r"\$(context(?:\.[A-Za-z0-9_]+)+)|\$\{(context(?:\.[A-Za-z0-9_]+)+)\}")


def headers(answer: Answer, prefix: str, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers that an answer's parameters set.

    Args:
        answer: The answer. The source of a header is `'a literal'` or the name of a variable.
        prefix: What the names of the parameters that set headers begin with.
        variables: The values of the variables by their names, without `$`.
    """
    mapped = []
    for name, source in answer.parameters.items():
        if not name.startswith(prefix):
            continue
        value = source[1:-1] if source[:1] == source[-1:] == "'" else variables.get(source, "")
        mapped.append((name.removeprefix(prefix), value))
    return mapped


def fill(template: str, variables: Mapping[str, str]) -> str:
    """Return the template with its variables replaced. As with API Gateway, unknown variables are empty."""
    return _VARIABLE.sub(lambda match: variables.get(match[1] or match[2], ""), template)
