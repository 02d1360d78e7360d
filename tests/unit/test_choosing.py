"""Which access pattern serves a query, and what the plan says of it: an example for each rule."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import pytest

from dynastore import (
    Schema,
    after,
    all_of,
    any_of,
    before,
    begins_with,
    between,
    contains,
    entity,
    exists,
    field,
    gsi,
    key,
    not_,
    one_of,
    since,
    size,
    until,
)
from dynastore.errors import ModelError, NoAccessPattern, RequestError
from dynastore.planner import Ask

MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)


@entity("trip", count=10_000, item_bytes=500, distinct={"owner": 100, "city": 50})
class Trip:
    """A journey."""

    trip_id: str
    owner: str
    city: str | None = None
    status: Literal["open", "held", "done"] = "open"
    price: int = 0
    note: str = ""
    tags: set[str] = field(factory=set)
    leaves_at: dt.datetime = MAY

    primary = key("OWNER#{owner}", "TRIP#{trip_id}")
    by_city = gsi(1, "CITY#{city}", "{status}", "{leaves_at}")
    open_ones = gsi(2, "OPEN", "{leaves_at}", when={"status": one_of("open", "held")}, shards=3)
    by_month = gsi(3, "{leaves_at:month}", "{leaves_at}", include=["note"])
    dear = gsi(4, "DEAR", "{price}", when={"price": since(1_000)}, include=())


SCHEMA = Schema([Trip])


def plan(*combined: Any, ask: Ask | None = None, **where: Any) -> Any:
    return SCHEMA.plan(Trip, where, combined, ask or Ask())


def branches(made: Any) -> list[str]:
    return [" ".join(str(test) for _, test in branch.key) for branch in made.branches]


class TestTerms:
    """Each goes to the key where it can, else to the server, else to the client."""

    def test_a_list_of_values_is_a_branch_for_each(self):
        made = plan(owner=one_of("ann", "bob"), trip_id="t1")
        assert made.paths[0].request == "BatchGetItem"
        assert branches(made) == ["= 'OWNER#ann' = 'TRIP#t1'", "= 'OWNER#bob' = 'TRIP#t1'"]

    @pytest.mark.parametrize(
        "term",
        [
            contains("x"),
            exists(),
            not_("x"),
            any_of("x", begins_with("y")),
            not_(begins_with("x")),
        ],
    )
    def test_what_a_key_cannot_say_is_filtered_at_the_server(self, term):
        (path,) = plan(owner="ann", note=term).paths
        assert path.filters
        assert not path.checks

    def test_the_size_of_a_text_is_checked_at_the_client(self):
        (path,) = plan(owner="ann", note=size(since(1)), tags=size(1)).paths
        assert [name for name, _ in path.checks] == ["note"]
        assert [name for name, _ in path.filters] == ["tags"]

    def test_what_is_read_by_key_is_checked_at_the_client(self):
        made = plan(owner="ann", trip_id="t1", price=5)
        assert made.paths[0].method == "GetItem"
        assert "check at the client: price = 5" in str(made)

    def test_an_or_over_one_field_is_a_list(self):
        assert branches(plan(any_of(owner=one_of("ann", "bob")), trip_id="t")) == branches(
            plan(owner=any_of("ann", "bob"), trip_id="t")
        )

    def test_a_double_negation_is_none(self):
        assert plan(not_(not_(owner="ann"))).conditions == plan(owner="ann").conditions

    def test_what_contradicts_itself_sends_nothing(self):
        for made in (
            plan(owner=one_of()),
            plan(owner=all_of("ann", "bob")),
            plan(any_of(owner=one_of(), note=one_of())),
            plan(owner="ann", trip_id=between("b", "a")),
        ):
            assert made.empty
            assert not made.paths


class TestChoice:
    """By read units, then by the length of the prefix; never by the order of declaration."""

    def test_a_whole_key_comes_first(self):
        assert plan(owner="ann", trip_id="t1", city="Rome", status="open").pattern == "primary"

    def test_hints_decide_between_prefixes_of_one_length(self):
        assert plan(owner="ann", city="Rome").pattern == "primary"  # 100 owners, 50 cities
        assert plan(owner="ann", city="Rome", status="open").pattern == "by_city"

    def test_a_longer_prefix_comes_before_a_shorter_one(self):
        made = plan(city="Rome", status="open", leaves_at=since(MAY))
        assert made.pattern == "by_city"
        assert "passed over open_ones: about" in str(made)

    def test_planning_is_the_same_each_time(self):
        filters = {"city": one_of("Rome", "Oslo"), "status": "open"}
        assert len({str(Schema([Trip]).plan(Trip, filters)) for _ in range(5)}) == 1

    def test_an_or_is_two_paths_where_that_is_cheaper(self):
        made = plan(any_of(owner="ann", city="Rome"))
        assert [path.pattern for path in made.paths] == ["primary", "by_city"]
        assert made.paths[1].unless == (plan(owner="ann").conditions,)

    def test_an_or_is_a_filter_where_that_is_cheaper(self):
        (path,) = plan(any_of(price=1, note="x"), owner="ann").paths
        assert "price = 1 or note = 'x'" in str(plan(any_of(price=1, note="x"), owner="ann"))
        assert len(path.filters) == 1

    def test_alternatives_that_exclude_each_other_leave_nothing_out(self):
        made = plan(any_of(all_of(owner="ann", trip_id="t"), all_of(owner="bob", trip_id="u")))
        assert all(not path.unless for path in made.paths)


class TestSparse:
    """A sparse index serves only if the filters imply that it has all that is asked for."""

    @pytest.mark.parametrize("status", ["open", one_of("open", "held"), one_of("held")])
    def test_what_implies_the_predicate_is_served(self, status):
        assert plan(status=status).pattern == "open_ones"

    @pytest.mark.parametrize("status", ["done", one_of("open", "done"), exists(), not_("done")])
    def test_what_does_not_imply_it_is_refused(self, status):
        with pytest.raises(NoAccessPattern, match="open_ones needs status"):
            plan(status=status)

    @pytest.mark.parametrize("price", [1_000, since(1_000), after(5_000), between(2_000, 3_000)])
    def test_ranges_imply_a_range(self, price):
        assert plan(price=price).pattern == "dear"

    @pytest.mark.parametrize("price", [999, since(999), before(2_000), between(1, 2_000)])
    def test_wider_ranges_do_not(self, price):
        with pytest.raises(NoAccessPattern):
            plan(price=price)


class TestFanOut:
    """Shards, buckets and open choices are branches, 100 at most."""

    def test_all_shards_are_read_and_merged(self):
        made = plan(status="open")
        assert branches(made) == ["= 'OPEN#0'", "= 'OPEN#1'", "= 'OPEN#2'"]
        assert made.ordering == "merged"

    def test_a_span_is_read_bucket_after_bucket(self):
        made = plan(leaves_at=between(MAY, MAY + dt.timedelta(days=40)))
        assert [branch.key[0][1].value for branch in made.branches] == ["2026-05", "2026-06"]
        assert made.ordering == "index"

    def test_a_span_without_an_end_has_no_last_bucket(self):
        with pytest.raises(NoAccessPattern):
            plan(leaves_at=since(MAY))

    def test_an_open_choice_is_tried_value_by_value(self):
        made = plan(city="Rome", leaves_at=between(MAY, MAY + dt.timedelta(hours=1)))
        assert made.pattern == "by_city"
        assert [branch.key[1][1].value for branch in made.branches] == ["done", "held", "open"]

    def test_more_than_a_hundred_branches_are_refused(self):
        with pytest.raises(RequestError, match="more than 100"):
            plan(city=one_of(*map(str, range(101))), status="open")

    def test_more_than_a_hundred_buckets_are_refused(self):
        with pytest.raises(RequestError, match="more than 100"):
            plan(leaves_at=between(MAY, MAY.replace(year=2040)))


class TestOrder:
    """An index gives the order where it can; else it is made in memory, which the plan says."""

    def test_the_order_of_the_index_is_no_sort(self):
        made = plan(city="Rome", status="open", ask=Ask(order=("leaves_at",)))
        assert made.ordering == "index"

    def test_bound_fields_do_not_count(self):
        made = plan(city="Rome", status="open", ask=Ask(order=("city", "leaves_at")))
        assert made.ordering == "index"

    def test_branches_are_merged_by_what_follows_them(self):
        made = plan(city="Rome", status=one_of("open", "done"), ask=Ask(order=("leaves_at",)))
        assert made.ordering == "merged"
        assert [branch.skipped for branch in made.branches] == [0, 0]

    def test_another_order_is_made_in_memory_and_has_advice(self):
        made = plan(owner="ann", ask=Ask(order=("price",)))
        assert "sorted in memory by price" in str(made)
        assert made.advice == 'by_owner = gsi(5, "OWNER#{owner}", "{price}")'

    def test_a_field_without_an_order_is_refused(self):
        with pytest.raises(RequestError, match="no order"):
            plan(owner="ann", ask=Ask(order=("tags",)))


class TestSlim:
    """A slim index answers what it carries; the rest is fetched by key."""

    SPAN = between(MAY, MAY + dt.timedelta(days=1))

    def test_whole_entities_are_fetched(self):
        assert plan(leaves_at=self.SPAN).paths[0].hydrated

    def test_carried_fields_are_not(self):
        made = plan(leaves_at=self.SPAN, note="x", ask=Ask(selected=("note",)))
        assert not made.paths[0].hydrated
        assert made.paths[0].filters

    def test_what_is_not_carried_is_checked_on_whole_items(self):
        made = plan(leaves_at=self.SPAN, price=5, ask=Ask(selected=("note",)))
        assert made.paths[0].hydrated
        assert [name for name, _ in made.paths[0].checks] == ["price"]

    def test_keys_only_are_always_fetched(self):
        assert plan(price=1_000, ask=Ask(selected=("price",))).paths[0].hydrated


class TestConsistency:
    """Only the table is read consistently."""

    def test_the_table_is(self):
        assert plan(owner="ann", ask=Ask(consistent=True)).consistent

    def test_an_index_is_refused_with_the_alternative(self):
        with pytest.raises(RequestError, match=r"by_city is on GSI1.*needs owner"):
            plan(city="Rome", ask=Ask(consistent=True))

    def test_the_table_is_taken_where_an_index_would_be_cheaper(self):
        made = plan(owner="ann", city="Rome", status="open", ask=Ask(consistent=True))
        assert made.pattern == "primary"


class TestAdvice:
    """What no pattern serves is refused, with the declaration that would serve it."""

    def test_it_names_what_each_pattern_lacks(self):
        with pytest.raises(NoAccessPattern) as refused:
            plan(note="x")
        assert refused.value.missing["primary"] == ("owner",)
        assert refused.value.declaration == 'by_note = gsi(5, "NOTE#{note}", "{owner}")'

    def test_the_declaration_serves_the_query(self):
        with pytest.raises(NoAccessPattern) as refused:
            plan(note="x", price=until(7), ask=Ask(order=("leaves_at",)))
        declared = refused.value.declaration
        assert declared == 'by_note = gsi(5, "NOTE#{note}", "{leaves_at}", "{price}")'
        pattern = eval(declared.partition(" = ")[2], {"gsi": gsi})
        namespace = {"__annotations__": Trip.__annotations__ | {}, "by_note": pattern}
        advised = entity("trip")(type("Advised", (), {**_members(), **namespace}))
        made = Schema([advised]).plan(advised, {"note": "x", "price": until(7)})
        assert made.pattern == "by_note"

    def test_the_declaration_has_the_order(self):
        ask = Ask(order=("status", "price"))
        made = plan(owner="ann", status=one_of("open", "held"), ask=ask)
        assert made.advice == 'by_owner = gsi(5, "OWNER#{owner}", "{status}", "{price}")'
        pattern = eval(made.advice.partition(" = ")[2], {"gsi": gsi})
        namespace = {"__annotations__": Trip.__annotations__ | {}, "by_owner": pattern}
        advised = entity("trip")(type("Advised", (), {**_members(), **namespace}))
        where = {"owner": "ann", "status": one_of("open", "held")}
        assert Schema([advised]).plan(advised, where, (), ask).ordering == "index"

    def test_the_declaration_has_a_name_and_components_that_can_be_declared(self):
        @entity("a {sore} point")
        class Point:
            x: int
            y: int
            z: int
            when_x: int
            by_x: int
            primary = key("POINT#{x}#{y}#{z}", "~")
            by_z = gsi(1, "Z#{z}", "~", when={"x": 1})

        schema = Schema([Point])
        for where, declared in [
            ({"z": 1}, 'by_z_2 = gsi(2, "Z#{z}", "{x}")'),
            ({"x": since(1)}, 'by_x_2 = gsi(2, "POINTS", "{x}")'),
        ]:
            with pytest.raises(NoAccessPattern) as refused:
                schema.plan(Point, where)
            assert refused.value.declaration == declared
        order = Ask(order=("y", "z", "when_x", "x", "by_x"))
        with pytest.raises(NoAccessPattern) as refused:
            schema.plan(Point, {"x": one_of(1, 2)}, (), order)
        ranges = '"{y}", "{z}", "{when_x}", "{x}#{by_x}"'
        assert refused.value.declaration.endswith(f'gsi(2, "POINTS", {ranges})')


def _members() -> dict[str, Any]:
    fields = {"city": None, "status": "open", "price": 0, "note": "", "leaves_at": MAY}
    return {**fields, "tags": frozenset(), "primary": Trip.primary}


class TestDeclarations:
    """What cannot be planned with is refused where it is declared."""

    @pytest.mark.parametrize(
        ("declare", "says"),
        [
            (lambda: gsi(1, "A", "{b}", shards=0), "shards are 1"),
            (lambda: gsi(1, "A", "{b}", include="note"), "include is a list"),
            (lambda: gsi(1, "{at:week}", "{b}"), "week"),
        ],
    )
    def test_patterns(self, declare, says):
        with pytest.raises(ModelError, match=says):
            declare()

    @pytest.mark.parametrize(
        "hints",
        [{"count": 0}, {"count": 10**400}, {"distinct": {"x": 5}}, {"item_bytes": 1.5}],
    )
    def test_hints(self, hints):
        with pytest.raises(ModelError):

            @entity("thing", **hints)
            class Thing:
                name: str
                primary = key("T", "N#{name}")
