"""Least privilege: the IAM policy that a state machine's role needs, derived from the definition."""

from compiler.permissions.derive import derive_statements
from compiler.permissions.statement import Statement, policy_document

__all__ = ["Statement", "derive_statements", "policy_document"]
