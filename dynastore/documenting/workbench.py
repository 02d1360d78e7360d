"""The schema as a data model of NoSQL Workbench for Amazon DynamoDB, with the sample items.

A model's index has one partition key and at most one sort key. An index with several range attributes
(DynamoDB has them since November 2025) is modelled by its first one; the others are attributes of its
items, as they are in the table. The model's description says so, as a table that Workbench creates of it
would lack them.
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import RequestError
from ..table import TTL, TYPE, Index
from ..values.attributes import AttributeMap
from .describing import Described, Entity
from .samples import value

VERSION = "3.0"  # of the format of models
TEXT_FORM = "%b %d, %Y, %I:%M %p"  # of points in time in models: Sep 05, 2019, 08:50 PM


def as_workbench(described: Described, made_at: dt.datetime) -> dict[str, Any]:
    """The model, as JSON has it.

    Args:
        described: the schema.
        made_at: what the model says of its making.
    """
    return {
        "ModelName": described.table.name,
        "ModelMetadata": {
            "Author": "dynastore docs",
            "DateCreated": made_at.strftime(TEXT_FORM),
            "DateLastModified": made_at.strftime(TEXT_FORM),
            "Description": description(described),
            "AWSService": "Amazon DynamoDB",
            "Version": VERSION,
        },
        "DataModel": [_table(described)],
    }


def description(described: Described) -> str:
    """What the model is of, and what of the table it cannot say."""
    told = [f"The entities of table {described.table.name}, made by dynastore docs."]
    names = [str(each.name) for each in described.table.indexes if len(each.ranges) > 1]
    if names:
        told.append(
            f"The keys of {', '.join(names)} have several range attributes (GSI1R1, GSI1R2, ...), and a "
            "model has one sort key for an index: it is modelled by the first, and the others are "
            "attributes of the items. So do not create the table from this model: it would lack these "
            "keys. Store.create_table() makes them all."
        )
    if described.table.vectors is not None:
        told.append(
            f"A model has no vector indexes, so {described.table.vectors.name} is left out."
        )
    private = {e.name for e in described.entities if e.schema.table.name != described.table.name}
    if private:
        told.append(
            f"{', '.join(sorted(private))} are kept in other tables, and are shown in this."
        )
    return " ".join(told)


def _table(described: Described) -> dict[str, Any]:
    table = described.table
    items = [each.item for entity in described.entities for each in entity.samples.found]
    return {
        "TableName": table.name,
        "KeyAttributes": _keys("PK", "SK"),
        "NonKeyAttributes": _attributes(described, items),
        "TableFacets": [_facet(each) for each in described.entities],
        "GlobalSecondaryIndexes": [_index(each) for each in table.indexes],
        "TableData": _distinct(items),
        "DataAccess": {"MySql": {}},
        "SampleDataFormats": {},
        "BillingMode": "PAY_PER_REQUEST",
    }


def _keys(partition: str, sort: str) -> dict[str, Any]:
    return {"PartitionKey": _attribute(partition, "S"), "SortKey": _attribute(sort, "S")}


def _attribute(name: str, kind: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": kind}


def _attributes(described: Described, items: Iterable[AttributeMap]) -> list[dict[str, str]]:
    """All attributes but the table's key, each of the type that it has first."""
    kinds = {TYPE: "S"}
    for index in described.table.indexes:
        kinds |= dict.fromkeys(index.attributes, "S")
    for item in items:
        kinds = {**{name: next(iter(each)) for name, each in item.items()}, **kinds}
    for entity in described.entities:
        for name in entity.spec.types:
            kinds.setdefault(name, _kind(entity, name))
        if entity.spec.expires:
            kinds.setdefault(TTL, "N")
    return [_attribute(name, kind) for name, kind in kinds.items() if name not in {"PK", "SK"}]


def _kind(entity: Entity, name: str) -> str:
    """The type of attribute that a field is stored as; a text where its samples cannot tell."""
    try:
        return next(iter(entity.codec.value(name, value(name, entity.spec.types[name]))))
    except RequestError:  # a class inside of it, whose sample would be no value of it
        return "S"


def _facet(entity: Entity) -> dict[str, Any]:
    return {
        "FacetName": entity.name,
        "KeyAttributeAlias": {
            "PartitionKeyAlias": entity.spec.primary.hash.text,
            "SortKeyAlias": entity.spec.primary.sort.text,
        },
        "TableData": [_texts(each.item) for each in entity.samples.found],
        "NonKeyAttributes": _beside_key(entity),
        "DataAccess": {"MySql": {}},
    }


def _beside_key(entity: Entity) -> list[str]:
    """The attributes that items of an entity may have, but for the table's key."""
    indexed = [name for key in entity.keys[1:] for name in key.index.attributes]
    return [TYPE, *indexed, *([TTL] if entity.spec.expires else []), *entity.spec.types]


def _index(index: Index) -> dict[str, Any]:
    return {
        "IndexName": index.name,
        "KeyAttributes": _keys(index.hash, index.ranges[0]),
        "Projection": _projection(index),
    }


def _projection(index: Index) -> dict[str, Any]:
    if index.carried is None:
        return {"ProjectionType": "ALL"}
    further = [*index.ranges[1:], *index.carried]
    if not further:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": further}


def _distinct(items: Sequence[AttributeMap]) -> list[dict[str, Any]]:
    """The items, one for each key, as a table has them."""
    return [*{(each["PK"]["S"], each["SK"]["S"]): _texts(each) for each in items}.values()]


def _texts(item: AttributeMap) -> dict[str, Any]:
    """An item as JSON has it: binary values in base64."""
    return {name: _text(each) for name, each in item.items()}


def _text(attribute: Any) -> Any:
    ((kind, held),) = attribute.items()
    match kind:
        case "B":
            return {kind: held if isinstance(held, str) else _base64(held)}
        case "BS":
            return {kind: [each if isinstance(each, str) else _base64(each) for each in held]}
        case "L":
            return {kind: [_text(each) for each in held]}
        case "M":
            return {kind: _texts(held)}
    return attribute


def _base64(data: bytes) -> str:
    return b64encode(data).decode()
