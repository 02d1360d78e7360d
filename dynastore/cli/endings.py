"""How commands end: the exit status, and what is said of what went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from ..errors import DynastoreError, RequestError
from .rounds import Stopped

# Exit status: something failed; the call is wrong; there are items that are wrong, and stay so.
FAILURE, USAGE, WRONG_ITEMS = 1, 2, 3


def give_up(message: str, status: int) -> NoReturn:
    """End with a message on the error stream."""
    typer.echo(f"dynastore: {message}", err=True)
    raise typer.Exit(status)


@contextmanager
def reported() -> Iterator[None]:
    """End with what is wrong: with the call, or else with the table or the service."""
    try:
        yield
    except RequestError as error:
        give_up(str(error), USAGE)
    except (DynastoreError, Stopped) as error:
        give_up(str(error), FAILURE)
