"""Generated schemas, data and questions: what the laws of the planner are tried on.

A schema has one entity, Thing, with 1 to 9 of the fields in `FIELDS` and 1 to 5 access patterns.
Its templates are drawn, not listed, so that literals, separators, optional fields, shards, buckets,
predicates and slim indexes meet each other. Values are few and close, so that data collide: ``1``
and ``10``, texts with separators and spaces in them, None and "". Things differ from the first of
them in some fields only, so that they meet in partitions. A Thing with the field ``gone`` expires
by it; at `NOW`, which every store takes for the time, some have.

A question of any filters would seldom reach far into a key. So most are drawn along a pattern: its
partition and its predicates by the values of a thing, its components from the left by equality,
then any test; more filters are added, and some taken away.

Shrinking goes by the order in which things are listed: the first of each list is the plainest, and
what is drawn with ``max_size`` becomes empty. So a failure is shown with the fewest fields and
patterns that have it, and ``PLAIN`` values.
"""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from math import ceil
from typing import Any, Literal

from attrs import evolve, frozen
from hypothesis import strategies as st

from dynastore import (
    Schema,
    Table,
    after,
    all_of,
    any_of,
    before,
    begins_with,
    between,
    contains,
    entity,
    exists,
    gsi,
    key,
    missing,
    not_,
    one_of,
    since,
    size,
    until,
)
from dynastore.terms import (
    BeginsWith,
    Between,
    Combined,
    Compare,
    Contains,
    Equal,
    IsNone,
    Not,
    OneOf,
    SizeOf,
)


@frozen
class Kind:
    """One kind of field.

    Attributes:
        annotation: its type.
        values: those that things have, the plainest first.
    """

    annotation: Any
    values: tuple[Any, ...]


def _moment(month: int, day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)


EXPIRES = "gone"  # the field that things expire by

