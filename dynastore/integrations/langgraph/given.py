"""Given: what users give to a saver and a store, checked where they give it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from langchain_core.embeddings import Embeddings
from langgraph.store.base import IndexConfig, MatchCondition, TTLConfig, ensure_embeddings
from langgraph.store.base.embed import EmbeddingsLambda

from ...agents.documents.writing import check_minutes
from ...entities.lifetimes import LONGEST
from ...errors import RequestError, shown

MATCHES = ("prefix", "suffix")  # LangGraph's


def flag(name: str, value: Any) -> bool:
    """Yes or no.

    Raises:
        RequestError: it is neither.
    """
    if not isinstance(value, bool):
        raise RequestError(f"{name} is True or False, not {shown(value)}")
    return value


def serializer(serde: Any) -> Any:
    """A serializer of LangGraph's, or None.

    Raises:
        RequestError: it is none.
    """
    typed = callable(getattr(serde, "dumps_typed", None))
    if serde is not None and not typed and not callable(getattr(serde, "dumps", None)):
        raise RequestError(
            f"serde is a serializer such as JsonPlusSerializer(), with dumps_typed() and "
            f"loads_typed(), not {shown(serde)}"
        )
    return serde


def ttl(value: Any) -> dt.timedelta | None:
    """How long checkpoints are given back.

    Raises:
        RequestError: it is no time above zero, or over a century.
    """
    if value is None:
        return None
    if not isinstance(value, dt.timedelta) or not dt.timedelta() < value <= LONGEST:
        raise RequestError(f"ttl is a timedelta above zero, up to 100 years, not {shown(value)}")
    return value


def ttl_config(ttl: Any) -> TTLConfig | None:
    """How long items of a store live.

    Raises:
        RequestError: it is no mapping, or its values are wrong.
    """
    if ttl is None:
        return None
    if not isinstance(ttl, Mapping):
        raise RequestError(f'ttl is a dict such as {{"default_ttl": 60}}, not {shown(ttl)}')
    _known("ttl", ttl, TTLConfig)
    check_minutes(ttl.get("default_ttl"))
    flag('ttl["refresh_on_read"]', ttl.get("refresh_on_read", True))
    return ttl  # type: ignore[return-value]  # a TypedDict is any mapping


def index_config(index: Any) -> IndexConfig | None:
    """How values of a store are understood.

    Raises:
        RequestError: it is no mapping, or its values are wrong.
    """
    if index is None:
        return None
    if not isinstance(index, Mapping):
        raise RequestError(
            'index is a dict such as {"embed": model, "dims": 1536, "fields": ["text"]}, or None, '
            f"not {shown(index)}"
        )
    _known("index", index, IndexConfig)
    dims = index.get("dims")
    if dims is not None and (type(dims) is not int or dims < 1):
        raise RequestError(f'index["dims"] is a whole number from 1, not {shown(dims)}')
    if index.get("fields") is not None:
        paths('index["fields"]', index["fields"])
    return index  # type: ignore[return-value]  # a TypedDict is any mapping


def _known(name: str, given: Mapping[str, Any], config: type[Any]) -> None:
    """Refuse what a config of LangGraph's does not have: it would have no effect, without a word."""
    known = config.__annotations__
    if unknown := [each for each in given if each not in known]:
        raise RequestError(f"{name} has no {shown(unknown[0])}; it has {', '.join(sorted(known))}")


def paths(name: str, value: Any) -> list[str]:
    """Paths to texts in values.

    Raises:
        RequestError: they are no list of texts.
    """
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise RequestError(f'{name} is a list of paths such as ["text"], not {shown(value)}')
    return [*value]


def embeddings(index: IndexConfig | None) -> Embeddings | None:
    """What makes vectors of texts.

    Raises:
        RequestError: there is no such model.
    """
    if index is None:
        return None
    embed = index.get("embed")
    if not isinstance(embed, Embeddings | str) and not callable(embed):
        raise RequestError(
            'index["embed"] is an embedding model, a function of a list of texts, or the name of a '
            f"model, not {shown(embed)}"
        )
    try:
        return ensure_embeddings(embed)
    except ValueError as error:
        raise RequestError(f'index["embed"]: {error}') from error


