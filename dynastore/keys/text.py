"""Values as text that sorts as they do, for use inside keys.

DynamoDB compares keys as UTF-8 bytes. Text is escaped by order: every character up to ``$``
(U+0024) becomes ``$`` and two hex digits, and after a value comes ``#`` or the end. So end < ``#``
< ``$`` < all other characters, and "a", "a b", "ab" stay in this order inside a longer key, where
escaping with ``%`` would turn them round.

| type | text |
|---|---|
| str | escaped |
| int | length and digits: ``0242`` is 42; padded digits where the template gives a width |
| Decimal | exponent of the first digit, then digits |
| bool, bytes, date, UUID | ``false`` ``true``, hex, ISO 8601, hex with dashes |
| datetime | UTC with microseconds: ``2026-01-02T03:04:05.000000Z`` |
| timedelta | microseconds, as int |
| Enum, Literal | as their values, which must all be of one type |
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, TypeAlias, Union, get_args, get_origin
from uuid import UUID

NONE = "!"  # an optional value that is None; sorts before every value
EMPTY = "$"  # the empty text: an escape is never alone, and this sorts before every other text
AFTER = "$"  # ends a bound: above a value and all that continues it with "#", below the next value

NUMBER_DIGITS = 38  # DynamoDB's precision
SMALLEST, LARGEST = -130, 125  # exponents of a number's first digit; DynamoDB's range

# What a point in time may be cut to, and how much of its ISO 8601 text that is.
BUCKETS = {"year": 4, "month": 7, "day": 10, "hour": 13}

Renderer: TypeAlias = Callable[[Any], str]

_ESCAPES = {code: f"${code:02x}" for code in range(ord("$") + 1)}
_SCOPE_ESCAPES = _ESCAPES | {ord(wildcard): f"${ord(wildcard):02x}" for wildcard in "*?"}
_ESCAPED = re.compile("[$]([0-9a-f]{2})")
_NINES = str.maketrans("0123456789", "9876543210")


def renderer(annotation: Any, width: int | None = None) -> Renderer:
    """What turns values of a type into key text; it raises TypeError or ValueError for others.

    Args:
        annotation: the type; ``T | None`` stands for T.
        width: digits an integer is padded to; without it an integer may have up to 38.

    Raises:
        TypeError: values of this type cannot be written so that they keep their order.
    """
    kind = plain_type(annotation)
    if kind is int:
        return _integer if width is None else _padded(width)
    if width is not None:
        raise TypeError(f"a width is for integers, not for {_name(kind)}")
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind), lambda value: value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _one_of([member.value for member in kind], lambda value: _expect(value, kind).value)
    if kind not in _RENDERERS:
        raise TypeError(f"{_name(kind)} has no text that sorts as its values do")
    return _RENDERERS[kind]


def bucket_renderer(annotation: Any, bucket: str) -> Renderer:
    """What turns a point in time into the text of its year, month, day or hour in UTC.

    Raises:
        TypeError: the type has no such part.
    """
    kind = plain_type(annotation)
    if kind is not dt.datetime and not (kind is dt.date and bucket != "hour"):
        raise TypeError(f"{_name(kind)} has no {bucket}")
    render = _RENDERERS[kind]
    return lambda value: render(value)[: BUCKETS[bucket]]


def buckets_between(low: dt.date, high: dt.date, bucket: str, limit: int) -> list[dt.date]:
    """A moment of each bucket from that of *low* to that of *high*, in order; at most *limit*.

    Args:
        low: a date, or a datetime with a time zone.
        high: of the same type.
        bucket: one of `BUCKETS`.
        limit: after how many to stop.
    """
    first, last = (_utc(moment) for moment in (low, high))
    moments: list[dt.date] = []
    at = _bucket_start(first, bucket)
    while at <= last and len(moments) < limit:
        moments.append(at)
        try:
            at = _bucket_start(at + _LONGER[bucket], bucket)
        except OverflowError:  # the year 9999 is the last
            break
    return moments


# More than one bucket and less than two, from the start of any.
_LONGER = {
    "year": dt.timedelta(days=366),
    "month": dt.timedelta(days=31),
    "day": dt.timedelta(days=1),
    "hour": dt.timedelta(hours=1),
}


def _utc(moment: dt.date) -> dt.date:
    return moment.astimezone(dt.UTC) if isinstance(moment, dt.datetime) else moment


def _bucket_start(moment: dt.date, bucket: str) -> dt.date:
    month = 1 if bucket == "year" else moment.month
    day = 1 if bucket in {"year", "month"} else moment.day
    if not isinstance(moment, dt.datetime):
        return moment.replace(month=month, day=day)
    hour = moment.hour if bucket == "hour" else 0
    return moment.replace(month=month, day=day, hour=hour, minute=0, second=0, microsecond=0)


def choices(annotation: Any) -> tuple[Any, ...] | None:
    """All values of a type that has few: bool, an Enum, a Literal; None for other types."""
    kind = plain_type(annotation)
    if kind is bool:
        return (False, True)
    if get_origin(kind) is Literal:
        return tuple(value for value in get_args(kind) if value is not None)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return tuple(kind)
    return None


def plain_type(annotation: Any) -> Any:
    """The type without ``| None``, ``Annotated`` and ``NewType`` around it."""
    if isinstance(annotation, NewType):
        return plain_type(annotation.__supertype__)
    if get_origin(annotation) is Annotated:
        return plain_type(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        some = [each for each in get_args(annotation) if each is not NoneType]
        if len(some) == 1:
            return plain_type(some[0])
    return annotation


def is_optional(annotation: Any) -> bool:
    """Whether a value of the type may be None."""
    if isinstance(annotation, NewType):
        return is_optional(annotation.__supertype__)
    if get_origin(annotation) is Annotated:
        return is_optional(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return None in get_args(annotation)
    if get_origin(annotation) in {Union, UnionType}:
        return any(each is NoneType or is_optional(each) for each in get_args(annotation))
    return annotation is NoneType or annotation is Any


def is_choice(annotation: Any) -> bool:
    """Whether a type has a fixed set of values: an Enum, a Literal."""
    kind = plain_type(annotation)
    return get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum))


def escape(text: str) -> str:
    """Text without any character up to ``$`` but for the escapes; order and prefixes survive.

    Raises:
        UnicodeEncodeError: the text holds half of a surrogate pair, which UTF-8 cannot.
    """
    if not text.isascii():
        text.encode()
    return text.translate(_ESCAPES)


def unescape(text: str) -> str:
    """What `escape` and `escape_scope` made a text of."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def escape_scope(name: str) -> str:
    """A scope's name; the wildcards of IAM patterns are escaped too, so that none can widen."""
    if not name.isascii():
        name.encode()
    return name.translate(_SCOPE_ESCAPES)


