"""OR as several access paths: alternatives that are read apart, each without what others find."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from attrs import evolve, frozen

from ..entities.spec import EntitySpec
from ..terms import AnyOf, Conditions, names_of
from .choice import BRANCHES, Choice
from .facts import Facts
from .filters import all_of_these, any_of_these
from .paths import too_many
from .plan import AccessPath


@frozen
class Part:
    """One access path, and the choice it was made of."""

    choice: Choice
    path: AccessPath


def disjuncts(spec: EntitySpec, conditions: Conditions) -> Sequence[Conditions]:
    """The conditions as alternatives without alternatives inside.

    Raises:
        RequestError: there are too many.
    """
    plain = tuple(each for each in conditions if not isinstance(each, AnyOf))
    found: list[Conditions] = [plain]
    for condition in conditions:
        if isinstance(condition, AnyOf):
            inner = [each for one in condition.alternatives for each in disjuncts(spec, one)]
            if len(found) * len(inner) > BRANCHES:
                raise too_many(spec.name)
            found = [all_of_these(each) for each in product(found, inner)]
    return found


def grouped(parts: Sequence[Part]) -> list[Part]:
    """Alternatives on the same stretches of an index as one path."""
    groups: dict[Any, list[Part]] = {}
    for part in parts:
        groups.setdefault((part.path.pattern, part.path.branches), []).append(part)
    return [_merged(group) for group in groups.values()]


def _merged(group: Sequence[Part]) -> Part:
    if len(group) == 1:
        return group[0]
    conditions = any_of_these([part.path.conditions for part in group])
    path = evolve(group[0].path, conditions=conditions)
    if any(part.path.checks for part in group):  # then the server can say none of them alone
        path = evolve(path, filters=(), checks=conditions, hydrated=_needs(path, conditions))
    else:
        path = evolve(path, filters=any_of_these([part.path.filters for part in group]))
    return Part(group[0].choice, path)


def exclusive(parts: Sequence[Part]) -> list[Part]:
    """Each path without what an earlier one finds, so that nothing is found twice."""
    facts = [Facts.of(part.path.conditions) for part in parts]
    exclusive: list[Part] = []
    for at, part in enumerate(parts):
        unless = tuple(
            parts[before].path.conditions
            for before in range(at)
            if not facts[before].excludes(facts[at])
        )
        hydrated = any(_needs(part.path, each) for each in unless) or part.path.hydrated
        path = evolve(part.path, unless=unless, hydrated=hydrated)
        exclusive.append(evolve(part, path=path))
    return exclusive


def _needs(path: AccessPath, conditions: Conditions) -> bool:
    """Whether a path's index has not all that is needed to check conditions at the client."""
    return path.hydrated or not path.index.carries(names_of(conditions))
