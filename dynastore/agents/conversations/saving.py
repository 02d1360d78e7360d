"""Saving: a turn writes the turn, which is its run and the session's header, each by one request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve

from ...changes import if_missing, increment
from ...entities.spec import Ref, ref
from ...errors import (
    AlreadyExists,
    ConditionFailed,
    DynastoreError,
    NotSent,
    PartialFailure,
    TransactionCanceled,
)
from ...operations.reading.reads import get_many
from ...operations.writing.writes import ATTEMPTS, transact, write
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import all_of, missing
from ...writes import Create, Put, Update
from .entities import Run, Session
from .incarnations import begun, incarnation_of
from .loading import key_of, place_of, slim_runs
from .owning import is_known, owned_by, written
from .recent import Place, Recent, Tally
from .repeating import shortened
from .tallying import counted, marked

# Of a transaction: 4 MB, and 100 actions. Contents are stored compressed, mostly a third of this.
TOGETHER_BYTES = 3 * 1024 * 1024
TOGETHER = 100

HEADER = ("user_id", "component", "title", "content")  # what saving a header anew changes
BODY = (
    *("user_id", "parent_run_id", "status", "model", "updated_at"),
    *("content", "content_bytes", "passage", "passage_at", "archived"),
)


def save(
    schema: Schema, recent: Recent, header: Session, runs: Mapping[str, str]
) -> Steps[Session | None]:
    """Save a session's header: one request, if what this process knows of it is so.

    Args:
        schema: where to.
        recent: whether it is there; then remembers that it is.
        header: as it becomes. Where it is there already its beginning and its kind stay, and it
            is updated now.
        runs: those that it is saved with, which may be saved after it: run id -> what it ran on.

    Returns:
        The header as it is stored now; None if it is another user's, and nothing was written.
    """
    target = _ref(header)
    for _ in range(ATTEMPTS):
        if recent.has_session(header.session_id):
            try:
                return (yield from _resave(schema, recent, header, runs))
            except ConditionFailed as failure:
                if failure.stored is not None:
                    return None
                recent.forget_session(header.session_id)
        new: Any = header
        # Of one that was deleted while a turn of it ran, most of the runs are gone.
        models = None if recent.take_gone(header.session_id) else runs
        try:
            tally = None if models is None else counted(models)
            first = evolve(new, tally=tally, incarnation=begun())
            created: Session = yield from write(schema, Create(first))
        except AlreadyExists:
            recent.keep_there(header.session_id)
        else:
            recent.keep_header(created)
            recent.keep_tally(header.session_id, Tally(models, created.edition))
            return created
    raise ConditionFailed(schema.codec(Session).key(dict(target.values), schema.prefix))


def _resave(
    schema: Schema, recent: Recent, header: Session, runs: Mapping[str, str]
) -> Steps[Session]:
    """Save a header over the one that is there.

    Its tally is known where nobody else has saved it since this process read or saved it.

    Raises:
        ConditionFailed: it is not there, or another user's.
    """
    now = yield from Now()
    changes = {name: getattr(header, name) for name in HEADER}
    whose = owned_by(header.user_id)
    known = recent.tally(header.session_id)
    session = recent.known(header.session_id)
    if known is not None and known.models is not None and session is not None:
        models = {**known.models, **runs}
        when = all_of(whose, edition=known.edition, incarnation=session.incarnation)
        changes |= {"tally": counted(models), "edition": known.edition + 1}
        try:
            update = Update(_ref(header), when=when, updated_at=now, **changes)
            saved: Session = yield from write(schema, update)
        except ConditionFailed:
            recent.forget_tally(header.session_id)
        else:
            recent.keep_header(saved)
            recent.keep_tally(header.session_id, Tally(models, saved.edition))
            return saved
    changes |= {"tally": None, "edition": increment(1)}
    update = Update(_ref(header), when=whose, updated_at=now, **changes)
    saved = yield from write(schema, update)
    recent.keep_header(saved)
    recent.keep_tally(header.session_id, Tally(None, saved.edition))
    return saved


def save_many(
    schema: Schema, recent: Recent, headers: Sequence[Session]
) -> Steps[list[Session | None]]:
    """Save many headers: one request that reads 100, and one that writes them.

    Those of a transaction are written together, or none of them; several may follow each other.

    Args:
        schema: where to.
        recent: then remembers that they are there.
        headers: as they become. Where one is there already its beginning and its kind stay.

    Returns:
        In their order the headers as they are stored; None where one is another user's, and was
        not written.

    Raises:
        PartialFailure: some were not saved; ``done`` and ``failed`` are by ref.
    """
    stored: list[Session | None] = []
    chunks = [*_together(headers)]
    for place, some in enumerate(chunks):
        try:
            stored += yield from _save_some(schema, some)
        except DynastoreError as error:
            raise _partly(headers, stored, chunks[place:], error) from error
    for each in stored:
        if each is not None:
            recent.keep_header(each)
    return stored


def _partly(
    headers: Sequence[Session],
    stored: Sequence[Session | None],
    left: Sequence[Sequence[Session]],
    error: DynastoreError,
) -> PartialFailure:
    """What says which headers were saved, and which were not."""
    (failed, *unsent) = left
    done = {_ref(each): found for each, found in zip(headers, stored, strict=False)}
    errors: dict[Ref[Session], DynastoreError] = {_ref(each): error for each in failed}
    errors |= {_ref(each): NotSent(error) for some in unsent for each in some}
    return PartialFailure(done, errors)


def _ref(header: Session) -> Ref[Session]:
    return ref(Session, session_id=header.session_id)


def _together(headers: Sequence[Session]) -> Iterator[list[Session]]:
    """Headers that fit into a transaction, none of them twice."""
    some: list[Session] = []
    size = 0
    for each in headers:
        size += len(each.content)
        twice = any(other.session_id == each.session_id for other in some)
        if some and (twice or size > TOGETHER_BYTES or len(some) == TOGETHER):
            yield some
            some, size = [], len(each.content)
        some.append(each)
    if some:
        yield some


def _save_some(schema: Schema, headers: Sequence[Session]) -> Steps[list[Session | None]]:
    refs = [_ref(each) for each in headers]
    for _ in range(ATTEMPTS):
        found = yield from get_many(schema, refs, consistent=True)
        pairs = [*zip(headers, found, strict=True)]
        writes = [_written(*pair) for pair in pairs]
        asked = [each for each in writes if each is not None]
        if not asked:
            return [None] * len(headers)
        try:
            stored = iter((yield from transact(schema, asked)))
        except TransactionCanceled as canceled:
            expected = AlreadyExists | ConditionFailed | None
            if not all(isinstance(each, expected) for each in canceled.reasons):
                raise
            continue  # some have changed since they were read, or were made
        return [None if each is None else next(stored) for each in writes]
    raise ConditionFailed(schema.codec(Session).key(dict(refs[0].values), schema.prefix))


def _written(new: Any, old: Any) -> Create[Session] | Put[Session] | None:
    """What writes a header over the one that is stored; None if that is another user's."""
    if old is None:
        return Create(evolve(new, incarnation=begun()))
    if old.user_id not in {None, new.user_id}:
        return None
    changes = {name: getattr(new, name) for name in (*HEADER, "updated_at")}
    return Put(evolve(old, **changes), when=as_read(old))


