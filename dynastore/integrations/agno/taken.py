"""What is taken already, as Agno's service knows it: it asks whether an error is SQLAlchemy's.

It is imported where something is taken, and SQLAlchemy is there, as it is wherever that service runs.
"""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError

from ...errors import AlreadyExists, NotUnique


class KeyTaken(AlreadyExists, IntegrityError):
    """`AlreadyExists`, of which the service makes a 409."""

    __str__ = AlreadyExists.__str__


class ValueTaken(NotUnique, IntegrityError):
    """`NotUnique`, of which the service makes a 409."""

    __str__ = NotUnique.__str__


def taken(error: AlreadyExists) -> AlreadyExists:
    """The same error, known to the service."""
    kind: type[KeyTaken | ValueTaken] = ValueTaken if isinstance(error, NotUnique) else KeyTaken
    made = kind.__new__(kind, *error.args)
    vars(made).update(vars(error))
    return made
