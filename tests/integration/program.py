"""A program as users write it: run with DYNASTORE_URL set, it works on any engine unchanged."""

from dynastore import Schema, Store, append, entity, field, gsi, increment, key, ref


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


def main() -> None:
    """Write, read, find, change, remove."""
    with Store.connect(schema=Schema([Note]), create=True) as store:
        for number in range(3):
            store.put(Note(user_id="ann", note_id=f"n{number}", topic="tea"))
        store.update(
            ref(Note, user_id="ann", note_id="n1"), readings=increment(2), lines=append("x")
        )
        store.delete(ref(Note, user_id="ann", note_id="n0"))
        print(store.get(Note, user_id="ann", note_id="n1"))
        print([note.note_id for note in store.query(Note, topic="tea").newest_first()])
        print(store.query(Note, user_id="ann").count())


if __name__ == "__main__":
    main()
