"""The converter: which hooks a declared type gets, and attrs classes compiled by cattrs.

A type is taken apart once, when the first schema that needs it is made. cattrs compiles the fields
of a class into one function, straight between the object and the wire form.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, MutableMapping, MutableSequence, Sequence
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

import attrs
from attrs import NOTHING, evolve, frozen
from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn, override

from ..entities.payload_fields import Undecoded
from .attributes import SCALARS, AttributeMap, AttributeValue, Decode
from .compiled import decoder
from .hooks import (
    EMPTY_SET,
    Hooks,
    choice_hooks,
    dict_hooks,
    json_hooks,
    list_hooks,
    long_tuple_hooks,
    none_hooks,
    optional_hooks,
    scalar_hooks,
    set_hooks,
    tagged_hooks,
    tuple_hooks,
    type_name,
    union_hooks,
)

LISTS = {list, Sequence, MutableSequence}
DICTS = {dict, Mapping, MutableMapping}


@frozen
class FieldHooks:
    """How an attrs object's fields are written and read: a map of attribute values by name."""

    encode: Callable[[Any], AttributeMap]
    decode: Callable[[Mapping[str, AttributeValue]], Any]


_made: dict[Any, Hooks] = {}  # of every type that was asked for

# attrs classes that are being taken apart, in this thread or task, and their hooks as soon as there
# are any: what a class that contains itself meets. None of them is kept unless all can be made.
_building: ContextVar[dict[Any, list[Hooks]] | None] = ContextVar("building", default=None)


def hooks_of(kind: Any) -> Hooks:
    """The hooks of a declared type.

    Raises:
        TypeError: values of the type cannot be stored.
    """
    if kind in _made:
        return _made[kind]
    if _building.get() is not None:
        return _build(kind)
    token = _building.set({})
    try:
        made = _made[kind] = _build(kind)
    finally:
        _building.reset(token)
    return made


def _build(kind: Any) -> Hooks:
    origin = get_origin(kind) or kind
    if isinstance(kind, NewType):
        return hooks_of(kind.__supertype__)
    if origin is Annotated:
        return hooks_of(get_args(kind)[0])
    if kind in SCALARS:
        return scalar_hooks(kind)
    if kind in {None, NoneType}:
        return none_hooks()
    if kind in {Any, object}:
        return json_hooks()
    if origin in {Union, UnionType}:
        return _union_hooks(get_args(kind))
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        choices: Any = kind if isinstance(kind, type) else get_args(kind)
        return choice_hooks(type_name(kind), tuple(choices))
    if attrs.has(origin):
        return _class_hooks(kind)
    return _container_hooks(kind, origin)


def field_hooks(
    cls: type[Any], types: Mapping[str, Any], *, lazy: Collection[str] = ()
) -> FieldHooks:
    """The fields of an attrs class <-> attribute values by name.

    A field that is None by default is left out while it is None, and an empty set always: an
    absent set is the empty one, as it is for DynamoDB, which drops a set with its last member.

    Args:
        cls: the class.
        types: field name -> annotation.
        lazy: fields whose value may be given `Undecoded`, as it is.

    Raises:
        TypeError: a field's values cannot be stored; the message names the field.
    """
    hooks = {name: _named(name, kind) for name, kind in types.items()}
    sets = {name for name, each in hooks.items() if each.is_set}
    overrides: dict[str, Any] = {}
    for field in attrs.fields(cls):
        if not field.init:
            raise TypeError(f"{field.name}: a stored field is given to the class; drop init=False")
        if field.name in sets:
            _check_set_default(field)
        overrides[field.name] = override(
            omit_if_default=field.default is None and field.name not in sets,
            unstruct_hook=hooks[field.name].encode,
        )
    encode = make_dict_unstructure_fn(cls, Converter(), **overrides)
    decode = decoder(cls, hooks, {name: _unless_undecoded(hooks[name].decode) for name in lazy})
    if not sets:
        return FieldHooks(encode, decode)
    return FieldHooks(
        lambda value: {k: v for k, v in encode(value).items() if k not in sets or v != EMPTY_SET},
        decode,
    )


