"""Which questions a schema answers: calls made of its access patterns, each with its plan.

A question stands under the pattern that the planner serves it by, which need not be the one that it
was made of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from ..codec.codec import Codec
from ..entities.patterns import AccessPattern
from ..errors import NoAccessPattern, RequestError
from ..keys.text import plain_type
from ..planner import PLAIN, Ask
from ..planner.plan import Plan
from ..schema.schema import Schema
from ..terms import Between, since
from .calls import call, in_python
from .samples import value, values_of

IN_TIME = frozenset({dt.datetime, dt.date})
COUNTED = frozenset({int, Decimal, dt.timedelta})


@frozen
class Question:
    """One question.

    Attributes:
        title: in words.
        call: as one writes it in Python.
        plan: how it is served.
        where: field -> the literal or the term that the call has.
        ask: what it asks besides.
    """

    title: str
    call: str
    plan: Plan
    where: Mapping[str, Any]
    ask: Ask


def questions_of(schema: Schema, codec: Codec) -> list[Question]:
    """The questions of one class, those by its primary key first; each once."""
    found: dict[str, Question] = {}
    for pattern in codec.spec.patterns:
        for title, where, ask in _asked(codec, pattern):
            text = call(codec.spec.cls, where, ask)
            with suppress(NoAccessPattern):  # a bound field may leave what the pattern needs unsaid
                plan = schema.plan(codec.spec.cls, where, ask=ask)
                found.setdefault(text, Question(title, text, plan, where, ask))
    return [each for each in found.values() if each.plan.paths]


def collection_of(schema: Schema, codecs: Sequence[Codec]) -> Question | None:
    """The question for all that some classes have in one partition; None if they cannot be one."""
    spec = codecs[0].spec
    where = {name: value(name, spec.types[name]) for name in spec.primary.hash.fields}
    classes = [codec.spec.cls for codec in codecs]
    try:
        plan = schema.plan_collection(classes, where)
    except RequestError:  # a class of the partition calls the same part of its key otherwise
        return None
    names = [cls.__name__ for cls in classes]
    words = [*names, *(f"{name}={in_python(each)}" for name, each in where.items())]
    title = f"{_listed(names)}, all of one partition"
    return Question(title, f"store.collection({', '.join(words)})", plan, where, PLAIN)


def _asked(codec: Codec, pattern: AccessPattern) -> Iterator[tuple[str, dict[str, Any], Ask]]:
    """What one may ask of a pattern: a partition, then narrower and narrower stretches of it."""
    spec, name = codec.spec, codec.spec.name
    sample = values_of(spec)
    plain = Ask(across_scopes=True) if pattern.across_scopes else PLAIN
    bound: dict[str, Any] = dict(pattern.when)
    bound |= {part: _hash_value(pattern, part, sample) for part in pattern.hash.fields}
    rest = [each for each in dict.fromkeys(pattern.sort.fields) if each not in bound]
    if pattern.number or rest:
        yield _some(name, bound, pattern), dict(bound), plain
    for part in rest:
        title, kind = _some(name, bound, pattern), plain_type(spec.types[part])
        if kind in IN_TIME:
            newest = evolve(plain, order=(part,), newest_first=True)
            yield f"{title}, newest {part} first", dict(bound), newest
        if kind in IN_TIME or kind in COUNTED:
            yield f"{title}, since a {part}", {**bound, part: since(sample[part])}, plain
        if kind in IN_TIME and pattern.number:
            return  # nobody knows the very moment that something was written at
        bound[part] = sample[part]
        if kind not in IN_TIME and (pattern.number or part != rest[-1]):
            yield _some(name, bound, pattern), dict(bound), plain
    if pattern.number == 0:
        yield f"one {name}, by {_listed(list(bound))}", dict(bound), plain


def _hash_value(pattern: AccessPattern, name: str, sample: Mapping[str, Any]) -> Any:
    """The value of a field of a partition key; a stretch of time where that is cut to a bucket."""
    is_cut = any(part.name == name and part.bucket for part in pattern.hash.parts)
    return Between(sample[name], sample[name] + dt.timedelta(hours=1)) if is_cut else sample[name]


def _some(name: str, bound: Mapping[str, Any], pattern: AccessPattern) -> str:
    """Which of them: ``Task by user_id, with done = False``."""
    cut = [each for each in bound if type(bound[each]) is Between]
    fields = [each for each in bound if each not in {*pattern.when, *cut}]
    named = f"{name} by {_listed(fields)}" if fields else name if cut else f"every {name}"
    named += f" between two moments of {cut[0]}" if cut else ""
    return ", ".join([named, *(f"with {field} {test}" for field, test in pattern.when.items())])


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
