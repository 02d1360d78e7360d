"""The commands, and what each takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console

from ..errors import DynastoreError, RequestError
from ..store import Store
from ..verified import Verified
from . import asking, matrix, sweeping, upcasts, verification
from . import demo as demonstration
from .rounds import Stopped

# Exit status: something failed; the call is wrong; there are items that are wrong, and stay so.
FAILURE, USAGE, WRONG_ITEMS = 1, 2, 3

app = typer.Typer(
    help="Everything an AI agent must remember, in one DynamoDB table.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dynastore {version('dynastore')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Options of all commands."""


@app.command()
def demo(
    file: Annotated[
        Path | None,
        typer.Argument(help="Agent conversations, one JSON object a line; a small sample if none."),
    ] = None,
    where: Annotated[
        str, typer.Option(help="A file such as sqlite:///demo.db, or the URL sqlite://.")
    ] = "sqlite:///dynastore-demo.db",
    table: Annotated[str | None, typer.Option(help="A DynamoDB table, made if missing.")] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(help="Another server than AWS's; the table is on it.")
    ] = None,
) -> None:
    """Load agent conversations into one table and ask it what an agent asks."""
    place = table or ("dynastore-demo" if endpoint_url else where)
    try:
        demonstration.show(Console(), file, place, endpoint_url)
    except OSError as error:
        _give_up(f"{error.filename} cannot be read: {error.strerror}", USAGE)
    except RequestError as error:
        _give_up(str(error), USAGE)
    except DynastoreError as error:
        _give_up(str(error), FAILURE)


@app.command()
def explain(
    schema: Annotated[str, typer.Argument(help="MODULE:SCHEMA, such as app.models:schema.")],
    query: Annotated[
        str,
        typer.Argument(help='As in Python: \'Session(user_id="u1").order_by("created_at")\'.'),
    ],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a Mermaid diagram.")] = False,
) -> None:
    """Print how a query would be served, and what it would cost. Sends nothing."""
    form: Literal["text", "json", "mermaid"] = "json" if json else "mermaid" if mermaid else "text"
    try:
        typer.echo(asking.results_of(asking.schema_named(schema), query).explain(form))
    except DynastoreError as error:
        _give_up(str(error), USAGE)


@app.command()
def patterns(
    schema: Annotated[str, typer.Argument(help="MODULE:SCHEMA, such as app.models:schema.")],
) -> None:
    """Print every access pattern of a schema: its index, its keys, its cost, and what is odd."""
    try:
        matrix.show(Console(), asking.schema_named(schema))
    except DynastoreError as error:
        _give_up(str(error), USAGE)


SchemaName = Annotated[str, typer.Argument(help="MODULE:SCHEMA, such as app.models:schema.")]
Where = Annotated[
    str | None,
    typer.Argument(help="A table's name, or a URL such as sqlite:///agent.db; or DYNASTORE_URL."),
]
Endpoint = Annotated[str | None, typer.Option(help="Another server than AWS's.")]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help="Only inside it; repeated, a nested one.")
]
Segments = Annotated[int, typer.Option(help="Parts of the table; up to 10 are read at once.")]
Rate = Annotated[
    float | None, typer.Option(help="Capacity units to take in a second; else all it can.")
]
From = Annotated[str | None, typer.Option(help="Where a call that was interrupted goes on.")]
AsJson = Annotated[bool, typer.Option("--json", help="A JSON object a line, the summary last.")]


@app.command()
def verify(
    schema: SchemaName,
    where: Where = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    segments: Segments = 1,
    units_per_second: Rate = None,
    cursor: From = None,
    json: AsJson = False,
) -> None:
    """Find items whose keys, index entries or expiry are not what their fields imply. Reads all."""
    with _opened(schema, where, endpoint_url, scope) as store:
        _examine(
            lambda: store.verify(
                segments=segments, units_per_second=units_per_second, cursor=cursor
            ),
            json,
        )


@app.command()
def reindex(
    schema: SchemaName,
    where: Where = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    segments: Segments = 1,
    units_per_second: Rate = None,
    cursor: From = None,
    json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
) -> None:
    """Mend the index entries and the expiry of items, and report what else is wrong. Reads all."""
    with _opened(schema, where, endpoint_url, scope) as store:
        _examine(
            lambda: store.reindex(
                dry_run=dry_run,
                segments=segments,
                units_per_second=units_per_second,
                cursor=cursor,
            ),
            json,
        )


