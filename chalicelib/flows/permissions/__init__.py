"""Least privilege: the IAM policy that a state machine's role needs, derived from the definition."""

from chalicelib.flows.permissions.derive import derive_statements
from chalicelib.flows.permissions.statement import Statement, policy_document

__all__ = ["Statement", "derive_statements", "policy_document"]
