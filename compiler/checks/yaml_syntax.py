"""Text that is not YAML."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-syntax",
    severity=Severity.ERROR,
    summary="The file is not YAML",
    description=(
        "libyaml could not read the file. It stops at the first such place; the rest is read once it is mended."
    ),
    source="https://yaml.org/spec/1.2.2/",
    wrong=flow("description: a: b  # <-\n"),
    right=flow('description: "a: b"\n'),
)
