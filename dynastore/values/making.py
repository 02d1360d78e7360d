"""The last lines of a decoder: the texts of an object's values -> the object.

Of a class whose ``__init__`` has something to do besides taking values they call it::

    return made(
        name=item.a0.S,
    )

The ``__init__`` of a frozen class writes each field around ``__setattr__``. For twenty fields that
takes as long as it takes to read them from an answer. Where it does nothing else, they fill an object
of a twin, a subclass that is written to as any class, and then it becomes one of the class::

    found = new(twin)
    found.name = item.a0.S
    found.__class__ = made
    return found
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from types import MemberDescriptorType
from typing import Any

import attrs

# Where threads run side by side, all others wait while an object changes its class.
_HAS_LOCK: bool = getattr(sys, "_is_gil_enabled", lambda: True)()
_OWN_STEPS = ("__attrs_pre_init__", "__attrs_post_init__", "__attrs_init__", "_attrs_cached_hash")
_OF_CLASSES = {"__new__", "__init_subclass__"}
_OPEN = {
    "__slots__": (),
    "__setattr__": object.__setattr__,
    "__delattr__": object.__delattr__,  # else Python looks both up for each field that is written
}


def ending(cls: type[Any], values: Mapping[str, str]) -> tuple[list[str], dict[str, Any]]:
    """The last lines of a function that makes an object, and what the names in them stand for.

    Args:
        cls: the class.
        values: the text of the value of each field, by its name, in their order. Of those that are
            left out, a dict ``rest`` has values, by the names of the arguments.
    """
    fields = attrs.fields_dict(cls)
    rest = ["        **rest,"] if len(values) < len(fields) else []
    if rest or not _only_takes(cls):
        given = [f"        {fields[name].alias}={text}," for name, text in values.items()]
        return ["    return made(", *given, *rest, "    )"], {"made": cls}
    filled = [f"    found.{name} = {text}" for name, text in values.items()]
    lines = ["    found = new(twin)", *filled, "    found.__class__ = made", "    return found"]
    return lines, {"made": cls, "twin": type(cls.__name__, (cls,), _OPEN), "new": object.__new__}


def _only_takes(cls: type[Any]) -> bool:
    """Whether all that making an object does is to take a value for each field, into a slot."""
    fields = attrs.fields(cls)
    return (
        _HAS_LOCK
        and _is_of_attrs(cls.__init__)
        and _is_usual(cls.__setattr__)
        and not any(hasattr(cls, name) for name in _OWN_STEPS)
        and not any(_OF_CLASSES & vars(each).keys() for each in cls.__mro__[:-1])
        and all(each.init and not each.validator and not each.converter for each in fields)
        and all(_is_slot(cls, each.name) for each in fields)
        and type(cls) is type
    )


def _is_of_attrs(init: Any) -> bool:
    """Whether attrs wrote an ``__init__``, and nothing is around it."""
    code = getattr(init, "__code__", None)
    return code is not None and code.co_filename.startswith("<attrs generated")


def _is_usual(setattr_: Any) -> bool:
    """Whether a ``__setattr__`` writes any field, or is the one that attrs gives frozen classes."""
    return setattr_ is object.__setattr__ or setattr_.__module__ == "attr._make"


def _is_slot(cls: type[Any], name: str) -> bool:
    return type(inspect.getattr_static(cls, name, None)) is MemberDescriptorType
