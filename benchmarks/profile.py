"""Where the time of a blocking call goes, by part, as pyinstrument samples it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pyinstrument import Profiler
from pyinstrument.frame import Frame
from rich.box import SIMPLE_HEAD
from rich.table import Table

from dynastore import Store, increment

from . import marked
from .keeping import ran
from .marked import EXPLANATION
from .micro.clients.dynastore import FIRST_SESSION, KEY, ONE
from .micro.contenders import FLAT, GET, PUT, REGION, TITLE, TOKENS, UPDATE
from .micro.entities import SESSIONS, Session, stores
from .micro.measuring import credentials
from .micro.server import serving

PATH = EXPLANATION / "profiles.md"
COMMAND = "python -m benchmarks profile --write"
# Between two samples: of one length alone, samples would fall in step with the calls.
SECONDS = (0.0007, 0.0011, 0.0013, 0.0017, 0.0019, 0.0023)
CALLS = {GET: 4_000, PUT: 4_000, UPDATE: 4_000, FLAT: 1_500}

KERNEL = "kernel, and the wait for the answer"
OURS = "ours"
DECODING = "ours: parsing and decoding answers"
SIGNING = "signing"
PARSING = "botocore: what is left of parsing"
ENDPOINT = "botocore: endpoint, serializing"
EVENTS = "botocore: client, events, retries"
HTTP = "urllib3, http.client, email"
PARTS = (OURS, DECODING, EVENTS, ENDPOINT, SIGNING, PARSING, HTTP, KERNEL)

# Of a frame's file, what its time is of; the first that fits, from the innermost frame outwards.
_FILES = {
    "dynastore/clients/request_signing.py": SIGNING,
    "dynastore/clients/signing.py": SIGNING,
    "dynastore/clients/wire.py": DECODING,
    "dynastore/clients/large_pages.py": DECODING,
    "dynastore/values/quick.py": DECODING,
    "dynastore/values/unparsed.py": DECODING,
    "dynastore/codec/codec.py": OURS,
    "<dynastore": DECODING,
    "<attrs": DECODING,
    "dynastore/": OURS,
    "benchmarks/": OURS,
    "botocore/auth.py": SIGNING,
    "botocore/signers.py": SIGNING,
    "botocore/parsers.py": PARSING,
    "botocore/regions.py": ENDPOINT,
    "botocore/endpoint_provider.py": ENDPOINT,
    "botocore/serialize.py": ENDPOINT,
    "botocore/httpsession.py": HTTP,
    "urllib3/": HTTP,
    "http/client.py": HTTP,
    "email/": HTTP,
    "botocore/": EVENTS,
}
_SOCKET = ("sendall", "recv_into", "poll", "socket.py")


def shares() -> Mapping[str, Mapping[str, float]]:
    """Of each operation, what part of its time goes where; each operation's make 1."""
    with credentials(), serving() as url:
        store = Store.connect(SESSIONS, stores()[SESSIONS], region_name=REGION, endpoint_url=url)
        calls: Mapping[str, Callable[[], Any]] = {
            GET: lambda: store.get(Session, **KEY),
            PUT: lambda: store.put(FIRST_SESSION),
            UPDATE: lambda: store.update(ONE, title=TITLE, tokens_in=increment(TOKENS)),
            FLAT: lambda: list(store.query(Session, user_id="ann")),
        }
        found = {name: _profiled(call, CALLS[name]) for name, call in calls.items()}
        store.close()
    return found


def table() -> Table:
    """The shares."""
    return _shown(shares())


def write() -> Table:
    """The shares, which are put into the page too."""
    found = shares()
    marked.write(PATH, COMMAND, _lines(found))
    return _shown(found)


def _shown(found: Mapping[str, Mapping[str, float]]) -> Table:
    shown = Table(title="Where the time of a call goes, in percent", box=SIMPLE_HEAD)
    shown.add_column("part")
    for name in found:
        shown.add_column(name, justify="right")
    for part in PARTS:
        shown.add_row(part, *(f"{each.get(part, 0):.0%}" for each in found.values()))
    return shown


def _lines(found: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    yield f"| part | {' | '.join(found)} |\n|---|{'--:|' * len(found)}\n"
    for part in PARTS:
        cells = (f"{each.get(part, 0):.0%}" for each in found.values())
        yield f"| {part} | {' | '.join(cells)} |\n"
    yield f"\n{ran(('boto3', 'urllib3', 'pyinstrument'))}.\n"


def _profiled(call: Callable[[], Any], times: int) -> Mapping[str, float]:
    """The shares of one call, of so many that are sampled."""
    for _ in range(times // 10):
        call()
    seconds: defaultdict[str, float] = defaultdict(float)
    for interval in SECONDS:
        profiler = Profiler(interval=interval, async_mode="disabled")
        with profiler:
            for _ in range(times // len(SECONDS)):
                call()
        assert profiler.last_session is not None, "it has just ended"
        root = profiler.last_session.root_frame()
        assert root is not None, "it took samples"
        _add(root, OURS, seconds)
    return {part: each / sum(seconds.values()) for part, each in seconds.items()}


def _add(frame: Frame, outer: str, seconds: dict[str, float]) -> None:
    """Add up a frame's own time and its children's.

    Args:
        frame: of the profile.
        outer: the part of the frame that called it, which it is of if its file tells nothing.
        seconds: by part.
    """
    part = _part(frame, outer)
    inner = sum(child.time for child in frame.children)
    seconds[part] += max(0.0, frame.time - inner)
    for child in frame.children:
        _add(child, part, seconds)


def _part(frame: Frame, outer: str) -> str:
    if any(name in (frame.function or "") for name in _SOCKET):
        return KERNEL
    path = (frame.file_path or "").replace("\\", "/")
    found = next((part for name, part in _FILES.items() if name in path), outer)
    # What signing calls is of signing: hmac, and headers of botocore's requests.
    return SIGNING if outer == SIGNING else found
