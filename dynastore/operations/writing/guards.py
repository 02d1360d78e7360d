"""Guards of unique values: which of them a write takes, keeps and gives up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from attrs import evolve, frozen

from ...codec.codec import Codec, expiry
from ...entities.uniques import GUARD, OWNER, Unique
from ...errors import ConditionFailed, DynastoreError, NotUnique, RequestError
from ...requests import DeleteItem, Key, PutItem
from ...table import TTL, TYPE
from ...terms import Absent, AnyOf, Compare, Conditions, Equal
from ...values.attributes import AttributeMap, AttributeValue
from ..reading.uniquely import owner_of


@frozen
class Claim:
    """A unique value that an entity takes, or keeps with another expiry.

    Attributes:
        constraint: the unique constraint.
        entity: name of the entity class.
        key: of the guard.
        owner: of the entity.
        expires: the entity's TTL, or None.
        heir_of: those who give the value up in the same transaction.
    """

    constraint: Unique
    entity: str
    key: Key
    owner: Key
    expires: AttributeValue | None
    heir_of: tuple[Key, ...] = ()


@frozen
class Release:
    """A unique value that an entity gives up.

    Attributes:
        key: of the guard.
        owner: of the entity.
        others: those who give it up in the same transaction. One at most has it, but entities from
            before the constraint may have the same value.
    """

    key: Key
    owner: Key
    others: tuple[Key, ...] = ()


Guarding: TypeAlias = Claim | Release


def guarding(
    codec: Codec,
    owner: Key,
    prefix: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> list[Guarding]:
    """What a write does to the guards of an entity.

    Args:
        codec: of the entity.
        owner: its primary key.
        prefix: of the scope.
        before: field -> value in the stored entity, None where there is none.
        after: field -> value once it is written, None where it is deleted.
    """
    found: list[Guarding] = []
    for each in codec.spec.uniques:
        old = None if before is None else _key(codec, each, before, prefix)
        new = None if after is None else _key(codec, each, after, prefix)
        if old is not None and old != new:
            found.append(Release(old, owner))
        if new is not None and (old != new or _expiry(codec, before) != _expiry(codec, after)):
            found.append(Claim(each, codec.spec.name, new, owner, _expiry(codec, after)))
    return found


def merged(changes: Iterable[Guarding]) -> list[Guarding]:
    """Changes of guards in one transaction, in which no item may be twice.

    A value that one entity gives up and another takes passes from the one to the other.

    Raises:
        RequestError: two entities take one value.
    """
    claims: dict[Key, Claim] = {}
    released: dict[Key, list[Key]] = {}
    for each in changes:
        if isinstance(each, Release):
            released.setdefault(each.key, []).append(each.owner)
        elif (other := claims.setdefault(each.key, each)) is not each:
            raise RequestError(
                f"{' and '.join(each.constraint.fields)} of {each.entity} must be unique, and "
                f"the writes of {other.owner} and {each.owner} give the same; change one of them"
            )
    inherited = [evolve(each, heir_of=tuple(released.pop(key, ()))) for key, each in claims.items()]
    given_up = [Release(key, owner, tuple(rest)) for key, (owner, *rest) in released.items()]
    return [*inherited, *given_up]


def action(table: str, change: Guarding, now_seconds: int) -> PutItem | DeleteItem:
    """What a change of a guard is in a transaction.

    Args:
        table: its name.
        change: the change.
        now_seconds: the time, in epoch seconds: a guard whose TTL is past counts as absent.
    """
    if isinstance(change, Release):
        owners = map(_owned, (change.owner, *change.others))
        return DeleteItem(table, change.key, _any_of(_free(), *owners))
    owners = map(_owned, (change.owner, *change.heir_of))
    expired: Conditions = ((TTL, Compare("<=", {"N": str(now_seconds)})),)
    conditions = _any_of(_free(), *owners, expired)
    return PutItem(table, _item(change), conditions)


def conflict(change: Guarding, error: DynastoreError) -> DynastoreError | None:
    """The error for a guard that could not be changed.

    None for one that is another's already and was to be given up: there is nothing to give up.
    """
    if not isinstance(error, ConditionFailed):
        return error
    if isinstance(change, Release):
        return None
    stored: Any = error.stored
    holder = owner_of(stored or {}) or change.key
    return NotUnique(holder, entity=change.entity, fields=change.constraint.fields)


def _key(codec: Codec, unique: Unique, values: Mapping[str, Any], prefix: str) -> Key | None:
    texts = unique.guard(codec.spec.tag, values, prefix)
    return None if texts is None else Key(*texts)


def _expiry(codec: Codec, values: Mapping[str, Any] | None) -> AttributeValue | None:
    name = codec.spec.expires
    moment = None if name is None or values is None else values[name]
    return None if moment is None else expiry(moment)


def _item(claim: Claim) -> AttributeMap:
    owner: AttributeValue = {"L": [{"S": claim.owner.pk}, {"S": claim.owner.sk}]}
    item: AttributeMap = {**claim.key.attributes, TYPE: {"S": GUARD}, OWNER: owner}
    return item if claim.expires is None else {**item, TTL: claim.expires}


def _free() -> Conditions:
    return (("PK", Absent()),)


def _owned(owner: Key) -> Conditions:
    return ((OWNER, Equal({"L": [{"S": owner.pk}, {"S": owner.sk}]})),)


def _any_of(*alternatives: Sequence[Any]) -> Conditions:
    return (AnyOf(tuple(tuple(each) for each in alternatives)),)
