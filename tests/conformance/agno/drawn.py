"""What every topic draws its calls from: few users and ids, so that they meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen
from hypothesis import strategies as st

USERS = ("ann", "bob", None)
COMPONENTS = ("a1", "a2", None)


@frozen
class Call:
    """A call of one method.

    Attributes:
        name: of the method.
        args: by position.
        named: by name.
    """

    name: str
    args: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(factory=dict)


users = st.sampled_from(USERS)


def _json(*, allow_infinity: bool) -> st.SearchStrategy[Any]:
    floats = st.floats(allow_nan=False, allow_infinity=allow_infinity)
    return st.recursive(
        st.none() | st.booleans() | st.integers() | floats | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=6,
    )


json = _json(allow_infinity=True)
# What SQLite's functions read too: no Infinity, at which Agno's database answers as if nothing were stored.
readable_json = _json(allow_infinity=False)


def chosen(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments by name, each of them or not."""
    return st.fixed_dictionaries({}, optional=options)


pages = st.none() | st.tuples(st.integers(0, 4), st.none() | st.integers(1, 3))
orders = st.sampled_from((None, "asc", "desc"))
deserialized = st.booleans()


@st.composite
def paged(draw: Any, options: st.SearchStrategy[dict[str, Any]], columns: Any) -> dict[str, Any]:
    """Filters, with a page and an order."""
    found = dict(draw(options))
    page = draw(pages)
    if page is not None:
        found["limit"], found["page"] = page
    found["sort_by"], found["sort_order"] = draw(st.sampled_from(columns)), draw(orders)
    return found


def call(name: str, *args: Any, **named: Any) -> st.SearchStrategy[Call]:
    """A call whose arguments are drawn."""
    return st.builds(Call, st.just(name), st.tuples(*args), st.fixed_dictionaries(named))
