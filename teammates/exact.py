"""JSON that means one thing to everybody: to the person who reads it, the tool that gets it and the database."""

import json
import math
from typing import Any

DEPTH = 100  # levels, which every reader and writer of Python and of databases can walk
DIGITS = 400  # of a whole number in a text
WHOLE = 2**53 - 1  # beyond it, JSON does not carry every whole number (RFC 8785)
DEEP = f"It is nested deeper than {DEPTH} levels."


def read(text: str) -> Any:
    """The value of a JSON text. `ValueError` says in a sentence what is wrong, for whoever wrote it."""
    try:
        value = json.loads(
            text, object_pairs_hook=once, parse_constant=no_number, parse_float=finite, parse_int=countable
        )
    except RecursionError:
        raise ValueError(DEEP) from None
    if flaw := flaw_in(value):
        raise ValueError(flaw)
    return value


def clean(text: str) -> str:
    """Text that every database and socket takes: no NUL, no half of a surrogate pair."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def flaw_in(value: Any) -> str:
    """Why it cannot be kept, in a sentence; "" where it can."""
    level = [value]
    for _ in range(DEPTH):
        if any(isinstance(one, str) and one != clean(one) for one in level):
            return "A text holds a NUL or half of a character."
        level = [inner for one in level for inner in parts(one)]
        if not level:
            return ""
    return DEEP


def parts(value: Any) -> list[Any]:
    match value:
        case dict():
            return [*value.keys(), *value.values()]
        case list():
            return value
        case _:
            return []


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For `json.loads`: of two values under one name, one would be shown and the other run. Raises `ValueError`."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} is there twice")
        found[name] = value
    return found


def no_number(word: str) -> None:
    raise ValueError(f"{word} is no number.")


def finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        no_number(word)
    return number


def countable(word: str) -> int:
    if len(word) > DIGITS or abs(int(word)) > WHOLE:
        raise ValueError(f"{word[:20]} is beyond ±{WHOLE}, where numbers are not exact any more. Write it as a text.")
    return int(word)
