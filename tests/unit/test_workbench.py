"""The model for NoSQL Workbench: its form, and what it says of keys that it cannot have."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import jsonschema
import pytest
from attrs import evolve

from dynastore import Schema, entity, gsi, key
from dynastore.agents import agent_schema
from dynastore.documenting import as_workbench, described
from dynastore.table import Index, Table, VectorIndex
from manual.models import schema

MADE_AT = datetime(2026, 1, 5, 21, 7, tzinfo=UTC)


def closed(**properties):
    """An object that has all of these, and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def listed(of):
    return {"type": "array", "items": of}


TEXT = {"type": "string", "minLength": 1}
KINDS = ["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"]
KEY = closed(AttributeName=TEXT, AttributeType={"enum": ["S", "N", "B"]})
KEYS = closed(PartitionKey=KEY, SortKey=KEY)
VALUE = {
    "type": "object",
    "propertyNames": {"enum": KINDS},
    "minProperties": 1,
    "maxProperties": 1,
}
ITEM = {"type": "object", "required": ["PK", "SK"], "additionalProperties": VALUE}
ACCESS = closed(MySql={"type": "object", "maxProperties": 0})
PROJECTION = {
    "oneOf": [
        closed(ProjectionType={"enum": ["ALL", "KEYS_ONLY"]}),
        closed(
            ProjectionType={"const": "INCLUDE"}, NonKeyAttributes={**listed(TEXT), "minItems": 1}
        ),
    ]
}
TABLE = closed(
    TableName={"type": "string", "pattern": "^[A-Za-z0-9_.-]{3,255}$"},
    KeyAttributes=KEYS,
    NonKeyAttributes=listed(closed(AttributeName=TEXT, AttributeType={"enum": KINDS})),
    TableFacets=listed(
        closed(
            FacetName=TEXT,
            KeyAttributeAlias=closed(PartitionKeyAlias=TEXT, SortKeyAlias=TEXT),
            TableData=listed(ITEM),
            NonKeyAttributes=listed(TEXT),
            DataAccess=ACCESS,
        )
    ),
    GlobalSecondaryIndexes=listed(
        closed(IndexName=TEXT, KeyAttributes=KEYS, Projection=PROJECTION)
    ),
    TableData=listed(ITEM),
    DataAccess=ACCESS,
    SampleDataFormats={"type": "object"},
    BillingMode={"enum": ["PAY_PER_REQUEST", "PROVISIONED"]},
)
MODEL = closed(
    ModelName=TEXT,
    ModelMetadata=closed(
        Author=TEXT,
        DateCreated={
            "type": "string",
            "pattern": "^[A-Z][a-z]{2} \\d\\d, \\d{4}, \\d\\d:\\d\\d [AP]M$",
        },
        DateLastModified=TEXT,
        Description=TEXT,
        AWSService={"const": "Amazon DynamoDB"},
        Version=TEXT,
    ),
    DataModel=listed(TABLE),
)


@pytest.mark.parametrize("known", [schema, agent_schema()], ids=["two entities", "all of agents"])
def test_a_model_has_the_form(known):
    model = json.loads(json.dumps(as_workbench(described(known), MADE_AT)))
    jsonschema.Draft202012Validator(MODEL).validate(model)
    (table,) = model["DataModel"]
    names = [each["AttributeName"] for each in table["NonKeyAttributes"]]
    assert len({*names}) == len(names)
    assert {name for item in table["TableData"] for name in item} - {"PK", "SK"} <= {*names}
    for index in table["GlobalSecondaryIndexes"]:
        assert {*index["Projection"].get("NonKeyAttributes", ())} <= {*names}
        assert {key["AttributeName"] for key in index["KeyAttributes"].values()} <= {*names}
    for facet in table["TableFacets"]:
        shown = {"PK", "SK", *facet["NonKeyAttributes"]}
        assert (
            {name for item in facet["TableData"] for name in item} <= shown <= {"PK", "SK", *names}
        )
    keys = [(item["PK"]["S"], item["SK"]["S"]) for item in table["TableData"]]
    assert len({*keys}) == len(keys)


def test_an_index_with_several_range_attributes_is_modelled_by_its_first_and_says_so():
    model = as_workbench(described(schema), MADE_AT)
    (table,) = model["DataModel"]
    board, due = table["GlobalSecondaryIndexes"]
    assert board["KeyAttributes"]["SortKey"] == {"AttributeName": "GSI1R1", "AttributeType": "S"}
    assert due["Projection"]["NonKeyAttributes"] == [
        "GSI2R2",
        "GSI2R3",
        "GSI2R4",
        "TYPE",
        "TTL",
        "team",
    ]
    told = model["ModelMetadata"]["Description"]
    assert "The keys of GSI1, GSI2 have several range attributes" in told
    assert "do not create the table from this model" in told


def test_a_classic_index_is_what_it_is():
    @entity("note")
    class Note:
        note_id: str
        topic: str | None = None
        data: bytes = b"\x00\xff"
        primary = key("NOTE#{note_id}", "~")
        by_topic = gsi(1, "TOPIC#{topic}", "{note_id}", include=())

    known = described(Schema([Note], Table("notes", (Index(1, 1, ()),))))
    model = as_workbench(known, MADE_AT)
    (table,) = model["DataModel"]
    assert "several" not in model["ModelMetadata"]["Description"]
    assert model["ModelMetadata"]["DateCreated"] == "Jan 05, 2026, 09:07 PM"
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["KeyAttributes"]["SortKey"]["AttributeName"] == "GSI1SK"
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert table["TableData"][0]["data"] == {"B": "AP8="}


def test_what_else_a_model_cannot_say_is_in_its_description():
    model = as_workbench(described(agent_schema(VectorIndex(8))), MADE_AT)
    assert "no vector indexes, so VECTORS is left out" in model["ModelMetadata"]["Description"]


def test_entities_of_private_tables_are_shown_and_told():
    @entity("note")
    class Note:
        note_id: str
        primary = key("NOTE#{note_id}", "~")

    own = Schema([Note], Table("notes-qa"))
    known = evolve(Schema([], Table("notes")), inside={"qa": own})
    model = as_workbench(described(known), MADE_AT)
    assert "Note are kept in other tables" in model["ModelMetadata"]["Description"]