def as_read(header: Session) -> dict[str, Any]:
    """What holds while nobody else has written a header since it was read."""
    return {
        name: missing() if getattr(header, name) is None else getattr(header, name)
        for name in ("user_id", "updated_at")
    } | {"edition": header.edition}


def save_run(
    schema: Schema,
    recent: Recent,
    run: Run,
    *,
    dated: bool,
    repeated: tuple[int, int] | None = None,
    user_id: str | None = None,
) -> Steps[bool]:
    """Save a run, wholly: one request, if what this process knows of it is so.

    What it repeats of the runs before it is kept once; the first time that takes a request more. So
    does a session that this process has neither read nor saved: a run belongs to that which is there,
    or was when this process met it last.

    Of a run that is there already, when and where in the session it began stays, and who ran.

    Args:
        schema: where to.
        recent: whether and where it is; then remembers that.
        run: as it becomes. One without a place gets the next one of its session, for which that is
            read. Two that are saved at once may get the same, and are in the order in which they began.
        dated: whether the run itself says when it began. One that does not is looked for first.
        repeated: from where to where in its content there is a text that other runs have too.
        user_id: who saves it; see `owning.written`. Anybody without.

    Returns:
        Whether it was saved for the first time.

    Raises:
        ConditionFailed: the session, which is its ``stored``, is another user's.
    """
    whole = run
    for _ in range(ATTEMPTS):
        run = yield from _as_saved(schema, recent, whole, repeated, user_id)
        known = _known(recent, run)
        if known is not None:
            if (yield from _changed(schema, recent, known, run, user_id)):
                recent.keep_alike(known, run.passage)
                return False
            recent.forget_run(run.run_id)
            recent.forget_session(run.session_id)  # which may be gone as well
            continue
        if not dated or run.run_index is None:
            known, run = yield from _placed(schema, run, dated=dated)
            if known is not None:
                recent.keep_run(known)
                continue
        try:
            yield from written(schema, recent, run.session_id, user_id, Create(run))
        except AlreadyExists:
            recent.keep_run(place_of(run))
        else:
            recent.keep_run(place_of(run))
            recent.keep_alike(place_of(run), run.passage)
            return True
    raise ConditionFailed(schema.codec(Run).key(key_of(place_of(run)), schema.prefix))


