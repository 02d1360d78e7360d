"""Templates as YAML, as a person would write them. Needs PyYAML, which the extra ``cli`` brings."""

from __future__ import annotations

from typing import Any

from ..errors import ModelError

try:
    import yaml
except ImportError as error:
    raise ModelError(
        'YAML needs PyYAML: pip install ".[cli]" in a clone of dynastore; or write JSON, which '
        "CloudFormation takes too"
    ) from error

LINE_CHARACTERS = 110
BREAKS = frozenset("\x85\u2028\u2029")
SHORT = {"Ref": "!Ref", "Fn::GetAtt": "!GetAtt", "Fn::Sub": "!Sub"}
"""Intrinsic function -> the tag that is its short form."""


def yaml_text(made: dict[str, Any]) -> str:
    """The text; keys stay in their order."""
    text: str = yaml.dump(
        made, Dumper=_Dumper, sort_keys=False, width=LINE_CHARACTERS, allow_unicode=True
    )
    return text


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no annotations
    """Writes out what is there twice, and functions in their short form."""

    def ignore_aliases(self, *_: Any) -> bool:
        """CloudFormation knows no anchors."""
        return True

    def increase_indent(self, flow: bool = False, **_: bool) -> None:
        """Lists are indented below their key."""
        super().increase_indent(flow, indentless=False)

    def mapping(self, data: dict[str, Any]) -> yaml.Node:
        """A mapping, or the function that it stands for."""
        if len(data) == 1:
            ((name, value),) = data.items()
            if name in SHORT:
                text = _argument(value)
                return self.represent_scalar(SHORT[name], text, style=_style(text))
        return self.represent_mapping("tag:yaml.org,2002:map", data.items())

    def text(self, data: str) -> yaml.Node:
        """A text, in quotes where it needs them."""
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=_style(data))


def _style(text: str) -> str | None:
    """Double quotes for line breaks that YAML has and JSON has not: only those have them escaped."""
    return '"' if BREAKS & {*text} else None


def _argument(value: Any) -> str:
    return ".".join(value) if isinstance(value, list) else value


_Dumper.add_representer(dict, _Dumper.mapping)
_Dumper.add_representer(str, _Dumper.text)
