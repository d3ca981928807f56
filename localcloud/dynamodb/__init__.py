"""The common operations of DynamoDB on moto's tables, without moto's slow way through expressions.

A start of a flow needs three of them, and moto takes 2 to 10 ms of processor time for each. What isn't understood here
exactly (other operations, nested paths, whatever DynamoDB refuses) goes to moto, so there is one set of tables and one
source of error messages.
"""

from localcloud.dynamodb.operations import ItemOperations

__all__ = ["ItemOperations"]
