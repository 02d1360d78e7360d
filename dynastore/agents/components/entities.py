"""Components: agents, teams and workflows that are kept as data, in versions that refer to each other.

    CO#a1   U#t1#…3   version 3 of t1 refers to it
    CO#a1   V#…1      what its version 1 is made of
    CO#a1   ~         the component itself, with the list of its versions

The header has what a decision needs: which versions there are and in which stage, which one is
current, whether the component is archived. Its revision is a condition of each write, so that what
was decided by it still holds; who comes to refer to a component writes its header too.
"""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from ...entities.declaring import entity
from ...entities.kept_fields import version
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload

LISTED = ("user_id", "kind", "created_at", "outline")


@frozen(kw_only=True)
class ComponentVersion:
    """One version of a component, without what it is made of.

    Attributes:
        number: counted per component, from 1; never used again.
        stage: such as ``draft`` or ``published``.
        label: what people call it, or None.
        notes: what was said of it, or None.
        created_at: when it was added.
        updated_at: when it was changed last, or None.
    """

    number: int
    stage: str
    label: str | None = None
    notes: str | None = None
    created_at: dt.datetime
    updated_at: dt.datetime | None = None


@frozen(kw_only=True)
class ComponentLink:
    """That a version of a component refers to a version of another one.

    Attributes:
        kind: how, such as ``member``.
        name: what tells it from others of its kind.
        component_id: what it refers to; it need not be stored.
        version: in which version.
        position: its place among the links; they are sorted by it.
        meta: what a framework keeps of it besides, as it serialized it.
        created_at: when it was added.
    """

    kind: str
    name: str
    component_id: str
    version: int
    position: int
    meta: bytes
    created_at: dt.datetime


@frozen(kw_only=True)
class ComponentOutline:
    """What else lists filter and show: an index carries few attributes.

    Attributes:
        component_id: of the component.
        name: what a list shows.
        current_version: number of the version that runs, or None.
        archived_at: since when it is archived, or None.
    """

    component_id: str
    name: str
    current_version: int | None = None
    archived_at: dt.datetime | None = None


@entity("component")
class Component:
    """An agent, team or workflow that is kept as data.

    Attributes:
        component_id: unique in its scope.
        kind: ``agent``, ``team`` or ``workflow``.
        user_id: whose it is, or None for one that is shared.
        created_at: when it was made; lists are sorted by it.
        updated_at: when it was changed last, or None.
        outline: its name, which version is current, and whether it is archived.
        versions: all there ever were, the first one first.
        content: what a framework keeps of it besides, as it serialized it.
        linked_count: how often a version that refers to it was written or went live.
        revision: counts its changes, and these.
    """

    component_id: str
    kind: str
    user_id: str | None = None
    created_at: dt.datetime
    updated_at: dt.datetime | None = None
    outline: ComponentOutline
    versions: list[ComponentVersion] = payload(factory=list)
    content: bytes = payload(default=b"")
    linked_count: int = 0
    revision: int = version()

    primary = key("CO#{component_id}", "~")
    directory = gsi(3, "COMPONENTS", "{created_at}", "{component_id}", include=LISTED)

    @property
    def name(self) -> str:
        """What a list shows."""
        return self.outline.name

    @property
    def current_version(self) -> int | None:
        """Number of the version that runs, or None."""
        return self.outline.current_version

    @property
    def is_archived(self) -> bool:
        """Whether it is archived."""
        return self.outline.archived_at is not None


@entity("component-config")
class ComponentConfig:
    """What one version of a component is made of.

    Attributes:
        component_id: of the component.
        version: number of the version.
        content: what a framework makes the component of, as it serialized it.
        links: to the components that it refers to, sorted by position.
    """

    component_id: str
    version: int
    content: bytes = payload(default=b"")
    links: list[ComponentLink] = payload(factory=list)

    primary = key("CO#{component_id}", "V#{version}")


@entity("component-use")
class ComponentUse:
    """That a version of a component refers to another one. How it does is in its config.

    It is beside the component that is referred to, so that a consistent query tells whether it may go.

    Attributes:
        component_id: what is referred to; it need not be stored itself.
        parent_id: what refers to it.
        parent_version: in which version.
    """

    component_id: str
    parent_id: str
    parent_version: int

    primary = key("CO#{component_id}", "U#{parent_id}#{parent_version}")
