"""A wrong declaration fails at import, and says what is wrong where."""

from __future__ import annotations

import datetime as dt
import math
from enum import Enum
from typing import Any, Literal

import pytest
from attrs import define, frozen

from dynastore import Index, Schema, Table, entity, field, gsi, key, payload, version
from dynastore.entities.spec import spec_of
from dynastore.errors import ModelError

DAY = dt.timedelta(days=1)
PRIMARY = key("USER#{user_id}", "NOTE#{note_id}")
FIELDS = {"user_id": str, "note_id": str, "topic": str | None, "at": dt.datetime, "score": float}


@entity("base", expires="at", lifetime=DAY)
class Base:
    """What expires after a day."""

    name: str
    at: dt.datetime | None = None
    seen: dt.datetime | None = None

    primary = key("BASE#{name}", "~")


@pytest.mark.parametrize(
    ("said", "expires", "lifetime"),
    [
        ({}, "at", DAY),
        ({"lifetime": 2 * DAY}, "at", 2 * DAY),
        ({"lifetime": None}, "at", None),
        ({"expires": "seen"}, "seen", DAY),
        ({"expires": None}, None, None),
    ],
)
def test_a_class_expires_as_its_base_does_unless_it_says_otherwise(said, expires, lifetime):
    derived = spec_of(entity("derived", **said)(type("Derived", (Base,), {})))
    assert (derived.expires, derived.lifetime) == (expires, lifetime)


def test_a_class_expires_as_the_nearest_of_its_bases_does():
    kept = entity("kept", expires=None)(type("Kept", (Base,), {}))
    plain = type("Plain", (kept,), {})
    derived = spec_of(entity("derived")(type("Derived", (plain,), {})))
    assert (derived.expires, derived.lifetime) == (None, None)


def declared(fields=None, expires=None, lifetime=None, **members: Any) -> type:
    namespace = {"__annotations__": {**FIELDS, **(fields or {})}, "primary": PRIMARY, **members}
    return entity("note", expires=expires, lifetime=lifetime)(type("Note", (), namespace))


@pytest.mark.parametrize(
    ("members", "says"),
    [
        (
            {"by": gsi(1, "TOPIC#{topik}", "{at}")},
            "Note.by: Note has no field topik. Did you mean topic",
        ),
        ({"by": gsi(1, "T#{topic}", "{note}")}, "Note.by: Note has no field note"),
        ({"by": gsi(1, "ALL", "{topic}")}, r"Note.by: topic may be None.*write \{topic\?\}"),
        ({"by": gsi(1, "ALL", "{score}")}, "Note.by: score cannot be part of a key: float"),
        ({"by": gsi(1, "S#{score}", "{at}")}, "Note.by: score cannot be part of a key: float"),
        ({"by": gsi(1, "T#{topic?}", "{at}")}, r"Note.by: no '\?' in a partition key"),
        ({"by": gsi(1, "@{topic}", "{at}")}, "Note.by: a partition key cannot begin with '@'"),
        ({"by": gsi(1, "ALL", "{at}", when={"topc": "x"})}, "Did you mean topic"),
        ({"a": gsi(1, "A", "{at}"), "b": gsi(1, "B", "{at}")}, "uses index 1 more than once: a, b"),
        ({"primary": key("U#{topic}", "X")}, "Note.primary: topic may be None"),
        ({"primary": key("U#{user_id}", "5#{note_id}")}, "sort key begins with a letter"),
        ({"primary": None}, r"Note needs one primary = key\(…\); it has 0"),
        ({"other": key("X#{user_id}", "Y")}, "it has 2"),
        ({"expires": "gone"}, "expires='gone' names no field"),
        ({"expires": "topic"}, "Note.topic: expires= needs a datetime"),
        ({"lifetime": DAY}, "Note: lifetime= needs expires=, the field that it sets"),
        ({"expires": "at", "lifetime": 0 * DAY}, "Note: lifetime= is a second at least"),
        ({"expires": "at", "lifetime": -DAY}, "a second at least and 100 years at most"),
        ({"expires": "at", "lifetime": 40_000 * DAY}, "100 years at most"),
        ({"expires": "at", "lifetime": 3600}, "is a timedelta such as .*, not 3600"),
        ({"fields": {"TTL": int}}, "Note.TTL: names in capitals are dynastore's; write ttl"),
        ({"fields": {"when": str}}, "Note.when: when= says conditions"),
        ({"fields": {"_hidden": int}}, "Note._hidden: a stored field is public"),
        ({"fields": {"count": str}, "count": version()}, r"Note.count: version\(\) counts"),
        (
            {"fields": {"body": str}, "body": payload(), "by": gsi(1, "B#{body}", "{at}")},
            r"Note.by: body is a payload\(\)",
        ),
        ({"fields": {"kind": str}, "kind": field(alias="type")}, "drop alias='type'"),
        ({"odd": field()}, "Note.odd has no annotation; write its type"),
        (
            {"fields": {"odd": payload()}},
            r"Note.odd: its type is missing.*write odd: list\[str\] = payload\(\)",
        ),
        (
            {"fields": {"odd": "payload()"}},
            r"Note.odd: its type is missing.*write odd: list\[str\] = payload\(\)",
        ),
        (
            {"fields": {"by": Any}, "by": gsi(1, "ALL", "{at}")},
            "Note.by is no field; drop its annotation",
        ),
    ],
)
def test_a_wrong_entity_is_refused(members, says):
    with pytest.raises(ModelError, match=says):
        declared(**members)


