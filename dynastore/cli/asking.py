"""Queries as they are written in Python, read without running Python.

    Session(user_id="u1", status=one_of("open", "held")).order_by("created_at").newest_first()
    collection(Session, Run, session_id="s1")

Nothing but literals, terms and the methods of results is known, so a query from anywhere is safe.
"""

from __future__ import annotations

import ast
import contextlib
import datetime as dt
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from .. import terms
from ..errors import DynastoreError, RequestError, shown
from ..schema.schema import Schema
from ..stores.results import Results
from ..stores.scanned import Scanned
from ..stores.store import Store

TERMS: Mapping[str, Callable[..., Any]] = {
    **{
        name: getattr(terms, name)
        for name in (
            *("after", "all_of", "any_of", "before", "begins_with", "between", "contains"),
            *("exists", "missing", "not_", "one_of", "since", "size", "until"),
        )
    },
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "Decimal": Decimal,
    "UUID": UUID,
}
OURS = {__file__, importlib.__file__, contextlib.__file__}  # what imports, and calls
LONGEST = 100_000  # characters of a query
METHODS = frozenset({"order_by", "newest_first", "consistent", "select", "limit"})


def object_named(name: str, what: str, example: str) -> Any:
    """What ``module:name`` means.

    Modules are looked for in the working directory first, as ``python -m`` does.

    Args:
        name: the name.
        what: what it is to be, for errors.
        example: such a name.

    Raises:
        RequestError: there is none.
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise RequestError(
            f"{name!r} names no {what}; write MODULE:{what.upper()}, such as {example}"
        )
    if "" not in sys.path:
        sys.path.insert(0, "")
    with _theirs(f"{name} cannot be imported"):
        return getattr(importlib.import_module(module), attribute)


@contextlib.contextmanager
def _theirs(failed: str) -> Iterator[None]:
    """Whatever code of theirs raises is told in a line, with the place where it was raised.

    Raises:
        RequestError: it raised, or ended the program.
    """
    try:
        yield
    except DynastoreError:
        raise
    except (Exception, SystemExit) as error:
        raise RequestError(f"{failed}: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """What was raised, and where in their code."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - it is theirs, too
        text = ""
    named = isinstance(error, ImportError | AttributeError | SyntaxError)
    told = text if named and text else ": ".join(filter(None, [type(error).__name__, text]))
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [each for each in frames if each.filename not in OURS and each.filename[0] != "<"]
    if not theirs or isinstance(error, SyntaxError):  # which says where itself
        return told
    return f"{told}, at {theirs[-1].filename}, line {theirs[-1].lineno}"


def schema_named(name: str) -> Schema:
    """The schema that ``module:name`` means, or that the function of this name makes.

    Modules are looked for in the working directory first, as ``python -m`` does.

    Raises:
        RequestError: there is none.
    """
    found = object_named(name, "schema", "app.models:schema")
    made = callable(found) and not isinstance(found, type)
    with _theirs(f"{name}() makes no schema"):
        schema = found() if made else found
        told = "" if isinstance(schema, Schema) else shown(schema)
    if not isinstance(schema, Schema):
        raise RequestError(f"{name} is {told}, and no Schema")
    return schema


def results_of(schema: Schema, text: str) -> Results[Any]:
    """The results that a query text asks for, of a store that is never sent anything.

    Raises:
        RequestError: it is no query, or is refused as one.
        NoAccessPattern: no access pattern serves it.
    """
    found = asked(Store.connect("sqlite://", schema), text)
    if isinstance(found, Scanned):
        raise RequestError("a scan has no plan: it reads the whole table, whatever is asked")
    return found


