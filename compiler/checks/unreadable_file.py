"""Files that cannot be read."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="unreadable-file",
    severity=Severity.ERROR,
    summary="A file cannot be read",
    description=("The file is not UTF-8, or its permissions forbid reading it."),
    source="https://yaml.org/spec/1.2.2/#52-character-encodings",
    wrong="",
    right=flow(),
)
