"""Checkpoints of threads: saved as what changed, loaded as what they were.

To read it, follow one call down. **A put**: the adapter makes a `saving.Draft` of what it is given, and
`saving.save` saves that. What the process remembers of the checkpoint before (`recent`) tells
`deltas` which values did not change, so that a reference does, and which have only grown: of these the
`elements` that are new are a splice (`contents`). What is too large for its item goes before it, by
itself. All the rest is one item, written at once.

**A get_tuple**: `loading.load` reads the newest checkpoints of the thread and what tasks wrote, at the
same time. `chains` follows the references of each value back to the last whole one, and joins the
splices to it; if it is further back than what was read, one request more brings the rest
(`completing`). `pending`
and `waiting` give what tasks wrote, in order. `listing` does the same for a page of checkpoints, and
`histories` for channels that are made of writes alone.

The upkeep is around these: `clearing` deletes and prunes (`rewriting` makes what stays refer to
nothing that goes), `copying` copies, `checking` and `repairing` find and mend what is broken, and
`keeping` says how long all of it is there. Why it is so: docs/decisions/0026-checkpoints-as-deltas.md.
"""
