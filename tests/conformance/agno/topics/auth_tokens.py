"""Auth tokens.

| where answers differ | here | SqliteDb |
|---|---|---|
| `upsert_auth_token` gives | the token as it is stored | what was given, with an id that is not stored |
| a token cannot be saved, read or deleted | an error | None or False, as if there were none |
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ..answers import plain
from ..drawn import Call, call, json, users
from ..made import BEGAN
from .topic import Topic

providers = st.sampled_from(("google", "x#ai"))
owners = users | st.just("")
services = st.sampled_from(("mail", "drive"))
data = st.dictionaries(st.text(max_size=5), json, max_size=3)


@st.composite
def tokens(draw: Any) -> dict[str, Any]:
    """A token; what may be left out is there or not."""
    required = {"provider": providers, "service": services, "token_data": data}
    optional = {
        "user_id": owners,
        "granted_scopes": st.none() | st.lists(st.text(max_size=5), max_size=2),
        "created_at": st.integers(BEGAN, BEGAN + 9),
    }
    given: dict[str, Any] = draw(st.fixed_dictionaries(required, optional=optional))
    return given


saves = call("upsert_auth_token", tokens())
begun = st.lists(saves, max_size=4)
calls = st.one_of(
    saves,
    call("get_auth_token", providers, owners, services),
    call("delete_auth_token", providers, owners, services),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both: not the id, which is made anew in each."""
    found = plain(answer)
    if not isinstance(found, dict):
        return found
    told = {"id", "created_at"} if call.name == "upsert_auth_token" else {"id"}
    return {"granted_scopes": None} | {
        name: value for name, value in found.items() if name not in told
    }


TOPIC = Topic("auth tokens", begun, calls, comparable)
