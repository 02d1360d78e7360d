"""Components, their configs, and the links between them. Only Agno's blocking databases have them.

| where answers differ | here | SqliteDb |
|---|---|---|
| the order of links of one position, and of dependents | by kind and key; by what refers | not said |
| `load_component_graph` with a label | the version of this label | the current one |
| `create_component_with_config` without a name | its name is its id | an error |
"""

from __future__ import annotations

import operator
from typing import Any

from agno.db.base import ComponentType
from hypothesis import strategies as st

from ..answers import plain, text
from ..drawn import Call, call, chosen, json, users
from .topic import Topic

AGENTS, TEAMS = ("a", "b"), ("t", "u")
KINDS = (ComponentType.AGENT, ComponentType.TEAM)
LABELS = ("stable", "next", None)
STAGES = ("draft", "published")
LINK_KINDS = ("member", "step_agent", "prompt")
UNORDERED = {"get_dependents", "get_links"}

ids = st.sampled_from((*AGENTS, *TEAMS))
numbers = st.sampled_from((1, 1, 2, 2, 3, 4))
kinds = st.sampled_from(KINDS)
names = st.sampled_from(("A", "B", ""))
labels = st.sampled_from(LABELS)
stages = st.sampled_from(STAGES)
dicts = st.dictionaries(st.text(max_size=5), json, max_size=2)
metadata = dicts | st.just({"studio": {"by": "ann"}}) | st.just({"studio": 1, "team": "x"})
configs = st.builds(
    dict.__or__,
    dicts,
    chosen(
        name=st.sampled_from(("A", "C", None)),
        description=st.sampled_from(("about it", "", None)),
        metadata=metadata | st.just("none"),
        metadata_authored=st.booleans(),
    ),
)
expected = st.none() | st.integers(0, 3)
guards = {
    "expected_latest_version": expected,
    "expected_current_version": expected,
    "user_id": users,
}


def linked(*children: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Links of one version, to some of these, each of a position of its own."""
    ends = st.tuples(st.sampled_from(LINK_KINDS), st.sampled_from(children))
    return st.lists(
        st.tuples(ends, st.sampled_from((1, 1, 1, 1, 2, None)), st.none() | dicts),
        max_size=3,
        unique_by=operator.itemgetter(0),
    ).map(_links)


def _links(drawn: Any) -> list[dict[str, Any]]:
    return [
        {
            "link_kind": kind,
            "link_key": f"{kind}-{child}",
            "child_component_id": child,
            "child_version": version,
            "position": position,
            "meta": meta,
        }
        for position, ((kind, child), version, meta) in enumerate(drawn)
    ]


def asked(method: str, /, *args: Any, **options: Any) -> st.SearchStrategy[Call]:
    """A call with arguments by position, and some by name."""
    return st.builds(Call, st.just(method), st.tuples(*args), chosen(**options))


def made(
    component_id: str, kind: ComponentType, *children: str, **more: Any
) -> st.SearchStrategy[Call]:
    """A component with its first version."""
    return asked(
        "create_component_with_config",
        *(st.just(component_id), st.just(kind), st.sampled_from(("A", "B")), configs),
        description=st.sampled_from(("about it", "")),
        metadata=metadata,
        label=labels,
        notes=st.text(max_size=5),
        **{"stage": stages, **more},
        **({"links": linked(*children)} if children else {}),
    )


version = {"label": labels, "stage": stages, "notes": st.text(max_size=5)}
links = linked(*AGENTS, *TEAMS)
added = asked("upsert_config", ids, configs, **version)
changed = asked("upsert_config", ids, config=configs, version=numbers, **version)
linking = st.builds(
    lambda team, config, links, stage: Call(
        "upsert_config", (team, config), {"links": links, "stage": stage}
    ),
    *(st.sampled_from(TEAMS), configs, links, stages),
)
edits = added | changed | linking
begun = st.builds(
    lambda *calls: [*calls[:-1], *calls[-1]],
    made("a", ComponentType.AGENT),
    made("b", ComponentType.AGENT, user_id=users),
    made("t", ComponentType.TEAM, "a", "b"),
    made("u", ComponentType.TEAM, "t", "a", user_id=users),
    st.lists(edits, max_size=4),
)
calls = st.one_of(
    edits,
    asked("upsert_config", ids, configs, links=links, **version, **guards),
    asked("upsert_config", ids, version=numbers, links=links, **version, **guards),
    made(
        "v",
        ComponentType.TEAM,
        *AGENTS,
        *TEAMS,
        "v",
        user_id=users,
        stage=st.just("unknown") | stages,
    ),
    asked("delete_component", ids, hard_delete=st.booleans()),
    asked("restore_component", ids),
    asked("set_current_version", ids, numbers),
    asked("delete_config", ids, numbers),
    asked(
        "upsert_component",
        ids,
        component_type=kinds,
        name=names,
        description=st.sampled_from(("about it", "")),
        current_version=numbers,
        metadata=metadata,
        user_id=users,
    ),
    asked(
        "delete_component",
        ids,
        hard_delete=st.booleans(),
        user_id=users,
        expected_current_version=expected,
        require_no_dependents=st.booleans(),
    ),
    asked("restore_component", ids, user_id=users),
    asked("set_current_version", ids, numbers, expected_current_version=expected, user_id=users),
    asked("delete_config", ids, numbers, user_id=users),
    asked("get_component", ids, component_type=kinds, user_id=users, include_deleted=st.booleans()),
    asked(
        "list_components",
        component_type=kinds,
        include_deleted=st.booleans(),
        limit=st.integers(-1, 3),
        offset=st.integers(-1, 3),
        exclude_component_ids=st.sets(ids, max_size=2),
        user_id=users,
        name=names,
    ),
    asked("get_config", ids, version=numbers, label=labels, include_deleted=st.booleans()),
    call("get_current_config", ids),
    call("get_latest_config", ids),
    call("get_latest_configs", st.sets(ids)),
    asked("list_configs", ids, include_config=st.booleans(), include_deleted=st.booleans()),
    asked("get_links", ids, numbers, link_kind=st.sampled_from(LINK_KINDS)),
    asked("get_dependents", ids, version=numbers, active_parents_only=st.booleans()),
    asked("load_component_graph", ids, version=numbers),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both.

    Of a page only how long it is: they are written one after the other, and a second may begin between.
    """
    found = plain(answer)
    if call.name == "list_components":
        rows, total = found
        is_page = call.named.keys() & {"limit", "offset"}
        return (len(rows) if is_page else sorted(rows, key=text)), total
    is_unordered = call.name in UNORDERED and isinstance(found, list)
    return sorted(found, key=text) if is_unordered else found


TOPIC = Topic("components", begun, calls, comparable, awaited=False)
