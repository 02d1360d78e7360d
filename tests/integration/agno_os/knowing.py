"""What is asked of memories, knowledge and learnings."""

from __future__ import annotations

from agno.db.schemas.memory import UserMemory

from ...conformance.agno.made import BEGAN, document
from .service import Service


def memories(ask: Service) -> None:
    topics = (["food"], ["food", "Work"], None, ["travel"])
    for number in range(6):
        memory = UserMemory(
            memory=f"Likes no. {number} of é" * (1 + number),
            memory_id=f"m{number}",
            topics=topics[number % 4],
            user_id=("ann", "bob")[number % 2],
            agent_id="a1" if number < 3 else None,
            created_at=BEGAN + number,
            updated_at=BEGAN + 10 * number,
        )
        ask.save("upsert_memories", [memory], preserve_updated_at=True)
    for by in (None, "ann"):
        for params in (
            {},
            {"topics": "food"},
            {"topics": ["food", "Work"]},
            {"agent_id": "a1"},
            {"team_id": "desk"},
            {"search_content": "NO. 2"},
            {"limit": 2, "page": 2},
            {"sort_by": "memory_id", "sort_order": "asc"},
            {"sort_by": "updated_at", "sort_order": "asc"},
            {"user_id": "bob"},
            {"limit": -1},
        ):
            ask("GET", "/memories", by=by, params=params)
        for number in (0, 1, 9):
            ask("GET", f"/memories/m{number}", by=by)
            ask("GET", f"/memories/m{number}", by=by, params={"user_id": "ann"})
        ask("GET", "/memory_topics", by=by)
        ask("GET", "/memory_topics", by=by, params={"user_id": "bob"})
        ask("GET", "/user_memory_stats", by=by)
    ask("GET", "/user_memory_stats", params={"limit": 1, "page": 2})
    new = ask("POST", "/memories", {"memory": "Sings", "topics": ["music"]}, by="eve")
    ask("GET", "/memories", by="eve")
    ask("POST", "/memories", {"memory": "Sings", "user_id": "bob"}, by="eve")
    ask("POST", "/memories", {"memory": "Runs", "user_id": "bob"})
    ask("POST", "/memories", {"topics": []})
    for memory_id, owner in ((new["memory_id"], "eve"), ("m0", "ann"), ("none", "ann")):
        change = {"memory": "Whistles", "topics": ["Noise", "music"]}
        ask("PATCH", f"/memories/{memory_id}", change, by="eve")
        ask("PATCH", f"/memories/{memory_id}", {**change, "user_id": owner})
        ask("DELETE", f"/memories/{memory_id}", by="bob")
        ask("GET", f"/memories/{memory_id}")
        ask("DELETE", f"/memories/{memory_id}")
        ask("GET", f"/memories/{memory_id}")
    ask("DELETE", "/memories", {"memory_ids": ["m1", "m2"]}, by="ann")
    ask("DELETE", "/memories", {"memory_ids": ["m3", "none"], "user_id": "bob"})
    ask("DELETE", "/memories", {"memory_ids": []})
    ask("GET", "/memories", params={"sort_by": "memory_id", "search_content": "likes"})
    ask("GET", "/memory_topics")


def knowledge(ask: Service) -> None:
    for number in range(5):
        more = {"metadata": {"n": number}, "type": "text", "size": number, "status": "completed"}
        user = ("ann", "bob", None)[number % 3]
        ask.save("upsert_knowledge_content", document(number, user, linked_to="shelf", **more))
    ask.save("upsert_knowledge_content", document(9, "ann", linked_to="elsewhere"))
    ask("GET", "/knowledge/config")
    for by in (None, "ann"):
        for params in (
            {},
            {"limit": 2, "page": 2},
            {"sort_by": "created_at", "sort_order": "asc"},
            {"sort_by": "size", "sort_order": "desc"},
            {"limit": 0},
        ):
            ask("GET", "/knowledge/content", by=by, params=params)
        for number in (0, 1, 2, 8):
            ask("GET", f"/knowledge/content/k{number}", by=by)
            ask("GET", f"/knowledge/content/k{number}/status", by=by)
            changes = {"name": f"by {by}", "description": "d", "metadata": '{"x": [1]}'}
            ask("PATCH", f"/knowledge/content/k{number}", by=by, data=changes)
            ask("GET", f"/knowledge/content/k{number}", by=by)
    for number in (0, 1, 8):
        for by in ("eve", "ann", None):
            ask("DELETE", f"/knowledge/content/k{number}", by=by)
    _add_knowledge(ask)


