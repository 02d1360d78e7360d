"""Terms -> DynamoDB expressions.

``(("age", Compare(">", {"N": "3"})),)`` becomes::

    {"ConditionExpression": "#0 > :0",
     "ExpressionAttributeNames": {"#0": "age"},
     "ExpressionAttributeValues": {":0": {"N": "3"}},
     "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}

Every name is aliased, because reserved words are everywhere. PynamoDB writes the text, which takes
it 15 to 46 µs; so a text is kept by its *shape* (names and operators), and a call only fills in
its values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from attrs import frozen
from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.operand import Path, Value
from pynamodb.expressions.projection import create_projection_expression
from pynamodb.expressions.update import (
    Action,
    AddAction,
    DeleteAction,
    RemoveAction,
    SetAction,
    Update,
)

from . import terms
from .changes import (
    Add,
    Append,
    Change,
    Discard,
    IfMissing,
    Increment,
    Prepend,
    SetTo,
    Unset,
)
from .changes import Path as Place
from .errors import RequestError
from .terms import ONE_OF_VALUES, Conditions, Predicate

TEXT_BYTES = 4 * 1024  # one expression, aliases included; DynamoDB quotas
SHAPES = 1_024  # texts kept, of some hundred bytes each; a program has few shapes

NULL = {"NULL": True}

Shape: TypeAlias = tuple[tuple[Any, ...], ...]
"""Of each term: the attribute's name, an operator, how many values the operator takes.

Of alternatives: ``("", "OR", shapes)``; an operator that is turned round or about a size has
``NOT`` or ``size`` before it.
"""


def condition(conditions: Conditions) -> dict[str, Any]:
    """The parameters that let a write happen only where all *conditions* hold; none without any.

    When one does not hold, the error brings the stored item with it.

    Raises:
        RequestError: over 4,096 bytes of text, or an `OneOf` without values or with over 100.
    """
    if not conditions:
        return {}
    shape, values = _split(conditions)
    return _condition(shape).filled(values)


def update(changes: Mapping[str | Place, Change], conditions: Conditions) -> dict[str, Any]:
    """The parameters of an UpdateItem: where -> change, made only where *conditions* hold.

    Raises:
        RequestError: as `condition`; changes and conditions are measured each for itself.
    """
    if not changes and not conditions:
        return {}
    changed, changed_values = _split(_by_clause(changes))
    shape, values = _split(conditions)
    return _update(changed, shape).filled(changed_values + values)


def scan(filters: Conditions, attributes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parameters that a Scan filters by and reduces its items to; none without any.

    Raises:
        RequestError: as `condition`.
    """
    if not filters and not attributes:
        return {}
    shape, values = _split(filters)
    return _scan(shape, attributes).filled(values)


