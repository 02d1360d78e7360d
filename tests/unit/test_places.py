"""Places and addresses: which request goes where, what it is there, and what a placement refuses."""

from __future__ import annotations

import asyncio
import datetime as dt

import boto3
import pytest
from attrs import evolve, fields_dict
from moto import mock_aws

from dynastore import (
    AsyncStore,
    Elsewhere,
    Placement,
    Private,
    Put,
    Schema,
    Store,
    Table,
    entity,
    gsi,
    key,
    ref,
)
from dynastore.codec.payload_objects import Owner
from dynastore.errors import ModelError, PartialFailure, RequestError, UnknownPlace
from dynastore.keys.addresses import address, name_in, place_in, renamed
from dynastore.operations.scopes.locations import Location, read_location, seal, settle
from dynastore.requests import (
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    GetItem,
    Key,
    PutItem,
    Query,
    Request,
    Scan,
    SearchVectors,
    TransactGetItems,
    TransactWriteItems,
    UpdateItem,
    backups,
    objects,
    streams,
    tables,
)
from dynastore.requests.transactions import ConditionCheck
from dynastore.schema.places import addressed, named, place_of
from dynastore.table import PRIMARY, VectorIndex
from dynastore.testing import recorded


@entity("note")
class Note:
    name: str
    text: str = ""

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")


@entity("tag")
class Tag:
    name: str

    primary = key("TAG#{name}", "~")


pytestmark = pytest.mark.scans

SCHEMA = Schema([Note, Tag]).named("agent-state")
IN_BUCKET = SCHEMA.on(lambda table: evolve(table, bucket="loads"))
KEY = Key("NOTE#a", "~")
ITEM = KEY.attributes
OWNER = Owner("agent-state", KEY, "text").metadata

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def backups_of(place):
    """Every request about backups."""
    table, backup = address(place, "agent-state"), address(place, "/copies/a:b.db")
    return [
        backups.CreateBackup(table, "monday"),
        backups.DescribeBackup(backup),
        backups.ListBackups(table, backup),
        backups.DeleteBackup(backup),
        backups.RestoreTableFromBackup(address(place, "restored"), backup),
        backups.RestoreTableToPointInTime(table, address(place, "restored")),
        backups.DescribeContinuousBackups(table),
        backups.UpdateContinuousBackups(table),
        backups.EnableStream(table),
    ]


def of_all_kinds(place):
    """Every request that there is, of a place."""
    table, bucket = address(place, "agent-state"), address(place, "loads")
    stream = address(place, "arn:aws:dynamodb:us-east-1:1:table/agent-state/stream/2026")
    put, delete = PutItem(table, ITEM), DeleteItem(table, KEY)
    owner = Owner(table, KEY, "text").metadata
    check = ConditionCheck(table, KEY, ())
    update = UpdateItem(table, KEY, {})
    return [
        put,
        delete,
        update,
        GetItem(table, KEY),
        Query(table, PRIMARY, ()),
        Scan(table),
        BatchGetItem(table, (KEY,)),
        BatchWriteItem((put, delete)),
        TransactGetItems(table, (KEY,)),
        TransactWriteItems((put, update, delete, check), "token"),
        SearchVectors(table, VectorIndex(1), "pk", (1.0,), 1, ("PK",)),
        tables.CreateTable(Table(table, bucket=bucket)),
        tables.DescribeTable(table),
        tables.DescribeTimeToLive(table),
        tables.UpdateTimeToLive(table),
        objects.PutObject(bucket, "name", b"body", b"digest", owner),
        objects.GetObject(bucket, "name"),
        objects.HeadObject(bucket, "name"),
        objects.DeleteObject(bucket, "name"),
        objects.ListObjectsV2(bucket, "", 10),
        *backups_of(place),
        streams.DescribeStream(stream),
        streams.GetShardIterator(stream, "shard", "LATEST"),
        streams.GetRecords(stream, "iterator"),
    ]


def kinds(cls=Request):
    """Names of all classes of requests that can be sent."""
    for each in cls.__subclasses__():
        yield from kinds(each)
        if hasattr(each, "operation") and each.__module__.startswith("dynastore."):
            yield each.__name__  # attrs makes each class twice


