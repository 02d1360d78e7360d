"""Payload fields: how they are stored, decoded when touched, and refused."""

from __future__ import annotations

import copy
import pickle
import zlib

import attrs
import pytest
import zstandard

from dynastore import Schema, entity, key, payload
from dynastore.capacity import LIMIT_BYTES
from dynastore.entities.payload_fields import LazyField, Undecoded
from dynastore.errors import (
    DataError,
    ItemTooLarge,
    MalformedItem,
    ModelError,
    PayloadMissing,
    RequestError,
)
from dynastore.testing import memory_store
from dynastore.values import payload_forms as forms


@entity("run")
class Run:
    """A turn."""

    run_id: str
    messages: list[dict[str, str]] = payload(factory=list)
    data: bytes = payload(default=b"")

    primary = key("RUN#{run_id}", "~")


SCHEMA = Schema([Run])
CODEC = SCHEMA.codec(Run)
MANY = [{"role": "user", "content": "Is there a window seat left?"}] * 100
LARGE = Run(run_id="r", messages=MANY)


def held(entity):
    """What the slot of a field holds, untouched."""
    return vars(Run)["messages"].slot.__get__(entity)


def test_a_small_value_is_stored_as_any_other_field():
    item = CODEC.encode(Run(run_id="r", messages=MANY[:5]), "")
    assert item["messages"].keys() == {"L"}


def test_a_larger_one_becomes_a_form_that_says_how_to_read_it():
    stored = CODEC.encode(LARGE, "")["messages"]["B"]
    assert stored[0] == forms.ZSTD | forms.LIST
    assert len(stored) < 200
    assert forms.form_of({"L": []}, compress=True)[0] == forms.RAW | forms.LIST, (
        "it would not be smaller"
    )


def test_a_value_is_decoded_when_it_is_first_touched():
    run = CODEC.decode(CODEC.encode(LARGE, ""))
    assert type(held(run)) is Undecoded
    assert run.messages == MANY
    assert run.messages is run.messages
    assert held(run) == MANY


@pytest.mark.parametrize(
    "use",
    [
        lambda run: run == LARGE,
        lambda run: attrs.evolve(run, data=b"").messages == MANY,
        lambda run: attrs.asdict(run)["messages"] == MANY,
        lambda run: copy.copy(run) == LARGE,
        lambda run: copy.deepcopy(run) == LARGE,
        lambda run: pickle.loads(pickle.dumps(run)) == LARGE,
        lambda run: "run_id='r'" in repr(run),
    ],
)
def test_nothing_tells_an_undecoded_entity_from_another(use):
    assert use(CODEC.decode(CODEC.encode(LARGE, "")))


def test_entities_with_payloads_that_can_be_hashed_are():
    @entity("doc")
    class Doc:
        name: str
        text: str = payload(default="")
        primary = key("DOC#{name}", "~")

    codec = Schema([Doc]).codec(Doc)
    doc = Doc(name="a", text="x" * 2_000)
    assert hash(codec.decode(codec.encode(doc, ""))) == hash(doc)
    assert isinstance(Doc.text, LazyField)


def test_a_field_that_is_not_lazy_is_decoded_at_once():
    @entity("doc")
    class Doc:
        name: str
        text: str = payload(default="", lazy=False)
        primary = key("DOC#{name}", "~")

    codec = Schema([Doc]).codec(Doc)
    item = codec.encode(Doc(name="a", text="x" * 2_000), "")
    assert codec.decode(item).text == "x" * 2_000
    with pytest.raises(MalformedItem, match="first byte is 255"):
        codec.decode(item | {"text": {"B": b"\xffabc"}})


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (b"", "empty"),
        (b"\xff", "first byte is 255"),
        (b"\x01" + zlib.compress(b'{"L":[]}')[:-3], "cut off"),
        (b"\x01" + zlib.compress(b'{"L":[]}') + b"x", "something follows"),
        (b"\x01nothing", "incorrect header"),
        (b"\x02nothing", "content size"),
        (b"\x00[1]", "no attribute value"),
        (b'\x00{"L":[{"N":"1"}]}', "stored as N"),
        (b"\x00{", "JSON|unexpected"),
        (b"\x50", "first byte is 80"),
        (b'\x30{"M":{}}', "last line is cut off"),
        (b"\x20\xff", "can't decode"),
    ],
)
def test_a_damaged_value_is_malformed_when_it_is_touched(form, says):
    run = CODEC.decode(CODEC.encode(LARGE, "") | {"messages": {"B": form}})
    for _ in range(2):
        with pytest.raises(MalformedItem, match=says) as error:
            run.messages  # noqa: B018
        assert error.value.path.startswith("$.messages")


