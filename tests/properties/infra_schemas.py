"""Schemas with any table that DynamoDB can have, for what is derived from a schema."""

from __future__ import annotations

from hypothesis import strategies as st

from dynastore import Schema, Table, VectorIndex
from dynastore.table import Index

names = st.sampled_from(["title", "kind", "user_id", "created_at", "status"])
carried = st.one_of(st.none(), st.lists(names, unique=True, max_size=4).map(tuple))
vectors = st.builds(
    VectorIndex,
    dimensions=st.integers(1, 4096),
    distance=st.sampled_from(["COSINE", "DOT_PRODUCT", "EUCLIDEAN"]),
    fields=carried,
)


@st.composite
def indexes(draw: st.DrawFn) -> tuple[Index, ...]:
    numbers = draw(st.lists(st.integers(1, 20), unique=True, max_size=4))
    return tuple(Index(each, draw(st.integers(1, 4)), draw(carried)) for each in numbers)


tables = st.builds(
    Table,
    name=st.from_regex(r"[A-Za-z0-9_.-]{3,20}", fullmatch=True),
    indexes=indexes(),
    bucket=st.one_of(st.none(), st.just("payloads-of-agents")),
    vectors=st.one_of(st.none(), vectors),
)
schemas = tables.map(lambda table: Schema([], table))
