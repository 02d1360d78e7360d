"""Figures of days, and where answers may differ:

- Rows have no order in SqliteDb. Here: by day, then by user. Models within a row: by name.
- Ids are random in SqliteDb. Here they are made of the day and the user.
- A day is over a minute after midnight: sessions are found by an index, which may lag.
- A session that is saved with runs which are never saved: SqliteDb does not count these. Here they
  count until the session is saved twice more, because its header keeps the count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from ..answers import Raised, plain, text
from ..drawn import Call, call, chosen, users
from ..made import run, session
from .sessions import takes
from .topic import Topic

# Not yesterday, which is over a minute later here.
DAYS_AGO = (0, 2, 3, 40)
TODAY = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
KINDS = ("agent", "team", "workflow")
MODELS = (("gpt", "OpenAI"), ("claude:v2", "Anthropic"), ("gpt", None), (None, None))

numbers = st.integers(0, 3)
kinds = st.sampled_from(KINDS)
session_ids = st.builds("{}-{}".format, kinds, numbers)
run_ids = st.builds("{}-run-{}".format, session_ids, numbers)
dates = st.sampled_from([(TODAY - dt.timedelta(days=ago)).date() for ago in (*DAYS_AGO, 1)])


def _session(session_id: str, user_id: str | None, tokens: int, runs: list[Any]) -> Any:
    """A session, which began on the day that its number says."""
    kind, _, number = session_id.partition("-")
    began = TODAY - dt.timedelta(days=DAYS_AGO[int(number)])
    metrics = {"input_tokens": tokens, "total_tokens": tokens, "cost": 0.5}
    return session(
        int(number),
        user_id,
        kind=kind,
        session_data={"session_metrics": metrics if tokens else None},
        created_at=int(began.timestamp()) + 1,
        runs=runs,
    )


def _run(session_id: str, number: int, model: tuple[str | None, str | None]) -> Any:
    kind = session_id.partition("-")[0]
    named = {} if kind == "workflow" else dict(zip(("model", "model_provider"), model, strict=True))
    return run(number, of=session_id, kind=kind, **named)


runs = st.builds(_run, session_ids, numbers, st.sampled_from(MODELS))
saves = st.builds(
    lambda each, user: Call(
        "upsert_run", (each,), {"session_id": each.session_id, "user_id": user}
    ),
    runs,
    users,
)


@st.composite
def turns(draw: Any) -> list[Call]:
    """A turn as Agno saves it: the session with its run, then the run."""
    each = draw(runs)
    user = draw(users)
    made = _session(each.session_id, user, draw(st.integers(0, 50)), [each])
    read = [Call("get_session", (each.session_id,))] if draw(st.booleans()) else []
    place = {"session_id": each.session_id, "user_id": user, "run_index": 0}
    return [*read, Call("upsert_session", (made,)), Call("upsert_run", (each,), place)]


begun = st.lists(turns(), min_size=1, max_size=6).map(
    lambda found: [c for some in found for c in some]
)
calls = st.one_of(
    saves,
    st.builds(
        lambda *args: Call("upsert_session", (_session(*args, []),)),
        session_ids,
        users,
        st.integers(0, 50),
    ),
    st.builds(Call, st.just("get_session"), st.tuples(session_ids)),
    call("delete_run", run_ids),
    call("delete_session", session_ids),
    call(
        "reassign_session_owner",
        session_ids,
        previous_user_id=st.sampled_from(("ann", "bob")),
        user_id=users,
    ),
    *[st.builds(Call, st.just("calculate_metrics"))] * 4,
    *[
        st.builds(
            Call,
            st.just("get_metrics"),
            st.just(()),
            chosen(
                starting_date=dates,
                ending_date=dates,
                user_id=st.sampled_from(("ann", "bob", "", None)),
            ),
        )
    ]
    * 2,
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    if isinstance(answer, Raised):
        return answer
    if call.name == "calculate_metrics":
        return answer if answer is None else _rows(answer)
    if call.name == "get_metrics":
        rows, at = answer
        return _rows(rows), plain({"updated_at": at})
    return None


def _rows(rows: list[Mapping[str, Any]]) -> list[str]:
    found = [{name: each[name] for name in each if name != "id"} for each in rows]
    for each in found:
        each["model_metrics"] = sorted(each["model_metrics"], key=text)
    return sorted(text(plain(each)) for each in found)


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ: a run without its session, or in another's."""
    place = [call.named.get(name) for name in ("session_id", "user_id")]
    return call.name == "upsert_run" and not takes(reference, *place)


TOPIC = Topic("metrics", begun, calls, comparable, differs)
