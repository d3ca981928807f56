"""Derives the least-privilege IAM policy of a state machine's role from its definition."""

from compiler.permissions.derive import derive_statements
from compiler.permissions.statement import Statement, policy_document

__all__ = ["Statement", "derive_statements", "policy_document"]
