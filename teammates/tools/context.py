"""What a tool is given beside its arguments: ask for it with a first parameter annotated `ToolContext`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol


class ToolError(Exception):
    """Raise it in a tool when the call cannot be done; the message is what the model is told."""


class Files(Protocol):
    """The files of the run; names are flat."""

    def write(self, name: str, content: str) -> int:
        """Store `content` under `name`, replacing what was there; return its size in bytes."""

    def read(self, name: str) -> str:
        """The text of one file of this conversation, the newest first; `ToolError` when there is none."""

    def names(self) -> list[str]:
        """The names that `read` knows, newest first."""


class Memories(Protocol):
    """What this teammate remembers for the person it works for."""

    def add(self, text: str) -> None: ...

    def find(self, words: str) -> list[str]: ...


@dataclass(frozen=True)
class ToolContext:
    """One call's surroundings. `key` is the same for every attempt of the call: pass it to services that take one."""

    key: str
    run_id: int
    files: Files
    memories: Memories
    note: Callable[[str, dict[str, Any]], None]  # appends one event of the closed list, such as "todos"
    session_state: dict[str, Any] = field(default_factory=dict)
    dependencies: dict[str, Any] = field(default_factory=dict)  # what the caller gave for this run
