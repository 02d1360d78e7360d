"""Which part of a value or an item is wrong; looked for only once something is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

import attrs
import orjson

from ..capacity import LIMIT_BYTES, item_bytes
from ..entities.spec import EntitySpec
from ..errors import ItemTooLarge, MalformedItem, RequestError
from ..keys.text import plain_type
from ..requests import Key
from ..table import TYPE
from ..values.attributes import AttributeMap, AttributeValue
from ..values.converter import DICTS, LISTS, hooks_of
from ..values.hooks import Hooks, type_name

# What encoding raises for a value that cannot be stored.
UNSTORABLE = (TypeError, ValueError, OverflowError, RecursionError)

# What decoding raises for a value that does not fit its type.
UNREADABLE = (KeyError, TypeError, ValueError, ArithmeticError, IndexError, AttributeError)


def unstorable(
    name: str, hooks: Mapping[str, Hooks], values: Mapping[str, Any]
) -> RequestError | None:
    """The error for the first field whose value cannot be stored, or None if all can."""
    for field, value in values.items():
        try:
            hooks[field].encode(value)
        except UNSTORABLE as error:
            return RequestError(f"{name}.{field} cannot be stored: {error}")
    return None


def checked_size(key: Key, item: AttributeMap) -> AttributeMap:
    """The item, if DynamoDB can hold it.

    Raises:
        ItemTooLarge: it would pass 400 KB.
        RequestError: a text is no valid Unicode.
    """
    try:  # its JSON is never shorter than it is stored, and is written in a fifth of the time
        if len(orjson.dumps(item)) <= LIMIT_BYTES:
            return item
    except orjson.JSONEncodeError:
        pass  # it holds bytes, which JSON cannot, or a text that is none
    try:
        size = item_bytes(item)
    except UnicodeEncodeError as error:
        wrong = next(name for name, value in item.items() if not _is_unicode(name, value))
        raise RequestError(
            f"{wrong} of {key} holds half of a surrogate pair, which UTF-8 cannot: {error}"
        ) from error
    if size > LIMIT_BYTES:
        raise ItemTooLarge(key, size_bytes=size, limit_bytes=LIMIT_BYTES)
    return item


def _is_unicode(name: str, value: AttributeValue) -> bool:
    try:
        item_bytes({name: value})
    except UnicodeEncodeError:
        return False
    return True


def malformed(
    spec: EntitySpec, item: Mapping[str, AttributeValue], error: Exception
) -> MalformedItem:
    """The error for an item that does not fit its class, with the path to the innermost culprit."""
    key = key_in(item)
    for name, kind in spec.types.items():
        if name in item and (found := _culprit(f"$.{name}", kind, item[name])):
            return MalformedItem(spec.name, *found, key)
    if isinstance(error, KeyError):
        path = f"$.{error.args[0]}"
        return MalformedItem(spec.name, path, "it is missing and has no default", key)
    return MalformedItem(spec.name, "$", str(error), key)


def key_in(item: Mapping[str, AttributeValue]) -> Key | None:
    """The primary key of an item, None where only others of its attributes are at hand."""
    return Key.of(item) if item.keys() >= {"PK", "SK"} else None


def _culprit(path: str, kind: Any, value: AttributeValue) -> tuple[str, str] | None:
    try:
        hooks_of(kind).decode(value, kind)
    except UNREADABLE as error:
        for step, part, held in _parts(plain_type(kind), value):
            if found := _culprit(path + step, part, held):
                return found
        return path, _reason(kind, value, error)
    return None


def _reason(kind: Any, value: AttributeValue, error: Exception) -> str:
    stored = next(iter(value), "nothing")
    if stored not in hooks_of(kind).kinds:
        return f"it is stored as {stored}, and {type_name(kind)} is not"
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error)


def _parts(kind: Any, value: AttributeValue) -> Iterator[tuple[str, Any, AttributeValue]]:
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    held: Any = next(iter(value.values()), None)
    if attrs.has(origin) and "M" in value:
        fields = [field for field in attrs.fields(origin) if field.name in held]
        yield from ((f".{f.name}", f.type or Any, held[f.name]) for f in fields)
    elif origin is tuple and arguments and "L" in value:
        kinds = arguments[:1] * len(held) if arguments[-1] is Ellipsis else arguments
        yield from (
            (f"[{at}]", part, each)
            for at, (part, each) in enumerate(zip(kinds, held, strict=False))
        )
    elif origin in LISTS and arguments and "L" in value:
        yield from ((f"[{at}]", arguments[0], each) for at, each in enumerate(held))
    elif origin in DICTS and arguments and "M" in value:
        yield from ((f".{name}", arguments[1], each) for name, each in held.items())
    elif origin in {Union, UnionType}:
        for member in _members(arguments, value):
            yield from _parts(plain_type(member), value)


def _members(members: Sequence[Any], value: AttributeValue) -> list[Any]:
    """The types of a union that a value may be of, by what it is stored as."""
    stored = next(iter(value), None)
    alike = [each for each in members if stored in hooks_of(each).kinds]
    if len(alike) == 1:
        return alike
    tag = value.get("M", {}).get(TYPE)  # several attrs classes
    return [each for each in alike if tag == {"S": each.__name__}]