def test_the_requests_of_these_tests_are_all_that_there_are():
    assert {type(each).__name__ for each in of_all_kinds(None)} == {*kinds()}


@pytest.mark.parametrize(
    ("there", "here"),
    [*zip(of_all_kinds("us"), of_all_kinds(None), strict=True)],
    ids=lambda each: type(each).__name__,
)
def test_a_request_goes_to_the_place_of_its_address_and_is_sent_with_names(there, here):
    assert (place_of(there), place_of(here)) == ("us", None)
    sent = named(there)
    if isinstance(here, tables.CreateTable):  # which a server is not told of
        here = evolve(here, table=evolve(here.table, bucket=None))
    assert sent == here
    assert "us:" not in repr([getattr(sent, each) for each in fields_dict(type(sent))])


def test_answers_have_addresses_for_names():
    write = BatchWriteItem((PutItem("us:agent-state", ITEM),))
    assert addressed("us", write, (PutItem("agent-state", ITEM),)) == write.actions
    described = tables.TableDescription(True, {}, {}, "arn:of-the-stream")
    asked = tables.DescribeTable("us:agent-state")
    assert addressed("us", asked, described).stream == "us:arn:of-the-stream"
    assert addressed("us", asked, evolve(described, stream=None)).stream is None
    head = objects.HeadObject("us:loads", "name")
    assert Owner.of(addressed("us", head, OWNER)).table == "us:agent-state"
    assert addressed("us", head, {"of": "others"}) == {"of": "others"}
    assert addressed("us", head, None) is None
    assert addressed("us", GetItem("us:agent-state", KEY), ITEM) == ITEM


def test_a_backup_is_deleted_where_it_was_made():
    """Two places may have backups of one name."""
    made = backups.Backup("/copies/a:b.db", "monday", "agent-state", "AVAILABLE", NOW, 7)
    told = addressed("us", backups.CreateBackup("us:agent-state", "monday"), made)
    assert (told.arn, told.table) == ("us:/copies/a:b.db", "us:agent-state")
    page = backups.BackupsPage([made], made.arn)
    assert addressed("us", backups.ListBackups("us:agent-state"), page) == backups.BackupsPage(
        [told], told.arn
    )
    deletion = backups.DeleteBackup(told.arn)
    assert (place_of(deletion), named(deletion).backup) == ("us", made.arn)
    with pytest.raises(RequestError, match="at two places"):
        place_of(backups.RestoreTableFromBackup("restored", told.arn))
    with pytest.raises(RequestError, match="at two places"):
        place_of(backups.RestoreTableToPointInTime("us:agent-state", "restored"))


def test_a_transaction_of_two_places_is_refused():
    there, here = PutItem("us:agent-state", ITEM), DeleteItem("agent-state", KEY)
    with pytest.raises(RequestError, match="agent-state are at two places, and a transaction"):
        place_of(TransactWriteItems((there, here)))


def test_addresses_are_names_and_places():
    for place, name in (("us", "agent-state.qa"), (None, "agent-state.qa"), ("a_1-b", "x.y")):
        assert (place_in(address(place, name)), name_in(address(place, name))) == (place, name)
    for stream in ("arn:aws:dynamodb:table/x", "sqlite:table/x/stream/log"):
        assert (place_in(stream), name_in(stream)) == (None, stream)
        assert (place_in(f"us:{stream}"), name_in(f"us:{stream}")) == ("us", stream)
    assert renamed("dev", "dev", "prod") == "prod"
    assert renamed("dev.qa", "dev", "prod") == "prod.qa"
    assert renamed("us:dev.qa", "dev", "prod") == "us:prod.qa"


def placed(schema=SCHEMA, **private):
    places = {
        "us": Elsewhere(region_name="us-east-1", bucket="us-loads"),
        "shelf": "sqlite:///x.db",
    }
    return Placement(private=private, places=places).placed(schema)


