"""A check in a transaction is about the table that its scope was moved to."""

from __future__ import annotations

import pytest

from dynastore import Check, Placement, Put, Schema, Store, entity, key, ref


@entity("note")
class Note:
    """A note."""

    name: str
    text: str = ""

    primary = key("NOTE#{name}", "~")


@pytest.mark.scans
def test_a_check_goes_to_where_its_scope_was_moved(short_leases):
    with Store.connect(Placement("sqlite://"), Schema([Note])) as store:
        team = store.scope("team")
        team.put(Note(name="one"))
        store.move_scope("team", "dynastore.team", request_seconds=0.1).finish()
        team.transact(Check(ref(Note, name="one"), text=""), Put(Note(name="two")))
        assert team.get(Note, name="two") == Note(name="two")
