"""What is different between two texts, in pieces that a template can mark."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Op = Literal["same", "old", "new"]
WORDS = re.compile(r"\s+|\w+(?:[.,:@/'’-]\w+)*|[^\w\s]")
ALIKE = 0.4  # below it two paragraphs are shown as one gone and one new
# Words, and lines; beyond them whole texts are compared, because the time may grow with the cube of their number.
TOO_MANY, TOO_MANY_LINES = 2_000, 1_000


@dataclass(frozen=True)
class Piece:
    op: Op
    text: str


@dataclass(frozen=True)
class Block:
    """A paragraph of a plan, and what happened to it."""

    op: Literal["same", "old", "new", "changed"]
    pieces: list[Piece]

    @property
    def is_heading(self) -> bool:
        return self.pieces[0].text.startswith("#")


def pieces(old: str, new: str) -> list[Piece]:
    """Both texts word by word: what stayed, what went, what came."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    if len(before) + len(after) > TOO_MANY:
        return [Piece("old", old), Piece("new", new)]
    found: list[Piece] = []
    for tag, a, b, c, d in merged(SequenceMatcher(None, before, after).get_opcodes(), before):
        if tag == "equal":
            found.append(Piece("same", "".join(before[a:b])))
            continue
        found += [Piece("old", "".join(before[a:b]))] if b > a else []
        found += [Piece("new", "".join(after[c:d]))] if d > c else []
    return found


Change = tuple[str, int, int, int, int]


def merged(changes: Iterable[Change], before: list[str]) -> list[Change]:
    """Two changes with nothing but blanks between them are read as one."""
    found: list[Change] = []
    for tag, a, b, c, d in changes:
        blank = tag == "equal" and not "".join(before[a:b]).strip()
        if found and found[-1][0] != "equal" and (blank or tag != "equal"):
            found[-1] = ("replace", found[-1][1], b, found[-1][3], d)
        else:
            found.append((tag, a, b, c, d))
    return found


def blocks(old: str, new: str) -> list[Block]:
    """Both texts paragraph by paragraph; a changed one word by word."""
    before, after = lines(old), lines(new)
    if len(before) + len(after) > TOO_MANY_LINES:
        return [Block("old", [Piece("old", old)]), Block("new", [Piece("new", new)])]
    found: list[Block] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            found += [Block("same", [Piece("same", line)]) for line in before[a:b]]
        else:
            found += replaced(before[a:b], after[c:d])
    return found


def replaced(before: list[str], after: list[str]) -> Iterator[Block]:
    """Lines that took the place of others: paired by order where they are alike."""
    for old, new in zip(before, after, strict=False):
        if SequenceMatcher(None, old, new, autojunk=False).quick_ratio() > ALIKE:
            yield Block("changed", pieces(old, new))
        else:
            yield Block("old", [Piece("old", old)])
            yield Block("new", [Piece("new", new)])
    shared = min(len(before), len(after))
    yield from (Block("old", [Piece("old", line)]) for line in before[shared:])
    yield from (Block("new", [Piece("new", line)]) for line in after[shared:])


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]