def query(key: Conditions, filters: Conditions, attributes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parameters of a Query: key conditions, the hash attribute first, and what to filter by.

    Args:
        key: conditions on the key attributes.
        filters: conditions on other attributes.
        attributes: names of those that items are reduced to; none for all.

    Raises:
        RequestError: as `condition`; key and filter are measured each for itself.
    """
    key_shape, key_values = _split(key)
    shape, values = _split(filters)
    return _query(key_shape, shape, attributes).filled(key_values + values)


def search(key: Conditions, attributes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The parameters of a SearchVectors: what the search schema asks for, by equality.

    Args:
        key: conditions on the attributes of the search schema.
        attributes: names of those that items are reduced to; none for all.
    """
    shape, values = _split(key)
    return _search(shape, attributes).filled(values)


@frozen
class Template:
    """Expressions of one shape, without their values.

    Attributes:
        fixed: parameters that are the same in each use, texts among them.
        names: alias -> attribute name.
        placeholders: of the values, in the order in which `filled` takes them.
    """

    fixed: Mapping[str, Any]
    names: Mapping[str, str]
    placeholders: Sequence[str]

    def filled(self, values: Sequence[Any]) -> dict[str, Any]:
        """The parameters of a call with these attribute values."""
        parameters = {**self.fixed, "ExpressionAttributeNames": {**self.names}}
        if values:
            filled = dict(zip(self.placeholders, values, strict=True))
            parameters["ExpressionAttributeValues"] = filled
        return parameters


# Of each term: its operator, and its values in the order in which its text has them. A table of
# functions, because `match` takes four times as long and every request passes here.
_PARTS: dict[type[Predicate | Change], Callable[[Any], tuple[str, Sequence[Any]]]] = {
    terms.Equal: lambda term: ("=", (term.value,)),
    terms.Compare: lambda term: (term.operator, (term.value,)),
    terms.Between: lambda term: ("BETWEEN", (term.low, term.high)),
    terms.BeginsWith: lambda term: ("begins_with", (term.text,)),
    terms.OneOf: lambda term: ("IN", term.values),
    terms.IsNone: lambda _: ("is none", (NULL,)),
    terms.Present: lambda _: ("attribute_exists", ()),
    terms.Absent: lambda _: ("attribute_not_exists", ()),
    terms.Contains: lambda term: ("contains", (term.value,)),
    terms.SizeOf: lambda term: _prefixed("size", term.test),
    terms.Not: lambda term: _prefixed("NOT", term.test),
    SetTo: lambda term: ("=", (term.value,)),
    IfMissing: lambda term: ("if_not_exists", (term.value,)),
    Increment: lambda term: ("+", _started(term.start, term.by)),
    Append: lambda term: ("list_append", _started(term.start, term.values)),
    Prepend: lambda term: ("prepend", _started(term.values, term.start)),
    Add: lambda term: ("ADD", (term.members,)),
    Discard: lambda term: ("DELETE", (term.members,)),
    Unset: lambda _: ("REMOVE", ()),
}


def _prefixed(prefix: str, term: Predicate) -> tuple[str, Sequence[Any]]:
    operator, values = _PARTS[type(term)](term)
    return f"{prefix} {operator}", values


def _started(*values: Any) -> tuple[Any, ...]:
    return tuple(value for value in values if value is not None)


# The clauses of an update expression, in the order in which PynamoDB writes them and their values.
_CLAUSES: dict[type[Change], int] = {Add: 1, Discard: 2}


def _by_clause(changes: Mapping[str | Place, Change]) -> list[tuple[str | Place, Change]]:
    return sorted(changes.items(), key=lambda each: _CLAUSES.get(type(each[1]), 0))


def _split(
    named: Iterable[tuple[str | Place, Predicate | Change] | terms.AnyOf],
) -> tuple[Shape, list[Any]]:
    """What is alike in all uses of some terms, and the values of this use."""
    shape: list[tuple[Any, ...]] = []
    values: list[Any] = []
    for each in named:
        if isinstance(each, terms.AnyOf):
            alternatives = [_split(conditions) for conditions in each.alternatives]
            shape.append(("", "OR", tuple(shape for shape, _ in alternatives)))
            values += (value for _, held in alternatives for value in held)
            continue
        name, term = each
        operator, held = _PARTS[type(term)](term)
        shape.append((name, operator, len(held)))
        values += held
    return tuple(shape), values


_CONDITIONS: dict[str, Callable[[Any, Sequence[Value]], Condition]] = {
    "=": lambda path, values: path == values[0],
    "<": lambda path, values: path < values[0],
    "<=": lambda path, values: path <= values[0],
    ">": lambda path, values: path > values[0],
    ">=": lambda path, values: path >= values[0],
    "BETWEEN": lambda path, values: path.between(*values),
    "begins_with": lambda path, _: path.startswith(""),
    "IN": lambda path, values: path.is_in(*values),
    "contains": lambda path, _: path.contains(""),
    "attribute_exists": lambda path, _: path.exists(),
    "attribute_not_exists": lambda path, _: path.does_not_exist(),
}


@lru_cache(SHAPES)
def _condition(shape: Shape) -> Template:
    return _Text().conditions("ConditionExpression", shape).returning_stored().template()


@lru_cache(SHAPES)
def _update(changes: Shape, conditions: Shape) -> Template:
    text = _Text().changes(changes)
    if conditions:
        text.conditions("ConditionExpression", conditions).returning_stored()
    return text.template()


@lru_cache(SHAPES)
def _scan(filters: Shape, attributes: tuple[str, ...]) -> Template:
    text = _Text()
    if filters:
        text.conditions("FilterExpression", filters)
    if attributes:
        text.projection(attributes)
    return text.template()


@lru_cache(SHAPES)
def _search(key: Shape, attributes: tuple[str, ...]) -> Template:
    text = _Text().conditions("SearchConditionExpression", key)
    if attributes:
        text.projection(attributes)
    return text.template()


@lru_cache(SHAPES)
def _query(key: Shape, filters: Shape, attributes: tuple[str, ...]) -> Template:
    text = _Text().conditions("KeyConditionExpression", key)
    if filters:
        text.conditions("FilterExpression", filters)
    if attributes:
        text.projection(attributes)
    return text.template()


@frozen
class _Joined:
    """Part of an expression.

    PynamoDB's And and Or put each pair in parentheses, and DynamoDB refuses redundant ones. So they
    are joined here, with parentheses only where OR stands beside AND or behind NOT.
    """

    text: str
    is_or: bool = False

    @property
    def beside_and(self) -> str:
        return f"({self.text})" if self.is_or else self.text


class _Text:
    """Expressions under construction: they share names and values.

    PynamoDB gets stand-ins: for a name its number, since it would read ``a.b`` and ``a[0]`` as
    paths; for a value an empty one of a type that its checks let pass.
    """

    def __init__(self) -> None:
        self._fixed: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def conditions(self, parameter: str, shape: Shape) -> _Text:
        """Add an expression that holds where all of *shape* does."""
        return self._keep(parameter, self._all_of(shape).text)

    def projection(self, attributes: Sequence[str]) -> _Text:
        """Reduce items to some attributes."""
        paths = [
            create_projection_expression([self._path(name)], self._aliases) for name in attributes
        ]
        return self._keep("ProjectionExpression", ", ".join(paths))

    def changes(self, shape: Shape) -> _Text:
        """Add an update expression."""
        actions = [self._action(*each) for each in shape]
        return self._keep("UpdateExpression", self._rendered(Update(*actions)))

    def returning_stored(self) -> _Text:
        """Ask for the stored item where a condition does not hold."""
        self._fixed["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        return self

    def template(self) -> Template:
        """What was built."""
        names = {number: name for name, number in self._numbers.items()}
        aliases = {alias: names[number] for number, alias in self._aliases.items()}
        return Template(self._fixed, aliases, tuple(self._values))

    def _all_of(self, shape: Shape) -> _Joined:
        parts = [self._one(*each) for each in shape]
        if len(parts) == 1:
            return parts[0]
        return _Joined(" AND ".join(part.beside_and for part in parts))

    def _one(self, name: str, operator: str, held: Any) -> _Joined:
        if operator == "OR":
            return self._any_of([self._all_of(each) for each in held])
        if operator == "is none":
            absent = self._condition(name, "attribute_not_exists", 0)
            return self._any_of([_Joined(absent), _Joined(self._condition(name, "=", held))])
        if operator.startswith("NOT "):
            return _Joined(f"NOT {self._one(name, operator[4:], held).beside_and}")
        return _Joined(self._condition(name, operator, held))

    def _any_of(self, parts: Sequence[_Joined]) -> _Joined:
        assert parts, "what nothing can fulfil has no text, and would be sent as no condition"
        return _Joined(" OR ".join(part.text for part in parts), is_or=True)

    def _condition(self, name: str, operator: str, count: int) -> str:
        if operator == "IN" and not 1 <= count <= ONE_OF_VALUES:
            raise RequestError(
                f"{name} is compared with {count} values; DynamoDB takes 1 to {ONE_OF_VALUES}. "
                "Split the call."
            )
        path: Any = self._path(name)
        if operator.startswith("size "):
            counted: Any = size(path)  # type: ignore[no-untyped-call]
            made = _CONDITIONS[operator[5:]](counted, [Value({"N": "0"})] * count)
        else:
            made = _CONDITIONS[operator](path, [Value({"S": ""})] * count)
        return self._rendered(made)

    def _action(self, name: str | Place, operator: str, count: int) -> Action:
        path = self._path(name)
        match operator:
            case "REMOVE":
                return RemoveAction(path)
            case "if_not_exists":
                return SetAction(path, path | Value({"S": ""}))
            case "+":
                *start, by = [Value({"N": "0"})] * count
                return SetAction(path, (path | start[0] if start else path) + by)
            case "list_append":
                *start, added = [Value({"L": []})] * count
                return SetAction(path, (path | start[0] if start else path).append(added))
            case "prepend":
                added, *start = [Value({"L": []})] * count
                return SetAction(path, added.append(path | start[0] if start else path))
            case "ADD":
                return AddAction(path, Value({"SS": [""]}))
            case "DELETE":
                return DeleteAction(path, Value({"SS": [""]}))
            case _:
                return SetAction(path, Value({"S": ""}))

    def _path(self, place: str | Place) -> Path:
        first, *inner = (place,) if isinstance(place, str) else place
        path = Path([self._number(first)])
        for each in inner:
            path = path[each if isinstance(each, int) else self._number(each)]
        return path

    def _number(self, name: str | int) -> str:
        return self._numbers.setdefault(str(name), str(len(self._numbers)))

    def _rendered(self, expression: Condition | Update) -> str:
        return expression.serialize(self._aliases, self._values) or ""

    def _keep(self, parameter: str, text: str) -> _Text:
        if len(text) > TEXT_BYTES:
            raise RequestError(
                f"{parameter} would be {len(text):,} bytes; DynamoDB takes {TEXT_BYTES:,}. "
                "Use fewer terms, or fewer values in one_of()."
            )
        if text:
            self._fixed[parameter] = text
        return self
