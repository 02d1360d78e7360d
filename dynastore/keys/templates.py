"""Key templates: ``USER#{user_id}`` <-> ``USER#ann``.

A template is literal text with named fields. After a field comes ``#`` or the end, and no value
holds a ``#`` (`key_text` escapes it), so the text of a template can be taken apart again: two
different identities never share a key.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from ..errors import ModelError, RequestError, shown
from .text import BUCKETS, NONE, Renderer, bucket_renderer, escape_scope, renderer, unescape

HASH_BYTES = 2048  # a partition key, scope included; DynamoDB quotas
RANGE_BYTES = 1024  # a sort key; DynamoDB quotas

FILLER = "-"  # an index attribute that a pattern does not use; an item without one is not indexed
SCOPES = re.compile(
    "(?:@[^#]*#)*"
)  # at the start of a partition key; names have no '#', texts no '@'
HEADER = "~"  # the sort key of what must come after everything else of its partition
ACROSS = "@*#"  # begins the partition of entries of several scopes; in a scope's name * is escaped
REGISTERED = "@#scope"  # behind the scopes, the partition of a scope's own entry in the registry
REGISTRY = "@#scopes"  # behind ACROSS, the partition of an index that has all entries
CONSUMERS = "@#consumer#"  # begins the partition of a consumer of changes; no scope has no name

Parsed: TypeAlias = Sequence[tuple[str, str | None, str | None, str | None]]


@frozen
class Part:
    """Literal text and the field after it, if any.

    Attributes:
        literal: text before the field.
        name: the field's name, or None at the end of a template.
        width: digits that an integer is padded to, or None.
        optional: whether the field may be None: ``{field?}``.
        bucket: what a point in time is cut to, such as ``month``, or None.
        render: the field's value -> text; known once the template is typed.
    """

    literal: str
    name: str | None
    width: int | None = None
    optional: bool = False
    bucket: str | None = None
    render: Renderer | None = field(default=None, eq=False, repr=False)

    def value_text(self, value: Any) -> str:
        """The text of a value of this part's field.

        Raises:
            RequestError: the value cannot be written into a key.
        """
        if value is None and self.optional:
            return NONE
        assert self.render is not None, "the template is not typed"
        try:
            return self.render(value)
        except (TypeError, ValueError, OverflowError) as error:
            message = f"{self.name} = {shown(value)} cannot be part of a key: {error}"
            raise RequestError(message) from error


@frozen
class KeyTemplate:
    """One key attribute as literal text with named fields.

    ``{field}`` is a field, ``{field:8}`` an integer padded to 8 digits, ``{field?}`` a field that
    may be None, ``{field:month}`` a point in time cut to its month.

    >>> KeyTemplate.parse("USER#{user_id}").typed({"user_id": str}).render({"user_id": "ann"})
    'USER#ann'
    """

    text: str
    parts: tuple[Part, ...] = field(eq=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> KeyTemplate:
        """The template that a text declares.

        Raises:
            ModelError: the text is no template, or its fields could not be told apart.
        """
        if not isinstance(text, str):
            raise ModelError(f"a key template is a text, such as 'USER#{{user_id}}', not {text!r}")
        try:
            parsed = list(string.Formatter().parse(text))
        except ValueError as error:
            raise ModelError(f"key template {text!r}: {error}") from error
        if not parsed:
            raise ModelError("a key template is empty, and DynamoDB has no empty keys")
        return cls(text, tuple(_parts(text, parsed)))

    @classmethod
    def joined(cls, templates: Sequence[KeyTemplate]) -> KeyTemplate:
        """One template of several, with ``#`` between them."""
        first, *others = templates
        parts = list(first.parts)
        for template in others:
            head, *tail = template.parts
            before = parts.pop().literal if parts[-1].name is None else ""
            parts += [evolve(head, literal=f"{before}#{head.literal}"), *tail]
        return cls("#".join(template.text for template in templates), tuple(parts))

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields, in the order they are written."""
        return tuple(part.name for part in self.parts if part.name is not None)

    @property
    def lead(self) -> str:
        """The literal text before the first field; all of the text if there is none."""
        lead = ""
        for part in self.parts:
            lead += part.literal
            if part.name is not None:
                break
        return lead

    def typed(self, types: Mapping[str, Any]) -> KeyTemplate:
        """The template with a renderer for each field.

        Args:
            types: field name -> its annotation.

        Raises:
            ModelError: values of a field cannot be part of a key.
        """
        return KeyTemplate(self.text, tuple(_typed(part, types) for part in self.parts))

    def render(self, values: Mapping[str, Any]) -> str | None:
        """The whole text, or None while a field that is not optional has no value."""
        text = ""
        for part in self.parts:
            text += part.literal
            if part.name is None:
                break
            value = values.get(part.name)
            if value is None and not part.optional:
                return None
            text += part.value_text(value)
        return text

    def prefix(self, values: Mapping[str, Any]) -> tuple[str, Part | None]:
        """The text up to the first field that *values* does not name, and that field.

        The literal before that field is included. The field is None if the text is complete.
        """
        text = ""
        for part in self.parts:
            text += part.literal
            if part.name is None:
                break
            if part.name not in values:
                return text, part
            text += part.value_text(values[part.name])
        return text, None

    def ends_with(self, part: Part) -> bool:
        """Whether nothing follows *part*'s field in the template."""
        return self.parts[-1] is part

    @property
    def segments(self) -> tuple[tuple[str, bool], ...]:
        """Literal text of each piece between ``#``, and whether a field ends the piece."""
        pieces = [("", False)]
        for part in self.parts:
            head, *tail = part.literal.split("#")
            pieces[-1] = (pieces[-1][0] + head, pieces[-1][1])
            pieces += [(text, False) for text in tail]
            if part.name is not None:
                pieces[-1] = (pieces[-1][0], True)
        return tuple(pieces)

    def overlaps(self, other: KeyTemplate) -> bool:
        """Whether some values of the two might give the same text."""
        return len(self.segments) == len(other.segments) and all(
            map(_segments_overlap, self.segments, other.segments)
        )

    def __str__(self) -> str:
        return self.text


