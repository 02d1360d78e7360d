"""Objects of stored classes: made without ``__init__`` where that has nothing to do, else with it."""

from __future__ import annotations

import gc
import pickle
from abc import ABC, abstractmethod
from functools import cached_property, wraps
from typing import Any, ClassVar, Generic, Self, TypeVar

import attrs
import pytest

from dynastore.values.converter import hooks_of
from dynastore.values.making import ending

T = TypeVar("T")


def holds_a_name(_: Any, __: Any, name: str) -> None:
    if not name:
        raise ValueError("it is empty")


@attrs.frozen
class Frozen:
    """A usual one."""

    name: str
    cups: int = 1


@attrs.define
class Open:
    """One that may be written."""

    name: str
    cups: int = 1


@attrs.frozen(kw_only=True)
class Private:
    """The argument has another name than the field."""

    name: str
    _cups: int = attrs.field(default=1, alias="cups")


class Mixin:
    """Slots of no field."""

    __slots__ = ()


@attrs.frozen
class Derived(Frozen, Mixin):
    """Slots of two classes."""

    sugar: bool = False

    @cached_property
    def label(self) -> str:
        return f"{self.cups} x {self.name}"


@attrs.frozen
class Validated:
    """A field with conditions."""

    name: str = attrs.field(validator=holds_a_name)
    cups: int = 1


@attrs.frozen
class Converted:
    """A field that takes another value than it holds."""

    name: str = attrs.field(converter=str.title)
    cups: int = 1


@attrs.frozen
class Finished:
    """More to do after."""

    name: str
    cups: int = 1

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "cups", self.cups + 10)


@attrs.define
class Prepared:
    """More to do before."""

    name: str
    cups: int = 1
    made: int = attrs.field(default=0, init=True)

    def __attrs_pre_init__(self) -> None:
        made_before.append(type(self))


made_before: list[type[Any]] = []


@attrs.frozen
class ByHand:
    """Its own ``__init__``."""

    name: str
    cups: int = 1

    def __init__(self, name: str, cups: int = 1) -> None:
        self.__attrs_init__(name.upper(), cups)


@attrs.frozen
class Counted:
    """Its own ``__new__``."""

    name: str
    cups: int = 1

    def __new__(cls, *_: Any, **__: Any) -> Self:
        made_before.append(cls)
        return object.__new__(cls)


@attrs.define
class Watched:
    """Its own ``__setattr__``."""

    name: str
    cups: int = 1

    def __setattr__(self, name: str, value: Any) -> None:
        made_before.append(type(self))
        object.__setattr__(self, name, value)


class Told:
    """Is told of each class below it."""

    __slots__ = ()
    known: ClassVar[list[str]] = []

    def __init_subclass__(cls) -> None:
        Told.known.append(cls.__name__)


@attrs.frozen
class Registered(Told):
    """Known to the class above."""

    name: str
    cups: int = 1


@attrs.frozen(slots=False)
class WithDict:
    """No slots."""

    name: str
    cups: int = 1


@attrs.frozen(cache_hash=True)
class Hashed:
    """Keeps its hash."""

    name: str
    cups: int = 1


class Brewed(ABC):
    """What has a metaclass."""

    __slots__ = ()

    @abstractmethod
    def brew(self) -> None: ...


@attrs.frozen
class Abstract(Brewed):
    """With one, by inheritance."""

    name: str
    cups: int = 1

    def brew(self) -> None: ...


@attrs.frozen
class OfAny(Generic[T]):
    """Of parameters."""

    name: str
    cups: int = 1


@attrs.frozen
class Wrapped:
    """Somebody put a function around ``__init__``, as checkers of types do."""

    name: str
    cups: int = 1


def watched(init: Any) -> Any:
    @wraps(init)
    def around(self: Any, *args: Any, **given: Any) -> None:
        made_before.append(type(self))
        init(self, *args, **given)

    return around


Wrapped.__init__ = watched(Wrapped.__init__)  # type: ignore[method-assign]


def stored(cls: Any) -> Any:
    hooks = hooks_of(cls)
    return hooks.decode(hooks.encode(cls(name="tea", cups=2)))


def again(thing: Any) -> Any:
    """Another one, by a call of its class."""
    fields = attrs.fields(type(thing))
    return type(thing)(**{each.alias: getattr(thing, each.name) for each in fields})


FILLED = [Frozen, Open, Private, Derived]
CALLED = [
    *(Validated, Converted, Finished, Prepared, ByHand, Counted, Watched, Registered),
    *(WithDict, Hashed, Abstract, OfAny, Wrapped),
]


@pytest.mark.parametrize("cls", FILLED)
def test_a_class_that_only_takes_values_is_filled(cls):
    assert "twin" in ending(cls, dict.fromkeys(attrs.fields_dict(cls), "1"))[1]
    found = stored(cls)
    assert type(found) is cls
    assert found == cls(name="tea", cups=2)
    assert repr(found) == repr(cls(name="tea", cups=2))
    assert pickle.loads(pickle.dumps(found)) == found
    assert gc.is_tracked(found) == gc.is_tracked(cls(name="tea", cups=2))


@pytest.mark.parametrize("cls", CALLED)
def test_any_other_class_is_called(cls):
    assert "twin" not in ending(cls, dict.fromkeys(attrs.fields_dict(cls), "1"))[1]
    hooks, thing = hooks_of(cls), cls(name="tea", cups=2)
    found = hooks.decode(hooks.encode(thing))
    assert type(found) is cls
    assert repr(found) == repr(again(thing))


@pytest.mark.parametrize("cls", [Prepared, Counted, Watched, Wrapped])
def test_its_own_steps_are_taken_for_each_object(cls):
    hooks, thing = hooks_of(cls), cls(name="tea", cups=2)
    made_before.clear()
    hooks.decode(hooks.encode(thing))
    assert cls in made_before


def test_a_validator_refuses_what_is_stored():
    with pytest.raises(ValueError, match="it is empty"):
        hooks_of(Validated).decode({"M": {"name": {"S": ""}}})


def test_a_class_above_hears_of_no_twin():
    before = list(Told.known)
    ending(Registered, {"name": "1", "cups": "1"})
    assert Told.known == before


@pytest.mark.parametrize("cls", [Frozen, Derived])
def test_what_is_filled_stays_frozen(cls):
    found = stored(cls)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        found.cups = 3
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        del found.cups


def test_what_is_computed_once_is_computed():
    assert stored(Derived).label == "2 x tea"
