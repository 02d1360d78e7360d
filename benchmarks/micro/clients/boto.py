"""boto3's low-level client: maps of attribute values in and out. It is the unit of all ratios."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ..contenders import (
    FIRST,
    GET,
    KEY_ID,
    PARTITION,
    PUT,
    REGION,
    SECRET,
    SIGN,
    SORT_KEYS,
    TABLES,
    TITLE,
    TOKENS,
    UPDATE,
    WIRE_KEY,
    Contender,
)
from ..entities import SESSIONS

NAME = "boto3"


def client(url: str) -> Any:
    """A client with the settings that it has by default."""
    return boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )


def query(table: str) -> Mapping[str, Any]:
    """The parameters of a Query."""
    return {
        "TableName": table,
        "KeyConditionExpression": "#0 = :0 AND begins_with (#1, :1)",
        "ExpressionAttributeNames": {"#0": "PK", "#1": "SK"},
        "ExpressionAttributeValues": {":0": {"S": PARTITION}, ":1": {"S": SORT_KEYS[table]}},
    }


UPDATING: Mapping[str, Any] = {
    "TableName": SESSIONS,
    "Key": WIRE_KEY,
    "UpdateExpression": "SET #0 = :0, #1 = #1 + :1",
    "ConditionExpression": "attribute_exists (#2)",
    "ExpressionAttributeNames": {"#0": "title", "#1": "tokens_in", "#2": "PK"},
    "ExpressionAttributeValues": {":0": {"S": TITLE}, ":1": {"N": str(TOKENS)}},
    "ReturnValues": "ALL_NEW",
}


def opened(url: str, _: asyncio.Runner) -> Contender:
    """The client."""
    made = client(url)
    queries = {
        name: lambda table=table: made.query(**query(table))["Items"]
        for name, table in TABLES.items()
    }
    return Contender(
        NAME,
        {
            GET: lambda: made.get_item(TableName=SESSIONS, Key=WIRE_KEY)["Item"],
            PUT: partial(made.put_item, TableName=SESSIONS, Item=FIRST),
            UPDATE: lambda: made.update_item(**UPDATING)["Attributes"],
            **queries,
            SIGN: partial(_signed, SigV4Auth(Credentials(KEY_ID, SECRET), "dynamodb", REGION), url),
        },
    )


BODY = b'{"TableName":"sessions","Key":{"PK":{"S":"USER#ann"},"SK":{"S":"SESSION#s00000"}}}'
HEADERS = {
    "X-Amz-Target": "DynamoDB_20120810.GetItem",
    "Content-Type": "application/x-amz-json-1.0",
}


def _signed(signer: SigV4Auth, url: str) -> Any:
    request = AWSRequest("POST", url, headers=dict(HEADERS), data=BODY)
    signer.add_auth(request)
    return request.headers
