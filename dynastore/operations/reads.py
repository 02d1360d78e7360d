"""Reading: by key, by plan, and counting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from attrs import evolve, frozen

from ..attributes import AttributeMap, AttributeValue
from ..entity import Ref, ref
from ..errors import DataError, DynastoreError, PartialFailure, RequestError, Throttled
from ..plan import Plan
from ..requests import BatchGetItem, GetItem, Key, Query, QueryPage, Steps, Together, Wait
from ..schema import Schema
from ..table import TYPE
from ..terms import Conditions, OneOf, mapped
from .conditions import conditions_of
from .cursors import cursor_of, start_key

E = TypeVar("E")

BATCH_KEYS = 100  # of one BatchGetItem; DynamoDB quotas
BATCH_ROUNDS = 8  # of asking again for what was left unprocessed; the last wait is 6.4 s
FIRST_WAIT_SECONDS = 0.05  # doubled each round
FILTERED_ITEMS = (
    100  # to read at least for a page that is filtered; few pass, and a request costs more
)


@frozen
class Page(Generic[E]):
    """Some results in order, and where the next ones start.

    Attributes:
        entities: at most as many as asked for.
        cursor: opaque and URL-safe; give it to `page` of the same query. None at the end.
    """

    entities: Sequence[E]
    cursor: str | None


def key_of(schema: Schema, target: Ref[Any]) -> Key:
    """The primary key that a ref stands for, scope included.

    Raises:
        RequestError: it is no ref, or of an entity that is not in the schema.
    """
    if not isinstance(target, Ref):
        raise RequestError(f"{target!r} is no ref; write ref(Session, session_id=...)")
    return schema.codec(target.cls).key(dict(target.values), schema.prefix)


def get(
    schema: Schema, cls: type[E], key: Mapping[str, Any], *, consistent: bool = False
) -> Steps[E | None]:
    """Read one entity by its primary key, in one request.

    Args:
        schema: where it is.
        cls: the entity class.
        key: a value for every field of its primary key.
        consistent: whether every write acknowledged before must be seen; costs twice the units.

    Returns:
        The entity, or None if there is none.

    Raises:
        RequestError: a key field is missing, or a keyword is none.
        DataError: the stored item does not fit the class.
    """
    codec = schema.codec(cls)
    item = yield from GetItem(schema.table.name, key_of(schema, ref(cls, **key)), consistent)
    if item is None:
        return None
    entity: E = codec.decode(item)
    return entity


def get_many(
    schema: Schema, refs: Sequence[Ref[E]], *, consistent: bool = False
) -> Steps[list[E | None]]:
    """Read many entities by primary key, 100 a request, requests together.

    Returns:
        An entity or None for each ref, in the order of the refs.

    Raises:
        PartialFailure: some could not be read; ``done`` and ``failed`` are by ref.
    """
    keys = {target: key_of(schema, target) for target in refs}
    found: dict[Key, AttributeMap | DynastoreError | None] = {}
    left = list(dict.fromkeys(keys.values()))
    for attempt in range(BATCH_ROUNDS):
        left = yield from _read_round(schema.table.name, left, found, consistent=consistent)
        if not left:
            break
        yield from Wait(FIRST_WAIT_SECONDS * 2**attempt)
    late = Throttled(
        "UnprocessedKeys", f"left unread in {BATCH_ROUNDS} rounds; the table is over its rate"
    )
    found |= dict.fromkeys(left, late)
    results = {target: _entity(schema, target, found[key]) for target, key in keys.items()}
    failed = {target: each for target, each in results.items() if isinstance(each, DynastoreError)}
    if failed:
        raise PartialFailure({t: each for t, each in results.items() if t not in failed}, failed)
    return [results[target] for target in refs]


def first_query(schema: Schema, plan: Plan) -> Query:
    """The first request that a plan sends; later pages differ only in where they start."""
    codec = schema.codec(plan.classes[0])
    key: Conditions = tuple((name, mapped(test, _text)) for name, test in plan.key)
    tags = OneOf(tuple({"S": tag} for tag in plan.tags))
    kept: Conditions = ((TYPE, tags),) if plan.tags else ()
    return Query(
        schema.table.name,
        plan.index,
        key,
        conditions_of(codec, plan.filters) + kept,
        newest_first=plan.newest_first,
        consistent=plan.consistent,
    )


def read_page(
    schema: Schema, plan: Plan, *, limit: int | None = None, cursor: str | None = None
) -> Steps[Page[Any]]:
    """Read one page of a plan.

    Args:
        schema: where it is.
        plan: what to read.
        limit: how many entities at most, 1 or more. Without it a page is what one request brings,
            up to 1 MB, and only the last one can be empty.
        cursor: of the page before.

    Raises:
        InvalidCursor: the cursor is damaged or foreign.
        RequestError: the limit is below 1.
        DataError: a stored item does not fit its class.
    """
    if limit is not None and (type(limit) is not int or limit < 1):
        raise RequestError(f"a page has a whole number of entities, at least 1, not {limit!r}")
    query = first_query(schema, plan)
    start = None if cursor is None else start_key(query, cursor)
    if plan.empty:
        return Page((), None)
    entities: list[Any] = []
    while True:
        page = yield from evolve(
            query, limit=_items_to_read(query, limit, entities), start_key=start
        )
        for item in page.items:
            entities.append(schema.decode(item, plan.classes))
            if len(entities) == limit:
                return Page(entities, _cursor_after(query, page, item))
        start = page.last_key
        if start is None:
            return Page(entities, None)
        if limit is None and entities:
            return Page(entities, cursor_of(query, start))


def count(schema: Schema, plan: Plan) -> Steps[int]:
    """How many entities a plan finds. Costs what reading them costs, but sends none of them."""
    if plan.empty:
        return 0
    query = evolve(first_query(schema, plan), count_only=True)
    counted, start = 0, None
    while True:
        page = yield from evolve(query, start_key=start)
        counted += page.count
        start = page.last_key
        if start is None:
            return counted


def _items_to_read(query: Query, limit: int | None, entities: Sequence[Any]) -> int | None:
    if limit is None:
        return None
    if query.filter:
        return max(limit, FILTERED_ITEMS)
    return limit - len(entities)


def _cursor_after(query: Query, page: QueryPage, item: AttributeMap) -> str | None:
    if page.last_key is None and item is page.items[-1]:
        return None
    return cursor_of(query, item)


def _text(text: str) -> AttributeValue:
    return {"S": text}


def _read_round(
    table: str,
    keys: Sequence[Key],
    found: dict[Key, AttributeMap | DynastoreError | None],
    *,
    consistent: bool,
) -> Steps[list[Key]]:
    """Read keys into *found*; those that the table left unprocessed come back."""
    chunks = [tuple(keys[at : at + BATCH_KEYS]) for at in range(0, len(keys), BATCH_KEYS)]
    requests = [BatchGetItem(table, chunk, consistent) for chunk in chunks]
    try:
        batches = dict(enumerate((yield from Together(requests))))
    except PartialFailure as failure:
        batches = failure.done
        for at, error in failure.failed.items():
            found |= dict.fromkeys(chunks[at], error)
    left = [key for batch in batches.values() for key in batch.unprocessed]
    for at, batch in batches.items():
        found |= dict.fromkeys(chunks[at])
        found |= {Key.of(item): item for item in batch.items}
    return left


def _entity(schema: Schema, target: Ref[E], item: AttributeMap | DynastoreError | None) -> Any:
    if item is None or isinstance(item, DynastoreError):
        return item
    try:
        return schema.codec(target.cls).decode(item)
    except DataError as error:
        return error