def _add_knowledge(ask: Service) -> None:
    data = {"name": "Poem", "text_content": "roses are red", "metadata": '{"a": 1}'}
    new = ask("POST", "/knowledge/content", by="ann", data=data)
    for by in ("ann", "bob"):
        ask("GET", f"/knowledge/content/{new['id']}/status", by=by)
        ask("GET", f"/knowledge/content/{new['id']}", by=by)
    ask("POST", "/knowledge/content", by="ann", data=data)
    ask("POST", "/knowledge/content", data={"name": "nothing"})
    ask("POST", "/knowledge/search", {"query": "roses"}, by="ann")
    ask("POST", f"/knowledge/content/{new['id']}/refresh", by="ann")
    ask("GET", "/knowledge/content")
    file = {"file": ("n.txt", b"violets are blue", "text/plain")}
    shared = ask("POST", "/knowledge/content", files=file)
    ask("DELETE", "/knowledge/content", by="bob")
    ask("GET", f"/knowledge/content/{shared['id']}", by="bob")
    ask("GET", "/knowledge/content", by="ann", params={"limit": 1, "page": 3})
    ask("DELETE", "/knowledge/content")
    ask("GET", "/knowledge/content")


def learnings(ask: Service) -> None:
    made = []
    for number in range(4):
        of = {"user_id": ("ann", "bob")[number % 2], "namespace": f"n{number}"}
        body = {"learning_type": "user_profile", "content": {"name": f"é {number}"}, **of}
        kinds = ("user_profile", "user_memory", "session_context", "entity_memory")
        body["learning_type"] = kinds[number]
        more = {"session_id": "s1", "entity_id": "acme", "entity_type": "company"}
        body |= {**more, "agent_id": "a1", "metadata": {"n": number}}
        made.append(ask("POST", "/learnings", body))
    ask("POST", "/learnings", body)
    ask("POST", "/learnings", {**body, "user_id": None}, by="eve")
    ask("POST", "/learnings", {"learning_type": "decision_log", "content": {"a": 1}}, by="eve")
    ask("POST", "/learnings", {"content": {}})
    one = {"sort_by": "learning_type"}
    for by in (None, "ann"):
        for params in (
            one,
            {"learning_type": "user_profile"},
            {"user_id": "bob", **one},
            {"namespace": "n3"},
            {"entity_id": "acme", "entity_type": "company", **one},
            {"session_id": "s1", "agent_id": "a1", **one},
            {"limit": 1, "page": 2, **one, "sort_order": "asc"},
        ):
            ask("GET", "/learnings", by=by, params=params)
        params = {"sort_by": "user_id"}
        ask("GET", "/learnings/users", by=by, params=params)
        ask("GET", "/learnings/users", by=by, params={**params, "limit": 1, "page": 2})
        ask("GET", "/learnings/users", by=by, params={"learning_type": "user_memory"})
        for each in made[:2]:
            at = f"/learnings/{each['learning_id']}"
            ask("GET", at, by=by)
            ask("PATCH", at, {"content": {"by": str(by)}}, by=by)
            ask("PATCH", at, {"metadata": {"by": str(by)}}, by=by)
            ask("PATCH", at, {}, by=by)
    ask("GET", "/learnings/none")
    at = f"/learnings/{made[0]['learning_id']}"
    for by in ("bob", "ann", None):
        ask("DELETE", at, by=by)
    ask("DELETE", "/learnings/users/bob", by="ann")
    ask("DELETE", "/learnings/users/bob", params={"learning_type": "user_memory"})
    ask("DELETE", "/learnings/users/bob")
    ask("GET", "/learnings", params=one)
