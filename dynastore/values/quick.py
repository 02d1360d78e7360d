"""Quick decoders: the JSON text of an item -> an object of an attrs class, without dicts between.

    Call <- decode(b'{"TYPE": {"S": "call"}, "name": {"S": "find"}, "seconds": {"N": "0.25"}, …}')

msgspec reads the text into a struct of attribute values, and one compiled function makes the object of
that; for ``name: str``, ``seconds: float = 0.0`` and a field whose hook has no text of its own::

    def decode(text):
        item = struct(text)
        if item.tag.S != tag:
            raise ValueError("it is of another type")
        found = new(twin)
        found.name = item.a0.S
        found.seconds = float(item.a1.N)
        found.failed = read2(item.a2)
        found.__class__ = made
        return found

`making` has the last lines, and others for classes that need them. A choice among texts is found by its
text: ``of3[item.a3.S]``. Where an attribute is absent, a value stands in for it that the default is
read from, if there is one: ``float(0.0)``.

It takes half of the time of `compiled`, and knows most items, not all. Whatever it raises, `compiled`
says what is wrong with an item, or makes an object of it nevertheless.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import attrs
import msgspec
from attrs import NOTHING, Factory

from ..table import TYPE
from .hooks import EMPTY_SET, Hooks
from .making import ending

UNFIT = (msgspec.MsgspecError, KeyError, TypeError, ValueError, ArithmeticError, AttributeError)

_READING: Mapping[str, Any] = {"moment": dt.datetime.fromisoformat}
_HELD: Mapping[str, Any] = {"S": str, "N": str, "BOOL": bool}
_VALUES = {
    kind: msgspec.defstruct(f"Value{kind}", [(kind, held)], gc=False, frozen=True)
    for kind, held in _HELD.items()
}
_NULLABLE = {
    kind: msgspec.defstruct(
        f"Nullable{kind}",
        [(kind, held | None, None), ("NULL", bool | None, None)],
        gc=False,
        frozen=True,
    )
    for kind, held in _HELD.items()
}


def quick_decoder(
    cls: type[Any], hooks: Mapping[str, Hooks], tag: str
) -> Callable[[Any], Any] | None:
    """What makes an object of the text of an item, or raises one of UNFIT.

    Args:
        cls: the class.
        hooks: of each field.
        tag: the type tag that items of the class have.

    Returns:
        None for a class with a default that depends on other fields.
    """
    fields = attrs.fields(cls)
    if any(getattr(each.default, "takes_self", False) for each in fields):
        return None
    known: dict[str, Any] = {"tag": tag, "nothing": _nothing, "empty": EMPTY_SET}
    known |= {**_READING, "struct": _reader(fields, hooks)}
    values = {}
    for at, field in enumerate(fields):
        each = hooks[field.name]
        known |= {f"default{at}": field.default, f"read{at}": each.decode, f"of{at}": each.texts}
        values[field.name] = _value(at, field, each)
    last, names = ending(cls, values)
    known |= names
    source = "\n".join([*_HEAD, *last])
    exec(compile(source, f"<dynastore quick decoder of {cls.__qualname__}>", "exec"), known)  # noqa: S102
    decode: Callable[[Any], Any] = known["decode"]
    return decode


_HEAD = [
    "def decode(text):",
    "    item = struct(text)",
    "    if item.tag.S != tag:",
    '        raise ValueError("it is of another type")',
]


def _reader(fields: Any, hooks: Mapping[str, Hooks]) -> Callable[[Any], Any]:
    """What reads a text into a struct: an attribute for each field, and the type tag."""
    values: list[Any] = [("tag", _VALUES["S"])]
    names = {"tag": TYPE}
    for at, field in enumerate(fields):
        kind = _value_type(hooks[field.name])
        required = field.default is NOTHING and not hooks[field.name].is_set
        absent = _stand_in(field, hooks[field.name])
        values.append((f"a{at}", kind) if required else (f"a{at}", kind, absent))
        names[f"a{at}"] = field.name
    struct = msgspec.defstruct("Item", values, rename=names, kw_only=True, gc=False)
    return msgspec.json.Decoder(struct).decode


def _value_type(hooks: Hooks) -> Any:
    """What an attribute value is read into: a struct where a text reads that, or else a dict."""
    if not hooks.mostly and hooks.texts is None:
        return dict[str, Any]
    return (_NULLABLE if "NULL" in hooks.kinds else _VALUES)[_kind(hooks)]


def _value(at: int, field: Any, hooks: Hooks) -> str:
    """The text of the value of a field."""
    found = f"item.a{at}"
    if hooks.is_set:
        return f"read{at}({found} or empty)"
    if field.default is NOTHING or _stand_in(field, hooks) is not None:
        return _read(at, hooks, found)
    absent = f"default{at}.factory()" if isinstance(field.default, Factory) else f"default{at}"  # type: ignore[arg-type]
    return f"({absent} if (v := {found}) is None else {_read(at, hooks, 'v')})"


def _read(at: int, hooks: Hooks, value: str) -> str:
    """The text that reads an attribute value."""
    reads = hooks.mostly or ("" if hooks.texts is None else f"of{at}[{{0}}]")
    if not reads:
        return f"read{at}({value})"
    kind = _kind(hooks)
    if "NULL" not in hooks.kinds:
        return reads.format(f"{value}.{kind}")
    held = reads.format("h")
    none = "None if w.NULL is not None else nothing(w)"
    return f"({held} if (h := (w := {value}).{kind}) is not None else {none})"


def _stand_in(field: Any, hooks: Hooks) -> Any:
    """The value that a field's default is read from; None where there is none."""
    made = field.default is NOTHING or isinstance(field.default, Factory)  # type: ignore[arg-type]
    if made or not (hooks.mostly or hooks.texts is not None):
        return None
    kind = _value_type(hooks)
    if field.default is None:
        return kind(NULL=True) if "NULL" in hooks.kinds else None
    if hooks.texts is not None:
        texts = (text for text, choice in hooks.texts.items() if choice is field.default)
        text = next(texts, None)
        return None if text is None else kind(text)
    try:
        read = eval(hooks.mostly.format("held"), {**_READING, "held": field.default})  # noqa: S307
    except (TypeError, ValueError):
        return None
    same = type(read) is type(field.default) and read == field.default
    return kind(field.default) if same else None


def _kind(hooks: Hooks) -> str:
    (kind,) = hooks.kinds - {"NULL"}
    return kind


def _nothing(value: Any) -> NoReturn:
    raise ValueError(f"{value} is of another kind")
