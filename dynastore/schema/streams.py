"""Changes: what a stream tells of the entities of a schema, and batches of them in AWS Lambda.

    {"eventName": "MODIFY", "dynamodb": {"OldImage": {"TYPE": {"S": "note"}, …}, "NewImage": …}}
    -> Change(cls=Note, key=ref(Note, user_id="ann", note_id="n1"), kind="updated",
              old=Note(…, text="tea"), new=Note(…, text="green tea"), …)

A record of a type that was not asked for, of another scope, or of what the package keeps for itself
is no change.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from attrs import frozen

from ..codec.codec import Codec
from ..entities.spec import Ref
from ..errors import RequestError
from ..keys.templates import nested_prefix
from ..requests.streams import StreamRecord
from ..table import TYPE
from ..values.attributes import AttributeMap
from .schema import Schema

E = TypeVar("E")

logger = logging.getLogger("dynastore")

NO_IMAGES = (
    "the stream of this table does not hold the item before and after a change; "
    "give it StreamViewType NEW_AND_OLD_IMAGES"
)

Kind: TypeAlias = Literal["created", "updated", "deleted", "expired"]


@frozen
class Change(Generic[E]):
    """One write of one entity, as the stream of its table tells it.

    Attributes:
        cls: the entity class.
        key: its primary key.
        kind: ``expired`` is a deletion by the engine, because the entity's time to live was over.
        old: the entity before; None if it was created.
        new: the entity after; None if it is gone.
        at: when it was written, to the second or so.
        id: the same each time the change is delivered, and no other change's.
        sequence: its place among the changes of the same entity, where it grows; up to 40 digits.
    """

    cls: type[E]
    key: Ref[E]
    kind: Kind
    old: E | None
    new: E | None
    at: dt.datetime
    id: str
    sequence: int


class Lens:
    """Sees the changes of some classes in one scope among the records of a table's stream."""

    def __init__(self, schema: Schema, classes: Sequence[type[Any]] = ()) -> None:
        """Look for these classes, or for all of the schema.

        Raises:
            RequestError: a class is not in the schema.
        """
        self.codecs = [schema.codec(cls) for cls in classes or schema.entities]
        self._by_tag = {codec.spec.tag: codec for codec in self.codecs}
        self._prefix = schema.prefix
        self._nested = nested_prefix(schema.prefix)

    def change(self, record: StreamRecord) -> Change[Any] | None:
        """The change that a record tells; None if it tells none of these classes and this scope.

        Raises:
            RequestError: the stream holds no images.
            MalformedItem: an image does not fit its class.
        """
        if record.new is None and record.old is None:
            raise RequestError(NO_IMAGES)
        if not record.key.pk.startswith(self._prefix) or record.key.pk.startswith(self._nested):
            return None
        tag = (record.new or record.old or {}).get(TYPE, {}).get("S")
        codec = self._by_tag.get(tag or "")
        return None if codec is None else _change(codec, record)


def changes_of(event: Mapping[str, Any], schema: Schema, *classes: type[E]) -> Iterator[Change[E]]:
    """The changes of a Lambda event, in its order, each decoded when it is asked for.

    Args:
        event: what Lambda hands to a function on a table's stream.
        schema: the entities; a scoped one sees its scope's changes only.
        classes: whose changes; those of all of the schema's without any.

    Raises:
        RequestError: a class is not in the schema.
        DataError: an image does not fit its class.
    """
    lens = Lens(schema, classes)
    records = map(StreamRecord.of, event["Records"])
    return (change for record in records if (change := lens.change(record)))


def take_batch(
    event: Mapping[str, Any],
    schema: Schema,
    take: Callable[[Change[Any]], object],
    *classes: type[Any],
) -> dict[str, list[dict[str, str]]]:
    """Hand the changes of a Lambda event to *take* one by one, up to the first that fails.

    For event source mappings with ``FunctionResponseTypes: [ReportBatchItemFailures]``: Lambda
    delivers what is reported again, from the lowest sequence number on. The failed change is
    reported with all that come after it in the event, so that none is passed over even where the
    event is not in the order of its sequence numbers.

    Args:
        event: what Lambda hands to a function on a table's stream.
        schema: the entities; a scoped one sees its scope's changes only.
        take: called with each change. An error of any kind, which is logged, means not taken.
        classes: whose changes; those of all of the schema's without any.

    Returns:
        What the function has to return to Lambda.

    Raises:
        RequestError: a class is not in the schema.
    """
    lens = Lens(schema, classes)
    records = list(map(StreamRecord.of, event["Records"]))
    for place, record in enumerate(records):
        try:
            if change := lens.change(record):
                take(change)
        except Exception:  # whatever it is, Lambda is told, and delivers again
            logger.exception("change %s failed, and will be delivered again", record.id)
            left = [{"itemIdentifier": each.sequence} for each in records[place:]]
            return {"batchItemFailures": left}
    return {"batchItemFailures": []}


def _change(codec: Codec, record: StreamRecord) -> Change[Any]:
    old, new = _entity(codec, record.old), _entity(codec, record.new)
    known: Any = old if new is None else new
    fields = dict.fromkeys(codec.spec.primary.fields)
    return Change(
        cls=codec.spec.cls,
        key=Ref(codec.spec.cls, tuple((name, getattr(known, name)) for name in fields)),
        kind=_kind(record),
        old=old,
        new=new,
        at=record.at,
        id=record.id,
        sequence=int(record.sequence),
    )


def _entity(codec: Codec, image: AttributeMap | None) -> Any:
    """The entity of an image; None where there is none, or one of another class before."""
    if image is None or image.get(TYPE) != {"S": codec.spec.tag}:
        return None
    return codec.decode(image)


def _kind(record: StreamRecord) -> Kind:
    match record.event:
        case "INSERT":
            return "created"
        case "MODIFY":
            return "updated"
        case "REMOVE":
            return "expired" if record.expired else "deleted"