def _as_saved(
    schema: Schema, recent: Recent, run: Any, repeated: tuple[int, int] | None, user_id: str | None
) -> Steps[Run]:
    """A run of the session that is there, marked, and without what it repeats."""
    incarnation = yield from incarnation_of(schema, recent, run.session_id)
    known = _known(recent, evolve(run, incarnation=incarnation))
    # One that was there before its session stays where it is, and has no passage of the session's.
    place = incarnation if known is None else known.incarnation
    noted = marked(recent, evolve(run, incarnation=place))
    if not is_known(recent, run.session_id, user_id):
        return noted  # a passage would be written before it is known whether the run may be
    return (yield from shortened(schema, recent, noted, repeated))


def create_run(
    schema: Schema, recent: Recent, run: Run, repeated: tuple[int, int] | None = None
) -> Steps[None]:
    """Save a run that is new, as it is, but what it repeats of those before it: one request.

    Raises:
        AlreadyExists: it is there.
    """
    new = yield from shortened(schema, recent, run, repeated)
    yield from write(schema, Create(new))
    recent.keep_alike(place_of(new), new.passage)


def _known(recent: Recent, run: Run) -> Place | None:
    known = recent.place(run.run_id)
    if known is None or known.session_id != run.session_id:
        return None
    return known if known.incarnation in {"", run.incarnation} else None


def _changed(
    schema: Schema, recent: Recent, place: Place, run: Run, user_id: str | None
) -> Steps[bool]:
    """Change a run; False if it is not there."""
    changes: dict[str, Any] = {name: getattr(run, name) for name in BODY}
    if run.run_index is not None:
        changes["run_index"] = if_missing(run.run_index)
    if run.untallied_at is not None:
        changes["untallied_at"] = run.untallied_at
    try:
        update: Update[Run] = Update(ref(Run, **key_of(place)), **changes)
        yield from written(schema, recent, place.session_id, user_id, update)
    except ConditionFailed as failure:
        if failure.stored is not None:
            raise
        return False
    return True


def _placed(schema: Schema, run: Any, *, dated: bool) -> Steps[tuple[Place | None, Run]]:
    """Where a run is already; else the run with the next place of its session."""
    runs = yield from slim_runs(schema, run.session_id, run.incarnation)
    for each in runs:
        if each.run_id == run.run_id and (not dated or each.created_at == run.created_at):
            return place_of(each), run
    if run.run_index is not None:
        return None, run
    places = [each.run_index for each in runs if each.run_index is not None]
    return None, evolve(run, run_index=max(places, default=-1) + 1)
