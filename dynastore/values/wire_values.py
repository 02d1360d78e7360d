"""Attribute values as DynamoDB keeps them, and what it refuses to keep.

``{"N": "1.50"}`` is kept as ``{"N": "1.5"}`` and ``{"B": b"a"}`` as ``{"B": "YQ=="}``, so two
scalars are equal exactly if their kept forms are.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from ..errors import RequestError
from .attributes import AttributeMap, AttributeValue

NAME_BYTES = 65_535  # of an attribute's name, or a key of a map; DynamoDB quotas
LEVELS = 32  # of nesting, the attribute's own value being the first; DynamoDB quotas
DIGITS = 38  # significant ones of a number; DynamoDB quotas
SMALLEST, LARGEST = -130, 125  # decimal exponent of a number's first digit; DynamoDB quotas

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,37}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")


def kept_item(item: Mapping[str, AttributeValue]) -> AttributeMap:
    """An item as it is kept.

    Raises:
        RequestError: DynamoDB would refuse one of its values; the message names the attribute.
    """
    return {_name(name): kept_attribute(name, value) for name, value in item.items()}


def kept_attribute(name: str, value: AttributeValue, level: int = 1) -> AttributeValue:
    """The value of one attribute, or of a part of one, as it is kept; raises what `kept_item` raises.

    Args:
        name: of the attribute, or the path of the part, for the message.
        value: what it is.
        level: of nesting that the value is on.
    """
    try:
        return _kept(value, level)
    except RequestError as error:
        raise RequestError(f"{name} cannot be stored: {error}") from error


def binary(held: str) -> bytes:
    """The bytes of a kept B."""
    return b64decode(held)


def canonical(number: Decimal) -> str:
    """A number in plain notation, without trailing zeros after the point.

    Raises:
        RequestError: it has over 38 significant digits, or is out of DynamoDB's range.
    """
    if not number:
        return "0"
    if not SMALLEST <= number.adjusted() <= LARGEST:
        raise RequestError(
            f"the number {number} is out of range; 1E-130 to 9.9E+125 of either sign are in"
        )
    plain = f"{number:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    if len(plain.replace(".", "").strip("-0")) > DIGITS:
        raise RequestError(
            f"the number {number} has more than {DIGITS} digits; round it, or store a text"
        )
    return plain


def utf8(text: Any) -> str:
    """A text that has a form in UTF-8, as it is.

    Raises:
        RequestError: it is none, or has half of a surrogate pair.
    """
    if not isinstance(text, str):
        raise RequestError(f"a text was expected, not {type(text).__name__}")
    try:
        text.isascii() or text.encode()
    except UnicodeEncodeError as error:
        raise RequestError(
            "the text has half of a surrogate pair, which UTF-8 cannot hold"
        ) from error
    return text


def _kept(value: Any, level: int) -> AttributeValue:
    if level > LEVELS:
        raise RequestError(f"lists and maps are nested deeper than {LEVELS} levels")
    try:
        ((kind, held),) = value.items()
        keep = _KINDS[kind]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RequestError(
            "an attribute value is a dict of one type and what it holds: {'S': 'x'}"
        ) from error
    return {kind: keep(held, level)}


def _text(held: Any, level: int) -> str:
    return utf8(held)


def _number(held: Any, level: int) -> str:
    if not isinstance(held, str) or not _NUMBER.fullmatch(held):
        raise RequestError(f"{held!r} is no number; give its digits as text")
    return held if _INTEGER.fullmatch(held) else canonical(Decimal(held))


def _binary(held: Any, level: int) -> str:
    if isinstance(held, bytes):
        return b64encode(held).decode()
    try:
        return b64encode(b64decode(held, validate=True)).decode()
    except (NoBase64, TypeError, ValueError) as error:
        raise RequestError("a binary value is given as bytes, or as base64 text") from error


def _list(held: Any, level: int) -> list[AttributeValue]:
    return [_kept(each, level + 1) for each in _members(held)]


def _map(held: Any, level: int) -> AttributeMap:
    if not isinstance(held, Mapping):
        raise RequestError(f"a map was expected, not {type(held).__name__}")
    return {_name(name): _kept(value, level + 1) for name, value in held.items()}


def _set_of(keep: Callable[[Any, int], str]) -> Callable[[Any, int], list[str]]:
    def keep_all(held: Any, level: int) -> list[str]:
        members = [keep(each, level) for each in _members(held)]
        if not members:
            raise RequestError("a set is empty; remove the attribute instead")
        if len(set(members)) < len(members):
            raise RequestError("a set has the same member twice")
        return members

    return keep_all


def _bool(held: Any, level: int) -> bool:
    if not isinstance(held, bool):
        raise RequestError(f"a BOOL holds True or False, not {held!r}")
    return held


def _null(held: Any, level: int) -> bool:
    if held is not True:
        raise RequestError(f"a NULL holds True, not {held!r}")
    return True


def _name(name: Any) -> str:
    if not name or len(utf8(name).encode()) > NAME_BYTES:
        raise RequestError(f"an attribute's name has 1 to {NAME_BYTES:,} bytes")
    return utf8(name)


def _members(held: Any) -> Iterable[Any]:
    if not isinstance(held, list | tuple):
        raise RequestError(f"a list was expected, not {type(held).__name__}")
    return held


_KINDS: dict[str, Callable[[Any, int], Any]] = {
    "S": _text,
    "N": _number,
    "B": _binary,
    "BOOL": _bool,
    "NULL": _null,
    "L": _list,
    "M": _map,
    "SS": _set_of(_text),
    "NS": _set_of(_number),
    "BS": _set_of(_binary),
}
