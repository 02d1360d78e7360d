"""Service accounts.

| where answers differ | here | SqliteDb |
|---|---|---|
| accounts that nothing sorts | by their ids | not said |
| an account cannot be read | an error | None, as if there were none |
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ..answers import Raised, plain, text
from ..drawn import Call, call, chosen, users
from ..made import BEGAN
from .topic import Topic

SORTED = ("created_at", "name", "last_used_at", "expires_at", "token_hash")

ids = st.sampled_from(("i1", "i2", "i3", "i4"))
names = st.sampled_from(("ci", "deploy#1", "nightly"))
hashes = st.sampled_from(("h1", "h2", "h3", "h4"))
times = st.integers(BEGAN, BEGAN + 3)


@st.composite
def accounts(draw: Any) -> dict[str, Any]:
    """An account; of those with one name each was made at another time."""
    number = draw(st.integers(1, 4))
    return {
        "id": f"i{number}",
        "name": draw(names),
        "user_id": draw(users),
        "token_hash": draw(hashes),
        "token_prefix": "agno_4f",
        "scopes": draw(st.lists(st.text(max_size=5), max_size=2)),
        "created_at": BEGAN + number,
        "expires_at": draw(st.none() | times),
        "last_used_at": draw(st.none() | times),
        "revoked_at": draw(st.none() | st.none() | times),
        "created_by": draw(users),
    }


creates = call("create_service_account", accounts())
begun = st.lists(creates, max_size=5)
calls = st.one_of(
    creates,
    st.builds(Call, st.just("get_service_account"), st.tuples(ids), chosen(user_id=users)),
    call("get_service_account_by_token_hash", hashes),
    call("get_service_account_by_name", names, include_revoked=st.booleans()),
    st.builds(
        Call,
        st.just("get_service_accounts"),
        st.just(()),
        chosen(
            include_revoked=st.booleans(),
            limit=st.integers(0, 3),
            page=st.integers(1, 3),
            sort_by=st.sampled_from(SORTED),
            sort_order=st.sampled_from(("asc", "desc")),
            user_id=users,
        ),
    ),
    st.builds(
        Call,
        st.just("update_service_account"),
        st.tuples(ids),
        chosen(
            return_record=st.booleans(),
            revoked_at=times | st.none(),
            last_used_at=times | st.none(),
        ),
    ),
    call("delete_service_account", ids),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    found = plain(answer)
    if call.name != "get_service_accounts" or isinstance(answer, Raised):
        return found
    rows, total = found
    by = call.named.get("sort_by", "created_at")
    if by in {"created_at", "token_hash"}:  # which all of them have, each another
        return rows, total
    return [each[by] for each in rows], total, len(rows) == total and sorted(map(text, rows))


TOPIC = Topic("service accounts", begun, calls, comparable)
