"""The Amazon States Language: what a definition means, and what is wrong with it.

Expressions (JSONPath, intrinsic functions, JSONata, choice rules, payload templates) compile once into plain callables
that take a `Scope`; nothing is parsed at run time. The specification is https://states-language.net/spec.html; where
AWS Step Functions goes beyond it or differs, AWS is followed.
"""

from asl.language.diagnosis import Diagnosis, Severity, diagnose, refusal_message

__all__ = ["Diagnosis", "Severity", "diagnose", "refusal_message"]
