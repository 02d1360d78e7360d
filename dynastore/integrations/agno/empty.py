"""Empty ids: nothing has one. What looks for one finds nothing, as in Agno's SQL databases."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Any

from ...requests import Steps

# Methods that name what is there. Others save something, and what has no id is refused.
NAMING = ("get_", "list_", "load_", "delete_", "restore_")
NOTHING: dict[str, Callable[[], Any]] = {"bool": bool, "int": int, "list": list}


def found_by_ids(steps: Callable[..., Any]) -> Callable[..., Any]:
    """Steps that look for no empty id: by one alone they find nothing, among others it is left out.

    An id is what has to be given, except for a user's: an empty one is a user's like any other.
    """
    if not steps.__name__.startswith(NAMING):
        return steps
    _, *parameters = signature(steps).parameters.values()
    names = [each.name for each in parameters]
    ids = [each.name for each in parameters if _is_id(each)]
    nothing = _nothing(steps)

    @wraps(steps)
    def call(self: Any, *args: Any, **named: Any) -> Steps[Any]:
        given = dict(**dict(zip(names, args, strict=False)), **named)
        for name in ids:
            value = given.get(name)
            if value == "":
                return nothing()
            if isinstance(value, list | set) and "" in value:
                given[name] = type(value)(each for each in value if each != "")
        return (yield from steps(self, *args[len(names) :], **given))

    return call


def _is_id(parameter: Parameter) -> bool:
    return parameter.default is Parameter.empty and parameter.name != "user_id"


def _nothing(steps: Callable[..., Any]) -> Callable[[], Any]:
    """What makes the answer that nothing was found."""
    returned = str(steps.__annotations__.get("return")).removeprefix("Steps[")
    return next((made for kind, made in NOTHING.items() if returned.startswith(kind)), _none)


def _none() -> None:
    return None
