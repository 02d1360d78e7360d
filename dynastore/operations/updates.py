"""Changing some fields of an entity, so that no index entry is ever stale.

Whatever index attributes a change touches are written in the same request. Where one of them needs
a field whose value is not known (a sibling in the same template, a number that is incremented),
that field is taken from the entity at hand or read first, and the write is guarded with it: it
takes place only while the field still has that value. A lost race brings the stored item back, so
trying again costs no second read.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, TypeVar, get_origin

from attrs import frozen

from ..attributes import AttributeMap, AttributeValue
from ..changes import Add, Append, Change, Discard, Increment, Prepend, SetTo, Unset, as_change
from ..codec import Codec, expiry
from ..entity import Ref
from ..errors import ConditionFailed, RequestError, shown
from ..key_text import is_choice, plain_type
from ..placement import Placement
from ..requests import GetItem, Key, Steps, UpdateItem
from ..schema import Schema
from ..table import TTL
from ..terms import Absent, Conditions, Equal, Predicate, Present, When
from .conditions import conditions_of, moment, unexpired
from .writes import conflict_of, located, revision_guard

E = TypeVar("E")

ATTEMPTS = 100  # at a guarded write; each one lost means that another writer's went through
EXACT = Context(prec=300)  # enough to add any two numbers that DynamoDB holds, without rounding


@frozen
class Known:
    """What a stored entity is before an update, as far as index attributes depend on it.

    Attributes:
        values: field -> value.
        guard: what holds while the stored item has these values.
    """

    values: Mapping[str, Any]
    guard: Conditions

    @classmethod
    def of_item(cls, codec: Codec, item: AttributeMap, names: tuple[str, ...]) -> Known:
        """What an item says; an attribute that it lacks is guarded as such."""
        stored = codec.decode(item)
        guard = tuple((name, _equal(item.get(name))) for name in names)
        return cls({name: getattr(stored, name) for name in names}, guard)

    @classmethod
    def of_entity(cls, codec: Codec, entity: object, names: tuple[str, ...]) -> Known:
        """What an entity at hand says."""
        values = {name: getattr(entity, name) for name in names}
        guard = tuple((name, _equal(codec.attribute(name, each))) for name, each in values.items())
        return cls(values, guard)


@frozen
class Update:
    """One update, checked and encoded as far as it can be without reading.

    Attributes:
        codec: of the entity.
        key: its primary key.
        identity: its key fields.
        changes: field -> what becomes of it.
        asked: the caller's conditions.
        needed: fields that index attributes depend on and whose values have to be known.
    """

    codec: Codec
    key: Key
    identity: Mapping[str, Any]
    changes: Mapping[str, Change]
    asked: Conditions
    needed: tuple[str, ...]


def update(
    schema: Schema,
    target: E | Ref[E],
    changes: Mapping[str, Any],
    *,
    when: When | None = None,
) -> Steps[E]:
    """Change some fields of a stored entity.

    One request, unless an index attribute depends on a field that is neither given nor in
    *target*: then one read more.

    Args:
        schema: where it is.
        target: the entity, whose revision must then be the stored one, or a ref.
        changes: field -> a literal, or a change such as `increment(1)`.
        when: field -> what it must be in the stored entity, or `any_of` and the like.

    Returns:
        The entity as it is stored now.

    Raises:
        ConditionFailed: *when* does not hold, or there is no such entity, or it is expired.
        RevisionConflict: somebody else wrote it since *target* was read.
        RequestError: a field cannot be changed, or not like this.
    """
    codec, key = located(schema, target)
    now = yield from moment(codec)
    asked = conditions_of(codec, when) + unexpired(now)
    if not isinstance(target, Ref):
        asked += revision_guard(codec, target)
    checked = checked_changes(codec, changes)
    planned = Update(
        codec, key, _identity(codec, target), checked, asked, needed_fields(codec, checked)
    )
    known = yield from _known(schema, planned, target)
    for _ in range(ATTEMPTS):
        request = _request(schema, planned, known)
        try:
            item = yield from request
        except ConditionFailed as failure:
            stored: Any = failure.stored
            if stored is None:
                raise conflict_of(codec, key, failure, target, now) from failure
            found = Known.of_item(codec, stored, planned.needed)
            if found.guard == known.guard:  # what failed is what the caller asked for
                raise conflict_of(codec, key, failure, target, now) from failure
            known = found
        else:
            changed: E = codec.decode(item)
            return changed
    raise ConditionFailed(key, codec.decode(stored))


def checked_changes(codec: Codec, changes: Mapping[str, Any]) -> dict[str, Change]:
    """The changes, complete with where increments and appends start.

    Raises:
        UnknownField: a keyword names no field.
        RequestError: a field cannot be changed, or not like this.
    """
    spec = codec.spec
    spec.check_fields(changes)
    if not changes:
        raise RequestError(f"an update of {spec} changes no field; name at least one")
    for name in changes:
        if name in spec.primary.fields:
            raise RequestError(
                f"{spec}.{name} is part of the primary key; write a new entity and delete this one"
            )
        if name == spec.version:
            raise RequestError(f"{spec}.{name} counts the writes by itself; leave it out")
    checked = {name: _checked(codec, name, as_change(value)) for name, value in changes.items()}
    if spec.version is not None:
        checked[spec.version] = Increment({"N": "1"}, {"N": "0"})
    return checked


def needed_fields(codec: Codec, changes: Mapping[str, Change]) -> tuple[str, ...]:
    """Fields whose values the changed index attributes depend on and the changes do not tell."""
    told = {name for name, change in changes.items() if isinstance(change, SetTo | Unset)}
    told |= set(codec.spec.primary.fields)
    wanted: dict[str, None] = {}
    for placement in codec.secondary:
        for fields in _attribute_fields(placement).values():
            if not changes.keys().isdisjoint(fields):
                wanted |= dict.fromkeys(fields)
    return tuple(name for name in wanted if name not in told)


def _checked(codec: Codec, name: str, change: Change) -> Change:
    match change:
        case Increment(by, _):
            if is_choice(codec.spec.types[name]):
                raise RequestError(
                    f"{codec.spec}.{name} is one of a few values, not a number to increment"
                )
            return Increment(_operand(codec, name, by, "N"), _start(codec, name, {"N": "0"}))
        case Append(values, _):
            return Append(_operand(codec, name, values, "L"), _start(codec, name, {"L": []}))
        case Prepend(values, _):
            return Prepend(_operand(codec, name, values, "L"), _start(codec, name, {"L": []}))
        case Add(members):
            return Add(_members(codec, name, members))
        case Discard(members):
            return Discard(_members(codec, name, members))
        case Unset():
            codec.default(name)
            return change
        case SetTo(value):
            codec.value(name, value)
            return change


def _operand(codec: Codec, name: str, operand: Any, kind: str) -> AttributeValue:
    encoded = codec.value(name, operand)
    if kind not in encoded:
        needs = "a number to increment" if kind == "N" else "a list to append to"
        raise RequestError(f"{codec.spec}.{name} is not {needs}")
    return encoded


def _members(codec: Codec, name: str, members: Any) -> AttributeValue:
    """Members of a set as the field holds them."""
    if not codec.is_set(name):
        raise RequestError(
            f"{codec.spec}.{name} is no set that members are added to or removed from"
        )
    if not members:
        raise RequestError(f"{codec.spec}.{name}: name the members, one at least")
    kind = plain_type(codec.spec.types[name])
    try:
        some = (get_origin(kind) or kind)(members)
    except TypeError as error:
        raise RequestError(f"{codec.spec}.{name} cannot hold {shown(members)}: {error}") from error
    return codec.value(name, some)


def _start(codec: Codec, name: str, otherwise: AttributeValue) -> AttributeValue:
    """Where a change starts while the field is not stored: its default, or else nothing."""
    if not codec.has_default(name) or (default := codec.default(name)) is None:
        return otherwise
    return codec.value(name, default)


def _attribute_fields(placement: Placement) -> dict[str, tuple[str, ...]]:
    """Key attribute of an index -> the fields it depends on."""
    templates = zip(placement.index.ranges, placement.ranges, strict=True)
    ranges = {name: () if template is None else template.fields for name, template in templates}
    return {
        placement.index.hash: (*placement.pattern.hash.fields, *placement.pattern.when),
        **ranges,
    }


def _known(schema: Schema, planned: Update, target: object) -> Steps[Known]:
    """Values of the needed fields: those of the entity at hand, or read for the purpose."""
    if not planned.needed:
        return Known({}, ())
    if not isinstance(target, Ref):
        return Known.of_entity(planned.codec, target, planned.needed)
    item = yield from GetItem(schema.table.name, planned.key, consistent=True)
    if item is None:
        raise ConditionFailed(planned.key)
    return Known.of_item(planned.codec, item, planned.needed)


def _equal(attribute: AttributeValue | None) -> Predicate:
    return Absent() if attribute is None else Equal(attribute)


def _identity(codec: Codec, target: object) -> dict[str, Any]:
    if isinstance(target, Ref):
        return dict(target.values)
    return {name: getattr(target, name) for name in codec.spec.primary.fields}


def _request(schema: Schema, planned: Update, known: Known) -> UpdateItem:
    codec = planned.codec
    after = _after(planned, known.values)
    changes = {
        name: _written(codec, name, change, after) for name, change in planned.changes.items()
    }
    for placement in codec.secondary:
        changes |= _index_changes(placement, planned.changes, after, schema.prefix)
    if codec.spec.expires in changes:
        changes[TTL] = _expiry_change(after[codec.spec.expires])
    exists: Conditions = (("PK", Present()),)
    conditions = exists + planned.asked + known.guard
    return UpdateItem(schema.table.name, planned.key, changes, conditions)


def _after(planned: Update, known: Mapping[str, Any]) -> dict[str, Any]:
    """Values of fields once the update is done, as far as they are known."""
    after = {**planned.identity, **known}
    for name, change in planned.changes.items():
        match change:
            case SetTo(value):
                after[name] = value
            case Unset():
                after[name] = planned.codec.default(name)
            case Increment(by, start) if name in known:
                decode = planned.codec.hooks[name].decode
                after[name] = _sum(
                    decode(start) if known[name] is None else known[name], decode(by)
                )
            case Append(values, start) if name in known:
                decode = planned.codec.hooks[name].decode
                before = decode(start) if known[name] is None else known[name]
                after[name] = before + decode(values)
            case Prepend(values, start) if name in known:
                decode = planned.codec.hooks[name].decode
                before = decode(start) if known[name] is None else known[name]
                after[name] = decode(values) + before
            case Add(members) if name in known:
                after[name] = (known[name] or set()) | planned.codec.hooks[name].decode(members)
            case Discard(members) if name in known:
                after[name] = (known[name] or set()) - planned.codec.hooks[name].decode(members)
            case _:
                pass  # what the server adds to is not known, and no index attribute needs it
    return after


def _sum(before: Any, by: Any) -> Any:
    return EXACT.add(before, by) if isinstance(before, Decimal) else before + by


def _written(codec: Codec, name: str, change: Change, after: Mapping[str, Any]) -> Change:
    """A change as it is sent. A field becomes its default by value, so that filters still see it."""
    if name not in after:
        return change
    attribute = codec.attribute(name, after[name])
    return Unset() if attribute is None else SetTo(attribute)


def _index_changes(
    placement: Placement, changes: Mapping[str, Change], after: Mapping[str, Any], prefix: str
) -> dict[str, Change]:
    """The index attributes that depend on a changed field."""
    found: dict[str, Change] = {}
    for at, (attribute, fields) in enumerate(_attribute_fields(placement).items()):
        if changes.keys().isdisjoint(fields):
            continue
        text = (
            placement.hash_text(after, prefix) if at == 0 else placement.range_text(at - 1, after)
        )
        found[attribute] = Unset() if text is None else SetTo({"S": text})
    return found


def _expiry_change(moment: Any) -> Change:
    return Unset() if moment is None else SetTo(expiry(moment))
