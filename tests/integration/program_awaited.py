"""The program, awaited: the same calls, with ``await`` before those that send."""

import asyncio

from dynastore import AsyncStore, Schema, append, entity, field, gsi, increment, key, ref


@entity("note")
class Note:
    """A note of a user."""

    user_id: str
    note_id: str
    topic: str | None = None
    readings: int = 0
    lines: list[str] = field(factory=list)

    primary = key("USER#{user_id}", "NOTE#{note_id}")
    by_topic = gsi(1, "TOPIC#{topic}", "NOTE", "{readings}")


async def main() -> None:
    """Write, read, find, change, remove."""
    async with AsyncStore.connect(schema=Schema([Note]), create=True) as store:
        for number in range(3):
            await store.put(Note(user_id="ann", note_id=f"n{number}", topic="tea"))
        n1 = ref(Note, user_id="ann", note_id="n1")
        await store.update(n1, readings=increment(2), lines=append("x"))
        await store.delete(ref(Note, user_id="ann", note_id="n0"))
        print(await store.get(Note, user_id="ann", note_id="n1"))
        print([note.note_id async for note in store.query(Note, topic="tea").newest_first()])
        print(await store.query(Note, user_id="ann").count())


if __name__ == "__main__":
    asyncio.run(main())