# Far ahead, so that no engine deletes by its own clock what is live or expired by this one.
NOW = dt.datetime(2096, 3, 1, 12, 0, 0, 500_000, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
GONE = (
    None,
    NOW + DAY,
    NOW - DAY,
    NOW.replace(microsecond=0),  # the second that has begun: expired
    NOW.replace(microsecond=200_000),  # before now, but rounded up: not yet
)


FIELDS: dict[str, Kind] = {
    "name": Kind(str, ("1", "10", "1#", "100")),
    "owner": Kind(str, ("o", "o#", "oo")),
    "rank": Kind(int, (0, 1, -2, 10, 11, -10)),
    "topic": Kind(str | None, (None, "a", "a#", "a b", "ab", "b", "$", "\U0010ffff", "")),
    "done": Kind(bool, (False, True)),
    "state": Kind(Literal["open", "opened", "shut"], ("open", "opened", "shut")),
    "price": Kind(Decimal, (Decimal(0), Decimal(-1), Decimal(1), Decimal("1.5"), Decimal(12))),
    "at": Kind(dt.datetime, (_moment(1, 1), _moment(1, 31, 23), _moment(2, 1), _moment(4, 9))),
    "day": Kind(dt.date, (dt.date(2026, 1, 1), dt.date(2026, 1, 2), dt.date(2026, 3, 1))),
    "raw": Kind(bytes, (b"", b"\x01", b"\x01\x00", b"\xff")),
    "tags": Kind(set[str], (set(), {"x"}, {"x", "y"})),
    "lines": Kind(list[int], ([], [1], [1, 2])),
    EXPIRES: Kind(dt.datetime | None, GONE),
}
OPTIONAL = ("topic", EXPIRES)
MANY = ("tags", "lines")  # fields of several members
KEYED = tuple(name for name in FIELDS if name not in (*MANY, "raw"))  # those that a key can hold
DEFAULTED = ("topic", "rank", "done", "price", EXPIRES)
BUCKETED = ("at", "day")  # points in time
TEXTS = ("name", "owner", "topic")
NESTED = ("name", "owner", "topic", "price")  # of their values some begin with others
ORDERED = tuple(name for name in FIELDS if name not in (*MANY, "done"))


# What a family of schemas always has; each is tried on examples of its own.
FAMILIES = ("plain", "joined", "sparse", "sharded", "slim", "expiring")


# Hypothesis checks a strategy when it is first drawn from, which takes longer than drawing. So what
# is drawn from again is kept, and what would be another one for each schema is drawn step by step.
@cache
def _positions(count: int) -> st.SearchStrategy[int]:
    return st.sampled_from(range(count))


def _one(draw: st.DrawFn, options: Sequence[Any]) -> Any:
    return options[draw(_positions(len(options)))]


def _some(draw: st.DrawFn, options: Sequence[Any], least: int, most: int) -> list[Any]:
    """Some of the options in any order; every number of them as often as the others."""
    left = [*options]
    count = _one(draw, range(least, min(most, len(left)) + 1))
    return [left.pop(draw(_positions(len(left)))) for _ in range(count)]


@st.composite
def schemas(draw: st.DrawFn, family: str = "plain") -> Schema:
    """A schema of one entity.

    Args:
        draw: hypothesis'.
        family: what its indexes have: ``plain``, ``sparse``, ``sharded`` or ``slim``, which the
            others may have too; that their sort keys are ``joined`` of values that begin with each
            other; or that its things are ``expiring``, as those of no other are.
    """
    always = {"joined": NESTED, "expiring": ("name", EXPIRES)}.get(family, ("name",))
    others = [name for name in FIELDS if name not in (*always, EXPIRES)]
    expires = EXPIRES if family == "expiring" else None
    names = [*always, *_some(draw, others, 0, 8 - len(always))]
    namespace: dict[str, Any] = {
        "__annotations__": {name: FIELDS[name].annotation for name in names},
        **{name: FIELDS[name].values[0] for name in DEFAULTED if name in names},
        "primary": _primary(draw, names, family),
    }
    for number in range(1, 1 + _one(draw, range(0 if family in ("plain", "joined") else 1, 5))):
        namespace[f"by_{number}"] = _secondary(draw, number, names, family)
    hints = _hints(draw, names)
    thing = entity("thing", expires=expires, **hints)(
        types.new_class("Thing", exec_body=lambda body: body.update(namespace))
    )
    return Schema([thing], _table(draw, Schema([thing]).table.indexes, family))


def _table(draw: st.DrawFn, indexes: Sequence[Any], family: str) -> Table:
    """The table with classic and multi-attribute indexes."""
    counts = (4, 1, 2, 3) if family != "joined" else (1, 2)
    return Table("things", tuple(evolve(each, range_count=_one(draw, counts)) for each in indexes))


def _hints(draw: st.DrawFn, names: Sequence[str]) -> dict[str, Any]:
    hinted = _some(draw, names, 0, 2)
    distinct = {name: _one(draw, range(1, 6)) for name in hinted}
    return {"count": _one(draw, (None, None, 10, 1_000_000)), "distinct": distinct}


def _primary(draw: st.DrawFn, names: Sequence[str], family: str) -> Any:
    likely = NESTED if family == "joined" else names
    required = [name for name in likely if name in KEYED and name not in OPTIONAL]
    some = _some(draw, required, 3 if family == "joined" else 1, 3)
    at = _one(draw, range(len(some) + 1 if family != "joined" else 2))
    return key(_joined(["T"], some[:at]), _joined(["S"], some[at:]))


def _secondary(draw: st.DrawFn, number: int, names: Sequence[str], family: str) -> Any:
    keyed = [name for name in names if name in KEYED]
    hashed = _some(draw, keyed, 0, 2)
    buckets = {name: _one(draw, ("", ":month")) for name in hashed if name in BUCKETED}
    lead = [] if hashed and _one(draw, (False, True)) else [f"P{number}"]
    return gsi(
        number,
        "#".join((*lead, *(f"{{{name}{buckets.get(name, '')}}}" for name in hashed))),
        *(_component(draw, keyed, family) for _ in range(_one(draw, range(1, 5)))),
        when=_predicate(draw, keyed) if family == "sparse" or _one(draw, (False, True)) else None,
        shards=_one(draw, (1, 2, 3) if family != "sharded" else (2, 3)),
        include=_include(draw, names, family),
    )


def _component(draw: st.DrawFn, keyed: Sequence[str], family: str) -> str:
    some = _some(draw, keyed, 0, 2) if family != "joined" else _some(draw, NESTED, 2, 3)
    return _joined(["Y"] if not some or _one(draw, (False, True)) else [], some)


def _joined(lead: Sequence[str], names: Sequence[str]) -> str:
    return "#".join((*lead, *(f"{{{name}{'?' * (name in OPTIONAL)}}}" for name in names)))


def _predicate(draw: st.DrawFn, keyed: Sequence[str]) -> dict[str, Any]:
    name = _one(draw, keyed)
    return {name: draw(_predicates(name))}


@cache
def _predicates(name: str) -> st.SearchStrategy[Any]:
    values = _values(name).filter(lambda value: value is not None)
    several = st.lists(values, min_size=2, max_size=3).map(lambda some: one_of(*some))
    ranges = [values.map(since), values.map(before)] if name in ORDERED else []
    return st.one_of(values, several, st.just(exists()), *ranges)


def _include(draw: st.DrawFn, names: Sequence[str], family: str) -> list[str] | None:
    """All fields, or some; where things expire often none, which tell of nothing."""
    kinds = {"slim": ("some",), "expiring": ("none", "all", "some")}.get(
        family, ("all", "all", "some")
    )
    match _one(draw, kinds):
        case "none":
            return []
        case "some":
            return _some(draw, names, 0, 4)
        case _:
            return None


@cache
def _values(name: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(FIELDS[name].values)


@st.composite
def things(draw: st.DrawFn, schema: Schema) -> dict[str, Any]:
    """The values of one thing."""
    names = schema.codec(schema.entities[0]).spec.types
    return {name: draw(_values(name)) for name in names}


@frozen(repr=False)
class Question:
    """What is asked of some data.

    Attributes:
        schema: of one entity.
        drawn: the values of things.
        where: field -> a literal or a term.
        combined: filters over fields.
        order: fields to sort by; empty for the order of the index.
        limit: entities of a page.
        selected: fields to select; empty for whole entities.
    """

    schema: Schema
    drawn: Sequence[Mapping[str, Any]]
    where: Mapping[str, Any]
    combined: Sequence[Any] = ()
    order: Sequence[str] = ()
    limit: int = 1
    selected: Sequence[str] = ()

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        printer.text(repr(self))

    def __repr__(self) -> str:
        (thing,) = self.schema.entities
        spec = self.schema.codec(thing).spec
        lines = [f"{name}: {annotation}" for name, annotation in spec.types.items()]
        for pattern in spec.patterns:
            index = self.schema.table.index(pattern.number)
            ranges = ", ".join(each.text for each in pattern.ranges)
            lines.append(
                f"{pattern.name} = ({pattern.hash.text}; {ranges}) when={dict(pattern.when)} "
                f"shards={pattern.shards} on {index}"
            )
        lines += [f"{spec.hints}", *(f"Thing({dict(values)})" for values in self.drawn)]
        lines += [f"where={self.where}", f"combined={self.combined}", f"order={self.order}"]
        return "\n  ".join(["", *lines, f"limit={self.limit}", f"selected={self.selected}"])


@st.composite
def questions(draw: st.DrawFn, family: str = "plain") -> Question:
    """A schema, things, and what is asked of them."""
    schema = draw(schemas(family))
    spec = schema.codec(schema.entities[0]).spec
    names = [*spec.types]
    patterns = (*spec.patterns, *spec.secondary)  # rather not the primary one
    pattern = _one(draw, patterns)
    drawn = _alike(draw, spec.patterns, pattern.sort.fields, names)
    where = _along(draw, pattern, drawn)
    combined = [_combination(draw, names) for _ in range(_one(draw, (0, 0, 0, 1, 2)))]
    other = _along(draw, _one(draw, patterns), drawn)
    if where and other and _one(draw, (False, False, True)):
        combined.append(any_of(all_of(**where), all_of(**other)))  # reached in either of two ways
        where = {}
    if _one(draw, (False, False, True)):
        name = _one(draw, names)
        where[name] = draw(terms(name))
    if _one(draw, (False, False, False, True)):
        where.pop(_one(draw, names), None)
    ordered = [name for name in names if name not in MANY]
    return Question(
        schema,
        drawn,
        where,
        combined,
        _some(draw, ordered, 0, 2) if _one(draw, (False, True)) else [],
        _one(draw, range(1, 4)),
        _some(draw, names, 0, 3) if _one(draw, (False, True)) else [],
    )


def _alike(
    draw: st.DrawFn, patterns: Sequence[Any], sort: Sequence[str], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Up to 8 things that differ in some fields, so that they meet in partitions and prefixes.

    Where the fields are of the primary key they are several things, and where they are of the
    sort key that is asked they are beside each other in it.
    """
    first = {name: draw(_values(name)) for name in names}
    likely = [*names, *sort, *sort]
    drawn = [first]
    for _ in range(_one(draw, (*range(8), *range(3, 8)))):
        differing = {_one(draw, patterns[0].fields), *_some(draw, likely, 0, 2)}
        drawn.append({**first, **{name: draw(_values(name)) for name in sorted(differing)}})
    return drawn


def _along(draw: st.DrawFn, pattern: Any, drawn: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Filters that reach some way into a pattern's key."""
    model = _one(draw, drawn)
    where: dict[str, Any] = dict(pattern.when)
    for part in pattern.hash.parts:
        if part.name is not None:
            spans = [between(*FIELDS[part.name].values[:2])] if part.bucket else []
            near = [model[part.name], model[part.name], *spans]
            is_near = _one(draw, (True, True, False))
            where[part.name] = _one(draw, near) if is_near else draw(_several(part.name))
    sort = [*dict.fromkeys(pattern.sort.fields)]
    depths = range(1, len(sort) + 1)
    for name in sort[: _one(draw, (0, *depths, *depths))]:
        match _one(draw, ("equal", "equal", "equal", "any", "open")):
            case "equal":
                where[name] = model[name]
            case "any":
                where[name] = draw(terms(name))
    return where


@cache
def _several(name: str) -> st.SearchStrategy[Any]:
    return st.lists(_values(name), max_size=3).map(lambda some: one_of(*some))


@cache
def terms(name: str) -> st.SearchStrategy[Any]:
    """What a field may be compared with: one test, or two of them combined."""
    one = _tests(name)
    return st.one_of(
        one,
        one,
        one.map(not_),
        st.builds(any_of, one, one),
        st.builds(all_of, one, one),
    )


def _tests(name: str) -> st.SearchStrategy[Any]:
    values = _values(name)
    some = values.filter(lambda value: value is not None)
    tests = [values, values, st.just(exists()), st.just(missing())]
    if name in KEYED:
        tests.append(_several(name))
    if name in ORDERED:
        tests += [some.map(since), some.map(until), some.map(after), some.map(before)]
        tests.append(st.builds(between, some, some))
    if name in TEXTS:
        tests += [some.map(begins_with), some.map(contains)]
    if name == "tags":
        tests.append(st.sampled_from(["x", "y", "z"]).map(contains))
    if name == "lines":
        tests.append(st.sampled_from([1, 2, 3]).map(contains))
    if name in (*MANY, *TEXTS, "raw"):
        counts = st.integers(0, 2)
        tests += [counts.map(size), counts.map(since).map(size)]
    return st.one_of(tests)


@st.composite
def combinations(draw: st.DrawFn, names: Sequence[str]) -> Any:
    """Filters over one or two fields, joined by OR, AND or NOT, one in another."""
    return _combination(draw, names)


def _combination(draw: st.DrawFn, names: Sequence[str]) -> Any:
    match _one(draw, ("plain", "plain", "two", "not")):
        case "two":
            return any_of(_of_fields(draw, names), _of_fields(draw, names))
        case "not":
            return not_(_of_fields(draw, names))
        case _:
            return _of_fields(draw, names)


def _of_fields(draw: st.DrawFn, names: Sequence[str]) -> Any:
    how = _one(draw, (any_of, any_of, all_of, not_))
    return how(**{name: draw(terms(name)) for name in _some(draw, names, 1, 2)})


COMPARISONS = {
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


def fulfils(thing: Any, question: Question) -> bool:
    """Whether a thing is asked for and not expired, told by its values alone."""
    if is_expired(thing):
        return False
    plain = all(passes(getattr(thing, name), test) for name, test in question.where.items())
    return plain and all(_agrees(thing, each) for each in question.combined)


def is_expired(thing: Any) -> bool:
    """Whether a thing is expired at `NOW`: by whole seconds, the one of its end being over."""
    ends = getattr(thing, EXPIRES, None)
    return ends is not None and ceil(ends.timestamp()) <= NOW.timestamp()


def _agrees(thing: Any, combined: Combined) -> bool:
    parts = [_agrees(thing, part) for part in combined.parts]
    parts += [passes(getattr(thing, name), test) for name, test in combined.fields.items()]
    return _joined_by(combined.how, parts)


def _joined_by(how: str, parts: Sequence[bool]) -> bool:
    return {"any": any(parts), "all": all(parts), "not": not all(parts)}[how]


def passes(value: Any, test: Any) -> bool:
    """Whether a value is as a literal or a term says."""
    match test:
        case Combined(how, parts):
            return _joined_by(how, [passes(value, part) for part in parts])
        case Not(inner):
            return not passes(value, inner)
        case IsNone():
            return value is None
        case Equal(other):
            return bool(value == other)
        case OneOf(values):
            return value in values
        case Compare(sign, bound):
            return value is not None and COMPARISONS[sign](value, bound)
        case Between(low, high):
            return value is not None and low <= value <= high
        case BeginsWith(text):
            return value is not None and value.startswith(text)
        case Contains(part):
            return value is not None and part in value
        case SizeOf(inner):
            return value is not None and passes(len(value), inner)
        case _:
            return bool(value == test)