def asked(store: Store, text: str, scanned_to: str | None = None) -> Results[Any] | Scanned[Any]:
    """What a query text asks of a store; nothing is sent yet.

    ``scan(Session)`` is a scan: who writes that has consented to one.

    Args:
        store: where.
        text: the query.
        scanned_to: the cursor that a scan goes on from.

    Raises:
        RequestError: it is no query, or is refused as one.
        NoAccessPattern: no access pattern serves it.
    """
    if len(text) > LONGEST:
        raise RequestError(f"a query has up to {LONGEST:,} characters, not {len(text):,}")
    try:
        return _asked(store, ast.parse(text.strip(), mode="eval").body, scanned_to)
    except SyntaxError as error:
        raise RequestError(f"{shown(text)} is no Python expression: {error.msg}") from error
    except (RecursionError, MemoryError) as error:  # what Python's parser says of deep nesting
        raise RequestError(f"{shown(text)} is nested too deeply") from error
    except ValueError as error:  # half of a surrogate pair, or an int without a decimal text
        raise RequestError(f"{shown(text)} is no Python expression: {error}") from error


def changes_of(text: str) -> dict[str, Any]:
    """Field -> value, of a text such as ``title="Trip", visits=3``.

    Raises:
        RequestError: it is something else.
    """
    try:
        call = ast.parse(f"_({text})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise RequestError(f"{shown(text)} are no fields; write title='Trip', visits=3") from error
    if not isinstance(call, ast.Call) or call.args or not call.keywords:
        raise RequestError(f"{shown(text)} are no fields; write title='Trip', visits=3")
    return _keywords(call.keywords)


def _asked(store: Store, node: ast.expr, scanned_to: str | None) -> Results[Any] | Scanned[Any]:
    match node:
        case ast.Call(func=ast.Name(id="scan"), args=[ast.Name(id=name), *args], keywords=keywords):
            cls = _entity(store.schema, name)
            where = _keywords(keywords) | ({"cursor": scanned_to} if scanned_to else {})
            return store.scan(cls, *map(_value, args), **where)
    return _results(store, node)


def _results(store: Store, node: ast.expr) -> Results[Any]:
    match node:
        case ast.Call(func=ast.Name(id="collection"), args=names, keywords=keywords):
            classes = [_entity(store.schema, ast.unparse(each)) for each in names]
            return store.collection(*classes, **_keywords(keywords))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            cls = _entity(store.schema, name)
            return store.query(cls, *map(_value, args), **_keywords(keywords))
        case ast.Call(func=ast.Attribute(value=inner, attr=method), args=args, keywords=keywords):
            if method not in METHODS:
                raise RequestError(f".{method}() is none of {', '.join(sorted(METHODS))}")
            option = getattr(_results(store, inner), method)
            try:
                found: Results[Any] = option(*map(_value, args), **_keywords(keywords))
            except TypeError as error:
                raise RequestError(f".{method}(): {error}") from error
            return found
    raise RequestError(
        f"{ast.unparse(node)} is no query; write it as in Python: "
        'Session(user_id="u1").order_by("created_at")'
    )


def _entity(schema: Schema, name: str) -> type[Any]:
    for cls in schema.entities:
        if cls.__name__ == name:
            return cls
    raise RequestError(
        f"the schema has no entity {name}; it has "
        f"{', '.join(cls.__name__ for cls in schema.entities)}"
    )


def _keywords(keywords: list[ast.keyword]) -> dict[str, Any]:
    if any(each.arg is None for each in keywords):
        raise RequestError("** is not known here; name the fields")
    return {str(each.arg): _value(each.value) for each in keywords}


def _value(node: ast.expr) -> Any:
    """A literal, or a term made of literals."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in TERMS:
        try:
            return TERMS[node.func.id](*map(_value, node.args), **_keywords(node.keywords))
        except (
            AttributeError,
            TypeError,
            ValueError,
            ArithmeticError,
        ) as error:  # UUID(1) is the first
            raise RequestError(f"{ast.unparse(node)}: {error}") from error
    try:
        return ast.literal_eval(node)
    except (TypeError, ValueError) as error:  # a list in a set is a TypeError
        raise RequestError(
            f"{ast.unparse(node)} is no literal and no term; known are {', '.join(sorted(TERMS))}"
        ) from error