def test_a_private_table_at_a_place_is_named_as_all_are():
    schema = placed(qa=Private(place="us"), dev=Private(), sales=Private(only=[Note], place="us"))
    assert schema.scoped("qa").table.name == "us:agent-state.qa"
    assert schema.scoped("qa").scoped("in").table.name == "us:agent-state.qa"
    assert schema.scoped("sales").table.name == "agent-state"
    assert schema.scoped("sales").of(Note).table.name == "us:agent-state.sales"
    assert schema.named("prod").scoped("qa").table.name == "us:prod.qa"


def test_payloads_of_a_place_are_in_its_bucket():
    schema = placed(IN_BUCKET, qa=Private(place="us"), dev=Private(place="shelf"), x=Private())
    found = {name: schema.scoped(name).table.bucket for name in ("qa", "dev", "x", "other")}
    assert found == {"qa": "us:us-loads", "dev": "shelf:loads", "x": "loads", "other": "loads"}
    assert placed(qa=Private(place="us")).scoped("qa").table.bucket is None
    with pytest.raises(ModelError, match="bucket loads, and place 'eu' names none"):
        Placement(
            private={"qa": Private(place="eu")}, places={"eu": Elsewhere(region_name="eu-west-1")}
        ).placed(IN_BUCKET)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Elsewhere, "a place is a url, or has a region_name"),
        (lambda: Elsewhere("sqlite:///x.db", profile="p"), "a place is a url, or has"),
        (lambda: Elsewhere("agent-state"), "is no place: a URL is that of a file"),
        (lambda: Elsewhere(region_name=7), "region_name of a place is a text, not 7"),
        (lambda: Elsewhere(profile="p", session=object()), "has a profile already"),
        (lambda: Placement(places=["us"]), "places= is name -> Elsewhere"),
        (lambda: Placement(places={"a b": "sqlite://"}), "'a b' names no place"),
        (lambda: Placement(places={"arn": "sqlite://"}), "'arn' names no place"),
        (lambda: Placement(places={"us": 7}), r"write Elsewhere\(...\), not 7"),
        (
            lambda: placed(qa=Private(place="mars")),
            "at place 'mars', and this placement has us, shelf",
        ),
        (lambda: Placement(private={"qa": Private(place="us")}), "this placement has none"),
    ],
)
def test_a_place_that_is_none_is_refused(made, message):
    with pytest.raises(ModelError, match=message):
        made()


def test_places_are_read_from_a_file_and_show_no_secrets(tmp_path):
    file = tmp_path / "placement.toml"
    file.write_text(
        'shared = "agent-state"\n[private.qa]\nplace = "us"\n[places.us]\nregion_name = "us-east-1"\n'
        'profile = "prod"\nbucket = "us-loads"\n[places.shelf]\nurl = "sqlite:///shelf.db"\n',
        "utf-8",
    )
    us = Elsewhere(region_name="us-east-1", profile="prod", bucket="us-loads")
    shelf = Elsewhere("sqlite:///shelf.db")
    known = {"us": us, "shelf": shelf}
    assert Placement.read(file) == Placement("agent-state", {"qa": Private(place="us")}, known)
    session = boto3.Session(
        aws_access_key_id="key", aws_secret_access_key="secret", region_name="x"
    )
    assert "secret" not in repr(Elsewhere(session=session))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("places = ['us']", r"places are tables, \[places.us\]"),
        ("[places]\nus = 'sqlite:///x.db'", "places.us is a table"),
        ("[places.us]\nregion = 'x'", "'region' is no key of places.us; it has bucket, "),
        ("[places.us]\nregion_name = 7", "region_name of a place is a text"),
        ("[private.qa]\nplace = 7", "private.qa.place is a name of places"),
        (
            "[private.qa]\nplace = 'us'",
            r"this placement has none: add it to places=, or as \[places.us",
        ),
    ],
)
def test_a_file_with_wrong_places_is_refused(tmp_path, text, message):
    file = tmp_path / "placement.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ModelError, match=message):
        Placement.read(file)


def test_a_schema_with_places_is_not_opened_by_a_store_that_does_not_know_them():
    schema = placed(qa=Private(place="us"))
    with pytest.raises(UnknownPlace, match="scope 'qa' is kept at place 'us'") as unknown:
        Store.connect("sqlite://", schema)
    assert (unknown.value.place, unknown.value.scope) == ("us", "qa")


