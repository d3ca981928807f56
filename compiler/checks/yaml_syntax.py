"""Invalid YAML."""

from compiler.checks.base import Check, flow
from compiler.diagnostic import Severity

CHECK = Check(
    id="yaml-syntax",
    severity=Severity.ERROR,
    summary="The file is not valid YAML",
    description=("libyaml can't read the file. It stops at the first mistake; the rest is read once that is fixed."),
    source="https://yaml.org/spec/1.2.2/",
    wrong=flow("description: a: b  # <-\n"),
    right=flow('description: "a: b"\n'),
)