def blocking(embeddings: Embeddings) -> None:
    """Refuse a function that is awaited where nothing can wait for it.

    Raises:
        RequestError: it is one.
    """
    if isinstance(embeddings, EmbeddingsLambda) and not hasattr(embeddings, "func"):
        raise RequestError(
            'index["embed"] is an async function: call aput(), asearch() or abatch(), or give a '
            "function that is not awaited"
        )


def operations(ops: Any) -> tuple[Any, ...]:
    """What a store is asked to do.

    Raises:
        RequestError: it is no list.
    """
    if not isinstance(ops, Iterable):
        raise RequestError(f"ops is a list of operations on a store, not {shown(ops)}")
    return tuple(ops)


def conditions(value: Any) -> tuple[MatchCondition, ...]:
    """How namespaces that are listed begin and end.

    Raises:
        RequestError: they are no conditions, or of a kind that there is not.
    """
    if value is None:
        return ()
    is_list = isinstance(value, list | tuple)
    if not is_list or not all(isinstance(each, MatchCondition) for each in value):
        raise RequestError(
            'match_conditions is a list such as [MatchCondition("prefix", ("users",))], not '
            f"{shown(value)}"
        )
    for each in value:
        if each.match_type not in MATCHES:
            raise RequestError(
                f"a match_type is one of {', '.join(MATCHES)}, not {shown(each.match_type)}"
            )
        labels(each.match_type, each.path)
    return tuple(value)


def vectors(made: Any, count: int) -> list[Any]:
    """What a model made of some texts, a vector of each; these are checked where they are used.

    Raises:
        RequestError: they are none, or not as many.
    """
    try:
        found = [*made]
    except TypeError as error:
        raise RequestError(f'index["embed"] makes a list of vectors, not {shown(made)}') from error
    if len(found) != count:
        raise RequestError(f"the index's embed made {len(found)} vectors of {count} texts")
    return found


def labels(name: str, value: Any) -> tuple[str, ...]:
    """Labels of namespaces.

    Raises:
        RequestError: it is one text, whose characters would be taken for labels, or no list.
    """
    if not isinstance(value, list | tuple):
        raise RequestError(f'{name} is a tuple such as ("users", "*"), not {shown(value)}')
    return tuple(value)


def namespace(value: Any) -> None:
    """Check what is looked at as a namespace.

    Raises:
        RequestError: it is one text, or no list.
    """
    if not isinstance(value, list | tuple):
        raise RequestError(f'a namespace is a tuple such as ("users", "ann"), not {shown(value)}')


def query(value: Any) -> str | None:
    """What a search asks for by meaning.

    Raises:
        RequestError: it is no text.
    """
    if value is not None and not isinstance(value, str):
        raise RequestError(f"query is a text, not {shown(value)}")
    return value


def names_in(configurable: Mapping[str, Any]) -> str:
    """What a config has, without its values: these may be secrets."""
    return ", ".join(map(str, configurable)) or "nothing"


def configurable(config: Any, name: str = "a config") -> Mapping[str, Any]:
    """What a config of a graph names.

    Raises:
        RequestError: it is no config.
    """
    if not isinstance(config, Mapping):
        raise _no_config(name, f"of type {type(config).__name__}")
    named = config.get("configurable", {})
    if not isinstance(named, Mapping):
        raise _no_config(name, f"with a configurable of type {type(named).__name__}")
    return named


def _no_config(name: str, what: str) -> RequestError:
    """What is wrong with a config, without its values: they may be secrets."""
    return RequestError(
        f'{name} is a dict such as {{"configurable": {{"thread_id": "..."}}}}, not {what}'
    )


