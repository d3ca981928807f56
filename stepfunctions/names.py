"""Which names of state machines, executions and activities AWS takes.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html, `name`.
"""

from __future__ import annotations

import re

from stepfunctions.errors import invalid_name

# White space, brackets, wildcards, special and control characters, surrogates and noncharacters.
_FORBIDDEN = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]""")


def check_name(name: str) -> None:
    """Refuse a name that AWS refuses.

    Raises:
        ServiceError: InvalidName.
    """
    if _FORBIDDEN.search(name) or any(ord(character) > 0xFFFF for character in name):
        raise invalid_name(name)