def _unless_undecoded(decode: Decode) -> Decode:
    return lambda value: value if type(value) is Undecoded else decode(value)


def _named(name: str, kind: Any) -> Hooks:
    try:
        return hooks_of(kind)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from error


def _check_set_default(field: Any) -> None:
    factory = getattr(field.default, "factory", None)
    if field.default is NOTHING or not field.default or factory in {set, frozenset}:
        return
    raise TypeError(f"{field.name}: an absent set is the empty one, so its default is factory=set")


def _container_hooks(kind: Any, origin: Any) -> Hooks:
    arguments = get_args(kind)
    try:
        if origin in LISTS:
            return list_hooks(hooks_of(arguments[0] if arguments else Any))
        if origin is tuple:
            return _tuple_hooks(arguments or (Any, ...))
        if origin in {set, frozenset, AbstractSet}:
            collection = frozenset if origin is frozenset else set
            return set_hooks(collection, hooks_of(arguments[0] if arguments else str))
        if origin in DICTS:
            keys, values = arguments or (str, Any)
            return dict_hooks(hooks_of(keys), hooks_of(values))
    except TypeError as error:
        raise TypeError(f"{type_name(kind)}: {error}") from error
    raise TypeError(f"{type_name(kind)} cannot be stored; use an attrs class, or Any for JSON")


def _tuple_hooks(elements: tuple[Any, ...]) -> Hooks:
    if len(elements) == 2 and elements[1] is Ellipsis:
        return long_tuple_hooks(hooks_of(elements[0]))
    return tuple_hooks([hooks_of(element) for element in elements if element != ()])


def _union_hooks(members: tuple[Any, ...]) -> Hooks:
    classes = [member for member in members if attrs.has(member)]
    others = [member for member in members if member not in {*classes, NoneType}]
    parts = [hooks_of(member) for member in others]
    if {int, float} <= set(members):  # 1 and 1.0 are one number to DynamoDB, and equal in Python
        number = evolve(json_hooks(), kinds=frozenset({"N"}), accepts=_is_number)
        parts = [number, *(part for part in parts if part.kinds != number.kinds)]
    if len(classes) == 1:
        parts.append(hooks_of(classes[0]))
    elif classes:
        parts.append(tagged_hooks({member: hooks_of(member) for member in classes}))
    if NoneType in members and not any(part.accepts(None) for part in parts):
        if len(parts) == 1 and "NULL" not in parts[0].kinds:
            return optional_hooks(parts[0])
        parts.append(none_hooks())
    return union_hooks(" | ".join(map(type_name, members)), parts)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _class_hooks(kind: Any) -> Hooks:
    """Hooks of an attrs class inside an entity; where it contains itself, they are found when used."""
    building = _building.get()
    assert building is not None, "hooks_of() has set it"
    if kind not in building:
        made = building[kind] = []
        made.append(_build_class_hooks(kind))
    made = building[kind]
    return made[0] if made else _found_later(kind, made)


def _found_later(kind: Any, made: list[Hooks]) -> Hooks:
    return Hooks(
        frozenset({"M"}),
        lambda value: type(value) is kind,
        lambda value: made[0].encode(value),  # noqa: PLW0108 - it is not made yet
        lambda value, _=None: made[0].decode(value),
    )


def _build_class_hooks(kind: Any) -> Hooks:
    if get_args(kind):
        raise TypeError(f"{type_name(kind)} is a generic class, which cannot be stored")
    try:
        attrs.resolve_types(kind, include_extras=False)
    except (NameError, AttributeError, SyntaxError) as error:
        raise TypeError(f"an annotation of {kind.__name__} cannot be resolved: {error}") from error
    fields = field_hooks(kind, {field.name: field.type or Any for field in attrs.fields(kind)})

    def encode(value: Any) -> AttributeValue:
        if type(value) is not kind:
            raise TypeError(f"it is {type(value).__name__}, not {kind.__name__}")
        return {"M": fields.encode(value)}

    return Hooks(
        frozenset({"M"}),
        lambda value: type(value) is kind,
        encode,
        lambda value, _=None: fields.decode(value["M"]),
    )
