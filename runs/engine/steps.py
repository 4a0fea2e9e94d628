"""How a stretch of work can end: a closed set. A pause is a value, never a thread that waits."""

from dataclasses import dataclass
from typing import Any, Literal

from runs.journal import Happening
from runs.models import Message, ToolCall

# "child" waits for a run below, all others for a person.
WaitKind = Literal["approval", "ask", "plan", "input", "external", "unknown", "attention", "child"]


@dataclass(frozen=True)
class Wait:
    """What only a person, or another run, can give. `call` is None for a plan given as text and for attention."""

    kind: WaitKind
    call: ToolCall | None
    why: str = ""
    text: str = ""


@dataclass(frozen=True)
class Said:
    """What the model said in one turn, as it is written: its row, its line in the journal, what the run gets of it."""

    message: Message
    line: Happening
    of_run: dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """`last`: what was said last and is not written yet, because it goes with the end."""

    output: str
    last: Said | None = None


@dataclass(frozen=True)
class Paused:
    waits: list[Wait]


@dataclass(frozen=True)
class OutOfTurns:
    limit: int


Step = Finished | Paused | OutOfTurns
