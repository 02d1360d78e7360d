"""Changes of parts of attributes, as DynamoDB makes them: all see the item as it was before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, TypeAlias

from ..changes import Path
from ..errors import RequestError
from ..values.attributes import AttributeMap, AttributeValue

Edit: TypeAlias = Callable[[AttributeValue | None], AttributeValue | None]
"""What becomes of a value, None being nothing stored."""


def inside(item: Mapping[str, AttributeValue], edits: Sequence[tuple[Path, Edit]]) -> AttributeMap:
    """The attributes that change, whole.

    Args:
        item: as it is stored.
        edits: path -> what becomes of what is there.

    Raises:
        RequestError: a path leads through what is not there.
    """
    changed = {name: deepcopy(item[name]) for name in {str(p[0]) for p, _ in edits} if name in item}
    removed: list[tuple[list[Any], int]] = []
    for path, edit in sorted(edits, key=_places):
        holder = _holder(changed, path)
        last = path[-1]
        if isinstance(holder, list):
            assert isinstance(last, int), "_holder() has seen to it"
            _edit_element(holder, last, edit, removed)
        elif (value := edit(holder.get(last))) is None:
            holder.pop(last, None)
        else:
            holder[last] = value
    for elements, place in sorted(removed, key=lambda each: each[1], reverse=True):
        del elements[place]  # from the end, because places are those of before
    return changed


def _places(edit: tuple[Path, Edit]) -> list[tuple[bool, str | int]]:
    """Sorts edits: what is set behind the end of a list is appended in the order of its places.

    Source: DynamoDB Developer Guide, "Update expressions".
    """
    path, _ = edit
    return [(type(each) is str, each) for each in path]


def shown_path(path: Path) -> str:
    """A path as a person writes it: ``steps[0].done``."""
    first, *inner = path
    return str(first) + "".join(f"[{e}]" if isinstance(e, int) else f".{e}" for e in inner)


def _holder(attributes: AttributeMap, path: Path) -> Any:
    """The map or list that the last part of a path is in."""
    first, *inner = path
    held: Any = attributes.get(str(first))
    for part in inner[:-1]:
        held = _part(path, held, part)
    kind = "L" if isinstance(path[-1], int) else "M"
    if held is None or kind not in held:
        raise _nowhere(path)
    return held[kind]


def _part(path: Path, held: Any, part: str | int) -> Any:
    kind = "L" if isinstance(part, int) else "M"
    if held is None or kind not in held:
        raise _nowhere(path)
    if isinstance(part, int):
        return held["L"][part] if part < len(held["L"]) else None
    return held["M"].get(part)


def _edit_element(
    elements: list[Any], place: int, edit: Edit, removed: list[tuple[list[Any], int]]
) -> None:
    """A place after the end is the end."""
    value = edit(elements[place] if place < len(elements) else None)
    if value is None:
        removed += [(elements, place)] if place < len(elements) else []
    elif place < len(elements):
        elements[place] = value
    else:
        elements.append(value)


def _nowhere(path: Path) -> RequestError:
    return RequestError(
        f"there is nothing at {shown_path(path[:-1])} that {shown_path(path)} could be in; "
        "set it as a whole first"
    )
