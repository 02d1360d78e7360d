"""Hooks: how values of a type are written and read, composed from the hooks of their parts.

`converter` decides which of these a declared type gets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any

import attrs
from attrs import NOTHING, frozen

from ..errors import shown
from ..table import TYPE
from .attributes import (
    NULL,
    SCALARS,
    AttributeValue,
    binary_of,
    decode_json,
    encode_json,
    is_a,
    map_key,
)

EMPTY_SET: AttributeValue = {"L": []}  # DynamoDB has no empty sets
SET_KINDS = {"S": "SS", "N": "NS", "B": "BS"}
JSON_KINDS = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M"})


@frozen
class Hooks:
    """How values of one type are written and read.

    Attributes:
        kinds: the wire types its values may have.
        accepts: whether a value is of the type, as far as a union has to know.
        encode: value -> attribute value; TypeError or ValueError for what cannot be stored.
        decode: attribute value (and the type, which cattrs hands over) -> value.
        reads: what `attributes.Scalar` has of it, for `compiled`; of what is no NULL, if that is one
            of its kinds.
        mostly: likewise, for `quick`.
        texts: what stored texts stand for, where there is nothing else.
    """

    kinds: frozenset[str]
    accepts: Callable[[Any], bool]
    encode: Callable[[Any], AttributeValue]
    decode: Callable[..., Any]
    reads: str = ""
    mostly: str = ""
    texts: Mapping[str, Any] | None = None

    @cached_property
    def is_set(self) -> bool:
        """Whether values are sets, of which DynamoDB has no empty one."""
        return not self.kinds.isdisjoint(SET_KINDS.values())


def type_name(kind: Any) -> str:
    """A type as a person writes it."""
    return kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)


def expect(value: Any, *kinds: type) -> Any:
    """The value, if it is of one of some types.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, kinds):
        raise TypeError(f"it is {type(value).__name__}, not {kinds[0].__name__}")
    return value


def scalar_hooks(kind: Any) -> Hooks:
    """A type without parts."""
    scalar = SCALARS[kind]
    return Hooks(
        frozenset({scalar.kind}),
        lambda value: is_a(value, kind),
        scalar.encode,
        scalar.decode,
        scalar.reads,
        scalar.mostly,
    )


def none_hooks() -> Hooks:
    """None, stored as NULL."""

    def encode(value: Any) -> AttributeValue:
        if value is not None:
            raise TypeError(f"it is {type(value).__name__}, not None")
        return NULL

    def decode(value: AttributeValue, _: Any = None) -> None:
        if "NULL" not in value:
            raise KeyError("NULL")

    return Hooks(frozenset({"NULL"}), lambda value: value is None, encode, decode)


def optional_hooks(part: Hooks) -> Hooks:
    """None, stored as NULL, or a value of one type."""

    def encode(value: Any) -> AttributeValue:
        return NULL if value is None else part.encode(value)

    def decode(value: AttributeValue, _: Any = None) -> Any:
        return None if "NULL" in value else part.decode(value)

    return Hooks(
        part.kinds | {"NULL"},
        lambda value: value is None or part.accepts(value),
        encode,
        decode,
        part.reads,
        part.mostly,
        part.texts,
    )


def json_hooks() -> Hooks:
    """Anything that JSON has, and bytes."""
    return Hooks(
        JSON_KINDS, lambda value: True, encode_json, lambda value, _=None: decode_json(value)
    )


def choice_hooks(name: str, choices: Sequence[Any]) -> Hooks:
    """A fixed set of values (of an Enum, of a Literal), found again by what they are stored as.

    Raises:
        TypeError: two are stored alike, or one cannot be stored.
    """
    values = {(type(choice), choice): _choice_value(choice) for choice in choices}
    stored = {_identity(values[type(choice), choice]): choice for choice in choices}
    if len(stored) != len(choices):
        raise TypeError(f"two values of {name} are stored alike")
    allowed = ", ".join(map(choice_name, choices))

    def encode(value: Any) -> AttributeValue:
        try:
            return values[type(value), value]
        except (KeyError, TypeError):
            raise ValueError(f"{shown(value)} is none of {allowed}") from None

    def decode(value: AttributeValue, _: Any = None) -> Any:
        try:
            found = stored.get(next(iter(value.items())), NOTHING)  # bytes may be base64 text yet
            return stored[_identity(value)] if found is NOTHING else found
        except (KeyError, TypeError, StopIteration):
            raise ValueError(f"{shown(value)} is none of {allowed}") from None

    kinds = frozenset(kind for kind, _ in stored)
    texts = {held: choice for (_, held), choice in stored.items()} if kinds == {"S"} else None
    return Hooks(kinds, lambda value: (type(value), value) in values, encode, decode, texts=texts)


def choice_name(choice: Any) -> str:
    """A choice as a person writes it: ``Color.RED``, ``'open'``."""
    if isinstance(choice, Enum):
        return f"{type(choice).__name__}.{choice.name}"
    return repr(choice)


def list_hooks(part: Hooks) -> Hooks:
    """A list of values of one type."""
    encode_one, decode_one = part.encode, part.decode

    def encode(value: Any) -> AttributeValue:
        return {"L": [encode_one(each) for each in expect(value, list)]}

    def decode(value: AttributeValue, _: Any = None) -> list[Any]:
        return [decode_one(each) for each in value["L"]]

    return Hooks(frozenset({"L"}), lambda value: isinstance(value, list), encode, decode)