@define
class Settings:
    """Can be changed, so entities must not share one."""

    theme: str = "dark"


@pytest.mark.parametrize(
    ("default", "says"),
    [
        ([], r"Note.odd: all entities would share its default, \[\]; write field\(factory=list\)"),
        ({}, r"write field\(factory=dict\)"),
        (set(), r"write field\(factory=set\)"),
        (bytearray(), r"write field\(factory=bytearray\)"),
        (["a"], r"share its default, \['a'\]; write field\(factory=lambda: …\)"),
        (Settings(), r"share its default, Settings.*; write field\(factory=lambda: …\)"),
        (field(default=[]), r"write field\(factory=list\)"),
        (payload(default=[]), r"write payload\(factory=list\)"),
    ],
)
def test_a_default_that_entities_would_share_is_refused(default, says):
    with pytest.raises(ModelError, match=says):
        declared({"odd": Any}, odd=default)


@pytest.mark.parametrize(
    "default", [(), frozenset("a"), "x", None, Settings, field(factory=list), payload(factory=dict)]
)
def test_a_default_that_cannot_change_is_shared(default):
    declared({"odd": Any}, odd=default)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: gsi(21, "ALL", "{at}"), r"gsi\(21, …\): a table has indexes 1 to 20"),
        (lambda: gsi("1", "ALL", "{at}"), r"gsi\(1, …\): a table has indexes 1 to 20"),
        (lambda: gsi(1.0, "ALL", "{at}"), r"gsi\(1.0, …\): a table has indexes 1 to 20"),
        (lambda: gsi(True, "ALL", "{at}"), r"gsi\(True, …\): a table has indexes 1 to 20"),
        (lambda: gsi(1, "ALL", *"abcde"), "has 5 range components; an index tells 4 apart"),
        (lambda: gsi(1, "ALL"), "'ALL' needs a range component"),
        (lambda: key("", "X"), "a key template is empty"),
        (lambda: key(5, "X"), "a key template is a text, such as .*, not 5"),
        (lambda: key("{a}{b}", "X"), r"nothing tells \{b\} from what is before it"),
        (lambda: key("{a}-{b}", "X"), "after a field comes '#' or the end"),
    ],
)
def test_a_template_that_cannot_work_is_refused(make, says):
    with pytest.raises(ModelError, match=says):
        make()


class Opaque:
    """A class that nothing is known of."""


class Mode(Enum):
    """Not a number that DynamoDB holds."""

    ODD = math.nan


@frozen
class Tagged:
    """It says TYPE itself."""

    TYPE: str


@frozen
class Plain:
    """An attrs class without a fault."""

    name: str


