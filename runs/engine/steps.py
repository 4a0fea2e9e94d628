"""How a stretch of work can end: a closed set. A pause is a value, never a thread that waits."""

from dataclasses import dataclass
from typing import Literal

from runs.models import ToolCall

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
class Finished:
    output: str


@dataclass(frozen=True)
class Paused:
    waits: list[Wait]


@dataclass(frozen=True)
class OutOfTurns:
    limit: int


Step = Finished | Paused | OutOfTurns
