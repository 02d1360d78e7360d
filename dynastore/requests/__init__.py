"""Requests: what can be asked of AWS, as values."""

from .batches import (
    BATCH_KEYS,
    BATCH_WRITE_BYTES,
    BATCH_WRITES,
    Batch,
    BatchGetItem,
    BatchWriteItem,
    PlainWrite,
    sent_bytes,
)
from .items import DeleteItem, GetItem, PutItem, UpdateItem
from .pages import SEGMENTS, Query, QueryPage, Scan, ScanPage
from .request import Key, Now, Purpose, Request, Steps, Together, Wait
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
from .vectors import TOP_LIMIT, Near, Nearest, SearchVectors

__all__ = [
    "ACTIONS",
    "BATCH_KEYS",
    "BATCH_WRITES",
    "BATCH_WRITE_BYTES",
    "SEGMENTS",
    "TOKEN_CHARACTERS",
    "TOP_LIMIT",
    "TRANSACTION_BYTES",
    "Action",
    "Batch",
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheck",
    "DeleteItem",
    "GetItem",
    "Key",
    "Near",
    "Nearest",
    "Now",
    "PlainWrite",
    "Purpose",
    "PutItem",
    "Query",
    "QueryPage",
    "Request",
    "Scan",
    "ScanPage",
    "SearchVectors",
    "Steps",
    "Together",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
    "Wait",
    "key_of",
    "new_token",
    "sent_bytes",
]
