"""How commands end: the exit status, and what is said of what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from ..errors import DynastoreError, RequestError
from .rounds import Stopped
from .saying import say

DONE, FAILURE, USAGE, WRONG_ITEMS = 0, 1, 2, 3
INTERRUPTED = 130  # 128 and the number of SIGINT, as shells say it

STATUSES: Mapping[int, str] = {
    DONE: "It is done.",
    FAILURE: "Something failed: AWS refused, a table is missing, or you said no.",
    USAGE: "The call is wrong, and nothing was sent.",
    WRONG_ITEMS: "It is done, and there is something wrong that stays so: items, differences.",
    INTERRUPTED: "You interrupted it; the message says where to go on.",
}


def give_up(message: str, status: int) -> NoReturn:
    """End with a message on the error stream."""
    say(f"dynastore: {message}", err=True)
    raise typer.Exit(status)


@contextmanager
def reported() -> Iterator[None]:
    """End with what is wrong: with the call, or else with the table or the service."""
    try:
        yield
    except RequestError as error:
        give_up(str(error), USAGE)
    except DynastoreError as error:
        give_up(str(error), FAILURE)
    except Stopped as stopped:
        give_up(str(stopped), status_of(stopped))


def status_of(stopped: Stopped) -> int:
    """The exit status of a run that did not come to its end."""
    return INTERRUPTED if isinstance(stopped.reason, KeyboardInterrupt) else FAILURE


class Commands(TyperGroup):
    """The commands: whichever one ends early, it says so in a line, and with a status of the table."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words of the call.

        Raises:
            typer.Exit: a byte of them is no UTF-8, so that nothing could be called or written so.
        """
        for word in args:
            try:
                word.encode()
            except UnicodeEncodeError:
                give_up(f"{word} is no UTF-8; a name of a file or table here has to be", USAGE)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was called."""
        try:
            with reported():
                return super().invoke(ctx)
        except KeyboardInterrupt:
            give_up("interrupted", INTERRUPTED)
        except BrokenPipeError:  # who reads the output has enough: typer ends without a word
            raise
        except OSError as error:
            give_up(f"{error.strerror or error}: {error.filename or 'no file'}", FAILURE)