@pytest.mark.parametrize("method", ["zlib", "zstd"])
def test_a_few_bytes_do_not_fill_the_memory(method, monkeypatch):
    form = forms.form_of({"S": "x" * 5_000_000}, compress=True, method=method)
    assert len(form) < 10_000
    monkeypatch.setattr(forms, "LARGEST_BYTES", 3_000_000)
    with pytest.raises(forms.Unreadable, match="more than 3,000,000 bytes"):
        forms.value_of(form)


def test_a_value_that_would_not_be_read_is_not_written(monkeypatch):
    monkeypatch.setattr(forms, "LARGEST_BYTES", 3_000)
    with pytest.raises(RequestError, match=r"Run.messages cannot be stored: .* holds 3,000"):
        CODEC.encode(LARGE, "")


def test_without_zstandard_zlib_is_written_and_zstd_names_the_extra(monkeypatch):
    stored = CODEC.encode(LARGE, "")
    monkeypatch.setattr(forms, "zstandard", None)
    assert CODEC.encode(LARGE, "")["messages"]["B"][0] == forms.ZLIB | forms.LIST
    run = CODEC.decode(stored)
    with pytest.raises(DataError, match=r"\[zstd\]"):
        run.messages  # noqa: B018


def test_a_zstd_frame_that_is_cut_off_is_not_read_as_less():
    form = forms.form_of({"B": bytes(range(256)) * 50}, compress=True, method="zstd")
    plain = zstandard.ZstdCompressor(write_content_size=True).compress(b"x" * 10_000)
    for cut in (form[:-1], bytes([forms.ZSTD | forms.BYTES]) + plain[:-4]):
        with pytest.raises(forms.Unreadable):
            forms.value_of(cut)


def test_half_of_a_surrogate_pair_is_refused():
    with pytest.raises(RequestError, match="surrogate"):
        CODEC.encode(Run(run_id="r", messages=[{"a": "\ud800" * 2_000}]), "")


def test_what_may_not_be_split_must_fit():
    @entity("doc")
    class Doc:
        name: str
        data: bytes = payload(split=False)
        primary = key("DOC#{name}", "~")

    store = memory_store(Schema([Doc]))
    with pytest.raises(ItemTooLarge):
        store.put(Doc(name="a", data=noise(LIMIT_BYTES)))


def test_a_pointer_that_was_not_followed_says_so():
    encoded = CODEC.encode_split(Run(run_id="r", data=noise(500_000)), "")
    assert encoded.leaving.keys() == {"data"}
    run = CODEC.decode(encoded.item)
    with pytest.raises(PayloadMissing, match=r"Run\.data of RUN#r ~"):
        run.data  # noqa: B018


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"compress_over": -1}, "compress_over"),
        ({"offload_over": 1.5}, "offload_over"),
        ({"offload_over": 9, "split": False}, "cannot leave"),
    ],
)
def test_settings_that_say_nothing_are_refused(settings, says):
    with pytest.raises(ModelError, match=says):
        payload(**settings)


def test_a_payload_of_a_class_without_slots_is_refused():
    @attrs.frozen(slots=False, kw_only=True)
    class Dict:
        text: str = payload(default="")

    with pytest.raises(ModelError, match="without slots"):

        @entity("doc")
        class Doc(Dict):
            name: str
            primary = key("DOC#{name}", "~")


def test_an_inherited_payload_is_lazy_too():
    @attrs.frozen(kw_only=True)
    class Slotted:
        text: str = payload(default="")

    @entity("doc")
    class Doc(Slotted):
        name: str
        primary = key("DOC#{name}", "~")

    codec = Schema([Doc]).codec(Doc)
    doc = Doc(name="a", text="x" * 2_000)
    assert codec.decode(codec.encode(doc, "")) == doc


def noise(size):
    """Bytes that no method makes smaller, the same each time."""
    import random

    return random.Random(size).randbytes(size)
