"""A program that writes or reads one large value, and says how much memory that took.

python large_payload.py put|get blocking|awaited bytes|texts parts|objects WHERE [ENDPOINT_URL]
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
from hashlib import sha256
from typing import Any

from dynastore import AsyncStore, Schema, Store, Table, entity, key, payload

SIZE = 50_000_000  # bytes


@entity("doc")
class Doc:
    """A document of either kind."""

    name: str
    data: bytes = payload(default=b"")
    texts: list[str] = payload(factory=list)

    primary = key("DOC#{name}", "~")


BUCKET = "large-payloads"
SCHEMAS = {
    "parts": Schema([Doc]),
    "objects": Schema([Doc], Table("dynastore", bucket=BUCKET)),
}


def value(kind: str, size: int) -> dict[str, Any]:
    """Bytes that nothing compresses, or texts of 2,000 characters of words."""
    made = random.Random(1)
    if kind == "bytes":
        return {"data": made.randbytes(size)}
    words = ["seat", "flight", "tomorrow", "refund", "window", "please", "hello", "ticket"]
    texts = []
    for _ in range(size // 2_000):
        text = " ".join(made.choices(words, k=340))
        texts.append(text[:2_000].ljust(2_000, "."))
    return {"texts": texts}


def digest(doc: Doc) -> str:
    """What tells whether a value came back."""
    made = sha256(doc.data)
    for each in doc.texts:
        made.update(each.encode())
    return made.hexdigest()


def peak() -> int:
    """The most memory the process has had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def main(
    what: str, mode: str, kind: str, kept: str, where: str, *endpoint: str
) -> dict[str, Any]:
    """Put or get, after a small one of each, so that what is loaded once is not counted."""
    options = {"endpoint_url": endpoint[0]} if endpoint else {}
    connect: Any = AsyncStore.connect if mode == "awaited" else Store.connect
    store = connect(where, SCHEMAS[kept], create=True, **options)

    async def settled(answer: Any) -> Any:
        return await answer if mode == "awaited" else answer

    await settled(store.put(Doc(name="small", **value(kind, 1_000_000))))
    digest(await settled(store.get(Doc, name="small")))
    before = peak()
    if what == "put":
        doc = Doc(name="large", **value(kind, SIZE))
        await settled(store.put(doc))
    else:
        doc = await settled(store.get(Doc, name="large"))
    found = {"digest": digest(doc), "bytes": peak() - before, "before": before}
    await settled(store.close())
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
