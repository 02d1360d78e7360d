"""Errors are values that can be copied, and sent from one process to another."""

from __future__ import annotations

import copy
import datetime as dt
import pickle

import pytest

from dynastore import Ref, Schema, Store, entity, key
from dynastore.errors import (
    AlreadyExists,
    ChangesTrimmed,
    ConditionFailed,
    ConsumerBusy,
    ConsumerMismatch,
    DynastoreError,
    ItemTooLarge,
    MalformedItem,
    NoAccessPattern,
    NotSent,
    NotUnique,
    PartialFailure,
    PayloadMissing,
    RequestError,
    RevisionConflict,
    ScopeSealed,
    SealTaken,
    TableMismatch,
    Throttled,
    TokenUsed,
    TransactionCanceled,
    UnknownField,
    UnknownType,
    UnroutedWrites,
)
from dynastore.requests import Key

KEY = Key("NOTE#n1", "~")


@entity("note")
class Note:
    """A note."""

    note_id: str

    primary = key("NOTE#{note_id}", "~")


FAILED = ConditionFailed(KEY, Note(note_id="n1"))
ERRORS = [
    RequestError("wrong"),
    NoAccessPattern("Note", {"by_topic": ["topic"]}),
    UnknownField("Note", "note", ["note_id"]),
    ItemTooLarge(KEY, size_bytes=2, limit_bytes=1),
    ItemTooLarge(KEY, size_bytes=None, limit_bytes=1),
    AlreadyExists(KEY),
    NotUnique(KEY, entity="Note", fields=["text"]),
    FAILED,
    RevisionConflict(KEY, expected=1, stored=2),
    TransactionCanceled([None, FAILED]),
    TableMismatch("t", ["no index 1"]),
    TokenUsed("order-7"),
    ConsumerMismatch("mail", followed=["note"], asked=["tag"]),
    ConsumerBusy("mail", dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
    PartialFailure({Ref(Note, (("note_id", "n2"),)): None}, {Ref(Note, ()): FAILED}),
    NotSent(FAILED),
    UnknownType("x", ["note"]),
    MalformedItem("Note", "$.note_id", "it is missing"),
    PayloadMissing("text of NOTE#n1 ~", "pointer", "Write it again."),
    Throttled("ThrottlingException", "slow down", request_id="r1"),
    ChangesTrimmed("mail", "it was away"),
    ScopeSealed("qa", "7c1f", 120.0),
    SealTaken("qa", "one", "two"),
    UnroutedWrites("qa", "shared", has_left=True),
]


@pytest.mark.parametrize("again", [copy.copy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_in_another_process(error: DynastoreError, again) -> None:
    found = again(error)
    assert type(found) is type(error)
    assert str(found) == str(error)
    assert {n: str(v) for n, v in vars(found).items()} == {
        n: str(v) for n, v in vars(error).items()
    }


def test_what_a_write_raises_keeps_the_stored_entity() -> None:
    with Store.connect("sqlite://", Schema([Note])) as store:
        store.put(Note(note_id="n1"))
        with pytest.raises(ConditionFailed) as caught:
            store.put(Note(note_id="n1"), when={"note_id": "n2"})
    assert pickle.loads(pickle.dumps(caught.value)).stored == Note(note_id="n1")


def test_what_was_written_before_is_copied_with_an_error():
    error = MalformedItem("Note", "$.note_id", "it is missing")
    error.after("NOTE#n1 ~ was deleted")
    for copied in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert copied.written
        assert str(copied) == str(error)
        assert str(copied).startswith("NOTE#n1 ~ was deleted, but a stored Note does not fit")
