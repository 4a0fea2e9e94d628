"""What goes to a model and what comes back."""

from dataclasses import dataclass, field
from typing import Any

from teammates.tools.registry import Tool


class ModelFailed(Exception):
    """The model gave no usable answer; the message is for the person, `code` for machines."""

    def __init__(self, message: str, code: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Request:
    model: str
    messages: list[dict[str, Any]]
    tools: list[Tool]
    turn: int
    effort: str = ""


@dataclass(frozen=True)
class AskedCall:
    """A call as the model wrote it; its arguments are text that nobody has read yet."""

    id: str
    name: str
    arguments: str
    step: str = ""  # of a workflow: the place that the call stands for
    must_ask: str = ""  # why a person has to decide, whatever the mode says


@dataclass(frozen=True)
class Reply:
    text: str
    thinking: str = ""
    calls: list[AskedCall] = field(default_factory=list)
    finish_reason: str = "stop"
    usage: dict[str, Any] = field(default_factory=dict)
    reached: dict[str, Any] | None = None  # of a workflow: the step that it has come to (`Run.reached`)
