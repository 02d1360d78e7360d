"""A server that answers a get after some milliseconds, in a process of its own."""

from __future__ import annotations

import asyncio

from ..micro.server import Answering, answers, operation_of, serve


def main(latency_seconds: float) -> None:
    """Serve until the standard input ends; the port is printed."""
    answered = answers()
    asyncio.run(
        serve(lambda: Answering(answered, lambda head, _: operation_of(head), latency_seconds))
    )