def scope_prefix(names: Sequence[str]) -> str:
    """What every partition key of a scope begins with; nothing where there is no scope.

    Args:
        names: the scope and those it is nested in, the outermost first.

    >>> scope_prefix(["tenant 1", "qa"])
    '@tenant$201#@qa#'
    """
    return "".join(f"@{escape_scope(name)}#" for name in names)


def scopes_of(prefix: str) -> tuple[str, ...]:
    """The scopes that a prefix is of, the outermost first: the inverse of `scope_prefix`.

    >>> scopes_of("@tenant$201#@qa#")
    ('tenant 1', 'qa')
    """
    return tuple(unescape(text) for text in re.findall("@([^#]*)#", prefix))


def scopes_in(partition: str) -> tuple[str, ...]:
    """The scopes that a partition key of the table or of an index is in, the outermost first.

    Entries of the registry are in the scope that they register, and those across scopes in the scope
    that all of theirs are in.

    >>> scopes_in("@tenant$201#@qa#USER#ann"), scopes_in("@acme#@#scope"), scopes_in("@acme#@*#DAY#1")
    (('tenant 1', 'qa'), ('acme',), ('acme',))
    """
    texts = re.findall("@([^#]*)#", prefix_of(partition))
    return tuple(map(unescape, takewhile(lambda text: text not in {"", "*"}, texts)))


def nested_prefix(prefix: str) -> str:
    """What partition keys of the scopes inside a scope begin with, and its own never do.

    Args:
        prefix: of the scope, or "" for the whole table.
    """
    return f"{prefix}@"


