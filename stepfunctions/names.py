"""The names that AWS accepts for state machines, executions and activities.

Source: the field `name` in https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html.
"""

from __future__ import annotations

import re

from stepfunctions.errors import invalid_name

# White space, brackets, wildcards, special and control characters, surrogates and noncharacters.
_FORBIDDEN = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]""")


def check_name(name: str) -> None:
    """Refuse a name with characters that AWS doesn't accept.

    Raises:
        ServiceError: InvalidName.
    """
    if _FORBIDDEN.search(name) or any(ord(character) > 0xFFFF for character in name):
        raise invalid_name(name)