def text(name: str, value: Any) -> str | None:
    """An id or a name, or None.

    Raises:
        RequestError: it is no text.
    """
    if value is not None and not isinstance(value, str):
        raise RequestError(f"{name} is a text, not {shown(value)}")
    return value


def id_text(name: str, value: Any) -> str:
    """An id as text.

    Raises:
        RequestError: it is none, or several.
    """
    if value is None or (isinstance(value, Collection) and not isinstance(value, str)):
        raise RequestError(f"{name} is a text, not {shown(value)}")
    return str(value)


def id_texts(name: str, ids: Any, *, of: str = "ids") -> list[str]:
    """Ids as texts.

    Raises:
        RequestError: it is no list, but one text, whose characters would be taken for ids.
    """
    if isinstance(ids, str):
        raise RequestError(f"{name} is a list of {of}, not {shown(ids)}; write [{ids!r}]")
    if not isinstance(ids, Iterable):
        raise RequestError(f"{name} is a list of {of}, not {shown(ids)}")
    return [id_text(f"each of {name}", each) for each in ids]


def wanted_metadata(value: Any) -> Mapping[str, Any]:
    """Metadata that checkpoints have.

    Raises:
        RequestError: it is no mapping of names.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value):
        raise RequestError(f'filter is a dict such as {{"source": "loop"}}, not {shown(value)}')
    return value


def limit(value: Any) -> int | None:
    """How many at most.

    Raises:
        RequestError: it is no whole number.
    """
    if value is not None and type(value) is not int:
        raise RequestError(f"limit is a whole number, not {shown(value)}")
    return value


def task_writes(writes: Any) -> Sequence[tuple[str, Any]]:
    """What a task wrote.

    Raises:
        RequestError: they are no pairs.
    """
    if isinstance(writes, str) or not isinstance(writes, Iterable):
        raise RequestError(f"writes are pairs of a channel and a value, not {shown(writes)}")
    pairs = [*writes]  # LangGraph has a deque of them
    for each in pairs:
        if not (isinstance(each, list | tuple) and len(each) == 2 and isinstance(each[0], str)):
            raise RequestError(f"a write is a pair of a channel and a value, not {shown(each)}")
        _channel("writes", each[0])
    return pairs


def whole_checkpoint(checkpoint: Any, metadata: Any, new_versions: Any) -> None:
    """Check what is saved.

    Raises:
        RequestError: it is no checkpoint of LangGraph's.
    """
    needed = {"id", "channel_values", "channel_versions"}
    if not isinstance(checkpoint, Mapping) or not needed <= checkpoint.keys():
        raise RequestError(f"a checkpoint has {sorted(needed)}; this is {shown(checkpoint)}")
    if not isinstance(checkpoint["id"], str):
        raise RequestError(f"the id of a checkpoint is a text, not {shown(checkpoint['id'])}")
    if not isinstance(metadata, Mapping):
        raise RequestError(f"metadata is a dict, not {shown(metadata)}")
    by_channel = {name: checkpoint[name] for name in ("channel_values", "channel_versions")}
    for name, value in {**by_channel, "new_versions": new_versions}.items():
        if not isinstance(value, Mapping):
            raise RequestError(f"{name} is a dict, not {shown(value)}")
        for channel in value:
            _channel(name, channel)


def counters(name: str, value: Any) -> None:
    """Check what LangGraph notes in metadata of channels that are made of writes.

    Raises:
        RequestError: it is something else.
    """
    if value is not None and not isinstance(value, Mapping):
        raise RequestError(f"metadata[{name!r}] is LangGraph's own dict, not {shown(value)}")


def _channel(of: str, name: Any) -> None:
    """Refuse the name of a channel that cannot be stored."""
    try:
        if isinstance(name, str) and name.encode():
            return
    except UnicodeEncodeError:  # half of a surrogate pair
        pass
    raise RequestError(
        f"{of}: the name of a channel is a text that UTF-8 can write, not {shown(name)}"
    )
