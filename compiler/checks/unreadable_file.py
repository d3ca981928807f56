"""Files that can't be read."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="unreadable-file",
    severity=Severity.ERROR,
    summary="A file can't be read",
    description="The file is not valid UTF-8, or its permissions do not allow reading it.",
    source="https://yaml.org/spec/1.2.2/#52-character-encodings",
    wrong="",
    right=flow(),
)
