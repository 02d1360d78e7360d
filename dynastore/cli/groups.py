"""Options that several commands take alike, as one value: the fields of an attrs class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints

from attrs import NOTHING, fields, has


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """A command some of whose parameters are attrs classes, with a parameter for each of their fields.

    Typer makes an argument or an option of each:

        @frozen
        class Pace:
            segments: Segments = 1
            units_per_second: Rate = None

        @grouped
        def verify(schema: SchemaName, pace: Pace) -> None: ...
        # dynastore verify SCHEMA --segments 8
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: hint for name, hint in hints.items() if has(hint)}

    def called(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        command(**given)

    parameters = [
        each
        for name, parameter in signature(command).parameters.items()
        for each in (
            _fields(groups[name])
            if name in groups
            else [_parameter(name, hints[name], parameter.default)]
        )
    ]
    called.__name__, called.__doc__ = command.__name__, command.__doc__
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    called.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return called


def _fields(group: type[Any]) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for each in fields(group):
        default = Parameter.empty if each.default is NOTHING else each.default
        yield _parameter(each.name, hints[each.name], default)


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)