@app.command()
def sweep(
    where: Annotated[
        str, typer.Argument(help="A DynamoDB table, or a file such as sqlite:///agent.db.")
    ],
    schema: Annotated[
        str | None,
        typer.Option(help="MODULE:SCHEMA, for a file whose table has a name of its own."),
    ] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="Only this scope; again for one in it.")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="The S3 bucket of its payloads, unless the schema names it.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Delete nothing.")] = False,
    segments: Annotated[int, typer.Option(help="Parts of the table read at once, up to 10.")] = 1,
    rate: Annotated[
        float | None, typer.Option(help="Read and write units a second; no limit without.")
    ] = None,
    cursor: Annotated[str | None, typer.Option(help="Where another sweep stopped.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
    endpoint_url: Annotated[str | None, typer.Option(help="Another server than AWS's.")] = None,
) -> None:
    """Delete parts and objects of payloads that no item refers to and that are older than a day.

    Scans the whole table, lists the bucket if there is one, and pays for that.
    """
    settings = sweeping.Settings(dry_run, segments, rate, cursor)
    progress = Console(stderr=True)
    try:
        entities = None if schema is None else asking.schema_named(schema)
        swept_schema = sweeping.in_bucket(entities, bucket)
        connected = Store.connect(where, swept_schema, endpoint_url=endpoint_url, create=False)
        with connected, progress.status("sweeping") as status:
            swept = sweeping.sweep(
                reduce(Store.scope, scope or (), connected),
                settings,
                lambda swept: status.update(sweeping.line(swept, dry_run=dry_run)),
            )
        typer.echo(sweeping.json(swept) if json else sweeping.line(swept, dry_run=dry_run))
    except RequestError as error:
        _give_up(str(error), USAGE)
    except (DynastoreError, Stopped) as error:
        _give_up(str(error), FAILURE)


@app.command()
def upcast(
    schema: SchemaName,
    where: Where = None,
    entity: Annotated[
        str | None, typer.Option(help="The class; without it, all that have upcasters.")
    ] = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    segments: Segments = 1,
    units_per_second: Rate = None,
    cursor: From = None,
    json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
) -> None:
    """Rewrite the items that older code wrote, as their classes have them today. Reads all."""
    terminal = Console(stderr=True)
    with _opened(schema, where, endpoint_url, scope) as store:
        failed = 0
        try:
            for cls in upcasts.classes_of(store.schema, entity, cursor):
                line = partial(upcasts.line, cls, dry_run=dry_run, as_json=json)
                one = partial(upcasts.one_round, store, cls, dry_run, segments, units_per_second)
                done = upcasts.shown(one, cursor, line, terminal)
                typer.echo(line(done))
                failed += done.failed
                if done.failed and not json:
                    typer.echo(upcasts.failures(done), err=True)
        except RequestError as error:
            _give_up(str(error), USAGE)
        except Stopped as stopped:
            _give_up(f"{stopped} --entity {cls.__name__}", FAILURE)
        except DynastoreError as error:
            _give_up(str(error), FAILURE)
    if failed:
        raise typer.Exit(WRONG_ITEMS)


def _opened(
    schema: str, where: str | None, endpoint_url: str | None, scopes: list[str] | None
) -> Store:
    try:
        known = asking.schema_named(schema)
        store = Store.connect(where, known, endpoint_url=endpoint_url, create=False)
        for name in scopes or ():
            store = store.scope(name)
    except DynastoreError as error:
        _give_up(str(error), USAGE)
    return store


def _examine(begin: Callable[[], Verified], as_json: bool) -> None:
    """Examine a table; an interruption says where another call goes on."""
    verified: Verified | None = None
    try:
        verified = begin()
        tally = verification.show(verified, Console(), Console(stderr=True), as_json=as_json)
    except RequestError as error:
        _give_up(str(error), USAGE)
    except DynastoreError as error:
        _give_up(f"{error}{_how_to_go_on(verified)}", FAILURE)
    except KeyboardInterrupt:
        _give_up(f"interrupted{_how_to_go_on(verified)}", FAILURE)
    if tally.wrong:
        raise typer.Exit(WRONG_ITEMS)


def _how_to_go_on(verified: Verified | None) -> str:
    """Where another call goes on; nothing to say where this one has read nothing."""
    if verified is None or not verified.begun or verified.cursor is None:
        return ""
    return f"\nGo on with --cursor {verified.cursor}"


def _give_up(message: str, status: int) -> NoReturn:
    typer.echo(f"dynastore: {message}", err=True)
    raise typer.Exit(status)
