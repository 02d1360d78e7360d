"""The values of channels: cut, joined, spliced and written anew, they are what was put."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import msgpack
import ormsgpack
import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from dynastore.agents.checkpoints import deltas, rewriting
from dynastore.agents.checkpoints.chains import Gap, Known, serialized
from dynastore.agents.checkpoints.contents import (
    Content,
    Former,
    Held,
    Splice,
    Value,
    content_of,
    marked,
    packed,
    packed_segment,
    segment_of,
    spilled_name,
)
from dynastore.agents.checkpoints.deltas import Drafting, Head, digests_of
from dynastore.agents.checkpoints.elements import Elements, cut, elements_of
from dynastore.agents.checkpoints.keeping import Keeping
from dynastore.agents.checkpoints.labels import label
from dynastore.agents.checkpoints.rewriting import Kept
from dynastore.errors import DataError

from .trying import tries

EMPTY = Value("msgpack", b"\x80")

atoms = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=40),
    st.binary(max_size=300),
    st.builds(ormsgpack.Ext, st.integers(0, 127), st.binary(max_size=20)),
)
nested = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=20), st.dictionaries(st.text(max_size=5), inner, max_size=20)
    ),
    max_leaves=25,
)


def form_of(value: Any) -> Value:
    return Value("msgpack", ormsgpack.packb(value, option=ormsgpack.OPT_NON_STR_KEYS))


# --- elements


@given(nested)
def test_a_value_that_was_cut_and_joined_is_the_same_bytes(value):
    form = form_of(value)
    elements = elements_of(form)
    assert (elements is None) is (not isinstance(value, list | dict))
    if elements is not None:
        assert elements.whole == form
        assert len(elements.each) == len(value)


@given(st.one_of(st.lists(nested), st.dictionaries(st.text(max_size=5), nested)))
def test_members_alone_are_cut_as_with_their_header(value):
    elements = elements_of(form_of(value))
    assert elements is not None
    joined = b"".join(elements.each)
    assert cut(elements.kind, joined, count=len(value)) == list(elements.each)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 255, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("kind", [list, dict])
def test_a_header_of_every_width_is_that_of_the_serializer(kind, count):
    value = [0] * count if kind is list else dict.fromkeys(range(count))
    form = form_of(value)
    elements = elements_of(form)
    assert elements is not None
    assert elements.whole == form
    assert len(elements.each) == count


def test_a_value_that_is_nested_as_deeply_as_the_serializer_allows_is_cut():
    value: Any = []
    for _ in range(253):  # 255 is too deep for it
        value = [value]
    assert elements_of(form_of(value)).whole == form_of(value)


@given(st.lists(nested, max_size=5), st.lists(nested, max_size=5))
def test_digests_are_equal_where_members_are(one, other):
    first, second = elements_of(form_of(one)), elements_of(form_of(other))
    assert (first.digests == second.digests) is (first.each == second.each)


@pytest.mark.parametrize("type_", ["json", "bytes", "null", "pickle", "msgpack+aes"])
def test_a_value_of_another_form_is_not_cut(type_):
    assert elements_of(Value(type_, msgpack.packb([1, 2]))) is None


@given(
    st.binary(max_size=60) | nested.map(lambda value: form_of(value).data), st.binary(max_size=3)
)
def test_bytes_of_any_other_serializer_are_cut_only_into_what_makes_them_again(data, more):
    form = Value("msgpack", data + more)
    elements = elements_of(form)
    assert elements is None or elements.whole == form


@pytest.mark.parametrize(
    "data",
    [b"\x90" + b"?" * 600, b"\x92\x01", b"\xdd" + b"\xff" * 4, b"\x91\xc1", b"\xdc\x00\x01\x01"],
    ids=["longer", "cut off", "counts too many", "no MessagePack", "another header"],
)
def test_what_only_begins_as_a_list_is_not_cut(data):
    assert elements_of(Value("msgpack", data)) is None


# --- contents

ids = st.text("0123456789abcdef-", min_size=1, max_size=12)
counts = st.integers(0, 2**40)
values = st.builds(Value, st.text(max_size=8), st.binary(max_size=50))
marks = st.sampled_from(["one", "two", "three"])
splices = st.builds(
    Splice, ids, counts, counts, counts, st.booleans(), st.binary(max_size=50), marks
)
places = st.builds(Held, ids, ids, counts, counts, counts, counts, counts, st.booleans(), marks)
segments = st.dictionaries(st.text(max_size=5), values | splices, max_size=4)
held = st.dictionaries(st.text(max_size=5), places, max_size=4)
contents = st.builds(
    Content,
    values,
    values,
    held,
    segments,
    counts,
    st.just("one"),
    # What is put as it was is among them, for what it referred to in between.
    st.dictionaries(marks, st.builds(Former, segments, held, counts)),
)


@given(contents)
def test_a_content_is_what_was_packed(content):
    assert content_of(packed(content), content.mark) == content


@given(values | splices)
def test_a_segment_is_what_was_packed(segment):
    assert segment_of(packed_segment(segment)) == segment


@given(contents, st.data())
def test_a_content_that_is_cut_off_or_longer_is_damaged(content, data):
    form = packed(content)
    end = data.draw(st.integers(0, len(form) - 1))
    for damaged in (form[:end], form + b"x"):
        with pytest.raises(DataError, match="damaged"):
            content_of(damaged)


@given(values | splices, st.data())
def test_a_segment_that_is_cut_off_is_damaged(segment, data):
    form = packed_segment(segment)
    with pytest.raises(DataError, match="damaged"):
        segment_of(form[: data.draw(st.integers(0, len(form) - 1))])


def test_a_segment_without_the_end_of_its_line_is_damaged():
    with pytest.raises(DataError, match="cut off"):
        segment_of(packed_segment(Value("null", b""))[:-1])


@given(st.binary(max_size=60))
@example(b"{}\n")
@example(b"[]\n")
@example(b"null\n")
@example(b'{"h": ["a", -1], "m": ["a", 0], "s": {}, "d": {}, "t": 0}\n')
@example(b'{"h": ["a", 0], "m": ["a", 0], "s": [], "d": {}, "t": 0}\n')
@example(b'{"h": [null, 0, "b", 1, 1, 1, false], "m": ["a", 0], "s": {}, "d": {}, "t": 0}\n')
def test_bytes_that_are_no_content_are_damaged(form):
    for read in (content_of, segment_of):
        with pytest.raises(DataError, match="damaged"):
            read(form)


# --- labels

metadata = st.one_of(
    st.text(max_size=300), st.booleans(), st.integers(), st.floats(), st.none(), st.just(10**9_000)
)
names = st.sampled_from(["a", "b", '","', 'a",["1"]'])


@given(names, metadata, names, metadata)
@example("a", 1, "a", True)
@example("a", 1, "a", 1.0)
@example("a", 0.0, "a", -0.0)
@example("a", 1, "a", "1")
@example("a", 1e300, "a", 10**300)
@example("a", 2**53, "a", 2.0**53)
@example("a", float("inf"), "a", float("-inf"))
@example("a", "x" * 300, "a", "x" * 299 + "y")
@example("a", "1", "a", '["1"]')
def test_labels_are_equal_where_names_and_values_are(name, value, other_name, other):
    one, two = label(name, value), label(other_name, other)
    if one is not None and two is not None:
        assert (one == two) is ((name, value) == (other_name, other))


@given(st.text(st.characters(codec="utf-8")) | st.integers() | st.booleans())
def test_texts_and_whole_numbers_have_labels(value):
    assert label("a", value) is not None


# --- deltas


members = st.one_of(st.text("abc", max_size=60), st.integers(0, 3), st.binary(max_size=90))


@st.composite
def histories(draw: st.DrawFn) -> list[Any]:
    """The values of a channel, one after the other, as agents change them."""
    value: Any = draw(st.one_of(st.lists(members), st.dictionaries(st.text("xyz"), members)))
    found = [value]
    for _ in range(draw(st.integers(0, 12))):
        if isinstance(value, list):
            at, cut_ = draw(st.integers(0, len(value))), draw(st.integers(0, 2))
            value = [*value[:at], *draw(st.lists(members, max_size=3)), *value[at + cut_ :]]
        else:
            dropped = draw(st.sets(st.sampled_from(sorted(value)))) if value else set()
            kept = {name: each for name, each in value.items() if name not in dropped}
            value = {**kept, **draw(st.dictionaries(st.text("xyz"), members, max_size=2))}
        if draw(st.integers(0, 9)) == 0:
            value = draw(st.one_of(st.lists(members), st.dictionaries(st.text("x"), members)))
        found.append(value)
    return found


def spilled(at: str, mark: str, segments: Any) -> Any:
    """Segments as they are known when they were read by themselves."""
    return {(at, spilled_name(name, mark)): each for name, each in segments.items()}


class Line:
    """Checkpoints one after the other, each with one channel."""

    def __init__(self) -> None:
        self.known = Known()
        self.head: Head | None = None
        self.written: list[int] = []
        self.ids: list[str] = []

    def put(self, value: Value, *, is_changed: bool = True) -> None:
        at = f"{len(self.ids):08}"
        versions = {"c": str(len(self.ids)) if is_changed else self.head.versions["c"]}
        drafting = Drafting(at, self.head, 0, lambda lasts: not lasts)
        changed = {"c"} if is_changed else set()
        drafted = drafting.drafted({"c"}, changed, versions, lambda _: value)
        content = marked(Content(EMPTY, EMPTY, drafted.held, drafted.segments), drafted.spilled)
        self.known.contents[at] = content
        self.known.spilled.update(spilled(at, content.mark, drafted.spilled))
        self.head = Head(versions, content.held, drafted.digests)
        self.ids.append(at)
        segments = [*drafted.segments.values(), *drafted.spilled.values()]
        self.written.append(sum(len(each.data) for each in segments))

    def value(self, at: str, known: Known | None = None) -> Value:
        known = known or self.known
        content = known.contents[at]
        assert not list(known.gaps(content.held.items()))
        return serialized(known.values(content)["c"])


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(deltas, "SPLICED_BYTES", 8)
    monkeypatch.setattr(deltas, "LINK_BYTES", 2)
    for module in (deltas, rewriting):
        monkeypatch.setattr(module, "SPILLED_BYTES", 100)


@given(history=histories())
@tries(120)
def values_are_what_was_put(history):
    line = Line()
    forms = [form_of(value) for value in history]
    for form in forms:
        line.put(form)
    assert [line.value(at) for at in line.ids] == forms
    # What the next process reads is what this one remembered.
    found = digests_of(line.known.values(line.known.contents[line.ids[-1]])["c"])
    assert found == line.head.digests.get("c")


@pytest.mark.hypothesis  # so that make fuzz runs it
def test_every_value_of_a_history_is_what_was_put(small):
    values_are_what_was_put()


@given(history=histories())
@tries(120)
def chains_stay_within_the_ratio(history):
    line = Line()
    for value in history:
        line.put(form_of(value))
        held = line.head.held["c"]
        chain = line.known.chain("c", held)
        assert not isinstance(chain, Gap)
        whole, *splices = chain
        assert isinstance(whole, Value)
        assert (held.links, held.whole_bytes) == (len(chain), len(whole.data))
        spliced = sum(len(each.data) + deltas.LINK_BYTES for each in splices)
        assert held.spliced_bytes == spliced <= deltas.SPLICED_RATIO * len(whole.data)
        assert held.root == line.known.places("c", held)[-1][0]


@pytest.mark.hypothesis  # so that make fuzz runs it
def test_what_is_spliced_stays_in_proportion_to_the_whole(small):
    chains_stay_within_the_ratio()


def test_a_conversation_is_written_a_few_times_and_not_a_hundred_times():
    """2 KB a message, 600 messages: each written once, and the whole when the splices reach 4 times it."""
    line, random_ = Line(), random.Random(1)
    messages: list[bytes] = []
    for _ in range(600):
        messages.append(random_.randbytes(2_000))
        line.put(form_of(messages))
    new = sum(map(len, messages))
    assert sum(line.written) < 3 * new
    assert sum(size > 3_000 for size in line.written) <= 6  # wholes


def test_a_value_with_a_new_version_that_is_as_it_was_is_not_written():
    line = Line()
    for _ in range(3):
        line.put(form_of(["a" * 600] * 3))
    assert line.written[1:] == [0, 0]


def test_a_value_with_its_old_version_is_not_even_serialized():
    line = Line()
    line.put(form_of(["a"]))
    line.put(None, is_changed=False)  # type: ignore[arg-type]
    assert line.value(line.ids[1]) == form_of(["a"])


def test_a_small_value_is_written_whole():
    line = Line()
    for count in range(1, 4):
        line.put(form_of(list(range(count))))
        assert line.head.held["c"].links == 1


def test_without_what_came_before_a_value_is_written_whole():
    drafting = Drafting("2", None, 0, lambda lasts: not lasts)
    drafted = drafting.drafted({"c"}, (), {"c": "1"}, lambda _: form_of(["a" * 600]))
    assert drafted.held["c"].root == "2"


@pytest.mark.parametrize(("outlives", "root"), [(True, "1"), (False, "2")])
def test_what_would_expire_before_a_checkpoint_is_not_referred_to(outlives, root):
    held = Held("1", "1", 1, 5_000, 0, 1, 99)
    head = Head({"c": "1"}, {"c": held}, {})
    drafting = Drafting("2", head, 200, lambda lasts: outlives)
    drafted = drafting.drafted({"c"}, (), {"c": "1"}, lambda _: form_of(["a"]))
    assert drafted.held["c"].root == root
    assert drafted.held["c"].lasts == (99 if outlives else 200)


def test_a_splice_lasts_no_longer_than_what_it_is_spliced_into():
    before = elements_of(form_of(["a" * 600] * 3))
    head = Head(
        {"c": "1"}, {"c": Held("1", "1", 1, 1_800, 0, 1, 99)}, {"c": ("list", before.digests)}
    )
    drafting = Drafting("2", head, 200, lambda lasts: True)
    value = form_of([*["a" * 600] * 3, "b"])
    drafted = drafting.drafted({"c"}, {"c"}, {"c": "2"}, lambda _: value)
    assert isinstance(drafted.segments["c"], Splice)
    assert drafted.held["c"].lasts == 99


# --- rewriting

FOR_EVER = Kept(0, 0)


def references(known, ids):
    return [each for at in ids for each in known.contents[at].references()]


@given(history=histories(), data=st.data())
@tries(120)
def what_stays_is_as_it_was(history, data):
    line = Line()
    forms = [form_of(value) for value in history]
    for form in forms:
        line.put(form)
    kept = sorted(data.draw(st.sets(st.sampled_from(line.ids), min_size=1)))
    known = Known(dict(line.known.contents), dict(line.known.spilled))
    for new in rewriting.rewritten(line.known, dict.fromkeys(kept, FOR_EVER)):
        known.contents[new.checkpoint_id] = new.content
        known.spilled.update(spilled(new.checkpoint_id, new.content.mark, new.spilled))
        # Whoever reads meanwhile finds every value, of what goes too.
        assert [line.value(at, known) for at in line.ids] == forms
    left = Known(
        {at: known.contents[at] for at in kept},
        {at: each for at, each in known.spilled.items() if at[0] in kept},
    )
    assert [line.value(at, left) for at in kept] == [forms[line.ids.index(at)] for at in kept]
    assert left.referred(references(left, kept)) <= {*kept}
    # Twice is as once.
    assert not list(rewriting.rewritten(left, dict.fromkeys(kept, FOR_EVER)))


@pytest.mark.hypothesis  # so that make fuzz runs it
def test_any_checkpoints_that_stay_are_as_they_were_and_refer_to_none_that_goes(small):
    what_stays_is_as_it_was()


@given(history=histories(), data=st.data())
@tries(120)
def what_is_referred_to_is_found(history, data):
    line = Line()
    for value in history:
        line.put(form_of(value))
    live = data.draw(st.sets(st.sampled_from(line.ids), min_size=1))
    # Some were written anew since those after them were written.
    kept = data.draw(st.sets(st.sampled_from(line.ids)))
    forms = {at: line.value(at) for at in live}
    for new in list(rewriting.rewritten(line.known, dict.fromkeys(sorted(kept - live), FOR_EVER))):
        line.known.contents[new.checkpoint_id] = new.content
        line.known.spilled.update(spilled(new.checkpoint_id, new.content.mark, new.spilled))
    needed = line.known.referred(references(line.known, live)) | live
    left = Known(
        {at: line.known.contents[at] for at in needed},
        {at: each for at, each in line.known.spilled.items() if at[0] in needed},
    )
    assert {at: line.value(at, left) for at in live} == forms


@pytest.mark.hypothesis  # so that make fuzz runs it
def test_what_is_referred_to_is_never_too_little(small):
    what_is_referred_to_is_found()


def test_what_is_written_anew_lasts_no_longer_than_its_checkpoint():
    line = Line()
    for count in (3, 4, 5):
        line.put(form_of(["a" * 600] * count))
    (new,) = rewriting.rewritten(line.known, {line.ids[-1]: Kept(60, 77)})
    assert new.content.held["c"].lasts == 77
    kept = {line.ids[1]: Kept(40, 50), line.ids[2]: Kept(50, 77)}
    (_, new) = rewriting.rewritten(line.known, kept)
    assert new.content.held["c"] == evolve(new.content.held["c"], lasts=50, root=line.ids[1])


@pytest.mark.parametrize("until", [51, 0])
def test_what_is_given_back_for_longer_than_what_is_moved_gets_the_whole(until):
    line = Line()
    for count in (3, 4, 5):
        line.put(form_of(["a" * 600] * count))
    kept = {line.ids[1]: Kept(40, 50), line.ids[2]: Kept(until, 77)}
    (_, new) = rewriting.rewritten(line.known, kept)
    assert new.content.held["c"].root == line.ids[2]
    assert new.content.held["c"].lasts == 77


# --- damaged chains


def test_a_splice_where_nothing_is_is_damage():
    held = Held("2", "1", 2, 10, 0, 2, 0)
    contents = {
        "1": Content(EMPTY, EMPTY, {}, {"c": form_of([1])}),
        "2": Content(EMPTY, EMPTY, {"c": held}, {"c": Splice("1", 1, 1, 0, False, b"")}),
    }
    with pytest.raises(DataError, match="spliced where nothing is"):
        Known(contents).values(contents["2"])


def test_a_splice_into_a_text_is_damage():
    held = Held("2", "1", 2, 10, 0, 2, 0)
    contents = {
        "1": Content(EMPTY, EMPTY, {}, {"c": form_of("text")}),
        "2": Content(EMPTY, EMPTY, {"c": held}, {"c": Splice("1", 0, 0, 0, False, b"")}),
    }
    with pytest.raises(DataError, match="no list and no dict"):
        Known(contents).values(contents["2"])


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x01\x02"])
def test_a_splice_of_no_members_is_damage(data):
    held = Held("2", "1", 2, 10, 0, 2, 0)
    contents = {
        "1": Content(EMPTY, EMPTY, {}, {"c": form_of([1])}),
        "2": Content(EMPTY, EMPTY, {"c": held}, {"c": Splice("1", 1, 0, 1, False, data)}),
    }
    with pytest.raises(DataError, match="spliced with no members"):
        Known(contents).values(contents["2"])


# --- keeping


def test_what_is_written_now_outlives_what_is_written_within_the_slack():
    keeping, now = Keeping(dt.timedelta(hours=2)), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    lasts = keeping.lasts(now)
    assert keeping.outlives(lasts, now + dt.timedelta(hours=1))
    assert not keeping.outlives(lasts, now + dt.timedelta(hours=1, seconds=1))
    assert keeping.outlives(0, now)


def test_what_ends_is_not_referred_to_by_what_stays_for_ever():
    assert not Keeping().outlives(99, dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    assert Keeping().outlives(0, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))


def test_elements_of_an_empty_value_are_none():
    assert elements_of(Value("msgpack", b"")) is None
    assert Elements("list", []).whole == form_of([])
