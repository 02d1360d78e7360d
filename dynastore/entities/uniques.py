"""Unique constraints: values that one entity of a class at most may have.

DynamoDB keeps no index unique but the primary key. So each value that must be unique is the primary
key of a *guard*, an item of ours that is written in the same transaction as the entity that has the
value, and names it::

    {"PK": {"S": "UNIQUE#user#one_email#ann@example.com"}, "SK": {"S": "~"}, "TYPE": {"S": "~unique"},
     "OWNER": {"L": [{"S": "USER#ann"}, {"S": "~"}]}}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ..errors import ModelError
from ..keys.templates import HASH_BYTES, HEADER, KeyTemplate, fitting, partition_text
from ..keys.text import escape

GUARD = "~unique"  # TYPE of guards
OWNER = "OWNER"  # their attribute that holds the primary key of the entity, two texts


@frozen
class Unique:
    """A unique constraint of an entity.

    Attributes:
        fields: those whose values, together, only one entity may have. None in one of them is no
            value: then any number may.
        name: the class attribute it was assigned to.
        template: of the guard's partition key.
    """

    fields: tuple[str, ...]
    name: str = ""
    template: KeyTemplate | None = None

    def named(self, name: str, types: Mapping[str, Any]) -> Unique:
        """The constraint of an entity with these fields.

        Raises:
            ModelError: a field's values cannot be part of a key.
        """
        fields = "#".join(f"{{{field}}}" for field in self.fields)
        template = KeyTemplate.parse(f"UNIQUE#{{TAG}}#{{NAME}}#{fields}")
        return Unique(self.fields, name, template.typed({**types, "TAG": str, "NAME": str}))

    def lead(self, tag: str) -> str:
        """What the partition keys of its guards begin with, behind the scope; see `lead_of`."""
        return f"UNIQUE#{escape(tag)}#{escape(self.name)}#"

    def guard(self, tag: str, values: Mapping[str, Any], prefix: str) -> tuple[str, str] | None:
        """The guard's primary key for the values of an entity; None while one of them is None.

        Args:
            tag: of the entity class.
            values: field -> value.
            prefix: of the scope, or "".

        Raises:
            RequestError: the values are too long for a key.
        """
        assert self.template is not None, "named() has made it"
        text = self.template.render({**values, "TAG": tag, "NAME": self.name})
        if text is None:
            return None
        return fitting("PK", partition_text(prefix, text), HASH_BYTES), HEADER


def lead_of(partition: str) -> str:
    """What the text of a guard's partition key begins with, before the values; values hold no '#'.

    >>> lead_of("UNIQUE#user#one_email#ann@example.com")
    'UNIQUE#user#one_email#'
    """
    return "".join(f"{part}#" for part in partition.split("#", 3)[:3])


def unique(*fields: str) -> Any:
    """Values of these fields, together, that one entity of the class at most may have.

        one_email = unique("email")
        one_name_each = unique("tenant_id", "name")

    Writes that change such a field are transactions, of twice the write units. None is no value:
    any number of entities may have it.

    Raises:
        ModelError: no field is named, or one twice.
    """
    if not fields or len(set(fields)) < len(fields):
        raise ModelError(f"unique() names each field once, and one at least, not {fields}")
    return Unique(fields)
