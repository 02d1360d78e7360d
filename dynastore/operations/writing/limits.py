"""What one transaction holds at most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...capacity import item_bytes
from ...errors import RequestError
from ...requests import ACTIONS, TRANSACTION_BYTES, Action, Key, PutItem, key_of


def check_actions(actions: Sequence[Action], writes: int) -> None:
    """Refuse actions that one transaction does not hold.

    Args:
        actions: of the writes, then those of guards.
        writes: how many writes there are.

    Raises:
        RequestError: there are too many, two are about one item, or the items are too large.
    """
    check_keys([key_of(each) for each in actions], writes)
    size = sum(item_bytes(each.item) for each in actions if isinstance(each, PutItem))
    if size > TRANSACTION_BYTES:
        raise RequestError(
            f"the items are {size:,} bytes; one transaction holds {TRANSACTION_BYTES:,}. "
            "Make several of it."
        )


def check_keys(keys: Sequence[Key], writes: int) -> None:
    """Refuse too many actions, or two about one item.

    Args:
        keys: of what the actions are about; the first are those of the writes.
        writes: how many writes there are.

    Raises:
        RequestError: there are too many, or one is there twice.
    """
    if len(keys) > ACTIONS:
        guards = f" and {len(keys) - writes} guards of unique values" if writes < len(keys) else ""
        raise RequestError(
            f"{writes} writes{guards} are more than the {ACTIONS} actions of one transaction; "
            "make several of it"
        )
    twice, times = Counter(keys).most_common(1)[0]
    if times > 1:
        raise RequestError(
            f"two writes of one transaction are about {twice}; make one of them, "
            "and a Check the when= of the other"
        )
