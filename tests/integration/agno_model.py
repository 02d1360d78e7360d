"""A model that answers from a script, offline: what it says depends on what it was asked alone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from agno.metrics import MessageMetrics
from agno.models.base import Model
from agno.models.message import Message
from agno.models.response import ModelResponse

REMEMBERING = "add_memory"  # the tool of Agno's that saves what is known of a user


@dataclass
class ScriptedModel(Model):
    """Says how many turns it can see, and repeats the last question.

    Asked what to remember, it saves the last question.
    """

    id: str = "scripted"
    provider: str = "nobody"

    def invoke(
        self, messages: list[Message], *_: Any, tools: list[Any] | None = None, **__: Any
    ) -> ModelResponse:
        asked = [each for each in messages if each.role == "user"]
        can_remember = any(each["function"]["name"] == REMEMBERING for each in tools or ())
        if can_remember and messages[-1].role == "user":
            return ModelResponse(role="assistant", tool_calls=[remembering(asked[-1].content)])
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


def remembering(text: Any) -> dict[str, Any]:
    """The model's wish to save a memory."""
    arguments = json.dumps({"memory": text, "topics": ["questions"]})
    call = {"name": REMEMBERING, "arguments": arguments}
    return {"id": "remembering", "type": "function", "function": call}