def _text(value: Any) -> str:
    if isinstance(value, str) and value.isascii():  # nearly always, and for each key
        return value.translate(_ESCAPES) or EMPTY
    return escape(_expect(value, str)) or EMPTY


def _integer(value: Any) -> str:
    number = _expect_integer(value)
    digits = str(abs(number))
    if len(digits) > NUMBER_DIGITS:
        raise ValueError(f"keys hold integers of up to {NUMBER_DIGITS} digits")
    if number < 0:
        return f"-{99 - len(digits):02}{digits.translate(_NINES)}"
    return f"{len(digits):02}{digits}"


def _padded(width: int) -> Renderer:
    def render(value: Any) -> str:
        number = _expect_integer(value)
        digits = f"{abs(number):0{width}}"
        if len(digits) > width:
            raise ValueError(f"the template has room for {width} digits")
        return f"-{digits.translate(_NINES)}" if number < 0 else digits

    return render


def _decimal(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value)
    sign, digits, exponent = _expect(value, Decimal).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("it is not a finite number")
    significant = "".join(map(str, digits)).strip("0")
    if not significant:
        return "0"
    first = value.adjusted()
    if not SMALLEST <= first <= LARGEST or len(significant) > NUMBER_DIGITS:
        raise ValueError(f"numbers have up to {NUMBER_DIGITS} digits, from 1E-130 to 9.99E125")
    # 5 and an exponent of three digits, both turned round below zero, where "~" ends the digits:
    # -1.2 < -1, so the shorter digits must sort after the longer ones they begin.
    text = f"5{first + 500:03}{significant}"
    return f"-{text.translate(_NINES)}~" if sign else text


def _timestamp(value: Any) -> str:
    moment = _expect(value, dt.datetime)
    if moment.tzinfo is None:
        raise ValueError("it has no time zone; use datetime.now(UTC), or .replace(tzinfo=...)")
    return timestamp_text(moment)


def timestamp_text(moment: dt.datetime) -> str:
    """A point in time as 27 characters of UTC; years are four digits, so text sorts as time does."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _date(value: Any) -> str:
    if isinstance(value, dt.datetime):
        raise TypeError("it is a datetime, not a date; use .date()")
    moment: dt.date = _expect(value, dt.date)
    return moment.isoformat()


def _duration(value: Any) -> str:
    return _integer(_expect(value, dt.timedelta) // dt.timedelta(microseconds=1))


def _boolean(value: Any) -> str:
    return "true" if _expect(value, bool) else "false"


def _binary(value: Any) -> str:
    return _expect(value, bytes).hex() or EMPTY


def _uuid(value: Any) -> str:
    return str(_expect(value, UUID))


_RENDERERS: dict[Any, Renderer] = {
    str: _text,
    bool: _boolean,
    bytes: _binary,
    Decimal: _decimal,
    dt.datetime: _timestamp,
    dt.date: _date,
    dt.timedelta: _duration,
    UUID: _uuid,
}


def _one_of(values: Any, value_of: Callable[[Any], Any]) -> Renderer:
    allowed = [value for value in values if value is not None]
    kinds = {type(value) for value in allowed}
    if len(kinds) != 1:
        raise TypeError("its values are of several types, so two of them could share a text")
    render = renderer(kinds.pop())
    texts = {value: render(value) for value in allowed}

    def text_of(value: Any) -> str:
        try:
            return texts[value_of(value)]
        except (KeyError, ValueError):
            raise ValueError(f"it is none of {', '.join(map(repr, allowed))}") from None

    return text_of


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"it is {_name(type(value))}, not {_name(kind)}")
    return value


def _expect_integer(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError("it is bool, not int")
    return int(_expect(value, int))


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", None) or str(kind)
