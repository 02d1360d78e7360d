"""Python values <-> DynamoDB attribute values, by the type that a field declares.

One cattrs converter with hooks that read and write the wire form directly: no plain dict between
``Trip(city="Rome")`` and ``{"M": {"city": {"S": "Rome"}}}``. Hooks are made once per type.

| declared | stored as |
|---|---|
| str, date, datetime, UUID | S; datetimes with a zone as UTC with microseconds, so that text sorts as time |
| int, float, Decimal, timedelta | N, plain notation; timedelta in microseconds |
| bool, bytes, None | BOOL, B, NULL |
| Enum, Literal | as their values |
| list, tuple, dict, attrs class | L, L, M, M |
| set, frozenset | SS, NS or BS; the empty one, which DynamoDB does not have, as an empty L |
| A or B, several attrs classes | M, with the class's name under TYPE |
| Any | JSON: None, bool, int, float, str, bytes, list, dict |
"""

from __future__ import annotations

import datetime as dt
import functools
import math
from base64 import b64decode
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from attrs import Factory, field, frozen

from ..errors import shown
from ..keys.text import LARGEST, NUMBER_DIGITS, SMALLEST, timestamp_text

AttributeValue: TypeAlias = dict[str, Any]
AttributeMap: TypeAlias = dict[str, AttributeValue]
Encode: TypeAlias = Callable[[Any], AttributeValue]
Decode: TypeAlias = Callable[..., Any]
"""Takes the attribute value, and the type, which cattrs hands over and nobody needs."""

NULL: AttributeValue = {"NULL": True}
_TOO_LONG = 10**NUMBER_DIGITS  # the smallest integer that DynamoDB has no place for
DEPTH = 32  # levels of lists and maps in an item; DynamoDB quotas


@frozen
class Scalar:
    """How values of one type without parts are stored.

    Attributes:
        kind: the wire type, such as ``S``.
        encode: value -> attribute value; TypeError or ValueError for what cannot be stored.
        decode: attribute value -> value; KeyError for another wire type.
        reads: the same as text of an expression, ``{0}`` being what the attribute value holds; empty
            where it is no short one.
        mostly: the same for most values; ValueError for the others.
    """

    kind: str
    encode: Encode
    decode: Decode
    reads: str = ""
    mostly: str = field(default=Factory(lambda made: made.reads, takes_self=True), kw_only=True)


def number_text(value: int | float | Decimal) -> str:
    """A number as DynamoDB writes it: plain notation, no trailing zeros, at most 38 digits.

    Raises:
        ValueError: it is not finite, too large, too small or too long.
    """
    if isinstance(value, int) and -_TOO_LONG < value < _TOO_LONG:
        return str(int(value))
    if type(value) is float:
        text = repr(value)
        if text.strip("-.0123456789") == "":  # plain already; vectors have thousands of them
            return text.removesuffix(".0") if value else "0"
    # float(): a subclass, such as numpy's, may have a repr of its own
    number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value} is not a number that DynamoDB holds; store None instead")
    if not number:
        return "0"
    sign, digits, exponent = number.as_tuple()
    significant = "".join(map(str, digits)).rstrip("0")
    if len(significant) > NUMBER_DIGITS or not SMALLEST <= number.adjusted() <= LARGEST:
        raise ValueError(f"numbers have up to {NUMBER_DIGITS} digits, from 1E-130 to 9.99E+125")
    assert isinstance(exponent, int)
    shift = exponent + len(digits) - len(significant)
    return format(Decimal((sign, tuple(map(int, significant)), shift)), "f")


def binary_of(value: AttributeValue, _: Any = None) -> bytes:
    """The bytes of a B value: as they are, or base64 text as it comes from the network."""
    held = value["B"]
    return held if isinstance(held, bytes) else b64decode(held)


def as_sent(value: AttributeValue) -> AttributeValue:
    """A value that was read, as it is sent: what is base64 text in it becomes bytes again."""
    ((kind, held),) = value.items()
    match kind:
        case "B":
            return {"B": binary_of(value)}
        case "BS":
            return {"BS": [binary_of({"B": each}) for each in held]}
        case "L":
            return {"L": list(map(as_sent, held))}
        case "M":
            return {"M": {name: as_sent(each) for name, each in held.items()}}
        case _:
            return value


def encode_json(value: Any, depth: int = 1) -> AttributeValue:
    """The attribute value of a JSON value (or bytes).

    Raises:
        TypeError: it is nothing that JSON has; a tuple, a set or a Decimal would come back changed.
        ValueError: it is nested too deeply, or a number that DynamoDB does not hold.
    """
    if depth > DEPTH:
        raise ValueError(f"it is nested more than {DEPTH} levels deep")
    match value:
        case None:
            return NULL
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": plain_text(value)}
        case int() | float():
            return encode_number(value)
        case bytes():
            return {"B": value}
        case list():
            return {"L": [encode_json(each, depth + 1) for each in value]}
        case dict():
            return {"M": {map_key(k): encode_json(each, depth + 1) for k, each in value.items()}}
        case _:
            raise TypeError(f"{type(value).__name__} is not JSON; give the field a type of its own")


def encode_number(value: int | float) -> AttributeValue:
    """The attribute value of a number whose type is not declared.

    A whole float is written with all its digits, so that the int that comes back equals it.

    Raises:
        ValueError: it is an int of more than 38 digits, or no number that DynamoDB holds.
    """
    if isinstance(value, float):
        exact = value.is_integer() and abs(value) < _TOO_LONG
        return {"N": number_text(int(value) if exact else value)}
    if abs(value) >= _TOO_LONG:
        raise ValueError(f"numbers have up to {NUMBER_DIGITS} digits")
    return {"N": str(int(value))}


