"""Requests: what can be asked of AWS, as values."""

from .batches import BATCH_KEYS, Batch, BatchGetItem
from .items import DeleteItem, GetItem, PutItem, UpdateItem
from .pages import SEGMENTS, Query, QueryPage, Scan, ScanPage
from .request import Key, Now, Request, Steps, Together, Wait

__all__ = [
    "BATCH_KEYS",
    "SEGMENTS",
    "Batch",
    "BatchGetItem",
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
    "UpdateItem",
    "Wait",
]
