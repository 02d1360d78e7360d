"""A model that answers from a script, offline: what it says depends on what it was asked alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from agno.metrics import MessageMetrics
from agno.models.base import Model
from agno.models.message import Message
from agno.models.response import ModelResponse


@dataclass
class ScriptedModel(Model):
    """Says how many turns it can see, and repeats the last question."""

    id: str = "scripted"
    provider: str = "nobody"

    def invoke(self, messages: list[Message], *_: Any, **__: Any) -> ModelResponse:
        asked = [each for each in messages if each.role == "user"]
        return ModelResponse(
            role="assistant",
            content=f"turn {len(asked)}: {asked[-1].content}",
            response_usage=MessageMetrics(input_tokens=len(asked), output_tokens=1, total_tokens=2),
        )

    async def ainvoke(self, messages: list[Message], *args: Any, **named: Any) -> ModelResponse:
        return self.invoke(messages, *args, **named)

    def invoke_stream(self, *args: Any, **named: Any) -> Iterator[ModelResponse]:
        yield self.invoke(*args, **named)

    async def ainvoke_stream(self, *args: Any, **named: Any) -> AsyncIterator[ModelResponse]:
        yield self.invoke(*args, **named)

    def _parse_provider_response(self, response: Any, **_: Any) -> ModelResponse:
        return response

    def _parse_provider_response_delta(self, response: Any) -> ModelResponse:
        return response