def decode_json(value: AttributeValue) -> Any:
    """The JSON value of an attribute value. A number without a fraction is an int."""
    ((kind, held),) = value.items()
    match kind:
        case "S" | "BOOL":
            return held
        case "NULL":
            return None
        case "N":
            return _int_or_float(held)
        case "B":
            return binary_of(value)
        case "L":
            return [decode_json(each) for each in held]
        case "M":
            return {name: decode_json(each) for name, each in held.items()}
        case _:
            raise ValueError(f"a set of type {kind} is not JSON")


def map_key(name: Any) -> str:
    """A key of a map.

    Raises:
        TypeError: it is not a text.
        ValueError: it is empty; DynamoDB has no empty attribute names.
    """
    if not isinstance(name, str):
        raise TypeError(
            f"the key {shown(name)} is {type(name).__name__}; JSON objects have text keys"
        )
    if not name:
        raise ValueError("a key is empty; DynamoDB has no empty attribute names")
    return plain_text(name)


def plain_text(text: str) -> str:
    """A text of type str itself; `str()` of an ``Enum`` that is a str too would give its name."""
    return str.__str__(text)


def _int_or_float(text: str) -> int | float:
    """A number of undeclared type: an int if it is whole and has no more digits than ints have."""
    if text.lstrip("-").isdecimal() and len(text) <= NUMBER_DIGITS:
        return int(text)
    number = Decimal(text)  # "1E+3" is an int too
    whole = number.adjusted() < NUMBER_DIGITS and number == number.to_integral_value()
    return int(number) if whole else float(text)


# Besides values of the type itself and of its subclasses: what Python takes for one too, and what
# is a subclass but means something else.
_TAKEN: dict[type, tuple[type, ...]] = {float: (float, int), Decimal: (Decimal, int)}
_REFUSED: dict[type, type] = {int: bool, float: bool, Decimal: bool, dt.date: dt.datetime}


def is_a(value: Any, kind: type) -> bool:
    """Whether a value can be stored as a scalar of a type: an int as float, but no bool as int."""
    if type(value) is kind:
        return True
    refused = _REFUSED.get(kind)
    taken = isinstance(value, _TAKEN.get(kind, kind))
    return taken and not (refused is not None and isinstance(value, refused))


def _checked(kind: type, encode: Encode) -> Encode:
    """*encode* for values that can be stored as a type."""

    @functools.wraps(encode)
    def checked(value: Any) -> AttributeValue:
        if type(value) is not kind and not is_a(value, kind):
            raise TypeError(f"it is {type(value).__name__}, not {kind.__name__}")
        return encode(value)

    return checked


def _encode_text(value: Any) -> AttributeValue:
    if type(value) is str:  # the usual case, and the most frequent of all
        return {"S": value}
    if not isinstance(value, str):
        raise TypeError(f"it is {type(value).__name__}, not str")
    return {"S": plain_text(value)}


def _decode_int(value: AttributeValue, _: Any = None) -> int:
    try:
        return int(value["N"])
    except ValueError:
        number = Decimal(value["N"])  # "1E+40", as DynamoDB may write it
        if number != number.to_integral_value():
            raise
        return int(number)


def _encode_float(value: int | float) -> AttributeValue:
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that DynamoDB holds; store None instead")
    if float(value) != value:
        raise ValueError(f"{value} has more digits than a float; give the field the type int")
    return {"N": number_text(value)}


def _encode_moment(value: dt.datetime) -> AttributeValue:
    if value.tzinfo is None:
        return {"S": value.isoformat(timespec="microseconds")}
    return {"S": timestamp_text(value)}


def _microseconds(value: dt.timedelta) -> AttributeValue:
    return {"N": str(value // dt.timedelta(microseconds=1))}


SCALARS: dict[Any, Scalar] = {
    str: Scalar("S", _encode_text, lambda value, _=None: value["S"], "{0}"),
    int: Scalar(
        "N",
        _checked(int, lambda value: {"N": number_text(value)}),
        _decode_int,
        mostly="int({0})",
    ),
    float: Scalar(
        "N",
        _checked(float, _encode_float),
        lambda value, _=None: float(value["N"]),
        "float({0})",
    ),
    Decimal: Scalar(
        "N",
        _checked(Decimal, lambda value: {"N": number_text(value)}),
        lambda value, _=None: Decimal(value["N"]),
    ),
    bool: Scalar(
        "BOOL",
        _checked(bool, lambda value: {"BOOL": value}),
        lambda value, _=None: value["BOOL"],
        "{0}",
    ),
    bytes: Scalar("B", _checked(bytes, lambda value: {"B": value}), binary_of),
    dt.datetime: Scalar(
        "S",
        _checked(dt.datetime, _encode_moment),
        lambda value, _=None: dt.datetime.fromisoformat(value["S"]),
        "moment({0})",
    ),
    dt.date: Scalar(
        "S",
        _checked(dt.date, lambda value: {"S": value.isoformat()}),
        lambda value, _=None: dt.date.fromisoformat(value["S"]),
    ),
    dt.timedelta: Scalar(
        "N",
        _checked(dt.timedelta, _microseconds),
        lambda value, _=None: dt.timedelta(microseconds=_decode_int(value)),
    ),
    UUID: Scalar(
        "S", _checked(UUID, lambda value: {"S": str(value)}), lambda value, _=None: UUID(value["S"])
    ),
}