@frozen
class Elsewhere:
    """An attrs class with a type that is not there."""

    name: Nowhere  # noqa: F821


@frozen
class Counted:
    """An attrs class that counts by itself."""

    count: int = field(default=0, init=False)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (Opaque, "Opaque cannot be stored"),
        (set[float | str], "sets hold texts, numbers or bytes"),
        (dict[bytes, int], "keys of a dict are texts or numbers"),
        (str | dt.date, r"str \| .*date are stored alike, as S; put them in"),
        (list[Opaque], "Opaque cannot be stored"),
        (Mode, "Mode.ODD: nan is not a number"),
        (Tagged | Plain, "Tagged.TYPE is where a union says which class it holds"),
        (Elsewhere, "an annotation of Elsewhere cannot be resolved: .*'Nowhere'"),
        (Counted, "count: a stored field is given to the class; drop init=False"),
    ],
)
def test_a_type_that_cannot_be_stored_is_refused_by_the_schema(kind, says):
    with pytest.raises(ModelError, match=f"Note: .*{says}"):
        Schema([declared({"odd": kind})])


def test_a_predicate_that_never_holds_is_refused():
    status = {"status": Literal["open"]}
    with pytest.raises(ModelError, match="when status = 'opne'"):
        Schema([declared(status, by=gsi(1, "ALL", "{at}", when={"status": "opne"}))])


@frozen
class Branch:
    """It contains itself by way of its leaves, and what cannot be stored."""

    leaves: list[Leaf]
    odd: Opaque


@frozen
class Leaf:
    """It contains branches, so it cannot be stored either."""

    branch: Branch | None = None


def test_a_class_stays_refused_after_a_class_around_it_was():
    for kind in (Branch, Leaf):
        with pytest.raises(ModelError, match="Opaque cannot be stored"):
            Schema([declared({"odd": kind})])


def test_a_predicate_with_a_value_beyond_the_type_is_refused():
    with pytest.raises(ModelError, match=r"when score = .*too large"):
        Schema([declared(by=gsi(1, "ALL", "{at}", when={"score": 10**400}))])


def entity_of(name: str, tag: str, hash_template: str, sort: str) -> type:
    namespace = {"__annotations__": {"a": str, "b": str}, "primary": key(hash_template, sort)}
    return entity(tag)(type(name, (), namespace))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("USER#{a}", "NOTE#{b}"), ("USER#{b}", "NOTE#{a}")),
        (("USER#{a}", "NOTE#{b}"), ("USER#{a}", "N{b}")),
        (("USER#{a}", "NOTE"), ("USER#{a}", "NOTE#{b}")),
        (("{a}#X", "A#{b}"), ("USER#{b}", "A#{a}")),
        (("USER#{a}", "{b}"), ("USER#{a}", "X#{b}")),
    ],
)
def test_two_entities_whose_keys_may_meet_are_refused(one, other):
    with pytest.raises(ModelError, match="One and Other may share a partition"):
        Schema([entity_of("One", "one", *one), entity_of("Other", "other", *other)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("USER#{a}", "NOTE#{b}"), ("USER#{a}", "TASK#{b}")),
        (("USER#{a}", "NOTE#{b}"), ("TEAM#{a}", "NOTE#{b}")),
        (("USER#{a}", "~"), ("USER#{a}", "RUN#{b}")),
        (("USER#{a}#X", "N#{b}"), ("USER#{a}", "N#{b}")),
        (("USER{a}", "N#{b}"), ("USER", "N#{b}")),
    ],
)
def test_two_entities_that_are_apart_share_a_table(one, other):
    assert Schema([entity_of("One", "one", *one), entity_of("Other", "other", *other)])


def test_two_entities_with_one_tag_are_refused():
    with pytest.raises(ModelError, match="One and Other have one type tag, 'x'"):
        Schema([entity_of("One", "x", "A#{a}", "A"), entity_of("Other", "x", "B#{b}", "B")])


