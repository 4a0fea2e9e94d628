"""Reading the arguments that a model wrote: what cannot run ends the call with words for the model."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import rfc8785

from runs.digest import canonical, once
from runs.models import ToolCall
from runs.states import CallState
from teammates.tools.registry import BadArguments, Tool, nul_in


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
        read = json.loads(call.raw_arguments or "{}", object_pairs_hook=once)
        canonical(read)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise NotRun(CallState.FAILED, f"Not run: the arguments are not valid JSON ({error}).") from error
    if not isinstance(read, dict):
        raise NotRun(CallState.FAILED, "Not run: the arguments must be one JSON object.")
    if nul_in(read):
        raise NotRun(CallState.FAILED, "Not run: the arguments hold a NUL character.")
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
