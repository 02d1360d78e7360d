"""The schema as a diagram: entities in their partitions, and arrows to the indexes that they are in.

    Described -> Diagram, of boxes with places and sizes -> SVG, by a template

The partitions are at the left, and at the right as well where there are many; the indexes are in the
middle of them, a line for each partition key that patterns have there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from attrs import frozen

from .describing import Collection, Described, Entity

# All in pixels of a screen; letters are as wide as a monospaced font of 11 pixels has them.
WIDTH, INDEX_WIDTH, GAP, MARGIN = 265, 250, 100, 12
TITLE, BOX, SLOT, SPACE = 26, 42, 24, 16
LETTER = 6.7
FEW = 6  # entities that are in one column
COLOURS = 6  # of arrows, in the page's style


@frozen
class Text:
    """A text that fits into its box.

    Attributes:
        shown: shortened.
        whole: all of it.
    """

    shown: str
    whole: str

    @classmethod
    def fitting(cls, text: str, width: float) -> Text:
        """A text, shortened to a width in pixels."""
        most = int((width - 24) / LETTER)
        return cls(text if len(text) <= most else f"{text[: most - 1]}…", text)


@frozen
class Arrow:
    """From an entity to a line of an index.

    Attributes:
        start: x and y.
        end: x and y.
        bend: how far its curve leaves the straight line, to the right.
        colour: number of it.
        label: name of the access pattern.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    bend: float
    colour: int
    label: str


@frozen
class Box:
    """An entity; *y* is that of its upper edge, and *sort* the template of its sort key."""

    y: float
    name: str
    sort: Text
    arrows: Sequence[Arrow]


@frozen
class Group:
    """A partition and the entities in it; *x* and *y* are those of its upper left corner."""

    x: float
    y: float
    height: float
    partition: Text
    boxes: Sequence[Box]


@frozen
class Slot:
    """A line of an index: a template of partition keys."""

    y: float
    partition: Text


@frozen
class IndexBox:
    """An index and its lines."""

    x: float
    y: float
    height: float
    name: str
    colour: int
    slots: Sequence[Slot]


@frozen
class Diagram:
    """All of it, with the size of the drawing."""

    width: float
    height: float
    groups: Sequence[Group]
    indexes: Sequence[IndexBox]


def diagram(described: Described) -> Diagram:
    """Where everything is drawn."""
    left, right = _sides(described.collections)
    lefts, rights = _column(left, MARGIN), _column(right, MARGIN + WIDTH + INDEX_WIDTH + 2 * GAP)
    placed = {**lefts, **rights}
    height = max((y + _height(each) for each, (_, y) in placed.items()), default=0.0) + MARGIN
    indexes = _indexes(described, placed, height)
    groups = [_group(each, place, indexes) for each, place in placed.items()]
    last = max([each.y + each.height for each in indexes], default=0.0) + MARGIN
    edge = [x + WIDTH for x, _ in placed.values()] + [each.x + INDEX_WIDTH for each in indexes]
    return Diagram(max(edge, default=0.0) + MARGIN, max(height, last), groups, indexes)


def _sides(collections: Sequence[Collection]) -> tuple[list[Collection], list[Collection]]:
    """The partitions of the left column and of the right one, about as high as each other."""
    if sum(len(each.entities) for each in collections) <= FEW:
        return list(collections), []
    half, height = sum(map(_height, collections)) / 2, 0.0
    left: list[Collection] = []
    for each in collections:
        if height >= half:
            break
        left.append(each)
        height += _height(each)
    return left, list(collections[len(left) :])


def _height(collection: Collection) -> float:
    return TITLE + len(collection.entities) * (BOX + 6) + 4


def _column(collections: Iterable[Collection], x: float) -> dict[Collection, tuple[float, float]]:
    found, y = {}, float(MARGIN)
    for each in collections:
        found[each] = (x, y)
        y += _height(each) + SPACE
    return found


def _box_y(collection: Collection, y: float, entity: Entity) -> float:
    return y + TITLE + collection.entities.index(entity) * (BOX + 6)


def _indexes(
    described: Described, placed: Mapping[Collection, tuple[float, float]], height: float
) -> list[IndexBox]:
    """The indexes from top to bottom; a line is near the entities that it is of."""
    lines: dict[str, dict[str, list[float]]] = {}
    for collection, (_, y) in placed.items():
        for entity in collection.entities:
            for key in entity.keys[1:]:
                line = lines.setdefault(key.index.name or "", {})
                line.setdefault(_partition(key.texts), []).append(_box_y(collection, y, entity))
    names = [index.name or "" for index in described.table.indexes if index.name in lines]
    free = height - sum(_index_height(lines[name]) for name in names)
    space = max(float(SPACE), free / (len(names) + 1))
    y, found = float(MARGIN) if space == SPACE else space, []
    for number, name in enumerate(names):
        box = _index(name, lines[name], y, number % COLOURS)
        found.append(box)
        y += box.height + space
    return found


def _index(name: str, lines: Mapping[str, Sequence[float]], y: float, colour: int) -> IndexBox:
    """An index whose upper edge is at *y*; a line has the places of the entities that it is of."""
    ordered = sorted(lines, key=lambda text: mean(lines[text]))
    slots = [
        Slot(y + TITLE + at * SLOT, Text.fitting(text, INDEX_WIDTH))
        for at, text in enumerate(ordered)
    ]
    return IndexBox(MARGIN + WIDTH + GAP, y, _index_height(lines), name, colour, slots)


def _index_height(lines: Mapping[str, object]) -> float:
    return TITLE + len(lines) * SLOT + 6


def _partition(texts: Mapping[str, str]) -> str:
    return next(iter(texts.values()))


def _group(
    collection: Collection, place: tuple[float, float], indexes: Sequence[IndexBox]
) -> Group:
    x, y = place
    boxes = []
    for entity in collection.entities:
        top = _box_y(collection, y, entity)
        sort = Text.fitting(entity.spec.primary.sort.text, WIDTH)
        boxes.append(Box(top, entity.name, sort, _arrows(entity, x, top, indexes)))
    partition = Text.fitting(collection.partition, WIDTH)
    return Group(x, y, _height(collection), partition, boxes)


def _arrows(entity: Entity, x: float, top: float, indexes: Sequence[IndexBox]) -> list[Arrow]:
    found = []
    for number, key in enumerate(entity.keys[1:], start=1):
        index = next(each for each in indexes if each.name == key.index.name)
        slot = next(s for s in index.slots if s.partition.whole == _partition(key.texts))
        is_left = x < index.x
        start = (x + WIDTH - 6 if is_left else x + 6, top + number * BOX / len(entity.keys))
        end = (index.x if is_left else index.x + INDEX_WIDTH, slot.y + SLOT / 2)
        bend = GAP * (0.55 if is_left else -0.55)
        found.append(Arrow(start, end, bend, index.colour, f"{entity.name}.{key.pattern}"))
    return found
