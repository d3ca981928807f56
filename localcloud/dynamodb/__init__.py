"""The common operations of DynamoDB, without moto's slow way through expressions, and the items on disk.

A start of a flow needs three of them, and moto takes 2 to 10 ms of processor time for each. What isn't understood here
exactly (other operations, nested paths, whatever DynamoDB refuses) goes to moto, so there is one set of tables and one
source of error messages.
"""

from localcloud.dynamodb.backing import Backing, Scratch
from localcloud.dynamodb.operations import ItemOperations
from localcloud.dynamodb.shelf import Shelf

__all__ = ["Backing", "ItemOperations", "Scratch", "Shelf"]
