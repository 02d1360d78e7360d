"""The text of DynamoDB expressions, of what their terms have in common.

``(("age", ">", 1),)`` becomes ``#0 > :0``, where ``#0`` is ``age`` and ``:0`` any value. PynamoDB
writes it. Every name is aliased, because reserved words are everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

from ..changes import Path as Place
from ..errors import RequestError
from ..terms import ONE_OF_VALUES

TEXT_BYTES = 4 * 1024  # one expression, aliases included; DynamoDB quotas

Shape: TypeAlias = tuple[tuple[Any, ...], ...]
"""Of each term: the attribute's name, an operator, how many values the operator takes.

Of alternatives: ``("", "OR", shapes)``; an operator that is turned round or about a size has
``NOT`` or ``size`` before it.
"""


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


class Text:
    """Expressions under construction: they share names and values.

    PynamoDB gets stand-ins: for a name its number, since it would read ``a.b`` and ``a[0]`` as
    paths; for a value an empty one of a type that its checks let pass.
    """

    def __init__(self) -> None:
        self._fixed: dict[str, str] = {}
        self._numbers: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        self._values: dict[str, Any] = {}

    def conditions(self, parameter: str, shape: Shape) -> Text:
        """Add an expression that holds where all of *shape* does."""
        return self._keep(parameter, self._all_of(shape).text)

    def projection(self, attributes: Sequence[str]) -> Text:
        """Reduce items to some attributes."""
        paths = [
            create_projection_expression([self._path(name)], self._aliases) for name in attributes
        ]
        return self._keep("ProjectionExpression", ", ".join(paths))

    def changes(self, shape: Shape) -> Text:
        """Add an update expression."""
        actions = [self._action(*each) for each in shape]
        return self._keep("UpdateExpression", self._rendered(Update(*actions)))

    def returning_stored(self) -> Text:
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

    def _keep(self, parameter: str, text: str) -> Text:
        if len(text) > TEXT_BYTES:
            raise RequestError(
                f"{parameter} would be {len(text):,} bytes; DynamoDB takes {TEXT_BYTES:,}. "
                "Use fewer terms, or fewer values in one_of()."
            )
        if text:
            self._fixed[parameter] = text
        return self
