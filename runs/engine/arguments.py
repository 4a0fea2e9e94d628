"""Reading the arguments that a model wrote: what cannot run ends the call with words for the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from runs.models import ToolCall
from runs.states import CallState
from teammates import exact
from teammates.tools.registry import BadArguments, Tool


@dataclass(frozen=True)
class NotRun(Exception):
    """The call ends here; `result` is what the model is told."""

    state: CallState
    result: str


def arguments_of(call: ToolCall, tool: Tool) -> dict[str, Any]:
    """The arguments as the tool would get them; `NotRun` tells the model what is wrong with them."""
    if call.arguments is not None:  # a call that is tried again has them already
        return dict(call.arguments)
    try:
        read = exact.read(call.raw_arguments or "{}")
    except ValueError as error:
        raise NotRun(CallState.FAILED, f"Not run: the arguments are not valid JSON ({error})") from error
    if not isinstance(read, dict):
        raise NotRun(CallState.FAILED, "Not run: the arguments must be one JSON object.")
    with fitting():
        tool.check_offered(read)
    return read


def checked(tool: Tool, arguments: Any) -> dict[str, Any]:
    with fitting():
        return tool.check(arguments)


@contextmanager
def fitting() -> Iterator[None]:
    try:
        yield
    except BadArguments as error:
        raise NotRun(CallState.FAILED, f"Not run: the arguments do not fit. {error}") from error