def prefix_of(partition: str) -> str:
    """The scopes that a whole partition key begins with; nothing where there is none.

    >>> prefix_of("@tenant$201#@qa#USER#ann")
    '@tenant$201#@qa#'
    """
    prefix = SCOPES.match(partition)
    assert prefix is not None, "it matches nothing, too"
    return prefix[0]


def parent_prefix(prefix: str) -> str | None:
    """The prefix of the scope that a scope is in, "" for the table; None where there is no scope.

    >>> parent_prefix("@tenant$201#@qa#")
    '@tenant$201#'
    """
    return prefix[: prefix[:-1].rfind("#") + 1] if prefix else None  # a name may have an @


def partition_text(prefix: str, text: str) -> str:
    """The text of a partition key in a scope.

    A value may begin with ``@`` as a scope does, and is escaped, or it would reach into one. That
    costs no order: partitions have none.

    Args:
        prefix: of the scope, or "".
        text: of the template.

    >>> partition_text("", "@qa#ann")
    '$40qa#ann'
    """
    return prefix + (f"$40{text[1:]}" if text.startswith("@") else text)


def fitting(attribute: str, text: str, limit_bytes: int, fields: Sequence[str] = ()) -> str:
    """The text of a key attribute, if it is not too long.

    Args:
        attribute: its name.
        text: the text.
        limit_bytes: how long it may be, in bytes of UTF-8.
        fields: names of those that it is made of.

    Raises:
        RequestError: it has more than *limit_bytes* bytes in UTF-8, escapes included.
    """
    size = len(text) if text.isascii() else len(text.encode())
    if size > limit_bytes:
        values = f"values of {' and '.join(fields)}" if fields else "values"
        raise RequestError(
            f"{attribute} would be {size:,} bytes; it holds {limit_bytes:,}. Use shorter {values}."
        )
    return text


def _parts(text: str, parsed: Parsed) -> Iterator[Part]:
    after_field = False
    for literal, name, spec, conversion in parsed:
        _check_literal(text, literal, after_field=after_field)
        if name is None:
            yield Part(literal, None)
            continue
        if after_field and not literal:
            raise ModelError(
                f"key template {text!r}: nothing tells {{{name}}} from what is before it; use '#'"
            )
        optional = name.endswith("?")
        plain = name.removesuffix("?")
        if not plain.isidentifier() or conversion:
            raise ModelError(f"key template {text!r}: {{{name}}} is not the name of a field")
        bucket = spec if spec in BUCKETS else None
        yield Part(literal, plain, _width(text, "" if bucket else spec or ""), optional, bucket)
        after_field = True


def _check_literal(text: str, literal: str, *, after_field: bool) -> None:
    if after_field and literal and not literal.startswith("#"):
        raise ModelError(
            f"key template {text!r}: after a field comes '#' or the end, not {literal!r}"
        )
    if wrong := [char for char in literal if char <= "$" and char != "#"]:
        raise ModelError(f"key template {text!r}: {wrong[0]!r} is kept for escapes")


def _width(text: str, spec: str) -> int | None:
    if not spec:
        return None
    if not spec.isdecimal() or not 1 <= int(spec) <= 38:
        raise ModelError(
            f"key template {text!r}: a width is 1 to 38 digits, not {spec!r}; "
            f"a point in time is cut to {', '.join(BUCKETS)}"
        )
    return int(spec)


def _typed(part: Part, types: Mapping[str, Any]) -> Part:
    if part.name is None:
        return part
    try:
        kind = types[part.name]
        render = bucket_renderer(kind, part.bucket) if part.bucket else renderer(kind, part.width)
        return evolve(part, render=render)
    except TypeError as error:
        raise ModelError(f"{part.name} cannot be part of a key: {error}") from error


def _segments_overlap(mine: tuple[str, bool], theirs: tuple[str, bool]) -> bool:
    (my_text, my_field), (their_text, their_field) = mine, theirs
    if my_text == their_text:
        return my_field == their_field  # a value has at least one character
    return (my_field and their_text.startswith(my_text)) or (
        their_field and my_text.startswith(their_text)
    )