def long_tuple_hooks(part: Hooks) -> Hooks:
    """A tuple of any length, of values of one type."""
    many = list_hooks(part)
    return Hooks(
        many.kinds,
        lambda value: isinstance(value, tuple),
        lambda value: many.encode(list(expect(value, tuple))),
        lambda value, _=None: tuple(many.decode(value)),
    )


def tuple_hooks(parts: Sequence[Hooks]) -> Hooks:
    """A tuple with a type for each place."""

    def encode(value: Any) -> AttributeValue:
        if len(expect(value, tuple)) != len(parts):
            raise ValueError(f"it has {len(value)} elements, not {len(parts)}")
        return {"L": [part.encode(each) for part, each in zip(parts, value, strict=True)]}

    def decode(value: AttributeValue, _: Any = None) -> tuple[Any, ...]:
        return tuple(part.decode(each) for part, each in zip(parts, value["L"], strict=True))

    return Hooks(frozenset({"L"}), lambda value: isinstance(value, tuple), encode, decode)


def set_hooks(collection: type[Any], part: Hooks) -> Hooks:
    """A set or frozenset of texts, numbers or bytes.

    Raises:
        TypeError: its members are stored as something else.
    """
    if len(part.kinds) != 1 or not part.kinds <= SET_KINDS.keys():
        raise TypeError("sets hold texts, numbers or bytes; use a list")
    (kind,) = part.kinds
    set_kind = SET_KINDS[kind]

    def encode(value: Any) -> AttributeValue:
        members = [part.encode(each)[kind] for each in expect(value, set, frozenset)]
        return {set_kind: sorted(members)} if members else EMPTY_SET

    def decode(value: AttributeValue, _: Any = None) -> Any:
        if "L" in value:
            return collection(part.decode(each) for each in value["L"])
        return collection(part.decode({kind: each}) for each in value[set_kind])

    kinds = frozenset({set_kind, "L"})
    return Hooks(kinds, lambda value: isinstance(value, (set, frozenset)), encode, decode)


def dict_hooks(keys: Hooks, values: Hooks) -> Hooks:
    """A dict; its keys are texts, or numbers and the like written as texts.

    Raises:
        TypeError: its keys are stored as something else.
    """
    if len(keys.kinds) != 1 or not keys.kinds <= {"S", "N"}:
        raise TypeError("keys of a dict are texts or numbers")
    (kind,) = keys.kinds

    def encode(mapping: Any) -> AttributeValue:
        pairs = expect(mapping, dict).items()
        return {"M": {map_key(keys.encode(k)[kind]): values.encode(v) for k, v in pairs}}

    read = values.decode
    if keys.decode is SCALARS[str].decode:
        return Hooks(
            frozenset({"M"}),
            lambda mapping: isinstance(mapping, dict),
            encode,
            lambda stored, _=None: {k: read(v) for k, v in stored["M"].items()},
        )

    def decode(stored: AttributeValue, _: Any = None) -> dict[Any, Any]:
        return {keys.decode({kind: k}): values.decode(v) for k, v in stored["M"].items()}

    return Hooks(frozenset({"M"}), lambda mapping: isinstance(mapping, dict), encode, decode)


def tagged_hooks(parts: Mapping[type[Any], Hooks]) -> Hooks:
    """Instances of several classes, told apart by the class's name under TYPE.

    Raises:
        TypeError: two classes have one name, or one has a field of the name TYPE.
    """
    by_name = {cls.__name__: hooks for cls, hooks in parts.items()}
    if len(by_name) != len(parts):
        raise TypeError(f"two of {', '.join(map(str, parts))} have one name")
    for cls in parts:
        if TYPE in attrs.fields_dict(cls):
            raise TypeError(f"{cls.__name__}.{TYPE} is where a union says which class it holds")

    def encode(value: Any) -> AttributeValue:
        name = type(value).__name__
        return {"M": {TYPE: {"S": name}, **by_name[name].encode(value)["M"]}}

    def decode(value: AttributeValue, _: Any = None) -> Any:
        name = value["M"][TYPE]["S"]
        if name not in by_name:
            raise ValueError(f"its TYPE is {shown(name)}, none of {', '.join(by_name)}")
        return by_name[name].decode(value)

    return Hooks(frozenset({"M"}), lambda value: type(value) in parts, encode, decode)


def union_hooks(name: str, parts: Sequence[Hooks]) -> Hooks:
    """Values of one of several types, told apart by what they are stored as.

    Raises:
        TypeError: two types are stored alike.
    """
    by_kind: dict[str, Hooks] = {}
    for part in parts:
        if alike := part.kinds & by_kind.keys():
            raise TypeError(
                f"types of {name} are stored alike, as {min(alike)}; put them in attrs classes"
            )
        by_kind |= dict.fromkeys(part.kinds, part)

    def encode(value: Any) -> AttributeValue:
        for part in parts:
            if part.accepts(value):
                return part.encode(value)
        raise TypeError(f"it is {type(value).__name__}, none of {name}")

    def decode(value: AttributeValue, _: Any = None) -> Any:
        return by_kind[next(iter(value))].decode(value)

    return Hooks(
        frozenset(by_kind), lambda value: any(part.accepts(value) for part in parts), encode, decode
    )


def _choice_value(choice: Any) -> AttributeValue:
    value = choice.value if isinstance(choice, Enum) else choice
    if isinstance(value, (list, dict)):
        raise TypeError(f"{value!r} of an Enum is no text, number, bool, bytes or None")
    try:
        return encode_json(value)
    except ValueError as error:
        raise TypeError(f"{choice_name(choice)}: {error}") from error


def _identity(value: AttributeValue) -> tuple[str, Any]:
    ((kind, held),) = value.items()
    return kind, binary_of(value) if kind == "B" else held
