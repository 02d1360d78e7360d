"""What the journals of killed writers allow to be stored.

A write whose call returned has happened, one that was refused has not, and one that has no second
line, because its writer was killed, has happened or not.
"""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import attrs
from attrs import frozen

from dynastore import Store
from dynastore.entities.uniques import GUARD, OWNER
from dynastore.requests import Scan

from .writer_program import (
    ACCOUNTS,
    BALANCE,
    Account,
    Counter,
    Doc,
    Note,
    Page,
    Tag,
    Transfer,
    data_of,
)


@frozen
class Noted:
    """A write of a journal.

    Attributes:
        kind: what it is.
        told: all that is told of it.
        fate: what became of it.
    """

    kind: str
    told: dict[str, Any]
    fate: Literal["done", "refused", "open"]


def noted(lines: Sequence[Any]) -> list[Noted]:
    """The writes of one journal, in order; only the last may be open."""
    fates = [line for line in lines if isinstance(line, str)] + ["open"]
    asked = [line for line in lines if not isinstance(line, str)]
    return [Noted(*each, fate) for each, fate in zip(asked, fates, strict=False)]


def read(text: str) -> list[Any]:
    """The lines of a journal, without a last one that was cut short by the kill."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def check(store: Store, journals: Iterable[Sequence[Any]]) -> None:
    """What is stored is what the journals allow; nothing of it is torn or out of step.

    Args:
        store: where all was written.
        journals: the lines of each.
    """
    writes = [each for lines in journals for each in noted(lines)]
    check_counters(store, writes)
    check_pages(store, writes)
    check_accounts(store, writes)
    check_owned(store, writes)
    check_guards(store)
    assert list(store.verify()) == []


def check_counters(store: Store, writes: Iterable[Noted]) -> None:
    """Each counts all that was acknowledged, and nothing that was not asked for."""
    least, most = Tally[int](), Tally[int]()
    for each in writes:
        if each.kind == "counted" and each.fate != "refused":
            most[each.told["counter"]] += each.told["by"]
            least[each.told["counter"]] += each.told["by"] if each.fate == "done" else 0
    for counter in store.scan(Counter):
        assert least[counter.number] <= counter.count <= most[counter.number], counter


def check_pages(store: Store, writes: Iterable[Noted]) -> None:
    """Each line that was acknowledged is there once, and no revision counts two writes."""
    fates = {(e.told["page"], e.told["line"]): e.fate for e in writes if e.kind == "lined"}
    found = [(page.number, line) for page in store.scan(Page) for line in page.lines]
    check_fates(found, fates)
    for page in store.scan(Page):
        assert page.revision == 1 + len(page.lines)


def check_accounts(store: Store, writes: Iterable[Noted]) -> None:
    """The balances are what the transfers say, of which each is there as a whole."""
    moved = [each for each in writes if each.kind == "moved"]
    transfers = list(store.scan(Transfer))
    check_fates([e.name for e in transfers], {e.told["transfer"]: e.fate for e in moved})
    implied = Tally(dict.fromkeys(range(ACCOUNTS), BALANCE))
    for each in transfers:
        implied[each.giver] -= each.amount
        implied[each.taker] += each.amount
    assert {each.number: each.balance for each in store.scan(Account)} == implied
    assert min(implied.values()) >= 0, "the condition of a transfer did not hold"


def check_fates(found: Sequence[Any], fates: dict[Any, str]) -> None:
    """What is found is all that was done and none that was refused, each once."""
    assert len(found) == len(set(found))
    assert {name for name, fate in fates.items() if fate == "done"} <= set(found)
    assert set(found) <= {name for name, fate in fates.items() if fate != "refused"}


def check_owned(store: Store, writes: Iterable[Noted]) -> None:
    """What only one writes is as it was last acknowledged, or as it was asked for after that."""
    allowed: dict[str, list[Any]] = {}
    for each in writes:
        if each.kind != "owned" or each.fate == "refused":
            continue
        for key, state in each.told.items():
            before = allowed.get(key, [None])
            allowed[key] = [state] if each.fate == "done" else [*before, state]
    stored = {
        **{f"tag {each.name}": each.slug for each in store.scan(Tag)},
        **{f"note {each.name}": each.text for each in store.scan(Note)},
        **{f"doc {each.name}": [each.title, each.data] for each in store.scan(Doc)},
    }
    assert stored.keys() <= allowed.keys()
    for key, states in allowed.items():
        whole = [[s[0], data_of(s[1])] if isinstance(s, list) else s for s in states]
        assert stored.get(key) in whole, f"{key} is {stored.get(key)}, and not of {states}"


def check_guards(store: Store) -> None:
    """There is a guard for each unique value, and no other."""
    codec = store.schema.codec(Tag)
    (slug,) = codec.spec.uniques
    implied = {
        slug.guard(codec.spec.tag, attrs.asdict(each), "")[0]: codec.key({"name": each.name}, "").pk
        for each in store.scan(Tag)
    }
    page = store.client.send(Scan(store.schema.table.name, consistent=True))
    guards, items = {}, list(page.items)
    while page.last_key is not None:
        request = Scan(store.schema.table.name, consistent=True, start_key=page.last_key)
        page = store.client.send(request)
        items += page.items
    for item in items:
        if item["TYPE"]["S"] == GUARD:
            guards[item["PK"]["S"]] = item[OWNER]["L"][0]["S"]
    assert guards == implied
