"""The log says which requests were sent, and nothing of what is in them."""

from __future__ import annotations

import logging

import pytest
from moto import mock_aws

from dynastore import Schema, Store, entity, increment, key, ref
from dynastore.errors import ConditionFailed

SECRET = "what nobody may read"


@entity("note")
class Note:
    """A note."""

    user_id: str
    text: str = ""
    count: int = 0

    primary = key("USER#{user_id}", "NOTE")


@pytest.mark.parametrize("where", ["sqlite://", "notes"])
def test_neither_values_nor_credentials_are_logged(where, caplog):
    caplog.set_level(logging.DEBUG, logger="dynastore")
    with mock_aws(), Store.connect(where, Schema([Note]), create=True) as store:
        store.put(Note(user_id=SECRET, text=SECRET))
        assert list(store.query(Note, user_id=SECRET, text=SECRET))
        with pytest.raises(ConditionFailed):
            store.update(ref(Note, user_id=SECRET), count=increment(1), when={"text": "x"})
    ours = [record for record in caplog.records if record.name.startswith("dynastore")]
    logged = "\n".join(record.getMessage() for record in ours)
    assert {record.name for record in ours} == {"dynastore"}
    assert "PutItem took" in logged
    assert SECRET not in logged
    assert "testing" not in logged  # the credentials
