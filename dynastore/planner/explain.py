"""Plans as JSON and as diagrams. As text, print the plan."""

from __future__ import annotations

import re
from typing import Any

from ..capacity import READ_DOLLARS
from ..terms import condition_text, conjunction
from .plan import NOT_EXPIRED, AccessPath, Plan

ESCAPES = str.maketrans({"&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;"})  # labels are HTML
ENTITY = re.compile(r"#(?=\w+;)")  # Mermaid takes ``#35;`` for a character


def as_dict(plan: Plan) -> dict[str, Any]:
    """A plan as JSON has it; conditions are texts, in the words that printing uses.

    Returns:
        ``entities``, ``paths``, ``order``, ``limit``, ``consistent``, ``selected``, ``cost``,
        ``passed_over``, ``advice``; ``paths`` is empty where nothing is sent.
    """
    return {
        "entities": [cls.__name__ for cls in plan.classes],
        "conditions": list(map(condition_text, plan.conditions)),
        "paths": [_path(path) for path in plan.paths],
        "order": {
            "by": list(plan.order),
            "made_by": plan.ordering,
            "newest_first": plan.newest_first,
        },
        "limit": plan.limit,
        "consistent": plan.consistent,
        "selected": plan.selected and list(plan.selected),
        "cost": _cost(plan),
        "passed_over": dict(plan.passed_over),
        "advice": plan.advice,
    }


def as_mermaid(plan: Plan) -> str:
    """A plan as a Mermaid flowchart, from what is asked to the results."""
    asked = " | ".join(cls.__name__ for cls in plan.classes)
    lines = ["flowchart LR", _node("asked", f"{asked}<br>{_lines(plan.conditions)}")]
    if plan.empty:
        lines += [_node("results", "nothing to send"), "asked --> results"]
    for number, path in enumerate(plan.paths, start=1):
        lines += _flow(number, path)
        lines.append(f"path{number}end --> results")
    if plan.paths:
        lines.append(_node("results", _results(plan)))
    return "\n  ".join(lines) + "\n"


def _path(path: AccessPath) -> dict[str, Any]:
    return {
        "pattern": path.pattern,
        "index": path.index.name,
        "request": path.request,
        "branches": [list(map(condition_text, branch.key)) for branch in path.branches],
        "filters_at_the_server": list(map(condition_text, path.filters)),
        "types_kept": list(path.tags),
        "hydrated": path.hydrated,
        "checks_at_the_client": list(map(condition_text, path.checks)),
        "left_out": list(map(conjunction, path.unless)),
        "expired_left_out_at": path.expiry_at,
    }


def _cost(plan: Plan) -> dict[str, Any]:
    cost = plan.cost
    return {
        "requests": {"floor": cost.requests},
        "items": {"expected": cost.items},
        "read_units": {"floor": cost.floor, "expected": cost.units},
        "dollars_per_million_calls": {
            "floor": cost.floor * READ_DOLLARS,
            "expected": cost.units * READ_DOLLARS,
        },
        "assumed": list(cost.assumed),
    }


def _flow(number: int, path: AccessPath) -> list[str]:
    """The nodes of one access path, from left to right."""
    steps = [f"{path.request} {path.pattern}<br>on {path.place}", _text(_stretches(path))]
    kept = [f"TYPE in {', '.join(path.tags)}"] if path.tags else []
    if filters := [*map(condition_text, path.filters), *kept, *_expiry(path, "server")]:
        steps.append("filter at the server<br>" + _text(filters))
    if path.hydrated:
        steps.append("whole items<br>by BatchGetItem")
    left_out = [f"not ({conjunction(each)})" for each in path.unless]
    if checks := [*map(condition_text, path.checks), *left_out, *_expiry(path, "client")]:
        steps.append("check at the client<br>" + _text(checks))
    names = [f"path{number}step{at}" for at in range(len(steps) - 1)] + [f"path{number}end"]
    nodes = [_node(name, step) for name, step in zip(names, steps, strict=True)]
    return [*nodes, " --> ".join(["asked", *names])]


def _expiry(path: AccessPath, place: str) -> list[str]:
    return [NOT_EXPIRED] if path.expiry_at == place else []


def _stretches(path: AccessPath) -> list[str]:
    return [conjunction(branch.key) for branch in path.branches]


def _results(plan: Plan) -> str:
    by = f" by {', '.join(plan.order)}" if plan.order else ""
    how = {"index": "in the order of the index", "merged": "merged", "memory": "sorted in memory"}
    lines = [how[plan.ordering] + by]
    lines += ["newest first"] if plan.newest_first else []
    return "<br>".join([*lines, f"at least {plan.cost.floor:g} read units"])


def _lines(conditions: Any) -> str:
    return _text(list(map(condition_text, conditions)))


def _text(texts: list[str], shown: int = 5) -> str:
    more = [f"and {len(texts) - shown} more"] if len(texts) > shown else []
    escaped = [ENTITY.sub("# ", text).translate(ESCAPES) for text in texts[:shown]]
    return "<br>".join(escaped + more)


def _node(name: str, text: str) -> str:
    return f'{name}["{text}"]'
