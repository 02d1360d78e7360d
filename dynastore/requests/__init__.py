"""Requests: what can be asked of AWS, as values."""

from .batches import BATCH_KEYS, Batch, BatchGetItem
from .items import DeleteItem, GetItem, PutItem, UpdateItem
from .pages import SEGMENTS, Query, QueryPage, Scan, ScanPage
from .request import Key, Now, Request, Steps, Together, Wait
from .transactions import (
    ACTIONS,
    TOKEN_CHARACTERS,
    TRANSACTION_BYTES,
    Action,
    ConditionCheck,
    TransactGetItems,
    TransactWriteItems,
    key_of,
    new_token,
)

__all__ = [
    "ACTIONS",
    "BATCH_KEYS",
    "SEGMENTS",
    "TOKEN_CHARACTERS",
    "TRANSACTION_BYTES",
    "Action",
    "Batch",
    "BatchGetItem",
    "ConditionCheck",
    "DeleteItem",
    "GetItem",
    "Key",
    "Now",
    "PutItem",
    "Query",
    "QueryPage",
    "Request",
    "Scan",
    "ScanPage",
    "Steps",
    "Together",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
    "Wait",
    "key_of",
    "new_token",
]
