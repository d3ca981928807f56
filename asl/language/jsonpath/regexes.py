"""Regular expressions of filters, in time that grows only with the length of the string.

Python's would let a pattern such as `(a+)+$` think for years, in the thread of all executions. Those of the JSONata
library never backtrack; so they know no back references and no look-around, which Java's do.
"""

from __future__ import annotations

from collections.abc import Callable

from asl.language.errors import RUNTIME, ExpressionError, SyntaxProblem

FLAGS = frozenset("imsxud")
_UNNEEDED = frozenset("ud")
"""Unicode is always on, and so are the ends of lines of Unix."""


def compile_regex(pattern: str, flags: str) -> Callable[[str], bool]:
    """Return the test whether a whole string matches.

    Raises:
        SyntaxProblem: The pattern is not a regular expression.
    """
    from asl.language.jsonata.functions import JsonataFailure
    from asl.language.jsonata.programs import TIMEOUT_MILLISECONDS, compile_program

    inline = "".join(sorted(set(flags) - _UNNEEDED))
    # The line's end closes a comment, which the flag x allows.
    end = "\n" if "x" in inline else ""
    try:
        program = compile_program(f"$contains($text, /\\A(?{inline}:{pattern}{end})\\z/)")
        program.evaluate({"text": ""}, 0.0, TIMEOUT_MILLISECONDS)
    except (ValueError, JsonataFailure) as problem:
        raise SyntaxProblem(f"not a regular expression: {problem}") from None

    def matches(text: str) -> bool:
        try:
            found: bool = program.evaluate({"text": text}, 0.0, TIMEOUT_MILLISECONDS)
        except JsonataFailure as failure:
            raise ExpressionError(RUNTIME, f"The regular expression /{pattern}/ failed: {failure}") from None
        return found

    return matches
