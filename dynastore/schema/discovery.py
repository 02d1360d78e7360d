"""Finding entities in a package: those for all, and each agent's own, by where they are written.

    app/agents/notes.py            for all: what is directly in the package
    app/agents/shared/people.py    for all: what is in its sub-package ``shared``
    app/agents/common_qa/…         of scope ``common_qa``: what is in any other sub-package

A class belongs to the module that defines it, and not to those that import it.
"""

from __future__ import annotations

import inspect
import logging
import pkgutil
import traceback
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import field, frozen

from ..entities.spec import spec_of
from ..errors import ModelError, RequestError

SHARED = "shared"  # the sub-package whose entities are for all
MAIN = "__main__"  # a module that does something when it is imported

logger = logging.getLogger("dynastore")


@frozen
class Found:
    """The entity classes of a package.

    Attributes:
        shared: those for all, by modules and then as they are written.
        own: scope -> its own, where it has some; sorted by scope.
    """

    shared: list[type[Any]] = field(factory=list)
    own: dict[str, list[type[Any]]] = field(factory=dict)


def found_in(package: str) -> Found:
    """Import all modules of a package, and find the entities that they define; a log line for each.

    Args:
        package: its name, such as ``app.agents``.

    Raises:
        ModelError: a module cannot be imported, a folder of modules is no package, or there is no
            entity in all of it.
    """
    top = _imported(package, package)
    found = Found(shared=_entities(top))
    for module in _inside(top, package):
        name = module.__name__.rpartition(".")[2]
        entities = [cls for each in _all(module, package) for cls in _entities(each)]
        if name == SHARED or not hasattr(module, "__path__"):
            found.shared.extend(entities)
        elif entities:
            found.own[name] = entities
    if not found.shared and not found.own:
        raise ModelError(
            f"{_place(top)}: no entity in package {package}, nor in its modules and sub-packages; a "
            "class becomes one by @entity, in the module that defines it"
        )
    _log(found)
    return found


def place_of(cls: type[Any]) -> str:
    """Where a class is written: ``path/of/module.py:12``."""
    try:
        return f"{inspect.getsourcefile(cls)}:{inspect.getsourcelines(cls)[1]}"
    except (OSError, TypeError):  # it was not written in a file
        return cls.__module__


def _log(found: Found) -> None:
    for cls in found.shared:
        logger.info("%s for all scopes, from %s", spec_of(cls), place_of(cls))
    for scope, classes in found.own.items():
        for cls in classes:
            logger.info("%s of scope %s, from %s", spec_of(cls), scope, place_of(cls))


def _all(module: ModuleType, package: str) -> Iterator[ModuleType]:
    """A sub-package and everything in it."""
    yield module
    for each in _inside(module, package):
        yield from _all(each, package)


def _inside(module: ModuleType, package: str) -> Iterator[ModuleType]:
    """The modules and packages directly in a package, sorted; none in a module.

    Raises:
        ModelError: one cannot be imported, or is no package though it has modules.
    """
    for folder in getattr(module, "__path__", ()):
        _check_packages(Path(folder))
    names = sorted(each.name for each in pkgutil.iter_modules(getattr(module, "__path__", ())))
    for name in names:
        if name != MAIN:
            yield _imported(f"{module.__name__}.{name}", package)


def _check_packages(folder: Path) -> None:
    """A folder without ``__init__.py`` would be passed over without a word."""
    for each in sorted(folder.iterdir()):
        if each.is_dir() and any(each.glob("*.py")) and not (each / "__init__.py").exists():
            raise ModelError(f"{each} has modules and no __init__.py, so it is no package; add one")


def _entities(module: ModuleType) -> list[type[Any]]:
    """The entity classes that a module defines, as they are written."""
    found: list[type[Any]] = []
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == module.__name__ and value not in found:
            with suppress(RequestError):  # it is no entity
                found += [value] if spec_of(value).cls is value else []
    return found


def _imported(name: str, package: str) -> ModuleType:
    try:
        return import_module(name)
    except Exception as error:  # a module may raise whatever it likes, and it is told
        where = _line_of(error, package) or name
        told = f"{type(error).__name__}: {error}"
        raise ModelError(f"{where}: {name} cannot be imported: {told}") from error


def _line_of(error: Exception, package: str) -> str | None:
    """Where in a package an import failed; None if it was not there."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}"
    folder = f"/{package.replace('.', '/')}"
    frames = traceback.extract_tb(error.__traceback__)
    inside = [each for each in frames if folder in Path(each.filename).as_posix()]
    return f"{inside[-1].filename}:{inside[-1].lineno}" if inside else None


def _place(module: ModuleType) -> str:
    return f"{module.__file__ or next(iter(module.__path__))}:1"
