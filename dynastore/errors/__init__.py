"""Errors, grouped by who has to act.

DynastoreError
|-- ModelError            a declaration is wrong; at import      fix the entity or the schema
|-- RequestError          a call is wrong; nothing was written   fix the call
|   |-- NoAccessPattern
|   |-- UnknownField
|   |-- ItemTooLarge
|   |-- UnknownPlace
|   `-- InvalidCursor
|-- ConflictError         the stored state disagrees             re-read and decide
|   |-- AlreadyExists
|   |   `-- NotUnique
|   |-- ConditionFailed
|   |-- RevisionConflict
|   |-- NewerSchema
|   |-- TransactionCanceled
|   |-- TokenUsed
|   |-- TableMismatch
|   |-- ConsumerMismatch
|   |-- ConsumerBusy
|   |-- SealTaken
|   `-- UnroutedWrites
|-- PartialFailure        some of many were done                 look at .done and .failed
|-- NotSent               one of many, after another failed      call again with these
|-- DataError             a stored item is unreadable            repair or migrate it
|   |-- UnknownType
|   |-- MalformedItem
|   `-- PayloadMissing
`-- ServiceError          AWS refused or failed                  retry, or fix access
    |-- Throttled, DeadlineExceeded                   (retryable)
    |-- Unavailable                                   (retryable)
    |   `-- ScopeSealed
    `-- AccessDenied, TableNotFound, ChangesTrimmed   (not)
"""

from __future__ import annotations

from .conflicts import (
    AlreadyExists,
    ConditionFailed,
    ConflictError,
    ConsumerBusy,
    ConsumerMismatch,
    NewerSchema,
    NotUnique,
    RevisionConflict,
    SealTaken,
    TableMismatch,
    TokenUsed,
    TransactionCanceled,
    UnroutedWrites,
)
from .data import DataError, MalformedItem, PayloadMissing, UnknownType
from .failures import NotSent, PartialFailure
from .mistakes import (
    InvalidCursor,
    ItemTooLarge,
    ModelError,
    NoAccessPattern,
    RequestError,
    UnknownField,
    UnknownPlace,
)
from .root import DynastoreError, shown
from .service import (
    AccessDenied,
    ChangesTrimmed,
    DeadlineExceeded,
    ScopeSealed,
    ServiceError,
    TableNotFound,
    Throttled,
    Unavailable,
)

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "ChangesTrimmed",
    "ConditionFailed",
    "ConflictError",
    "ConsumerBusy",
    "ConsumerMismatch",
    "DataError",
    "DeadlineExceeded",
    "DynastoreError",
    "InvalidCursor",
    "ItemTooLarge",
    "MalformedItem",
    "ModelError",
    "NewerSchema",
    "NoAccessPattern",
    "NotSent",
    "NotUnique",
    "PartialFailure",
    "PayloadMissing",
    "RequestError",
    "RevisionConflict",
    "ScopeSealed",
    "SealTaken",
    "ServiceError",
    "TableMismatch",
    "TableNotFound",
    "Throttled",
    "TokenUsed",
    "TransactionCanceled",
    "Unavailable",
    "UnknownField",
    "UnknownPlace",
    "UnknownType",
    "UnroutedWrites",
    "shown",
]
