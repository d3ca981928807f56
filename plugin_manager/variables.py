"""`${NAME}` in an entry of `config.json`: the value of an environment variable."""

from __future__ import annotations

import re
from collections.abc import Mapping

from plugin_manager.errors import PluginError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand(value: str, environment: Mapping[str, str]) -> str:
    """Replace each `${NAME}` in `value`.

    Raises:
        PluginError: A variable is unset or empty.
    """

    def found(match: re.Match[str]) -> str:
        variable = environment.get(match[1], "")
        if not variable:
            raise PluginError(
                f"the environment variable {match[1]} is unset or empty: export it, or set it on the command line"
            )
        return variable

    return _VARIABLE.sub(found, value)


def variables_in(value: str) -> frozenset[str]:
    """Return the names of the variables in `value`."""
    return frozenset(_VARIABLE.findall(value))
