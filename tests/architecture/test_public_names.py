"""What `import dynastore` offers."""

import inspect

import dynastore
from dynastore import (
    AsyncChanges,
    AsyncResults,
    AsyncScanned,
    AsyncStore,
    AsyncVerified,
    Changes,
    Results,
    Scanned,
    Store,
    Verified,
)

CLASSES = (Store, Results, Scanned, Verified, Changes)
TWINS = (AsyncStore, AsyncResults, AsyncScanned, AsyncVerified, AsyncChanges)


def public(cls: type) -> dict[str, object]:
    return {name: value for name, value in inspect.getmembers(cls) if not name.startswith("_")}


def parameters(method: object) -> list[tuple[str, object, object]]:
    if not callable(method):
        return []
    return [(p.name, p.kind, p.default) for p in inspect.signature(method).parameters.values()]


def test_every_public_name_says_what_it_is():
    silent = [
        name
        for name in dynastore.__all__
        if callable(value := getattr(dynastore, name)) and not inspect.getdoc(value)
    ]
    assert silent == []


def test_every_public_method_says_what_it_does():
    silent = [
        f"{cls.__name__}.{name}"
        for cls in (*CLASSES, *TWINS)
        for name, value in public(cls).items()
        if (callable(value) or isinstance(value, property)) and not inspect.getdoc(value)
    ]
    assert silent == []


def test_async_store_is_store_with_awaited_methods():
    twin_of = {"blocking": "awaited"}
    for blocking, awaited in zip(CLASSES, TWINS, strict=True):
        ours, theirs = public(blocking), public(awaited)
        assert set(ours) == {twin_of.get(name, name) for name in theirs}
        for name in set(ours) & set(theirs):
            assert parameters(ours[name]) == parameters(theirs[name]), name
