"""Intrinsic functions: `States.Format('Hello {}', $.name)` (https://states-language.net/spec.html#appendix-b)."""

from asl.language.intrinsics.calls import compile_intrinsic, parse_intrinsic
from asl.language.intrinsics.functions import FUNCTIONS

__all__ = ["FUNCTIONS", "compile_intrinsic", "parse_intrinsic"]
