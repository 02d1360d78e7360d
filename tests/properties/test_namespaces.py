"""The registry of namespaces under every order of racing requests, crashes and expiry.

Processes are stepped request by request, and between any two requests a listing must name exactly
the namespaces that have documents: none is hidden, and none is listed that is empty.
"""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from dynastore.agents import Document, agent_schema
from dynastore.agents.documents import Content, Known, Listing, Path, namespaces, written
from dynastore.agents.documents.entities import place_of
from dynastore.agents.documents.labels import labels_in, text_of
from dynastore.errors import DynastoreError
from dynastore.requests import Now, Together, Wait
from dynastore.testing import memory_store

NOON = dt.datetime(2096, 3, 1, 12, tzinfo=dt.UTC)
SPACES = [("a", "b"), ("a", "b", "c")]
ADVANCE, CRASH = "advance", "crash"


class Process:
    """A process that carries out calls, one request at a time.

    Attributes:
        calls: those that it has not yet begun.
        wrote: whether its last step did.
    """

    def __init__(self, store, clock, calls):
        self.calls = list(calls)
        self.wrote = False
        self._store = store
        self._clock = clock
        self._known = Known()
        self._steps = None
        self._asked = None
        self._answers = []

    @property
    def ended(self):
        return self._steps is None and not self.calls

    def step(self):
        """Answer one request."""
        self.wrote = False
        if self._steps is None:
            self._steps = written(self._store.schema, self.calls.pop(0), self._known)
            return self._take(lambda: next(self._steps))
        match self._asked:
            case Now():
                self._take(lambda: self._steps.send(self._clock()))
            case Wait():
                self._take(lambda: self._steps.send(None))
            case Together(requests=requests):
                self._answers.append(self._sent(requests[len(self._answers)]))
                if len(self._answers) == len(requests):
                    self._answer(lambda: self._asked.responses(self._answers))
            case request:
                answer = self._sent(request)
                self._answer(lambda: Together([request]).responses([answer])[0])
        return None

    def _sent(self, request):
        self.wrote = request.writes
        try:
            return self._store.client.send(request)
        except DynastoreError as error:
            return error

    def _answer(self, read):
        try:
            answer = read()
        except DynastoreError as error:
            # A single request throws its own error, a Together one of all.
            cause = error if isinstance(self._asked, Together) else error.failed[0]
            self._take(lambda: self._steps.throw(cause))
        else:
            self._take(lambda: self._steps.send(answer))

    def _take(self, step):
        self._answers = []
        try:
            self._asked = step()
        except StopIteration:
            self._steps = None


CALLS = st.lists(
    st.dictionaries(
        st.tuples(st.sampled_from(SPACES), st.sampled_from("kl")),
        st.sampled_from([None, None, Content("{}"), Content("{}", minutes=1.0)]),
        min_size=1,
        max_size=2,
    ),
    max_size=3,
)
MOVES = st.lists(st.sampled_from([0, 0, 1, 1, 2, 2, ADVANCE, (CRASH, 0), (CRASH, 1)]), max_size=60)

PUT, BRIEF, GONE = Content("{}"), Content("{}", minutes=1.0), None
HERE = (("a", "b"), "k")


@given(st.lists(CALLS, min_size=3, max_size=3), MOVES)
@example([[{HERE: PUT}], [{HERE: GONE}], []], [0] * 20 + [1] * 20)
@example([[{HERE: PUT}], [{HERE: GONE}], []], [0] * 5 + [1] * 20 + [0] * 20)
@example([[{HERE: PUT}], [{HERE: BRIEF}], []], [0, 1] * 12 + [ADVANCE])
@example([[{HERE: GONE}], [{HERE: PUT}], []], [0, 0] + [1] * 40)
def test_a_listing_names_exactly_the_namespaces_that_have_documents(calls, moves):
    now = [NOON]
    store = memory_store(agent_schema(), clock=lambda: now[0])
    store.create_table()
    processes = [Process(store, lambda: now[0], each) for each in calls]
    for move in [*moves, *[0, 1, 2] * 80]:
        match move:
            case "advance":
                now[0] += dt.timedelta(minutes=2)
            case ("crash", number):
                processes[number] = Process(store, lambda: now[0], processes[number].calls)
            case number if not processes[number].ended:
                processes[number].step()
                if not processes[number].wrote:
                    continue
            case _:
                continue
        inhabited = [each for each in SPACES if store.query(Document, **place_of(each)).first()]
        assert store.run(namespaces(store.schema, Listing())) == inhabited
    assert all(each.ended for each in processes)
    store.close()


LABELS = st.lists(st.text(min_size=1, max_size=4), max_size=4).map(tuple)
NASTY = st.lists(st.text("\x00\x01\x02#$@a", min_size=1, max_size=4), max_size=4).map(tuple)


@given(st.lists(LABELS | NASTY, min_size=2, max_size=6, unique=True))
def test_texts_of_namespaces_sort_as_they_do_and_are_prefixes_where_they_are(spaces):
    for one, other in pairwise(sorted(spaces)):
        assert text_of(one) < text_of(other)
    for one in spaces:
        assert labels_in(text_of(one)) == one
        for other in spaces:
            assert text_of(other).startswith(text_of(one)) == (other[: len(one)] == one)


@given(st.lists(NASTY.filter(bool), min_size=1, max_size=6, unique=True), st.data())
def test_a_listing_is_what_filtering_all_namespaces_gives(spaces, data):
    store = memory_store()
    store.run(written(store.schema, {(each, "k"): PUT for each in spaces}, Known()))
    kind = data.draw(st.sampled_from(["prefix", "suffix"]))
    labels = data.draw(st.sampled_from(spaces))[: data.draw(st.integers(1, 3))]
    labels = tuple(data.draw(st.sampled_from([each, "*"])) for each in labels)
    path = Path(kind, labels)
    depth = data.draw(st.none() | st.integers(1, 3))
    limit, offset = data.draw(st.integers(0, 4)), data.draw(st.integers(0, 2))
    expected = sorted({each[:depth] for each in spaces if path.matches(each)})
    asked = Listing((path,), depth, limit, offset)
    assert store.run(namespaces(store.schema, asked)) == expected[offset : offset + limit]
    store.close()
