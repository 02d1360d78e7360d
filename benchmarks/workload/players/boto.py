"""boto3's low-level client: maps of attribute values in and out."""

from __future__ import annotations

from functools import partial
from typing import Any

import boto3
from botocore.config import Config

from ...micro.contenders import REGION
from ..script import Asked, Conversations
from . import Kind, Player


def _opened(table: str, url: str, in_flight: int, day: Conversations) -> Player:
    config = Config(max_pool_connections=max(in_flight, 10))
    client = boto3.client("dynamodb", region_name=REGION, endpoint_url=url, config=config)
    methods = {of: name for name, of in client.meta.method_to_api_mapping.items()}

    def prepared(asked: Asked) -> Any:
        return partial(getattr(client, methods[asked.operation]), **asked.parameters)

    return Player(prepared, lambda call: call(), client.close)


KIND = Kind("boto3", False, _opened)
