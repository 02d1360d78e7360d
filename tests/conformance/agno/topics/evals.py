"""Eval runs, and where answers about them may differ:

- Among equal values SqliteDb has no order. Here: by when they were made, then ids.
- A page behind the last one: SqliteDb says that there are 0 in all. Here: how many there are.
- ``create_eval_run`` with an id that is there: SqliteDb raises IntegrityError, here AlreadyExists.
- ``sort_by`` of ``eval_data`` or ``eval_input``: SqliteDb sorts their JSON as text. Here: as no column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agno.db.schemas.evals import EvalFilterType, EvalRunRecord, EvalType
from hypothesis import strategies as st

from ..answers import Raised, plain, sorted_by, text
from ..drawn import COMPONENTS, Call, call, chosen, deserialized, json, paged, users
from .topic import Topic

MODELS = ("m1", "m2", None)
COLUMNS = (
    *(None, "created_at", "updated_at", "run_id", "name", "eval_type", "agent_id", "team_id"),
    *("model_id", "model_provider", "evaluated_component_name", "user_id", "nothing"),
)

ids = st.builds("e{}".format, st.integers(0, 4))
types = st.sampled_from([*EvalType])
components = st.sampled_from(COMPONENTS)
models = st.sampled_from(MODELS)
data = st.dictionaries(st.text(max_size=5), json, max_size=2)
names = st.sampled_from(("Trip", "budget", "é", "", None))

records = st.builds(
    EvalRunRecord,
    run_id=ids,
    eval_type=types,
    eval_data=data,
    eval_input=st.none() | data,
    name=names,
    agent_id=components,
    team_id=components,
    workflow_id=components,
    model_id=models,
    model_provider=st.sampled_from(("A", "b", None)),
    evaluated_component_name=names,
)
lists = paged(
    chosen(
        agent_id=components,
        team_id=components,
        workflow_id=components,
        model_id=models,
        filter_type=st.sampled_from([*EvalFilterType, None]),
        eval_type=st.none() | st.lists(types, max_size=3),
        deserialize=deserialized,
        user_id=users,
    ),
    COLUMNS,
)
owned = call("update_eval_run_user_id", ids, user_id=st.sampled_from(("ann", "bob")))

begun = st.builds(
    list.__add__,
    st.lists(
        records.map(lambda each: Call("create_eval_run", (each,))),
        min_size=2,
        max_size=5,
        unique_by=lambda each: each.args[0].run_id,
    ),
    st.lists(owned, max_size=3),
)
calls = st.one_of(
    call("create_eval_run", records),
    owned,
    st.builds(Call, st.just("get_eval_runs"), st.just(()), lists),
    st.builds(Call, st.just("get_eval_runs"), st.just(()), lists),
    st.builds(
        Call,
        st.just("get_eval_run"),
        st.tuples(ids),
        chosen(user_id=users, deserialize=deserialized),
    ),
    st.builds(
        Call,
        st.just("rename_eval_run"),
        st.tuples(ids, st.sampled_from(("other", "Trip"))),
        chosen(user_id=users, deserialize=deserialized),
    ),
    st.builds(
        Call,
        st.just("delete_eval_runs"),
        st.tuples(st.lists(ids, max_size=3)),
        chosen(user_id=users),
    ),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    if isinstance(answer, Raised) or call.name != "get_eval_runs":
        return _plain(answer)
    if not isinstance(answer, tuple):
        return _listed(call, [_plain(each) for each in answer])
    rows, total = answer
    return (total if rows else None), _listed(call, plain(rows))


def _plain(answer: Any) -> Any:
    return plain(answer.model_dump() if isinstance(answer, EvalRunRecord) else answer)


def _listed(call: Call, rows: Sequence[dict[str, Any]]) -> Any:
    """Rows in their order, as far as that is said: by a column, of which many may have the same."""
    by = call.named["sort_by"]
    if by == "run_id":
        return rows
    whole = sorted(map(text, rows)) if call.named.get("limit") is None else len(rows)
    return whole, [sorted_by(by, each) for each in rows]


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see above."""
    if call.name != "create_eval_run":
        return False
    return reference.get_eval_run(call.args[0].run_id) is not None


TOPIC = Topic("evals", begun, calls, comparable, differs)
