"""Arguments of a call as people read and change them: labels, exact values, and text back into values."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import rfc8785

from approvals.domains import suspicions
from teammates import exact
from teammates.tools.shown import is_secret

LONG_LINES = 14  # from here on a value scrolls in a box of its own, with its size in words
LONG_CHARACTERS = 1400
SHORT_LINE = 72
# Characters that a text field would lose or hide: such a text is edited as JSON, where they are escapes.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class Unreadable(ValueError):
    """The text is not a value of its field; the message says what to write."""


@dataclass(frozen=True)
class Row:
    """One argument on the card."""

    name: str
    label: str
    text: str
    tag: str = ""  # what the look of the value does not tell: an empty text, a text of digits
    secret: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1

    @property
    def is_long(self) -> bool:
        return self.lines > LONG_LINES or len(self.text) > LONG_CHARACTERS


def rows(arguments: dict[str, Any], schema: dict[str, Any]) -> list[Row]:
    """Every argument, in the order in which the tool declares them."""
    return [row(name, arguments[name], schema) for name in in_order(arguments, schema)]


def row(name: str, value: Any, schema: dict[str, Any]) -> Row:
    spec = spec_of(name, schema)
    text = shown(value)
    return Row(
        name=name,
        label=label_of(name, schema),
        text=text,
        tag=tag_of(value),
        secret=is_secret(spec),
        notes=suspicions(text),
    )


def in_order(arguments: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    declared = list(schema.get("properties", {}))
    known = [name for name in declared if name in arguments]
    return known + sorted(name for name in arguments if name not in declared)


def spec_of(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The property's schema, with one `$ref` followed and "or nothing" taken off."""
    spec = dict(schema.get("properties", {}).get(name, {}))
    choices = [resolved(one, schema) for one in spec.get("anyOf", [])]
    kept = [one for one in choices if one.get("type") != "null"]
    if len(kept) == 1:
        spec |= kept[0] | {"nullable": len(kept) < len(choices)}
    return resolved(spec, schema)


def resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = str(spec.get("$ref", "")).rpartition("/")[2]
    return {**schema.get("$defs", {}).get(name, {}), **spec}


def label_of(name: str, schema: dict[str, Any]) -> str:
    """The registry's words; a name that the tool does not declare is shown as it is."""
    spec = schema.get("properties", {}).get(name)
    if spec is None:
        return name
    words = name.replace("_", " ").strip()
    title = str(spec.get("title", ""))
    return title if title and title.casefold() != words.casefold() else words[:1].upper() + words[1:]


def shown(value: Any) -> str:
    """The value as text: a text as it is, everything else as JSON."""
    return value if isinstance(value, str) else pretty(value)


def tag_of(value: Any) -> str:
    if value == "" and isinstance(value, str):
        return "empty text"
    if isinstance(value, str):
        try:
            json.loads(value, parse_int=str)  # of any length
        except (ValueError, RecursionError):
            return ""
        return "text"
    return ""


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def canonical(value: Any) -> str:
    """RFC 8785: the bytes that a decision is bound to."""
    try:
        return rfc8785.dumps(value).decode()
    except rfc8785.CanonicalizationError as error:
        return f"Cannot be written as canonical JSON: {error}"


def loads(text: str) -> Any:
    """Strict JSON: no name twice in an object, no NaN, no Infinity, nothing that could not be kept as it is."""
    try:
        return exact.read(text)
    except ValueError as error:
        raise Unreadable(f"This is not valid JSON: {error}") from error


# --- editing ---


def kind_of(spec: dict[str, Any], value: Any) -> str:
    """Which input edits the value: choice, boolean, number, line, text or json."""
    if all(isinstance(one, str) for one in spec.get("enum", [None])):
        return "choice"
    wanted = spec.get("type")
    if wanted == "string" and (value is None or isinstance(value, str)):
        return kind_of_text(value or "", spec)
    if wanted == "boolean" and (value is None or isinstance(value, bool)):
        return "boolean"
    if wanted in ("integer", "number") and not isinstance(value, (bool, str, list, dict)):
        return "number"
    return "json"


def kind_of_text(value: str, spec: dict[str, Any]) -> str:
    if UNSEEN.search(value):
        return "json"
    longest = spec.get("maxLength") or 0
    return "text" if "\n" in value or len(value) > SHORT_LINE or longest > 4 * SHORT_LINE else "line"


def to_text(value: Any, kind: str) -> str:
    """What stands in the field at first; nothing at all where the call leaves the argument out."""
    if value is None:
        return ""
    if kind == "json":
        return json.dumps(value, indent=2, ensure_ascii=bool(isinstance(value, str) or UNSEEN.search(pretty(value))))
    return shown(value)


def from_text(text: str, kind: str) -> Any:
    """The value that a field's text means; `Unreadable` says what is wrong."""
    if kind in ("choice", "line", "text"):
        return text
    if kind == "boolean":
        return text == "true"
    value = loads(text)
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise Unreadable("Write a number.")
    return value


def normal(text: str) -> str:
    """Browsers send line ends as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
