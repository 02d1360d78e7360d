"""What Agno keeps as JSON, as the bytes that are stored, and moments as its whole seconds."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from agno.db.utils import CustomJSONEncoder

from ...errors import RequestError, shown

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
FIRST = dt.datetime.min.replace(tzinfo=dt.UTC)
LAST = dt.datetime.max.replace(tzinfo=dt.UTC)

# A text may hold half of a surrogate pair: what a model answered may have been cut in the middle.
LENIENT = "surrogatepass"


def json_bytes(value: Any) -> bytes:
    """JSON of a value, with the types that Agno's own databases turn into JSON.

    Raises:
        RequestError: it holds what is none of these.
    """
    try:
        text = json.dumps(value, cls=CustomJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise RequestError(
            f"{shown(value)} is no JSON ({error}); give texts, numbers, lists and dicts"
        ) from error
    return text.encode(errors=LENIENT)


def json_value(content: bytes) -> Any:
    """The value of what `json_bytes` gave."""
    return json.loads(content.decode(errors=LENIENT))


def moment(seconds: float) -> dt.datetime:
    """The moment some seconds after 1970; where there is no such one, the first or last there is.

    Raises:
        RequestError: it is no number.
    """
    try:
        return EPOCH + dt.timedelta(seconds=int(seconds))
    except (TypeError, ValueError) as error:
        raise RequestError(
            f"{shown(seconds)} is no time; give the seconds since 1970, as int(time.time())"
        ) from error
    except OverflowError:
        return LAST if seconds > 0 else FIRST


def seconds(moment: dt.datetime | None) -> int | None:
    """The whole seconds from 1970 to a moment."""
    return None if moment is None else (moment - EPOCH) // dt.timedelta(seconds=1)


def milliseconds(moment: dt.datetime) -> int:
    """The whole milliseconds from 1970 to a moment."""
    return (moment - EPOCH) // dt.timedelta(milliseconds=1)
