"""Objects: what a payload in the bucket is called, and whose it is.

A name tells the scopes, the item, the field and the content::

    scope-acme/scope-qa/{hash of PK}/{hash of SK and field}/{sha256 of the form}-{when written}

So no two items, and no two writes, ever share an object. The sweep needs that: had a writer made an
old object again, under its old name, it might be deleted just then. A write that is sent again after
a failure writes the same object again.

The metadata of an object names the table, the key and the field that it was written for. Names do
not: what is restored from a backup, in a table of another name, finds its objects.

Pure: no I/O, no clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from string import ascii_letters, digits, punctuation
from urllib.parse import quote, unquote

import orjson
from attrs import frozen

from ..requests import Key
from .payloads import Pointer

NAME_BYTES = 1024  # of an object; S3 User Guide, "Naming Amazon S3 objects"
METADATA_BYTES = 2048  # names and values together; S3 User Guide, "Working with object metadata"

# Characters that S3 calls safe, without those that mean something here or in IAM patterns.
_SAFE = frozenset((ascii_letters + digits + "-.").encode())
_PLAIN = punctuation.replace("%", "")  # what metadata hold as it is

_SCOPE = "scope-"  # no hash begins so
_OURS = re.compile(
    rf"(?:{_SCOPE}[A-Za-z0-9_.-]+/)*[0-9a-f]{{64}}/[0-9a-f]{{64}}/[0-9a-f]{{64}}-(\d{{16,}})"
)


@frozen
class Owner:
    """Whom an object was written for.

    Attributes:
        table: name of the table.
        key: of the item.
        field: that holds the pointer.
    """

    table: str
    key: Key
    field: str

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Owner | None:
        """The owner that metadata name; None where they are not ours."""
        try:
            table, pk, sk, field = (unquote(metadata[each]) for each in _METADATA)
        except KeyError:
            return None
        return cls(table, Key(pk, sk), field)

    @property
    def metadata(self) -> dict[str, str]:
        """What an object says of its owner, in ASCII."""
        texts = (self.table, self.key.pk, self.key.sk, self.field)
        return {name: quote(text, _PLAIN) for name, text in zip(_METADATA, texts, strict=True)}

    @property
    def folder(self) -> str:
        """What comes before the content in the names of its objects, without scopes."""
        return f"{_hash(self.key.pk)}/{_hash(self.key.sk, self.field)}/"

    def name(self, pointer: Pointer) -> str:
        """Name of the object that a pointer leads to, without scopes."""
        return f"{self.folder}{pointer.digest.hex()}-{pointer.written:016}"


_METADATA = ("table", "pk", "sk", "field")


def name_prefix(scopes: Sequence[str]) -> str:
    """What the names of a scope's objects begin with.

    >>> name_prefix(["tenant 1", "qa"])
    'scope-tenant_201/scope-qa/'
    """
    return "".join(f"{_SCOPE}{_escaped(name)}/" for name in scopes)


def has_room(name: str, metadata: Mapping[str, str]) -> bool:
    """Whether S3 takes an object of this name with these metadata."""
    said = sum(len(key) + len(value) for key, value in metadata.items())
    return len(name) <= NAME_BYTES and said <= METADATA_BYTES


def written_at(name: str) -> int | None:
    """When an object was written, in microseconds since 1970; None where it is none of ours."""
    ours = _OURS.fullmatch(name)
    return None if ours is None else int(ours[1])


def _hash(*texts: str) -> str:
    return sha256(orjson.dumps(texts)).hexdigest()


def _escaped(name: str) -> str:
    return "".join(chr(code) if code in _SAFE else f"_{code:02x}" for code in name.encode())
