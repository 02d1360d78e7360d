"""Making a plan: one access path where a pattern serves all filters, else one for each alternative."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property, partial

from attrs import define, evolve, field, frozen

from ..entities.implication import implied
from ..entities.index_slots import IndexSlot
from ..entities.patterns import AccessPattern
from ..entities.spec import EntitySpec
from ..errors import RequestError
from ..keys.text import plain_type
from ..table import PRIMARY
from ..terms import AnyOf, Conditions, Predicate
from ..values.converter import hooks_of
from ..values.hooks import type_name
from .advice import declaration, no_access_pattern
from .alternatives import Part, disjuncts, exclusive, grouped
from .choice import BRANCHES, PLAIN, Ask, Choice, Use
from .costs import cost_of
from .facts import Facts
from .filters import is_empty
from .paths import Division, division_of, drawn_up, path_of, too_many
from .plan import Cost, Ordering, Plan, counted
from .shapes import UNKNOWN, Shape, shape_of, signature

SHAPES = 1_024  # choices kept of each entity; a program has few shapes


@define
class Chosen:
    """The best choice for a shape, and what was passed over.

    Attributes:
        best: the choice, or None where no pattern serves.
        lacking: pattern -> the fields that it would still need.
        passed_over: pattern -> why it was not chosen.
        division: who sees to which conditions, once that is known.
    """

    best: Choice | None
    lacking: Mapping[str, tuple[str, ...]]
    passed_over: Mapping[str, str]
    division: Division | None = None


@frozen(eq=False)
class Planner:
    """Plans the queries of one entity on one table.

    Attributes:
        spec: the entity.
        slots: of its access patterns, the primary key first.
        mixed: patterns that may read items of other entities, which are then filtered out.
    """

    spec: EntitySpec
    slots: tuple[IndexSlot, ...]
    mixed: frozenset[str]
    _chosen: dict[Hashable, Chosen] = field(factory=dict, init=False, repr=False)

    def plan(self, conditions: Conditions, ask: Ask = PLAIN, *, prefix: str = "") -> Plan:
        """The cheapest way to find all entities that fulfil the conditions.

        Args:
            conditions: over fields; see `filters.conditions`.
            ask: order, consistency and fields.
            prefix: what the scope puts before every partition key.

        Raises:
            NoAccessPattern: no pattern serves the query.
            RequestError: it would take over 100 branches, or nothing can be read consistently.
        """
        if ask is not PLAIN:
            self._check(ask)
        facts = Facts.of(conditions)
        if is_empty(conditions) or facts.contradictory:
            return self._plan((), conditions, ask, {})
        chosen = self._choose(conditions, facts, ask)
        if AnyOf in map(type, conditions):
            parts = self._cheaper(conditions, facts, chosen, ask, prefix)
        else:
            parts = self._alone(conditions, facts, chosen, prefix)
        if parts is None:
            raise self._unserved(conditions, facts, chosen, ask)
        return self._plan(parts, conditions, ask, _passed_over(chosen, parts))

    def forget(self) -> None:
        """Forget the shapes seen before; the next plan of each is made anew."""
        self._chosen.clear()

    def _check(self, ask: Ask) -> None:
        if ask.across_scopes and ask.consistent:
            raise RequestError(
                "what is asked across scopes is found by an index, and DynamoDB keeps indexes "
                "eventually consistent; leave consistent() out"
            )
        self.spec.check_fields(dict.fromkeys(ask.selected or ()))
        check_order(self.spec, ask.order)

    def _plan(
        self,
        parts: Sequence[Part],
        conditions: Conditions,
        ask: Ask,
        passed_over: Mapping[str, str],
    ) -> Plan:
        ordering = _ordering(parts, ask)
        return Plan(
            classes=(self.spec.cls,),
            paths=tuple(part.path for part in parts),
            conditions=conditions,
            passed_over=passed_over,
            order=ask.order,
            ordering=ordering,
            newest_first=ask.newest_first,
            consistent=ask.consistent,
            selected=ask.selected,
            limit=ask.limit,
            across_scopes=ask.across_scopes,
            empty=not parts,
            costing=partial(_total, self.spec, parts, ask, ordering),
            advising=partial(self._advice, conditions, ask),
        )

    def _advice(self, conditions: Conditions, ask: Ask) -> str | None:
        return declaration(self.spec, Facts.of(conditions), ask)

    def _choose(self, conditions: Conditions, facts: Facts, ask: Ask) -> Chosen:
        """The choice for a shape, made once."""
        fits = [_fit(conditions, facts, pattern) for pattern in self._sparse]
        asked = (ask.order, ask.selected, ask.limit, ask.consistent)
        key = (signature(conditions, facts), tuple(fits), asked)
        known = self._chosen.get(key)
        if known is None:
            if len(self._chosen) >= SHAPES:
                self._chosen.clear()
            met = [p.name for p, fit in zip(self._sparse, fits, strict=True) if fit[0]]
            shape = shape_of(conditions, facts, frozenset(met))
            known = self._chosen[key] = self._weigh(shape, ask)
        return known

    @cached_property
    def _sparse(self) -> tuple[AccessPattern, ...]:
        return tuple(each.pattern for each in self.slots if each.pattern.when)

    def _weigh(self, shape: Shape, ask: Ask) -> Chosen:
        uses = [Use(self.spec, each, shape, ask) for each in self.slots]
        lacking = {use.pattern.name: use.lacks for use in uses}
        usable = [use for use in uses if not ask.consistent or use.slot.index == PRIMARY]
        found = {use.pattern.name: list(use.choices()) for use in usable}
        ranked = {name: min(each, key=Choice.rank.fget) for name, each in found.items() if each}  # type: ignore[attr-defined]
        best = min(ranked.values(), key=lambda each: each.rank, default=None)
        passed_over = {
            use.pattern.name: _why_not(use, ranked.get(use.pattern.name), best)
            for use in uses
            if best is None or use.slot is not best.slot
        }
        return Chosen(best, lacking, passed_over)

    def _alone(
        self, conditions: Conditions, facts: Facts, chosen: Chosen, prefix: str
    ) -> Sequence[Part] | None:
        """One path for all; nothing where no item can be on it, None where no pattern serves."""
        if chosen.best is None:
            return None
        best = chosen.best
        drawn = drawn_up(self.spec, best, facts, prefix)
        if not drawn:
            return ()
        if chosen.division is None:
            chosen.division = division_of(self.spec, best, facts, conditions, drawn[0].reach)
        mixed = best.slot.pattern.name in self.mixed
        tags = (self.spec.tag,) if mixed else ()
        return (Part(best, path_of(self.spec, best, drawn, conditions, chosen.division, tags)),)

    def _alternatives(self, conditions: Conditions, ask: Ask, prefix: str) -> Sequence[Part] | None:
        """A path for each alternative; None where no pattern serves one of them.

        Raises:
            RequestError: they have over 100 branches together, or a value cannot be part of a key.
        """
        parts: list[Part] = []
        for each in disjuncts(self.spec, conditions):
            facts = Facts.of(each)
            if facts.contradictory:
                continue
            alone = self._alone(each, facts, self._choose(each, facts, ask), prefix)
            if alone is None:
                return None
            parts += alone
        several = exclusive(grouped(parts))
        if sum(len(part.path.branches) for part in several) > BRANCHES:
            raise too_many(self.spec.name)
        return several

    def _cheaper(
        self, conditions: Conditions, facts: Facts, chosen: Chosen, ask: Ask, prefix: str
    ) -> Sequence[Part] | None:
        """One path, or one for each alternative; the other one where either cannot be.

        Raises:
            RequestError: neither can be, because of too many branches, or of a value.
        """
        alone, refused = _tried(lambda: self._alone(conditions, facts, chosen, prefix))
        several, also_refused = _tried(lambda: self._alternatives(conditions, ask, prefix))
        if alone is None and several is None and (refused or also_refused):
            raise refused or also_refused  # type: ignore[misc]
        if alone is None or several is None:
            return several if alone is None else alone
        return several if _weight(several) < _weight(alone) else alone

    def _unserved(
        self, conditions: Conditions, facts: Facts, chosen: Chosen, ask: Ask
    ) -> RequestError:
        if ask.consistent:
            eventual = self._choose(conditions, facts, evolve(ask, consistent=False))
            if eventual.best is not None:
                pattern = eventual.best.slot.pattern
                return RequestError(
                    f"{pattern.name} is on {eventual.best.slot.index.name}, and DynamoDB keeps "
                    "indexes eventually consistent; query by the primary key, which needs "
                    f"{', '.join(chosen.lacking[self.spec.primary.name])}, or leave consistent() out"
                )
        return no_access_pattern(self.spec, facts, ask, chosen.lacking)


def check_order(spec: EntitySpec, order: Sequence[str]) -> None:
    """Refuse to sort by fields without an order.

    Raises:
        UnknownField: the entity has no such field.
        RequestError: its values are stored as a list, a set or a dict, or it is a payload.
    """
    spec.check_fields(dict.fromkeys(order))
    for name in order:
        kinds = hooks_of(spec.types[name]).kinds - {"NULL"}
        if name in spec.payloads or len(kinds) != 1 or not kinds <= {"S", "N", "B", "BOOL"}:
            kind = type_name(plain_type(spec.types[name]))
            raise RequestError(
                f"{spec}.{name} is {kind}, which has no order; sort by another field"
            )


def _tried(
    make: Callable[[], Sequence[Part] | None],
) -> tuple[Sequence[Part] | None, RequestError | None]:
    try:
        return make(), None
    except RequestError as refused:
        return None, refused


def _fit(conditions: Conditions, facts: Facts, pattern: AccessPattern) -> tuple[bool, ...]:
    """Whether a sparse pattern has all that is asked for; and which of its predicates is asked."""
    said = [(name, test) in conditions for name, test in pattern.when.items()]
    return _implies(conditions, facts, pattern), *said


def _implies(conditions: Conditions, facts: Facts, pattern: AccessPattern) -> bool:
    return all(
        implied(test, facts.values.get(name), _tests(conditions, name))
        for name, test in pattern.when.items()
    )


def _tests(conditions: Conditions, name: str) -> Iterator[Predicate]:
    for condition in conditions:
        if not isinstance(condition, AnyOf) and condition[0] == name:
            yield condition[1]


def _why_not(use: Use, mine: Choice | None, best: Choice | None) -> str:
    if use.lacks:
        open_ended = [name for name in use.lacks if use.known.get(name, UNKNOWN).ranges]
        lacking = [f"both ends of {name}" if name in open_ended else name for name in use.lacks]
        return f"needs {', '.join(lacking)}"
    if mine is None or best is None:
        return "cannot be read consistently"
    if mine.refused and not best.refused:
        return f"over {BRANCHES} stretches, or values to filter by"
    if mine.weight > best.weight:
        return _dearer(mine.weight, best.weight)
    return "covers no more"


def _ordering(parts: Sequence[Part], ask: Ask) -> Ordering:
    orderings = {part.choice.ordering for part in parts}
    if len(parts) < 2:
        return orderings.pop() if orderings else "index"
    if not ask.order:
        return "index"
    if "memory" in orderings or not all(part.path.index.carries(ask.order) for part in parts):
        return "memory"
    return "merged"


def _passed_over(chosen: Chosen, parts: Sequence[Part]) -> Mapping[str, str]:
    """Why each pattern that is not used is not."""
    if len(parts) == 1 and parts[0].choice is chosen.best:
        return chosen.passed_over
    used = {part.path.pattern for part in parts}
    why = {name: why for name, why in chosen.passed_over.items() if name not in used}
    best = chosen.best
    if best is not None and parts and best.slot.pattern.name not in used:
        why[best.slot.pattern.name] = _dearer(best.weight, _weight(parts))
    return why


def _dearer(units: float, chosen: float) -> str:
    return f"about {counted(units)} read units, not {counted(chosen)}"


def _weight(parts: Sequence[Part]) -> float:
    return sum(part.choice.weight for part in parts)


def _total(spec: EntitySpec, parts: Sequence[Part], ask: Ask, ordering: Ordering) -> Cost:
    """What all parts take, now that their branches are known."""
    costs = [_cost(spec, part) for part in parts]
    # Where branches follow each other, the first may have as many as are wanted.
    least = min if ask.limit is not None and ordering == "index" else sum
    return Cost(
        least(cost.requests for cost in costs) if costs else 0,
        least(cost.floor for cost in costs) if costs else 0.0,
        sum(cost.items for cost in costs),
        sum(cost.units for cost in costs),
        tuple(dict.fromkeys(each for cost in costs for each in cost.assumed)),
    )


def _cost(spec: EntitySpec, part: Part) -> Cost:
    path = part.path
    reading = evolve(part.choice.reading, branches=len(path.branches), hydrated=path.hydrated)
    return cost_of(spec, part.choice.slot.pattern, path.index, reading)
