"""Actions of the embedded engine: what a put, an update, a delete or a check does to one item.

An action is compiled before the database is locked, which checks what it is given. Then it looks at
the stored item, and only then is anything written, so that several of them can happen together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from ..errors import ConditionFailed, RequestError
from ..expressions.changing import changer
from ..expressions.matching import Matches, matcher
from ..requests import Action, ConditionCheck, DeleteItem, Key, PutItem, UpdateItem
from ..table import PRIMARY
from ..values.wire_values import kept_item
from .layout import Layout, check_key, loaded
from .metering import Image

Change: TypeAlias = Callable[[Image | None], Image | None]
"""What a write makes of the stored item, None being no item."""


@frozen
class Effect:
    """What one action does to one stored item.

    Attributes:
        layout: the table.
        before: the item as it is, or None.
        after: the item as it will be, or None.
    """

    layout: Layout
    before: Image | None
    after: Image | None

    def store(self, connection: sqlite3.Connection) -> None:
        """Write it."""
        if self.after is not None:
            connection.execute(self.layout.put, self.layout.row(self.after))
        elif self.before is not None:
            item = self.before.item
            connection.execute(self.layout.delete, (item["PK"]["S"], item["SK"]["S"]))


@frozen
class Compiled:
    """An action, checked and ready to be tried on the stored item.

    Attributes:
        layout: the table.
        key: of the item.
        allows: whether the conditions hold of it; a missing item is an empty one.
        change: what becomes of it.
    """

    layout: Layout
    key: Key
    allows: Matches
    change: Change

    @classmethod
    def of(cls, layout: Layout, action: Action) -> Compiled:
        """An action on a table.

        Raises:
            RequestError: DynamoDB would refuse it, whatever is stored.
            ItemTooLarge: it puts an item of over 400 KB.
        """
        action.parameters()  # which DynamoDB would refuse where an expression is too long
        if isinstance(action, PutItem):
            image = layout.image(kept_item(action.item))
            key = Key.of(image.item)
            return cls(layout, key, matcher(action.conditions), lambda before: image)
        check_key(action.key)
        return cls(layout, action.key, matcher(action.conditions), _change(layout, action))

    def effect(self, connection: sqlite3.Connection) -> Effect:
        """What it does to the item that is stored now; nothing is written yet.

        Raises:
            ConditionFailed: a condition does not hold; its ``stored`` is the stored item.
            RequestError: the stored item does not allow the change.
        """
        before = stored(connection, self.layout, self.key)
        if not self.allows(before.item if before else {}):
            raise ConditionFailed(self.key, before and before.item)
        return Effect(self.layout, before, self.change(before))


def stored(connection: sqlite3.Connection, layout: Layout, key: Key) -> Image | None:
    """The item of a key as it is stored now, or None."""
    row = connection.execute(layout.get, (key.pk, key.sk)).fetchone()
    return Image(loaded(row[1]), row[0]) if row else None


def _change(layout: Layout, action: UpdateItem | DeleteItem | ConditionCheck) -> Change:
    match action:
        case DeleteItem():
            return lambda before: None
        case ConditionCheck():
            return lambda before: before
    if not action.changes.keys().isdisjoint(PRIMARY.attributes):
        raise RequestError("PK and SK cannot be changed; put a new item and delete the old one")
    changed = changer(action.changes)
    return lambda before: layout.image(changed(before.item if before else action.key.attributes))