def test_an_index_that_the_table_lacks_is_named():
    with pytest.raises(ModelError, match=r"Note.by is on index 2, which the table does not have"):
        Schema([declared(by=gsi(2, "ALL", "{at}"))], Table("t", (Index(1),)))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Index(21), "a table has indexes 1 to 20"),
        (lambda: Index(-1), "a table has indexes 1 to 20"),
        (lambda: Index("1"), "a table has indexes 1 to 20"),
        (lambda: Index(1.0), "a table has indexes 1 to 20"),
        (lambda: Index(True), "a table has indexes 1 to 20"),
        (lambda: Index(1, 5), "an index has 1 to 4 range attributes"),
        (lambda: Index(1, 0), "an index has 1 to 4 range attributes"),
        (lambda: Index(1, True), "an index has 1 to 4 range attributes"),
        (lambda: Index(0), "the primary key has one range attribute"),
    ],
)
def test_an_index_that_dynamodb_does_not_have_is_refused(make, says):
    with pytest.raises(ModelError, match=says):
        make()


def names(count: int) -> tuple[str, ...]:
    return tuple(f"f{number}" for number in range(count))


def test_an_index_carries_18_fields_besides_type_and_ttl():
    assert len(Index(1, fields=names(18)).carried or ()) == 20
    with pytest.raises(
        ModelError, match="an index carries 18 fields at most, besides TYPE and TTL"
    ):
        Index(1, fields=names(19))


def test_slim_indexes_of_a_table_carry_100_attributes_together():
    full = tuple(Index(number, fields=names(18)) for number in range(1, 6))
    rest = (Index(6), Index(7, fields=()))  # neither counts
    assert Table("agents", full + rest).indexes == full + rest
    says = "the slim indexes of agents carry 103 attributes, and a table has 100"
    with pytest.raises(ModelError, match=says):
        Table("agents", (*full, Index(8, fields=("one",))))


def including(name: str, include: tuple[str, ...] | None) -> type:
    namespace = {
        "__annotations__": {"a": str, "b": str},
        "primary": key(f"{name}#{{a}}", name),
        "by": gsi(1, f"{name}S", "{a}", include=include),
    }
    return entity(name)(type(name, (), namespace))


@pytest.mark.parametrize(
    ("one", "other", "carried"),
    [
        (("a",), ("b", "a"), ("a", "b")),
        ((), ("b",), ("b",)),
        ((), (), ()),
        (("a",), None, None),
    ],
)
def test_an_index_carries_what_its_entities_include_together(one, other, carried):
    schema = Schema([including("One", one), including("Other", other)])
    assert [index.fields for index in schema.table.indexes] == [carried]


def test_a_table_whose_index_does_not_carry_what_an_entity_includes_is_refused():
    with pytest.raises(ModelError, match=r"One\.by includes b, which index 1 of table t does not"):
        Schema([including("One", ("a", "b"))], Table("t", (Index(1, fields=("a",)),)))


@pytest.mark.parametrize("indexes", [(Index(1), Index(1, 1)), (Index(0, 1),)])
def test_indexes_of_a_table_have_numbers_of_their_own(indexes):
    with pytest.raises(ModelError, match="indexes of table t need numbers of their own, from 1"):
        Schema([declared()], Table("t", indexes))


@pytest.mark.parametrize("annotation", ["Nowhere", "dt.nowhere", "dt.date[3]", "not a type"])
def test_an_annotation_that_cannot_be_resolved_is_named(annotation):
    with pytest.raises(ModelError, match=r"Note has an annotation that cannot be resolved"):
        declared({"odd": annotation})


@pytest.mark.parametrize("tag", ["", 5, None, Opaque])
def test_a_type_tag_is_a_text(tag):
    with pytest.raises(ModelError, match="an entity needs a type tag: @entity"):
        entity(tag)


def test_a_schema_of_a_class_without_a_list_is_refused():
    with pytest.raises(ModelError, match=r"a schema is made of a list: Schema\(\[Note\]\)"):
        Schema(declared())


def test_what_is_no_entity_is_refused():
    with pytest.raises(ModelError, match="'Opaque' is no entity"):
        Schema([Opaque])
