"""Writes as values: what a store's methods do at once, and `transact` does together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Generic, TypeAlias, TypeVar, overload

from attrs import frozen

from .entities.spec import Ref, entity_class
from .terms import Combined, When, all_of

E = TypeVar("E")


@frozen
class Create(Generic[E]):
    """Write an entity where none is stored, or one that is expired.

    Attributes:
        entity: what to write.
        lifetime: from now on until it expires, whatever it says itself. Without it an entity that
            does not say when it expires gets the lifetime of its class, if there is one.
    """

    entity: E
    lifetime: dt.timedelta | None = None


@frozen
class Put(Generic[E]):
    """Write a whole entity, replacing what is stored.

    Attributes:
        entity: what to write.
        when: what the stored entity must be.
        lifetime: as that of `Create`.
    """

    entity: E
    when: When | None = None
    lifetime: dt.timedelta | None = None


@frozen(init=False)
class Update(Generic[E]):
    """Change some fields of a stored entity.

        Update(session, visits=increment(1), when={"status": "open"})

    Attributes:
        target: the entity, whose revision must then be the stored one, or a ref.
        changes: field -> a literal or a change.
        when: what the stored entity must be.
    """

    target: E | Ref[E]
    changes: Mapping[str, Any]
    when: When | None = None

    @overload
    def __init__(self, target: Ref[E], /, *, when: When | None = None, **changes: Any) -> None: ...
    @overload
    def __init__(self, target: E, /, *, when: When | None = None, **changes: Any) -> None: ...
    def __init__(self, target: Any, /, *, when: When | None = None, **changes: Any) -> None:
        self.__attrs_init__(target, changes, when)


@frozen(init=False)
class Delete(Generic[E]):
    """Remove an entity.

    Attributes:
        target: the entity, whose revision must then be the stored one, or a ref.
        when: what the stored entity must be.
    """

    target: E | Ref[E]
    when: When | None = None

    @overload
    def __init__(self, target: Ref[E], when: When | None = None) -> None: ...
    @overload
    def __init__(self, target: E, when: When | None = None) -> None: ...
    def __init__(self, target: Any, when: When | None = None) -> None:
        self.__attrs_init__(target, when)


@frozen(init=False)
class Check(Generic[E]):
    """Something that must hold of a stored entity which the transaction does not write.

        Check(ref(Budget, user_id="ann"), left=after(0))

    Attributes:
        target: the entity, whose revision must then be the stored one, or a ref.
        when: what the stored entity must be; that it is there, where nothing is said.
    """

    target: E | Ref[E]
    when: When | None = None

    @overload
    def __init__(self, target: Ref[E], /, *filters: Combined, **where: Any) -> None: ...
    @overload
    def __init__(self, target: E, /, *filters: Combined, **where: Any) -> None: ...
    def __init__(self, target: Any, /, *filters: Combined, **where: Any) -> None:
        self.__attrs_init__(target, _when(filters, where))


def _when(filters: tuple[Combined, ...], where: Mapping[str, Any]) -> When:
    return all_of(*filters, **where) if filters else where


Write: TypeAlias = Create[E] | Put[E] | Update[E] | Delete[E] | Check[E]


def class_of(write: Write[Any]) -> type[Any]:
    """The entity class that a write is about."""
    target = write.entity if isinstance(write, Create | Put) else write.target
    return target.cls if isinstance(target, Ref) else entity_class(target)
