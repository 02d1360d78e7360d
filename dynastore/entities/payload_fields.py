"""Payload fields: how a field that may grow large is stored, and how it is decoded when touched."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getattr_static
from types import MemberDescriptorType
from typing import Any

import attrs
from attrs import NOTHING, frozen

from ..errors import ModelError, shown

STORING = "dynastore payload"  # in an attrs field's metadata: its `Storing`

# A write unit is 1,024 bytes: what fits one costs no less when it is smaller.
COMPRESS_OVER_BYTES = 1_024


@frozen
class Storing:
    """How a payload field is stored.

    Attributes:
        compress_over: bytes of the native form above which the value is compressed; None: never.
        offload_over: bytes of the stored form above which it leaves its item; None: only where it
            would not fit.
        split: whether it may leave its item, as parts of their own.
        lazy: whether a compressed value is decoded when it is first touched, and not before.
    """

    compress_over: int | None = COMPRESS_OVER_BYTES
    offload_over: int | None = None
    split: bool = True
    lazy: bool = True

    def __attrs_post_init__(self) -> None:
        """Refuse what says nothing."""
        for name in ("compress_over", "offload_over"):
            bound = getattr(self, name)
            if bound is not None and not (type(bound) is int and bound >= 0):
                raise ModelError(
                    f"payload({name}=…) is a whole number of bytes, or None, not {shown(bound)}"
                )
        if self.offload_over is not None and not self.split:
            raise ModelError(
                "payload(offload_over=…, split=False): a value that may not be split cannot leave "
                "its item; leave one of them out"
            )

    @property
    def is_native(self) -> bool:
        """Whether the value is always stored as other fields are, so that it can be appended to."""
        return self.compress_over is None and not self.split


def payload(
    *,
    compress_over: int | None = COMPRESS_OVER_BYTES,
    offload_over: int | None = None,
    split: bool = True,
    lazy: bool = True,
    default: Any = NOTHING,
    factory: Callable[[], Any] | None = None,
) -> Any:
    """A field that may grow large: messages, documents, state.

    It is part of no key and of no filter, so that how it is stored may change with its size: as
    other fields are, compressed, or outside its item: as parts beside it, or as an object in the
    table's bucket.

    Args:
        compress_over: bytes above which it is compressed; None: never.
        offload_over: bytes, as stored, above which it leaves its item, so that writing and listing
            the rest costs little; by default only what does not fit leaves it.
        split: whether it may leave its item. Without, a larger item is refused.
        lazy: whether it is decoded when it is first touched; without, as soon as it is read.
        default: value of the field when none is given.
        factory: makes the default anew each time; instead of *default*.

    Raises:
        ModelError: the bounds are no such numbers, or contradict each other.
    """
    storing = Storing(compress_over, offload_over, split, lazy)
    return attrs.field(default=default, factory=factory, metadata={STORING: storing}, repr=False)


class Undecoded:
    """A value that is decoded when it is first touched."""

    __slots__ = ("decoded",)

    def __init__(self, decoded: Callable[[], Any]) -> None:
        """Take what decodes it."""
        self.decoded = decoded


class LazyField:
    """A field of a class, over its slot: decodes what the slot holds when it is first touched.

    Threads may touch it at once: each decodes, and one of the equal values stays.
    """

    __slots__ = ("slot",)

    def __init__(self, slot: MemberDescriptorType) -> None:
        """Take the slot, which keeps the value."""
        self.slot = slot

    def __get__(self, entity: Any, owner: type[Any] | None = None) -> Any:
        if entity is None:
            return self
        held = self.slot.__get__(entity, owner)
        if type(held) is Undecoded:
            held = held.decoded()
            self.slot.__set__(entity, held)
        return held

    def __set__(self, entity: Any, value: Any) -> None:
        self.slot.__set__(entity, value)


def decode_when_touched(cls: type[Any], name: str) -> None:
    """Make a field of an attrs class a `LazyField`; one that a class above made stays.

    Raises:
        ModelError: a class above has no slots, so that nothing can stand before the value.
    """
    found = getattr_static(cls, name, None)
    if isinstance(found, LazyField):
        return
    if not isinstance(found, MemberDescriptorType):
        raise ModelError(
            f"{cls.__name__}.{name} is a payload() of a class without slots; declare it in "
            f"{cls.__name__}, or give the class slots"
        )
    setattr(cls, name, LazyField(found))
