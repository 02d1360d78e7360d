"""What all errors are, and how values are shown in their messages."""

from __future__ import annotations

from typing import Any

SHOWN_CHARACTERS = 200  # of a value in a message; a field may hold 400 KB


def shown(value: object) -> str:
    """A value as a message shows it: its repr, shortened."""
    try:
        text = repr(value)
    except ValueError:  # an int of more than 4,300 digits has none
        return f"an {type(value).__name__} of too many digits"
    except RecursionError:
        return f"{type(value).__name__}(…), nested too deeply to be shown"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


class DynastoreError(Exception):
    """Base of everything this package raises on purpose.

    It can be copied and pickled, as it is where work is spread over processes.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # By default a class is called with .args, the message, in place of what it takes.
        return _made_again, (type(self), self.args), vars(self)


def _made_again(cls: type[DynastoreError], args: tuple[Any, ...]) -> DynastoreError:
    return cls.__new__(cls, *args)
