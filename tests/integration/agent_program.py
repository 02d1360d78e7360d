"""Plays the turns of a conversation in an SQLite file, from where another process left it.

python agent_program.py TABLE_URL JOURNAL TURNS

The number of each turn that has ended is a line of the journal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from dynastore.integrations.langgraph import DynastoreSaver

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.integration.replayed import agent, following, is_done, script

CONFIG: Any = {"configurable": {"thread_id": "t1"}}


def main(url: str, path: str, count: int) -> None:
    said = script(count)
    with DynastoreSaver.from_conn_string(url) as saver, Path(path).open("a") as journal:
        graph = agent(said).compile(checkpointer=saver)
        for number in range(count):
            while not is_done(said, number, state := graph.get_state(CONFIG)):
                graph.invoke(following(said, number, state), CONFIG)
            print(number, file=journal, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