def moved_to(store, table):
    """Say in the entry of scope qa that it lives in a table."""
    shared = store.schema.shared
    store.run(seal(shared, "qa", "mover"))
    store.run(settle(shared, "qa", "mover", table, "us:loads"))


CALLS = {
    "put": lambda qa: qa.put(Note(name="b")),
    "transact": lambda qa: qa.transact(Put(Note(name="b")), Put(Note(name="c"))),
    "put_many": lambda qa: qa.put_many([Note(name="b")]),
    "get": lambda qa: qa.get(Note, name="a"),
    "get_many": lambda qa: qa.get_many([ref(Note, name="a"), ref(Note, name="b")]),
    "query": lambda qa: list(qa.query(Note, name="a")),
    "update": lambda qa: qa.scope("in").update(ref(Note, name="a"), text="x"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_does_not_know_the_place_of_a_moved_scope_sends_nothing(call):
    store = Store.connect(Placement("sqlite://"), SCHEMA)
    store.scope("qa").put(Note(name="a"))
    moved_to(store, "us:agent-state")
    again = Store.at(store.place, store.schema)  # as another process
    with (
        recorded(store) as sent,
        pytest.raises(
            (UnknownPlace, PartialFailure), match=r"scope 'qa' is kept at place 'us'.*\[places.us\]"
        ),
    ):
        CALLS[call](again.scope("qa"))
    assert [(each.operation, each.request.key.pk) for each in sent] == [("GetItem", "@qa#@#scope")]


def test_a_location_has_the_bucket_of_its_place():
    store = Store.connect(Placement("sqlite://"), SCHEMA)
    moved_to_us = Location("us:agent-state", bucket="us:loads")
    store.create_table()
    moved_to(store, "us:agent-state")
    assert store.run(read_location(SCHEMA, "qa")) == moved_to_us
    store.run(seal(SCHEMA, "qa", "again"))
    assert store.run(settle(SCHEMA, "qa", "again", "agent-state")) == Location("agent-state")
    assert store.run(read_location(SCHEMA, "qa")) == Location("agent-state")


def test_places_are_opened_when_they_are_asked_once_and_closed_with_the_store(tmp_path):
    there = tmp_path / "there.db"
    placement = Placement("sqlite://", {"qa": Private(place="us")}, {"us": f"sqlite:///{there}"})
    store = Store.connect(placement, SCHEMA)
    store.scope("other").put(Note(name="a"))
    assert not there.exists()
    with recorded(store) as sent:  # before the other client is there
        for _ in range(3):
            store.scope("qa").put(Note(name="a"))
    assert {each.table for each in sent} == {"agent-state", "agent-state.qa"}
    client = store.client.at("us")
    assert store.scope("qa").consistent().client.at("us") is client
    store.close()
    with pytest.raises(RequestError, match="closed"):
        client.send(GetItem("agent-state.qa", KEY))


def test_a_table_of_another_place_is_made_only_in_a_file():
    with mock_aws(config={"core": {"mock_credentials": False}}):
        places = {"us": Elsewhere(region_name="us-east-1")}
        placement = Placement("sqlite://", {"qa": Private(place="us")}, places)
        with Store.connect(placement, SCHEMA) as store:
            store.scope("other").put(Note(name="a"))
            with pytest.raises(Exception, match=r"agent-state\.qa"):
                store.scope("qa").put(Note(name="a"))
            store.create_table()
            store.scope("qa").put(Note(name="a"))
        known = boto3.client("dynamodb", region_name="us-east-1").list_tables()["TableNames"]
        assert known == ["agent-state.qa"]


def test_awaited_all_places_are_closed_too(tmp_path):
    async def used():
        placement = Placement(
            "sqlite://", {"qa": Private(place="us")}, {"us": f"sqlite:///{tmp_path}/us.db"}
        )
        async with AsyncStore.connect(placement, SCHEMA) as store:
            await store.scope("qa").put(Note(name="a", text="x"))
            assert await store.scope("qa").get(Note, name="a") == Note(name="a", text="x")
            client = store.client.at("us")
        with pytest.raises(RequestError, match="closed"):
            await client.send(GetItem("agent-state.qa", KEY))

    asyncio.run(used())
